"""What can be wrong with a file, with the place where it is wrong and what to do about it."""

from __future__ import annotations

from hubbatch import HubbatchError
from hubbatch._output.file import ChangedFileError, OutputError, ReaderGoneError

__all__ = ["BrokenInputError", "ChangedFileError", "InputError", "OutputError", "ReaderGoneError"]


class InputError(HubbatchError):
    """An input file cannot be read (further); the records before it stand.

    `file` and `line` (from 1; None where the file has no lines) say where, `problem` says why and what to do.
    """

    def __init__(self, file: str, line: int | None, problem: str) -> None:
        super().__init__(file, line, problem)
        self.file = file
        self.line = line
        self.problem = problem

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}, line {self.line}"
        return f"{place}: {self.problem}"


class BrokenInputError(Exception):
    """The bytes or the packing cannot be read. Who knows file and line makes an `InputError` of it."""
