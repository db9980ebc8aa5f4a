"""By which names a reply may speak of inputs whose results are no objects: by fields that the row names.

Pure. A pair is named by both its ids in a result, and by one of them in an error.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from hubbatch._batches.error_contexts import contexts_of, texts
from hubbatch._batches.names import texts_in
from hubbatch._batches.problems import is_conflict
from hubbatch._protocol.rows import RowResults
from hubbatch._records.paths import reader_of, steps_of, texts_of_all
from hubbatch._records.planning import Input, NamedInput
from hubbatch._records.planning_pairs import names_in
from hubbatch.endpoints import Endpoint, InputKind
from hubbatch.models import BatchError, RowResult

__all__ = ["RowNames"]

_AMBIGUOUS = -1
"""Stands for the position of a name that several inputs have."""


class RowNames:
    """The names of the inputs of one batch."""

    def __init__(self, endpoint: Endpoint, inputs: Sequence[Input]) -> None:
        self._inputs = inputs
        self._ways = [(tuple(way), reader_of(way)) for way in endpoint.names]
        self._error_names = endpoint.error_names
        # A result for each direction names the same pair the other way round, too.
        self._both_ways = endpoint.input is InputKind.PAIR and endpoint.results_per_input != 1
        self._of_values: dict[frozenset[str], list[int]] = {}
        """What errors with the same values get: thousands of errors may name one object."""
        self._by_name = _positions(names_in(inputs))
        self._list_of = _lists(endpoint)

    def names_what_is_shared(self, error: BatchError) -> bool:
        """Whether an error names something that several inputs have: one object is in many pairs."""
        return self._has_parts and next(self._whole_names(error), None) is None

    @functools.cached_property
    def _has_parts(self) -> bool:
        return any(len(name) > 1 for name in self._by_name)

    def of_result(self, result: RowResult) -> Sequence[int]:
        """Return the positions of the inputs that a result is for; none if it does not show it.

        It is for several only where what is read has been asked for by one name and by another.
        """
        if not self._ways:
            return (0,) if len(self._inputs) == 1 else ()
        found = [self._of_name(tuple(read(result.fields))) for _, read in self._ways]
        return [
            position
            for position in dict.fromkeys(found)
            if position is not None and self._is_of_its_list(position, result)
        ]

    def _is_of_its_list(self, position: int, result: RowResult) -> bool:
        """Whether an id stands where an answer has those of its input's list."""
        item, answered = self._inputs[position], self._list_of.get(str(result.fields.get("list")))
        return answered is None or not isinstance(item, NamedInput) or item.list_name == answered

    def one_each(self, rows: RowResults) -> RowResults | None:
        """Return the results in the order of the inputs if there is just one for each, as nearly always; None else."""
        if len(self._ways) != 1 or len(rows) != len(self._inputs) or self._list_of:
            return None
        names = zip(
            *(texts_of_all(steps_of(field), rows.fields) for field in self._ways[0][0]), strict=True
        )
        places = [*map(self._by_name.get, names)]
        found = set(places)
        if len(found) < len(places) or None in found or _AMBIGUOUS in found:
            return None
        order = dict(zip(places, range(len(places)), strict=True))
        return rows.in_order([*map(order.__getitem__, range(len(places)))])

    def _of_name(self, name: tuple[str, ...]) -> int | None:
        position = self._by_name.get(name)
        if position is None and self._both_ways:
            position = self._by_name.get(name[::-1])
        if position is None:
            position = self._by_lower.get(tuple(map(_without_case, name)))
        return None if position == _AMBIGUOUS else position

    @functools.cached_property
    def _by_lower(self) -> dict[tuple[str, ...], int]:
        """Positions by the name with e-mail addresses in lower case, as HubSpot writes them."""
        found: dict[tuple[str, ...], int] = {}
        for name, position in self._by_name.items():
            lower = tuple(map(_without_case, name))
            if found.setdefault(lower, position) != position:
                found[lower] = _AMBIGUOUS
        return found

    @functools.cached_property
    def _by_part(self) -> dict[str, dict[int, list[int]]]:
        """For every part of a name the positions of those that have it, by its place in the name."""
        found: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for position, item in enumerate(self._inputs):
            last = 1 if isinstance(item, NamedInput) and item.several else None
            for place, part in enumerate(_name(item)):
                if part:  # several pairs of one input have one end in common, and several others
                    found[part][place if last is None else min(place, last)].append(position)
        return found

    def of_error(self, error: BatchError) -> list[int]:
        """Return the positions of the inputs that an error names, in its own or a nested context."""
        if whole := set(self._whole_names(error)):
            return sorted(whole)
        if is_conflict(error):
            return []  # its ids are of the object that was collided with
        values = frozenset(texts_in(error, self._error_names))
        if values not in self._of_values:
            self._of_values[values] = self._having(values)
        return self._of_values[values]

    def _having(self, values: Iterable[str]) -> list[int]:
        """Return the positions of the inputs that have one of some values in their names."""
        named: set[int] = set()
        for value in values:
            places = [set(found) for found in self._by_part.get(value, {}).values()]
            if places and all(found == places[0] for found in places):
                named |= places[0]
            # Else it is the id of one object here and of another there, and may mean either.
        return sorted(named)

    def _whole_names(self, error: BatchError) -> Iterator[int]:
        """Return the positions of the inputs that a context names as a result would."""
        for context in contexts_of(error):
            for fields, _ in self._ways:
                parts = [list(texts(context.get(field))) for field in fields]
                if all(len(part) == 1 for part in parts):
                    position = self._of_name(tuple([part[0].strip() for part in parts]))
                    if position is not None:
                        yield position

    def names_a_record(self, error: BatchError) -> bool:
        """Whether an error names records at all, be they of this batch or not."""
        if next(self._whole_names(error), None) is not None:
            return True
        return not is_conflict(error) and any(texts_in(error, self._error_names))


def _without_case(part: str) -> str:
    """Return an e-mail address in lower case, and anything else as it is: names that differ in case are two."""
    return part.lower() if "@" in part else part


def _lists(endpoint: Endpoint) -> Mapping[str, str]:
    """Return for each list of ids in an answer the list of the body that it answers, where there are several."""
    done = () if endpoint.id_lists is None else endpoint.id_lists.done
    if len(endpoint.body.lists) < 2 or len(done) != len(endpoint.body.lists):  # noqa: PLR2004
        return {}
    return dict(zip(done, endpoint.body.lists, strict=True))


def _name(item: Input) -> tuple[str, ...]:
    return item.name if isinstance(item, NamedInput) else ()


def _positions(names: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    """Return where each name stands; one that stands twice is ambiguous."""
    found = dict(zip(names, range(len(names)), strict=True))
    if len(found) < len(names):
        again: dict[tuple[str, ...], int] = {}
        for position, name in enumerate(names):
            if again.setdefault(name, position) != position:
                again[name] = _AMBIGUOUS
        found = again
    found.pop((), None)
    return found
