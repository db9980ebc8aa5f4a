"""Lists: created, read and deleted; records added and removed, members listed, the lists of records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from hubbatch.sandbox._bodies import (
    id_of,
    ids_of,
    inputs_of,
    malformed,
    missing_fields,
    number_of,
    parse_object,
    parse_value,
    text_of,
)
from hubbatch.sandbox._call import ApiCall, ApiReply
from hubbatch.sandbox._links import End
from hubbatch.sandbox._lists import DYNAMIC, KINDS
from hubbatch.sandbox._replies import Done, RefusalError
from hubbatch.sandbox._routes import DATED, Route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hubbatch.sandbox._lists import RecordList

__all__ = ["ROUTES"]

_LISTS = rf"/crm/(?:v3/lists|lists/(?:v3|{DATED}))"
_MEMBERSHIPS = rf"{_LISTS}/{{list_id}}/memberships"
_MOST_IDS = 100_000
_MOST_RECORDS = 100
_PAGE, _MOST_ON_A_PAGE = 100, 250


def _add(call: ApiCall) -> ApiReply:
    return _change(call, ids_of(parse_value(call.request.body), "the body"), ())


def _remove(call: ApiCall) -> ApiReply:
    return _change(call, (), ids_of(parse_value(call.request.body), "the body"))


def _add_and_remove(call: ApiCall) -> ApiReply:
    content = parse_object(call.request.body)
    added, removed = (
        ids_of(content.get(name) or [], name) for name in ("recordIdsToAdd", "recordIdsToRemove")
    )
    return _change(call, added, removed)


def _change(call: ApiCall, added: Iterable[str], removed: Iterable[str]) -> ApiReply:
    """Add records, then remove some; a record that is a member already, or is none, is passed over."""
    record_list = _writable(call)
    added, removed = dict.fromkeys(added), dict.fromkeys(removed)
    if len(added) + len(removed) > _MOST_IDS:
        message = (
            f"At most {_MOST_IDS} records can be added or removed at a time"  # inferred: the words
        )
        raise RefusalError(400, "VALIDATION_ERROR", message)
    store, members = call.account.store, record_list.members
    records = store.collection(call.account.schema.get(record_list.type_id))
    missing = [one for one in (*added, *removed) if records.find(one, None) is None]
    gone = {*missing}
    done_adding = [one for one in added if one not in gone and one not in members]
    for record_id in done_adding:
        members[record_id] = call.stamp
        store.note(call.occasion("list-add"), f"list {record_list.id}", record_id)
    done_removing = [one for one in removed if members.pop(one, None) is not None]
    for record_id in done_removing:
        store.note(call.occasion("list-remove"), f"list {record_list.id}", record_id)
    reply = {
        "recordsIdsAdded": done_adding,  # HubSpot's own spelling
        "recordIdsRemoved": done_removing,
        "recordIdsMissing": missing,
    }
    return ApiReply(200, call.tools.writer.sparse(reply))


def _create(call: ApiCall) -> ApiReply:
    """Create a list; what the filters of a dynamic one mean is not carried out: nobody is on it."""
    content = parse_object(call.request.body)
    name, type_id = text_of(content, "name"), text_of(content, "objectTypeId")
    kind = text_of(content, "processingType")
    if not name or not type_id or not kind:
        raise missing_fields("name", "objectTypeId", "processingType")
    if kind not in KINDS:
        raise malformed(f"processingType must be one of {', '.join(KINDS)}")
    object_type = call.account.schema.find(type_id)
    if object_type is None:
        message = f"Unable to infer object type from: {type_id[:100]}"
        raise RefusalError(400, "VALIDATION_ERROR", message)
    lists = call.account.lists
    if any(one.name == name and one.type_id == object_type.id for one in lists.by_id.values()):
        # inferred: the words
        raise RefusalError(400, "VALIDATION_ERROR", "A list with this name already exists.")
    found = lists.create(name, object_type.id, kind, call.stamp)
    return ApiReply(200, {"list": _shown(found)})


def _read(call: ApiCall) -> ApiReply:
    return ApiReply(200, {"list": _shown(_known(call))})


def _delete(call: ApiCall) -> ApiReply:
    del call.account.lists.by_id[_known(call).id]
    return ApiReply(204)


def _shown(one: RecordList) -> dict[str, Any]:
    return {
        "listId": one.id,
        "listVersion": 1,
        "name": one.name or f"List {one.id}",
        "objectTypeId": one.type_id,
        "processingType": one.kind,
        "processingStatus": "COMPLETE",
        "createdAt": one.created_at,
        "updatedAt": one.created_at,
        "additionalProperties": {"hs_list_size": str(len(one.members))},
    }


def _members(call: ApiCall) -> ApiReply:
    record_list = _known(call)
    limit = number_of(call.request.query, "limit", _PAGE, _MOST_ON_A_PAGE)
    after = number_of(call.request.query, "after", 0, 10**15, least=0)
    found = sorted(map(int, record_list.members))
    rest = [str(one) for one in found if one >= after]
    reply: dict[str, Any] = {
        "results": [
            {"recordId": one, "membershipTimestamp": record_list.members[one]}
            for one in rest[:limit]
        ],
        "total": len(found),
    }
    if len(rest) > limit:
        reply["paging"] = {"next": {"after": rest[limit]}}
    return ApiReply(200, reply)


def _known(call: ApiCall) -> RecordList:
    found = call.account.lists.by_id.get(call.parameters["list_id"])
    if found is None:
        # inferred: the category
        message = f"List does not exist with ID {call.parameters['list_id'][:40]}."
        raise RefusalError(404, "OBJECT_NOT_FOUND", message)
    return found


def _writable(call: ApiCall) -> RecordList:
    found = _known(call)
    if found.kind == DYNAMIC:
        message = (
            f"List {found.id} has processing type DYNAMIC: its members cannot be set."  # inferred
        )
        raise RefusalError(400, "VALIDATION_ERROR", message)
    return found


@frozen
class _Record:
    """One input: a record whose lists are asked for."""

    end: End

    def naming(self) -> dict[str, list[str]]:
        return {"id": [self.end.record_id]}


def _lists_of_records(call: ApiCall) -> ApiReply:
    inputs = inputs_of(call.request.body, _MOST_RECORDS, "list memberships")
    asked = [_record(call, raw) for raw in inputs]

    def perform() -> Done:
        return Done([_memberships(call, one.end) for one in asked], [], asked, stranger=_stranger)

    return call.batch(asked, perform)


def _record(call: ApiCall, raw: Any) -> _Record:
    if type(raw) is not dict:
        raise malformed("every input must be an object")
    name, record_id = text_of(raw, "objectTypeId"), id_of(raw, "recordId")
    if not name or not record_id:
        raise missing_fields("objectTypeId", "recordId")
    object_type = call.account.schema.find(name)
    if object_type is None:
        raise RefusalError(
            400, "VALIDATION_ERROR", f"Unable to infer object type from: {name[:100]}"
        )
    return _Record(End(object_type.id, record_id))


def _memberships(call: ApiCall, end: End) -> dict[str, Any]:
    return {
        "objectTypeId": end.type_id,
        "recordId": end.record_id,
        "recordListMemberships": [
            {
                "listId": list_id,
                "firstAddedTimestamp": stamp,
                "lastAddedTimestamp": stamp,
            }
            for list_id, stamp in call.account.lists.of(end).items()
        ],
    }


def _stranger(record_id: str) -> dict[str, Any]:
    return {"objectTypeId": "0-1", "recordId": record_id, "recordListMemberships": []}


ROUTES = (
    Route("POST", _LISTS, _create),
    Route("GET", rf"{_LISTS}/{{list_id}}", _read),
    Route("DELETE", rf"{_LISTS}/{{list_id}}", _delete),
    Route("PUT", rf"{_MEMBERSHIPS}/add", _add),
    Route("PUT", rf"{_MEMBERSHIPS}/remove", _remove),
    Route("PUT", rf"{_MEMBERSHIPS}/add-and-remove", _add_and_remove),
    Route("GET", _MEMBERSHIPS, _members),
    Route("POST", rf"{_LISTS}/records/memberships/batch/read", _lists_of_records),
)
