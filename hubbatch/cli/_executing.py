"""A verb carried out: input opened, run followed, files written, outcome shown."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from itertools import chain
from typing import Any

import typer
from attrs import evolve, frozen

from hubbatch import Client, RecordOutcome, RecordStatus, Run, in_blocks
from hubbatch.cli._account import SettledAccount
from hubbatch.cli._checking_account import prepared
from hubbatch.cli._commands import typed
from hubbatch.cli._connecting import connected, token_of
from hubbatch.cli._exiting import ending_well, screen_of
from hubbatch.cli._faults import CommandError, ExitCode
from hubbatch.cli._following import Ending, follow
from hubbatch.cli._job import Job
from hubbatch.cli._load import Load
from hubbatch.cli._load_description import described, typed_of
from hubbatch.cli._load_files import LoadFiles, opened
from hubbatch.cli._load_journal import LoadJournal, finished, keep_input, opened_journal
from hubbatch.cli._load_sinks import FileNames
from hubbatch.cli._output_properties import known_target
from hubbatch.cli._outputs import set_aside
from hubbatch.cli._reach import Connection
from hubbatch.cli._read_out import ReadOut, reading_out
from hubbatch.cli._repeats import Repeats
from hubbatch.cli._report import show
from hubbatch.cli._run_options import check_run_options, run_options
from hubbatch.cli._screen import Screen
from hubbatch.cli._settings import LoadSettings, Settings
from hubbatch.cli._source import LoadSource
from hubbatch.cli._summary import Report
from hubbatch.cli._threads import call_in_thread
from hubbatch.cli._typed_command import Typed
from hubbatch.files import ReaderGoneError

__all__ = ["execute"]


@frozen
class _LoadCommand:
    """What a command is to do, and with what."""

    job: Job
    settings: Settings
    source: LoadSource
    screen: Screen

    @property
    def what(self) -> str:
        """What it does, in two words."""
        return f"{self.job.verb} {self.job.object_type}"

    def say(self, message: str) -> None:
        """Write a message on standard error."""
        if not self.settings.quiet:
            self.screen.say(message)


def execute(job: Job, settings: Settings) -> None:
    """Carry out a job and exit."""
    screen = screen_of(settings, settings.rejects, _results(settings), _output(job))
    with ending_well(screen):
        _check_journal(settings)
        check_run_options(job, settings)
        token = token_of(settings)
        command = _LoadCommand(job, settings, LoadSource(job.paths, job.layout), screen)
        code = asyncio.run(_execute(command, token))
    raise typer.Exit(code)


def _results(settings: Settings) -> str | None:
    return settings.results if isinstance(settings, LoadSettings) else None


def _output(job: Job) -> str | None:
    return None if job.target is None else job.target.path


def _journal(settings: Settings) -> str | None:
    return settings.journal if isinstance(settings, LoadSettings) else None


def _check_journal(settings: Settings) -> None:
    if _journal(settings) is not None and settings.sandbox:
        raise CommandError(
            "--journal with --sandbox: a sandbox is gone with its process, so nothing can go on there. Rehearse"
            " without --journal, or serve one with `hubbatch sandbox` and name it with --base-url"
        )


async def _execute(command: _LoadCommand, token: str) -> ExitCode:
    job, settings, paths = command.job, command.settings, command.source.paths
    async with opened_journal(_journal(settings), bounded=_is_plain_create(job)) as journal:
        if journal is not None and isinstance(settings, LoadSettings):
            journal.describe(await call_in_thread(described, job, settings, paths, typed()))
            if journal.before.complete:
                return finished(journal, command.screen)
            if "-" in paths:
                command.say(keep_input(journal.path))
        async with connected(job, settings, token) as connection:
            command = await _prepared(command, connection)
            report = await _follow(command, connection.client, journal)
            # Before anything else is waited for: a signal that comes now may break that off, but not this.
            has_begun = journal is not None and journal.contents.description
            path = journal.path if journal is not None and has_begun else None
            show(command.screen, evolve(report, journal=path, typed=_typed(journal)))
    return report.ending.code


def _is_plain_create(job: Job) -> bool:
    """Say whether a job would make a duplicate of what was in doubt, and so leaves it UNKNOWN."""
    return job.verb == "create" and job.options.get("unique_property") is None


async def _prepared(command: _LoadCommand, connection: Connection) -> _LoadCommand:
    """Return a command with what follows from the account's properties."""
    job = await prepared(command.job, command.settings, connection, command.say)
    if job.target is not None:
        return evolve(command, job=await _known_read(job, command, connection))
    if job is command.job:
        return command
    return evolve(
        command, job=job, source=await call_in_thread(LoadSource, job.paths, job.layout, job.header)
    )


