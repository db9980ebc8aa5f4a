"""What all commands have in common: a quiet end when the reader has gone, and examples in the help text."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from hubbatch.cli._faults import ExitCode
from hubbatch.cli._outputs import leave

__all__ = ["Group", "epilog"]


class Group(TyperGroup):
    """All commands together."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Read the options before the command; the help text is written here."""
        with _ended_quietly():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Carry the command out."""
        with _ended_quietly():
            return super().invoke(ctx)


@contextmanager
def _ended_quietly() -> Iterator[None]:
    """End as programs do whose reader has gone: without a word."""
    try:
        yield
    except (BrokenPipeError, SystemExit) as error:
        # Rich, which writes help texts, makes an exit with 1 of it: that says something else of us.
        if not isinstance(
            error if isinstance(error, OSError) else error.__context__, BrokenPipeError
        ):
            raise
        leave(sys.stdout)
        raise typer.Exit(ExitCode.READER_GONE) from None


def epilog(*examples: str) -> str:
    """Return examples as the end of a help text."""
    return "\n\n".join(
        ["Examples:", *(f"  $ {example}".replace("[", r"\[") for example in examples)]
    )
