"""SIGINT, SIGTERM and SIGHUP as steps: the first asks, the second insists, the third is Python's own."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from attrs import define, field

__all__ = ["Interrupts", "interrupts"]

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
_KEYS = {"SIGINT": "Ctrl-C", "SIGHUP": "SIGHUP, the end of its terminal"}


@define
class Interrupts:
    """Which signals have come."""

    names: list[str] = field(factory=list)

    @property
    def count(self) -> int:
        """How many have come."""
        return len(self.names)

    @property
    def first(self) -> str:
        """The first one, as people know it."""
        return _KEYS.get(self.names[0], self.names[0])


@contextmanager
def interrupts(*steps: Callable[[], None]) -> Iterator[Interrupts]:
    """Call the steps one by one, in the event loop, as signals come; then let signals do what they do elsewhere."""
    loop = asyncio.get_running_loop()
    seen = Interrupts()

    def step(number: signal.Signals) -> None:
        if seen.count < len(steps):
            seen.names.append(number.name)
            steps[seen.count - 1]()
        if seen.count == len(steps):
            restore()

    restore = _install(loop, step)
    try:
        yield seen
    finally:
        restore()


def _signals() -> list[signal.Signals]:
    """Return the signals that this system has and that are to end us: after `nohup` the terminal may go."""
    found = [signal.Signals[name] for name in _NAMES if hasattr(signal, name)]
    return [
        number
        for number in found
        if number.name != "SIGHUP" or signal.getsignal(number) is not signal.SIG_IGN
    ]


def _install(
    loop: asyncio.AbstractEventLoop, step: Callable[[signal.Signals], None]
) -> Callable[[], None]:
    """Have `step` called in the loop on each signal; return what undoes it."""
    numbers = _signals()
    try:
        for number in numbers:
            loop.add_signal_handler(number, step, number)
    except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
        return _install_plainly(loop, step, numbers)

    def remove() -> None:
        for number in numbers:
            loop.remove_signal_handler(number)

    return remove


def _install_plainly(
    loop: asyncio.AbstractEventLoop,
    step: Callable[[signal.Signals], None],
    numbers: Iterable[signal.Signals],
) -> Callable[[], None]:
    def note(number: int, _: object) -> None:
        loop.call_soon_threadsafe(step, signal.Signals(number))

    try:
        before = {number: signal.signal(number, note) for number in numbers}
    except ValueError:  # not the main thread: signals are somebody else's
        return lambda: None

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return restore
