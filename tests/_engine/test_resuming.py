"""A load outlives its processes: whenever one is killed, the next one goes on, and nothing is sent that must not be."""

from __future__ import annotations

import asyncio
import pickle
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import UNLIMITED, drip, people

from hubbatch import (
    AuthenticationError,
    Client,
    Counts,
    NoReply,
    Outcome,
    RecordStatus,
    Reply,
    Request,
    RetryPolicy,
    Run,
    SourceChangedError,
    UsageError,
)
from hubbatch._clock import now
from hubbatch._records.journal import Earlier
from hubbatch.models import SETTLED_EARLIER
from hubbatch.sandbox import FaultKind, Options, Service
from hubbatch.testing import SandboxTransport, run_in_virtual_time, virtual_time

S, F, U, N = RecordStatus
EPOCH = 1_800_000_000.0


@attrs.define
class Left:
    """What a journal holds of one record."""

    status: RecordStatus | None = None
    """None: in doubt."""
    since: float = 0.0


@attrs.define
class Paper:
    """What is durable of a load."""

    load: dict[str, Any] = attrs.field(factory=dict)
    left: dict[int, Left] = attrs.field(factory=dict)
    digests: dict[int, bytes] = attrs.field(factory=dict)
    complete: bool | None = None


class Memory:
    """A journal in memory. What it has noted is durable once something was awaited after it: a kill loses the rest."""

    checks_source = True

    def __init__(self, paper: Paper, step: Callable[[], None] = lambda: None) -> None:
        self.paper = paper
        self.step = step
        self.pending: list[Callable[[], None]] = []
        self.sent: list[int] = []
        self.dead = False
        self.open = False

    def flush(self) -> None:
        if not self.dead:
            for change in self.pending:
                change()
            self.pending.clear()

    async def begin(self, load: Mapping[str, Any]) -> None:
        known = self.paper.load
        for name, value in load.items():
            if value is not None and known.get(name) not in (None, value):
                raise UsageError(f"it is of another {name}")
        self.paper.load = {**load, **{name: it for name, it in known.items() if it is not None}}
        self.open = True

    def earlier(self, position: int) -> Earlier | None:
        left = self.paper.left.get(position)
        return None if left is None else Earlier(left.status, left.since)

    def checkpoints(self) -> Mapping[int, bytes]:
        return dict(self.paper.digests)

    def checkpoint(self, records: int, digest: bytes) -> None:
        def change() -> None:
            digests = self.paper.digests
            for last in [each for each in digests if each % 1_000]:
                del digests[last]
            digests[records] = digest

        self.pending.append(change)

    async def before_sending(self, positions: Sequence[int]) -> None:
        self.step()
        await asyncio.sleep(0.01)
        self.step()
        moment = now() + EPOCH
        self.sent += positions
        self.pending += [self._sent(position, moment) for position in positions]
        self.flush()
        if self.dead:
            await asyncio.Event().wait()

    def _sent(self, position: int, moment: float) -> Callable[[], None]:
        def change() -> None:
            assert position not in self.paper.left
            self.paper.left[position] = Left(None, moment)

        return change

    def settled(
        self, positions: Sequence[int], status: RecordStatus, *, retryable: bool = False
    ) -> None:
        self.step()
        self.pending += [self._settled(position, status, retryable) for position in positions]

    def _settled(self, position: int, status: RecordStatus, again: bool) -> Callable[[], None]:
        def change() -> None:
            if status is U and again:
                assert self.paper.left[position].status is None
            elif status is N or again:
                self.paper.left.pop(position, None)
            else:
                self.paper.left.setdefault(position, Left()).status = status

        return change

    async def end(self, *, complete: bool) -> None:
        assert self.open
        self.open = False
        await asyncio.sleep(0.01)
        self.flush()
        if not self.dead:
            self.paper.complete = complete


