"""What the five verbs do to stored records: check every input, then write what may be written.

It knows nothing of HTTP, of reply status codes or of faults.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from hubbatch.sandbox._inputs import Batch, Input, Verb
from hubbatch.sandbox._replies import Dialect, Done, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hubbatch.sandbox._store import Collection, Occasion, StoredObject

__all__ = ["Habits", "Task", "perform"]

_CONFLICT = 409


@frozen(kw_only=True)
class Habits:
    """How the service behaves where it has been seen to behave in more than one way."""

    echo_trace_ids: bool = True
    update_rejects_whole_batch: bool = False
    conflicts_reject_batch: bool = False
    name_existing_id: bool = True


@define(eq=False)
class Task:
    """One batch and what it is to be done with."""

    verb: Verb
    batch: Batch
    collection: Collection
    occasion: Occasion
    dialect: Dialect
    habits: Habits
    archived: bool = False
    """Read: look among the archived records only."""
    _claims: set[tuple[str, str]] = field(factory=set)
    _refused: list[tuple[int, Problem]] = field(factory=list)

    def check(
        self, item: Input, properties: Mapping[str, str | None], target: StoredObject | None
    ) -> bool:
        """Tell whether an input may be written; remember the problem if not."""
        details = self.collection.type.problems(properties, new=target is None)
        if details:
            reasons = json.dumps([detail["message"] for detail in details])
            message = f"Property values were not valid: {reasons}"
            self._refuse(400, Problem("VALIDATION_ERROR", message, item.naming(), details))
            return False
        claims = [
            (name, self.collection.type.key(name, value))
            for name in self.collection.type.unique
            if (value := properties.get(name))
        ]
        own = None if target is None else target.id
        for claim in claims:
            holder = self.collection.holder(*claim)
            if (holder is not None and holder != own) or claim in self._claims:
                self._refuse(_CONFLICT, self._conflict(item, holder))
                return False
        self._claims.update(claims)
        return True

    def settle(self, *, multi_status: bool) -> list[Problem]:
        """Return the problems, or raise the whole batch's refusal; call it before any write."""
        for status, problem in self._refused:
            if not multi_status or (status == _CONFLICT and self.habits.conflicts_reject_batch):
                raise problem.refusal(status)
        return [problem for _, problem in self._refused]

    def result(
        self, stored: StoredObject, item: Input, shown: Mapping[str, str | None]
    ) -> dict[str, Any]:
        """Return one item of `results`."""
        if self.dialect.nulls and not all(shown.values()):
            shown = {name: value or None for name, value in shown.items()}
        result: dict[str, Any] = {
            "id": stored.id,
            "properties": shown,
            "createdAt": stored.created_at,
            "updatedAt": stored.updated_at,
            "archived": stored.archived,
        }
        if stored.archived_at is not None:
            result["archivedAt"] = stored.archived_at
        if item.trace_id is not None and self.habits.echo_trace_ids:
            result["objectWriteTraceId"] = item.trace_id
        return result

    def written(self, stored: StoredObject, item: Input) -> dict[str, Any]:
        """Return the result of a write: a new record as it is, of an old one what was sent."""
        held = stored.properties
        if stored.writes == 1 and not self.dialect.nulls:
            return self.result(stored, item, held)
        shown: dict[str, str | None] = {name: held.get(name, "") for name in item.properties}
        if item.id_property is not None:
            shown[item.id_property] = held.get(item.id_property, "")
        for name in self.collection.type.server_made:
            shown[name] = held[name]
        return self.result(stored, item, shown)

    def not_found(self, missing: Sequence[str]) -> list[Problem]:
        """Return the one item that names every id that was not found."""
        if not missing:
            return []
        label = self.collection.type.label.upper()
        message = (
            f"Could not get some {label} objects, they may be deleted or not exist. "
            "Check that ids are valid."
        )
        return [Problem("OBJECT_NOT_FOUND", message, {"ids": list(missing)})]

    def _refuse(self, status: int, problem: Problem) -> None:
        self._refused.append((status, problem))

    def _conflict(self, item: Input, holder: str | None) -> Problem:
        message = f"{self.collection.type.label} already exists."
        if holder is not None and self.habits.name_existing_id:
            message += f" Existing ID: {holder}"
        return Problem("CONFLICT", message, item.naming())


