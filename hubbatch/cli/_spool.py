"""Rows that are written at the end of a load only, as what became of them may change; kept in a file without a name.

It knows nothing of what the rows look like.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import BinaryIO

from attrs import define

from hubbatch import RecordOutcome
from hubbatch.files import OutputError, Rejects

__all__ = ["Spool"]

_CHUNK = 2**20


@define
class Spool:
    """Keeps rows of a file of rejects back. It is gone with its process, however that ends."""

    _rejects: Rejects
    _file: BinaryIO | None = None
    rows: int = 0

    def keep(self, records: list[RecordOutcome]) -> None:
        """Keep some records. Raises `OutputError`."""
        if not records:
            return
        try:
            if self._file is None:
                folder = Path(self._rejects.path).parent
                self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by `close`)
            self._file.write(self._rejects.rendered(*records))
            self._file.flush()
        except OSError as error:
            raise _failed(self._rejects.path, error) from None
        self.rows += len(records)

    def pour(self) -> None:
        """Write what was kept to the file of rejects. Raises `OutputError`."""
        if self._file is None:
            return
        rows, self.rows = self.rows, 0
        try:
            self._file.seek(0)
            while chunk := self._file.read(_CHUNK):
                self._rejects.write_rendered(chunk, rows)
                rows = 0
        except OSError as error:
            raise _failed(self._rejects.path, error) from None

    def close(self) -> None:
        """Drop what was kept."""
        if self._file is not None:
            self._file.close()


def _failed(path: str, error: OSError) -> OutputError:
    return OutputError(
        f"cannot keep rows for {path} beside it: {error.strerror or type(error).__name__}"
    )
