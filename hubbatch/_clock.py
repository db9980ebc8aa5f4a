"""The time that everything here goes by: the running loop's, which tests make virtual.

It waits for nothing.
"""

from __future__ import annotations

import asyncio
import time

__all__ = ["ago", "now"]


def now() -> float:
    """Return the loop's time."""
    return asyncio.get_running_loop().time()


def ago(moment: tuple[float, float] | None) -> float:
    """Return the seconds since a moment, by that of two clocks, loop and wall, which has not stood still."""
    return 0.0 if moment is None else max(now() - moment[0], time.time() - moment[1])
