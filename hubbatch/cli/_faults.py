"""What can end a command: the exit codes, and the error that the user can correct."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["CommandError", "ExitCode", "StoppedError"]


class ExitCode(IntEnum):
    """What the process tells its caller."""

    OK = 0
    """Every record succeeded."""
    SOME_FAILED = 1
    """All input was seen through, and some records did not succeed."""
    USAGE = 2
    """The call or its input is wrong; nothing was sent."""
    STOPPED = 3
    """The run was stopped before it had seen all its input through."""
    INPUT_BROKE = 4
    """The input could not be read further after something of it was sent."""
    READER_GONE = 141
    """Who read standard output has gone: what a shell says of a program that SIGPIPE ends."""


class CommandError(Exception):
    """Ends a command with a message that says what to do, without a traceback."""

    code = ExitCode.USAGE


class StoppedError(CommandError):
    """Ends a command that is right, and that could not begin."""

    code = ExitCode.STOPPED
