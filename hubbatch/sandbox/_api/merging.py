"""Merging two objects, and deleting one for good: one a request, as there is no batch of either."""

from __future__ import annotations

from hubbatch.sandbox._api.batches import OBJECTS
from hubbatch.sandbox._api.singles import not_found
from hubbatch.sandbox._bodies import id_of, missing_fields, parse_object, text_of
from hubbatch.sandbox._call import Call, Reply
from hubbatch.sandbox._inputs import Input, Verb, check_id_properties
from hubbatch.sandbox._replies import RefusalError
from hubbatch.sandbox._routes import Route
from hubbatch.sandbox._showing import as_result, wanted

__all__ = ["ROUTES"]


def _merge(call: Call) -> Reply:
    object_type = call.object_type()
    content = parse_object(call.request.body)
    into, merged = id_of(content, "primaryObjectId"), id_of(content, "objectIdToMerge")
    if not into or not merged:
        raise missing_fields("primaryObjectId", "objectIdToMerge")
    if into == merged:
        # inferred: the words; that it is refused is known
        raise RefusalError(400, "VALIDATION_ERROR", f"Cannot merge object {into} with itself")
    collection = call.account.store.collection(object_type)
    primary, other = collection.find(into, None), collection.find(merged, None)
    if primary is None or other is None:
        raise not_found()
    collection.absorb(other, primary, call.occasion("merge"))
    return Reply(200, as_result(object_type, primary, wanted(object_type, primary.properties)))


def _delete_for_good(call: Call) -> Reply:
    object_type = call.object_type()
    content = parse_object(call.request.body)
    key, by = id_of(content, "objectId"), text_of(content, "idProperty")
    if not key:
        raise missing_fields("objectId")
    item = Input(key, by, {}, None, ())
    check_id_properties([item], Verb.ARCHIVE, object_type, call.account.portal_id)
    collection = call.account.store.collection(object_type)
    stored = collection.find(key, by) or collection.find(key, by, archived=True)
    if stored is not None:
        collection.purge(stored, call.occasion("gdpr-delete"))
    return Reply(204)  # inferred: also when there is no such record, as for an archive


ROUTES = (
    Route("POST", rf"{OBJECTS}/merge", _merge),
    Route("POST", rf"{OBJECTS}/gdpr-delete", _delete_for_good),
)
