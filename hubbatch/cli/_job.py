"""What one command is to do, as a value: made of its options before anything heavy is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from hubbatch.cli._rows import Layout

__all__ = ["Job"]


@frozen
class Job:
    """What one command is to do."""

    verb: str
    object_type: str
    path: str
    layout: Layout
    options: Mapping[str, Any] = {}
    """The verb's own options."""
    output: str | None = None
    """Where the results of a read go; `-` is standard output."""
