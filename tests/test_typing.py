"""What a type checker sees: mypy runs over this file, pytest only imports it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, assert_type

from hubbatch import (
    Client,
    Counts,
    Filter,
    NoReply,
    ObjectReader,
    ObjectResult,
    Outcome,
    Property,
    RecordOutcome,
    RecordStatus,
    RowResult,
    Run,
    Schema,
    Transport,
    sync,
)
from hubbatch.sandbox import Sandbox
from hubbatch.testing import (
    SandboxTransport,
    ScriptedTransport,
    accept_all,
    reply,
    run_in_virtual_time,
    virtual_time,
)

if TYPE_CHECKING:

    async def what_editors_know(client: Client) -> None:
        run = client.upsert("contacts", [{"email": "a@x.com"}], id_property="email", batch_size=5)
        assert_type(run, Run)
        outcome = await run
        assert_type(outcome, Outcome)
        assert_type(outcome.counts, Counts)
        assert_type(outcome.results, list[ObjectResult])
        async with client.read("contacts", [1, "2"], properties=["email"]) as reading:
            async for record in reading:
                assert_type(record, RecordOutcome)
                assert_type(record.status, RecordStatus)
        schema = await client.properties("contacts").all(refresh=True)
        assert_type(schema, Schema)
        assert_type(schema["email"], Property)
        assert_type([each.name for each in schema if "email" in schema], list[str])
        client.create("contacts", [], validate=True)
        client.create("contacts", [], validate=schema)
        client.create("contacts", [], validate=[schema["email"]])
        client.create("contacts", [], validate="yes")  # type: ignore[arg-type]
        client.create("contacts", [], no_such_option=1)  # type: ignore[call-arg]
        client.create("contacts", [], duplicates="last")  # type: ignore[arg-type]
        Client.from_env(max_concurency=3)  # type: ignore[call-arg]

    def what_editors_know_without_a_loop(client: sync.Client) -> None:
        outcome = client.upsert("contacts", [{}], id_property="email", missing="omit")
        assert_type(outcome, Outcome)
        assert_type(outcome.results, list[ObjectResult])
        assert_type(client.create(object_type="contacts", records=[]), Outcome)
        assert_type([each.id for each in client.scan("contacts", archived=True)], list[str])
        assert_type(client.run(lambda c: c.properties("contacts").all()), Schema)
        assert_type(client.run(lambda c: c.lists.add("1", [7])), Outcome[RowResult])
        assert_type(sync.read("contacts", [1], batch_size=5, token="t"), Outcome)
        client.upsert("contacts", [{}])  # type: ignore[call-arg]
        client.create("contacts", [], no_such_option=1)  # type: ignore[call-arg]
        client.create("contacts", [], missing="drop")  # type: ignore[arg-type]
        sync.Client("t", max_concurency=3)  # type: ignore[call-arg]

    async def what_editors_know_of_reading_out(client: Client) -> None:
        reader = client.search("deals", [Filter("amount", "GT", 1)], sorts=["-amount"], query="x")
        assert_type(reader, ObjectReader)
        assert_type([deal async for deal in reader], list[ObjectResult])
        assert_type(reader.cursor, str | None)
        async with client.scan("contacts", archived=True, after=reader.cursor) as listed:
            assert_type(await anext(listed), ObjectResult)
        amount = {"propertyName": "amount", "operator": "GT", "value": 1}
        client.search("deals", [amount])
        client.search("deals", [[amount], [Filter("amount", "LT", 1)]])
        client.search("deals", {"filters": [amount]})
        client.search("deals", sorts={"propertyName": "amount"})
        client.search("deals", 7)  # type: ignore[arg-type]
        client.scan("deals", filters=[])  # type: ignore[call-arg]

    def what_tests_know(seven: Callable[[int], Coroutine[Any, Any, str]]) -> None:
        assert_type(virtual_time(seven)(7), str)
        assert_type(run_in_virtual_time(seven(7)), str)
        lost = NoReply(sent=True, reason="lost")
        scripted: Transport = ScriptedTransport([reply(503), lost, accept_all])
        Client("t", transport=scripted, clock=time.time, random=random.random)
        Client.from_env(transport=SandboxTransport(Sandbox()))
        Client("t", transport=accept_all)  # type: ignore[arg-type]


def test_a_run_is_awaitable() -> None:
    assert hasattr(Run, "__await__")
