"""What is shown to people: two consoles, and text from elsewhere made harmless before it gets there."""

from __future__ import annotations

from rich.console import Console

from hubbatch._printable import printable

__all__ = ["Screen", "harmless"]

_MOST = 1_000
"""Characters of a message; more is noise, and what to do next comes last in ours."""


class Screen:
    """Standard output and standard error of one command."""

    def __init__(self, *, quiet: bool = False, results_on_stdout: bool = False) -> None:
        self.quiet = quiet
        self.err = Console(stderr=True, highlight=False, markup=False, emoji=False)
        self.report = (
            self.err if results_on_stdout else Console(highlight=False, markup=False, emoji=False)
        )
        """Where the outcome goes: to standard error while results go to standard output."""

    def say(self, message: str) -> None:
        """Write a message of ours on standard error."""
        self.err.print(message, soft_wrap=True)

    def complain(self, message: str) -> None:
        """Write what ended the command on standard error."""
        self.err.print(f"error: {harmless(message)}", soft_wrap=True)


def harmless(text: str) -> str:
    """Return foreign text on one line, of bounded length, without anything that steers a terminal."""
    return printable(text, _MOST)
