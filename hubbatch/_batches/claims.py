"""The results of a reply, given to inputs. Plain data; how it is told whose a result is stands in `claims_*`."""

from __future__ import annotations

from attrs import frozen

from hubbatch.models import Result

__all__ = ["Claims"]


@frozen
class Claims:
    """The results, given to inputs by position."""

    results: dict[int, Result | None]
    """None marks an input that two different objects claim to be."""
    left_over: bool
    """Whether there are results without a name that nobody has claimed: they may be anybody's."""
