"""Which create a result without a name is for, by the values that it holds, as far as only one input sent them.

Pure. Values are compared as HubSpot re-spells them. What cannot be told is left out: a guess may cost a record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import orjson
from attrs import define, field

from hubbatch._records.planning import Input
from hubbatch._records.spelling import Spelling
from hubbatch.models import ObjectResult

__all__ = ["holds_what_was_sent", "match_by_values"]

_Shape = tuple[str, ...]
_Forms = tuple[str, ...]


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
    match takes its input out of the game, which may settle others.
    """
    sent = {position: inputs[position].properties for position in positions}
    exact = _one_to_one(sent, results)
    if exact is not None:
        return exact
    return _Match(inputs, sent, results, spelling).solve()


def _one_to_one(
    sent: Mapping[int, Mapping[str, str]], results: Sequence[ObjectResult]
) -> dict[int, ObjectResult] | None:
    """Return the matches if every input has exactly one result that holds its very values, as is usual."""
    shapes = {tuple(properties) for properties in sent.values()}
    if len(shapes) != 1 or len(results) != len(sent):
        return None
    names = min(shapes)
    by_values = {tuple(properties.values()): position for position, properties in sent.items()}
    matched: dict[int, ObjectResult] = {}
    for result in results:
        get = result.properties.get
        position = by_values.get(tuple([get(name) or "" for name in names]))
        if position is None or position in matched:
            return None
        matched[position] = result
    return matched


@define(eq=False)
class _Candidate:
    """A result, and the inputs that it may be for."""

    result: ObjectResult
    fitting: Sequence[int]
    """Inputs all of whose values it holds."""
    rivals: Sequence[int] = field(factory=list)
    """Inputs that agree with the fitting ones, sent more than these, and of which it holds something for all of that:
    it may be theirs, in a spelling that forms do not know of."""


class _Match:
    def __init__(
        self,
        inputs: Sequence[Input],
        sent: Mapping[int, Mapping[str, str]],
        results: Sequence[ObjectResult],
        spelling: Spelling,
    ) -> None:
        self._sent = {
            position: {name: value for name, value in properties.items() if value.strip()}
            for position, properties in sent.items()
        }
        self._spelling = spelling
        self._letters = {position: _letters(inputs[position]) for position in sent}
        self._forms = {
            position: {name: spelling.form(name, value) for name, value in properties.items()}
            for position, properties in self._sent.items()
        }
        groups: dict[_Shape, dict[_Forms, list[int]]] = defaultdict(lambda: defaultdict(list))
        for position, forms in self._forms.items():
            names = tuple(sorted(forms))
            groups[names][tuple(forms[name] for name in names)].append(position)
        self._groups = groups
        self._candidates = [self._candidate(result) for result in results]

    def solve(self) -> dict[int, ObjectResult]:
        matched: dict[int, ObjectResult] = {}
        open_ = set(self._sent)
        while True:
            certain: dict[bytes, list[_Candidate]] = defaultdict(list)
            for candidate in self._candidates:
                letters = self._certain(candidate, open_)
                if letters is not None:
                    certain[letters].append(candidate)
            if not certain:
                return matched
            for letters, found in certain.items():
                alike = [
                    position for position in sorted(open_) if self._letters[position] == letters
                ]
                if len(found) <= len(alike):
                    for position, candidate in zip(alike, found, strict=False):
                        matched[position] = candidate.result
                        open_.discard(position)
                else:  # more results than inputs: which is whose cannot be told
                    open_.difference_update(alike)
                self._candidates = [each for each in self._candidates if each not in found]

    def _candidate(self, result: ObjectResult) -> _Candidate:
        held: dict[str, str] = {}

        def form(name: str) -> str:
            if name not in held:
                held[name] = self._spelling.form(name, result.properties.get(name))
            return held[name]

        fitting = [
            position
            for names, by_forms in self._groups.items()
            for position in by_forms.get(tuple(map(form, names)), ())
        ]
        if not fitting or len(self._groups) == 1:
            return _Candidate(result, fitting)
        covered = set.intersection(*(set(self._sent[position]) for position in fitting))
        rivals = [
            position
            for position, properties in self._sent.items()
            if position not in fitting
            and any(name not in covered and form(name) for name in properties)
            and all(
                form(name) == self._forms[position][name] if name in covered else form(name)
                for name in properties
            )
        ]
        return _Candidate(result, fitting, rivals)

    def _certain(self, candidate: _Candidate, open_: set[int]) -> bytes | None:
        """Return what all open inputs that a result may be for have sent, if that is the same to the letter."""
        letters = {self._letters[position] for position in candidate.fitting if position in open_}
        if len(letters) != 1 or not open_.isdisjoint(candidate.rivals):
            return None
        return min(letters)


def _letters(item: Input) -> bytes:
    """Return what an input sends, but for its trace id."""
    wire = item.wire
    wire.pop("objectWriteTraceId", None)
    return orjson.dumps(wire, option=orjson.OPT_SORT_KEYS)
