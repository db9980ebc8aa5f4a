"""What happens in a client, as frozen values: what `Client(observers=[…])` calls its observers with.

No event holds a property value, a key or a token, and of what a service says no more than a status and a correlation
id. Times are seconds. Nothing here knows who observes.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from hubbatch._states import Counts
from hubbatch.policies import RateLimit

__all__ = [
    "BatchEvent",
    "BatchSplit",
    "BreakerClosed",
    "BreakerOpened",
    "BreakerProbed",
    "Event",
    "LimitLearned",
    "QuotaHold",
    "RecordsNotTaken",
    "RecordsSettled",
    "RequestAnswered",
    "RequestEvent",
    "RequestSent",
    "RetryScheduled",
    "RunEnded",
    "RunEvent",
    "RunStarted",
    "SourceBlocked",
    "TokenRenewed",
]


@frozen
class Event:
    """Something that has happened."""

    at: float
    """When, by the event loop's clock, which never goes back: only differences mean something."""
    client: str | None
    """The name of the client, if it has one."""


# Runs


@frozen
class RunEvent(Event):
    """Something that has happened in a run."""

    run: int
    """Which run of this process it is: `Run.id`. What is read outside a run, as properties are, has its own number."""
    verb: str
    object_type: str


@frozen
class RunStarted(RunEvent):
    """A run takes records in from now on. It is the first event of a run."""

    total: int | None
    """How many records its source has, where it can tell."""


@frozen
class RunEnded(RunEvent):
    """Every record of a run is in its final state. It is the last event of a run."""

    reason: str
    """What ended it: `"exhausted"` (it has seen all its records), `"stopped"`, `"source"` (that raised), `"callback"`
    (`on_progress` raised), `"service"` (the call, the account, the service or the way there forbade to go on) or
    `"cancelled"`."""
    error: str | None
    """The class of the exception that those who wait for the run get."""
    counts: Counts
    requests: int
    """Requests sent, retries included."""
    retries: int
    seconds: float
    """How long it took."""


@frozen
class RecordsSettled(RunEvent):
    """Records have come to their final state, each once in a run. Named by their positions in the source, from 0."""

    succeeded: Sequence[int] = ()
    failed: Sequence[int] = ()
    unknown: Sequence[int] = ()
    unsent: Sequence[int] = ()

    @property
    def counts(self) -> Counts:
        """How many there are in each state."""
        each = [
            len(positions) for positions in (self.succeeded, self.failed, self.unknown, self.unsent)
        ]
        return Counts(sum(each), *each)


@frozen
class SourceBlocked(RunEvent):
    """Pulling from the source of a run blocks the event loop for much of the time. It comes once in a run."""

    share: float
    """More than this part of the time."""


@frozen
class RecordsNotTaken(RunEvent):
    """Settled records of a run that was entered pile up: nobody iterates over it. It comes once in a run."""

    records: int


# Batches and requests


@frozen
class BatchEvent(RunEvent):
    """Something that has happened to a batch, or to a part of one."""

    batch: int
    """Which batch of the run it is, or is a part of; from 0."""
    inputs: int
    """How many inputs it carries: records, with `duplicates="merge"` at times fewer than these."""


@frozen
class RequestEvent(BatchEvent):
    """Something that has happened to one request."""

    request: int
    """Which request of the run it is; from 1."""
    endpoint: str
    """What it calls: the run's verb, or `"read"` to find something out."""
    purpose: str
    """Why: `"send"`, `"look_up"` (what became of records in doubt) or `"compare"` (which record collides)."""
    attempt: int
    """Which try of its batch it is; from 1."""
    waited: float
    """How long it waited for its turn, the quota, a token and a connection."""


@frozen
class RequestSent(RequestEvent):
    """A request goes out: from now on a byte of it may have left."""


@frozen
class RequestAnswered(RequestEvent):
    """A request that was sent was answered, or will not be. One that is cancelled has no such event."""

    symptom: str
    """What came back, as far as it makes a difference, such as `"answered"`, `"rate_limited"` or `"lost"`."""
    status: int | None
    """The HTTP status; None: no whole answer came."""
    correlation_id: str | None
    """HubSpot's, for its support."""
    taken: float
    """How long the answer took, from when the request went out."""


@frozen
class RetryScheduled(BatchEvent):
    """A batch is to be sent again."""

    attempt: int
    """How many tries it has had; 0: no byte of it has left so far."""
    symptom: str
    """What came of the last one, as in `RequestAnswered`; `"not_sent"`: there was no connection."""
    wait: float
    """How long it waits before."""


@frozen
class BatchSplit(BatchEvent):
    """A batch goes on in parts."""

    why: str
    """`"bisection"` (to find the records that are rejected, or that the service fails on), `"halving"` (it was too
    large), `"conflict"` (to part records that collide with one object), `"duplicates"` (to part those that HubSpot
    takes for one) or `"probe"` (to try a broken service with one record)."""
    parts: int
    whole: bool
    """Whether it was whole before, and not a part of a batch itself."""


# The client


@frozen
class QuotaHold(Event):
    """All requests are held, as the service asked. It comes once for all that requests in flight are asked together.

    Clients that share a `RateLimiter` are held together, and each has the event.
    """

    seconds: float
    """For how long from now on."""
    why: str


@frozen
class LimitLearned(Event):
    """The quota in force is another one: headers or 429s have shown it.

    Clients that share a `RateLimiter` each have the event.
    """

    limit: RateLimit
    before: RateLimit


@frozen
class BreakerOpened(Event):
    """The circuit breaker has opened: the service is held to be broken, and everything waits but for probes."""

    symptom: str
    """What the last answer was, as in `RequestAnswered`."""
    wait: float
    """How long until the first probe may go, half-open."""


@frozen
class BreakerProbed(Event):
    """A probe of the half-open circuit breaker has failed: it is open again."""

    symptom: str
    wait: float
    """How long until the next probe may go."""


@frozen
class BreakerClosed(Event):
    """The service works again: requests go on, few at first."""


@frozen
class TokenRenewed(Event):
    """The token provider has given another token than before."""

    refused: bool
    """Whether the service had refused the one before."""
