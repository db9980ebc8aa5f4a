"""The command line: `python -m benchmarks` measures everything and prints two tables."""

from __future__ import annotations

import argparse
import sys

from benchmarks._overhead import measure_overhead
from benchmarks._quota import Job, measure_quota
from benchmarks._report import facts, overhead_table, quota_table
from benchmarks._servers import SandboxPlan
from hubbatch import RateLimit

_JOBS = (
    Job("idle quota", 5_000, SandboxPlan(RateLimit(190, 10.0), 0.2)),
    Job("busy quota", 30_000, SandboxPlan(RateLimit(190, 1.0), 0.05)),
    Job("real time", 60_000, SandboxPlan(RateLimit(190, 10.0), 0.2)),
)
_QUICK_JOBS = (
    Job("idle quota", 500, SandboxPlan(RateLimit(190, 10.0), 0.01)),
    Job("busy quota", 1_500, SandboxPlan(RateLimit(10, 0.2), 0.01)),
)


def main(arguments: list[str]) -> None:
    """Measure, and print the tables; what is short of its target is shown and is not an error."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--records", type=int, default=30_000, help="a round of the overhead table")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    options = parser.parse_args(arguments)
    if options.quick:
        options.records, options.rounds = 500, 1
    print(facts(arguments), flush=True)
    overheads = [
        measure_overhead(
            properties=properties, records=options.records, rounds=options.rounds, say=_say
        )
        for properties in (6, 20)
    ]
    print(f"\n{overhead_table(overheads, records=options.records, rounds=options.rounds)}")
    uses = []
    for job in _QUICK_JOBS if options.quick else _JOBS:
        _say(f"quota, {job.name}: {job.records:,} records")
        uses.append(measure_quota(job))
    print(f"\n{quota_table(uses)}")


def _say(text: str) -> None:
    """Show progress apart from the results."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
