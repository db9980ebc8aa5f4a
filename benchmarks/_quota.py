"""How well a quota is used, by hubbatch and by others, judged by when requests arrived at the server.

What makes up a job is a table elsewhere, and so is the arithmetic.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks._jobs import HUBSPOTS_PERIOD, LONG, SHARED, SILENT, Trial, carry_out, undertakings
from benchmarks._size import Size
from benchmarks._tables import Line, Plot, Section, Table, Verdict
from benchmarks._use import (
    count_in_window,
    holds_per_period,
    most_in_window,
    reuse,
    share_of_rest,
)
from benchmarks.consumers import missing
from benchmarks.consumers._pace import SMALL_BATCH

__all__ = ["measure_quota", "used"]

_POINTS_PER_PERIOD = 20

_PROSE = """\
Every job takes what the quota gives, for {windows} periods of {period:g} s, against the sandbox's rolling window, and
is judged by when its requests arrived there. {scaled}
All jobs run at the same time, each account and each consumer in a process of its own. Requests carry {batch} records,
for the quota counts requests, and on a small machine nobody is to be held up by CPU. One long run each, no medians.

- *used*: the period over the mean time until a place in the window is used again, after the first period (without
  headers: after three). A rolling window lets each place be used once a period, so 1 is the most. With another
  consumer: what is ours of what it leaves, on average over time; what it was refused counts as left.
- *most sent*: requests, refused ones included, in any window. *holds*: bursts of refusals within one period, at most.
- The other consumer comes ten times a period on average, at any time, for anything between nothing and twice its mean,
  and drops what is refused. What it sends while a request is on its way nobody can know, and a 429 holds all for
  a whole period: the later answers tell what it uses, the less of what it leaves can be used without being refused.
