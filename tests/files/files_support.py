"""Reading and rejecting, as the tests in this directory need it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hubbatch import BatchError, ObjectResult, RecordOutcome, RecordStatus
from hubbatch.files import BadLine, Entry, InputError, Row, read


def entries(path: Path, **options: Any) -> list[Entry]:
    """Return all that reading a file with its bad lines gives."""
    return list(read(path, bad_lines="reject", notice=lambda _: None, **options).entries())


def rows(path: Path, **options: Any) -> list[Row]:
    return [entry for entry in entries(path, **options) if isinstance(entry, Row)]


def bad_lines(path: Path, **options: Any) -> list[BadLine]:
    return [entry for entry in entries(path, **options) if isinstance(entry, BadLine)]


def items(path: Path, **options: Any) -> list[Row | BadLine]:
    """Return the records and bad lines."""
    return [entry for entry in entries(path, **options) if isinstance(entry, Row | BadLine)]


def written(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def failure(path: Path, **options: Any) -> InputError:
    """Return the error that reading ends with."""
    try:
        entries(path, **options)
    except InputError as error:
        return error
    raise AssertionError(f"{path} can be read")


def refused(row: Row, message: str = "no such option", status: str = "FAILED") -> RecordOutcome:
    return RecordOutcome(
        row.position, row, RecordStatus(status), error=BatchError("VALIDATION_ERROR", message)
    )


def stored(row: Row, number: int, *, new: bool | None = None) -> RecordOutcome:
    result = ObjectResult(str(number), new=new)
    return RecordOutcome(row.position, row, RecordStatus.SUCCEEDED, result=result)


def rejected(found: Iterable[Row | BadLine]) -> list[RecordOutcome | BadLine]:
    """Return all of what was read as what did not succeed."""
    return [refused(item) if isinstance(item, Row) else item for item in found]
