"""What all commands have in common: examples in the help, how they were typed, a quiet end when the reader has gone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from hubbatch.cli._faults import ExitCode
from hubbatch.cli._outputs import leave
from hubbatch.cli._typed_command import Typed

__all__ = ["Command", "Group", "epilog", "typed"]

_typed: ContextVar[Typed | None] = ContextVar("hubbatch_typed", default=None)


class Group(TyperGroup):
    """All commands together."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Read the options before the command; the help text is written here."""
        _typed.set(None)
        with _ended_quietly():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Carry the command out."""
        with _ended_quietly(), _shown_as_json():
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


@contextmanager
def _shown_as_json() -> Iterator[None]:
    """Write a usage error as JSON, too, if that is wanted: it comes before there is a command to do so."""
    try:
        yield
    except Exception as error:
        command = typed()
        message = getattr(
            error, "format_message", None
        )  # of click, which new versions of typer hold inside
        if message is not None and command is not None and command.has("--json"):
            from hubbatch.cli._screen import Screen, refusal  # noqa: PLC0415 (a help text needs none)

            Screen(as_json=True).document(refusal(message(), ExitCode.USAGE))
        raise


def epilog(*examples: str) -> str:
    """Return examples as the end of a help text."""
    return "\n\n".join(
        ["Examples:", *(f"  $ {example}".replace("[", r"\[") for example in examples)]
    )


class Command(TyperCommand):
    """A command that remembers how it was typed."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the words; see `typed`."""
        options = {
            name: (
                max(param.opts, key=len),
                not (getattr(param, "is_flag", False) or getattr(param, "count", False)),
            )
            for param in self.get_params(ctx)
            if param.param_type_name == "option"
            for name in (*param.opts, *param.secondary_opts)
        }
        _typed.set(Typed.parse(ctx.info_name or "", args, options))
        rest: list[str] = super().parse_args(ctx, args)
        return rest


def typed() -> Typed | None:
    """Return the command that was typed last."""
    return _typed.get()
