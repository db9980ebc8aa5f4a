"""The law of conservation, held against the sandbox's own store under random faults, styles and stops."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

from attrs import evolve, frozen
from event_checks import check_events
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import World, drip

from hubbatch import BatchStatus, Outcome, RateLimit, RecordStatus, Run, in_blocks
from hubbatch.events import Event
from hubbatch.sandbox import ConflictShape, Fault, FaultKind
from hubbatch.testing import VirtualTimeLoop, run_in_virtual_time

settings.register_profile(
    "quick",
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile(
    "thorough", settings.get_profile("quick"), max_examples=int(os.environ.get("N", "20000"))
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

QUOTA = RateLimit(20, 10.0)
TAKEN = {0, 14, 28}
"""Keys whose addresses belong to others."""

ODD = {
    "phone": "+49 (731) 12-34",
    "amount": "0100.50",
    "due": "2026-03-01T12:00:00.000Z",
    "city": " U\u0308lm ",
}
"""Values that HubSpot spells in its own way."""

CLIENT_RATES = {"none": RateLimit(10_000, 1.0), "learned": None, "pinned": QUOTA}


@frozen
class Story:
    """One run: what is sent, what goes wrong, how it ends."""

    verb: str
    keys: list[int]
    broken: set[int]
    faults: list[Fault | None]
    batch_size: int
    max_concurrency: int
    duplicates: str
    echo_trace_ids: str
    multi_status: bool
    habits: dict[str, Any]
    source: str
    stop_at: int | None
    cancel_after: float | None
    raise_at: int | None
    quota: str
    unique: bool
    missing_read_status: int
    name_existing_id: bool
    seed: int


faults = st.builds(
    Fault,
    st.sampled_from(sorted(FaultKind)),
    count=st.integers(1, 3),
    delay=st.sampled_from([1.0, 59.0, 120.0]),
    body_limit=st.sampled_from([0, 200, 600]),
    retry_after=st.sampled_from(
        [None, 1.0, 7.0, 3600.0, "1e9", "inf", "soon", "Fri, 31 Dec 9999 23:59:59 GMT"]
    ),
)
habits = st.fixed_dictionaries(
    {
        "reject_whole_batch": st.booleans(),
        "conflict_shape": st.sampled_from(sorted(ConflictShape)),
        "existing_id_in_context": st.booleans(),
        "missing_rejects_batch": st.booleans(),
        "missing_trace_ids": st.booleans(),
        "respell": st.booleans(),
        "read_lag": st.sampled_from([0.0, 0.0, 12.0, 30.0]),
        "string_contexts": st.booleans(),
    }
)
"""How the service behaves where it has been seen to behave in more than one way."""
stories = st.builds(
    Story,
    verb=st.sampled_from(["create", "update", "upsert", "archive", "read"]),
    keys=st.lists(st.integers(0, 30), max_size=40),
    broken=st.sets(st.integers(0, 40), max_size=4),
    faults=st.lists(st.none() | faults, max_size=12),
    batch_size=st.integers(1, 9),
    max_concurrency=st.integers(1, 5),
    duplicates=st.sampled_from(["serial", "merge", "refuse"]),
    echo_trace_ids=st.sampled_from(["all", "some", "none"]),
    multi_status=st.booleans(),
    habits=habits,
    source=st.sampled_from(["quick", "slow", "blocking", "in blocks"]),
    stop_at=st.none() | st.integers(0, 40),
    cancel_after=st.none() | st.floats(0, 3),
    raise_at=st.none() | st.integers(0, 40),
    quota=st.sampled_from(["none", "learned", "pinned"]),
    unique=st.booleans(),
    missing_read_status=st.sampled_from([207, 404]),
    name_existing_id=st.booleans(),
    seed=st.integers(0, 1000),
)


class SourceError(Exception):
    """A source's own exception."""


