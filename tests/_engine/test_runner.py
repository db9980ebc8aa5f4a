"""A batch is taken a step further, and nothing that goes on is forgotten when the run breaks."""

from __future__ import annotations

import orjson
import pytest
from support import people, result
from test_sender import Sending

from hubbatch import RecordStatus
from hubbatch._batches.batch import Batch
from hubbatch._engine.ledger import Ledger
from hubbatch._engine.runner import BatchRunner
from hubbatch._engine.sender import Carrier
from hubbatch._engine.settling import Settler
from hubbatch._protocol.exchange import Reply
from hubbatch._records.call import Call
from hubbatch._records.intake import Intake
from hubbatch.endpoints import UPSERT
from hubbatch.policies import Keep
from hubbatch.testing import virtual_time


@virtual_time
async def test_what_goes_on_is_settled_when_a_bug_breaks_the_run() -> None:
    call = Call(UPSERT, "/w", "/r", batch_size=2, id_property="email")
    ledger, intake = Ledger(Keep.ALL), Intake(call)
    for person in people(2):
        intake.take(ledger.take(person), person)
    inputs = intake.compose()
    written = {"id": "7", "objectWriteTraceId": inputs[0].trace_id}
    said = orjson.dumps({"status": "COMPLETE", "results": [written]})
    sending, bugs = Sending(Reply(200, {}, said)), [ZeroDivisionError()]

    def settled() -> None:
        if bugs:
            raise bugs.pop()

    runner = BatchRunner(
        call,
        sending.sender._resources,
        intake.envelope,
        Settler(ledger, intake, None, sending.reporter),
        notes=None,
        compose=lambda _: None,
        settled=settled,
        fail=lambda _: None,
        may_wait=lambda _: True,
        note_sent=ledger.sent,
        reporter=sending.reporter,
    )
    with pytest.raises(ZeroDivisionError):
        await runner.step(Carrier(Batch(inputs)))
    await sending.gate.settle()
    first, second = ledger.outcome().records
    assert first.result == result("7", trace_id=inputs[0].trace_id)
    assert second.status is RecordStatus.UNKNOWN
    assert second.error is not None
    assert second.error.message == "the run broke off: ZeroDivisionError"
    assert runner.requests == 1
