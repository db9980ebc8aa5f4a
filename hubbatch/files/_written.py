"""What all files that records are written to have in common. What stands in them is not its business."""

from __future__ import annotations

from typing import Self

from hubbatch._output.file import OutputFile

__all__ = ["WrittenFile"]


class WrittenFile:
    """An output file that counts what is written to it. How it is closed is for those who know what it holds."""

    def __init__(self, file: OutputFile) -> None:
        self._file = file
        self.written = 0
        """How many rows, or objects, were written."""

    @property
    def identity(self) -> tuple[int, int]:
        """Which file it is, whatever its name: device and inode."""
        return self._file.identity

    @property
    def path(self) -> str:
        """Its name."""
        return self._file.path

    @property
    def is_regular(self) -> bool:
        """Whether it is a file that can be appended to later: no pipe, device or open descriptor."""
        return self._file.is_regular

    @property
    def size(self) -> int:
        """How many bytes the file holds."""
        return self._file.size

    def sync(self) -> None:
        """Wait until what was written is on the disk."""
        self._file.sync()

    def __enter__(self) -> Self:
        return self
