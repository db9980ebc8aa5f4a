"""One batch on its way: what was found wrong with its inputs, and how its results look.

It knows nothing of single verbs, of HTTP or of faults.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from hubbatch.sandbox._conflicts import Taken, conflict
from hubbatch.sandbox._definitions import Spec
from hubbatch.sandbox._habits import ConflictShape
from hubbatch.sandbox._links import End
from hubbatch.sandbox._replies import Problem, RefusalError
from hubbatch.sandbox._showing import around

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hubbatch.sandbox._collection import Collection
    from hubbatch.sandbox._definitions import Definitions
    from hubbatch.sandbox._habits import Habits
    from hubbatch.sandbox._inputs import Batch, Input, Verb
    from hubbatch.sandbox._records import Occasion, StoredObject

__all__ = ["Task"]

_INVALID = 400
_NOT_FOUND = 404


@frozen
class _Refused:
    status: int
    problem: Problem
    is_conflict: bool


@define(eq=False)
class Task:
    """One batch and what it is to be done with."""

    verb: Verb
    batch: Batch
    collection: Collection
    occasion: Occasion
    habits: Habits
    definitions: Definitions
    echoes: Callable[[], bool]
    """Tells of each result in turn whether it carries the trace id of its input."""
    has_write_rules: bool = False
    """Whether the account's own rules bind the write."""
    archived: bool = False
    """Read: look among the archived records only."""
    _claims: set[tuple[str, str]] = field(factory=set)
    _refused: list[_Refused] = field(factory=list)

    def check(
        self, item: Input, properties: Mapping[str, str | None], target: StoredObject | None
    ) -> bool:
        """Tell whether an input may be written; remember the problem if not."""
        kind = self.collection.type
        details = kind.problems(properties, new=target is None)
        if self.has_write_rules and not details:
            details = kind.unmet(properties, {} if target is None else target.properties)
        if details:
            problem = Problem("VALIDATION_ERROR", _message(details), item.naming(), details)
            self._refused.append(_Refused(_INVALID, problem, is_conflict=False))
            return False
        claims = [
            (name, kind.key(name, value)) for name in kind.unique if (value := properties.get(name))
        ]
        own = None if target is None else target.id
        for claim in claims:
            holder = self.collection.holder(*claim)
            if (holder is not None and holder != own) or claim in self._claims:
                self._refused.append(self._conflict(item, claim, holder))
                return False
        self._claims.update(claims)
        return True

    def settle(self, *, multi_status: bool) -> list[Problem]:
        """Return the problems, or raise the whole batch's refusal; call it before any write."""
        for refused in self._refused:
            if not multi_status or self._rejects_batch(refused):
                raise refused.problem.refusal(refused.status)
        return [refused.problem for refused in self._refused]

    def require(self, missing: Sequence[str]) -> None:
        """Refuse the whole batch for the first id that is missing, where that is the service's habit."""
        if missing and self.habits.missing_rejects_batch:
            raise self.not_found(missing[:1])[0].refusal(_NOT_FOUND)

    def require_targets(self) -> None:
        """Refuse the whole batch for the first record to associate with that is missing, likewise."""
        if not self.habits.missing_rejects_batch:
            return
        associations = (one for item in self.batch.inputs for one in item.associations)
        for target in (str(one["to"]["id"]) for one in associations):
            if self.collection.store.locate(target) is None:
                message = f"Object not found. No object with id {target} to associate with."
                raise RefusalError(
                    _NOT_FOUND, "OBJECT_NOT_FOUND", message, context={"id": [target]}
                )

    def traced(self, result: dict[str, Any], item: Input) -> dict[str, Any]:
        """Return an item of `results` with the trace id of its input, if it is to be echoed."""
        if item.trace_id is not None and self.echoes():
            result["objectWriteTraceId"] = item.trace_id
        return result

    def written(self, stored: StoredObject, item: Input) -> dict[str, Any]:
        """Return the result of a write: a new record as it is, of an old one what was sent."""
        held = stored.properties
        if stored.writes == 1:
            return self.traced(around(stored, held), item)
        shown: dict[str, str | None] = {name: held.get(name, "") for name in item.properties}
        if item.id_property is not None:
            shown[item.id_property] = held.get(item.id_property, "")
        for name in self.collection.type.server_made:
            shown[name] = held[name]
        return self.traced(around(stored, shown), item)

    def link(self, stored: StoredObject, item: Input) -> None:
        """Associate a new record with those that its input names, as far as they are there."""
        store, left = self.collection.store, End(self.collection.type.id, stored.id)
        for one in item.associations:
            right = store.locate(str(one["to"]["id"]))
            if right is None:
                continue
            default = self.definitions.default(left.type_id, right.type_id)
            store.links.add(left, right, default.spec, default.inverse)
            for kind in one["types"]:
                spec = Spec(kind["associationCategory"], kind["associationTypeId"])
                known = self.definitions.find(left.type_id, right.type_id, spec) or default
                store.links.add(left, right, spec, known.inverse)

    def not_found(self, missing: Sequence[str]) -> list[Problem]:
        """Return the one item that names every id that was not found."""
        if not missing:
            return []
        label = self.collection.type.label.upper()
        message = (
            f"Could not get some {label} objects, they may be deleted or not exist. "
            "Check that ids are valid."
        )
        context = {"ids": list(missing)}
        if self.habits.missing_trace_ids:
            keys = set(missing)
            traces = [item.trace_id for item in self.batch.inputs if item.key in keys]
            context["objectWriteTraceId"] = [trace for trace in traces if trace is not None]
        return [Problem("OBJECT_NOT_FOUND", message, context)]

    def _rejects_batch(self, refused: _Refused) -> bool:
        habits = self.habits
        if refused.is_conflict and habits.conflicts_reject_batch:
            return True
        return refused.status == _INVALID and habits.reject_whole_batch

    def _conflict(self, item: Input, claim: tuple[str, str], holder: str | None) -> _Refused:
        named = holder if self.habits.name_existing_id else None
        taken = Taken(self.collection.type.label, *claim, named)
        status, category, message = conflict(ConflictShape(self.habits.conflict_shape), taken)
        context = item.naming()
        if holder is not None and self.habits.existing_id_in_context:
            context["existingId"] = [holder]
        return _Refused(status, Problem(category, message, context), is_conflict=True)


def _message(details: Sequence[Mapping[str, Any]]) -> str:
    items = [
        {"isValid": False, "message": detail["message"], "error": detail["code"], "name": name}
        for detail in details
        for name in detail["context"].get("propertyName", ())
    ]
    if not items:
        return str(details[0]["message"])
    return f"Property values were not valid: {json.dumps(items, separators=(',', ':'))}"
