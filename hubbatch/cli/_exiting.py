"""How a command comes to its exit code: what it carries out, and what the user has to correct, without a traceback."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import typer

from hubbatch import UsageError
from hubbatch.cli._faults import CommandError, ExitCode
from hubbatch.cli._option_names import in_options
from hubbatch.cli._outputs import is_standard_output
from hubbatch.cli._screen import Screen
from hubbatch.cli._settings import Settings
from hubbatch.files import InputError, OutputError

__all__ = ["ending_well", "run_and_exit", "screen_of"]

_LEVELS = (logging.ERROR, logging.INFO, logging.DEBUG)
"""What is logged without `-v`, with it, and with it twice. Holds and the circuit breaker are seen in the progress."""


def screen_of(settings: Settings, *outputs: str | None) -> Screen:
    """Return the screen of a command that writes its results to these files; ends it if two want standard output."""
    taken = any(map(is_standard_output, outputs))
    screen = Screen(
        quiet=settings.quiet,
        verbose=settings.verbose,
        results_on_stdout=taken,
        as_json=settings.json and not taken,
    )
    if settings.json and taken:
        with ending_well(screen):
            raise CommandError(
                "--json takes standard output for itself: name a file for what is to be written there"
            )
    return screen


def run_and_exit(main: Coroutine[Any, Any, ExitCode], screen: Screen) -> None:
    """Carry out a command's coroutine and exit with its code."""
    with ending_well(screen):
        code = asyncio.run(main)
    raise typer.Exit(code)


@contextmanager
def ending_well(screen: Screen) -> Iterator[None]:
    """Turn an expected error into a message and an exit code; the library's log goes to the screen meanwhile."""
    handler = _Handler(screen)
    log = logging.getLogger("hubbatch")
    level, propagates = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(_LEVELS[min(screen.verbose, len(_LEVELS) - 1)])
    log.propagate = False
    try:
        yield
    except (CommandError, InputError, OutputError, UsageError) as error:
        code = error.code if isinstance(error, CommandError) else ExitCode.USAGE
        screen.refuse(in_options(str(error)), code)
        raise typer.Exit(code) from None
    except KeyboardInterrupt:
        screen.refuse("broken off", ExitCode.STOPPED)
        raise typer.Exit(ExitCode.STOPPED) from None
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = propagates


class _Handler(logging.Handler):
    """Writes lines of the log above the progress bar. They hold neither values nor tokens."""

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self._screen = screen

    def emit(self, record: logging.LogRecord) -> None:
        """Write one."""
        self._screen.say(f"{record.levelname.lower()}: {record.getMessage()}")
