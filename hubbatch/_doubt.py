"""What can be done about a record whose fate is unknown: ask again, or look whether it is there.

Pure: it says which doubts can be settled, makes the request that settles them, and reads the answer to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, auto

from attrs import frozen

from hubbatch._batching import Batch, Step
from hubbatch._codec import Envelope
from hubbatch._correlation import correlate, signature_of
from hubbatch._operations import READ, Operation
from hubbatch._planning import Input, encode_input
from hubbatch.models import BatchResponse, ObjectResult, RecordStatus

__all__ = ["Doubts", "Finding", "Verdict"]

_ALONE = 10
"""So many inputs that an answer left out are asked for one by one; more of them go together."""

_PAUSE = 1.0
"""Seconds before a look-up, besides the backoff: what was sent may still be on its way into the account."""

_LOOKS = 2
"""Answers that must agree that an object is not there."""

_SLACK = timedelta(seconds=1)
"""What the clocks of the service's machines may differ by."""


class Verdict(Enum):
    """What a look-up tells about an input."""

    CREATED = auto()
    """It is there, and it is ours."""
    EXISTED = auto()
    """An object with its unique value was there before it was sent, and refused it."""
    ABSENT = auto()
    UNTOLD = auto()


@frozen
class Finding:
    """What was found of one input."""

    verdict: Verdict
    result: ObjectResult | None = None


class Doubts:
    """Knows how doubts about one run's records are settled.

    `unique_property`: what creates are looked up by. `most_rounds`: how often a batch is tried.
    """

    def __init__(
        self, operation: Operation, unique_property: str | None, *, most_rounds: int
    ) -> None:
        self._operation = operation
        self._unique_property = unique_property
        self._most_rounds = most_rounds

    def resolvable(self, batch: Batch, item: Input, *, answered: bool) -> bool:
        """Whether a doubt about an input can be settled; `answered`: an answer came, but did not tell."""
        if self._operation.idempotent:
            # What got no answer at all has been sent again already, as often as the policy allows.
            return answered and batch.rounds == 0 and self._most_rounds > 1
        return item.key is not None and batch.rounds < self._most_rounds

    def may_send_again(self, batch: Batch) -> bool:
        """Whether creates that are not there may be sent once more."""
        return batch.rounds < self._most_rounds

    def parts(self, batch: Batch, inputs: Sequence[Input]) -> list[Batch]:
        """Return what to do next about inputs whose doubt can be settled."""
        if not self._operation.idempotent:
            return [batch.part(inputs, step=Step.LOOK_UP, rounds=batch.rounds + 1)]
        groups = [[item] for item in inputs] if len(inputs) <= _ALONE else [inputs]
        return [batch.part(group, rounds=batch.rounds + 1) for group in groups]

    @staticmethod
    def pause(looks: int, backoff: float) -> float:
        """Return the seconds to wait before a look-up, after so many others."""
        return _PAUSE * (looks + 1) + backoff

    @staticmethod
    def seen_enough(looks: int) -> bool:
        """Whether so many answers that an object is not there prove it."""
        return looks >= _LOOKS

    def body(self, inputs: Sequence[Input]) -> bytes:
        """Return the body of the batch read that looks inputs up, with all that they were to write."""
        names = {name for item in inputs for name in item.wire["properties"]}
        envelope = Envelope(
            {
                "properties": sorted(names),
                "propertiesWithHistory": [],
                "idProperty": self._unique_property,
            }
        )
        return envelope.wrap(self._asked(inputs))

    def findings(
        self, batch: Batch, response: BatchResponse | None, waited: float
    ) -> list[Finding]:
        """Read the answer to a look-up, which came `waited` seconds after the batch was first sent.

        None: an answer that there is no such object at all.
        """
        if response is None:
            return [Finding(Verdict.ABSENT)] * len(batch.inputs)
        told = correlate(READ, self._asked(batch.inputs), response)
        clock = response.completed_at or response.started_at
        sent_at = None if clock is None else clock - timedelta(seconds=waited) - _SLACK
        return [
            _judge(item, status, result, sent_at)
            for item, status, result in zip(batch.inputs, told.statuses, told.results, strict=True)
        ]

    def _asked(self, inputs: Sequence[Input]) -> list[Input]:
        asked = []
        for item in inputs:
            wire = {"id": item.wire["properties"][self._unique_property]}
            asked.append(Input(item.index, item.record, wire, encode_input(wire), item.key))
        return asked


def _judge(
    item: Input, status: RecordStatus, result: ObjectResult | None, sent_at: datetime | None
) -> Finding:
    """Tell an object that this input has created from one that was there before, and from another's.

    `sent_at`: when it was first sent, or a little earlier, by the service's own clock.
    """
    if status is RecordStatus.FAILED:
        return Finding(Verdict.ABSENT)
    if result is None or status is not RecordStatus.SUCCEEDED:
        return Finding(Verdict.UNTOLD)
    written = item.wire["properties"]
    if signature_of(written.items()) == signature_of(
        (name, result.properties.get(name)) for name in written
    ):
        return Finding(Verdict.CREATED, result)
    if sent_at is None or result.created_at is None:
        return Finding(Verdict.UNTOLD)
    if result.created_at < sent_at:
        return Finding(Verdict.EXISTED, result)
    # Created since, with values that the service has put in a form of its own; unless a record of this run that
    # went before has the same unique value: then it may be that one's object.
    return Finding(Verdict.UNTOLD if item.successor else Verdict.CREATED, result)
