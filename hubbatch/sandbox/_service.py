"""What HubSpot would answer to one request: a synchronous function of request, state and seed.

It has no clock, no socket and never awaits, so a server with latency and an in-memory transport
with virtual time can both drive it.
"""

from __future__ import annotations

import random
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from attrs import field, frozen

from hubbatch.sandbox._access import Limits, Policy, Tokens, limit_body
from hubbatch.sandbox._answers import retry_after_text, spoil_answer
from hubbatch.sandbox._exchange import Answer, RecordedRequest, SandboxRequest
from hubbatch.sandbox._faults import Fault, open_plan
from hubbatch.sandbox._inputs import Verb, read_batch
from hubbatch.sandbox._kinds import FaultKind
from hubbatch.sandbox._memory import Memory
from hubbatch.sandbox._options import Options
from hubbatch.sandbox._records import Occasion, StoredObject, Write
from hubbatch.sandbox._refusals import missing_scopes, refusal_of
from hubbatch.sandbox._replies import (
    CORRELATION_ID,
    Done,
    RefusalError,
    ReplyWriter,
)
from hubbatch.sandbox._routes import Route, route_of
from hubbatch.sandbox._schema import ObjectType, Schema
from hubbatch.sandbox._spelling import PropertyType, property_type
from hubbatch.sandbox._spoiling import spoil_batch, spoil_done
from hubbatch.sandbox._store import Store
from hubbatch.sandbox._task import Task
from hubbatch.sandbox._verbs import perform

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Service"]

_JSON = "application/json;charset=utf-8"
_RATE_FAULTS = {
    FaultKind.RATE_ROLLING: Policy.ROLLING,
    FaultKind.RATE_SECONDLY: Policy.SECONDLY,
    FaultKind.RATE_DAILY: Policy.DAILY,
}
_SPOKEN = frozenset({FaultKind.CANCELED_AFTER_WRITE, FaultKind.PENDING_WITH_RESULTS})
"""Faults under which an archive, too, is answered with a body."""
_HALF = 0.5
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@frozen
class _Reply:
    """An answer before it has headers; `payload` is a JSON value, or None for no body."""

    status: int
    payload: Any = None
    headers: Mapping[str, str] = field(factory=dict)


class _LimitError(Exception):
    """A request is one too many."""

    def __init__(self, policy: Policy, retry_after: float | str | None) -> None:
        super().__init__(policy)
        self.policy = policy
        self.retry_after = retry_after


