"""How long a run that is stopped minds what waits to be sent again, before it leaves that as it is.

It knows nothing of what stopped the run.
"""

from __future__ import annotations

import asyncio

from hubbatch._clock import now
from hubbatch._engine.carriers import Carriers

__all__ = ["Leaving"]


class Leaving:
    """The last moment of a run that is stopped. `wait`: seconds from the first stop until all that waits is left."""

    def __init__(self, wait: float, carriers: Carriers) -> None:
        self._wait = wait
        self._carriers = carriers
        self._at: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Note that the run is stopped."""
        if self._at is None:
            self._at = now() + self._wait
            leave, loop = self._carriers.leave, asyncio.get_running_loop()
            self._timer = loop.call_later(self._wait, leave, lambda _: True)

    def allows(self, moment: float) -> bool:
        """Whether something may still be sent at a moment."""
        return self._at is None or moment <= self._at

    def close(self) -> None:
        """Call nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
