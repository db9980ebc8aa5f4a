"""How much is measured: in full, or just enough to see that everything runs.

Plain numbers, handed to every section.
"""

from __future__ import annotations

from attrs import frozen

__all__ = ["FULL", "QUICK", "Size"]


@frozen
class Size:
    """Sizes of all measurements."""

    properties: tuple[int, ...]
    """Widths of the records."""
    records: int
    """Records in a round of the costs, fewer for slow consumers."""
    rounds: int
    counted_records: tuple[int, int] | None
    """Records of the two runs whose instructions are counted; None: that takes a minute, so it is left out."""
    awaited_records: int
    """Records that are awaited while the garbage collector is timed."""
    lag_records: int
    streams: tuple[int, int]
    """Records of the two streams whose memory is compared."""
    kept_records: int
    """Records whose results are kept and weighed."""
    idle_records: int
    max_requests: int
    """The quota."""
    period: float
    """Seconds of a period; latencies and back-offs follow it, with 10 s they are real."""
    windows: int
    """Periods that a job under the quota takes."""
    apart: float
    """Seconds from the start of one job under the quota to that of the next; after that all run at the same time."""


FULL = Size(
    properties=(6, 20),
    records=24_000,
    rounds=9,
    counted_records=(2_000, 8_000),
    awaited_records=1_000_000,
    lag_records=30_000,
    streams=(200_000, 2_000_000),
    kept_records=20_000,
    idle_records=5_000,
    max_requests=190,
    period=10.0,
    windows=24,
    apart=2.0,
)

QUICK = Size(
    properties=(6,),
    records=800,
    rounds=1,
    counted_records=None,
    awaited_records=2_000,
    lag_records=500,
    streams=(500, 2_000),
    kept_records=300,
    idle_records=300,
    max_requests=20,
    period=0.3,
    windows=4,
    apart=0.0,
)
