"""What can end a command: the exit codes, and the errors that are the user's to mend."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["CommandError", "ExitCode", "OutputError"]


class ExitCode(IntEnum):
    """What the process tells its caller."""

    OK = 0
    """Every record succeeded."""
    SOME_FAILED = 1
    """All input was seen through, and some records did not succeed."""
    USAGE = 2
    """The call or its input is wrong."""
    STOPPED = 3
    """The run was stopped before it had seen all its input through."""


class CommandError(Exception):
    """Ends a command with a message that says what to do, without a traceback."""


class OutputError(CommandError):
    """Results or rejects cannot be written any more."""
