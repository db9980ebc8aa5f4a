"""Frames and what they hold, through a client into a sandbox."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from support import World, upsert

from hubbatch import RecordStatus, UsageError
from hubbatch.testing import virtual_time


def frame(rows: list[dict[str, Any]]) -> Any:
    return pytest.importorskip("pandas").DataFrame(rows)


ROWS: list[dict[str, Any]] = [
    {"email": "a@x.com", "age": 30, "since": dt.datetime(2026, 3, 1, 12)},
    {"email": "b@x.com", "age": None, "since": None},
]


@virtual_time
async def test_a_frame_is_a_source_of_every_verb() -> None:
    async with World() as world:
        client = world.client
        people = frame([{"email": f"p{number}@x.com", "age": number} for number in range(250)])
        outcome = await client.upsert("contacts", people, id_property="email")
        assert outcome.counts.succeeded == 250
        assert world.stored()["p7@x.com"]["age"] == "7"
        ids = frame([{"id": int(result.id)} for result in outcome.results])
        assert (await client.update("contacts", ids.assign(age=1))).ok
        assert world.stored()["p7@x.com"]["age"] == "1"
        assert len((await client.read("contacts", ids)).results) == 250
        assert len((await client.read("contacts", ids["id"])).results) == 250
        assert len((await client.read("contacts", ids["id"].to_numpy())).results) == 250
        assert (await client.archive("contacts", ids)).ok
        assert not world.stored()
        assert (await client.create("contacts", people)).ok


@virtual_time
async def test_progress_knows_how_many_rows_a_frame_has() -> None:
    async with World() as world:
        run = upsert(world, frame(ROWS[:1])).start()
        assert run.progress.total == 1
        await run.wait()


@virtual_time
async def test_missing_values_of_a_frame_fail_their_records_unless_the_call_says_otherwise() -> (
    None
):
    async with World() as world:
        refused = await upsert(world, frame(ROWS), timezone="Europe/Berlin")
        assert [record.status for record in refused.records] == [
            RecordStatus.SUCCEEDED,
            RecordStatus.FAILED,
        ]
        assert "missing='omit'" in refused.failed[0].reason
        options: dict[str, Any] = {"timezone": dt.UTC, "missing": "omit"}
        assert (await upsert(world, frame(ROWS), **options)).ok
        assert world.stored()["a@x.com"]["since"] == "2026-03-01T12:00:00.000Z"
        assert "age" not in world.stored()["b@x.com"]
        full = [{"email": "b@x.com", "age": 5}]
        assert (await upsert(world, full)).ok
        assert (await upsert(world, frame(ROWS), **options)).ok
        assert world.stored()["b@x.com"]["age"] == "5"
        assert (await upsert(world, frame(ROWS), timezone="UTC", missing="clear")).ok
        assert not world.stored()["b@x.com"].get("age")


@virtual_time
async def test_a_time_without_a_zone_names_the_option() -> None:
    async with World() as world:
        outcome = await upsert(world, frame(ROWS), missing="omit")
        assert "timezone='Europe/Berlin'" in outcome.failed[0].reason
        assert "property 'since'" in outcome.failed[0].reason
        assert outcome.counts.failed == 1


@virtual_time
async def test_a_missing_key_is_missing_whatever_is_said_of_missing_values() -> None:
    async with World() as world:
        keyless = frame([{"email": None, "age": 1}, {"email": "a@x.com", "age": 2}])
        for missing in ("omit", "clear"):
            options: dict[str, Any] = {"missing": missing}
            outcome = await upsert(world, keyless, **options)
            assert [record.status for record in outcome.records] == [
                RecordStatus.FAILED,
                RecordStatus.SUCCEEDED,
            ]
            assert "'email' is missing" in outcome.failed[0].reason


@virtual_time
async def test_a_frame_that_is_not_there_yet_says_so() -> None:
    class LazyFrame:
        def collect(self) -> None: ...

    async with World() as world:
        source: Any = LazyFrame()
        with pytest.raises(UsageError, match="not LazyFrame; collect"):
            upsert(world, source)
