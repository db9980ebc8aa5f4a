"""The client whose verbs block. What waits, and where it is carried out, has a module of its own."""

from __future__ import annotations

import functools
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, Unpack

import hubbatch
from hubbatch import ObjectReader, Outcome, Run, TokenProvider
from hubbatch._client_options import ClientOptions
from hubbatch.client import token_from_env
from hubbatch.sync._reading import BlockingReader
from hubbatch.sync._waiting import LoopThread, WaitingThread

__all__ = ["Client"]

_T = TypeVar("_T")
_R = TypeVar("_R", bound=Any)
_P = ParamSpec("_P")

_SOURCES = ("records", "ids", "inputs")
"""What the verbs call their source."""


def _blocking(
    verb: Callable[Concatenate[hubbatch.Client, _P], Run[_R]],
) -> Callable[Concatenate[Client, _P], Outcome[_R]]:
    """Return a verb that carries its run out before it returns, with the same arguments."""

    def call(self: Client, /, *args: _P.args, **kwargs: _P.kwargs) -> Outcome[_R]:
        waiter = self._waiter()
        given: Any = [*args[:1], *map(waiter.pulling, args[1:2]), *args[2:]]
        named: Any = {
            name: waiter.pulling(value) if name in _SOURCES else value
            for name, value in kwargs.items()
        }
        return waiter.carry_out(lambda client: verb(client, *given, **named))

    functools.update_wrapper(call, verb)
    return call


def _iterating(
    read: Callable[Concatenate[hubbatch.Client, _P], ObjectReader],
) -> Callable[Concatenate[Client, _P], BlockingReader]:
    """Return a way of reading out that is iterated without a loop, with the same arguments."""

    def call(self: Client, /, *args: _P.args, **kwargs: _P.kwargs) -> BlockingReader:
        return BlockingReader(read(self._client, *args, **kwargs), self.run)

    functools.update_wrapper(call, read)
    return call


class Client:
    """A `hubbatch.Client` for programs without an event loop: each verb returns the outcome.

    It takes the same options. Its loop has a thread of its own, so that it works in a notebook, whose own loop runs.
    Use it as a context manager, or call `close()`. Threads may share it, and the quota with it.

    Verbs have the arguments of `hubbatch.Client`, and raise the same errors. A source that is no list, tuple or
    frame is pulled in the thread that calls, which waits anyway: a cursor may belong to that thread, and blocking holds
    up nothing. Callbacks and an asynchronous source run in the loop's thread.

    Ctrl-C stops a run: no more is taken in, what is in flight settles, and `RunInterruptedError`, which is a
    `KeyboardInterrupt`, is raised with the outcome. A second one cancels what is in flight. Whatever else a signal
    raises, such as Airflow at a timeout, stops the run in the same way and comes out as it is.
    """

    def __init__(
        self,
        token: str | TokenProvider | Callable[[], Awaitable[str]],
        **options: Unpack[ClientOptions],
    ) -> None:
        self._client = hubbatch.Client(token, **options)
        self._thread: LoopThread | None = None
        self._starting = threading.Lock()

    @classmethod
    def from_env(cls, **options: Unpack[ClientOptions]) -> Self:
        """Return a client whose token is in the environment variable `HUBSPOT_ACCESS_TOKEN`."""
        return cls(token_from_env(), **options)

    def __repr__(self) -> str:
        return f"<sync {repr(self._client).removeprefix('<')}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cancel what is under way, close what was opened, and end the thread. Closing twice is fine."""
        self._loop_thread().close(self._client)

    create = _blocking(hubbatch.Client.create)
    update = _blocking(hubbatch.Client.update)
    upsert = _blocking(hubbatch.Client.upsert)
    read = _blocking(hubbatch.Client.read)
    archive = _blocking(hubbatch.Client.archive)
    gdpr_delete = _blocking(hubbatch.Client.gdpr_delete)
    batch = _blocking(hubbatch.Client.batch)  # type: ignore[arg-type] # (an option called `self` is none)
    scan = _iterating(hubbatch.Client.scan)
    search = _iterating(hubbatch.Client.search)

    def run(self, call: Callable[[hubbatch.Client], Awaitable[_T]]) -> _T:
        """Carry out whatever else the asynchronous client has, and return what awaiting it returns.

        Such as `client.run(lambda client: client.associations("contacts", "companies").create_default(pairs))`. A
        source is pulled in the loop's thread; give one that blocks to `hubbatch.in_thread`.

        Ctrl-C stops a run that `call` returns, as it stops a verb. A coroutine is cancelled at once, and its error has
        no outcome: a run that it awaits is cancelled, too, and its own `outcome` accounts for it.
        """
        return self._waiter().carry_out(call)

    def _loop_thread(self) -> LoopThread:
        with self._starting:
            if self._thread is None:
                self._thread = LoopThread()
            return self._thread

    def _waiter(self) -> WaitingThread:
        thread = self._loop_thread()
        thread.check()
        return WaitingThread(self._client, thread.loop)
