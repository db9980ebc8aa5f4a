"""Rows that the library does not have, and a small service that has their endpoints, with faults of its own."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from attrs import define, field

from hubbatch import (
    Client,
    Endpoint,
    NoReply,
    RateLimit,
    Reply,
    Request,
    RetryPolicy,
    Transport,
)
from hubbatch.endpoints import (
    ARRAY,
    DATED,
    SINGLE,
    AnswerKind,
    Body,
    Doubt,
    Effect,
    IdLists,
    InputKind,
    Paging,
    Path,
    ResultShape,
)
from hubbatch.policies import LimitClass

GDPR_DELETE = Endpoint(
    "gdpr-delete",
    [
        Path("/crm/v3/objects/{object_type}/gdpr-delete", ("v3",)),
        Path("/crm/objects/{version}/{object_type}/gdpr-delete", (DATED,)),
    ],
    input=InputKind.VALUES,
    body=SINGLE,
    max_inputs=1,
    required=("objectId",),
    identity=("objectId", "idProperty"),
    answer=AnswerKind.NOTHING,
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    missing_is_done=True,
)

ASSOCIATE = Endpoint(
    "associations-create",
    [
        Path("/crm/v4/associations/{from_object_type}/{to_object_type}/batch/create", ("v4",)),
        Path(
            "/crm/associations/{version}/{from_object_type}/{to_object_type}/batch/create", (DATED,)
        ),
    ],
    input=InputKind.PAIR,
    required=("from.id", "to.id", "types"),
    identity=("from.id", "to.id", "types"),
    names={"fromObjectId": "from.id", "toObjectId": "to.id"},
    result=ResultShape.ROW,
    max_inputs=2_000,
    effect=Effect.CHANGES,
    limit_class=LimitClass.EXEMPT,
)

ASSOCIATE_BOTH_WAYS = Endpoint(
    "associate-default",
    [
        Path(
            "/crm/v4/associations/{from_object_type}/{to_object_type}/batch/associate/default",
            ("v4",),
        )
    ],
    input=InputKind.PAIR,
    names={"from.id": "from.id", "to.id": "to.id"},
    results_per_input=2,
    result=ResultShape.ROW,
    max_inputs=2_000,
    effect=Effect.CHANGES,
    limit_class=LimitClass.EXEMPT,
)

DISSOCIATE = Endpoint(
    "associations-archive",
    [Path("/crm/v4/associations/{from_object_type}/{to_object_type}/batch/archive", ("v4",))],
    input=InputKind.PAIR_IN_LIST,
    answer=AnswerKind.NOTHING,
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    missing_is_done=True,
    limit_class=LimitClass.EXEMPT,
)

ASSOCIATED = Endpoint(
    "associations-read",
    [Path("/crm/v4/associations/{from_object_type}/{to_object_type}/batch/read", ("v4",))],
    input=InputKind.ID,
    names={"from.id": "id"},
    result=ResultShape.ROW,
    paging=Paging("to"),
    max_inputs=1_000,
    effect=Effect.READS,
    limit_class=LimitClass.EXEMPT,
)

LIST_ADD = Endpoint(
    "memberships-add",
    [Path("/crm/v3/lists/{list_id}/memberships/add", ("v3",))],
    method="PUT",
    input=InputKind.TEXT,
    body=ARRAY,
    answer=AnswerKind.IDS,
    id_lists=IdLists(("recordsIdsAdded",), ("recordIdsMissing",)),
    result=ResultShape.ROW,
    max_inputs=100_000,
    effect=Effect.CHANGES,
)

LIST_CHANGE = Endpoint(
    "memberships-change",
    [Path("/crm/v3/lists/{list_id}/memberships/add-and-remove", ("v3",))],
    method="PUT",
    input=InputKind.TEXT,
    body=Body(("recordIdsToAdd", "recordIdsToRemove")),
    answer=AnswerKind.IDS,
    id_lists=IdLists(("recordsIdsAdded", "recordIdsRemoved"), ("recordIdsMissing",)),
    result=ResultShape.ROW,
    max_inputs=1_000,
    effect=Effect.CHANGES,
)

MERGE = Endpoint(
    "merge",
    [Path("/crm/v3/objects/{object_type}/merge", ("v3",))],
    input=InputKind.VALUES,
    body=SINGLE,
    max_inputs=1,
    required=("primaryObjectId", "objectIdToMerge"),
    identity=("primaryObjectId", "objectIdToMerge"),
    exclusive=(("primaryObjectId",), ("objectIdToMerge",)),
    answer=AnswerKind.ONE,
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    doubt=Doubt.STAYS,
)

SEND_EVENTS = Endpoint(
    "events-send",
    [Path("/events/v3/send/batch", ("v3",))],
    input=InputKind.VALUES,
    required=("eventName",),
    stamp="uuid",
    identity=("uuid",),
    answer=AnswerKind.NOTHING,
    result=ResultShape.ROW,
    max_inputs=500,
    effect=Effect.CREATES,
    no_content="accepted",
)

ROWS = [
    *(GDPR_DELETE, ASSOCIATE, ASSOCIATE_BOTH_WAYS, DISSOCIATE, ASSOCIATED),
    *(LIST_ADD, LIST_CHANGE, MERGE, SEND_EVENTS),
]

TYPES = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]

FAULTS = (
    *("none", "lost", "lost after", "unsent", "server error", "busy", "limited", "garbage"),
    *("daily", "token", "wrote and left out", "one error for many", "207 under nothing"),
    *("foreign ids", "no such list", "proxy"),
)

NAMELESS = {"category": "VALIDATION_ERROR", "message": "one of them is not valid"}


def refusal(status: int, category: str, message: str, **context: Any) -> Reply:
    """Return HubSpot's refusal of a whole request."""
    value = {"status": "error", "category": category, "message": message, "context": context}
    return Reply(status, {}, orjson.dumps({**value, "correlationId": "c1"}))


