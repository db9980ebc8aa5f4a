"""How long a run will still take: right from the first seconds on, whatever sets its pace."""

from __future__ import annotations

import asyncio

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import World, people, upsert

from hubbatch import Counts, Progress, RateLimit
from hubbatch.cli._forecast import Forecast
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
        forecast, seen = Forecast(), []
        while not run.done:
            await asyncio.sleep(0.2)
            forecast.note(run.progress)
            left = forecast.seconds_left(run.progress, records)
            seen.append((run.progress.elapsed, left))
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


def forecast(progress: Progress, total: int | None) -> float | None:
    estimate = Forecast()
    estimate.note(progress)
    return estimate.seconds_left(progress, total)


def test_nobody_can_say_without_a_total_or_with_the_circuit_breaker_open() -> None:
    assert forecast(AT_WORK, None) is None
    assert forecast(attrs.evolve(AT_WORK, service_down=True), 4_000) is None
    assert forecast(attrs.evolve(AT_WORK, requests=0, settled=0, in_flight=0), 4_000) is None


def test_a_hold_counts_in_full() -> None:
    free, held = forecast(AT_WORK, 4_000), forecast(attrs.evolve(AT_WORK, hold=60.0), 4_000)
    assert free is not None
    assert held == free + 60.0
    assert forecast(attrs.evolve(AT_WORK, hold=5.0), 1_000) == 5.0


@pytest.mark.parametrize(
    ("requests_left", "seconds"), [(3, 0.0), (4, 10.0), (43, 10.0), (363, 90.0), (403, 100.0)]
)
def test_a_quota_that_is_not_used_up_yet_has_room_for_one_period_more(
    requests_left: int, seconds: float
) -> None:
    begun = attrs.evolve(
        AT_WORK, settled=3_700, in_flight=0, requests=37, quota_used=37, quota=40, elapsed=0.1
    )
    left = forecast(begun, 3_700 + 100 * requests_left)
    assert left is not None
    assert left == pytest.approx(seconds, abs=0.11)


def test_records_that_an_earlier_process_settled_make_no_request_fuller() -> None:
    resumed = attrs.evolve(AT_WORK, settled=1_001_000)
    left = forecast(resumed, 1_001_100 + 19_000)
    assert left is not None
    assert left > 9.0


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
    estimate = Forecast()
    for progress in seen:
        estimate.note(progress)
        left = estimate.seconds_left(progress, total)
        assert left is None or 0 <= left < float("inf")
        assert len(estimate._samples) <= 305
