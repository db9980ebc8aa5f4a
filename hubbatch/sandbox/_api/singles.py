"""One object a request: create, read, update, archive by id or by a unique property.

Each is a batch of one, so that both kinds of endpoint check and write alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hubbatch.sandbox._api.batches import OBJECTS
from hubbatch.sandbox._api.linked import linked
from hubbatch.sandbox._bodies import parse_object
from hubbatch.sandbox._call import Call, Reply
from hubbatch.sandbox._inputs import Batch, Input, Verb, check_id_properties, read_input
from hubbatch.sandbox._replies import RefusalError
from hubbatch.sandbox._routes import Route
from hubbatch.sandbox._showing import as_result, wanted
from hubbatch.sandbox._task import Task
from hubbatch.sandbox._verbs import perform

if TYPE_CHECKING:
    from hubbatch.sandbox._records import StoredObject
    from hubbatch.sandbox._schema import ObjectType

__all__ = ["ROUTES", "not_found"]

_STATUSES = {"CONFLICT": 409, "OBJECT_ALREADY_EXISTS": 409, "OBJECT_NOT_FOUND": 404}


def not_found() -> RefusalError:
    """Return the refusal of an id that is not there."""
    return RefusalError(404, "OBJECT_NOT_FOUND", "resource not found")


def _create(call: Call) -> Reply:
    object_type = call.object_type()
    item = read_input(parse_object(call.request.body), Verb.CREATE)
    return Reply(call.options.create_status, _write(call, object_type, Verb.CREATE, item))


def _update(call: Call) -> Reply:
    object_type = call.object_type()
    content = parse_object(call.request.body)
    raw = {"properties": content.get("properties"), **_key(call)}
    item = read_input(raw, Verb.UPDATE)
    check_id_properties([item], Verb.UPDATE, object_type, call.account.portal_id)
    return Reply(200, _write(call, object_type, Verb.UPDATE, item))


def _read(call: Call) -> Reply:
    object_type = call.object_type()
    item = read_input(_key(call), Verb.READ)
    check_id_properties([item], Verb.READ, object_type, call.account.portal_id)
    collection = call.account.store.collection(object_type)
    stored = collection.seen(
        item.key, item.id_property, call.request.at, archived=call.flag("archived")
    )
    if stored is None:
        raise not_found()
    histories = call.names("propertiesWithHistory")
    names = wanted(
        object_type,
        call.names("properties"),
        with_history=bool(histories),
        id_properties=[item.id_property] if item.id_property else (),
    )
    result = as_result(object_type, stored, names, histories)
    return Reply(200, result | linked(call, object_type, stored.id))


def _archive(call: Call) -> Reply:
    collection = call.account.store.collection(call.object_type())
    stored: StoredObject | None = collection.find(call.parameters["id"], None)
    if stored is not None:
        collection.archive(stored, call.occasion("archive"))
    return Reply(204)


def _key(call: Call) -> dict[str, Any]:
    by = call.request.query.get("idProperty")
    return {"id": call.parameters["id"], **({"idProperty": by} if by else {})}


def _write(call: Call, object_type: ObjectType, verb: Verb, item: Input) -> dict[str, Any]:
    task = Task(
        verb=verb,
        batch=Batch([item]),
        collection=call.account.store.collection(object_type),
        occasion=call.occasion(verb),
        habits=call.options,
        definitions=call.account.definitions,
        echoes=call.tools.echoes,
        has_write_rules=call.has_write_rules,
    )
    done = perform(task)
    for problem in done.problems:
        if problem.category == "OBJECT_NOT_FOUND":
            raise not_found()
        raise problem.refusal(_STATUSES.get(problem.category, 400))
    if not done.results:  # an id that a batch would pass over in silence
        raise not_found()
    return done.results[0]


ROUTES = (
    Route("POST", OBJECTS, _create),
    Route("GET", rf"{OBJECTS}/{{id}}", _read),
    Route("PATCH", rf"{OBJECTS}/{{id}}", _update),
    Route("DELETE", rf"{OBJECTS}/{{id}}", _archive),
)
