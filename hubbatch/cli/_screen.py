"""What is shown to people: two consoles, and text from elsewhere made harmless before it gets there."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import IO, Any, cast

from rich.console import Console

from hubbatch._printable import printable
from hubbatch.cli._outputs import leave

__all__ = ["Screen", "harmless"]

_MOST = 1_000
"""Characters of a message; more is noise, and what to do next comes last in ours."""


class _Stream:
    """A stream that is given up once it cannot be written: who reads of a run does not decide about its records."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.failure: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        self._attempt(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._attempt(self._stream.flush)

    def _attempt(self, act: Callable[[], object]) -> None:
        if self.failure is not None:
            return
        try:
            act()
        except OSError as error:
            self.failure = error
            leave(self._stream)


def _console(stream: IO[str] | None) -> tuple[Console, _Stream | None]:
    kept = None if stream is None else _Stream(stream)
    file = cast("IO[str] | None", kept) if kept else io.StringIO()  # a closed one: to nobody
    return Console(file=file, highlight=False, markup=False, emoji=False), kept


class Screen:
    """Standard output and standard error of one command."""

    def __init__(self, *, quiet: bool = False, results_on_stdout: bool = False) -> None:
        self.quiet = quiet
        self.err, self._reported = _console(sys.stderr)
        self.report = self.err
        """Where the outcome goes: to standard error while results go to standard output."""
        if not results_on_stdout:
            self.report, self._reported = _console(sys.stdout)

    @property
    def report_failure(self) -> OSError | None:
        """Why the outcome cannot be written, if it cannot."""
        return None if self._reported is None else self._reported.failure

    def say(self, message: str) -> None:
        """Write a message of ours on standard error."""
        self.err.print(message, soft_wrap=True)

    def complain(self, message: str) -> None:
        """Write what ended the command on standard error."""
        self.err.print(f"error: {harmless(message)}", soft_wrap=True)


def harmless(text: str) -> str:
    """Return foreign text on one line, of bounded length, without anything that steers a terminal."""
    return printable(text, _MOST)
