"""Pace of `hubbatch upsert` from a CSV file beside the library's from memory, in turn, each in a process of its own.

`python -m benchmarks._files` prints a line for each width of records; `--records` and `--rounds` make it shorter. The
server is a process of its own, answers from what it is asked and knows no quota. A command's time is its whole
process', start-up included.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from attrs import frozen

from benchmarks._canned import canned_server
from benchmarks._processes import alone, in_second_process
from benchmarks._progress import say
from benchmarks._records import contacts
from benchmarks.consumers import TOKEN
from hubbatch import Client, RateLimit

__all__ = ["main"]

_RECORDS, _ROUNDS, _WIDTHS = 200_000, 5, (6, 20)
_MODES: Mapping[str, Sequence[str]] = {
    "alone": (),
    "with --results and --rejects": ("--results", "done.csv", "--rejects", "bad.csv"),
    "and --journal": (
        *("--results", "done.csv", "--rejects", "bad.csv"),
        *("--journal", "load.journal"),
    ),
}
_ROOT = Path(__file__).parent.parent


@frozen
class _Spent:
    """What so many records took, in seconds."""

    clock: float
    cpu: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the medians of the ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks._files", description=__doc__)
    parser.add_argument("--records", type=int, default=_RECORDS)
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    given = parser.parse_args(arguments)
    with in_second_process(canned_server) as server, tempfile.TemporaryDirectory() as folder:
        for width in _WIDTHS:
            source = Path(folder, f"contacts-{width}.csv")
            _write(source, contacts(given.records, width))
            spent = [
                _round(server.greeting, source, given.records, width, number)
                for number in range(given.rounds)
            ]
            print(f"{given.records:,} records of {width} properties:")
            for mode in _MODES:
                print(f"  {mode}: {_compared(spent, mode)}")


def _round(base_url: str, source: Path, records: int, width: int, number: int) -> dict[str, _Spent]:
    say(f"files, {width} properties: round {number + 1}")
    spent = {"memory": alone(from_memory, base_url, records, width)}
    return spent | {mode: _from_file(base_url, source, _MODES[mode]) for mode in _MODES}


def _compared(rounds: Sequence[Mapping[str, _Spent]], mode: str) -> str:
    """Say how a way to load compares with the library from memory: medians of the ratios within rounds."""
    pace = median(spent["memory"].clock / spent[mode].clock for spent in rounds)
    cpu = median(spent["memory"].cpu / spent[mode].cpu for spent in rounds)
    return f"{pace:.2f} times the library's pace from memory, {1 / cpu:.2f} times its CPU"


def from_memory(base_url: str, records: int, width: int) -> _Spent:
    """Upsert a list of records and return what that took, without start-up."""
    return asyncio.run(_from_memory(base_url, contacts(records, width)))


async def _from_memory(base_url: str, people: Sequence[Mapping[str, str]]) -> _Spent:
    limit = RateLimit(1_000_000, 1.0)
    async with Client(TOKEN, base_url=base_url, rate_limit=limit) as client:
        clock, cpu = time.perf_counter(), time.process_time()
        outcome = await client.upsert("contacts", people, id_property="email")
        spent = _Spent(time.perf_counter() - clock, time.process_time() - cpu)
    outcome.raise_for_errors()
    return spent


def _from_file(base_url: str, source: Path, options: Sequence[str]) -> _Spent:
    """Upsert a file with the command line and return what its process took."""
    command = (
        *(sys.executable, "-m", "hubbatch", "upsert", "contacts", str(source)),
        *("--id-property", "email", "--no-check", "--quiet"),
        *("--base-url", base_url, "--rate", "1000000/1"),
    )
    environment = {**os.environ, "HUBSPOT_ACCESS_TOKEN": TOKEN, "PYTHONPATH": str(_ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        clock, cpu = time.perf_counter(), _children()
        # Nothing in it is anybody else's.
        subprocess.run([*command, *options], check=True, cwd=folder, env=environment)  # noqa: S603
        return _Spent(time.perf_counter() - clock, _children() - cpu)


def _children() -> float:
    """Return the CPU that processes have taken which were started here and have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _write(path: Path, people: Sequence[Mapping[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, people[0].keys())
        writer.writeheader()
        writer.writerows(people)


if __name__ == "__main__":
    main()
