"""What one command is to do, as a value: made of its options before anything heavy is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from hubbatch.cli._output_options import Target
from hubbatch.files import Columns, JudgeHeader, Kind

__all__ = ["BadLines", "Job", "Layout"]


class BadLines(StrEnum):
    """What becomes of a line that is no record."""

    REJECT = "reject"
    STOP = "stop"


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
    bad_lines: BadLines = BadLines.REJECT
    skip: int = 0
    """Records before the first one that is wanted."""
    limit: int | None = None
    """The most records that are wanted."""
    holds_unknown: bool = False
    """Whether a row is left alone of which an earlier load says that it is UNKNOWN."""

    @property
    def takes_all(self) -> bool:
        """Whether every record goes to the run as it stands."""
        return not (self.ids_only or self.skip or self.limit or self.holds_unknown)


@frozen
class Job:
    """What one command is to do."""

    verb: str
    object_type: str
    paths: Sequence[str]
    layout: Layout
    options: Mapping[str, Any] = {}
    """The verb's own options."""
    target: Target | None = None
    """Where the objects of a read go."""
    validate: bool = False
    """Whether records are held against the account's properties before they are sent."""
    header: JudgeHeader | None = None
    """Who sees a file's columns before anything of it is read, and may refuse them."""
