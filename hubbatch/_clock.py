"""The time that everything here goes by: the running loop's, which tests make virtual.

Every wait, time-out and window is measured by it. The wall's clock is a function that a client is given. This module
waits for nothing.
"""

from __future__ import annotations

import asyncio

__all__ = ["elapsed", "now"]


def now() -> float:
    """Return the loop's time."""
    return asyncio.get_running_loop().time()


def elapsed(since: tuple[float, float] | None, wall_time: float) -> tuple[float, float]:
    """Return the least and the most seconds since a moment, by the loop's clock and the wall's, now `wall_time`.

    The loop's clock never runs ahead, but may stand still while the machine sleeps; the wall's may have been set.
    """
    if since is None:
        return 0.0, 0.0
    least = now() - since[0]
    return least, max(least, wall_time - since[1])
