"""How many records a run takes in: what can be sent at once, two batches more, and what pauses in nobody's way."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from support import people
from test_sender import GOOD, Sending

from hubbatch._batches.batch import Batch
from hubbatch._engine.engine import Engine
from hubbatch._engine.life import Life
from hubbatch._engine.sender import Carrier
from hubbatch._records.call import Call
from hubbatch.endpoints import UPSERT
from hubbatch.policies import Keep
from hubbatch.testing import virtual_time


def engine_of(sending: Sending, backlog: int = 0) -> Engine:
    call = Call(UPSERT, "/w", "/r", batch_size=10, id_property="email")
    life = Life()
    life.begin()
    resources = sending.sender._resources
    return Engine(
        call, [], resources, life, sending.reporter, keep=Keep.ALL, backlog=lambda: backlog
    )


def carry(engine: Engine, *numbers: int) -> None:
    """Have batches of these numbers under way."""
    engine._carriers._carriers = {
        cast("Any", object()): Carrier(Batch([], number)) for number in numbers
    }


@virtual_time
async def test_there_is_room_for_what_can_be_in_flight_and_two_batches_more() -> None:
    engine = engine_of(Sending(GOOD), backlog=7)  # four at once
    assert engine._room() == 60 - 7
    for person in people(3):
        assert not engine._take(person)
    assert engine._room() == 60 - 7 - 3
    engine.close()


@virtual_time
async def test_batches_that_pause_make_room_for_as_many_others_unless_the_service_is_broken() -> (
    None
):
    sending = Sending(GOOD)
    engine = engine_of(sending)
    for pausing, room in (2, 80), (6, 120), (100, 120):
        engine._runner._sender.pausing = pausing
        assert engine._room() == room
    await sending.break_service()
    assert engine._room() == 60
    await sending.gate.settle()


@virtual_time
async def test_there_is_no_room_while_all_but_one_batch_are_under_way() -> None:
    engine = engine_of(Sending(GOOD))
    carry(engine, 0, 1, 2, 3)
    assert engine._room() == 60
    carry(engine, 0, 1, 2, 3, 3)
    assert engine._room() == 60, "two parts are one batch"
    carry(engine, 0, 1, 2, 3, 4)
    assert engine._room() == 0
    carry(engine, 0, 1, 2, 3, 4, 5)
    assert engine._room() == 0
    await asyncio.sleep(0)
