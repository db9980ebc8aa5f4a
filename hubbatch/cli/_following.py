"""A run followed to its end: shown, tallied, stopped by signals, and ended with an exit code and a reason."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import attrs
from attrs import frozen

from hubbatch import (
    AuthenticationError,
    BatchStatus,
    Client,
    DailyLimitError,
    HubbatchError,
    Outcome,
    PermissionDeniedError,
    Progress,
    ProtocolError,
    RecordOutcome,
    RecordStatus,
    Run,
    SourceChangedError,
    TransportError,
    UnknownObjectTypeError,
    UsageError,
)
from hubbatch._counted import counted
from hubbatch.cli._account import SettledAccount
from hubbatch.cli._faults import CommandError, ExitCode
from hubbatch.cli._interrupts import Interrupts, interrupts
from hubbatch.cli._option_names import in_options
from hubbatch.cli._reasons import Aside, Reasons
from hubbatch.cli._repeats import Places, Repeats
from hubbatch.cli._screen import Screen
from hubbatch.cli._watching import stopping, watching
from hubbatch.files import InputError, OutputError, Row
from hubbatch.journal import JournalError

__all__ = ["Ending", "follow"]

_STOPPERS: Mapping[type[HubbatchError], str] = {
    AuthenticationError: "the token was refused",
    PermissionDeniedError: "the token lacks a scope",
    UnknownObjectTypeError: "no such object type",
    DailyLimitError: "the daily limit is used up",
    TransportError: "HubSpot cannot be reached",
    ProtocolError: "HubSpot's answers make no sense",
    JournalError: "the journal cannot be written",
}
"""What has ended a run, by the error."""

CHANGED = "the input was changed"
"""What has ended a run whose input is not that of the load's earlier processes."""

_Ended = tuple[ExitCode, str, str]
"""The code of an ending, what ended the run before its time, and why."""


@frozen
class Ending:
    """How a run ended."""

    code: ExitCode
    by: str
    """What ended it before its time, in two or three words: by whom, or where in the input; empty if nothing did."""
    message: str
    """Why it ended before its time; empty if it did not."""
    outcome: Outcome
    progress: Progress
    reasons: Reasons
    aside: Aside
    repeated: Places | None = None
    """Records with the key of an earlier one; None where records have no key."""
    notes: tuple[str, ...] = ()
    """What else is to be said."""
    created: int = 0
    updated: int = 0
    """Records that created an object, and that changed one, where the service says which."""
    first_open: int | None = None
    """Index of the first record that was taken in and is not settled for good; None: there is none."""

    @property
    def input_changed(self) -> bool:
        """Whether the input is not that of the load's earlier processes."""
        return self.by == CHANGED

    @property
    def taken(self) -> int:
        """How many records of the input were taken, those that were skipped included."""
        return self.aside.skipped + self.aside.held + self.outcome.counts.total

    @property
    def read(self) -> int:
        """How much of the input was read: records, bad lines, blank rows."""
        return self.taken + self.aside.bad + self.aside.blank + self.aside.end


class _SettledTally:
    """What is counted of records as they are settled."""

    def __init__(self, repeats: Repeats, account: SettledAccount) -> None:
        self._repeats = repeats
        self.account = account
        self.repeated: Places | None = None
        """Records with the key of an earlier one, once they are known."""
        self.first_open: int | None = None

    def note(self, records: Sequence[RecordOutcome]) -> None:
        """Count some records."""
        succeeded = RecordStatus.SUCCEEDED  # looked up once: it takes a call of Python in 3.11
        left = [each.index for each in records if each.status is not succeeded and each.retryable]
        if left:
            self.first_open = min([*left, *([] if self.first_open is None else [self.first_open])])
        for record in records:
            self._repeats.note(record.input)
        self.account.add(records)


