"""Search: records that match filters and words, sorted, page after page, 10,000 at most.

It sees what its index holds, which may lag behind what was written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hubbatch.sandbox._api.batches import OBJECTS
from hubbatch.sandbox._bodies import malformed, names_of, number_of, parse_object, text_of
from hubbatch.sandbox._call import Call, Reply
from hubbatch.sandbox._filters import read_query
from hubbatch.sandbox._names import SEARCHED
from hubbatch.sandbox._replies import RefusalError
from hubbatch.sandbox._routes import LimitClass, Route
from hubbatch.sandbox._showing import as_result, wanted
from hubbatch.sandbox._spelling import comparable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hubbatch.sandbox._records import StoredObject
    from hubbatch.sandbox._schema import ObjectType

__all__ = ["ROUTES"]

_PAGE = 10
_MOST_ON_A_PAGE = 200
_MOST_RESULTS = 10_000
_LONGEST = 3_000
"""Characters of a body ("Search", limitations)."""
_ID = "hs_object_id"


def _search(call: Call) -> Reply:
    object_type = call.object_type()
    if len(call.request.body.decode("utf-8", "replace")) > _LONGEST:
        message = (
            f"The request must not have more than {_LONGEST} characters."  # inferred: the words
        )
        raise RefusalError(400, "VALIDATION_ERROR", message)
    content = parse_object(call.request.body)
    limit = number_of(content, "limit", _PAGE, _MOST_ON_A_PAGE, least=0)
    after = number_of(content, "after", 0, 10**15, least=0)
    if after + limit > _MOST_RESULTS:
        # inferred: the words; that there are no pages beyond is documented
        message = f"The maximum number of results of a search is {_MOST_RESULTS}."
        raise RefusalError(400, "VALIDATION_ERROR", message)
    names = wanted(object_type, names_of(content, "properties"))
    found = _sorted(_found(call, object_type, content), content, object_type)
    total = len(found)
    page = [as_result(object_type, stored, names) for stored in found[after : after + limit]]
    reply: dict[str, Any] = {"total": total, "results": page}
    if after + limit < total:
        # It leads beyond the 10,000 as well, where the next request is refused.
        reply["paging"] = {"next": {"after": str(after + limit)}}
    return Reply(200, reply)


def _found(
    call: Call, object_type: ObjectType, content: Mapping[str, Any]
) -> Sequence[StoredObject]:
    query = read_query(content, object_type)
    words = (text_of(content, "query") or "").lower().split()
    collection = call.account.store.collection(object_type)
    searched = SEARCHED.get(object_type.id) or object_type.shown
    found = collection.indexed(query.start, call.request.at)
    if query.groups:
        found = [stored for stored in found if query.matches(stored.properties)]
    return [stored for stored in found if _has_words(stored, words, searched)] if words else found


def _has_words(stored: StoredObject, words: Iterable[str], names: Iterable[str]) -> bool:
    values = [stored.properties.get(name, "").lower() for name in names]
    return all(any(word in value for value in values) for word in words)


def _sorted(
    found: Sequence[StoredObject], content: Mapping[str, Any], object_type: ObjectType
) -> Sequence[StoredObject]:
    sorts = content.get("sorts") or []
    if type(sorts) is not list or len(sorts) > 1:
        raise malformed("sorts is a list of one")
    if not sorts:
        return found
    name, descending = _sort(sorts[0])
    if not object_type.is_searchable(name):
        message = f"There was a problem with the request. Property {name[:100]} does not exist"
        raise RefusalError(400, "VALIDATION_ERROR", message)  # inferred: the words
    if name == _ID:
        return found[::-1] if descending else found
    kind = object_type.kind_of(name)

    def key(stored: StoredObject) -> Any:
        value = stored.properties.get(name)
        return (value is not None, () if value is None else comparable(value, kind))

    return sorted(found, key=key, reverse=descending)


def _sort(raw: Any) -> tuple[str, bool]:
    if type(raw) is str and raw:
        return raw.removeprefix("-"), raw.startswith("-")
    if type(raw) is not dict or not text_of(raw, "propertyName"):
        raise malformed("a sort needs a propertyName")
    direction = text_of(raw, "direction") or "ASCENDING"
    if direction not in ("ASCENDING", "DESCENDING"):
        raise malformed("a direction is ASCENDING or DESCENDING")
    return raw["propertyName"], direction == "DESCENDING"


ROUTES = (Route("POST", rf"{OBJECTS}/search", _search, limit=LimitClass.SEARCH),)
