"""Persist before send: a journal hears of records before a byte of them leaves, and of each once when it is settled."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import World, people

from hubbatch import Counts, RateLimit, RecordStatus, Run
from hubbatch._clock import now
from hubbatch._engine.life import EndReason
from hubbatch._records.journal import Earlier
from hubbatch.sandbox import Fault, FaultKind
from hubbatch.testing import run_in_virtual_time, virtual_time


class FullDiskError(Exception):
    """Raised by a journal."""


class Notes:
    """A journal that takes its time, and fails once it has room for no more."""

    def __init__(self, *, takes: float = 0.0, room: float = float("inf")) -> None:
        self.takes, self.room = takes, room
        self.before: list[int] = []
        self.asked: list[Sequence[int]] = []
        self.settled_as: dict[int, RecordStatus] = {}
        self.retryable: dict[int, bool] = {}
        self.load: Mapping[str, Any] | None = None
        self.ended: list[bool] = []
        self.checks_source = False
        self.written_at: dict[int, float] = {}

    async def begin(self, load: Mapping[str, Any]) -> None:
        self.load = load

    def earlier(self, position: int) -> Earlier | None:
        return None

    def checkpoints(self) -> Mapping[int, bytes]:
        return {}

    def checkpoint(self, records: int, digest: bytes) -> None:
        pass

    async def end(self, *, complete: bool) -> None:
        self.ended.append(complete)

    async def before_sending(self, positions: Sequence[int]) -> None:
        self.asked.append(positions)
        await asyncio.sleep(self.takes)
        if len(self.before) + len(positions) > self.room:
            raise FullDiskError
        self.before += positions
        self.written_at.update(dict.fromkeys(positions, now()))

    def settled(
        self, positions: Sequence[int], status: RecordStatus, *, retryable: bool = False
    ) -> None:
        for position in positions:
            assert position not in self.settled_as, "each is noted once"
            self.settled_as[position] = status
            self.retryable[position] = retryable


def check_journal(run: Run, journal: Notes) -> None:
    """Fail unless a journal knows of every record what the outcome says, and knew of it before it was sent."""
    if journal.load is None:  # the run was stopped before
        assert run.outcome.counts.unsent == run.outcome.counts.total
        assert (journal.asked, journal.settled_as, journal.ended) == ([], {}, [])
        return
    assert len(journal.ended) == 1
    assert journal.settled_as == {record.index: record.status for record in run.outcome.records}
    assert journal.retryable == {record.index: record.retryable for record in run.outcome.records}
    assert len(set(journal.before)) == len(journal.before), "each is asked about once"
    for record in run.outcome.records:
        if record.attempts:
            assert record.index in journal.before
        elif record.index in journal.before:
            assert record.status is RecordStatus.UNSENT


def upsert(world: World, records: Any, journal: Notes, **options: Any) -> Run:
    return world.client.upsert(
        "contacts", records, id_property="email", keep="all", journal=journal, **options
    )


def batches(world: World) -> list[Any]:
    """Return the requests that came in, but for those that ask whose account it is."""
    return [request for request in world.service.requests if request.body]


@virtual_time
async def test_no_byte_of_a_record_leaves_before_the_journal_has_it() -> None:
    journal = Notes(takes=0.3)
    async with World(max_concurrency=2) as world:
        run = upsert(world, people(50), journal, batch_size=10)
        assert (await run).ok
        check_journal(run, journal)
        assert sorted(journal.before) == list(range(50))
        position_of = {person["email"]: at for at, person in enumerate(people(50))}
        for request, body in zip(batches(world), world.bodies(), strict=True):
            for item in body["inputs"]:
                written_at = journal.written_at[position_of[item["id"]]]
                assert request.at > written_at - 1e-6


@virtual_time
async def test_a_load_is_described_with_what_becomes_of_its_values() -> None:
    said = []
    for options in ({}, {"missing": "omit", "timezone": "Europe/Berlin"}):
        journal = Notes()
        async with World() as world:
            await upsert(world, people(1), journal, **options)
        assert journal.load is not None
        said.append((journal.load["missing"], journal.load["timezone"]))
    assert said == [("", ""), ("omit", "Europe/Berlin")]


@virtual_time
async def test_retries_and_parts_are_not_asked_about_again() -> None:
    journal = Notes()
    async with World(faults=[None, FaultKind.LOCKED, FaultKind.RATE_ROLLING]) as world:
        world.service.declare_strict("contacts", ["firstname"])
        records = [*people(9), {"email": "bad@x.com", "nope": "1"}]
        run = upsert(world, records, journal)
        outcome = await run
        assert outcome.counts == Counts(10, succeeded=9, failed=1)
        assert journal.asked == [tuple(range(10))]
        assert world.statuses() == [200, 423, 429, 207]
        check_journal(run, journal)


@pytest.mark.parametrize("streamed", [False, True])
@virtual_time
async def test_a_journal_that_fails_stops_the_run_and_its_records_are_unsent(
    streamed: bool,
) -> None:
    journal = Notes(takes=0.01, room=25)
    async with World(max_concurrency=1, latency=1.0) as world:
        run = upsert(world, people(100), journal, batch_size=10)
        with pytest.raises(FullDiskError):
            if streamed:
                async with run:
                    async for _ in run:
                        pass
            else:
                await run
        assert run.outcome.counts == Counts(100, succeeded=20, unsent=80)
        assert len(batches(world)) == 2
        check_journal(run, journal)


class Cancelled(Notes):
    """A journal of whose own work some is cancelled."""

    async def before_sending(self, positions: Sequence[int]) -> None:
        raise asyncio.CancelledError


@virtual_time
async def test_a_cancellation_out_of_the_journal_is_the_journals() -> None:
    journal = Cancelled()
    async with World() as world:
        run = upsert(world, people(5), journal).start()
        await asyncio.wait([asyncio.ensure_future(run.wait())])
        assert run._life.ending.reason is EndReason.JOURNAL
        assert isinstance(run._life.ending.error, asyncio.CancelledError)
        assert run.outcome.counts == Counts(5, unsent=5)
        assert not batches(world)


class Slower(Notes):
    """A journal that takes a second from its fourth request on."""

    async def before_sending(self, positions: Sequence[int]) -> None:
        self.takes = float(len(self.asked) >= 3)
        await super().before_sending(positions)


@virtual_time
async def test_what_is_in_flight_settles_when_the_journal_fails() -> None:
    journal = Slower(room=30)
    async with World(max_concurrency=4, latency=5.0) as world:
        run = upsert(world, people(100), journal, batch_size=10)
        with pytest.raises(FullDiskError):
            await run
        assert run.outcome.counts == Counts(100, succeeded=30, unsent=70)
        check_journal(run, journal)


@virtual_time
async def test_a_run_that_is_stopped_while_the_journal_writes_sends_nothing() -> None:
    for stop in (True, False):
        journal = Notes(takes=10.0)
        async with World() as world:
            run = upsert(world, people(5), journal)
            task = asyncio.ensure_future(run)
            await asyncio.sleep(1.0)
            if stop:
                await run.stop()
            else:
                task.cancel()
            await asyncio.wait([task])
            assert run.outcome.counts == Counts(5, unsent=5)
            assert not batches(world)
            check_journal(run, journal)


@virtual_time
async def test_a_journal_that_fails_or_takes_its_time_wastes_no_place_in_the_quota() -> None:
    quota = RateLimit(2, 100.0)
    async with World(client_rate=quota, rate_limit=quota) as world:
        await upsert(world, [], Notes())  # asks whose account it is
        await asyncio.sleep(200.0)
        began = now()
        with pytest.raises(FullDiskError):
            await upsert(world, people(5), Notes(room=0))
        assert (await upsert(world, people(5), Notes(takes=3.0))).ok
        assert (await upsert(world, people(5), Notes())).ok
        assert now() - began < 50.0, "both places are there"
        first, second = (request.at for request in batches(world))
        assert first - began == pytest.approx(3.0, abs=0.01)
        assert second >= first


@virtual_time
async def test_positions_count_all_that_was_taken_from_the_source() -> None:
    journal = Notes()
    async with World() as world:
        [person, other] = people(2)
        records = [{}, person, None, {**person, "lastname": "x"}, other, {"email": float("nan")}]
        run = upsert(world, records, journal, duplicates="merge")
        await run
        assert [(each.index, each.status.name) for each in run.outcome.records] == [
            (0, "FAILED"),
            (1, "SUCCEEDED"),
            (2, "FAILED"),
            (3, "SUCCEEDED"),
            (4, "SUCCEEDED"),
            (5, "FAILED"),
        ]
        assert [record.input for record in run.outcome.records] == records
        assert [sorted(positions) for positions in journal.asked] == [[1, 3, 4]]
        assert sorted(journal.settled_as) == [0, 1, 2, 3, 4, 5]


@virtual_time
async def test_the_journal_hears_of_what_a_list_leaves_off() -> None:
    journal = Notes()
    async with World(latency=1.0, max_concurrency=1) as world:
        run = upsert(world, people(1000), journal, batch_size=10, deadline=1.5)
        await run
        check_journal(run, journal)
        assert len(journal.settled_as) == 1000


@virtual_time
async def test_a_look_up_writes_nothing_and_is_not_asked_about() -> None:
    journal = Notes()
    async with World(faults=[None, FaultKind.RESET_AFTER_WRITE]) as world:
        run = world.client.create(
            "contacts",
            people(5),
            unique_property="email",
            batch_size=5,
            keep="all",
            journal=journal,
        )
        assert (await run).ok
        assert len(batches(world)) == 2
        assert len(journal.asked) == 1
        check_journal(run, journal)


FAULTS = [
    None,
    FaultKind.LOCKED,
    FaultKind.RATE_ROLLING,
    FaultKind.RESET_AFTER_WRITE,
    FaultKind.SERVER_ERROR_AFTER_WRITE,
]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(FAULTS), max_size=8),
    st.lists(st.integers(0, 30), max_size=40),
    st.sampled_from(["serial", "merge", "refuse"]),
    st.one_of(st.none(), st.integers(0, 40)),
    st.one_of(st.none(), st.floats(0.01, 5.0)),
)
def test_whatever_happens_the_journal_and_the_outcome_agree(
    faults: list[Any],
    keys: list[int],
    duplicates: str,
    room: int | None,
    deadline: float | None,
) -> None:
    async def main() -> None:
        journal = Notes(takes=0.02, room=float("inf") if room is None else room)
        async with World(faults=[None, *faults], latency=(0.01, 1.0)) as world:
            records = [{"email": f"{key}@x.com", "n": str(at)} for at, key in enumerate(keys)]
            run = upsert(
                world, records, journal, batch_size=4, duplicates=duplicates, deadline=deadline
            )
            await asyncio.gather(run, return_exceptions=True)
            check_journal(run, journal)

    run_in_virtual_time(main())


@virtual_time
async def test_a_journal_that_hangs_holds_up_no_other_run() -> None:
    async with World(max_concurrency=2) as world:
        stuck = upsert(world, people(50), Notes(takes=1_000.0), batch_size=10)
        stuck.start()
        await asyncio.sleep(1.0)
        outcome = await world.client.upsert("contacts", people(50, 100), id_property="email")
        assert outcome.ok
        assert now() < 2.0
        await stuck.stop()


@virtual_time
async def test_a_hold_that_comes_while_the_journal_writes_holds_the_request_too() -> None:
    async with World(faults=[None, Fault(FaultKind.RATE_ROLLING, retry_after=10.0)]) as world:
        other = world.client.upsert("contacts", people(5, 100), id_property="email")
        slow = upsert(world, people(5), Notes(takes=3.0))
        other.start()
        assert (await slow).ok
        assert (await other).ok
        assert [request.at >= 10.0 for request in batches(world)] == [False, True, True]


class RefusesSettled(Notes):
    """A journal whose disk is full from some settlement on."""

    def settled(
        self, positions: Sequence[int], status: RecordStatus, *, retryable: bool = False
    ) -> None:
        super().settled(positions, status, retryable=retryable)
        raise FullDiskError


@pytest.mark.parametrize("bad", [False, True])
@virtual_time
async def test_what_a_journal_raises_of_settled_records_ends_the_run_and_loses_none(
    bad: bool,
) -> None:
    records: list[Any] = [*([7] if bad else []), *people(20_000)]
    async with World() as world:
        run = upsert(world, records, RefusesSettled(), prefetch=1_000)
        with pytest.raises(FullDiskError) as caught:
            await run
        assert not getattr(caught.value, "__notes__", None)
        counts = run.outcome.counts
        assert counts.total == len(records)
        assert counts.unsent > 10_000
