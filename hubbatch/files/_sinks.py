"""Sinks: the rejects of a run, loadable again as they are, and its results, each row with the id that it got."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from hubbatch import RecordOutcome, RecordStatus, UsageError
from hubbatch._output.file import OutputFile
from hubbatch.files._entries import OWN, BadLine, Kind, Opened, Row
from hubbatch.files._rendering import Form
from hubbatch.files._written import WrittenFile

__all__ = ["Rejects", "Results"]

_CREATED = ("id", "new")


class _Sink(WrittenFile):
    """Rows written to a file as whole lines, several at once in one write."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        append: bool = False,
        force: bool = False,
        known_size: int | None = None,
        known_tail: str | None = None,
        aside: str | None = None,
    ) -> None:
        file = OutputFile(path, append=append or known_size is not None, force=force)
        super().__init__(file, known_size, known_tail, aside)
        self._form: Form | None = None
        self._origin: Opened | None = None
        """The input whose rows come next, if the file has not been begun with it."""

    def check(self, origin: Opened) -> None:
        """Raise `OutputError` if the file that is appended to holds something else than rows of this input.

        Nothing is written.
        """
        form = self._form_like(origin)
        self._file.check(form.head().encode(), quoted=form.kind is Kind.CSV)

    def begin(self, origin: Opened) -> None:
        """Take the form of the input that the rows come from; the first row does so itself.

        Raises `OutputError` if the file that is appended to holds something else.
        """
        form = self._form_like(origin)
        self._file.begin(form.head().encode(), quoted=form.kind is Kind.CSV)
        self._form, self._origin = form, None

    def close(self, *, nothing_wrong: bool = True) -> None:
        """Close the file. A new one that nothing was written to is removed.

        One to be replaced is emptied, unless something went wrong.
        """
        self._file.close(nothing_wrong=nothing_wrong)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close(nothing_wrong=kind is None)

    def _own_names(self, origin: Opened) -> tuple[str, ...]:
        raise NotImplementedError

    def write_rendered(self, lines: bytes, rows: int) -> None:
        """Write rows that `rendered` has returned, so many. Raises `OutputError`."""
        if self._origin is not None:
            self.begin(self._origin)
        self._file.write(lines)
        self.written += rows

    def _write(self, lines: list[str]) -> None:
        if lines:
            self.write_rendered(self._encoded(lines), len(lines))

    def _encoded(self, lines: list[str]) -> bytes:
        return b"" if self._form is None else self._form.encoded(lines)

    def _form_for(self, origin: Opened) -> Form:
        if self._form is None:
            self._form, self._origin = self._form_like(origin), origin
        return self._form

    def _form_like(self, origin: Opened) -> Form:
        return Form.like(origin, self._file.path, self._own_names(origin))


class Rejects(_Sink):
    """A file of what did not succeed, in the form and with the columns of the input, loadable again as it is.

    CSV, TSV and NDJSON keep their form; of other kinds, tables become CSV, unless the name ends in `.ndjson`, and JSON
    becomes NDJSON. Texts are UTF-8. Each row is as it was in the input; before it stand `_file, _line, _status,
    _category, _message`, which are ignored when it is loaded again. A line that is no record comes as it was, and is
    none again; its category is `BAD_LINE`. It is `BAD_BYTES` where a byte is no text, which stands in CSV as `<0xEB>`:
    mend it there, or read the file with the `encoding` that its input has, which counts for the bytes of such rows.

    A path that exists and is not empty is a `UsageError`, unless `append` or `force` is given. `known_size`: append
    after so many bytes, the `size` that was noted last, and remove what comes after them: a kill has left it.
    `known_tail`: the `tail` that was noted with it; another one is a `ChangedFileError`. `aside`: a new file for what
    is removed. The file is its owner's alone (0600).
    """

    def write(self, *items: RecordOutcome | BadLine) -> None:
        """Write records of a run whose source was `read`, and bad lines, in one go.

        Raises `OutputError`, `UsageError` for a record that comes from no file or has succeeded.
        """
        self._write([self._line(item) for item in items])

    def rendered(self, *items: RecordOutcome | BadLine) -> bytes:
        """Return what `write` would write of them, for `write_rendered` later; the file stays as it is."""
        return self._encoded([self._line(item) for item in items])

    def _line(self, item: RecordOutcome | BadLine) -> str:
        if isinstance(item, BadLine):
            return self._form_for(item.origin).bad_line(
                item, _placed(item, "FAILED", item.category, item.reason)
            )
        row = _row_of(item)
        if item.status is RecordStatus.SUCCEEDED:
            raise UsageError("a record that has succeeded is no reject")
        error = item.error
        category, message = ("", "") if error is None else (error.category, error.message)
        return self._form_for(row.origin).row(
            row, _placed(row, item.status.value, category, message)
        )

    def _own_names(self, _: Opened) -> tuple[str, ...]:
        return OWN


class Results(_Sink):
    """A file of what has succeeded: each row as it was, and before it `id` and `new`.

    `id` is the object's; `new`: whether it was created, empty where the service does not say. They are called `_id` and
    `_new` where the input has columns of these names, or none. Form, mode and existing files are as for `Rejects`.
    """

    def write(self, *items: RecordOutcome) -> None:
        """Write records that have succeeded, in one go. Raises `OutputError`, `UsageError` for any other record."""
        self._write([self._line(item) for item in items])

    def _line(self, item: RecordOutcome) -> str:
        row, result = _row_of(item), item.result
        if item.status is not RecordStatus.SUCCEEDED:
            raise UsageError("a record that has not succeeded has no result")
        form = self._form_for(row.origin)
        found = (None, None) if result is None else (result.id, result.new)
        return form.row(row, dict(zip(form.own, found, strict=True)))

    def _own_names(self, origin: Opened) -> tuple[str, ...]:
        clash = not origin.columns or any(name in origin.columns for name in _CREATED)
        return ("_id", "_new") if clash else _CREATED


def _row_of(item: RecordOutcome) -> Row:
    if not isinstance(item.input, Row):
        raise UsageError(
            "the record comes from no file: its source has to be hubbatch.files.read(…)"
        )
    return item.input


def _placed(item: Row | BadLine, status: str, category: str, message: str) -> Mapping[str, Any]:
    return dict(zip(OWN, (item.file, item.line, status, category, message), strict=True))
