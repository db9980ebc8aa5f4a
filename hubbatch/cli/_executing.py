"""A verb carried out: input opened, run followed, files written, outcome shown."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial
from typing import Any

import typer
from attrs import evolve

from hubbatch import Client, RecordOutcome, RecordStatus, Run
from hubbatch.cli._commands import typed
from hubbatch.cli._connecting import connected, token_of
from hubbatch.cli._exiting import ending_well, screen_of
from hubbatch.cli._faults import ExitCode
from hubbatch.cli._following import Ending, follow
from hubbatch.cli._job import Job
from hubbatch.cli._load import Load
from hubbatch.cli._load_files import opened
from hubbatch.cli._read_out import ReadOut, reading_out
from hubbatch.cli._report import show
from hubbatch.cli._screen import Screen
from hubbatch.cli._settings import LoadSettings, Settings
from hubbatch.cli._source import Source
from hubbatch.cli._summary import Report
from hubbatch.files import ReaderGoneError

__all__ = ["execute"]


def execute(job: Job, settings: Settings) -> None:
    """Carry out a job and exit."""
    screen = screen_of(settings, settings.rejects, _results(settings), _output(job))
    with ending_well(screen):
        token = token_of(settings)
        source = Source(job.paths, job.layout)
        code = asyncio.run(_execute(job, settings, token, source, screen))
    raise typer.Exit(code)


def _results(settings: Settings) -> str | None:
    return settings.results if isinstance(settings, LoadSettings) else None


def _output(job: Job) -> str | None:
    return None if job.target is None else job.target.path


async def _execute(
    job: Job, settings: Settings, token: str, source: Source, screen: Screen
) -> ExitCode:
    async with connected(job, settings, token) as client:
        ending = await _follow(job, settings, client, source, screen)
        # Before anything else is waited for: a signal that comes now may break that off, but not this.
        files = {
            "rejects": settings.rejects,
            "results": _results(settings),
            "output": _output(job),
        }
        show(screen, Report(f"{job.verb} {job.object_type}", ending, files, typed=typed()))
    return ending.code


async def _follow(
    job: Job, settings: Settings, client: Client, source: Source, screen: Screen
) -> Ending:
    taken = set(source.identities)
    say = screen.say if not settings.quiet else (lambda _: None)
    open_files = partial(opened, append=settings.append, force=settings.force)
    async with (
        reading_out(job, taken) as output,
        open_files(settings.rejects, _results(settings), taken) as files,
    ):
        load = Load(files, say, settings.max_failures)
        files.failed = load.stop
        records = source.records(load.aside, load.put_aside)
        if output is not None:
            output.failed = load.stop
            records = output.order.bounded(records)
        async with aclosing(records):
            load.run = _run(job, settings, client, records)
            ending = await follow(
                client,
                load.run,
                screen,
                load.note if output is None else partial(_note, load, output),
                fraction=source.fraction,
                what=f"{job.verb} {job.object_type}",
                batch_size=settings.batch_size,
                max_failures=settings.max_failures,
                key="id" if job.layout.ids_only else job.layout.key,
                reasons=load.reasons,
                aside=load.aside,
                why=lambda: load.why,
            )
        # A file is this run's from its first record on: what an earlier run left in it goes then.
        files.begun = ending.code is ExitCode.OK or load.aside.bad + ending.outcome.counts.total > 0
        if output is not None:
            output.begun = files.begun
    failures = [*files.failures, *([output.failure] if output and output.failure else [])]
    ending = _with_problems(ending, [str(failure) for failure in failures])
    if output is not None and isinstance(output.failure, ReaderGoneError):
        return evolve(ending, code=ExitCode.READER_GONE)
    return ending if output is None else output.account_for(ending)


def _run(job: Job, settings: Settings, client: Client, records: Any) -> Run:
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
    return run


async def _note(load: Load, output: ReadOut, record: RecordOutcome) -> None:
    """Take a record of a read."""
    if record.status is not RecordStatus.SUCCEEDED:
        await load.note(record)
    await output.note(record)


def _with_problems(ending: Ending, problems: list[str]) -> Ending:
    """Add to what ended a run what could not be written."""
    for problem in problems:
        if problem not in ending.message:
            message = f"{ending.message}; {problem}" if ending.message else problem
            by = ending.by or "a file cannot be written"
            ending = evolve(ending, code=ExitCode.STOPPED, by=by, message=message)
    return ending
