"""SIGINT and SIGTERM as steps: the first asks, the second insists, the third is Python's own."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from attrs import define

__all__ = ["Interrupts", "interrupts"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@define
class Interrupts:
    """How many signals have come."""

    count: int = 0


@contextmanager
def interrupts(*steps: Callable[[], None]) -> Iterator[Interrupts]:
    """Call the steps one by one, in the event loop, as signals come; then let signals do what they do elsewhere."""
    loop = asyncio.get_running_loop()
    seen = Interrupts()

    def step() -> None:
        if seen.count < len(steps):
            seen.count += 1
            steps[seen.count - 1]()
        if seen.count == len(steps):
            restore()

    restore = _install(loop, step)
    try:
        yield seen
    finally:
        restore()


def _install(loop: asyncio.AbstractEventLoop, step: Callable[[], None]) -> Callable[[], None]:
    """Have `step` called in the loop on each signal; return what undoes it."""
    try:
        for number in _SIGNALS:
            loop.add_signal_handler(number, step)
    except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
        return _install_plainly(loop, step)
    return lambda: _remove(loop)


def _remove(loop: asyncio.AbstractEventLoop) -> None:
    for number in _SIGNALS:
        loop.remove_signal_handler(number)


def _install_plainly(
    loop: asyncio.AbstractEventLoop, step: Callable[[], None]
) -> Callable[[], None]:
    try:
        before = {
            number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(step) and None)
            for number in _SIGNALS
        }
    except ValueError:  # not the main thread: signals are somebody else's
        return lambda: None

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return restore
