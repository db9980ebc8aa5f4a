"""The list endpoint: all records of a type in the order of their ids, page after page."""

from __future__ import annotations

from typing import Any

from hubbatch.sandbox._api.batches import OBJECTS
from hubbatch.sandbox._api.linked import linked
from hubbatch.sandbox._bodies import number_of
from hubbatch.sandbox._call import Call, Reply
from hubbatch.sandbox._replies import RefusalError
from hubbatch.sandbox._routes import Route
from hubbatch.sandbox._showing import as_result, wanted

__all__ = ["ROUTES"]

_PAGE = 10
_MOST = 100
_MOST_WITH_HISTORY = 50


def _list(call: Call) -> Reply:
    object_type = call.object_type()
    query = call.request.query
    histories = call.names("propertiesWithHistory")
    limit = number_of(query, "limit", _PAGE, _MOST_WITH_HISTORY if histories else _MOST)
    after = query.get("after") or "0"
    if not (after.isascii() and after.isdigit()):
        raise RefusalError(400, "VALIDATION_ERROR", f"Invalid cursor: {after[:40]}")
    collection = call.account.store.collection(object_type)
    found = collection.listed(int(after[:30]), call.request.at, archived=call.flag("archived"))
    names = wanted(object_type, call.names("properties"), with_history=bool(histories))
    results: list[dict[str, Any]] = []
    following = None
    for stored in found:
        if len(results) == limit:
            following = stored.id
            break
        result = as_result(object_type, stored, names, histories)
        results.append(result | linked(call, object_type, stored.id))
    reply = {"results": results}
    if following is None:
        return Reply(200, reply)
    # A cursor says where to go on, and not how many there were: what is archived meanwhile moves nothing.
    link = f"https://api.hubapi.com{call.request.path}?limit={limit}&after={following}"
    return Reply(200, reply | {"paging": {"next": {"after": following, "link": link}}})


ROUTES = (Route("GET", OBJECTS, _list),)
