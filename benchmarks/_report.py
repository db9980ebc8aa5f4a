"""The measurements as tables of plain text, with what a reader needs to judge them."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import version

from benchmarks._overhead import Overhead
from benchmarks._quota import QuotaUse

__all__ = ["facts", "overhead_table", "quota_table"]

_MOST_CPU = 3.5
_LEAST_SHARE = 0.93


def facts(arguments: Sequence[str]) -> str:
    """Say on what, with what and how this was run."""
    libraries = ("hubbatch", "aiohttp", "orjson", "attrs", "cattrs", "aiolimiter")
    return "\n".join(
        (
            f"command:   {' '.join(('python -m benchmarks', *arguments))}",
            f"machine:   {os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
            f"python:    {platform.python_implementation()} {platform.python_version()}",
            f"libraries: {', '.join(f'{name} {version(name)}' for name in libraries)}",
            f"event loop and HTTP parser: asyncio's own, {_http_parser()}",
        )
    )


def _http_parser() -> str:
    compiled = "aiohttp._http_parser" in sys.modules
    return f"aiohttp's {'compiled' if compiled else 'pure Python'} one"


def overhead_table(rows: Iterable[Overhead], *, records: int, rounds: int) -> str:
    """Show hubbatch beside the bare loop."""
    cells = [
        (
            f"{row.properties}",
            f"{row.bare.records_per_second:,.0f}",
            f"{row.hubbatch.records_per_second:,.0f}",
            f"{row.bare.cpu_per_record:.2f}",
            f"{row.hubbatch.cpu_per_record:.2f}",
            f"{row.ratio:.2f}",
            _judgement(reached=row.ratio <= _MOST_CPU),
        )
        for row in rows
    ]
    header = (
        *("properties", "bare records/s", "hubbatch records/s"),
        *("bare CPU µs/record", "hubbatch CPU µs/record", "CPU ratio"),
        f"at most {_MOST_CPU}",
    )
    return "\n".join(
        (
            "Overhead: upserts of 100 records, 16 at once, all results kept; both send the same inputs.",
            f"Medians of {rounds} rounds of {records:,} records in turn, after a warm-up. The server answers from",
            "a second process: its CPU is not counted, its pace is part of records/s.",
            _table(header, cells),
        )
    )


def quota_table(uses: Iterable[QuotaUse]) -> str:
    """Show what became of jobs under a quota."""
    cells = []
    for use in uses:
        limit, reuse = use.job.plan.rate_limit, use.reuse
        reached = use.kept and (reuse is None or reuse >= _LEAST_SHARE)
        cells.append(
            (
                use.job.name,
                f"{use.job.records:,}",
                f"{limit.max_requests} / {limit.period:g} s",
                f"{use.job.plan.latency:g} s",
                f"{use.arrivals.refused}",
                f"{use.arrivals.max_in_window}",
                f"{use.duration:.2f} s",
                f"{use.least_duration:.2f} s",
                "-" if reuse is None else f"{use.average_rate:.3f}",
                "-" if reuse is None else f"{reuse:.3f}",
                _judgement(reached=reached),
            )
        )
    header = (
        *("job", "records", "quota", "latency", "429s", "max in window"),
        *("duration", "least", "average rate", "reuse"),
        f"no 429, ≥ {_LEAST_SHARE}",
    )
    return "\n".join(
        (
            "Quota: a client that learns it from the headers, 32 requests at once, against hubbatch.sandbox in a",
            "second process, whose own work (a millisecond or two a request) is part of the durations. A period",
            "of 1 s stands for HubSpot's 10 s.",
            "  least           latency × rounds of 32 requests, or the whole periods that the quota imposes",
            "  average rate    requests / (quota × span / period + 1), span from the first to the last arrival at",
            "                  the server; above 1 is possible, for an idle quota may be used at once",
            "  reuse           period / mean(arrival[i] - arrival[i - quota]): a rolling window lets each of its",
            "                  places be used once a period, so 1 is the most, however short the job; this one",
            "                  is judged",
            _table(header, cells),
        )
    )


def _judgement(*, reached: bool) -> str:
    return "PASS" if reached else "short of target"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in (header, ["-" * width for width in widths], *rows)
    )
