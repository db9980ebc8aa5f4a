"""Instructions that a record takes, counted by cachegrind: hardly any of a machine's noise is in them.

Two runs of different length, each in a process of its own; what the longer one takes more is the records'. What making
the records takes, which all consumers are given, is counted likewise and taken off.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from attrs import frozen

import hubbatch
from benchmarks._canned import SILENT, canned_server
from benchmarks._processes import in_second_process
from benchmarks._progress import say
from benchmarks._records import contacts
from benchmarks._size import Size
from benchmarks._tables import Section, Table, Verdict
from benchmarks.consumers import BARE, BATCH, CONCURRENCY, HUBBATCH, PLANNED, TOKEN, way_of

__all__ = [
    "MAKING",
    "Job",
    "available",
    "count_instructions",
    "measure_instructions",
    "per_record",
    "work",
]

_MOST = {6: 1.9, 20: 1.55}
_MOST_SILENT = 1.3
_ROOT = Path(__file__).parent.parent

_PROSE = """\
Instructions of the consumer's process for each record, as cachegrind counts them, up to when all results are there and
each has been looked at: what {more:,} records take more than {few:,}, by their difference; the making of the records is
not counted. Requests of {batch} records, {concurrency} at once, against the server without a quota. The bare loop that
also plans checks and writes each record by itself, as whoever has to refuse single records must. Creates are
hubbatch's, once against a server that echoes trace ids, and once against one that does not, so that values tell which
result is whose."""


@frozen
class Job:
    """What is counted: a consumer, by name, and how wide its records are."""

    name: str
    properties: int
    echoed: bool = True


_CREATE = "hubbatch, create"
MAKING = "making the records"
"""What no consumer does, and every process that is counted."""


def available() -> bool:
    """Whether instructions can be counted here."""
    return shutil.which("valgrind") is not None


def measure_instructions(size: Size) -> Section:
    """Count for hubbatch and for the bare loops."""
    names = (BARE.name, PLANNED.name, HUBBATCH.name)
    jobs = [Job(name, properties) for properties in size.properties for name in names]
    jobs += [Job(_CREATE, size.properties[0], echoed) for echoed in (True, False)]
    why = None if available() else "valgrind is not installed"
    if size.counted_records is None:
        why = "not at tiny sizes, for valgrind takes its time"
    counted = {} if why or size.counted_records is None else _count(jobs, size.counted_records)
    few, more = size.counted_records or (0, 0)
    return Section(
        title="Instructions a record",
        prose=_PROSE.format(few=few, more=more, batch=BATCH, concurrency=CONCURRENCY),
        tables=[
            Table(
                ("properties", "consumer", "trace ids", "instructions/record"),
                [
                    (
                        f"{job.properties}",
                        job.name,
                        "echoed" if job.echoed else "not echoed",
                        f"{number:,.0f}",
                    )
                    for job, number in counted.items()
                ],
            )
        ],
        verdicts=_judge(size, counted, why or ""),
        skipped=[f"instructions: {why}"] if why else [],
    )


def _judge(size: Size, counted: Mapping[Job, float], why: str) -> list[Verdict]:
    pairs = [
        (
            f"instructions a record against the bare loop that also plans, {properties} properties",
            (Job(HUBBATCH.name, properties), Job(PLANNED.name, properties)),
            _MOST[properties],
        )
        for properties in size.properties
    ]
    first = size.properties[0]
    silent, echoed = Job(_CREATE, first, echoed=False), Job(_CREATE, first)
    pairs.append(
        (
            "instructions of a create whose trace id is not echoed against one whose is",
            (silent, echoed),
            _MOST_SILENT,
        )
    )
    verdicts = []
    for measure, (ours, other), most in pairs:
        if not counted:
            verdicts.append(Verdict(measure, f"≤ {most} ×", why, None))
            continue
        ratio = counted[ours] / counted[other]
        verdicts.append(Verdict(measure, f"≤ {most} ×", f"{ratio:.2f} ×", ratio <= most))
    return verdicts


def _count(jobs: list[Job], records: tuple[int, int]) -> dict[Job, float]:
    few, more = records
    with (
        in_second_process(canned_server) as server,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):

        def count(job: Job, number: int) -> int:
            say(f"instructions: {job.name}, {job.properties} properties, {number:,} records")
            url = server.greeting if job.echoed else server.greeting + SILENT
            call = f"work({job.name!r}, {url!r}, {number}, {job.properties})"
            return count_instructions(f"from benchmarks._instructions import work; {call}")

        both = {
            job: [pool.submit(count, job, number) for number in (few, more)]
            for job in dict.fromkeys((*jobs, *map(_making, jobs)))
        }
        counts = {job: (short.result(), long.result()) for job, (short, long) in both.items()}
        return per_record(counts, records)


def per_record(counts: Mapping[Job, tuple[int, int]], records: tuple[int, int]) -> dict[Job, float]:
    """Return the instructions of each job for a record, given what few and more records take; making them is none."""
    few, more = records
    each = {job: (long - short) / (more - few) for job, (short, long) in counts.items()}
    return {job: each[job] - each[_making(job)] for job in counts if job.name != MAKING}


def _making(job: Job) -> Job:
    return Job(MAKING, job.properties)


def count_instructions(code: str) -> int:
    """Return how many instructions some Python code takes, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        command = (
            *("valgrind", "--tool=cachegrind", "--cache-sim=no", f"--log-file={log}"),
            f"--cachegrind-out-file={folder}/out",
            *(sys.executable, "-c", code),
        )
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        # Nothing in it is anybody else's.
        subprocess.run(  # noqa: S603
            command, check=True, cwd=_ROOT, env=environment
        )
        found = re.search(r"I +refs: +([\d,]+)", log.read_text("utf-8"))
    if found is None:
        raise RuntimeError("cachegrind does not say how many instructions it has counted")
    return int(found[1].replace(",", ""))


def work(name: str, base_url: str, records: int, properties: int) -> None:
    """Make so many records, send them and look at all results, after a warm-up."""
    people = contacts(records, properties)
    if name == MAKING:
        return
    warm_up = people[: BATCH * CONCURRENCY]
    if name == _CREATE:
        asyncio.run(_create(base_url, warm_up, people))
        return
    way = way_of(next(item for item in (BARE, PLANNED, HUBBATCH) if item.name == name))
    with way.opened(base_url) as upsert:
        upsert(warm_up)
        if way.read(upsert(people)) != records:
            raise RuntimeError(f"{name}: results are missing")


async def _create(base_url: str, *runs: list[dict[str, str]]) -> None:
    unlimited = hubbatch.RateLimit(1_000_000, 1.0)
    async with hubbatch.Client(
        TOKEN, base_url=base_url, rate_limit=unlimited, max_concurrency=CONCURRENCY
    ) as client:
        for people in runs:
            outcome = await client.create("contacts", people)
            if len(outcome.results) != len(people):
                raise RuntimeError(f"{outcome.counts}")
