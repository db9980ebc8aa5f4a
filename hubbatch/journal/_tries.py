"""When records in doubt were first tried: ranges of positions with a time.

Pure. While a process lives, a list of what was noted before sending is enough; the next one keeps what is in doubt.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from attrs import frozen

__all__ = ["Try", "first_tried", "still_in_doubt"]


@frozen(order=True)
class Try:
    """Records that may have been sent, and when they were first tried."""

    first: int
    last: int
    at: float
    """Seconds since 1970, by the wall's clock."""


def still_in_doubt(tries: Iterable[Try], in_doubt: Iterable[tuple[int, int]]) -> list[Try]:
    """Return what is left of tries, in the order of positions: of each record in doubt the first one.

    `tries`: in the order in which they were noted. `in_doubt`: ranges of positions, in order.
    """
    left = list(in_doubt)
    kept: list[Try] = []
    for each in tries:
        begin = end = _place(left, each.first)
        rest = []
        while end < len(left) and left[end][0] <= each.last:
            first, last = left[end]
            kept.append(Try(max(first, each.first), min(last, each.last), each.at))
            if first < each.first:
                rest.append((first, each.first - 1))
            if last > each.last:
                rest.append((each.last + 1, last))
            end += 1
        left[begin:end] = rest
    return sorted(kept)


def _place(ranges: Sequence[tuple[int, int]], position: int) -> int:
    """Return which is the first of these ranges that does not end before a position."""
    at = bisect_right(ranges, position, key=lambda each: each[0])
    return at - 1 if at and ranges[at - 1][1] >= position else at


def first_tried(tries: Sequence[Try], position: int) -> float:
    """Return when a record was first tried, 0 if that is not known; `tries`: no record twice, in order."""
    at = bisect_right(tries, position, key=lambda each: each.first)
    return tries[at - 1].at if at and tries[at - 1].last >= position else 0.0
