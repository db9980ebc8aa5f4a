"""Where the pages of one reading go on, one after another, and whether they go round in a circle.

Pure. It knows nothing of what stands on a page.
"""

from __future__ import annotations

from attrs import frozen

__all__ = ["Trail"]


@frozen
class Trail:
    """The place from where a reading goes on, and as much of the way there as it takes to notice a circle."""

    after: str = ""
    number: int = 0
    """How many pages there were."""
    landmark: str = ""
    """A place that it came by: at the latest one whose number is a power of two (Brent's way to find a circle)."""

    def to(self, after: str) -> Trail:
        """Return the trail after one more page, which goes on at a place; `""`: at none."""
        landmark = self.after if self.number & (self.number - 1) == 0 else self.landmark
        return Trail(after, self.number + 1, landmark)

    @property
    def goes_round(self) -> bool:
        """Whether it goes on at a place that it came by before."""
        return self.after != "" and self.after == self.landmark