def answer(status: int, **value: Any) -> Reply:
    """Return an answer to a batch."""
    return Reply(status, {}, orjson.dumps({"status": "COMPLETE", **value}))


NO_SUCH_LIST = "List does not exist with ID 5."

_NOTHING_DONE = {
    "server error": refusal(500, "INTERNAL_ERROR", "oops"),
    "busy": refusal(503, "SERVICE_UNAVAILABLE", "busy"),
    "limited": refusal(429, "RATE_LIMITS", "You have reached your secondly limit."),
    "daily": refusal(429, "RATE_LIMITS", "You have reached your daily limit."),
    "token": refusal(401, "INVALID_AUTHENTICATION", "no such token"),
    "proxy": Reply(200, {}, b'{"error": "maintenance"}'),
}
"""Answers of one that has done nothing."""


def _is_several(body: Any) -> bool:
    """Whether a request has several inputs: an error without a name to one alone is about that one."""
    inputs = body.get("inputs", ()) if isinstance(body, dict) else body
    lists = body.values() if isinstance(body, dict) and "inputs" not in body else (inputs,)
    return sum(len(each) for each in lists if isinstance(each, list)) > 1


def twisted(reply: Reply, fault: str) -> Reply:
    """Return an answer that says less of what was done than there is to say, or something of others."""
    if reply.status == 204:
        if fault != "207 under nothing":
            return reply
        return answer(207, results=[], errors=[NAMELESS], numErrors=1)
    value = orjson.loads(reply.body)
    match fault:
        case "wrote and left out" if value.get("results"):
            errors = [*value.get("errors", ()), NAMELESS]
            more = {"results": value["results"][1:], "errors": errors, "numErrors": len(errors)}
            return Reply(207, {}, orjson.dumps({**value, **more}))
        case "one error for many" if value.get("errors"):
            more = {"results": value["results"][1:], "errors": [NAMELESS], "numErrors": 1}
            return Reply(207, {}, orjson.dumps({**value, **more}))
        case "foreign ids" if "recordsIdsAdded" in value:
            more = {"recordsIdsAdded": ["999999"], "recordIdsRemoved": ["999999"]}
            return Reply(200, {}, orjson.dumps({**value, **more}))
    return reply


