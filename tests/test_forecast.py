"""How long a run will still take: right from the first seconds on, whatever sets its pace."""

from __future__ import annotations

import asyncio

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import World, people, upsert

from hubbatch import Counts, Progress, RateLimit
from hubbatch._forecast import History, Sample
from hubbatch.sandbox import Fault, FaultKind
from hubbatch.testing import virtual_time

QUOTA = RateLimit(190, 10.0)


@pytest.mark.parametrize(
    ("records", "quota", "latency", "at_once", "after"),
    [
        (25_000, QUOTA, 0.05, None, 3.0),
        (50_000, QUOTA, 0.2, None, 3.0),
        (15_000, RateLimit(40, 10.0), (0.5, 1.0), None, 3.0),
        (10_000, QUOTA, 2.0, 4, 12.0),
    ],
)
@virtual_time
async def test_the_estimate_is_right_from_the_first_seconds_on(
    records: int, quota: RateLimit, latency: float, at_once: int | None, after: float
) -> None:
    async with World(
        rate_limit=quota, latency=latency, client_rate=None, max_concurrency=at_once
    ) as world:
        run = upsert(world, people(records), keep="none").start()
        seen = []
        while not run.done:
            await asyncio.sleep(0.2)
            progress = run.progress
            seen.append((progress.elapsed, progress.eta))
        end = run.progress.elapsed
        assert (await run.wait()).ok

    assert len(seen) > 40
    slack = 1.5 if at_once is None else 2.5  # an answer takes two seconds there
    for at, left in seen:
        if at < after:
            continue
        assert left is not None
        assert abs(end - at - left) < slack + 0.12 * (end - at), f"{left} at {at} of {end}"


AT_WORK = Progress(
    counts=Counts(2_000, 990, 10, 100, 900),
    total=4_000,
    settled=1_000,
    in_flight=100,
    requests=11,
    retries=0,
    elapsed=2.0,
    quota_used=11,
    quota=190,
    quota_period=10.0,
)


def test_a_run_of_which_nobody_looked_before_has_an_estimate_of_its_own() -> None:
    late = attrs.evolve(
        AT_WORK,
        settled=38_000,
        in_flight=0,
        requests=380,
        elapsed=11.0,
        quota_used=190,
        total=95_000,
    )
    assert late.eta is not None
    assert 25 < late.eta < 35  # 570 requests: after 20, 30 and 40 s
    assert (95_000 - 38_000) / late.records_per_second < 17  # what the rate so far would say


@virtual_time
async def test_a_reading_tells_when_it_will_have_given_all() -> None:
    async with World(rate_limit=QUOTA, latency=0.5) as world:
        for person in people(1_000):
            world.service.add("contacts", person)
        reader, seen = world.client.search("contacts", page_size=50), []
        async for _ in reader:
            progress = reader.progress
            seen.append((progress.elapsed, progress.eta))
        end = reader.progress

    assert end.eta == 0.0
    assert end.batch_size == 50
    assert end.elapsed > 9
    for at, left in seen[249::50]:  # a page was given
        assert left is not None
        assert abs(end.elapsed - at - left) < 1.5


def test_there_is_no_estimate_without_a_total_or_with_the_circuit_breaker_open() -> None:
    assert attrs.evolve(AT_WORK, total=None).eta is None
    assert attrs.evolve(AT_WORK, service_down=True).eta is None
    assert attrs.evolve(AT_WORK, requests=0, settled=0, in_flight=0).eta is None


def test_a_source_that_cannot_tell_its_length_has_an_estimate_for_one_that_is_given() -> None:
    assert attrs.evolve(AT_WORK, total=None).seconds_left(4_000) == AT_WORK.eta


def test_a_hold_counts_in_full() -> None:
    free, held = AT_WORK.eta, attrs.evolve(AT_WORK, hold=60.0)
    assert free is not None
    assert held.eta == free + 60.0
    assert held.seconds_left(1_100) == 60.0  # what is in flight may have to be sent again
    assert held.seconds_left(1_000) == 0.0


@pytest.mark.parametrize(
    ("requests_left", "seconds"), [(3, 0.0), (4, 10.0), (43, 10.0), (363, 90.0), (403, 100.0)]
)
def test_a_quota_that_is_not_used_up_yet_has_room_for_one_period_more(
    requests_left: int, seconds: float
) -> None:
    begun = attrs.evolve(
        AT_WORK, settled=3_700, in_flight=0, requests=37, quota_used=37, quota=40, elapsed=0.1
    )
    left = begun.seconds_left(3_700 + 100 * requests_left)
    assert left is not None
    assert left == pytest.approx(seconds, abs=0.11)


def test_records_that_an_earlier_process_settled_make_no_request_fuller() -> None:
    resumed = attrs.evolve(AT_WORK, settled=1_001_000, settled_earlier=1_000_000)
    assert resumed.recent_records_per_second == 500
    assert resumed.seconds_left(1_004_000) == AT_WORK.seconds_left(4_000)


@given(
    st.lists(
        st.builds(
            Progress,
            counts=st.just(Counts()),
            total=st.none(),
            settled=st.integers(0, 10**7),
            in_flight=st.integers(0, 10**4),
            requests=st.integers(0, 10**6),
            retries=st.just(0),
            elapsed=st.floats(0, 10**6),
            quota_used=st.integers(0, 1000),
            quota=st.integers(0, 1000),
            quota_period=st.floats(0.001, 86_400),
            hold=st.floats(0, 3600),
        ),
        min_size=1,
    ).map(lambda each: sorted(each, key=lambda progress: (progress.elapsed, progress.requests))),
    st.integers(0, 10**8),
)
def test_any_progress_has_an_estimate_that_is_not_negative(
    seen: list[Progress], total: int
) -> None:
    history = History()
    for each in seen:
        progress = attrs.evolve(each, earlier=history.samples)
        history.note(progress.sample, progress.quota_period)
        left = progress.seconds_left(total)
        assert left is None or 0 <= left < float("inf")
        assert len(history.samples) <= 64
        assert progress == each


@pytest.mark.parametrize(("latency", "at_once"), [(0.1, None), (2.0, 8)])
@virtual_time
async def test_the_estimate_counts_down_during_a_hold(latency: float, at_once: int | None) -> None:
    refusal = Fault(FaultKind.RATE_ROLLING, retry_after=45)
    faults = [None] * 59 + [refusal]
    async with World(
        rate_limit=RateLimit(100, 10.0),
        latency=latency,
        faults=faults,
        client_rate=None,
        max_concurrency=at_once,
    ) as world:
        run = upsert(world, people(30_000), keep="none").start()
        held = []
        while not run.done:
            await asyncio.sleep(0.2)
            progress = run.progress
            if progress.hold > 1 and progress.retries:
                held.append((progress.elapsed, progress.eta))
        end = run.progress.elapsed
        assert (await run.wait()).ok

    assert held[-1][0] - held[0][0] > 40
    for at, left in held:
        assert left is not None
        assert abs(end - at - left) < 4 + 0.12 * (end - at), f"{left} at {at} of {end}"


def test_what_a_forecast_looks_back_on_is_bounded_whatever_holds_it() -> None:
    history = History()
    for number in range(100_000):
        held = number % 3 > 0
        history.note(Sample(number * 0.7, number, number, 0, 0.1, 5.0 if held else 0.0), 10.0)
    assert len(history.samples) <= 150