async def follow(
    client: Client,
    run: Run,
    screen: Screen,
    each: Callable[[Sequence[RecordOutcome]], Awaitable[None]],
    *,
    fraction: Callable[[], float | None] = lambda: None,
    what: str = "",
    max_failures: int | None = None,
    repeats: Repeats | None = None,
    account: SettledAccount | None = None,
    aside: Aside | None = None,
    why: Callable[[], str] = str,
) -> Ending:
    """Carry out a run and hand settled records to `each`, all that are there at a time.

    The first signal stops the run and lets what is in flight settle, the second one cancels it. `account` and `aside`
    may hold more than the run knows. `why` returns why the command itself has stopped the run.
    """
    account, aside = account or SettledAccount(), aside or Aside()
    repeats = repeats or Repeats(None)
    stops = set[asyncio.Task[None]]()

    def stop() -> None:
        screen.say(stopping(seen.first, run.progress))
        stops.add(asyncio.create_task(run.stop()))

    def cancel() -> None:
        screen.say("canceling: what is in flight is left in doubt")
        stops.add(asyncio.create_task(client.aclose()))

    ended: _Ended = (ExitCode.OK, "", "")
    # To the very end: a second signal may come at any time.
    with repeats, interrupts(stop, cancel) as seen:
        tally = _SettledTally(repeats, account)
        try:
            async with run, watching(run, screen, fraction, what=what):
                async for records in run.chunks():
                    tally.note(records)
                    await each(records)
        except Exception as error:  # whatever it is, the report says what became of the records
            ended = _broken(error, run, seen)
        if stops:
            await asyncio.wait(stops)
        tally.repeated = repeats.found
    *_, message = ended
    if not message and run.outcome.status is BatchStatus.CANCELED:
        ended = (ExitCode.STOPPED, *_stopped(run, seen, why(), max_failures))
    return _ending(ended, run, aside, tally)


def _broken(error: Exception, run: Run, seen: Interrupts) -> _Ended:
    """Say what an exception makes of a run: code, what ended it, and why."""
    sent = run.progress.requests or run.outcome.earlier.total
    refused = ExitCode.INPUT_BROKE if sent else ExitCode.USAGE
    match error:
        case SourceChangedError():
            code = ExitCode.INPUT_BROKE if run.progress.requests else ExitCode.USAGE
            return code, CHANGED, _changed(error, run)
        case OutputError():
            return ExitCode.STOPPED, "a file cannot be written", in_options(str(error))
        case InputError():
            return (
                refused,
                error.file if error.line is None else f"{error.file}, line {error.line}",
                in_options(str(error)),
            )
        case CommandError() | UsageError():
            return refused, "", in_options(str(error))
        case HubbatchError() if seen.count > 1:
            return ExitCode.STOPPED, f"by {seen.first}", "canceled by a signal"
        case HubbatchError():
            kind = next((words for kind, words in _STOPPERS.items() if isinstance(error, kind)), "")
            return ExitCode.STOPPED, kind, in_options(str(error))
    return ExitCode.STOPPED, "by a fault of hubbatch", _fault(error)


def _changed(error: SourceChangedError, run: Run) -> str:
    """Say that a load cannot go on with another input, and where that differs."""
    row = error.record
    where = f"{row.file}, line {row.line}: " if isinstance(row, Row) else ""
    sent = (
        "only what comes before, and is the same, was sent by this process, and the journal has noted it"
        if run.progress.requests
        else "nothing was sent by this process, and the journal is as it was"
    )
    return (
        f"{where}{'the record here is another one than before' if where else in_options(str(error))}: the input was"
        f" changed since the load began; {sent}"
    )


def _stopped(run: Run, seen: Interrupts, why: str, max_failures: int | None) -> tuple[str, str]:
    """Say what has stopped a run, in a few words and in more."""
    if why:
        return "by --max-failures" if "--max-failures" in why else "a file cannot be written", why
    if seen.count:
        return f"by {seen.first}", "stopped by a signal"
    enough = max_failures is not None and run.progress.counts.failed >= max_failures
    option = "--max-failures" if enough else "--deadline"
    return f"by {option}", f"stopped by {option} before all the input was seen through"


def _fault(error: Exception) -> str:
    """Say where an error arose that should not be; its own words may hold values or tokens."""
    *_, place = traceback.extract_tb(error.__traceback__)
    return (
        f"this is a fault of hubbatch, please report it: {type(error).__name__}"
        f" in {Path(place.filename).name}, line {place.lineno}"
    )


def _ending(ended: _Ended, run: Run, aside: Aside, tally: _SettledTally) -> Ending:
    """Say how far a run has come that was stopped, and that some records failed if that is all there is to say."""
    ending = Ending(
        *ended,
        run.outcome,
        run.progress,
        tally.account.reasons,
        aside,
        repeated=tally.repeated,
        created=tally.account.created,
        updated=tally.account.updated,
        first_open=tally.first_open,
    )
    if ending.code is ExitCode.STOPPED:
        were = "was" if ending.taken == 1 else "were"
        taken = f"; of the input, the first {counted(ending.taken, 'record')} {were} taken in"
        return attrs.evolve(ending, message=ending.message + taken)
    if ending.code is ExitCode.OK and (not ending.outcome.ok or aside.bad or aside.held):
        return attrs.evolve(ending, code=ExitCode.SOME_FAILED)
    return ending
