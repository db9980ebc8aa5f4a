"""What is shown to people: two consoles, and text from elsewhere made harmless before it gets there."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Mapping
from typing import IO, Any, cast

from rich.console import Console

from hubbatch._printable import printable
from hubbatch.cli._faults import ExitCode
from hubbatch.cli._outputs import leave

__all__ = ["ENDED", "Screen", "harmless", "put", "refusal"]

_MOST = 1_000
"""Characters of a message; more is noise, and what to do next comes last in ours."""


class _OutputStream:
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


def _console(stream: IO[str] | None) -> tuple[Console, _OutputStream | None]:
    kept = None if stream is None else _OutputStream(stream)
    file = (
        cast("IO[str] | None", kept) if kept else io.StringIO()
    )  # it is closed: the text is dropped
    return Console(file=file, highlight=False, markup=False, emoji=False), kept


class Screen:
    """Standard output and standard error of one command."""

    def __init__(
        self,
        *,
        quiet: bool = False,
        verbose: int = 0,
        results_on_stdout: bool = False,
        as_json: bool = False,
    ) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self.as_json = as_json
        """Whether standard output gets one JSON document, and nothing else."""
        self.err, self._reported = _console(sys.stderr)
        self.report = self.err
        """Where the outcome goes: to standard error while results, or JSON, go to standard output."""
        if not (results_on_stdout or as_json):
            self.report, self._reported = _console(sys.stdout)

    @property
    def report_failure(self) -> OSError | None:
        """Why the outcome cannot be written, if it cannot."""
        return None if self._reported is None else self._reported.failure

    def say(self, message: str) -> None:
        """Write a message of ours on standard error."""
        put(self.err, harmless(message))

    def complain(self, message: str) -> None:
        """Write what ended the command on standard error."""
        put(self.err, f"error: {harmless(message)}")

    def refuse(self, message: str, code: ExitCode) -> None:
        """Write what ended the command before there was an outcome, also as JSON if that is wanted."""
        self.complain(message)
        self.document(refusal(message, code))

    def document(self, document: Mapping[str, Any]) -> None:
        """Write the one JSON document of the command on standard output, if JSON is wanted."""
        if not self.as_json or sys.stdout is None:
            return
        stream = _OutputStream(sys.stdout)
        stream.write(f"{json.dumps(document, indent=2)}\n")
        stream.flush()
        if stream.failure is not None:
            self.complain(f"cannot write the outcome: {stream.failure.strerror}")


ENDED: Mapping[ExitCode, str] = {
    ExitCode.OK: "done",
    ExitCode.SOME_FAILED: "done, some did not succeed",
    ExitCode.USAGE: "usage",
    ExitCode.STOPPED: "stopped",
    ExitCode.INPUT_BROKE: "input error",
    ExitCode.READER_GONE: "reader gone",
}
"""What `ended` says in a JSON document."""


def refusal(message: str, code: ExitCode) -> dict[str, Any]:
    """Return the JSON document of a command that has ended before there was an outcome."""
    return {"ended": ENDED[code], "exitCode": int(code), "message": message}


def put(console: Console, text: str) -> None:
    """Write text, wrapped between words on a terminal, and on one line elsewhere."""
    console.print(text, soft_wrap=not console.is_terminal)


def harmless(text: str) -> str:
    """Return foreign text on one line, of bounded length, without anything that steers a terminal."""
    return printable(text, _MOST)
