"""What an answer makes of a batch, as values: records to settle, batches that go on, what stops the run.

Plain frozen data, and the moment and the answer that it is decided from. Nothing here decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum

import attrs
from attrs import frozen

from hubbatch._batches.batch import Batch
from hubbatch._batches.decision import Decision
from hubbatch._protocol.diagnosis import Diagnosis
from hubbatch._records.planning import Input
from hubbatch.errors import HubbatchError
from hubbatch.models import NO_ANSWER, BatchError, BatchResponse, RecordStatus, Result

__all__ = ["Answered", "Moment", "SettledInputs", "Split", "Transition"]


@frozen
class Moment:
    """What has to be known of the run to decide."""

    now: float
    """Seconds by the loop's clock."""
    waited: tuple[float, float]
    """At least and at most so many seconds ago the batch was first sent."""
    chance: Callable[[], float]
    """Random numbers from 0 to 1, for the jitter."""
    any_success: bool
    """Whether a record of the run has succeeded."""
    may_wait: Callable[[float], bool]
    """Whether the run goes on for so many seconds yet."""
    breaker_open: bool
    """Whether the circuit breaker is open."""
    without_success_for: float = 0.0
    """Seconds since the service gave its last good answer; 0 while its last answer was good."""
    longest_wait: float = math.inf
    """The most seconds that the service may ask to wait."""
    today: datetime | None = None
    """The time by the wall's clock, for messages."""


@frozen(eq=False)
class Answered:
    """One answer to a batch."""

    batch: Batch
    diagnosis: Diagnosis
    decision: Decision
    moment: Moment
    before: RecordStatus
    """What the batch's records were before this request."""

    @property
    def error(self) -> BatchError:
        """Why the answer is not an acceptance."""
        return self.diagnosis.error or BatchError(NO_ANSWER, "no answer came")


@frozen(eq=False)
class SettledInputs:
    """Inputs that have come to their end together."""

    inputs: Sequence[Input]
    status: RecordStatus
    attempts: int
    results: Sequence[Result | None] | None = None
    """One for each input; None: there are none."""
    error: BatchError | None = None


class Split(StrEnum):
    """Why a batch goes on in parts."""

    BISECTION = "bisection"
    """To find the records that are rejected, or on which the service fails."""
    HALVING = "halving"
    """It was too large."""
    CONFLICT = "conflict"
    """To part records that collide with one object from the others."""
    DUPLICATES = "duplicates"
    """To part records that HubSpot takes for one."""
    PROBE = "probe"
    """To try a broken service with one record."""


@frozen(eq=False)
class Transition:
    """What follows from an answer."""

    settled: Sequence[SettledInputs] = ()
    errors: Sequence[BatchError] = ()
    """The errors of the settled records, each once, and those that name no record."""
    response: BatchResponse | None = None
    """An answer, for what it says beyond its records."""
    then: Sequence[Batch] = ()
    """Batches that go on, each at its `resumes_at`."""
    again: bool = False
    """Whether the same batch is sent again."""
    hold: float = 0.0
    """Seconds for which every request of the client is held."""
    renews_token: bool = False
    """Whether the token that the request was sent with has expired."""
    stop: HubbatchError | None = None
    """What stops the run."""
    split: tuple[Split, int] | None = None
    """Why the batch goes on in parts, and in how many; not all of them need go now."""

    def and_then(self, *batches: Batch) -> Transition:
        """Return it with more batches that go on."""
        return attrs.evolve(self, then=[*self.then, *batches]) if batches else self

    def joined(self, other: Transition) -> Transition:
        """Return both in one."""
        return Transition(
            [*self.settled, *other.settled],
            [*self.errors, *other.errors],
            self.response or other.response,
            [*self.then, *other.then],
            self.again or other.again,
            max(self.hold, other.hold),
            self.renews_token or other.renews_token,
            self.stop or other.stop,
            self.split or other.split,
        )
