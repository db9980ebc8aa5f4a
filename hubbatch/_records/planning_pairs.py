"""From a caller's pair to an input, in few steps: there may be millions of them.

Pure. It makes the very inputs that `planning_rows` makes, for rows whose pairs are kept apart by their two ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import attrs

from hubbatch._records.pairs import pair_of
from hubbatch._records.paths import EACH, steps_of, text_reader
from hubbatch._records.planning import Input, NamedInput, encode_input
from hubbatch._records.planning_rows import EMPTY, missing_field
from hubbatch._records.spelling import Key
from hubbatch.endpoints import Endpoint, InputKind

__all__ = ["PairInput", "PairPlanner", "names_in"]

_ENDS = ("from.id", "to.id")
_ends_of = attrgetter("one", "other")


@attrs.define(eq=False)
class PairInput(NamedInput):
    """A pair. What it is called is made when it is wanted: while a million wait, each object more takes its time.

    It is the garbage collector's time, which visits every tuple.
    """

    one: str = ""
    other: str = ""
    lock: str = ""
    further: str | None = None
    """What belongs to its identity besides its ends, if anything does."""
    named_by_all: bool = False
    """Whether that belongs to its name, too."""

    @property
    def identity(self) -> Key:
        """What it is about: its ends, and what else belongs to that."""
        return None, "\0".join(self._parts)

    @property
    def name(self) -> tuple[str, ...]:
        """What answers name it by."""
        return self._parts if self.named_by_all else (self.one, self.other)

    @property
    def locks(self) -> tuple[str, ...]:
        """Its ends, in any order."""
        return (self.lock,)

    @property
    def _parts(self) -> tuple[str, ...]:
        ends = self.one, self.other
        return ends if self.further is None else (*ends, self.further)


def names_in(inputs: Sequence[Input]) -> list[tuple[str, ...]]:
    """Return the names of inputs; those of pairs in no step for each."""
    if {*map(type, inputs)} == {PairInput} and not any(map(attrgetter("named_by_all"), inputs)):
        return [*map(_ends_of, inputs)]
    return [item.name if isinstance(item, NamedInput) else () for item in inputs]


class PairPlanner:
    """Turns pairs into inputs that go out as they are given."""

    def __init__(self, endpoint: Endpoint) -> None:
        further = _further(endpoint)
        self._further = further
        self._read = text_reader(steps_of(further or ""))
        """Reads what else belongs to a pair's identity: its types."""
        self._needs_further = further in endpoint.required
        self._named_by_all = not endpoint.names and further is not None

    @staticmethod
    def fits(endpoint: Endpoint) -> bool:
        """Whether a row's pairs are named and kept apart by their ends, and one field more at most."""
        further = _further(endpoint)
        known = {*_ENDS, further}
        named = [tuple(way.values()) for way in endpoint.names[:1]]
        return (
            endpoint.input is InputKind.PAIR
            and endpoint.exclusive == (_ENDS,)
            and endpoint.identity[:2] == _ENDS
            and len(endpoint.identity) <= len(known)
            and known.issuperset(endpoint.required)
            and named in ([], [_ENDS])
            and EACH not in steps_of(further or "")
        )

    def plan(self, index: int, record: Any) -> PairInput:
        """Return the input for a record; raise `InvalidRecordError` for one that must not be sent."""
        wire = pair_of(record)
        one, other = wire["from"]["id"].strip(), wire["to"]["id"].strip()
        body, further = encode_input(wire), None
        if self._further is not None:
            further = self._read(wire)
            if self._needs_further and further in EMPTY:
                raise missing_field(self._further)
        return PairInput(
            index,
            record,
            body,
            one=one,
            other=other,
            lock=f"{one}\0{other}" if one <= other else f"{other}\0{one}",
            further=further,
            named_by_all=self._named_by_all,
        )


def _further(endpoint: Endpoint) -> str | None:
    """Return the field that belongs to a pair's identity besides its ends; None if there is none."""
    return endpoint.identity[2] if len(endpoint.identity) > len(_ENDS) else None