- Without headers one job begins with hubbatch's own guess, the other is given a `RateLimit` that is too high.
- `AsyncLimiter(limit, period)`: every request a task, gathered, sent again after a 429 with exponential back-off.
  hubspot-sdk: 32 workers, `max_retries=10`. hubbatch: its defaults."""
_REAL = "Nothing is scaled."
_SCALED = "**Time is scaled**: a period stands for HubSpot's 10 s, latencies and the others' back-offs likewise."


def measure_quota(size: Size) -> Section:
    """Carry out all jobs whose libraries are here."""
    jobs = undertakings(size)
    here = [job for job in jobs if not missing(job.needs)]
    with ThreadPoolExecutor(len(here)) as threads:
        pending = []
        for job in here:
            pending.append(threads.submit(carry_out, job))
            time.sleep(size.apart)  # whoever starts takes CPU from those that are at work
        trials = [each.result() for each in pending]
    header = (
        *("job", "consumer", "account", "limit", "used", "accepted", "429s", "most sent", "holds"),
        *("other consumer got", "given up", "ended by"),
    )
    return Section(
        title="The quota",
        prose=_PROSE.format(
            windows=size.windows,
            period=size.period,
            scaled=_REAL if size.period == HUBSPOTS_PERIOD else _SCALED,
            batch=SMALL_BATCH,
        ),
        tables=[Table(header, [_row(trial) for trial in trials])],
        verdicts=[_judge(trial) for trial in trials if trial.undertaking.judged],
        plots=list(_plots(trials)),
        skipped=[
            f"{job.consumer}: its library is not installed (extra `bench`)"
            for job in jobs
            if job not in here
        ],
    )


def used(trial: Trial) -> float | None:
    """Return the part of the quota that was used, or of what others left of it."""
    arrivals, plan = trial.arrivals, trial.undertaking.plan
    after = trial.undertaking.kind.after
    if plan.others:
        return share_of_rest(arrivals.accepted, arrivals.others, plan.rate_limit, after=after)
    return reuse(arrivals.accepted, plan.rate_limit, after=after)


def _most_sent(trial: Trial) -> int:
    sent = sorted((*trial.arrivals.accepted, *trial.arrivals.refused))
    return most_in_window(sent, trial.undertaking.plan.rate_limit.period)


def _holds(trial: Trial) -> int:
    plan = trial.undertaking.plan
    return holds_per_period(trial.arrivals.refused, plan.rate_limit.period, plan.latency)


def _row(trial: Trial) -> Sequence[str]:
    job, arrivals, share = trial.undertaking, trial.arrivals, used(trial)
    wanted = arrivals.others_wanted
    return (
        job.kind.name,
        job.consumer,
        job.circumstances,
        f"{job.plan.rate_limit.max_requests} / {job.plan.rate_limit.period:g} s",
        "-" if share is None else f"{share:.3f}",
        f"{len(arrivals.accepted):,}",
        f"{len(arrivals.refused):,}",
        f"{_most_sent(trial)}",
        f"{_holds(trial)}",
        f"{len(arrivals.others):,} of {wanted:,}" if wanted else "-",
        f"{trial.given_up}",
        trial.error or "time",
    )


def _judge(trial: Trial) -> Verdict:
    """Judge a job: how much of the quota was used, and how politely."""
    job, arrivals, share = trial.undertaking, trial.arrivals, used(trial)
    kind, limit = job.kind, job.plan.rate_limit.max_requests
    refused = len(arrivals.refused) / max(1, len(arrivals.accepted) + len(arrivals.refused))
    if kind.most_refused is None:
        polite, manners = _holds(trial) <= 1, f"{_holds(trial)} holds a window"
        target = f"≥ {kind.least} after three windows, at most one 429 hold a window"
    elif kind.most_refused:
        wanted = arrivals.others_wanted
        polite, manners = (
            refused <= kind.most_refused,
            (f"{refused:.2%} 429s; the other got {len(arrivals.others) / max(1, wanted):.0%}"),
        )
        target = f"≥ {kind.least:.2f} of what is left, 429s ≤ {kind.most_refused:.0%}"
    else:
        polite = not arrivals.refused and _most_sent(trial) <= limit
        manners = (
            f"{len(arrivals.refused)} 429s, at most {_most_sent(trial)} of {limit} in a window"
        )
        target = f"≥ {kind.least}, no 429, never above the window"
    amount = "too short to tell" if share is None else f"{share:.3f}"
    return Verdict(
        f"quota used: {kind.name}, {job.circumstances}",
        target,
        f"{amount}, {manners}" + (f"; {trial.error}" if trial.error else ""),
        share is not None and share >= kind.least and polite and trial.error is None,
    )


_TITLES = {
    LONG: ("quota-alone", "Quota in use, nobody else there"),
    SILENT: ("quota-silent", "Quota in use without headers, after a wrong first guess"),
}


def _plots(trials: Iterable[Trial]) -> Iterable[Plot]:
    for kind, (name, title) in _TITLES.items():
        those = [trial for trial in trials if trial.undertaking.kind is kind]
        yield _plot(name, title, [line for trial in those for line in _lines(trial)])
    for trial in trials:
        if trial.undertaking.kind is SHARED:
            part, latency = trial.undertaking.plan.others, trial.undertaking.latency
            title = (
                f"Quota in use beside another consumer that takes {part:.0%}, latency {latency:g} s"
            )
            name = f"quota-shared-{part * 100:.0f}-{latency * 1000:.0f}ms"
            yield _plot(name, title, list(_lines(trial)))


def _plot(name: str, title: str, lines: Sequence[Line]) -> Plot:
    return Plot(name, title, "time, periods", "part of the limit in the window", lines)


def _lines(trial: Trial) -> Iterable[Line]:
    """Show what was accepted of ours in the window that ends at each time, and what others took."""
    job, arrivals = trial.undertaking, trial.arrivals
    if not arrivals.accepted:
        return
    limit, start = job.plan.rate_limit, arrivals.accepted[0]
    periods = (arrivals.accepted[-1] - start) / limit.period
    xs = [step / _POINTS_PER_PERIOD for step in range(int(periods * _POINTS_PER_PERIOD) + 1)]
    for name, times, dashed in (
        (f"{job.consumer}, {job.circumstances}", arrivals.accepted, False),
        ("the other consumer", arrivals.others, True),
    ):
        if times:
            counts = (count_in_window(times, start + x * limit.period, limit.period) for x in xs)
            yield Line(name, xs, [count / limit.max_requests for count in counts], dashed)
