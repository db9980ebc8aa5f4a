"""The associations between the records of one account: from either side they are the same.

It knows nothing of what kinds of associations there are, of requests or of replies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from hubbatch.sandbox._definitions import Spec

__all__ = ["End", "Links"]


class End(NamedTuple):
    """One end of an association: a record."""

    type_id: str
    record_id: str


@define(eq=False)
class Links:
    """Which records are associated, and how: a set of kinds in each direction."""

    _links: dict[End, dict[str, dict[str, set[Spec]]]] = field(factory=dict)

    def add(self, left: End, right: End, there: Spec, back: Spec) -> None:
        """Associate two records; what is so already stays so."""
        self._of(left, right.type_id).setdefault(right.record_id, set()).add(there)
        self._of(right, left.type_id).setdefault(left.record_id, set()).add(back)

    def remove(self, left: End, right: End) -> bool:
        """Take two records apart; tell whether they were associated."""
        found = self._of(left, right.type_id).pop(right.record_id, None) is not None
        self._of(right, left.type_id).pop(left.record_id, None)
        return found

    def remove_kind(self, left: End, right: End, there: Spec, back: Spec) -> None:
        """Take one kind from between two records; those that have none left are apart."""
        for from_, to, spec in ((left, right, there), (right, left, back)):
            kinds = self._of(from_, to.type_id).get(to.record_id, set())
            kinds.discard(spec)
        if not self.between(left, right) or not self.between(right, left):
            self.remove(left, right)

    def between(self, left: End, right: End) -> frozenset[Spec]:
        """Return how one record is associated with another."""
        return frozenset(self._links.get(left, {}).get(right.type_id, {}).get(right.record_id, ()))

    def of(self, end: End, type_id: str) -> Mapping[str, Collection[Spec]]:
        """Return the records of a type that a record is associated with, by id."""
        return self._links.get(end, {}).get(type_id, {})

    def rename(self, old: End, new: End) -> None:
        """Let one record have the associations of another, which is no more."""
        for left, right, there, back in list(self._each(old)):
            self.remove(left, right)
            if right != new:
                self.add(new, right, there, back)
        self._links.pop(old, None)

    def forget(self, end: End) -> None:
        """Take a record apart from all others."""
        for left, right, _, _ in list(self._each(end)):
            self.remove(left, right)
        self._links.pop(end, None)

    def _each(self, end: End) -> Iterator[tuple[End, End, Spec, Spec]]:
        """Yield each kind from a record, beside a kind of the other direction."""
        for type_id, found in self._links.get(end, {}).items():
            for record_id, kinds in found.items():
                other = End(type_id, record_id)
                backwards = sorted(self.between(other, end))
                for number, spec in enumerate(sorted(kinds)):
                    yield end, other, spec, backwards[min(number, len(backwards) - 1)]

    def _of(self, end: End, type_id: str) -> dict[str, set[Spec]]:
        return self._links.setdefault(end, {}).setdefault(type_id, {})