@define
class OtherService:
    """An account behind these endpoints: objects by id, who is associated with whom, who is on the list.

    `naming`: whether an error in a 207 names its offender (`"id"`), or nobody (`"none"`); `"whole"`: the whole batch is
    refused without a name. `page`: associations in one answer.
    """

    objects: set[str]
    naming: str = "id"
    page: int = 3
    faults: list[str] = field(factory=list)
    pairs: Counter[tuple[str, str]] = field(factory=Counter)
    members: set[str] = field(factory=set)
    merged: list[tuple[str, str]] = field(factory=list)
    events: Counter[str] = field(factory=Counter)
    requests: list[Request] = field(factory=list)
    in_flight: list[Request] = field(factory=list)
    together: list[tuple[Request, ...]] = field(factory=list)
    """What was in flight at once, each time that a request came in."""

    async def send(
        self, request: Request, token: str, note_sent: Callable[[], None]
    ) -> Reply | NoReply:
        fault = self.faults.pop(0) if self.faults else "none"
        if fault == "unsent":
            return NoReply(sent=False, reason="no connection")
        note_sent()
        self.requests.append(request)
        self.in_flight.append(request)
        self.together.append(tuple(self.in_flight))
        try:
            await asyncio.sleep(0.05)
            return self._answer(request, fault)
        finally:
            self.in_flight.remove(request)

    def _answer(self, request: Request, fault: str) -> Reply | NoReply:
        match fault:
            case "lost":
                return NoReply(sent=True, reason="the connection was lost")
            case "lost after":
                self._carry_out(request)
                return NoReply(sent=True, reason="the connection was lost")
            case "garbage":
                self._carry_out(request)
                return Reply(200, {}, b"<html>")
            case "no such list" if "/lists/" in request.path:
                return refusal(404, "OBJECT_NOT_FOUND", NO_SUCH_LIST)
        if fault in _NOTHING_DONE:
            return _NOTHING_DONE[fault]
        reply = self._carry_out(request)
        return twisted(reply, fault) if _is_several(orjson.loads(request.body)) else reply

    def _carry_out(self, request: Request) -> Reply:
        body = orjson.loads(request.body)
        for pattern, method, handler in _ROUTES:
            if request.method == method and re.fullmatch(pattern, request.path):
                reply: Reply = handler(self, body)
                return reply
        return refusal(404, "NOT_FOUND", f"no such path: {request.method} {request.path}")

    def delete(self, body: dict[str, Any]) -> Reply:
        if body["objectId"] == "forbidden":
            return refusal(400, "VALIDATION_ERROR", "it is under legal hold")
        if body["objectId"] not in self.objects:
            return refusal(404, "OBJECT_NOT_FOUND", "no such object")
        self.objects.discard(body["objectId"])
        return Reply(204)

    def associate(self, body: dict[str, Any]) -> Reply:
        inputs = body["inputs"]
        if len(inputs) > 2_000 or not all(item["types"] for item in inputs):
            return refusal(400, "VALIDATION_ERROR", "too many, or no types")
        seen = [frozenset((item["from"]["id"], item["to"]["id"])) for item in inputs]
        if len(set(seen)) < len(seen):
            return refusal(400, "VALIDATION_ERROR", "one pair twice")
        bad = [item for item in inputs if not self._knows(item)]
        if bad and self.naming == "whole":
            return refusal(400, "VALIDATION_ERROR", "one of the objects is not valid")
        results = []
        for item in inputs:
            if self._knows(item):
                a, b = item["from"]["id"], item["to"]["id"]
                self.pairs[a, b] += 1
                results.append({"fromObjectId": int(a), "toObjectId": int(b), "labels": []})
        random.Random(len(inputs)).shuffle(results)
        errors = [self._error(item) for item in bad]
        status = 207 if errors else 201
        return answer(status, results=results, errors=errors, numErrors=len(errors))

    def associate_both_ways(self, body: dict[str, Any]) -> Reply:
        bad = [item for item in body["inputs"] if not self._knows(item)]
        if bad and self.naming == "whole":
            return refusal(400, "VALIDATION_ERROR", "one of the objects is not valid")
        results = []
        for item in body["inputs"]:
            a, b = item["from"]["id"], item["to"]["id"]
            if not self._knows(item):
                continue
            self.pairs[a, b] += 1
            for one, other in ((a, b), (b, a)):
                results.append({"from": {"id": one}, "to": {"id": other}, "associationSpec": {}})
        random.Random(7).shuffle(results)
        errors = [self._error(item) for item in bad]
        return answer(200, results=results, errors=errors, numErrors=len(errors))

    def dissociate(self, body: dict[str, Any]) -> Reply:
        for item in body["inputs"]:
            for to in item["to"]:
                self.pairs.pop((item["from"]["id"], to["id"]), None)
        return Reply(204)

    def associated(self, body: dict[str, Any]) -> Reply:
        results, missing = [], []
        for item in body["inputs"]:
            if item["id"] not in self.objects:
                missing.append(item["id"])
                continue
            found = sorted(b for a, b in self.pairs if a == item["id"])
            start = int(item.get("after", 0))
            row: dict[str, Any] = {
                "from": {"id": item["id"]},
                "to": [{"toObjectId": each} for each in found[start : start + self.page]],
            }
            if start + self.page < len(found):
                row["paging"] = {"next": {"after": str(start + self.page), "link": "?"}}
            results.append(row)
        errors = []
        if missing:
            context = {"ids": missing}
            errors = [{"category": "OBJECT_NOT_FOUND", "message": "none", "context": context}]
        return answer(207 if errors else 200, results=results, errors=errors)

    def add(self, body: list[str]) -> Reply:
        return self._change(body, [])

    def change(self, body: dict[str, list[str]]) -> Reply:
        return self._change(body["recordIdsToAdd"], body["recordIdsToRemove"])

    def _change(self, adding: list[str], removing: list[str]) -> Reply:
        missing = [each for each in (*adding, *removing) if each not in self.objects]
        added = [each for each in adding if each in self.objects - self.members]
        removed = [each for each in removing if each in self.members]
        self.members |= set(added)
        self.members -= set(removed)
        value = {
            "recordsIdsAdded": added,
            "recordIdsRemoved": removed,
            "recordIdsMissing": missing,
        }
        return Reply(200, {}, orjson.dumps(value))

    def merge(self, body: dict[str, str]) -> Reply:
        kept, gone = body["primaryObjectId"], body["objectIdToMerge"]
        if not {kept, gone} <= self.objects:
            return refusal(400, "VALIDATION_ERROR", "no such object, or merged before")
        self.objects.discard(gone)
        self.merged.append((kept, gone))
        return Reply(200, {}, orjson.dumps({"id": kept, "properties": {}}))

    def receive(self, body: dict[str, Any]) -> Reply:
        for item in body["inputs"]:
            self.events[item["uuid"]] = 1  # the same again is the same
        return Reply(204)

    def _knows(self, item: dict[str, Any]) -> bool:
        return {item["from"]["id"], item["to"]["id"]} <= self.objects

    def _error(self, item: dict[str, Any]) -> dict[str, Any]:
        ids = [each["id"] for each in (item["from"], item["to"])]
        unknown = next(each for each in ids if each not in self.objects)
        context = {"id": [unknown]} if self.naming == "id" else {}
        return {"category": "VALIDATION_ERROR", "message": "not valid", "context": context}


