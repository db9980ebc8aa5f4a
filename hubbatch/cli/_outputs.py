"""Which files a command writes: none of them twice, and none that it reads. It knows nothing of what is written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, count
from pathlib import Path
from typing import IO, Any, Protocol

from hubbatch.cli._faults import CommandError
from hubbatch.files import descriptor_of

__all__ = [
    "Identity",
    "free_name",
    "free_names",
    "is_standard_output",
    "leave",
    "set_aside",
    "take",
]

Identity = tuple[int, int]
"""Which file something is, whatever its name: device and inode."""

_STDOUT, _STDERR = 1, 2


class _Output(Protocol):
    @property
    def is_regular(self) -> bool:
        """Whether it is a file on a disk."""

    @property
    def identity(self) -> Identity:
        """Which file it is."""


def is_standard_output(path: str | None) -> bool:
    """Say whether a path names standard output."""
    return path is not None and descriptor_of(path) == _STDOUT


def take(output: _Output, path: str, taken: set[Identity]) -> None:
    """Note that a file is in use. Raises `CommandError` if it is already."""
    if not output.is_regular:
        return
    if output.identity in taken | _standard_streams():
        raise CommandError(f"{path} is in use as another file of this command: give another name")
    taken.add(output.identity)


def free_name(path: str, more: str = "") -> str:
    """Return the first of `free_names`."""
    return next(free_names(path, more))


def free_names(path: str, more: str = "") -> Iterator[str]:
    """Give names that are free: a file's with more to it, and a number if need be, such as bad-2.csv, bad-3.csv."""
    whole, first, begin = Path(path), [more] if more else [], 2
    stem, dash, number = whole.stem.rpartition("-")
    if not more and dash and number.isdecimal():
        begin = int(number) + 1
    else:
        stem = whole.stem
    endings = chain(first, (f"{more}-{number}" for number in count(begin)))
    names = (whole.with_stem(stem + ending) for ending in endings)
    return (str(name) for name in names if not os.path.lexists(name))


def set_aside(path: str, aside: str, *, again: bool) -> str:
    """Warn of what became of rows that were not noted: nobody can tell those of a user from ours.

    `again`: whether what was done may be repeated, so that these rows come once more. Else they are a proof.
    """
    behind = f"warning: what stood behind the last noted row of {path} is in {aside} now"
    where = f"{behind}: rows that a kill has left there"
    if again:
        return (
            f"{where}, which are written again where they belong, and whatever was added by hand since. Take from"
            " there what is yours"
        )
    return (
        f"{where}, and whatever was added by hand since. Keep it: of records that are UNKNOWN now it alone says what"
        " became of them, with the ids of those that were created"
    )


def leave(stream: IO[Any]) -> None:
    """Send what is left for a stream nowhere, or the interpreter would complain of it at its exit."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _standard_streams() -> set[Identity]:
    """Return what standard output and standard error are: a file that the shell sends them to is in use."""
    streams = set[Identity]()
    for number in (_STDOUT, _STDERR):
        with suppress(OSError):  # it is closed
            status = os.fstat(number)
            streams.add((status.st_dev, status.st_ino))
    return streams
