"""Inputs of association batches: pairs of records, and of which kinds; and which of them do not hold.

It knows nothing of paths or of replies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from hubbatch.sandbox._bodies import id_of, malformed, missing_fields, text_of
from hubbatch.sandbox._definitions import Spec
from hubbatch.sandbox._links import End
from hubbatch.sandbox._replies import Problem, RefusalError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hubbatch.sandbox._call import Call
    from hubbatch.sandbox._definitions import Definition
    from hubbatch.sandbox._schema import ObjectType

__all__ = ["Between", "Pair", "read_pairs"]


@frozen
class Pair:
    """One input: two records, and the kinds it names."""

    left: End
    right: End
    kinds: tuple[Spec, ...] = ()

    def naming(self) -> dict[str, list[str]]:
        """Return the `context` by which errors name this input."""
        return {"id": [self.left.record_id]}


@frozen
class Between:
    """The two object types that a path names, and what the account knows of associations between them."""

    call: Call
    left: ObjectType
    right: ObjectType

    @classmethod
    def of(cls, call: Call) -> Between:
        """Return what the path of a call names."""
        types = (
            call.object_type("from_type", "associations"),
            call.object_type("to_type", "associations"),
        )
        return cls(call, *types)

    def default(self) -> Definition:
        """Return the unlabelled kind."""
        return self.call.account.definitions.default(self.left.id, self.right.id)

    def inverse(self, spec: Spec) -> Spec:
        """Return what a kind is called from the other side."""
        found = self.call.account.definitions.find(self.left.id, self.right.id, spec)
        return self.default().inverse if found is None else found.inverse

    def problem(self, pair: Pair) -> Problem | None:
        """Return what is wrong with a pair, if anything."""
        store, definitions = self.call.account.store, self.call.account.definitions
        for end, object_type in ((pair.left, self.left), (pair.right, self.right)):
            if store.collection(object_type).find(end.record_id, None) is None:
                message = (
                    f"{object_type.label.upper().replace(' ', '_')}={end.record_id} is not valid"
                )
                return self._problem(message, end.record_id)
        if pair.left == pair.right:
            message = (
                f"An object cannot be associated with itself: {pair.left.record_id}"  # inferred
            )
            return self._problem(message, pair.left.record_id)
        for spec in pair.kinds if self.call.options.strict else ():
            if definitions.find(self.left.id, self.right.id, spec) is None:
                message = (
                    f"{spec.category} association type {spec.type_id} is not valid"  # inferred
                )
                return self._problem(message, pair.left.record_id)
        return None

    def check(self, pairs: Iterable[Pair]) -> tuple[list[Pair], list[Problem]]:
        """Return which pairs hold, and what is wrong with the others; refuse all where that is the habit."""
        good, problems = [], []
        for pair in pairs:
            problem = self.problem(pair)
            if problem is None:
                good.append(pair)
            else:
                problems.append(problem)
        if problems and self.call.options.associations_reject_batch:
            words = [problem.message for problem in problems]
            context = {"INVALID_OBJECT_IDS": words[:1]}
            message = "One or more associations are invalid"
            raise RefusalError(400, "VALIDATION_ERROR", message, context=context)
        return good, problems

    def over_limit(self, pair: Pair) -> Problem | None:
        """Return that a record has as many associations of a kind as the account allows, if it has."""
        limits = self.call.account.definitions.limits(self.left.id, self.right.id)
        held = self.call.account.store.links.of(pair.left, self.right.id) if limits else {}
        for spec in {self.default().spec, *pair.kinds} & limits.keys():
            others = sum(
                spec in kinds for key, kinds in held.items() if key != pair.right.record_id
            )
            if others >= limits[spec]:
                message = (
                    f"{pair.left.record_id} has {limits[spec]} associations of type {spec.type_id}"
                )
                return self._problem(message, pair.left.record_id)  # inferred: the words
        return None

    def _problem(self, message: str, record_id: str) -> Problem:
        named = self.call.options.name_association_offender
        return Problem("VALIDATION_ERROR", message, {"id": [record_id]} if named else {})


def read_pairs(between: Between, inputs: Iterable[Any], *, version: str, kinds: bool) -> list[Pair]:
    """Read inputs of the form `{from: {id}, to: {id}}`, with `types` (v3: `type`) if kinds are wanted."""
    return [_pair(between, raw, version, kinds=kinds) for raw in inputs]


def _pair(between: Between, raw: Any, version: str, *, kinds: bool) -> Pair:
    if type(raw) is not dict:
        raise malformed("every input must be an object")
    left, right = (_end(raw.get(name), name) for name in ("from", "to"))
    found: tuple[Spec, ...] = ()
    if kinds:
        found = (_named(between, raw),) if version == "v3" else _specs(raw.get("types"))
    return Pair(End(between.left.id, left), End(between.right.id, right), found)


def _end(value: Any, name: str) -> str:
    if type(value) is not dict:
        raise missing_fields(name)
    found = id_of(value)
    if not found:
        raise missing_fields(f"{name}.id")
    return found


def _specs(value: Any) -> tuple[Spec, ...]:
    if type(value) is not list:
        raise missing_fields("types")
    for one in value:
        if (
            type(one) is not dict
            or type(one.get("associationCategory")) is not str
            or type(one.get("associationTypeId")) is not int
        ):
            raise malformed('a type looks like {"associationCategory":"…","associationTypeId":1}')
    return tuple(Spec(one["associationCategory"], one["associationTypeId"]) for one in value)


def _named(between: Between, raw: dict[str, Any]) -> Spec:
    name = text_of(raw, "type")
    if not name:
        raise missing_fields("type")
    found = between.call.account.definitions.named(between.left.id, between.right.id, name)
    if found is None:
        raise RefusalError(400, "VALIDATION_ERROR", f"{name[:100]} is not valid")  # inferred
    return found.spec