_ROUTES: Sequence[tuple[str, str, Callable[[OtherService, Any], Reply]]] = (
    (r"/crm/v3/objects/contacts/gdpr-delete", "POST", OtherService.delete),
    (r"/crm/objects/2026-09-beta/contacts/gdpr-delete", "POST", OtherService.delete),
    (r"/crm/v4/associations/\w+/\w+/batch/create", "POST", OtherService.associate),
    (
        r"/crm/v4/associations/\w+/\w+/batch/associate/default",
        "POST",
        OtherService.associate_both_ways,
    ),
    (r"/crm/v4/associations/\w+/\w+/batch/archive", "POST", OtherService.dissociate),
    (r"/crm/v4/associations/\w+/\w+/batch/read", "POST", OtherService.associated),
    (r"/crm/v3/lists/\d+/memberships/add", "PUT", OtherService.add),
    (r"/crm/v3/lists/\d+/memberships/add-and-remove", "PUT", OtherService.change),
    (r"/crm/v3/objects/contacts/merge", "POST", OtherService.merge),
    (r"/events/v3/send/batch", "POST", OtherService.receive),
)


def client_of(service: Transport, **options: Any) -> Client:
    """Return a client of this service."""
    options = {
        "rate_limit": RateLimit(1_000_000, 1.0),
        "max_concurrency": 4,
        "retry": RetryPolicy(max_attempts=4),
        "random": random.Random(0).random,
        **options,
    }
    return Client("made-up", transport=service, **options)


def ids(*numbers: int) -> list[str]:
    """Return record ids."""
    return [str(number) for number in numbers]


def pair(a: int | str, b: int | str) -> dict[str, Any]:
    """Return an input that associates two records."""
    return {"from": {"id": str(a)}, "to": {"id": str(b)}, "types": TYPES}
