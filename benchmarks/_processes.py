"""Processes of their own for servers and for whatever is measured, so that nothing disturbs the figures of another.

It knows nothing of HTTP or of what is measured: functions go in, values come out.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, TypeVar

__all__ = ["Remote", "alone", "asked", "in_second_process"]

T = TypeVar("T")

_CONTEXT = multiprocessing.get_context("spawn")  # nothing of this process is inherited


class Remote:
    """A function at work in a second process: what it said first, and what it answers when it is asked."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.greeting: Any = connection.recv()

    def ask(self, question: Any = None) -> Any:
        """Send a question and wait for the answer."""
        self._connection.send(question)
        return self._connection.recv()


@contextmanager
def in_second_process(serve: Callable[..., None], *arguments: Any) -> Iterator[Remote]:
    """Run `serve(connection, *arguments)` in a process of its own while the block lasts.

    It sends a greeting, then answers questions until the connection is closed.
    """
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=serve, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Remote(ours)
    finally:
        ours.close()  # the other side takes that for the end
        process.join()


def alone(function: Callable[..., T], *arguments: Any) -> T:
    """Return what the function returns in a process that does nothing else and is new."""
    with ProcessPoolExecutor(1, mp_context=_CONTEXT) as pool:
        return pool.submit(function, *arguments).result()


async def asked(connection: Connection) -> bool:
    """Wait for a question; False once nobody can ask any more."""
    try:
        await asyncio.to_thread(connection.recv)
    except EOFError:
        return False
    return True
