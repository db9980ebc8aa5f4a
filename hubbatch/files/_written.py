"""What all files that records are written to have in common. What stands in them is not its business."""

from __future__ import annotations

from typing import Self

from hubbatch._output.file import OutputError, OutputFile

__all__ = ["WrittenFile"]


class WrittenFile:
    """An output file that counts what is written to it. How it is closed is for those who know what it holds."""

    def __init__(
        self,
        file: OutputFile,
        known_size: int | None = None,
        known_tail: str | None = None,
        aside: str | None = None,
    ) -> None:
        self._file = file
        self.written = 0
        """How many rows, or objects, were written."""
        if known_size is not None:
            try:
                file.cut(known_size, known_tail, aside)
            except OutputError:
                file.close()
                raise

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

    @property
    def tail(self) -> str:
        """A digest of the last bytes that the file holds, by which it is known again: see `known_tail`."""
        return self._file.tail()

    def sync(self) -> None:
        """Wait until what was written is on the disk."""
        self._file.sync()

    def __enter__(self) -> Self:
        return self
