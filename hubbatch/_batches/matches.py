"""The results of a reply, given to inputs. Plain data; `match_objects` and `match_rows` make it."""

from __future__ import annotations

from attrs import frozen

from hubbatch.models import Result

__all__ = ["Matches"]


@frozen
class Matches:
    """The results, given to inputs by position."""

    results: dict[int, Result | None]
    """None marks an input that two different objects claim to be."""
    left_over: bool
    """Whether there are results without a name that nobody has matched: they may be anybody's."""
