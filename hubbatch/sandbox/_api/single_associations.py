"""Associations of one pair: set with labels, set without one, taken apart; v4 and dated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hubbatch.sandbox._api.associations import created, default_results, link
from hubbatch.sandbox._bodies import malformed, parse_value
from hubbatch.sandbox._call import ApiCall, ApiReply
from hubbatch.sandbox._pairs import Between, ObjectPair, read_pairs
from hubbatch.sandbox._routes import DATED, Route

if TYPE_CHECKING:
    from hubbatch.sandbox._replies import ErrorEntry

__all__ = ["ROUTES"]

_FROM = rf"/crm/(?:(?P<old>v4)/objects|objects/(?P<version>{DATED}))/{{from_type}}/{{from_id}}/associations"
_PAIR = rf"{_FROM}/{{to_type}}/{{to_id}}"
_DEFAULT = rf"{_FROM}/default/{{to_type}}/{{to_id}}"


def _create(call: ApiCall) -> ApiReply:
    between = Between.of(call)
    types = parse_value(call.request.body)
    if type(types) is not list or not types:
        raise malformed("the body must be a list of association specs")
    pair = _pair(call, between, types)
    _check(between, pair)
    link(between, pair, pair.kinds)
    (result,) = created(between, pair, call.parameters["old"] or "")
    return ApiReply(201, result)


def _create_default(call: ApiCall) -> ApiReply:
    between = Between.of(call)
    pair = _pair(call, between)
    _check(between, pair)
    link(between, pair, ())
    times = dict.fromkeys(("startedAt", "completedAt"), call.stamp)
    return ApiReply(200, {"status": "COMPLETE", "results": default_results(between, pair), **times})


def _archive(call: ApiCall) -> ApiReply:
    between, store = Between.of(call), call.account.store
    pair = _pair(call, between)
    if store.links.remove(pair.left, pair.right):
        store.note_pair(call.occasion("disassociate"), pair.left, pair.right)
    return ApiReply(204)


def _pair(call: ApiCall, between: Between, types: list[Any] | None = None) -> ObjectPair:
    ends = {name: {"id": call.parameters[f"{name}_id"]} for name in ("from", "to")}
    raw = {**ends, "types": types}
    (pair,) = read_pairs(between, [raw], version="v4", kinds=types is not None)
    return pair


def _check(between: Between, pair: ObjectPair) -> None:
    problem: ErrorEntry | None = between.problem(pair) or between.over_limit(pair)
    if problem is not None:
        raise problem.refusal(400)


ROUTES = (
    Route("PUT", _DEFAULT, _create_default),
    Route("PUT", _PAIR, _create),
    Route("DELETE", _PAIR, _archive),
)