class Service:
    """An account of HubSpot in memory: `handle` answers one request, the rest sets up and looks.

    Not thread-safe, and deterministic: the same options and requests give the same answers.
    """

    def __init__(self, options: Options | None = None, *, epoch: datetime = _EPOCH) -> None:
        options = options or Options()
        self.options = options
        self.schema = Schema(respell=options.respell)
        self.store = Store(self.schema, options.keep_writes, read_lag=options.read_lag)
        self._memory = Memory(deque(maxlen=options.keep_requests), options.keep_body_bytes)
        self.epoch = options.epoch or epoch
        self._limits = Limits(
            options.rate_limit,
            secondly_limit=options.secondly_limit,
            daily_limit=options.daily_limit,
            midnight=options.midnight,
        )
        self._tokens = Tokens()
        self._tokens.accept_only(options.token)
        self._forbidden = {self.schema.get(name).id for name in options.forbidden}
        # One generator for each purpose, so that no option changes what another one draws.
        self._ids, self._latency, self._spoiling, noise, shuffle = (
            random.Random(options.seed * 8 + purpose)  # noqa: S311 (reproducible)
            for purpose in range(5)
        )
        self._echoing = random.Random(options.seed * 8 + 6)  # noqa: S311 (reproducible)
        self._draw = open_plan(options.faults, options.seed * 8 + 5)
        self._writer = ReplyWriter(
            noise if options.noise else None,
            shuffle=shuffle if options.shuffle else None,
            string_contexts=options.string_contexts,
        )

    @property
    def requests(self) -> deque[RecordedRequest]:
        """What came in: the last `keep_requests` requests, oldest first."""
        return self._memory.requests

    @property
    def request_count(self) -> int:
        """How many requests came in, remembered or not."""
        return self._memory.number

    @property
    def max_in_window(self) -> int:
        """The most requests accepted (not answered 429) in any rolling period so far."""
        return self._limits.rolling.max_in_window

    @property
    def writes(self) -> deque[Write]:
        """The ledger: the last `keep_writes` writes, oldest first."""
        return self.store.writes

    def objects(self, object_type: str) -> Mapping[str, StoredObject]:
        """Return a live, read-only view of a type's records by id, archived ones included."""
        return self.store.objects(object_type)

    def define_object_type(self, name: str, type_id: str) -> None:
        """Let a custom type, such as `p_cars`, go by its id too, such as `2-1234`."""
        self.schema.define_object_type(name, type_id)

    def define_property(
        self,
        object_type: str,
        name: str,
        *,
        unique: bool = False,
        kind: PropertyType | str | None = None,
    ) -> None:
        """Make a property known; a unique one can serve as `idProperty`, one of a kind holds such values only."""
        kind = None if kind is None else property_type(kind)
        self.store.define_property(object_type, name, unique=unique, kind=kind)

    def declare_strict(self, object_type: str, properties: Iterable[str]) -> None:
        """Refuse, from now on, any property that is neither listed, unique nor HubSpot's own."""
        self.schema.declare_strict(object_type, properties)

    def add(self, object_type: str, properties: Mapping[str, str]) -> StoredObject:
        """Put a record into the account without a request."""
        collection = self.store.collection(self.schema.get(object_type))
        return collection.create(properties, Occasion(0, "create", self._stamp(0.0)))

    def merge(self, object_type: str, from_id: str, into_id: str) -> None:
        """Merge one record away; replies then pass over its id in silence."""
        self.store.collection(self.schema.get(object_type)).merge(from_id, into_id)

    def set_token(self, token: str | None) -> None:
        """Accept this token alone from now on, or with None any that has not expired."""
        self._tokens.accept_only(token)

    def expire_token(self) -> None:
        """Answer 401 EXPIRED_AUTHENTICATION to every token used or set so far."""
        self._tokens.expire()

    def handle(self, request: SandboxRequest) -> Answer:
        """Answer one request; what it writes is written on return, whatever becomes of it."""
        self._memory.number += 1
        correlation_id = str(UUID(int=self._ids.getrandbits(128), version=4))
        fault: Fault | None = None
        try:
            self._admit(request)
            fault = self._draw(request)
            reply = self._carry_out(request, fault)
        except _LimitError as limit:
            reply = _Reply(
                429, limit_body(limit.policy, correlation_id), self._limit_headers(limit)
            )
        except RefusalError as refusal:
            reply = _Reply(refusal.status, refusal.body(correlation_id))
        answer = self._answer(reply, request, correlation_id)
        if fault is not None:
            answer = spoil_answer(fault, answer, request)
        self._memory.add(request, answer, fault)
        return answer

    def _limit_headers(self, limit: _LimitError) -> dict[str, str]:
        headers: dict[str, str] = {}
        if limit.retry_after is not None:
            headers["Retry-After"] = retry_after_text(limit.retry_after)
        if limit.policy is Policy.ROLLING and self.options.rate_limit is not None:
            # When a fault says so although there is room, others have used it up.
            headers["X-HubSpot-RateLimit-Remaining"] = "0"
        return headers

    def _admit(self, request: SandboxRequest) -> None:
        if not request.is_text:
            raise RefusalError(400, "INVALID_REQUEST", "The path and the headers must be UTF-8")
        objection = self._tokens.objection(request.header("Authorization"))
        if objection is not None:
            raise refusal_of(objection)
        exceeded = self._limits.exceeded(request.at)
        if exceeded is not None:
            wait = exceeded.wait if self.options.retry_after else None
            raise _LimitError(exceeded.policy, wait)

    def _carry_out(self, request: SandboxRequest, fault: Fault | None) -> _Reply:
        if fault is not None and fault.kind in _RATE_FAULTS:
            raise _LimitError(_RATE_FAULTS[fault.kind], fault.retry_after)
        self._limits.accept(request.at)
        if fault is not None and not fault.writes and fault.kind is not FaultKind.CANCELED:
            return _Reply(200)
        limit = self.options.max_body_bytes
        if limit is not None and len(request.body) > limit:
            raise refusal_of(FaultKind.TOO_LARGE)
        route, object_type = self._locate(request)
        return self._perform(request, route, object_type, fault)

    def _locate(self, request: SandboxRequest) -> tuple[Route, ObjectType]:
        route = route_of(request.path)
        if route is None:
            raise RefusalError(404, "RESOURCE_NOT_FOUND", "resource not found")
        if request.method != "POST":
            raise RefusalError(405, "METHOD_NOT_ALLOWED", f"{request.method} is not allowed here")
        object_type = self.schema.find(route.object_type)
        if object_type is None:
            message = f"Unable to infer object type from: {route.object_type}"
            raise RefusalError(404, "INVALID_OBJECT_TYPE", message)
        if object_type.id in self._forbidden:
            raise missing_scopes(f"crm.objects.{object_type.name}")
        return route, object_type

    def _perform(
        self, request: SandboxRequest, route: Route, object_type: ObjectType, fault: Fault | None
    ) -> _Reply:
        options, verb = self.options, route.verb
        batch = read_batch(request.body, verb, object_type, portal_id=options.portal_id)
        stamp = self._stamp(request.at)
        if verb is not Verb.ARCHIVE:
            spoil_batch(fault, batch, self._spoiling)
        canceled = fault is not None and fault.kind is FaultKind.CANCELED
        task = Task(
            verb=verb,
            batch=batch,
            collection=self.store.collection(object_type),
            occasion=Occasion(self._memory.number, verb, stamp, request.at),
            habits=options,
            echoes=self._echoes,
            archived=request.query.get("archived", "").lower() == "true",
        )
        done = Done(status="CANCELED") if canceled else perform(task)
        spoken = canceled or (fault is not None and fault.kind in _SPOKEN)
        if verb is Verb.ARCHIVE and not spoken:
            return _Reply(204)
        if verb is Verb.READ and done.problems and not done.results:
            self._refuse_missing(done)
        spoil_done(fault, done, self._spoiling)
        success = options.create_status if verb is Verb.CREATE else 200
        return _Reply(*self._writer.batch(done, success=success, stamp=stamp))

    def _echoes(self) -> bool:
        echo = self.options.echo_trace_ids
        return echo == "all" or (echo == "some" and self._echoing.random() < _HALF)

    def _refuse_missing(self, done: Done) -> None:
        status = self.options.missing_read_status
        if status != 207:  # noqa: PLR2004 (multi-status)
            raise done.problems[0].refusal(status)

    def _answer(self, reply: _Reply, request: SandboxRequest, correlation_id: str) -> Answer:
        headers = {CORRELATION_ID: correlation_id}
        if route_of(request.path) is not None:
            headers |= self._limits.headers(request.at)
        headers |= reply.headers
        body = b""
        if reply.payload is not None:
            headers["Content-Type"] = _JSON
            body = orjson.dumps(reply.payload)
        low, high = self.options.latencies
        delay = low if low == high else self._latency.uniform(low, high)
        return Answer(self._memory.number, reply.status, headers, body, delay)

    def _stamp(self, at: float) -> str:
        moment = self.epoch + timedelta(seconds=at)
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
