"""A job checked: the account asked, all records read, what was found shown, and nothing sent."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import typer
from attrs import evolve, frozen

from hubbatch import (
    AuthenticationError,
    HubbatchError,
    RateLimit,
    UnknownObjectTypeError,
    UsageError,
)
from hubbatch._counted import counted
from hubbatch.cli._checking_account import Known, known_of, with_known
from hubbatch.cli._checking_report import show_findings
from hubbatch.cli._checking_rows import RowCheck
from hubbatch.cli._connecting import connected, token_of
from hubbatch.cli._exiting import ending_well, run_and_exit, screen_of
from hubbatch.cli._faults import CommandError, ExitCode
from hubbatch.cli._job import Job, Layout
from hubbatch.cli._run_options import check_run_options
from hubbatch.cli._screen import Screen
from hubbatch.cli._settings import Settings
from hubbatch.cli._source import LoadSource
from hubbatch.cli._threads import call_in_thread

__all__ = ["check_job", "write_properties"]

_LINE_PERIOD = 5.0
"""Seconds between lines about how far a check has got."""


@frozen
class _AccountFacts:
    """What the account has said."""

    known: Known
    quota: RateLimit | None = None
    daily_remaining: int | None = None


def check_job(job: Job, settings: Settings) -> None:
    """Check a job and exit: 0 if there is nothing to say, 1 if there is, 2 if the input cannot be right."""
    screen = screen_of(settings)
    with ending_well(screen):
        check_run_options(job, settings)
        LoadSource(
            job.paths, job.layout
        )  # a file that is not there is an error before anything is asked
    run_and_exit(_check(job, settings, screen), screen)


async def _check(job: Job, settings: Settings, screen: Screen) -> ExitCode:
    say = screen.say if not settings.quiet else (lambda _: None)
    account = await _ask(job, settings)
    job = with_known(evolve(job, validate=False), account.known, say)
    if account.known.schema is not None and not job.layout.ids_only:
        job = evolve(job, options={**job.options, "validate": account.known.schema})
    source = await call_in_thread(LoadSource, job.paths, job.layout, job.header)
    check = RowCheck(job, settings, source, say)
    lines = None if settings.quiet else asyncio.create_task(_tell_progress(check, screen))
    try:
        findings = await check.run()
    finally:
        if lines is not None:
            lines.cancel()
            with suppress(asyncio.CancelledError):
                await lines
    notices = tuple(filter(None, [account.known.problem]))
    findings = evolve(
        findings,
        quota=account.quota,
        daily_remaining=account.daily_remaining,
        notices=notices,
    )
    show_findings(screen, findings, quiet=settings.quiet)
    return findings.code


async def _ask(job: Job, settings: Settings) -> _AccountFacts:
    """Ask for the properties and, by the way, for the quota; nobody, if a file has the properties."""
    if not settings.sandbox and (settings.properties is not None or not settings.check):
        return _AccountFacts(await known_of(job.object_type, settings, None), settings.rate)
    token = token_of(settings)
    async with connected(job, settings, token) as connection:
        try:
            known = await known_of(job.object_type, settings, connection)
        except UsageError:
            raise
        except (AuthenticationError, UnknownObjectTypeError) as error:
            raise CommandError(str(error)) from None
        except HubbatchError as error:
            raise CommandError(f"the account cannot be asked for its properties: {error}") from None
        client = connection.client
        quota = settings.rate if settings.sandbox else client.rate_limit
        return _AccountFacts(known, quota, client.daily_remaining)


async def _tell_progress(check: RowCheck, screen: Screen) -> None:
    while True:
        await asyncio.sleep(_LINE_PERIOD)
        fraction = check.source.fraction()
        of_all = "" if fraction is None else f" ({fraction:.0%} of the input)"
        screen.say(f"checked {counted(check.records, 'record')}{of_all}")


def write_properties(object_type: str, settings: Settings) -> None:
    """Write the properties of an object type on standard output, as `--properties` takes them, and exit."""
    run_and_exit(_write_properties(object_type, settings), screen_of(settings, "-"))


async def _write_properties(object_type: str, settings: Settings) -> ExitCode:
    account = await _ask(Job("read", object_type, (), Layout(None)), settings)
    if account.known.schema is None:
        raise CommandError(account.known.problem)
    typer.echo(account.known.schema.to_json())
    return ExitCode.OK
