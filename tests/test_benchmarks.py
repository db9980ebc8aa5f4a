"""The benchmarks run from end to end, with their extra and without; what they measure is not judged here."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks._account import AccountPlan, Arrivals, account_server
from benchmarks._canned import SILENT, canned_server
from benchmarks._instructions import (
    MAKING,
    Job,
    available,
    count_instructions,
    per_record,
    work,
)
from benchmarks._lag import percentile
from benchmarks._processes import alone, in_second_process
from benchmarks._tables import Section, Table, Verdict, verdict_table
from benchmarks._use import holds_per_period, most_in_window, reuse, share_of_rest
from benchmarks.consumers import BARE, CONSUMERS, HUBBATCH, PLANNED, missing, way_of
from hubbatch import RateLimit

ROOT = Path(__file__).parent.parent
EXTRA = ("hubspot", "hubspot_sdk", "matplotlib")
TEN_A_SECOND = RateLimit(10, 1.0)
JUDGEMENT = re.compile(r"\| (met|\*\*missed\*\*|not measured) +\|$", re.MULTILINE)

times = st.lists(st.floats(0, 100), max_size=60).map(sorted)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_without_the_extra_a_quick_run_measures_the_rest_and_says_what_it_skips(
    tmp_path: Path,
) -> None:
    page = tmp_path / "page.md"
    hidden = f"import sys; sys.modules.update(dict.fromkeys({EXTRA}))"
    command = f"main(['--quick', '--output', {str(page)!r}])"
    done = run("-c", f"{hidden}; from benchmarks._command import main; {command}")
    text = page.read_text("utf-8")
    for part in (
        *("Skipped: hubspot-sdk (async", "Skipped: hubspot-api-client", "hubspot-sdk (its own"),
        "Plots were skipped: matplotlib is not installed",
    ):
        assert part in text
    assert "![" not in text
    assert [path.name for path in tmp_path.iterdir()] == ["page.md"]
    assert len(JUDGEMENT.findall(text)) == 19
    assert len(JUDGEMENT.findall(done.stdout)) == 19
    assert JUDGEMENT.findall(text).count("not measured") == 4


@pytest.mark.skipif(
    any(find_spec(name) is None for name in EXTRA), reason="needs the extra `bench`"
)
def test_with_the_extra_a_quick_run_measures_everything_and_draws(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    run("-m", "benchmarks", "--quick", "--output", str(page))
    text = page.read_text("utf-8")
    assert re.findall(r"^Skipped: (\w+)", text, re.MULTILINE) == ["instructions"]
    assert "skipped" not in text
    shown = re.findall(r"!\[.+\]\((.+)\)", text)
    assert len(shown) == 8
    for name in shown:
        assert "<svg" in (tmp_path / name).read_text("utf-8")


def test_one_section_is_printed_with_what_it_ran_on_and_nothing_of_this_machine() -> None:
    done = run("-m", "benchmarks", "--quick", "--only", "idle")
    for part in ("python -m benchmarks --quick --only idle`", "CPython", "aiohttp 3", "idle quota"):
        assert part in done.stdout
    assert "idle quota: round 1 of 1" in done.stderr
    assert len(JUDGEMENT.findall(done.stdout)) == 1
    for secret in (str(ROOT), str(Path.home()), platform.node(), "127.0.0.1"):
        assert secret not in done.stdout


def test_a_target_that_is_missed_is_shown_and_no_error() -> None:
    verdicts = [
        Verdict("a", "≤ 1", "2", met=False),
        Verdict("b", "≤ 1", "1", met=True),
        Verdict("c", "≤ 1", "not installed", met=None),
    ]
    table = verdict_table([Section("s", "p", [], verdicts)])
    assert [row[-1] for row in table.rows] == ["**missed**", "met", "not measured"]


def test_a_table_keeps_its_cells_apart() -> None:
    lines = Table(("a", "b"), [("x|y", "1"), ("z", "22")]).markdown.splitlines()
    assert lines == ["| a    | b  |", "| ---- | -- |", "| x\\|y | 1  |", "| z    | 22 |"]


@pytest.mark.parametrize("consumer", CONSUMERS, ids=lambda consumer: consumer.name)
def test_every_consumer_has_the_same_face(consumer: object) -> None:
    (known,) = (item for item in CONSUMERS if item is consumer)
    if missing(known.needs):
        pytest.skip("needs the extra `bench`")
    way = way_of(known)
    assert callable(way.opened)
    assert callable(way.read)


# The arithmetic of quota use


def steady(number: int, period: float = 1.0) -> list[float]:
    """Return arrivals that take a quota of ten a period evenly and in full."""
    return [index * period / 10 for index in range(number)]


def test_a_quota_taken_in_full_is_wholly_used_however_it_is_taken() -> None:
    bursts = [float(index // 10) for index in range(100)]
    assert reuse(steady(100), TEN_A_SECOND) == pytest.approx(1.0)
    assert reuse(bursts, TEN_A_SECOND) == pytest.approx(1.0)


def test_the_first_burst_does_not_make_a_slow_run_look_better() -> None:
    burst = [0.0] * 10 + [1 + index / 5 for index in range(100)]
    assert reuse(burst, TEN_A_SECOND) == pytest.approx(0.5)


def test_a_place_that_stays_empty_for_a_while_is_not_used() -> None:
    assert reuse(steady(100, period=1.25), TEN_A_SECOND) == pytest.approx(0.8)


def test_a_job_that_uses_no_place_twice_tells_nothing() -> None:
    assert reuse([], TEN_A_SECOND) is None
    assert reuse(steady(10), TEN_A_SECOND) is None
    assert share_of_rest([], [], TEN_A_SECOND) is None
    assert share_of_rest([0.0], [], TEN_A_SECOND) is None


def test_without_others_both_measures_agree() -> None:
    arrivals = steady(300, period=1.25)
    assert share_of_rest(arrivals, [], TEN_A_SECOND) == pytest.approx(0.8, abs=0.01)


def test_what_others_leave_is_all_that_counts_beside_them() -> None:
    ours = [index * 0.2 for index in range(200)]
    others = [index * 0.2 + 0.1 for index in range(200)]
    assert share_of_rest(ours, others, TEN_A_SECOND) == pytest.approx(1.0, abs=0.01)
    assert share_of_rest(ours, [], TEN_A_SECOND) == pytest.approx(0.5, abs=0.01)


def test_the_fullest_window_is_found() -> None:
    assert most_in_window([0.0, 0.1, 0.2, 1.05, 1.15, 3.0], 1.0) == 3
    assert most_in_window([0.0, 1.0], 1.0) == 1  # exactly a period old: no longer counted
    assert most_in_window([], 1.0) == 0


def test_refusals_that_were_on_their_way_together_are_one_hold() -> None:
    assert holds_per_period([0.0, 0.1, 0.2], period=1.0, latency=0.2) == 1
    assert holds_per_period([0.0, 0.1, 0.6], period=1.0, latency=0.2) == 2
    assert holds_per_period([0.0, 1.1, 2.2], period=1.0, latency=0.2) == 1
    assert holds_per_period([], period=1.0, latency=0.2) == 0


@given(times)
def test_no_run_that_keeps_to_the_window_uses_more_than_all_of_it(arrivals: list[float]) -> None:
    kept: list[float] = []
    for at in arrivals:
        if len(kept) < 10 or kept[-10] + TEN_A_SECOND.period <= at:
            kept.append(at)
    assert most_in_window(kept, TEN_A_SECOND.period) <= 10
    assert (reuse(kept, TEN_A_SECOND) or 0) <= 1 + 1e-9
    assert (share_of_rest(kept, [], TEN_A_SECOND) or 0) <= 1 + 1e-9


def test_a_percentile_is_one_of_the_times() -> None:
    thousand = [float(index) for index in range(1000)]
    found = [percentile(thousand, part) for part in (0.0, 0.5, 0.999, 1.0)]
    assert found == [0.0, 500.0, 999.0, 999.0]
    assert percentile([], 0.5) == 0.0


# The servers and processes


def test_what_runs_alone_runs_in_another_process() -> None:
    assert alone(os.getpid) != os.getpid()


async def test_an_account_counts_others_apart_and_can_keep_its_quota_to_itself() -> None:
    plan = AccountPlan(RateLimit(50, 60.0), latency=0.0, tells=False, others=1.0)
    with in_second_process(account_server, plan) as account:
        async with aiohttp.ClientSession(headers={"Authorization": "Bearer t"}) as session:
            url = f"{account.greeting}/crm/v3/objects/contacts/batch/upsert"
            body = {"inputs": [{"id": "a@b.c", "idProperty": "email", "properties": {}}]}
            answers = []
            for _ in range(60):
                async with session.post(url, json=body) as response:
                    answers.append((response.status, list(response.headers)))
        arrivals: Arrivals = account.ask()
    accepted = sum(status == 200 for status, _ in answers)
    assert accepted == len(arrivals.accepted)
    assert len(arrivals.refused) == 60 - accepted
    assert len(arrivals.others) == 50 - accepted > 0
    assert arrivals.stored == 1
    assert not any("ratelimit" in name.lower() for _, names in answers for name in names)


@pytest.mark.skipif(not available(), reason="needs valgrind")
def test_instructions_are_counted_and_hardly_vary() -> None:
    few, more = (count_instructions(f"for _ in range({number}): pass") for number in (1, 100_000))
    assert 1_000_000 < more - few < 100_000_000


def test_what_is_counted_runs() -> None:
    with in_second_process(canned_server) as server:
        for url in (server.greeting, server.greeting + SILENT):
            alone(work, "hubbatch, create", url, 30, 3)
        for name in (MAKING, BARE.name, PLANNED.name, HUBBATCH.name):
            alone(work, name, server.greeting, 30, 3)


def test_what_making_the_records_takes_is_not_counted() -> None:
    job, making = Job(HUBBATCH.name, 6), Job(MAKING, 6)
    counts = {job: (5_000_000, 5_600_000), making: (1_000_000, 1_200_000)}
    assert per_record(counts, (10, 20)) == {job: 40_000}
