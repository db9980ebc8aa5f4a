"""Frames of pandas, polars and Arrow as sources: their rows as records, made a few at a time.

None of these libraries is imported unless a source can be read with it only. It knows nothing of runs.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

from hubbatch._records.native import loaded
from hubbatch.errors import UsageError

__all__ = ["ArrowStream", "FrameRows", "never_waits", "rows_of"]

_MOST_CELLS, _MOST_ROWS = 2_048, 256
"""What is made at one go, in the event loop: that takes one or two milliseconds."""


@runtime_checkable
class ArrowStream(Protocol):
    """What exports its rows by Arrow's C stream, such as a table of pyarrow or a relation of DuckDB."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Return a capsule with an Arrow stream."""
        ...


class FrameRows(Iterable[dict[str, Any]]):
    """The rows of a frame as mappings of its columns' names and values."""

    def __init__(self, make: Callable[[], Iterator[dict[str, Any]]], length: int | None) -> None:
        self._make = make
        self._length = length

    @property
    def in_memory(self) -> bool:
        """Whether it is no stream, which may read from anywhere."""
        return self._length is not None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self._make()

    def __len__(self) -> int:
        if self._length is None:
            raise TypeError("how many rows a stream has is known at its end only")
        return self._length


def never_waits(source: object) -> bool:
    """Whether to pull a record waits for nothing: all are there, or are made of what is there."""
    return isinstance(source, list | tuple) or (isinstance(source, FrameRows) and source.in_memory)


def rows_of(source: object) -> FrameRows | None:
    """Return the rows of a frame, None for what is no frame.

    Raises `UsageError` for a frame with a column that is called by no text, or like another one.
    """
    if isinstance(source, loaded("pandas", "DataFrame")):
        return _of_pandas(source)
    if isinstance(source, loaded("polars", "DataFrame")):
        size = _rows_at_once(source.columns)
        return FrameRows(lambda: source.iter_rows(named=True, buffer_size=size), source.height)
    if isinstance(source, loaded("pyarrow", "Table")):
        _check_names(source.schema.names)
        return FrameRows(lambda: _of_batches(source.to_batches()), source.num_rows)
    if isinstance(source, loaded("pyarrow", "RecordBatch")):
        _check_names(source.schema.names)
        return FrameRows(lambda: _of_batches([source]), source.num_rows)
    is_reader = isinstance(source, loaded("pyarrow", "RecordBatchReader"))
    if is_reader or (isinstance(source, ArrowStream) and not isinstance(source, Iterable)):
        return _of_stream(source)
    return None


def _of_pandas(frame: Any) -> FrameRows:
    """Return the rows of a DataFrame. The levels of its index that have a name are columns, too, and come first."""
    levels = [name for name in frame.index.names if name is not None]
    names = [*levels, *frame.columns]
    _check_names(names)
    size = _rows_at_once(names)

    def rows() -> Iterator[dict[str, Any]]:
        for first in range(0, len(frame), size):
            part = frame.iloc[first : first + size]
            if levels:
                part = part.reset_index(level=levels)
            for values in part.itertuples(index=False, name=None):
                yield dict(zip(names, values, strict=True))

    return FrameRows(rows, len(frame))


def _of_stream(source: Any) -> FrameRows:
    try:
        arrow = importlib.import_module("pyarrow")
    except ImportError:
        raise UsageError(
            f"a {type(source).__name__} is read with pyarrow, which is not installed: install hubbatch[parquet], or"
            " pass its rows as mappings"
        ) from None

    def rows() -> Iterator[dict[str, Any]]:
        reader = arrow.RecordBatchReader.from_stream(source)
        _check_names(reader.schema.names)
        return _of_batches(reader)

    return FrameRows(rows, None)


def _of_batches(batches: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Return the rows of Arrow's record batches."""
    for batch in batches:
        size = _rows_at_once(batch.schema.names)
        for first in range(0, batch.num_rows, size):
            yield from batch.slice(first, size).to_pylist()


def _rows_at_once(names: Sequence[object]) -> int:
    return max(1, min(_MOST_ROWS, _MOST_CELLS // max(1, len(names))))


def _check_names(names: Sequence[object]) -> None:
    """Refuse a frame whose columns are no properties."""
    for name in names:
        if not isinstance(name, str) or not name:
            raise UsageError(
                f"a column is called {name!r}: name the properties that the columns are, in text"
            )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"two columns are called {twice!r}: rename or drop one")
