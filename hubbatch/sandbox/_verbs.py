"""What the five verbs do to stored records: check every input, then write what may be written.

It knows nothing of HTTP, of reply status codes or of faults.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hubbatch.sandbox._inputs import Verb
from hubbatch.sandbox._replies import Done
from hubbatch.sandbox._showing import as_result, wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hubbatch.sandbox._inputs import Input
    from hubbatch.sandbox._records import StoredObject
    from hubbatch.sandbox._task import Task

__all__ = ["perform"]


def perform(task: Task) -> Done:
    """Do what the batch asks; raise `RefusalError` when all of it is refused."""
    return _VERBS[task.verb](task)


def _create(task: Task) -> Done:
    task.require_targets()
    good = [item for item in task.batch.inputs if task.check(item, item.properties, None)]
    problems = task.settle(multi_status=task.batch.opted_in)
    results = [task.written(_created(task, item, item.properties), item) for item in good]
    return Done(results, problems, good)


def _created(task: Task, item: Input, properties: Mapping[str, str | None]) -> StoredObject:
    stored = task.collection.create(properties, task.occasion, item.trace_id, item.associations)
    if item.associations:
        task.link(stored, item)
    return stored


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
    task.require(missing)
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
            target = _created(task, item, properties)
        else:
            target = stored
            task.collection.update(target, properties, task.occasion)
        results.append(task.written(target, item) | {"new": stored is None})
    return Done(results, problems, [item for item, _, _ in good])


def _read(task: Task) -> Done:
    object_type, batch = task.collection.type, task.batch
    by = {item.id_property for item in batch.inputs if item.id_property}
    names = wanted(
        object_type, batch.properties, with_history=bool(batch.history), id_properties=by
    )
    results: list[dict[str, Any]] = []
    sources: list[Input] = []
    missing: list[str] = []
    for item in task.batch.inputs:
        if item.id_property is None and task.collection.is_silent(item.key):
            continue
        stored = task.collection.seen(
            item.key, item.id_property, task.occasion.at, archived=task.archived
        )
        if stored is None:
            missing.append(item.key)
            continue
        result = as_result(object_type, stored, names, batch.history)
        results.append(task.traced(result, item))
        sources.append(item)
    return Done(results, task.not_found(missing), sources)


def _archive(task: Task) -> Done:
    for item in task.batch.inputs:
        stored = task.collection.find(item.key, item.id_property)
        if stored is not None:
            task.collection.archive(stored, task.occasion)
    return Done()


_VERBS: Mapping[Verb, Callable[[Task], Done]] = {
    Verb.CREATE: _create,
    Verb.UPDATE: _update,
    Verb.UPSERT: _upsert,
    Verb.READ: _read,
    Verb.ARCHIVE: _archive,
}