def perform(task: Task) -> Done:
    """Do what the batch asks; raise `RefusalError` when all of it is refused."""
    return _VERBS[task.verb](task)


def _create(task: Task) -> Done:
    good = [item for item in task.batch.inputs if task.check(item, item.properties, None)]
    problems = task.settle(multi_status=task.batch.opted_in)
    create, occasion = task.collection.create, task.occasion
    results = [
        task.written(create(item.properties, occasion, item.trace_id, item.associations), item)
        for item in good
    ]
    return Done(results, problems, good)


def _update(task: Task) -> Done:
    good: list[tuple[Input, StoredObject]] = []
    missing: list[str] = []
    for item in task.batch.inputs:
        if item.id_property is None and task.collection.is_silent(item.key):
            continue
        stored = task.collection.find(item.key, item.id_property)
        if stored is None:
            missing.append(item.key)
        elif task.check(item, item.properties, stored):
            good.append((item, stored))
    problems = task.settle(multi_status=not task.habits.update_rejects_whole_batch)
    results = []
    for item, stored in good:
        task.collection.update(stored, item.properties, task.occasion)
        results.append(task.written(stored, item))
    return Done(results, [*problems, *task.not_found(missing)], [item for item, _ in good])


def _upsert(task: Task) -> Done:
    good: list[tuple[Input, StoredObject | None, Mapping[str, str | None]]] = []
    for item in task.batch.inputs:
        id_property = item.id_property or ""
        stored = task.collection.find(item.key, id_property)
        properties = item.properties
        if stored is None:
            properties = {**properties, id_property: item.key}
        if task.check(item, properties, stored):
            good.append((item, stored, properties))
    problems = task.settle(multi_status=task.batch.opted_in)
    results = []
    for item, stored, properties in good:
        if stored is None:
            target = task.collection.create(
                properties, task.occasion, item.trace_id, item.associations
            )
        else:
            target = stored
            task.collection.update(target, properties, task.occasion)
        results.append(task.written(target, item) | {"new": stored is None})
    return Done(results, problems, [item for item, _, _ in good])


def _read(task: Task) -> Done:
    wanted = _wanted(task)
    results: list[dict[str, Any]] = []
    sources: list[Input] = []
    missing: list[str] = []
    for item in task.batch.inputs:
        if item.id_property is None and task.collection.is_silent(item.key):
            continue
        stored = task.collection.find(item.key, item.id_property, archived=task.archived)
        if stored is None:
            missing.append(item.key)
            continue
        result = task.result(stored, item, _shown(stored, wanted, nulls=task.dialect.nulls))
        if task.batch.history:
            result["propertiesWithHistory"] = {
                name: _history(stored, name) for name in task.batch.history
            }
        results.append(result)
        sources.append(item)
    return Done(results, task.not_found(missing), sources)


def _archive(task: Task) -> Done:
    for item in task.batch.inputs:
        stored = task.collection.find(item.key, item.id_property)
        if stored is not None:
            task.collection.archive(stored, task.occasion)
    return Done()


def _wanted(task: Task) -> list[str]:
    object_type, batch = task.collection.type, task.batch
    asked = batch.properties or (() if batch.history else object_type.shown)
    names = dict.fromkeys((*asked, *object_type.server_made))
    names |= dict.fromkeys(item.id_property for item in batch.inputs if item.id_property)
    return list(names)


def _shown(stored: StoredObject, wanted: list[str], *, nulls: bool) -> dict[str, str | None]:
    held = stored.properties
    if nulls:
        return {name: held.get(name) for name in wanted}
    return {name: held[name] for name in wanted if name in held}


def _history(stored: StoredObject, name: str) -> list[dict[str, Any]]:
    return [
        {"value": properties[name] or "", "timestamp": stamp, "sourceType": "INTEGRATION"}
        for stamp, properties in reversed(stored.history)
        if name in properties
    ]


_VERBS: Mapping[Verb, Callable[[Task], Done]] = {
    Verb.CREATE: _create,
    Verb.UPDATE: _update,
    Verb.UPSERT: _upsert,
    Verb.READ: _read,
    Verb.ARCHIVE: _archive,
}
