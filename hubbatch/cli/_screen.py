"""What is shown to people: two consoles, and text from elsewhere made harmless before it gets there."""

from __future__ import annotations

from rich.console import Console

__all__ = ["Screen", "harmless"]

_MOST = 300
"""Characters of a foreign message; more is noise."""


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
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown if len(shown) <= _MOST else f"{shown[:_MOST]}…"
