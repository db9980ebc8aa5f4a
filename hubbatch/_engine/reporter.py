"""What happens in one run, as events for those who observe its client.

It knows which run it is and what an event of each kind holds; what leads to one is its callers' business.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable

from attrs import define

from hubbatch._batches.batch import Batch, Stage
from hubbatch._batches.transition import Transition
from hubbatch._clock import now
from hubbatch._engine.life import RunEnd
from hubbatch._observers import Observers
from hubbatch._protocol.diagnosis import Diagnosis
from hubbatch._protocol.exchange import CORRELATION_ID, NoReply, Reply
from hubbatch._records.call import Call
from hubbatch.endpoints import Endpoint
from hubbatch.events import (
    BatchSplit,
    RecordsNotTaken,
    RecordsSettled,
    RequestAnswered,
    RequestSent,
    RetryScheduled,
    RunEnded,
    RunStarted,
    SourceBlocked,
)
from hubbatch.models import RecordStatus
from hubbatch.progress import Progress

__all__ = ["RequestReport", "RunReporter", "run_numbers"]

run_numbers = itertools.count(1)
"""Which run, or reading, of this process it is."""

_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
"""What HubSpot's correlation ids are; anything else may be anything."""

_Facts = tuple[int, str, str, int, int, int, str, str, int, float]
"""What `RequestSent` holds beside time and client."""


@define(eq=False)
class RequestReport:
    """Reports one request. `asked_at`: when it asked for its turn; `run`: what events of its run begin with."""

    _observers: Observers
    _run: tuple[int, str, str]
    _batch: Batch
    _endpoint: str
    _asked_at: float
    _sent_at: float | None = None
    _number: int = 0

    def sent(self, number: int) -> None:
        """Report that it goes out, as the request of its run with this number."""
        self._sent_at, self._number = now(), number
        if self._observers.hears(RequestSent):
            self._observers(RequestSent, *self._facts(self._sent_at))

    def answered(self, diagnosis: Diagnosis, reply: Reply | NoReply) -> None:
        """Report what came of it, if it went out."""
        if self._sent_at is None or not self._observers.hears(RequestAnswered):
            return
        self._observers(
            RequestAnswered,
            *self._facts(self._sent_at),
            diagnosis.symptom.name.lower(),
            reply.status if isinstance(reply, Reply) else None,
            _correlation_id(diagnosis, reply) if isinstance(reply, Reply) else None,
            now() - self._sent_at,
        )

    def _facts(self, sent_at: float) -> _Facts:
        batch = self._batch
        tries = batch.attempts if batch.stage is Stage.SEND else batch.tries
        return (
            *self._run,
            batch.number,
            len(batch.inputs),
            self._number,
            self._endpoint,
            batch.stage.name.lower(),
            tries + 1,
            sent_at - self._asked_at,
        )


class RunReporter:
    """Reports one run to the observers of its client."""

    def __init__(self, observers: Observers, run: int, call: Call) -> None:
        self._observers = observers
        self._run = run, call.endpoint.name, call.object_type

    @property
    def hears_settling(self) -> bool:
        """Whether an observer wants to know which records are settled."""
        return self._observers.hears(RecordsSettled)

    def started(self, total: int | None) -> None:
        """Tell that the run has started."""
        self._observers(RunStarted, *self._run, total)

    def ended(self, snapshot: Callable[[], Progress], ending: RunEnd) -> None:
        """Tell that every record is closed. `snapshot` returns how far the run has come."""
        if not self._observers.hears(RunEnded):
            return
        progress = snapshot()
        self._observers(
            RunEnded,
            *self._run,
            ending.reason.name.lower(),
            None if ending.error is None else type(ending.error).__name__,
            progress.counts,
            progress.requests,
            progress.retries,
            progress.elapsed,
        )

    def settled(self, records: Iterable[tuple[RecordStatus, Iterable[int]]]) -> None:
        """Tell of records, by index, that have been closed in a state."""
        by_status: dict[RecordStatus, list[int]] = {status: [] for status in RecordStatus}
        for status, indexes in records:
            by_status[status].extend(indexes)
        if any(by_status.values()):
            self._observers(
                RecordsSettled,
                *self._run,
                succeeded=tuple(by_status[RecordStatus.SUCCEEDED]),
                failed=tuple(by_status[RecordStatus.FAILED]),
                unknown=tuple(by_status[RecordStatus.UNKNOWN]),
                unsent=tuple(by_status[RecordStatus.UNSENT]),
            )

    def request(self, endpoint: Endpoint, batch: Batch, asked_at: float) -> RequestReport:
        """Return what reports a request for a batch; `asked_at`: when it asked for its turn."""
        return RequestReport(self._observers, self._run, batch, endpoint.name, asked_at)

    def goes_on(self, batch: Batch, transition: Transition, why: Diagnosis | None) -> None:
        """Tell how a batch goes on after an answer, or after none."""
        which = batch.number, len(batch.inputs)
        if transition.split is not None:
            reason, parts = transition.split
            self._observers(BatchSplit, *self._run, *which, str(reason), parts, batch.whole)
        if transition.again and why is not None:
            wait = max(0.0, transition.then[0].resumes_at - now())
            symptom = why.symptom.name.lower()
            self._observers(RetryScheduled, *self._run, *which, batch.attempts, symptom, wait)

    def source_blocks(self, share: float) -> None:
        """Tell that pulling from the source blocks the loop for more than a part of the time."""
        self._observers(SourceBlocked, *self._run, share)

    def not_taken(self, records: int) -> None:
        """Report that settled records wait for a reader."""
        self._observers(RecordsNotTaken, *self._run, records)


def _correlation_id(diagnosis: Diagnosis, reply: Reply) -> str | None:
    error = diagnosis.error
    correlation_id = None if error is None else error.correlation_id
    correlation_id = correlation_id or reply.headers.get(CORRELATION_ID)
    return (
        correlation_id if correlation_id is not None and _UUID.fullmatch(correlation_id) else None
    )
