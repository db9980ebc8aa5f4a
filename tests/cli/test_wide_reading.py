"""Objects read by ids that a reading gives: what has gone meanwhile is passed over, and an error loses nothing."""

from __future__ import annotations

import pytest
from support import World, people, upsert

from hubbatch import (
    AuthenticationError,
    BatchError,
    HubbatchError,
    PermissionDeniedError,
    RecordOutcome,
    RecordStatus,
    RefusedError,
    RetryPolicy,
    TransportError,
    UsageError,
)
from hubbatch.cli._wide_reading import ID_ONLY, WideReader, error_of, is_wide
from hubbatch.sandbox import Fault, FaultKind
from hubbatch.testing import virtual_time


def reader(world: World, after: str | None = None) -> WideReader:
    ids = world.client.scan("contacts", properties=ID_ONLY, after=after)
    options = {"properties": ["email"], "properties_with_history": (), "archived": False}
    return WideReader(world.client, ids, "contacts", options)


@virtual_time
async def test_what_has_gone_between_list_and_read_is_passed_over() -> None:
    async with World() as world:
        created = (await upsert(world, people(250))).results
        reading = reader(world)
        first = [await anext(reading) for _ in range(100)]
        gone = [each.id for each in created[150:160]] + [created[249].id]
        assert (await world.client.archive("contacts", gone)).ok

        rest = [each async for each in reading]

        assert [each.id for each in first + rest] == [
            each.id for each in created if each.id not in gone
        ]
        assert reading.progress.requests == 3 + 3


@virtual_time
async def test_after_each_error_the_cursor_goes_on_behind_what_was_given() -> None:
    faults = [*[None] * 9, *[Fault(FaultKind.BAD_GATEWAY)] * 12]
    async with World(faults=faults, retry=RetryPolicy(max_attempts=2)) as world:
        created = (await upsert(world, people(450))).results
        given, cursor, errors = list[str](), None, 0
        for _ in range(20):
            reading = reader(world, cursor)
            try:
                async for each in reading:
                    given.append(each.id)
                break
            except TransportError:
                errors += 1
                cursor = reading.cursor
        assert errors
        assert given == [each.id for each in created]


def test_names_of_thousands_of_characters_are_wide() -> None:
    assert not is_wide(["email"] * 700)
    assert is_wide(["email"] * 700, ["email"] * 700)
    assert is_wide(["ž" * 10] * 150)


@virtual_time
@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        ([Fault(FaultKind.MISSING_SCOPES)], PermissionDeniedError),
        ([Fault(FaultKind.INVALID_TOKEN)], AuthenticationError),
        ([Fault(FaultKind.BAD_GATEWAY)] * 2, TransportError),
    ],
)
async def test_what_a_read_has_failed_of_is_raised_as_what_it_is(
    faults: list[Fault], kind: type[HubbatchError]
) -> None:
    async with World(faults=[None, None, *faults], retry=RetryPolicy(max_attempts=2)) as world:
        await upsert(world, people(3))
        with pytest.raises(kind) as caught:
            await anext(reader(world))
        assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (BatchError("MISSING_SCOPES", "no"), PermissionDeniedError),
        (BatchError("INVALID_AUTHENTICATION", "no"), AuthenticationError),
        (BatchError("EXPIRED_AUTHENTICATION", "no"), AuthenticationError),
        (BatchError("LOCAL_VALIDATION", "no"), UsageError),
        (BatchError("VALIDATION_ERROR", "no"), RefusedError),
        (BatchError("SERVICE_UNAVAILABLE", "no", transient=True), TransportError),
        (BatchError("NO_ANSWER", "no"), TransportError),
        (None, TransportError),
    ],
)
def test_an_object_that_could_not_be_read_is_an_error_of_its_records_kind(
    error: BatchError | None, kind: type[HubbatchError]
) -> None:
    raised = error_of(RecordOutcome(0, "1", RecordStatus.FAILED, error=error))

    assert type(raised) is kind
    assert "an object could not be read" in str(raised)
    if isinstance(raised, RefusedError):
        assert raised.error is error


@virtual_time
async def test_records_that_hubspot_refuses_end_a_reading_as_refused() -> None:
    async with World(faults=[None, None, *[Fault(FaultKind.TOO_LARGE)] * 20]) as world:
        await upsert(world, people(3))
        with pytest.raises(RefusedError, match="an object could not be read"):
            await anext(reader(world))
