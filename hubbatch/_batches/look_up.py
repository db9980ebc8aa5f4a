"""What becomes of creates in doubt that are looked up: found and succeeded, rejected, sent again, or in doubt for good.

Pure. `doubt` makes the request of a look-up and reads what its answer says of each input.
"""

from __future__ import annotations

import attrs
from attrs import frozen

from hubbatch._batches.correlation import indexes_of
from hubbatch._batches.doubt import doubt_error
from hubbatch._batches.problems import is_systemic
from hubbatch._batches.recognition import sent_before
from hubbatch._batches.settlement import Settlement
from hubbatch._batches.transition import Answered, SettledInputs, Transition
from hubbatch._protocol.symptoms import Symptom
from hubbatch.models import BatchError, BatchResponse, RecordStatus

__all__ = ["LookUp"]


@frozen(eq=False)
class LookUp:
    """Concludes the look-ups of one run."""

    settlement: Settlement

    def conclude(self, answered: Answered) -> Transition:
        """Settle what a look-up shows; look up, or send, the rest again."""
        batch, diagnosis = answered.batch, answered.diagnosis
        response = diagnosis.response
        if response is None:  # an answer that objects are not there
            response = BatchResponse(errors=[answered.error])
        waited = answered.moment.waited
        done = self.settlement.doubts.conclude(
            batch,
            response,
            sent_before(diagnosis.clock, *waited),
            symptom=diagnosis.symptom,
            waited=waited[0],
        )
        settled = [
            SettledInputs([item], RecordStatus.SUCCEEDED, batch.attempts, [result])
            for item, result in done.created
        ]
        errors: list[BatchError] = []
        for status, found in (
            (RecordStatus.FAILED, done.rejected),
            (RecordStatus.UNKNOWN, done.unknown),
        ):
            for item, error in found:
                named = attrs.evolve(error, indexes=indexes_of([item]))
                errors.append(named)
                settled.append(SettledInputs([item], status, batch.attempts, error=named))
        then = self.settlement.after_pause(done.following, answered.moment)
        return Transition(settled, errors, then=then)

    def rejected(self, answered: Answered) -> Transition:
        """Look up in two parts what cannot be looked up together, unless no splitting helps."""
        batch, error = answered.batch, answered.error
        absent = answered.diagnosis.symptom is Symptom.NOTHING_FOUND
        if absent and (len(batch.inputs) == 1 or self.settlement.doubts.names_any(batch, error)):
            return self.conclude(answered)
        if len(batch.inputs) > 1 and not is_systemic(error):
            return Transition(then=batch.halves())
        return self.failed(answered)

    def failed(self, answered: Answered) -> Transition:
        """Leave in doubt what cannot be looked up."""
        error = answered.error
        why = doubt_error(f"looking it up failed: {error.category}: {error.message}")
        done = self.settlement.as_known(answered.batch, why)
        # That the token may not read is no reason to write no more.
        forbidden = answered.diagnosis.symptom is Symptom.FORBIDDEN
        return attrs.evolve(done, stop=None if forbidden else answered.decision.exception)
