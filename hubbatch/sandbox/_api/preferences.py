"""Communication preferences: statuses of subscribers, read and written in batches; who wants nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from hubbatch.sandbox._bodies import id_of, inputs_of, malformed, missing_fields, text_of
from hubbatch.sandbox._call import ApiCall, ApiReply
from hubbatch.sandbox._replies import Done, ErrorEntry, RefusalError
from hubbatch.sandbox._routes import DATED, Route

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ROUTES"]

_STATUSES = rf"/communication-preferences/(?:v4|{DATED})/statuses/batch"
_MOST = 100
_CHANNELS = frozenset({"EMAIL"})
_STATES = frozenset({"SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"})


@frozen
class _Subscriber:
    """One input: an address, and what is to be set."""

    address: str
    raw: Mapping[str, Any] = {}

    def naming(self) -> dict[str, list[str]]:
        return {"id": [self.address]}


def _read(call: ApiCall) -> ApiReply:
    channel = _channel(call.request.query.get("channel"))

    def shown(one: _Subscriber) -> dict[str, Any]:
        statuses = call.account.subscribers.statuses(one.address, channel)
        return {"subscriberIdString": one.address, "statuses": [*map(dict, statuses)]}

    return _each(call, shown)


def _unsubscribe_all(call: ApiCall) -> ApiReply:
    channel, verbose = _channel(call.request.query.get("channel")), call.flag("verbose")
    subscribers = call.account.subscribers

    def shown(one: _Subscriber) -> dict[str, Any]:
        subscribers.leave(one.address, channel)
        statuses = [*map(dict, subscribers.statuses(one.address, channel))]
        return {"subscriberIdString": one.address, "statuses": statuses}

    return _each(call, shown, tells=verbose)


def _unsubscribed(call: ApiCall) -> ApiReply:
    channel = _channel(call.request.query.get("channel"))

    def shown(one: _Subscriber) -> dict[str, Any]:
        has_left = call.account.subscribers.has_left(one.address, channel)
        status = "UNSUBSCRIBED" if has_left else "SUBSCRIBED"
        wide = {"channel": channel, "status": status, "wideStatusType": "PORTAL_WIDE"}
        named = {"subscriberIdString": one.address}
        return {**named, "wideStatuses": [{**named, **wide, "timestamp": call.stamp}]}

    return _each(call, shown)


def _each(
    call: ApiCall, shown: Callable[[_Subscriber], dict[str, Any]], *, tells: bool = True
) -> ApiReply:
    """Answer a batch of addresses; those that are none have an error."""
    inputs = inputs_of(call.request.body, _MOST, "statuses")
    if not all(type(raw) is str for raw in inputs):
        raise malformed("every input must be a string")
    asked = [_Subscriber(raw) for raw in inputs]

    def perform() -> Done:
        good = [one for one in asked if "@" in one.address]
        results = [shown(one) for one in good]
        problems = [_no_address(one) for one in asked if "@" not in one.address]
        return Done(results if tells else [], problems, good if tells else [], stranger=_stranger)

    return call.batch(asked, perform)


def _write(call: ApiCall) -> ApiReply:
    asked = [_status(raw) for raw in inputs_of(call.request.body, _MOST, "statuses")]

    def perform() -> Done:
        done = Done(stranger=_stranger)
        written = []
        for one in asked:
            if "@" not in one.address:
                done.problems.append(_no_address(one))
                continue
            shown = {**one.raw, "timestamp": call.stamp}
            subscription = int(one.raw["subscriptionId"])
            channel = one.raw["channel"]
            call.account.subscribers.set(one.address, channel, subscription, shown)
            done.results.append(shown)
            written.append(one)
        done.sources = written
        return done

    return call.batch(asked, perform)


def _status(raw: Any) -> _Subscriber:
    if type(raw) is not dict:
        raise malformed("every input must be an object")
    address, state = text_of(raw, "subscriberIdString"), text_of(raw, "statusState")
    subscription = id_of(raw, "subscriptionId")
    if not address or not state or not subscription:
        raise missing_fields("subscriberIdString", "subscriptionId", "statusState")
    if not (subscription.isascii() and subscription.isdigit()):
        raise malformed("subscriptionId must be a number")
    if state not in _STATES:
        raise malformed(f"statusState must be one of {', '.join(sorted(_STATES))}")
    shown = {
        "subscriberIdString": address,
        "subscriptionId": int(subscription),
        "channel": _channel(raw.get("channel")),
        "status": state,
        "source": "API",
    }
    kept = {name: raw[name] for name in ("legalBasis", "legalBasisExplanation") if name in raw}
    return _Subscriber(address, {**shown, **kept})


def _channel(value: Any) -> str:
    if value not in _CHANNELS:
        message = f"channel must be one of {', '.join(_CHANNELS)}"  # inferred
        raise RefusalError(400, "VALIDATION_ERROR", message)
    return str(value)


def _no_address(one: _Subscriber) -> ErrorEntry:
    message = f"{one.address[:100]} is not a valid email address"  # inferred
    return ErrorEntry("VALIDATION_ERROR", message, one.naming())


def _stranger(record_id: str) -> dict[str, Any]:
    return {"subscriberIdString": f"{record_id}@example.com", "statuses": []}


ROUTES = (
    Route("POST", rf"{_STATUSES}/read", _read),
    Route("POST", rf"{_STATUSES}/write", _write),
    Route("POST", rf"{_STATUSES}/unsubscribe-all", _unsubscribe_all),
    Route("POST", rf"{_STATUSES}/unsubscribe-all/read", _unsubscribed),
)
