"""What one command is to do, as a value: made of its options before anything heavy is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

from hubbatch.files import Columns, Kind

__all__ = ["Job", "Layout"]


@frozen
class Layout:
    """What a verb wants from the files, and what the user has said of them."""

    key: str | None
    """The column that names the object; None for a create."""
    ids_only: bool = False
    """Whether the key is all there is to read."""
    clear_empty: bool = False
    """Whether an empty cell clears the property instead of being left out."""
    kind: Kind | None = None
    encoding: str | None = None
    delimiter: str | None = None
    columns: Columns = field(factory=Columns)


@frozen
class Job:
    """What one command is to do."""

    verb: str
    object_type: str
    paths: Sequence[str]
    layout: Layout
    options: Mapping[str, Any] = {}
    """The verb's own options."""
    output: str | None = None
    """Where the results of a read go; `-` is standard output."""
