"""A verb carried out: input opened, client or sandbox started, run followed, files written, outcome shown."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import ExitStack, aclosing, asynccontextmanager, contextmanager, suppress
from typing import Any, BinaryIO

import typer
from attrs import evolve, frozen

from hubbatch import Client, RateLimit, RecordOutcome, RecordStatus, Run, UsageError
from hubbatch.cli._faults import CommandError, ExitCode
from hubbatch.cli._following import Ending, follow
from hubbatch.cli._report import show_outcome
from hubbatch.cli._rows import Layout
from hubbatch.cli._screen import Screen
from hubbatch.cli._settings import Settings
from hubbatch.cli._sinks import LineWriter, open_output, reject, result, writing
from hubbatch.cli._source import Source
from hubbatch.sandbox import Sandbox

__all__ = ["Job", "execute", "run_and_exit"]

_TOKEN_VARIABLE = "HUBSPOT_ACCESS_TOKEN"  # noqa: S105 (a variable's name)
_UNLIMITED = RateLimit(1_000_000, 1.0)


@frozen
class Job:
    """What one command is to do."""

    verb: str
    object_type: str
    path: str
    layout: Layout
    options: Mapping[str, Any] = {}
    """The verb's own options."""
    output: str | None = None
    """Where the results of a read go; `-` is standard output."""


@frozen
class _Files:
    """What is open while a job lasts."""

    source: Source
    results: BinaryIO | None
    rejects: BinaryIO | None


@contextmanager
def _expected_errors(screen: Screen) -> Iterator[None]:
    """Turn an expected error into one line and an exit code, never a traceback."""
    try:
        yield
    except (CommandError, UsageError) as error:
        screen.complain(str(error))
        raise typer.Exit(ExitCode.USAGE) from None
    except KeyboardInterrupt:
        screen.complain("broken off")
        raise typer.Exit(ExitCode.STOPPED) from None


def run_and_exit(main: Coroutine[Any, Any, ExitCode], screen: Screen) -> None:
    """Run a command's coroutine and exit with its code."""
    with _expected_errors(screen):
        code = asyncio.run(main)
    raise typer.Exit(code)


def execute(job: Job, settings: Settings) -> None:
    """Carry out a job and exit."""
    screen = Screen(quiet=settings.quiet, results_on_stdout=job.output == "-")
    with _expected_errors(screen), ExitStack() as stack:
        token = _token(settings)
        files = _open_files(job, settings, stack)  # this may wait for the other end of a pipe
        code = asyncio.run(_execute(job, settings, token, files, screen))
    raise typer.Exit(code)


async def _execute(
    job: Job, settings: Settings, token: str, files: _Files, screen: Screen
) -> ExitCode:
    async with _connected(job, settings, token) as client:
        ending = await _follow(job, settings, client, files, screen)
    if not (settings.quiet and ending.code is ExitCode.OK):
        show_outcome(screen.report, ending.outcome, ending.progress, ending.tally)
    if ending.message:
        screen.complain(ending.message)
    return ending.code


def _token(settings: Settings) -> str:
    if settings.sandbox:
        return "sandbox"
    token = os.environ.get(_TOKEN_VARIABLE)
    if not token:
        raise CommandError(
            f"set the environment variable {_TOKEN_VARIABLE} to your access token, or try the command"
            " with --sandbox"
        )
    return token


def _open_files(job: Job, settings: Settings, stack: ExitStack) -> _Files:
    source = stack.enter_context(
        Source(job.path, job.layout, encoding=settings.encoding, form=settings.format)
    )
    taken = {source.identity}
    results: BinaryIO | None = None
    if job.output == "-":
        results = sys.stdout.buffer
    elif job.output is not None:
        results = stack.enter_context(open_output(job.output, taken))
    rejects = None
    if settings.rejects is not None:
        rejects = stack.enter_context(open_output(settings.rejects, taken))
    return _Files(source, results, rejects)


@asynccontextmanager
async def _connected(job: Job, settings: Settings, token: str) -> AsyncIterator[Client]:
    if not settings.sandbox:
        async with Client(
            token,
            base_url=settings.base_url,
            api_version=settings.api_version,
            rate_limit=settings.rate,
        ) as client:
            yield client
        return
    sandbox = Sandbox(rate_limit=settings.rate, latency=0.0)
    for name in (job.options.get("id_property"), job.options.get("unique_property")):
        if name is not None:
            with suppress(UsageError):  # no such object type: the answer will say so
                sandbox.define_property(job.object_type, name, unique=True)
    async with (
        sandbox,
        Client(
            token,
            base_url=sandbox.base_url,
            api_version=settings.api_version,
            rate_limit=settings.rate or _UNLIMITED,
        ) as client,
    ):
        yield client


async def _follow(
    job: Job, settings: Settings, client: Client, files: _Files, screen: Screen
) -> Ending:
    async with (
        aclosing(files.source.records()) as records,
        writing(files.results, job.output or "") as results,
        writing(files.rejects, settings.rejects or "") as rejects,
    ):
        run: Run = getattr(client, job.verb)(
            job.object_type,
            records,
            **job.options,
            keep="none",
            duplicates=settings.duplicates,
            batch_size=settings.batch_size,
            max_failures=settings.max_failures,
            deadline=settings.deadline,
        )
        key = (job.layout.key or "id") if job.layout.ids_only else None

        async def each(record: RecordOutcome) -> None:
            await _note(record, results, rejects, key)

        ending = await follow(client, run, screen, each, fraction=files.source.fraction)
    for writer in (results, rejects):
        if writer is not None and writer.failure is not None and not ending.message:
            ending = evolve(ending, code=ExitCode.STOPPED, message=str(writer.failure))
    return ending


async def _note(
    record: RecordOutcome,
    results: LineWriter | None,
    rejects: LineWriter | None,
    key: str | None,
) -> None:
    if record.status is not RecordStatus.SUCCEEDED:
        if rejects is not None:
            await rejects.write(reject(record, key))
    elif results is not None and record.result is not None:
        await results.write(result(record))