class Trial:
    """Tells one story to a sandbox and keeps what both sides say."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.events: list[Event] = []
        self.world = World(
            observers=[self.events.append] if story.seed % 2 else [],
            faults=story.faults,
            rate_limit=None if story.quota == "none" else QUOTA,
            client_rate=CLIENT_RATES[story.quota],
            latency=(0.01, 0.4),
            max_concurrency=story.max_concurrency,
            echo_trace_ids=story.echo_trace_ids,
            update_rejects_whole_batch=not story.multi_status,
            conflicts_reject_batch=not story.multi_status,
            missing_read_status=story.missing_read_status,
            name_existing_id=story.name_existing_id,
            seed=story.seed,
            noise=True,
            **story.habits,
        )
        service = self.world.service
        service.define_property("contacts", "ref", unique=True)
        self.ids = {
            key: service.add("contacts", {"ref": f"r{key}", "email": f"k{key}@example.com"}).id
            for key in range(0, 30, 2)
        }
        self.records = [self.record(index, key) for index, key in enumerate(story.keys)]
        self.taken = 0
        self.blocks: AsyncIterator[Any] | None = None
        self.run: Run | None = None
        self.error: BaseException | None = None

    def record(self, index: int, key: int) -> Any:
        if index in self.story.broken:
            return {"email": float("nan"), "ref": None}
        match self.story.verb:
            case "create":
                taken = key in TAKEN
                address = f"{'k' if taken else 'new'}{key}@example.com"
                return {"email": address, "note": f"n{index}", **ODD}
            case "update":
                return {"id": self.ids.get(key, f"9{key}"), "note": f"n{index}", **ODD}
            case "upsert":
                return {"ref": f"r{key}", "note": f"n{index}", **ODD}
            case _:
                return self.ids.get(key, f"9{key}")

    def source(self) -> Any:
        def plain() -> Any:
            for index, record in enumerate(self.records):
                if index == self.story.raise_at:
                    raise SourceError
                if self.story.source == "blocking":
                    loop = asyncio.get_running_loop()
                    assert isinstance(loop, VirtualTimeLoop)
                    loop.spend(0.06)
                self.taken = index + 1
                yield record

        if self.story.source == "in blocks":
            self.blocks = in_blocks(self.in_lists(plain()))
            return self.blocks
        return drip(plain(), 0.02) if self.story.source == "slow" else plain()

    async def in_lists(self, records: Iterator[Any]) -> AsyncIterator[list[Any]]:
        sizes = random.Random(self.story.seed)
        while self.run is not None and not self.run.done:
            await asyncio.sleep(sizes.choice([0.0, 0.2]))
            block: list[Any] = []
            try:
                block.extend(itertools.islice(records, size := sizes.randrange(15)))
            except SourceError:
                yield block  # with what came before
                raise
            yield block
            if len(block) < size:
                return

    async def tell(self) -> None:
        story = self.story
        async with self.world as world:
            await asyncio.sleep(100)  # what is there was there before
            verb = getattr(world.client, story.verb)
            options: dict[str, Any] = {
                "batch_size": story.batch_size,
                "duplicates": story.duplicates,
                "keep": "all",
            }
            if story.verb == "upsert":
                options["id_property"] = "ref"
            if story.verb == "create" and story.unique:
                options["unique_property"] = "email"
            self.run = verb("contacts", self.source(), **options)
            task = asyncio.create_task(self.consume(self.run))
            if story.cancel_after is not None:
                asyncio.get_running_loop().call_later(story.cancel_after, task.cancel)
            try:
                await task
            except (Exception, asyncio.CancelledError) as error:  # whatever came out
                self.error = error
            if self.blocks is not None:  # which still has what was not taken
                self.taken -= len([record async for record in self.blocks])

    async def consume(self, run: Run) -> None:
        seen = 0
        async with run:
            async for _ in run:
                seen += 1
                if seen == self.story.stop_at:
                    await run.stop()

    def check(self) -> None:
        assert self.run is not None
        outcome = self.run.outcome
        counts = outcome.counts
        assert counts.total == self.taken == len(outcome.records)
        assert [record.index for record in outcome.records] == list(range(self.taken))
        by_status = Counter(record.status for record in outcome.records)
        assert by_status[RecordStatus.SUCCEEDED] == counts.succeeded
        assert by_status[RecordStatus.FAILED] == counts.failed
        assert by_status[RecordStatus.UNKNOWN] == counts.unknown
        assert by_status[RecordStatus.UNSENT] == counts.unsent
        assert outcome.num_errors == len(outcome.errors)
        for record in outcome.records:
            assert record.input is self.records[record.index]
            if record.status in {RecordStatus.FAILED, RecordStatus.UNKNOWN}:
                assert record.error is not None
                assert record.error in outcome.errors
                assert record.index in record.error.indexes
        if self.error is None and self.story.stop_at is None:
            assert outcome.status is not BatchStatus.CANCELED
            assert counts.unsent == 0
        if counts.unsent:
            assert outcome.status is BatchStatus.CANCELED
        assert outcome.results == [
            record.result
            for record in outcome.records
            if record.status is RecordStatus.SUCCEEDED and record.result is not None
        ]
        assert self.world.transport.most_in_flight <= self.story.max_concurrency
        if self.story.quota == "pinned":
            assert not [
                request
                for request in self.world.service.requests
                if request.status == 429 and request.fault is None
            ]
        assert Outcome.from_dict(outcome.to_dict()).to_dict() == outcome.to_dict()
        if self.story.verb in {"create", "update", "upsert"}:
            self.check_store(outcome)
        if self.story.verb == "archive":
            self.check_archived(outcome)
        if self.events:
            check_events(self.events, self.run)
            self.check_secrets()

    def check_secrets(self) -> None:
        """No event holds a property's value, a key or a token."""
        shown = repr(self.events)
        for secret in (
            "example",
            "made-up",
            "+49",
            "\u0308lm",
            *(f"'{id_}'" for id_ in self.ids.values()),
        ):
            assert secret not in shown

    def check_store(self, outcome: Outcome) -> None:
        """The store is the witness: succeeded is stored, failed and unsent are not."""
        notes = Counter(
            stored.properties.get("note")
            for stored in self.world.service.objects("contacts").values()
        )
        written = {write_note for write_note in notes if write_note is not None}
        addresses = Counter(
            email
            for stored in self.world.service.objects("contacts").values()
            if (email := stored.properties.get("email")) is not None
        )
        assert max(addresses.values(), default=0) <= 1, "created twice"
        merged = self.story.duplicates == "merge"
        for record in outcome.records:
            note = f"n{record.index}"
            if (
                record.status is RecordStatus.SUCCEEDED
                and self.story.verb == "create"
                and not merged
            ):
                assert notes[note] == 1, f"a create that succeeded is stored {notes[note]} times"
            elif record.status is RecordStatus.SUCCEEDED:
                assert record.result is not None
                stored = self.world.service.objects("contacts")[record.result.id]
                assert stored.writes >= 1
                if not merged:
                    later = self.notes_after(record.index)
                    assert stored.properties["note"] in {note, *later}
            elif record.status in {RecordStatus.FAILED, RecordStatus.UNSENT}:
                assert note not in written, f"{record.status}, and yet stored: {record}"
            assert notes[note] <= 1, "written twice"

    def check_archived(self, outcome: Outcome) -> None:
        """Archived is what succeeded; what failed, or was never sent, is untouched."""
        stored = self.world.service.objects("contacts")
        done = {
            record.input for record in outcome.records if record.status is RecordStatus.SUCCEEDED
        }
        doubtful = {
            record.input for record in outcome.records if record.status is RecordStatus.UNKNOWN
        }
        for record in outcome.records:
            if not isinstance(record.input, str):
                continue
            there = record.input in stored and not stored[record.input].archived
            if record.status is RecordStatus.SUCCEEDED:
                assert not there, f"archived, and yet there: {record}"
            elif record.status is not RecordStatus.UNKNOWN and record.input in self.ids.values():
                assert there or record.input in done | doubtful, f"{record.status}, and yet gone"

    def notes_after(self, index: int) -> set[str]:
        key = self.story.keys[index]
        return {
            f"n{later}"
            for later in range(index + 1, len(self.story.keys))
            if self.story.keys[later] == key
        }


