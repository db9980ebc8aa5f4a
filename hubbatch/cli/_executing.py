"""A verb carried out: input opened, run followed, files written, outcome shown."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import ExitStack, aclosing, contextmanager
from typing import Any, BinaryIO

import typer
from attrs import evolve

from hubbatch import Client, RecordOutcome, RecordStatus, Run, UsageError
from hubbatch.cli._connecting import connected, token_of
from hubbatch.cli._faults import CommandError, ExitCode
from hubbatch.cli._following import Ending, follow
from hubbatch.cli._job import Job
from hubbatch.cli._outputs import (
    Identity,
    ReplacedFile,
    is_standard_output,
    open_output,
    standard_output,
)
from hubbatch.cli._report import show_outcome
from hubbatch.cli._screen import Screen
from hubbatch.cli._settings import Settings
from hubbatch.cli._sinks import LineWriter, reject, result, writing
from hubbatch.cli._source import Source
from hubbatch.cli._threads import call_in_thread
from hubbatch.files import InputError, OutputError

__all__ = ["execute", "run_and_exit"]


@contextmanager
def _expected_errors(screen: Screen) -> Iterator[None]:
    """Turn an expected error into one line and an exit code, never a traceback."""
    try:
        yield
    except (CommandError, InputError, OutputError, UsageError) as error:
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
    on_stdout = is_standard_output(job.output) or is_standard_output(settings.rejects)
    screen = Screen(quiet=settings.quiet, results_on_stdout=on_stdout)
    with _expected_errors(screen):
        token = token_of(settings)
        say = screen.say if not settings.quiet else (lambda _: None)
        source = Source(job.paths, job.layout, say)
        code = asyncio.run(_execute(job, settings, token, source, screen))
    raise typer.Exit(code)


async def _execute(
    job: Job, settings: Settings, token: str, source: Source, screen: Screen
) -> ExitCode:
    async with connected(job, settings, token) as client:
        ending = await _follow(job, settings, client, source, screen)
        # Before anything else is waited for: a signal that comes now may break that off, but not this.
        _show(ending, settings, screen)
    return ending.code


def _show(ending: Ending, settings: Settings, screen: Screen) -> None:
    if not (settings.quiet and ending.code is ExitCode.OK):
        show_outcome(screen.report, ending.outcome, ending.progress, ending.reasons)
        if screen.report_failure is not None:
            screen.complain(f"cannot write the outcome: {screen.report_failure.strerror}")
    if ending.message:
        screen.complain(ending.message)


async def _follow(
    job: Job, settings: Settings, client: Client, source: Source, screen: Screen
) -> Ending:
    async with aclosing(source.records()) as records:
        with ExitStack() as stack:
            taken = set(source.identities)
            paths = (job.output, settings.rejects)
            files = [await _open_output(path, taken, stack) for path in paths]
            run: Run = getattr(client, job.verb)(
                job.object_type,
                records,
                **job.options,
                keep="none",
                duplicates=settings.duplicates,
                batch_size=settings.batch_size,
                linger=settings.linger,
                max_failures=settings.max_failures,
                deadline=settings.deadline,
            )
            async with (
                writing(files[0], job.output or "") as results,
                writing(files[1], settings.rejects or "") as rejects,
            ):
                key = (job.layout.key or "id") if job.layout.ids_only else None

                async def each(record: RecordOutcome) -> None:
                    await _note(record, results, rejects, key)

                ending = await follow(client, run, screen, each, fraction=source.fraction)
            problems = [writer.failure for writer in (results, rejects) if writer is not None]
            problems += _close(zip(files, paths, strict=True), ending)
    for problem in map(str, filter(None, problems)):
        if problem not in ending.message:
            message = f"{ending.message}; {problem}" if ending.message else problem
            ending = evolve(ending, code=ExitCode.STOPPED, message=message)
    return ending


async def _open_output(path: str | None, taken: set[Identity], stack: ExitStack) -> BinaryIO | None:
    if path is None:
        return None
    if path == "-":
        return standard_output()
    # It may wait for the other end of a pipe.
    return stack.enter_context(await call_in_thread(open_output, path, taken))


def _close(
    files: Iterable[tuple[BinaryIO | None, str | None]], ending: Ending
) -> list[OutputError]:
    """Close what was written; return what went wrong.

    A file is this run's from its first record on: what an earlier run left in it goes, even if nothing takes its place.
    """
    begun = ending.code is ExitCode.OK or ending.outcome.counts.total > 0
    problems = []
    for file, path in files:
        try:
            if begun and isinstance(file, ReplacedFile):
                file.replace()
            if file is not None and path != "-":
                file.close()
        except OSError as error:
            problems.append(OutputError(f"cannot write {path}: {error.strerror}"))
    return problems


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
