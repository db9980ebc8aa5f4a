"""A run followed to its end: shown, tallied, stopped by signals, and ended with an exit code and a reason."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

from attrs import frozen

from hubbatch import (
    BatchStatus,
    Client,
    HubbatchError,
    Outcome,
    Progress,
    RecordOutcome,
    Run,
    UsageError,
)
from hubbatch.cli._faults import CommandError, ExitCode
from hubbatch.cli._interrupts import interrupts
from hubbatch.cli._reasons import Aside, Reasons
from hubbatch.cli._screen import Screen
from hubbatch.cli._watching import watching
from hubbatch.files import InputError, OutputError

__all__ = ["Ending", "follow"]


@frozen
class Ending:
    """How a run ended."""

    code: ExitCode
    message: str
    """Why it ended before its time; empty if it did not."""
    outcome: Outcome
    progress: Progress
    reasons: Reasons
    aside: Aside


async def follow(
    client: Client,
    run: Run,
    screen: Screen,
    each: Callable[[RecordOutcome], Awaitable[None]],
    *,
    fraction: Callable[[], float | None] = lambda: None,
    what: str = "",
    batch_size: int | None = None,
    reasons: Reasons | None = None,
    aside: Aside | None = None,
    why: Callable[[], str] = str,
) -> Ending:
    """Carry out a run and hand each settled record to `each`.

    The first signal stops the run and lets what is in flight settle, the second one cancels it. `reasons` and `aside`
    may have been told of more than the run knows. `why` returns why the command itself has stopped the run.
    """
    reasons = Reasons() if reasons is None else reasons  # an empty one is as good as false
    aside, stops = aside or Aside(), set[asyncio.Task[None]]()

    def stop() -> None:
        screen.say("stopping: what is in flight settles; interrupt again to cancel it")
        stops.add(asyncio.create_task(run.stop()))

    def cancel() -> None:
        screen.say("canceling")
        stops.add(asyncio.create_task(client.aclose()))

    code, message = ExitCode.OK, ""
    with interrupts(
        stop, cancel
    ) as seen:  # to the very end: an impatient second signal is to find us here
        try:
            async with run, watching(run, screen, fraction, what=what, batch_size=batch_size):
                async for record in run:
                    reasons.add(record)
                    await each(record)
        except OutputError as error:
            code, message = ExitCode.STOPPED, str(error)
        except (CommandError, InputError, UsageError) as error:
            code, message = _refused(run), str(error)
        except HubbatchError as error:
            code = ExitCode.STOPPED
            message = "canceled by a signal" if seen.count > 1 else str(error)
        except (
            Exception
        ) as error:  # ours to mend; the user is still to hear what became of the records
            code, message = ExitCode.STOPPED, _fault(error)
        if stops:
            await asyncio.wait(stops)
    if not message and run.outcome.status is BatchStatus.CANCELED:
        code = ExitCode.STOPPED
        message = why() or (
            "stopped by a signal"
            if seen.count
            else "stopped by --max-failures or --deadline before all the input was seen through"
        )
    return _ending(code, message, run, reasons, aside)


def _refused(run: Run) -> ExitCode:
    """Say how a run ends whose call or input turns out to be wrong."""
    return ExitCode.INPUT_BROKE if run.progress.requests else ExitCode.USAGE


def _fault(error: Exception) -> str:
    """Say where an error arose that should not be; its own words may hold what is nobody's business."""
    *_, place = traceback.extract_tb(error.__traceback__)
    return (
        f"this is a fault of hubbatch, please report it: {type(error).__name__}"
        f" in {Path(place.filename).name}, line {place.lineno}"
    )


def _ending(code: ExitCode, message: str, run: Run, reasons: Reasons, aside: Aside) -> Ending:
    outcome = run.outcome
    if code is ExitCode.STOPPED:
        taken = aside.skipped + aside.held + outcome.counts.total
        message += f"; of the input, the first {taken:,} records were taken in"
    if code is ExitCode.OK and (not outcome.ok or aside.bad or aside.held):
        code = ExitCode.SOME_FAILED
    return Ending(code, message, outcome, run.progress, reasons, aside)
