"""What a type checker sees: mypy runs over this file, pytest only imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

from hubbatch import Client, Counts, ObjectResult, Outcome, RecordOutcome, RecordStatus, Run

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
        client.create("contacts", [], no_such_option=1)  # type: ignore[call-arg]
        client.create("contacts", [], duplicates="last")  # type: ignore[arg-type]
        Client.from_env(max_concurency=3)  # type: ignore[call-arg]


def test_a_run_is_awaitable() -> None:
    assert hasattr(Run, "__await__")