@given(stories)
def test_every_record_is_in_exactly_one_true_state(story: Story) -> None:
    trial = Trial(story)
    run_in_virtual_time(trial.tell())
    trial.check()


@given(stories)
def test_a_good_service_leaves_nothing_in_doubt(story: Story) -> None:
    """Without faults, stops or raising sources every record succeeds or is refused for its own sake."""
    calm = evolve(story, faults=[], stop_at=None, cancel_after=None, raise_at=None)
    trial = Trial(calm)
    run_in_virtual_time(trial.tell())
    trial.check()
    assert trial.error is None
    assert trial.run is not None
    counts = trial.run.outcome.counts
    assert counts.unknown == counts.unsent == 0
    assert trial.run.outcome.status is BatchStatus.COMPLETE


# Where a front cannot reach the service three times running, the run ends.
ORIGIN_TROUBLE = {
    FaultKind.CONNECT_TIMEOUT_AFTER_WRITE,
    FaultKind.TLS_FAILED_AFTER_WRITE,
    FaultKind.TLS_INVALID_AFTER_WRITE,
    FaultKind.ORIGIN_DNS_AFTER_WRITE,
}

doubts = st.sampled_from(
    [
        kind
        for kind in FaultKind
        if (kind.writes and not kind.stops and kind not in ORIGIN_TROUBLE)
        or kind in {FaultKind.RESET, FaultKind.OMITTED}
    ]
)


@given(
    stories,
    st.lists(st.none() | st.builds(Fault, doubts, count=st.integers(1, 9)), max_size=4),
)
def test_a_unique_property_settles_every_doubt(story: Story, faults: list[Fault | None]) -> None:
    """A few lost answers, whether written or not: nothing stays in doubt, nothing is lost, nothing is twice there."""
    keys = [key for key in dict.fromkeys(story.keys) if key not in TAKEN]
    trial = Trial(
        evolve(
            story,
            verb="create",
            unique=True,
            keys=keys,
            broken=set(),
            faults=faults,
            stop_at=None,
            cancel_after=None,
            raise_at=None,
        )
    )
    run_in_virtual_time(trial.tell())
    trial.check()
    assert trial.error is None
    assert trial.run is not None
    assert trial.run.outcome.ok, trial.run.outcome.errors
    assert trial.run.outcome.counts.succeeded == len(keys)
