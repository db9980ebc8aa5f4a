"""A service that has any row: it answers in the shape that the row's documentation says, and remembers what it did."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
from attrs import define, field
from other_endpoints import TYPES, answer, refusal

from hubbatch import Endpoint, NoReply, Reply, Request
from hubbatch.endpoints import AnswerKind, InputKind, ResultShape

PATH = {
    **dict.fromkeys(("object_type", "from_object_type", "to_object_type"), "0-1"),
    **dict.fromkeys(("list_id", "price_book_id", "table_id_or_name"), "7"),
}


def record_of(row: Endpoint, number: int) -> Any:
    """Return a record for a row, other than those of other numbers."""
    text = str(1_000 + number)
    match row.input:
        case InputKind.NEW_OBJECT:
            return {"properties": {"email": f"{text}@x.com"}}
        case InputKind.OBJECT:
            return {"id": text, "properties": {"email": f"{text}@x.com"}}
        case InputKind.ID | InputKind.TEXT:
            lists = row.body.lists
            return {lists[number % 2]: text} if len(lists) > 1 else text
        case InputKind.PAIR | InputKind.PAIR_IN_LIST:
            ends = {"from": {"id": text}, "to": {"id": f"2{text}"}}
            return {**ends, "types": TYPES, "type": "contact_to_company"}
    record: dict[str, Any] = {}
    for name in (*row.required, *row.identity, *(each for way in row.names for each in way)):
        if name != row.stamp:
            put(record, name, f"{name}-{text}")
    return record


def put(value: dict[str, Any], path: str, held: Any) -> None:
    """Put something where a path leads."""
    *steps, last = path.split(".")
    for step in steps:
        value = value.setdefault(step, {})
    value[last] = held


def held_at(value: Any, path: str) -> Any:
    """Return what a path leads to."""
    for step in path.split(".") if path else ():
        value = value[0]["id"] if step == "*" else value[step] if isinstance(value, dict) else value
    return value


@define
class DocumentedService:
    """The account behind one row. `bad`: what it refuses, by the number of the record."""

    row: Endpoint
    bad: set[int] = field(factory=set)
    naming: bool = True
    """Whether errors name the inputs that they are about."""
    faults: list[str] = field(factory=list)
    done: Counter[int] = field(factory=Counter)
    requests: list[Request] = field(factory=list)
    numbers: list[list[int]] = field(factory=list)
    """The records of each request."""

    async def send(
        self, request: Request, token: str, note_sent: Callable[[], None]
    ) -> Reply | NoReply:
        fault = self.faults.pop(0) if self.faults else "none"
        note_sent()
        self.requests.append(request)
        await asyncio.sleep(0.05)
        inputs = self._inputs(orjson.loads(request.body))
        self.numbers.append([self._number(item) for item in inputs])
        if fault == "lost":
            return NoReply(sent=True, reason="the connection was lost")
        reply = self._carry_out(inputs)
        if fault == "lost after":
            return NoReply(sent=True, reason="the connection was lost")
        return reply

    def _inputs(self, body: Any) -> list[Any]:
        if self.row.body.single:
            return [body]
        lists = self.row.body.lists
        return [item for name in lists for item in body[name]] if lists else list(body)

    def _number(self, item: Any) -> int:
        """Return the number of the record that an input is of: it stands at the end of what names it."""
        match self.row.input:
            case InputKind.NEW_OBJECT:
                text = item["properties"]["email"].partition("@")[0]
            case InputKind.PAIR | InputKind.PAIR_IN_LIST:
                text = item["from"]["id"]
            case InputKind.VALUES:
                text = held_at(item, self.row.required[0]).rpartition("-")[2]
            case _:
                text = item if isinstance(item, str) else item["id"]
        return int(text) - 1_000

    def _carry_out(self, inputs: list[Any]) -> Reply:
        good = [item for item in inputs if self._number(item) not in self.bad]
        bad = [item for item in inputs if self._number(item) in self.bad]
        if bad and self.row.max_inputs == 1:
            return refusal(400, "VALIDATION_ERROR", "not valid")
        self.done.update(map(self._number, good))
        errors = [self._error(item) for item in bad]
        match self.row.answer:
            case AnswerKind.NOTHING if not errors:
                return Reply(204)
            case AnswerKind.ONE:
                return Reply(200, {}, orjson.dumps({"id": "1", "properties": {}}))
            case AnswerKind.IDS:
                return self._lists(good, bad)
        results = [result for item in good for result in self._results(item)]
        random.Random(len(results)).shuffle(results)
        if self.row.answer is AnswerKind.NOTHING:
            results = []
        status = 207 if errors else 200
        return answer(status, results=results, errors=errors, numErrors=len(errors))

    def _lists(self, good: list[str], bad: list[str]) -> Reply:
        lists = self.row.id_lists
        assert lists is not None
        value: dict[str, list[str]] = {name: [] for name in (*lists.done, *lists.missing)}
        for item in good:  # one in three was done before, and is in no list
            if self._number(item) % 3:
                value[lists.done[self._number(item) % len(lists.done)]].append(item)
        value[lists.missing[0]] = bad
        return Reply(200, {}, orjson.dumps(value))

    def _results(self, item: Any) -> list[dict[str, Any]]:
        if self.row.result is ResultShape.OBJECT:
            properties = item.get("properties", {})
            result = {"id": item.get("id", f"9{self._number(item)}"), "properties": properties}
            if "objectWriteTraceId" in item:
                result["objectWriteTraceId"] = item["objectWriteTraceId"]
            return [{**result, "createdAt": "2026-01-01T00:00:00Z", "archived": False}]
        result = {"updatedAt": "2026-01-01T00:00:00Z"}
        way = self.row.names[-1] if self.row.names else {}
        for name, own in way.items():
            put(result, name, held_at(item, own))
        if self.row.results_per_input == 1:
            return [result]
        other = dict(result)
        one, two = way
        put(other, one.partition(".")[0], result[two.partition(".")[0]])
        put(other, two.partition(".")[0], result[one.partition(".")[0]])
        return [result, other]

    def _error(self, item: Any) -> dict[str, Any]:
        context: dict[str, Any] = {}
        if self.naming and "objectWriteTraceId" in (item if isinstance(item, dict) else {}):
            context = {"objectWriteTraceId": [item["objectWriteTraceId"]]}
        elif self.naming:
            named = self.row.names[0] if self.row.names else {}
            own = [*named.values()] or [*self.row.identity]
            for name in own[:1]:
                context = {self.row.error_names[0]: [str(held_at(item, name))]}
        return {"category": "VALIDATION_ERROR", "message": "not valid", "context": context}
