"""How the processor time of something grows with its size: a ratio within one process, for machines are noisy."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

__all__ = ["growth"]

_ROUNDS = 3
_LEAST = 1e-4
"""Seconds that anything takes: what is faster cannot be measured."""


def growth(cost: Callable[[int], object], small: int, large: int, *, bound: float) -> float:
    """Return how many times as long the large size takes as the small one.

    It is measured again while it is above the bound: another process may have been in the way.
    """
    ratio = float("inf")
    for _ in range(_ROUNDS):
        ratio = min(ratio, _seconds(cost, large) / max(_seconds(cost, small), _LEAST))
        if ratio <= bound:
            break
    return ratio


def _seconds(cost: Callable[[int], object], size: int) -> float:
    best = float("inf")
    gc.disable()
    try:
        for _ in range(_ROUNDS):
            start = time.process_time()
            cost(size)
            best = min(best, time.process_time() - start)
    finally:
        gc.enable()
    return best
