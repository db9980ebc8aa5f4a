"""The results of a reply, given to inputs. Plain data; `match_objects` and `match_rows` make it."""

from __future__ import annotations

from attrs import frozen

from hubbatch.models import Result

__all__ = ["Matches"]


@frozen
class Matches:
    """The results, given to inputs by position."""

    results: dict[int, Result | None]
    """None marks an input that matches two different objects."""
    left_over: bool
    """Whether results without a name are left that match no input: they may belong to any."""
