"""What can be done about a record whose fate is unknown: ask again, or look whether it is there.

Pure: it says which doubts can be settled, makes the request that settles them, and reads the answer to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from attrs import field, frozen

from hubbatch._batching import Batch, Step
from hubbatch._codec import Envelope, read_fields
from hubbatch._correlation import correlate
from hubbatch._diagnosis import Symptom
from hubbatch._operations import READ, Operation
from hubbatch._planning import Input, encode_input
from hubbatch._recognition import Verdict, judge
from hubbatch.models import (
    CONFLICT,
    NO_ANSWER,
    OBJECT_NOT_FOUND,
    BatchError,
    BatchResponse,
    ObjectResult,
    RecordStatus,
)

__all__ = ["Conclusion", "Doubts", "Finding", "doubt_error", "pause"]

_ALONE = 10
"""So many inputs that an answer left out are asked for one by one; more of them go together."""

_PAUSE = 1.0
"""Seconds before a look-up, besides the backoff: what was sent may still be on its way into the account."""

_LOOKS = 2
"""Answers that must agree that an object is not there."""


@frozen
class Finding:
    """What was found of one input."""

    verdict: Verdict
    result: ObjectResult | None = None


@frozen
class Conclusion:
    """What follows from a look-up."""

    created: list[tuple[Input, ObjectResult]] = field(factory=list)
    refused: list[tuple[Input, BatchError]] = field(factory=list)
    unknown: list[tuple[Input, BatchError]] = field(factory=list)
    """Inputs that stay in doubt, and why."""
    following: list[Batch] = field(factory=list)
    """What has to be looked up, or sent, again."""


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

    def parts(self, batch: Batch, inputs: Sequence[Input]) -> list[Batch]:
        """Return what to do next about inputs whose doubt can be settled."""
        if not self._operation.idempotent:
            return [batch.part(inputs, step=Step.LOOK_UP, rounds=batch.rounds + 1)]
        groups = [[item] for item in inputs] if len(inputs) <= _ALONE else [inputs]
        return [batch.part(group, rounds=batch.rounds + 1) for group in groups]

    def body(self, inputs: Sequence[Input]) -> bytes:
        """Return the body of the batch read that looks inputs up, with all that they were to write."""
        names = {name for item in inputs for name in item.properties}
        envelope = Envelope(read_fields(sorted(names), id_property=self._unique_property))
        return envelope.wrap(self._asked(inputs))

    def conclude(self, batch: Batch, response: BatchResponse | None, waited: float) -> Conclusion:
        """Read the answer to a look-up, which came `waited` seconds after the batch was first sent.

        None: an answer that there is no such object at all.
        """
        done = Conclusion()
        absent: list[Input] = []
        untold: list[Input] = []
        for item, finding in zip(batch.inputs, self.findings(batch, response, waited), strict=True):
            result, refusal = finding.result, batch.refused.get(item.index)
            if result is not None and finding.verdict is Verdict.CREATED:
                done.created.append((item, result))
            elif result is not None and finding.verdict is Verdict.EXISTED:
                done.refused.append((item, self._existed(result)))
            elif finding.verdict is Verdict.ABSENT and not _contradicts(refusal):
                absent.append(item)
            else:
                untold.append(item)
        self._follow_absent(batch, absent, done)
        self._follow_untold(batch, untold, done, symptom=_symptom(response))
        return done

    def _follow_absent(self, batch: Batch, absent: list[Input], done: Conclusion) -> None:
        """Look once more for what is not there; then believe it."""
        if absent and _looks(batch) < _LOOKS:
            done.following.append(batch.part(absent, history=batch.history.copy()))
            return
        done.refused.extend(
            (item, batch.refused[item.index]) for item in absent if item.index in batch.refused
        )
        left = [item for item in absent if item.index not in batch.refused]
        if left and batch.rounds < self._most_rounds:
            done.following.append(batch.part(left, step=Step.SEND, refused={}))
        else:
            done.unknown.extend((item, doubt_error("it is not there so far")) for item in left)

    def _follow_untold(
        self, batch: Batch, untold: list[Input], done: Conclusion, *, symptom: Symptom
    ) -> None:
        """Look again for what an answer does not tell of, which is as good as one that cannot be read."""
        history = batch.history.copy()
        history[symptom] -= 1
        history[Symptom.UNREADABLE] += 1
        if untold and history.total() < self._most_rounds:
            done.following.append(batch.part(untold, history=history))
        else:
            why = doubt_error("looking it up does not tell")
            done.unknown.extend((item, why) for item in untold)

    def findings(
        self, batch: Batch, response: BatchResponse | None, waited: float
    ) -> list[Finding]:
        """Tell what a look-up has found of each input."""
        if response is None:
            return [Finding(Verdict.ABSENT)] * len(batch.inputs)
        told = correlate(READ, self._asked(batch.inputs), response)
        clock = response.completed_at or response.started_at
        sent_at = None if clock is None else clock - timedelta(seconds=waited)
        return [
            _finding(item, status, result, cause, sent_at)
            for item, status, result, cause in zip(
                batch.inputs, told.statuses, told.results, told.causes, strict=True
            )
        ]

    def _existed(self, found: ObjectResult) -> BatchError:
        return BatchError(
            CONFLICT,
            f"an object with this {self._unique_property!r} existed before: its record id is"
            f" {found.id}",
        )

    def _asked(self, inputs: Sequence[Input]) -> list[Input]:
        asked = []
        for item in inputs:
            wire = {"id": item.properties[self._unique_property or ""]}
            asked.append(Input(item.index, item.record, encode_input(wire), item.key))
        return asked


def _finding(
    item: Input,
    status: RecordStatus,
    result: ObjectResult | None,
    cause: BatchError | None,
    sent_at: datetime | None,
) -> Finding:
    if status is RecordStatus.SUCCEEDED and result is not None:
        return Finding(judge(item, result, sent_at), result)
    absent = status is RecordStatus.FAILED and cause is not None
    if absent and cause.category == OBJECT_NOT_FOUND:  # type: ignore[union-attr]
        return Finding(Verdict.ABSENT)
    return Finding(Verdict.UNTOLD)


def _contradicts(refusal: BatchError | None) -> bool:
    """Whether a refusal says that the object is there: then it is, whatever a look-up finds so far."""
    return refusal is not None and refusal.category == CONFLICT


def _symptom(response: BatchResponse | None) -> Symptom:
    return Symptom.NOTHING_FOUND if response is None else Symptom.ANSWERED


def _looks(batch: Batch) -> int:
    """Return how many look-ups of a batch have told something."""
    return batch.history[Symptom.ANSWERED] + batch.history[Symptom.NOTHING_FOUND]


def pause(batch: Batch, backoff: float) -> float:
    """Return the seconds to wait before something is done about a doubt."""
    if batch.step is Step.SEND:
        return backoff
    return _PAUSE * (batch.history.total() + 1) + backoff


def doubt_error(why: str) -> BatchError:
    """Return the error of a create that stays in doubt."""
    return BatchError(NO_ANSWER, f"whether it was created is unknown: {why}")
