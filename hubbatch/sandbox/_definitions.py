"""The kinds of associations that there are between two object types: HubSpot's own, and labels of the account.

It knows nothing of records or requests.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, NamedTuple

from attrs import define, field, frozen

from hubbatch.errors import UsageError
from hubbatch.sandbox._names import name_of, singular, type_id_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Definition", "Definitions", "Spec"]

HUBSPOT = "HUBSPOT_DEFINED"
USER = "USER_DEFINED"
_MOST_LABELS = 1_000
"""How many labels an account can define: requests must not fill the memory."""


class Spec(NamedTuple):
    """What an association is, as a request names it."""

    category: str
    type_id: int


@frozen
class Definition:
    """One kind of association in one direction; `inverse` is what it is called from the other side."""

    spec: Spec
    inverse: Spec
    label: str | None = None


_ROWS = """
contacts  contacts  449 449
contacts  companies 279 280
contacts  companies 1   2    Primary
contacts  deals     4   3
contacts  tickets   15  16
companies companies 450 450
companies companies 13  14   Parent Company
companies deals     342 341
companies deals     6   5    Primary
companies tickets   340 339
companies tickets   25  26   Primary
deals     deals     451 451
deals     tickets   27  28
deals     line_items 19 20
deals     quotes    63  64
quotes    line_items 67 68
tickets   tickets   452 452
contacts  calls     193 194
contacts  emails    197 198
contacts  meetings  199 200
contacts  notes     201 202
contacts  tasks     203 204
companies calls     181 182
companies emails    185 186
companies meetings  187 188
companies notes     189 190
companies tasks     191 192
deals     calls     205 206
deals     emails    209 210
deals     meetings  211 212
deals     notes     213 214
deals     tasks     215 216
tickets   calls     219 220
tickets   emails    223 224
tickets   meetings  225 226
tickets   notes     227 228
tickets   tasks     229 230
contacts  communications 82 81
"""
"""From, to, id, id of the other direction, label ("Associations", association type id values)."""


def _own() -> Mapping[tuple[str, str], dict[Spec, Definition]]:
    found: dict[tuple[str, str], dict[Spec, Definition]] = {}
    for row in _ROWS.strip().splitlines():
        left, right, there, back, *words = row.split(maxsplit=4)
        label = words[0] if words else None
        pair = (type_id_of(left) or left, type_id_of(right) or right)
        specs = (Spec(HUBSPOT, int(there)), Spec(HUBSPOT, int(back)))
        found.setdefault(pair, {})[specs[0]] = Definition(*specs, label)
        found.setdefault(pair[::-1], {})[specs[1]] = Definition(*specs[::-1], label)
    return found


_OWN = _own()


@define(eq=False)
class Definitions:
    """The kinds of associations of one account."""

    _labels: dict[tuple[str, str], dict[Spec, Definition]] = field(factory=dict)
    _limits: dict[tuple[str, str], dict[Spec, int]] = field(factory=dict)
    _last_id: int = 0

    def limits(self, left: str, right: str) -> dict[Spec, int]:
        """Return to how many records each kind may lead from one, where the account says so; it may be changed."""
        return self._limits.setdefault((left, right), {})

    def between(self, left: str, right: str) -> list[Definition]:
        """Return the kinds from one object type to another, by their ids; the unlabelled one is first."""
        own = _OWN.get((left, right)) or {self.default(left, right).spec: self.default(left, right)}
        labels = self._labels.get((left, right), {})
        return [*own.values(), *labels.values()]

    def default(self, left: str, right: str) -> Definition:
        """Return the unlabelled kind."""
        own = _OWN.get((left, right))
        if own is not None:
            return next(one for one in own.values() if one.label is None)
        # inferred: that there is one, and not its id, which HubSpot's list does not have for each pair of types
        pair = "/".join(sorted((left, right)))
        first = 10_000 + 2 * (zlib.crc32(pair.encode()) % 100_000)
        there, back = (first, first + 1) if left <= right else (first + 1, first)
        return Definition(Spec(HUBSPOT, there), Spec(HUBSPOT, back if left != right else there))

    def find(self, left: str, right: str, spec: Spec) -> Definition | None:
        """Return the kind that a request names; None if there is none of that id between these types."""
        return next((one for one in self.between(left, right) if one.spec == spec), None)

    def named(self, left: str, right: str, name: str) -> Definition | None:
        """Return the kind that v3 knows by a name, such as `contact_to_company`, or by its id."""
        known = {one.spec: _v3_names(one, left, right) for one in self.between(left, right)}
        # A label of the account may have the number of a kind of HubSpot's, which has a name besides.
        named = [spec for spec, names in known.items() if names[0] == name]
        numbered = [spec for spec, names in known.items() if name in names]
        return next((self.find(left, right, spec) for spec in (*named, *numbered)), None)

    def v3_name(self, left: str, right: str, spec: Spec) -> str:
        """Return what v3 calls a kind."""
        found = self.find(left, right, spec)
        return _v3_names(found, left, right)[0] if found is not None else str(spec.type_id)

    def define(
        self, left: str, right: str, label: str, *, inverse_label: str | None = None
    ) -> Definition:
        """Add a label between two object types; raise `UsageError` when there is one of that name."""
        if any(one.label == label for one in self.between(left, right)):
            raise UsageError(f"There is a label {label!r} between these object types already.")
        if self._last_id >= _MOST_LABELS:
            raise UsageError(f"An account has {_MOST_LABELS} labels at most.")
        self._last_id += 2
        there, back = Spec(USER, self._last_id - 1), Spec(USER, self._last_id)
        if left == right and inverse_label is None:
            back = there
        found = Definition(there, back, label)
        self._labels.setdefault((left, right), {})[there] = found
        self._labels.setdefault((right, left), {})[back] = Definition(
            back, there, inverse_label or label
        )
        return found


def _v3_names(definition: Definition, left: str, right: str) -> tuple[str, ...]:
    words = f"{singular(name_of(left))}_to_{singular(name_of(right))}"
    number = str(definition.spec.type_id)
    if definition.spec.category == USER:
        return (number,)
    if definition.label == "Primary":
        return (words, number)
    if definition.label is not None:
        return ("parent_to_child_company" if number == "13" else "child_to_parent_company", number)
    has_primary = any(one.label == "Primary" for one in _OWN.get((left, right), {}).values())
    return (f"{words}_unlabeled" if has_primary else words, number)