async def _known_read(job: Job, command: _LoadCommand, connection: Connection) -> Job:
    """Return a read whose properties are the account's."""
    target = job.target
    if target is None:
        return job
    target = await known_target(target, job.object_type, command.settings, connection, command.say)
    options = {"properties": target.properties, "properties_with_history": target.histories}
    return evolve(job, target=target, options={**job.options, **options})


def _typed(journal: LoadJournal | None) -> Typed | None:
    """Return the command that was typed; instead of `resume` the one that has begun the load."""
    command = typed()
    if journal is None or command is None or command.command != "resume":
        return command
    return typed_of(journal.before.description)


async def _follow(command: _LoadCommand, client: Client, journal: LoadJournal | None) -> Report:
    job, settings, source = command.job, command.settings, command.source
    taken = source.identities | (set() if journal is None else journal.identities)
    names = FileNames(settings.rejects, _results(settings), settings.append, settings.force)
    async with (
        reading_out(job, taken) as output,
        opened(names, taken, journal, command.say) as files,
    ):
        warnings = _warnings(command, files)
        load = Load(files, command.say, settings.max_failures, _account(journal))
        files.failed = load.stop
        blocks = load.blocks(source, journal)
        if output is not None:
            output.failed = load.stop
            blocks = output.order.bounded(blocks)
        async with aclosing(in_blocks(blocks)) as records:
            load.run = _run(command, client, records, journal)
            ending = await follow(
                client,
                load.run,
                command.screen,
                load.note if output is None else partial(_note, load, output),
                fraction=source.fraction,
                what=command.what,
                max_failures=settings.max_failures,
                repeats=Repeats(
                    "id" if job.layout.ids_only else job.layout.key,
                    object_type=job.object_type,
                    by_lines=len(source.identities) == 1,
                ),
                account=load.account,
                aside=load.aside,
                why=lambda: load.why,
            )
        # A file is this run's from its first record on: what an earlier run left in it goes then.
        files.begun = ending.code is ExitCode.OK or load.aside.bad + ending.outcome.counts.total > 0
        files.final = ending.code in {ExitCode.OK, ExitCode.SOME_FAILED}
        files.held = load.aside.held
        if output is not None:
            output.begun = files.begun
    failures = [*files.failures, *([output.failure] if output and output.failure else [])]
    ending = _with_problems(ending, [str(failure) for failure in failures])
    report = _with_files(Report(command.what, ending, warnings=warnings), files, job, output)
    if output is not None and isinstance(output.failure, ReaderGoneError):
        return evolve(report, ending=evolve(ending, code=ExitCode.READER_GONE))
    return report if output is None else evolve(report, ending=output.account_for(ending))


def _warnings(command: _LoadCommand, files: LoadFiles) -> tuple[str, ...]:
    """Say at once, and however quiet a command is, which files hold rows that were moved away; return it."""
    again = not _is_plain_create(command.job)
    found = tuple(
        set_aside(str(each.path), each.aside, again=again)
        for each in (files.rejects, files.results)
        if each.aside
    )
    for warning in found:
        command.screen.say(warning)
    return found


def _with_files(report: Report, files: LoadFiles, job: Job, output: ReadOut | None) -> Report:
    """Add to a report where rows and objects were to go, how many stand there, and how many do not."""
    found = (files.rejects, files.results)
    asides = [each.asides for each in found if _is_plain_create(job)]
    return evolve(
        report,
        proofs=tuple(chain.from_iterable(asides)),
        files={**{each.name: each.path for each in found}, "output": _output(job)},
        rows={
            **{each.name: each.rows for each in found},
            "output": output.file.written if output else 0,
        },
        lost={**{each.name: each.lost for each in found}, "output": output.lost if output else 0},
    )


def _account(journal: LoadJournal | None) -> SettledAccount:
    return SettledAccount() if journal is None else SettledAccount.of(journal.marks)


def _run(command: _LoadCommand, client: Client, records: Any, journal: LoadJournal | None) -> Run:
    job, options = command.job, run_options(command.job, command.settings)
    run: Run = getattr(client, job.verb)(job.object_type, records, **options, journal=journal)
    return run


async def _note(load: Load, output: ReadOut, records: Sequence[RecordOutcome]) -> None:
    """Take records of a read."""
    succeeded = RecordStatus.SUCCEEDED  # looked up once: it takes a call of Python in 3.11
    await load.note([record for record in records if record.status is not succeeded])
    await output.note(*records)


def _with_problems(ending: Ending, problems: list[str]) -> Ending:
    """Add to what ended a run what could not be written."""
    for problem in problems:
        if problem not in ending.message:
            message = f"{ending.message}; {problem}" if ending.message else problem
            by = ending.by or "a file cannot be written"
            ending = evolve(ending, code=ExitCode.STOPPED, by=by, message=message)
    return ending
