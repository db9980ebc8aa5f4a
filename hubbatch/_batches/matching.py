"""Which create a result without a name is for, by the values that it holds, as far as only one input sent them.

Pure. Values are compared as HubSpot re-spells them. What cannot be told is left out: a guess may cost a record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import orjson
from attrs import frozen

from hubbatch._protocol.results import Results
from hubbatch._records.planning import Input
from hubbatch._records.respelling import made_of, may_become
from hubbatch._records.spelling import Spelling
from hubbatch.models import ObjectResult

__all__ = ["holds_what_was_sent", "match_by_values", "one_to_one"]


def holds_what_was_sent(item: Input, result: ObjectResult, spelling: Spelling) -> bool:
    """Whether a result holds every value that an input sent, as HubSpot may re-spell it, and at least one."""
    sent = [(name, value) for name, value in item.properties.items() if value.strip()]
    return bool(sent) and all(
        spelling.form(name, value) == spelling.form(name, result.properties.get(name))
        for name, value in sent
    )


def match_by_values(
    inputs: Sequence[Input],
    positions: Sequence[int],
    results: Sequence[ObjectResult],
    spelling: Spelling,
) -> dict[int, ObjectResult]:
    """Match inputs that create to results, as long as each match is the only possible one.

    Inputs that are the same to the letter are interchangeable; two that only have the same form claim nothing. A
    match takes its input out, which may settle others; where inputs that are the same have more results than they
    are, none is given to them, and they go on standing in the way of others.
    """
    sent = _properties([inputs[position] for position in positions])
    places = _one_to_one(sent, [result.properties for result in results])
    if places is not None:
        return {position: results[place] for position, place in zip(positions, places, strict=True)}
    return _Match(inputs, dict(zip(positions, sent, strict=True)), results, spelling).solve()


def one_to_one(inputs: Sequence[Input], results: Results) -> list[int] | None:
    """Return for every input the place of its result, if each has one that holds its very values, and no name matters.

    So it is nearly always where a service does not echo the trace ids of what it creates. Nothing is built for it.
    """
    named = any(item.key is not None for item in inputs) or set(results.trace_ids) != {None}
    if named or len(set(filter(None, results.ids))) != len(inputs):
        return None
    return _one_to_one(_properties(inputs), results.properties)


def _properties(inputs: Iterable[Input]) -> list[Mapping[str, str]]:
    """Return what inputs write, read at one go."""
    wires = orjson.loads(b"[%b]" % b",".join([item.body for item in inputs]))
    return [wire.get("properties", {}) for wire in wires]


def _one_to_one(
    sent: Sequence[Mapping[str, str]], held: Sequence[Mapping[str, str | None]]
) -> list[int] | None:
    """Return the places of those that hold the very values sent, if there is exactly one for each, as is usual."""
    shapes = {tuple(properties) for properties in sent}
    if len(shapes) != 1 or len(held) != len(sent):
        return None
    names = min(shapes)
    by_values = {}
    for place, properties in enumerate(held):
        get = properties.get
        by_values[tuple([get(name) or "" for name in names])] = place
    try:
        return [by_values.pop(tuple(properties.values())) for properties in sent]
    except KeyError:
        return None


@frozen(eq=False)
class _Candidate:
    """A result, and the inputs that it may be for, as bits."""

    result: ObjectResult
    fitting: int
    """Inputs all of whose values it holds."""
    rivals: int
    """Inputs that it may be for all the same, in a spelling that forms do not know of: where all fitting ones sent a
    value they sent the same, or one that the service may make this of; elsewhere the result holds something."""


class _Match:
    """Sets of inputs are the bits of an int here, so that each property of a result is one step, not one an input."""

    def __init__(
        self,
        inputs: Sequence[Input],
        sent: Mapping[int, Mapping[str, str]],
        results: Sequence[ObjectResult],
        spelling: Spelling,
    ) -> None:
        self._sent = sent
        self._spelling = spelling
        self._known_forms: dict[tuple[str, str], str] = {}
        self._all = 0
        self._senders: dict[str, int] = defaultdict(int)
        """Who sent a value of a property."""
        self._by_form: dict[tuple[str, str], int] = defaultdict(int)
        """Who sent a value of a form."""
        self._by_mark: dict[str, Mapping[str, int]] = {}
        """Who sent what the service may make something else of, for the properties that it was asked for."""
        by_letters: dict[bytes, int] = defaultdict(int)
        for position, properties in sent.items():
            self._add(1 << position, properties)
            by_letters[_letters(inputs[position])] |= 1 << position
        self._alike = {
            position: alike for alike in by_letters.values() for position in _positions(alike)
        }
        """For each input all those that are the same to the letter, itself included."""
        self._candidates = [each for each in map(self._candidate, results) if each.fitting]

    def solve(self) -> dict[int, ObjectResult]:
        matched: dict[int, ObjectResult] = {}
        open_, disputed = self._all, 0
        candidates = self._candidates
        while True:
            certain: dict[int, list[_Candidate]] = defaultdict(list)
            left = []
            for candidate in candidates:
                alike = self._certain(candidate, open_)
                if alike and not alike & disputed:
                    certain[alike].append(candidate)
                else:
                    left.append(candidate)
            if not certain:
                return matched
            for alike, found in certain.items():
                takers = _positions(alike & open_)
                if len(found) <= len(takers):
                    for position, candidate in zip(takers, found, strict=False):
                        matched[position] = candidate.result
                        open_ &= ~(1 << position)
                else:  # more results than inputs: none is theirs for sure, and others may be
                    disputed |= alike
            candidates = left

    def _add(self, bit: int, properties: Mapping[str, str]) -> None:
        self._all |= bit
        for name, value in properties.items():
            if value.strip():
                self._senders[name] |= bit
                self._by_form[name, self._form(name, value)] |= bit

    def _form(self, name: str, value: str) -> str:
        key = (name, value)
        form = self._known_forms.get(key)
        if form is None:
            form = self._known_forms[key] = self._spelling.form(name, value)
        return form

    def _candidate(self, result: ObjectResult) -> _Candidate:
        fitting = self._all
        held: list[tuple[str, str, int, int]] = []
        for name, senders in self._senders.items():
            value = result.properties.get(name) or ""
            form = self._form(name, value) if value else ""
            same = self._by_form.get((name, form), 0)
            fitting &= same | ~senders
            held.append((name, value if form else "", senders, same))
        if not fitting:
            return _Candidate(result, 0, 0)
        rivals = self._all & ~fitting
        for name, value, senders, same in held:
            if not rivals:
                break
            if not fitting & ~senders:  # all fitting ones sent it
                rivals &= ~senders | same | self._sources(name, value)
            elif not value:
                rivals &= ~senders
        return _Candidate(result, fitting, rivals)

    def _sources(self, name: str, value: str) -> int:
        """Return who sent what the service may have made a value of."""
        sources = 0
        for mark in made_of(value):
            sources |= self._marked(name).get(mark, 0)
        return sources

    def _marked(self, name: str) -> Mapping[str, int]:
        if name not in self._by_mark:
            by_mark: dict[str, int] = defaultdict(int)
            for position, properties in self._sent.items():
                for mark in may_become(properties.get(name, "")):
                    by_mark[mark] |= 1 << position
            self._by_mark[name] = by_mark
        return self._by_mark[name]

    def _certain(self, candidate: _Candidate, open_: int) -> int:
        """Return the inputs that are all that a result may be for, the same to the letter; 0 if it cannot be told."""
        fitting = candidate.fitting & open_
        if not fitting or candidate.rivals & open_:
            return 0
        alike = self._alike[_lowest(fitting)]
        return 0 if fitting & ~alike else alike


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def _positions(bits: int) -> list[int]:
    positions = []
    while bits:
        positions.append(_lowest(bits))
        bits &= bits - 1
    return positions


def _letters(item: Input) -> bytes:
    """Return what an input sends, but for its trace id."""
    wire = item.wire
    wire.pop("objectWriteTraceId", None)
    return orjson.dumps(wire, option=orjson.OPT_SORT_KEYS)