class Process:
    """A process that carries a load out, and is killed at its so-manieth step."""

    def __init__(self, world: Load, steps: int | None) -> None:
        self.world = world
        self.left = steps
        self.killed = asyncio.Event()
        self.journal = Memory(world.paper, self.step)
        self.client = Client(
            "made-up",
            rate_limit=UNLIMITED,
            max_concurrency=world.concurrency,
            transport=self,
            clock=lambda: now() + EPOCH,
            random=random.Random(0).random,
            retry=RetryPolicy(max_attempts=9),  # more than there are faults,
        )

    def step(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                self.journal.dead = True
                self.killed.set()

    async def send(
        self, request: Request, token: str, note_sent: Callable[[], None]
    ) -> Reply | NoReply:
        """What is under way goes on when the process is dead; nothing leaves it any more."""
        self.step()
        if self.journal.dead:
            await asyncio.Event().wait()
        answer = asyncio.ensure_future(self.world.transport.send(request, token, note_sent))
        self.world.under_way.add(answer)
        answer.add_done_callback(self.world.under_way.discard)
        reply = await asyncio.shield(answer)
        self.step()
        if self.journal.dead:
            await asyncio.Event().wait()
        return reply


class Load:
    """An account, what is durable of a load, and the call that it is."""

    def __init__(
        self,
        call: Callable[[Client, Memory], Run[Any]],
        *,
        faults: Iterable[Any] = (),
        concurrency: int | None = 4,
        latency: float | tuple[float, float] = (0.01, 0.5),
        **habits: Any,
    ) -> None:
        self.call = call
        self.concurrency = concurrency
        self.service = Service(
            Options(faults=[None, *faults], latency=latency, rate_limit=None, **habits)
        )
        self.transport = SandboxTransport(self.service)  # one clock for all processes
        self.paper = Paper()
        self.under_way: set[asyncio.Future[Any]] = set()
        self.last: Run

    async def run(self, steps: int | None = None) -> Outcome[Any] | None:
        """Carry the load out in a process that is killed after so many steps; return the outcome if it was not."""
        process = Process(self, steps)
        run = self.last = self.call(process.client, process.journal)
        run.start()
        ended = asyncio.ensure_future(run.wait())
        killed = asyncio.ensure_future(process.killed.wait())
        await asyncio.wait([ended, killed], return_when=asyncio.FIRST_COMPLETED)
        killed.cancel()
        if process.killed.is_set():
            await process.client.aclose()
            await asyncio.wait([ended])
            ended.exception()
            return None
        await process.client.aclose()
        while self.under_way:  # of those that were killed
            await asyncio.wait(self.under_way)
        return await ended

    async def run_to_its_end(self, kills: Sequence[int]) -> Outcome[Any]:
        for steps in kills:
            if (outcome := await self.run(steps)) is not None:
                return outcome
        outcome = await self.run()
        assert outcome is not None
        return outcome

    def stored(self, object_type: str, name: str) -> Counter[str]:
        """Count what is stored, by a property."""
        return Counter(
            stored.properties[name]
            for stored in self.service.objects(object_type).values()
            if not stored.archived
        )


def upsert(records: Any, **options: Any) -> Callable[[Client, Memory], Run]:
    def call(client: Client, journal: Memory) -> Run:
        source = records() if callable(records) else records
        return client.upsert(
            "contacts", source, id_property="email", keep="all", journal=journal, **options
        )

    return call


def create(records: Any, object_type: str = "contacts", **options: Any) -> Any:
    def call(client: Client, journal: Memory) -> Run:
        source = records() if callable(records) else records
        return client.create(object_type, source, keep="all", journal=journal, **options)

    return call


KILLS = st.lists(st.integers(1, 60), max_size=3)
FAULTS = st.lists(
    st.sampled_from(
        [
            None,
            FaultKind.LOCKED,
            FaultKind.RATE_ROLLING,
            FaultKind.RESET_AFTER_WRITE,
            FaultKind.SERVER_ERROR_AFTER_WRITE,
        ]
    ),
    max_size=6,
)


def check_conservation(outcome: Outcome[Any], records: Sequence[Any]) -> None:
    assert outcome.counts.total == len(records)
    assert [record.index for record in outcome.records] == list(range(len(records)))
    assert [record.input for record in outcome.records] == list(records)
    by_status = Counter(record.status for record in outcome.records)
    assert outcome.counts == Counts(len(records), *(by_status[status] for status in RecordStatus))


@settings(max_examples=20, deadline=None)
@given(KILLS, FAULTS, st.booleans())
def test_an_upsert_stores_every_record_once_whenever_it_is_killed(
    kills: list[int], faults: list[Any], streamed: bool
) -> None:
    records = people(90)

    async def main() -> None:
        source = (lambda: drip(records)) if streamed else records
        load = Load(upsert(source, batch_size=10), faults=faults)
        outcome = await load.run_to_its_end(kills)
        check_conservation(outcome, records)
        assert outcome.ok
        assert load.stored("contacts", "email") == Counter(each["email"] for each in records)
        assert load.paper.complete
        assert {left.status for left in load.paper.left.values()} == {S}

    run_in_virtual_time(main())


@settings(max_examples=15, deadline=None)
@given(KILLS, FAULTS, st.sampled_from(["update", "archive", "read"]))
def test_updates_archives_and_reads_are_done_for_every_record(
    kills: list[int], faults: list[Any], verb: str
) -> None:
    async def main() -> None:
        def call(client: Client, journal: Memory) -> Run:
            ids = [str(stored) for stored in load.service.objects("contacts")]
            records: Any = ids
            if verb == "update":
                records = [{"id": each, "lastname": "changed"} for each in ids]
            method = getattr(client, verb)
            run: Run = method("contacts", records, batch_size=10, keep="all", journal=journal)
            return run

        load = Load(call, faults=faults)
        for person in people(80):
            load.service.add("contacts", person)
        outcome = await load.run_to_its_end(kills)
        assert outcome.ok
        assert outcome.counts.total == 80
        objects = load.service.objects("contacts").values()
        if verb == "update":
            assert {each.properties["lastname"] for each in objects} == {"changed"}
        elif verb == "archive":
            assert all(each.archived for each in objects)

    run_in_virtual_time(main())


@settings(max_examples=20, deadline=None)
@given(KILLS, FAULTS)
def test_a_create_with_a_unique_property_stores_every_record_once(
    kills: list[int], faults: list[Any]
) -> None:
    records = people(90)

    async def main() -> None:
        load = Load(create(records, unique_property="email", batch_size=10), faults=faults)
        outcome = await load.run_to_its_end(kills)
        check_conservation(outcome, records)
        assert outcome.counts.succeeded == len(records), outcome.errors
        statuses = [request.status for request in load.service.requests]
        assert 409 not in statuses, "what may be there is never sent before it was looked for"
        assert load.stored("contacts", "email") == Counter(each["email"] for each in records)

    run_in_virtual_time(main())


@settings(max_examples=20, deadline=None)
@given(KILLS, FAULTS)
def test_a_create_without_a_unique_property_stores_nothing_twice_and_lists_what_is_in_doubt(
    kills: list[int], faults: list[Any]
) -> None:
    records = [{"name": f"company {number}"} for number in range(300)]

    async def main() -> None:
        load = Load(create(records, "companies", batch_size=10), faults=faults, concurrency=20)
        outcome = await load.run_to_its_end(kills)
        check_conservation(outcome, records)
        stored = load.stored("companies", "name")
        assert max(stored.values()) == 1
        for record in outcome.records:
            name = record.input["name"]
            if record.status is S:
                assert stored[name] == 1
            else:
                assert record.status is U
                assert record.error is not None
        # 8 batches for each kill, and what faults have left in doubt
        assert outcome.counts.unknown <= 80 * len(kills) + 10 * len(faults)

    run_in_virtual_time(main())


@settings(max_examples=20, deadline=None)
@given(
    KILLS,
    FAULTS,
    st.lists(st.integers(0, 8), min_size=1, max_size=40),
    st.booleans(),
    st.sampled_from([None, 4, 10]),
)
def test_of_records_with_one_key_the_last_one_stands_whenever_it_is_killed(
    kills: list[int], faults: list[Any], keys: list[int], merges: bool, prefetch: int | None
) -> None:
    records = [{"email": f"{key}@x.com", "lastname": str(at)} for at, key in enumerate(keys)]
    duplicates = "merge" if merges else "serial"

    async def main() -> None:
        call = upsert(records, batch_size=3, duplicates=duplicates, prefetch=prefetch)
        load = Load(call, faults=faults)
        outcome = await load.run_to_its_end(kills)
        check_conservation(outcome, records)
        assert outcome.ok
        last = {each["email"]: each["lastname"] for each in records}
        stored = load.service.objects("contacts").values()
        assert {each.properties["email"]: each.properties["lastname"] for each in stored} == last

    run_in_virtual_time(main())


@settings(max_examples=20, deadline=None)
@given(KILLS, FAULTS, st.lists(st.integers(0, 25), min_size=30, max_size=60), st.booleans())
def test_a_key_that_was_settled_is_refused_in_later_processes_too(
    kills: list[int], faults: list[Any], keys: list[int], creates: bool
) -> None:
    records = [{"email": f"{key}@x.com", "lastname": str(at)} for at, key in enumerate(keys)]

    async def main() -> None:
        # What comes again is pulled long after: in another process, often.
        options: dict[str, Any] = {"batch_size": 3, "duplicates": "refuse", "prefetch": 4}
        if creates:
            load = Load(create(records, unique_property="email", **options), faults=faults)
        else:
            load = Load(upsert(records, **options), faults=faults)
        outcome = await load.run_to_its_end(kills)
        check_conservation(outcome, records)
        seen: set[int] = set()
        for key, record in zip(keys, outcome.records, strict=True):
            assert record.status is (F if key in seen else S)
            seen.add(key)
        stored = load.service.objects("contacts").values()
        assert {each.properties["lastname"] for each in stored} == {
            str(keys.index(key)) for key in seen
        }

    run_in_virtual_time(main())


@settings(max_examples=15, deadline=None)
@given(KILLS, FAULTS, st.lists(st.integers(0, 8), min_size=1, max_size=30), st.booleans())
def test_a_create_with_a_key_that_occurs_twice_makes_one_object_of_each_key(
    kills: list[int], faults: list[Any], keys: list[int], merges: bool
) -> None:
    """Of two records with one key, which differ in nothing, one is never taken for the other."""
    records = [{"email": f"{key}@x.com", "lastname": "same"} for key in keys]
    duplicates = "merge" if merges else "serial"

    async def main() -> None:
        load = Load(
            create(
                records, unique_property="email", batch_size=3, duplicates=duplicates, prefetch=8
            ),
            faults=faults,
        )
        outcome = await load.run_to_its_end(kills)
        check_conservation(outcome, records)
        assert load.stored("contacts", "email") == Counter(
            dict.fromkeys((each["email"] for each in records), 1)
        )
        if not merges:
            successes = Counter(each.input["email"] for each in outcome.succeeded)
            assert not successes or max(successes.values()) == 1

    run_in_virtual_time(main())


@virtual_time
async def test_settled_records_are_counted_without_results_and_not_shown_again() -> None:
    records: list[Any] = [*people(45), 7]
    load = Load(upsert(records, batch_size=10), latency=1.0, concurrency=1)
    assert await load.run(steps=20) is None
    done = sum(left.status is S for left in load.paper.left.values())
    assert 0 < done < 45
    process = Process(load, None)
    async with upsert(records, batch_size=10)(process.client, process.journal) as run:
        shown = [record.index async for record in run]
        assert run.progress.settled_earlier == done
        assert run.progress.settled == len(records)
        assert run.progress.records_per_second < len(records) / run.progress.elapsed
    assert sorted(shown) == list(range(done, 46))
    outcome = run.outcome
    check_conservation(outcome, records)
    assert outcome.counts == Counts(46, succeeded=45, failed=1)
    assert outcome.earlier == Counts(done, succeeded=done)
    assert len(outcome.results) == 45 - done
    assert Outcome.from_dict(outcome.to_dict()) == outcome
    assert Outcome.merge(outcome, outcome).earlier == Counts(2 * done, succeeded=2 * done)
    await process.client.aclose()


@pytest.mark.parametrize("keep", ["all", "errors", "none"])
@virtual_time
async def test_what_failed_earlier_is_kept_with_a_reason_and_stops_nothing(keep: Any) -> None:
    records: list[Any] = [1, 2, 3, *people(20)]
    call = upsert(records, batch_size=10, max_failures=4)
    load = Load(call, latency=1.0, concurrency=1)
    assert await load.run(steps=12) is None

    load.call = lambda client, journal: client.upsert(
        "contacts",
        records,
        id_property="email",
        journal=journal,
        batch_size=10,
        max_failures=1,
        keep=keep,
    )
    outcome = await load.run()
    assert outcome is not None
    assert outcome.counts == Counts(23, succeeded=20, failed=3)
    assert outcome.earlier.failed == 3
    failed = [] if keep == "none" else [0, 1, 2]
    assert [record.index for record in outcome.failed] == failed
    assert {record.error.category for record in outcome.failed if record.error} <= {SETTLED_EARLIER}
    assert not any(record.retryable for record in outcome.failed)
    assert outcome.num_errors == 1


@virtual_time
async def test_a_call_of_another_kind_is_refused_and_sends_nothing() -> None:
    load = Load(upsert(people(5)))
    await load.run()
    load.call = create(people(5), unique_property="email")
    before = len(load.service.requests)
    with pytest.raises(UsageError, match="another") as caught:
        await load.run()
    assert load.last.outcome.counts == Counts(5, unsent=5)
    assert caught.value.outcome is load.last.outcome
    assert len(load.service.requests) == before + 1, "it asks whose account it is"
    assert {left.status for left in load.paper.left.values()} == {S}


@pytest.mark.parametrize("at", [0, 500, 1_499])
@pytest.mark.parametrize("streamed", [False, True])
@virtual_time
async def test_a_source_that_gives_other_records_ends_the_run_before_they_are_sent(
    at: int, streamed: bool
) -> None:
    records = people(3_000)
    load = Load(upsert(records, prefetch=300), concurrency=2, latency=1.0)
    assert await load.run(steps=70) is None
    known = max(load.paper.digests)
    assert 1_400 < known < 2_000
    changed = [*records[:at], {"email": "new@x.com"}, *records[at:]]
    load.call = upsert((lambda: drip(changed)) if streamed else changed, prefetch=300)
    before = load.stored("contacts", "email")
    with pytest.raises(SourceChangedError, match="the source has changed") as caught:
        await load.run()
    assert caught.value.index == at
    assert caught.value.record == {"email": "new@x.com"}
    assert "new@x.com" not in f"{caught.value} {caught.value!r}"
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 (our own)
    assert (copy.index, str(copy)) == (at, str(caught.value))
    await asyncio.sleep(100)
    new = load.stored("contacts", "email") - before
    verified = 0 if at < 1_000 else 1_000
    allowed = {record["email"] for record in records[:verified]}
    assert new.keys() <= allowed, "only what is known to be the same is sent"
    load.call = upsert(records)
    outcome = await load.run()
    assert outcome is not None
    assert outcome.ok
    assert load.stored("contacts", "email") == Counter(each["email"] for each in records)


@virtual_time
async def test_of_a_source_that_has_changed_nothing_is_claimed_after_the_change() -> None:
    records = people(3_000)
    load = Load(upsert(records), concurrency=2, latency=0.01)
    assert await load.run(steps=100) is None
    load.call = upsert([{"email": "new@x.com"}, *records])
    with pytest.raises(UsageError, match="the source has changed"):
        await load.run()
    outcome = load.last.outcome
    assert outcome.counts.total == 3_001
    assert outcome.counts.succeeded == 0, (
        "which of them the earlier process has settled is not known"
    )
    assert outcome.counts.unknown == len(load.paper.left)
    assert outcome.earlier == Counts()
    assert {"the source has changed" in record.reason for record in outcome.unknown[:1_000]} == {
        True
    }
    assert {left.status for left in load.paper.left.values()} == {S, None}
    load.call = upsert(records)
    assert (await load.run() or outcome).ok


@virtual_time
async def test_a_run_that_is_stopped_before_it_knows_the_source_believes_what_was_left() -> None:
    async def slow() -> AsyncIterator[dict[str, str]]:
        for number, record in enumerate(people(3_000)):
            if number == 500:
                await asyncio.Event().wait()
            yield record

    load = Load(upsert(people(3_000)), concurrency=2, latency=0.01)
    assert await load.run(steps=100) is None
    load.call = upsert(slow)
    ended = asyncio.ensure_future(load.run())
    await asyncio.sleep(10)
    assert load.last.outcome.counts == Counts(500, unknown=500)
    await load.last.stop()
    outcome = await ended
    assert outcome is not None
    assert outcome.counts == outcome.earlier == Counts(500, succeeded=500)


@virtual_time
async def test_a_source_that_is_shorter_than_it_was_ends_the_run() -> None:
    load = Load(upsert(people(50), batch_size=10))
    assert await load.run(steps=25) is None
    load.call = upsert(people(20), batch_size=10)
    with pytest.raises(UsageError, match=r"ended after 20 records, not \d+ as before"):
        await load.run()
    assert load.paper.complete is not True


@pytest.mark.parametrize("records", [999, 1_000, 1_001, 2_000])
@virtual_time
async def test_a_source_that_is_cut_short_names_no_record_for_those_left_are_the_same(
    records: int,
) -> None:
    load = Load(upsert(people(2_500)), latency=0.01)
    assert (await load.run_to_its_end([])).ok
    load.call = upsert(people(2_500)[:records])
    with pytest.raises(
        SourceChangedError, match=rf"after {records:,} records, not 2,500"
    ) as caught:
        await load.run()
    assert caught.value.index is None


@pytest.mark.parametrize("prefetch", [None, 5])
@virtual_time
async def test_records_that_are_held_back_leave_room_for_those_that_release_them(
    prefetch: int | None,
) -> None:
    call = upsert(people(2_300), batch_size=10, prefetch=prefetch)
    load = Load(call, concurrency=1, latency=0.01)
    assert await load.run(steps=1_000) is None
    for position in range(0, 1_000, 2):
        load.paper.left.pop(position, None)  # as if they had been refused for a while
    outcome = await load.run()
    assert outcome is not None
    assert outcome.ok
    assert outcome.earlier.total >= 490


@virtual_time
async def test_creates_in_doubt_are_looked_up_first_once_reading_has_caught_up() -> None:
    load = Load(create(people(10), unique_property="email"), latency=5.0)
    assert await load.run(steps=6) is None  # its request was carried out
    [since] = {left.since for left in load.paper.left.values()}
    outcome = await load.run()
    assert outcome is not None
    assert outcome.counts == Counts(10, succeeded=10)
    asked = [request for request in load.service.requests if request.body]
    assert [request.path.rsplit("/", 1)[1] for request in asked] == ["create", "read"]
    assert asked[1].at + EPOCH >= since + 30.0
    assert all(record.result is not None for record in outcome.records)


@virtual_time
async def test_an_object_that_was_there_before_the_first_try_is_not_taken_for_ours() -> None:
    load = Load(create(people(1), unique_property="email"), latency=1.0)
    load.service.add("contacts", people(1)[0])
    await asyncio.sleep(3_600)
    assert await load.run(steps=6) is None
    assert load.paper.left[0].status is None
    await asyncio.sleep(3_600)
    outcome = await load.run()
    assert outcome is not None
    [record] = outcome.records
    assert record.status is F
    assert "existed before" in record.reason


@pytest.mark.parametrize(
    ("records", "options", "why"),
    [
        (people(3), {}, "give unique_property"),
        ([{"firstname": "x"}] * 3, {"unique_property": "email"}, "no unique value"),
        ([7, 7, 7], {"unique_property": "email"}, "must be a mapping"),
    ],
)
@virtual_time
async def test_what_cannot_be_looked_up_stays_unknown_and_is_not_sent(
    records: list[Any], options: dict[str, Any], why: str
) -> None:
    load = Load(create(records, **options))
    load.paper.left = {position: Left(None, EPOCH) for position in range(2)}
    outcome = await load.run()
    assert outcome is not None
    assert [record.status for record in outcome.records[:2]] == [U, U]
    assert all(why in record.reason for record in outcome.records[:2])
    assert all("Look whether it is in the account" in each.reason for each in outcome.unknown)
    assert len(load.stored("contacts", "firstname")) == (0 if records[0] == 7 else 1)


@virtual_time
async def test_a_run_that_ends_early_leaves_true_counts_and_doubts_as_they_were() -> None:
    records = people(1_000)
    load = Load(upsert(records, batch_size=10, deadline=75.0), latency=50.0, concurrency=1)
    load.paper.left = {
        **{position: Left(S) for position in range(500, 600)},
        **{position: Left(None, EPOCH - 5) for position in range(600, 620)},
        **{position: Left(F) for position in range(620, 630)},
    }
    outcome = await load.run()
    assert outcome is not None
    check_conservation(outcome, records)
    assert outcome.counts == Counts(1_000, succeeded=110, failed=10, unknown=20, unsent=860)
    assert outcome.earlier == Counts(110, succeeded=100, failed=10)
    assert {load.paper.left[position].status for position in range(600, 620)} == {None}
    assert load.paper.complete is False


@virtual_time
async def test_a_doubt_that_was_not_settled_in_time_stays_one() -> None:
    load = Load(create(people(5), unique_property="email", deadline=1.0), latency=0.01)
    load.paper.left = {position: Left(None, EPOCH) for position in range(5)}
    process = Process(load, None)
    run = load.call(process.client, process.journal).start()
    await asyncio.sleep(2.0)
    assert run.outcome.counts == Counts(5, unknown=5)
    await process.client.aclose()
    assert run.outcome.counts == Counts(5, unknown=5)
    assert load.paper.left == {position: Left(None, EPOCH) for position in range(5)}


@virtual_time
async def test_a_create_whose_doubts_stay_has_eight_batches_under_way_at_most() -> None:
    records = [{"name": str(number)} for number in range(400)]
    for journaled, most in ((True, 8), (False, 20)):
        load = Load(create(records, "companies", batch_size=10), concurrency=20, latency=1.0)
        process = Process(load, None)
        journal = process.journal if journaled else None
        await process.client.create("companies", records, batch_size=10, journal=journal)
        assert load.transport.most_in_flight == most
        await process.client.aclose()


@virtual_time
async def test_events_in_doubt_are_sent_again_only_under_an_id_of_the_callers() -> None:
    events = [
        {"eventName": "pe1_x", "email": "a@x.com", **({"uuid": f"u{number}"} if number else {})}
        for number in range(3)
    ]
    load = Load(lambda client, journal: client.events.send(events, journal=journal))
    load.paper.left = {position: Left(None, EPOCH) for position in range(2)}
    outcome = await load.run()
    assert outcome is not None
    assert [record.status for record in outcome.records] == [U, S, S]
    assert "no 'uuid' by which a repetition is known" in outcome.records[0].reason
    sent = [
        item["uuid"]
        for request in load.service.requests
        if request.body
        for item in orjson.loads(request.body)["inputs"]
    ]
    assert sent == ["u1", "u2"], "one in doubt goes in a request of its own"


@virtual_time
async def test_records_that_a_schema_refuses_are_held_back_one_by_one() -> None:
    good, bad = people(30), [{"email": f"b{number}@x.com", "nope": "1"} for number in range(5)]
    records = [*good[:10], *bad, *good[10:]]
    load = Load(upsert(records, batch_size=10, validate=True))
    load.service.declare_strict("contacts", ["firstname"])
    assert await load.run(steps=16) is None
    assert load.paper.digests
    for position in range(10, 15):
        load.paper.left.pop(position, None)  # as if nobody had looked at them
    load.paper.left[12] = Left(None, EPOCH)
    outcome = await load.run()
    assert outcome is not None
    statuses = [record.status for record in outcome.records]
    assert statuses == [*[S] * 10, F, F, U, F, F, *[S] * 20]
    assert "nope" in outcome.records[12].reason


class Refuses(Memory):
    """A journal that somebody else has."""

    async def begin(self, load: Mapping[str, Any]) -> None:
        raise UsageError("another process has it")

    def earlier(self, position: int) -> Earlier | None:
        raise AssertionError("it is not open")

    def settled(self, *_: Any, **__: Any) -> None:
        raise AssertionError("it is not open")


@virtual_time
async def test_a_journal_that_cannot_be_opened_ends_the_run_and_hears_nothing() -> None:
    load = Load(upsert(people(5)))
    process = Process(load, None)
    run = upsert(people(5))(process.client, Refuses(load.paper))
    with pytest.raises(UsageError, match="another process"):
        await run
    assert run.outcome.counts == Counts(5, unsent=5)
    await process.client.aclose()


class Slow(Memory):
    """A journal that takes its time to be opened and closed."""

    async def begin(self, load: Mapping[str, Any]) -> None:
        await asyncio.sleep(5.0)
        await super().begin(load)

    async def end(self, *, complete: bool) -> None:
        await asyncio.sleep(5.0)
        await super().end(complete=complete)


@pytest.mark.parametrize("seconds", [3.0, 6.5, 8.0])
@virtual_time
async def test_a_run_that_is_cancelled_closes_its_journal(seconds: float) -> None:
    load = Load(upsert(people(50), batch_size=10), latency=1.0)
    process = Process(load, None)
    journal = Slow(load.paper)
    task = asyncio.ensure_future(upsert(people(50))(process.client, journal))
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.wait([task])
    assert not journal.open
    assert load.paper.complete is not None
    await process.client.aclose()


class Forgetful(Memory):
    """A journal that cannot say what was done."""

    def earlier(self, position: int) -> Earlier | None:
        raise OSError("disk")


@virtual_time
async def test_where_the_journal_cannot_say_nothing_is_sent_and_nothing_promised() -> None:
    load = Load(upsert(people(5)))
    process = Process(load, None)
    run = upsert(people(5))(process.client, Forgetful(load.paper))
    with pytest.raises(OSError, match="disk"):
        await run
    assert run.outcome.counts.unknown == 5
    assert not load.stored("contacts", "email")
    await process.client.aclose()


class Unwritable(Memory):
    """A journal that cannot note digests."""

    def checkpoint(self, records: int, digest: bytes) -> None:
        raise OSError("disk")


@virtual_time
async def test_a_digest_that_cannot_be_noted_ends_the_run_before_anything_is_sent() -> None:
    load = Load(upsert(people(5)))
    process = Process(load, None)
    run = upsert(people(5))(process.client, Unwritable(load.paper))
    with pytest.raises(OSError, match="disk"):
        await run
    assert run.outcome.counts == Counts(5, unsent=5)
    assert not load.stored("contacts", "email")
    await process.client.aclose()


@virtual_time
async def test_a_token_that_is_refused_ends_a_journaled_run_like_any_other() -> None:
    load = Load(upsert(people(5)), token="another")
    with pytest.raises(AuthenticationError):
        await load.run()
    assert load.last.outcome.counts == Counts(5, failed=5)
    assert not load.paper.left, "they may be sent with another token"


class Broken(dict[str, Any]):
    """A record that cannot be read."""

    def get(self, *_: Any) -> Any:
        raise OSError("gone")


@virtual_time
async def test_an_event_in_doubt_that_cannot_be_read_stays_unknown() -> None:
    events = [Broken(eventName="pe1_x", email="a@x.com", uuid="u")]
    load = Load(lambda client, journal: client.events.send(events, journal=journal))
    load.paper.left = {0: Left(None, EPOCH)}
    outcome = await load.run()
    assert outcome is not None
    assert outcome.counts == Counts(1, unknown=1)


@virtual_time
async def test_a_pair_that_was_linked_earlier_is_refused_when_it_comes_again() -> None:
    pairs = [("1", "2"), ("1", "3"), ("1", "2"), ("1", "3")]

    def call(client: Client, journal: Memory) -> Run[Any]:
        links = client.associations("contacts", "companies")
        return links.create_default(pairs, duplicates="refuse", journal=journal)

    load = Load(call)
    for number in range(1, 5):
        load.service.add("contacts", {"email": f"{number}@x.com"})
        load.service.add("companies", {"name": f"{number}"})
    load.paper.left = {0: Left(S)}
    outcome = await load.run()
    assert outcome is not None
    assert [record.status for record in outcome.records][2:] == [F, F]
    assert outcome.earlier == Counts(1, succeeded=1)


@pytest.mark.parametrize("duplicates", ["merge", "serial"])
@virtual_time
async def test_a_record_in_doubt_is_not_merged_with_one_that_was_never_sent(
    duplicates: Any,
) -> None:
    first = {"email": "a@x.com", "lastname": "1"}
    records = [first, {"email": "a@x.com", "lastname": "2"}]
    call = create(records, unique_property="email", duplicates=duplicates)
    load = Load(call, latency=0.01)
    load.service.add("contacts", first)  # what the first try has left
    load.paper.left = {0: Left(None, EPOCH)}
    outcome = await load.run()
    assert outcome is not None
    assert [record.status for record in outcome.records] == [S, F]
    assert load.stored("contacts", "lastname") == {"1": 1}


@virtual_time
async def test_an_object_in_doubt_does_not_answer_for_one_that_was_never_asked_about() -> None:
    ids = ["1", "1", "1"]
    load = Load(lambda client, journal: client.archive("contacts", ids, journal=journal))
    load.service.add("contacts", people(1)[0])
    load.paper.left = {0: Left(None, EPOCH)}
    outcome = await load.run()
    assert outcome is not None
    assert outcome.ok
    sizes = [
        len(orjson.loads(request.body)["inputs"])
        for request in load.service.requests
        if request.body
    ]
    assert sizes == [1, 1], "the second and the third go together, after the first"


@virtual_time
async def test_the_object_of_an_earlier_record_is_not_taken_for_that_of_a_later_one() -> None:
    """Both are the same but for their place: the first one is done, the second one in doubt."""
    records = [{"email": "a@x.com"}] * 2
    load = Load(create(records, unique_property="email"), latency=0.01)
    load.service.add("contacts", records[0])
    load.paper.left = {0: Left(S, EPOCH), 1: Left(None, EPOCH)}
    outcome = await load.run()
    assert outcome is not None
    assert [record.status for record in outcome.records] == [S, U]


@pytest.mark.parametrize("creates", [True, False])
@virtual_time
async def test_the_later_twin_of_what_was_done_earlier_is_refused(creates: bool) -> None:
    records = [*people(1), *people(1), *people(1, 1)]
    options: dict[str, Any] = {"duplicates": "refuse"}
    call = create(records, unique_property="email", **options) if creates else None
    load = Load(call or upsert(records, **options), latency=0.01)
    load.paper.left = {0: Left(S, EPOCH)}
    outcome = await load.run()
    assert outcome is not None
    assert [record.status for record in outcome.records] == [S, F, S]
    assert "duplicates are refused" in outcome.records[1].reason
    assert load.stored("contacts", "email") == {"p1@example.com": 1}
