"""The observers of one client and its log, and how events reach them.

An event is made only if something listens to it. An observer stops nothing: one that raises an `Exception` is left out
from then on. It knows nothing of where events come from.
"""

from __future__ import annotations

import contextlib
import inspect
import traceback
from collections.abc import Callable, Iterable
from typing import Concatenate, ParamSpec, Protocol

from hubbatch._clock import now
from hubbatch._logging import is_logged, log, log_failure
from hubbatch.errors import UsageError
from hubbatch.events import Event

__all__ = ["Notify", "Observer", "Observers", "silent"]

Observer = Callable[[Event], object]

_LONGEST_NAME = 100

_P = ParamSpec("_P")


class Notify(Protocol):
    """Passes an event on: its class, and what it holds beside time and client."""

    def __call__(
        self,
        kind: Callable[Concatenate[float, str | None, _P], Event],
        /,
        *args: _P.args,
        **facts: _P.kwargs,
    ) -> None:
        """Pass the event to those who listen to its kind, if there are any."""


def silent(
    kind: Callable[Concatenate[float, str | None, _P], Event],
    /,
    *args: _P.args,
    **facts: _P.kwargs,
) -> None:
    """Pass it to no one."""


class Observers:
    """The observers of one client, and its log; calling it passes an event to them.

    `name`: the client's, a short text on one line. Raises `UsageError` for one that is none, and for observers that
    cannot be called with an event.
    """

    def __init__(self, observers: Iterable[Observer] = (), name: str | None = None) -> None:
        self.name = _check_name(name)
        self._observers = _check_observers(observers)
        self._logs = True

    def __repr__(self) -> str:
        return f"Observers({len(self._observers)})"

    def hears(self, kind: object) -> bool:
        """Whether something listens to events of a kind."""
        return bool(self._observers) or (self._logs and is_logged(kind))

    def __call__(
        self,
        kind: Callable[Concatenate[float, str | None, _P], Event],
        /,
        *args: _P.args,
        **facts: _P.kwargs,
    ) -> None:
        """Pass an event on."""
        if not self.hears(kind):
            return
        try:
            at = now()
        except (
            RuntimeError
        ):  # a task that is thrown away once its loop is gone, and the time with it
            return
        event = kind(at, self.name, *args, **facts)
        if self._logs:
            try:
                log(event)
            except Exception:  # a filter's or a handler's own, and nowhere to tell of it
                self._logs = False
        for observer in self._observers:
            try:
                observer(event)
            except Exception as error:
                self._leave_out(observer, error)

    def close(self) -> None:
        """Pass nothing on any more."""
        self._observers, self._logs = (), False

    def _leave_out(self, observer: Observer, error: Exception) -> None:
        """Leave an observer out from now on, and log it once."""
        left = tuple(each for each in self._observers if each is not observer)
        if len(left) == len(self._observers):  # what it did itself has had it left out meanwhile
            return
        self._observers = left
        # Without its context: the words of what else is being handled just now may hold values.
        words = "".join(traceback.format_exception(error, chain=False)).strip()
        with contextlib.suppress(Exception):
            log_failure(self.name, f"an observer raised and hears of nothing any more: {words}")


def _check_name(name: object) -> str | None:
    if name is None:
        return None
    if isinstance(name, str) and name.strip() and name.isprintable() and len(name) <= _LONGEST_NAME:
        return name
    raise UsageError(
        f"name must be a printable text of at most {_LONGEST_NAME} characters on one line, such as the"
        " account's name"
    )


def _check_observers(observers: object) -> tuple[Observer, ...]:
    if not isinstance(observers, Iterable) or isinstance(observers, str | bytes):
        raise UsageError(
            f"observers must be a list of functions of one event, not {type(observers).__name__}"
        )
    checked = tuple(observers)
    for observer in checked:
        call = getattr(observer, "__call__", observer)  # noqa: B004 (it may be a coroutine)
        if not callable(observer) or any(map(inspect.iscoroutinefunction, (observer, call))):
            raise UsageError(
                "an observer must be a function of one event, and no coroutine: put what takes time into a queue"
            )
    return checked
