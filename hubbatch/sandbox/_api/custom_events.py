"""Custom events, one or up to 500 a request: they are accepted with 204, and nothing more is said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hubbatch.sandbox._bodies import (
    id_of,
    inputs_of,
    malformed,
    missing_fields,
    parse_object,
    text_of,
)
from hubbatch.sandbox._call import ApiCall, ApiReply
from hubbatch.sandbox._custom_events import CustomEvent
from hubbatch.sandbox._replies import Done
from hubbatch.sandbox._routes import DATED, Route

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ROUTES"]

_SEND = rf"/events/(?:v3|custom/{DATED}|{DATED})/send"
_MOST = 500


def _send(call: ApiCall) -> ApiReply:
    call.account.events.accept(_event(call, parse_object(call.request.body)))
    return ApiReply(204)


def _send_batch(call: ApiCall) -> ApiReply:
    # One that is malformed rejects all of them (inferred).
    inputs = inputs_of(call.request.body, _MOST, "events")
    events = [_event(call, raw) for raw in inputs]

    def perform() -> Done:
        for event in events:
            call.account.events.accept(event)
        return Done()

    return call.batch(events, perform, silent=True)


def _event(call: ApiCall, raw: Any) -> CustomEvent:
    if type(raw) is not dict:
        raise malformed("an event must be an object")
    content: Mapping[str, Any] = raw
    name = text_of(content, "eventName")
    if not name:
        raise missing_fields("eventName")
    if not any((text_of(content, "email"), text_of(content, "utk"), id_of(content, "objectId"))):
        raise missing_fields("email, utk or objectId")
    properties = content.get("properties")
    if properties is not None and type(properties) is not dict:
        raise malformed("properties must be an object")
    return CustomEvent(call.number, name, text_of(content, "uuid"), content)


ROUTES = (
    Route("POST", _SEND, _send),
    Route("POST", rf"{_SEND}/batch", _send_batch),
)
