"""What can be done about a record that may have been written: ask again, or look whether it is there.

Pure: it says which doubts can be settled, makes the request that settles them, and reads the answer to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from attrs import field, frozen

from hubbatch._batches.batch import Batch, Stage
from hubbatch._batches.correlation import correlate
from hubbatch._batches.name_strategy import names_of
from hubbatch._batches.problems import is_conflict
from hubbatch._batches.recognition import LookUpResult, Sent, compare_with_found
from hubbatch._protocol.symptoms import Symptom
from hubbatch._records.planning import Input, encode_input
from hubbatch._records.request_body import RequestBody, read_fields
from hubbatch._records.spelling import CONTACTS, Spelling
from hubbatch.endpoints import READ, Doubt, Endpoint
from hubbatch.models import (
    CONFLICT,
    NO_ANSWER,
    OBJECT_NOT_FOUND,
    BatchError,
    BatchResponse,
    ObjectResult,
    RecordStatus,
    Result,
)

__all__ = ["Conclusion", "Doubts", "Finding", "doubt_error", "pause"]

_ALONE = 10
"""So many inputs that an answer left out are asked for one by one; more of them go together."""

_PAUSE, _LONGEST_PAUSE = 1.0, 16.0
"""Seconds before the first look-up and before the last ones, besides the backoff: reading may lag behind writing."""

_LAG = 30.0
"""Seconds by which reading has been seen to lag behind writing."""

_LOOKS = 2
"""Answers that must agree that an object is not there."""


@frozen
class Finding:
    """What was found of one input."""

    presence: LookUpResult
    result: ObjectResult | None = None


@frozen
class Conclusion:
    """What follows from a look-up."""

    created: list[tuple[Input, ObjectResult]] = field(factory=list)
    rejected: list[tuple[Input, BatchError]] = field(factory=list)
    unknown: list[tuple[Input, BatchError]] = field(factory=list)
    """Inputs that stay in doubt, and why."""
    following: list[Batch] = field(factory=list)
    """What has to be looked up, or sent, again."""


class Doubts:
    """Knows how doubts about one run's records are settled.

    `unique_property`: what creates are looked up by. `most_rounds`: how often a batch is tried.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        unique_property: str | None,
        *,
        most_rounds: int,
        spelling: Spelling = CONTACTS,
    ) -> None:
        self._endpoint = endpoint
        self._unique_property = unique_property
        self._most_rounds = most_rounds
        self._spelling = spelling

    def resolvable(self, batch: Batch, item: Input, *, answered: bool) -> bool:
        """Whether a doubt about an input can be settled; `answered`: an answer came, but did not say."""
        match self._endpoint.doubt:
            case Doubt.REPEAT:
                # What got no answer at all has been sent again already, as often as the policy allows.
                return answered and not batch.rounds and self._most_rounds > 1
            case Doubt.LOOK_UP:
                return item.key is not None and batch.rounds < self._most_rounds
            case Doubt.STAYS:
                return False

    def first_step(self, batch: Batch) -> Batch:
        """Return what to do first about a batch that may have been sent by another process.

        Nobody knows how long its request was under way there, so reading is given time to catch up with writing.
        """
        if self._endpoint.doubt is not Doubt.LOOK_UP or batch.first_sent_at is None:
            return batch
        caught_up_at = batch.first_sent_at[0] + _LAG
        return attrs.evolve(batch, stage=Stage.LOOK_UP, rounds=1, resumes_at=caught_up_at)

    def parts(self, batch: Batch, inputs: Sequence[Input]) -> list[Batch]:
        """Return what to do next about inputs whose doubt can be settled."""
        if self._endpoint.doubt is Doubt.LOOK_UP:
            return [batch.part(inputs, stage=Stage.LOOK_UP, rounds=batch.rounds + 1)]
        if len(inputs) <= _ALONE:
            groups: Sequence[Sequence[Input]] = [[item] for item in inputs]
        else:
            groups = [inputs]
        return [batch.part(group, rounds=batch.rounds + 1) for group in groups]

    def body(self, inputs: Sequence[Input]) -> bytes:
        """Return the body of the batch read that looks inputs up, with all that they were to write."""
        names = {name for item in inputs for name in item.properties}
        request_body = RequestBody(read_fields(sorted(names), id_property=self._unique_property))
        return request_body.wrap(self._asked(inputs))

    def conclude(
        self,
        batch: Batch,
        response: BatchResponse,
        sent: Sent | None,
        *,
        symptom: Symptom,
        waited: float,
    ) -> Conclusion:
        """Read the answer to a look-up.

        `sent`: when the batch was first sent, by the service's clock; None: nobody knows. `waited`: at least so many
        seconds ago.
        """
        done = Conclusion()
        absent: list[Input] = []
        uncertain: list[tuple[Input, ObjectResult | None]] = []
        for item, finding in zip(batch.inputs, self.findings(batch, response, sent), strict=True):
            result, rejection = finding.result, batch.rejections.get(item.index)
            if result is not None and finding.presence is LookUpResult.CREATED:
                done.created.append((item, result))
            elif result is not None and finding.presence is LookUpResult.EXISTED:
                done.rejected.append((item, self._existed(result)))
            elif finding.presence is LookUpResult.ABSENT and not _contradicts(rejection):
                absent.append(item)
            else:
                uncertain.append((item, result))
        self._follow_absent(batch, absent, done, waited=waited)
        self._follow_uncertain(batch, uncertain, done, symptom=symptom)
        return done

    def _follow_absent(
        self, batch: Batch, absent: list[Input], done: Conclusion, *, waited: float
    ) -> None:
        """Look once more for what is not there; then send it again, or believe that it was rejected.

        A rejection does not say whether an earlier try has written. What it wrote is seen once reading has caught up.
        """
        if absent and batch.looks < _LOOKS:
            done.following.append(batch.part(absent, history=batch.history))
            return
        rejected = [item for item in absent if item.index in batch.rejections]
        left = [item for item in absent if item.index not in batch.rejections]
        if rejected and waited < _LAG and batch.tries < self._most_rounds:
            done.following.append(batch.part(rejected, history=batch.history))
        elif waited < _LAG:
            why = "it was refused later, and reading may lag behind writing"
            done.unknown.extend((item, doubt_error(why)) for item in rejected)
        else:
            done.rejected.extend((item, batch.rejections[item.index]) for item in rejected)
        if left and batch.rounds < self._most_rounds:
            done.following.append(batch.part(left, stage=Stage.SEND, rejections={}))
        else:
            done.unknown.extend((item, doubt_error("it is not there so far")) for item in left)

    def _follow_uncertain(
        self,
        batch: Batch,
        uncertain: Sequence[tuple[Input, ObjectResult | None]],
        done: Conclusion,
        *,
        symptom: Symptom,
    ) -> None:
        """Look again for inputs about which the answer says nothing: it counts as an unreadable answer."""
        history = dict(batch.history)
        history[symptom] = max(0, history.get(symptom, 0) - 1)
        history[Symptom.UNREADABLE] = history.get(Symptom.UNREADABLE, 0) + 1
        if uncertain and batch.tries < self._most_rounds:
            done.following.append(batch.part([item for item, _ in uncertain], history=history))
        else:
            done.unknown.extend((item, _uncertain_error(result)) for item, result in uncertain)

    def findings(self, batch: Batch, response: BatchResponse, sent: Sent | None) -> list[Finding]:
        """Return what a look-up has found for each input."""
        correlation = correlate(READ, self._asked(batch.inputs), response, self._spelling)
        return [
            self._finding(item, status, result, cause, sent)
            for item, status, result, cause in zip(
                batch.inputs,
                correlation.statuses,
                correlation.results,
                correlation.causes,
                strict=True,
            )
        ]

    def names_any(self, batch: Batch, error: BatchError) -> bool:
        """Whether the answer to a look-up names one of the objects that are not there."""
        names = names_of(READ, self._asked(batch.inputs), self._spelling)
        return bool(names.of_error(error))

    def _finding(
        self,
        item: Input,
        status: RecordStatus,
        result: Result | None,
        cause: BatchError | None,
        sent: Sent | None,
    ) -> Finding:
        if status is RecordStatus.SUCCEEDED and isinstance(result, ObjectResult):
            return Finding(compare_with_found(item, result, sent, self._spelling), result)
        absent = status is RecordStatus.FAILED and cause is not None
        if absent and cause.category == OBJECT_NOT_FOUND:  # type: ignore[union-attr]
            return Finding(LookUpResult.ABSENT)
        return Finding(LookUpResult.UNCERTAIN)

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


def _contradicts(rejection: BatchError | None) -> bool:
    """Whether an error says that the object is there: then it is, whatever a look-up finds so far."""
    return rejection is not None and is_conflict(rejection)


def _uncertain_error(found: ObjectResult | None) -> BatchError:
    if found is None:
        return doubt_error("looking it up does not tell")
    return doubt_error(
        f"an object with its unique value is there (record id {found.id}), and may be another's"
    )


def pause(batch: Batch, backoff: float) -> float:
    """Return the seconds to wait before something is done about a doubt."""
    if batch.stage is Stage.SEND:
        return backoff
    return min(_PAUSE * 2.0**batch.tries, _LONGEST_PAUSE) + backoff


def doubt_error(why: str) -> BatchError:
    """Return the error of a create that stays in doubt."""
    return BatchError(NO_ANSWER, f"whether it was created is unknown: {why}")
