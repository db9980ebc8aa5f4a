"""What HubSpot would answer to one request: a synchronous function of request, state and seed.

It has no clock, no socket and never awaits, so a server with latency and an in-memory transport
with virtual time can both drive it.
"""

from __future__ import annotations

import random
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import orjson

from hubbatch.errors import UsageError
from hubbatch.sandbox._access import Policy, Tokens, limit_body
from hubbatch.sandbox._account import Account
from hubbatch.sandbox._answers import retry_after_text, spoil_answer
from hubbatch.sandbox._api.table import ROUTER
from hubbatch.sandbox._call import ApiCall, ApiReply, Tools
from hubbatch.sandbox._exchange import Answer, RecordedRequest, SandboxRequest
from hubbatch.sandbox._fault_kinds import FaultKind
from hubbatch.sandbox._faults import Fault, open_plan
from hubbatch.sandbox._memory import Memory
from hubbatch.sandbox._options import Options
from hubbatch.sandbox._refusals import refusal_of
from hubbatch.sandbox._replies import CORRELATION_ID, RefusalError, ReplyWriter
from hubbatch.sandbox._routes import Match, RouteLimit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hubbatch.sandbox._records import StoredObject, Write
    from hubbatch.sandbox._spelling import PropertyType

__all__ = ["Service"]

_JSON = "application/json;charset=utf-8"
_RATE_FAULTS = {
    FaultKind.RATE_ROLLING: Policy.ROLLING,
    FaultKind.RATE_SECONDLY: Policy.SECONDLY,
    FaultKind.RATE_DAILY: Policy.DAILY,
}
_HALF = 0.5
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class _LimitError(Exception):
    """A request is one too many."""

    def __init__(self, policy: Policy, retry_after: float | str | None) -> None:
        super().__init__(policy)
        self.policy = policy
        self.retry_after = retry_after


class Service:
    """Accounts of HubSpot in memory: `handle` answers one request, the rest sets up and looks.

    What is not of a named account is of the default one, which takes every token that is of no other.

    Not thread-safe, and deterministic: the same options and requests give the same answers.
    """

    def __init__(self, options: Options | None = None, *, epoch: datetime = _EPOCH) -> None:
        options = options or Options()
        self.options = options
        self._memory = Memory(deque(maxlen=options.keep_requests), options.keep_body_bytes)
        self.epoch = options.epoch or epoch
        numbers = {options.portal_id, *options.accounts.values()}
        self._accounts = {number: Account(options, number, self.epoch) for number in numbers}
        self._tokens = Tokens(options.accounts)
        self._tokens.accept_only(options.token)
        # One generator for each purpose, so that no option changes what another one draws.
        self._ids, self._latency, spoiling, noise, shuffle = (
            random.Random(options.seed * 8 + purpose)  # noqa: S311 (reproducible)
            for purpose in range(5)
        )
        self._echoing = random.Random(options.seed * 8 + 6)  # noqa: S311 (reproducible)
        self._draw = open_plan(options.faults, options.seed * 8 + 5)
        writer = ReplyWriter(
            noise if options.noise else None,
            shuffle=shuffle if options.shuffle else None,
            string_contexts=options.string_contexts,
        )
        self._tools = Tools(writer, spoiling, self._echoes)

    def account(self, portal_id: int | None = None) -> Account:
        """Return the account of that number, or the default one; raise `UsageError` if there is none."""
        number = self.options.portal_id if portal_id is None else portal_id
        if number not in self._accounts:
            raise UsageError(f"The sandbox has no account {number}: name it in accounts=.")
        return self._accounts[number]

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
        return self.account().max_in_window

    @property
    def writes(self) -> deque[Write]:
        """The ledger: the last `keep_writes` writes, oldest first."""
        return self.account().writes

    def objects(self, object_type: str) -> Mapping[str, StoredObject]:
        """Return a live, read-only view of a type's records by id, archived ones included."""
        return self.account().objects(object_type)

    def define_object_type(self, name: str, type_id: str) -> None:
        """Let a custom type, such as `p_cars`, go by its id too, such as `2-1234`."""
        self.account().define_object_type(name, type_id)

    def define_property(
        self,
        object_type: str,
        name: str,
        *,
        unique: bool = False,
        kind: PropertyType | str | None = None,
        options: Iterable[str] = (),
        read_only: bool = False,
        label: str = "",
    ) -> None:
        """Make a property known; a unique one can serve as `idProperty`, one of a kind holds such values only.

        Of a property with options nothing else is taken; a read-only one cannot be written.
        """
        self.account().define_property(
            object_type,
            name,
            unique=unique,
            kind=kind,
            options=options,
            read_only=read_only,
            label=label,
        )

    def require_property(
        self, object_type: str, name: str, *, when: Mapping[str, str] | None = None
    ) -> None:
        """Refuse writes by version 2026-09 or later that leave a property without a value; see `Account`."""
        self.account().require_property(object_type, name, when=when)

    def declare_strict(self, object_type: str, properties: Iterable[str]) -> None:
        """Refuse, from now on, any property that is neither listed, unique nor HubSpot's own."""
        self.account().declare_strict(object_type, properties)

    def add(self, object_type: str, properties: Mapping[str, str]) -> StoredObject:
        """Put a record into the account without a request."""
        return self.account().add(object_type, properties)

    def merge(self, object_type: str, from_id: str, into_id: str) -> None:
        """Merge one record away; replies then pass over its id in silence."""
        self.account().merge(object_type, from_id, into_id)

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
        match = ROUTER.find(request.path) if request.is_text else None
        account = self.account(self._tokens.account_of(request.header("Authorization")))
        fault: Fault | None = None
        try:
            self._admit(request, match, account)
            fault = self._draw(request)
            reply = self._carry_out(request, match, account, fault)
        except _LimitError as limit:
            reply = ApiReply(
                429, limit_body(limit.policy, correlation_id), self._limit_headers(limit)
            )
        except RefusalError as refusal:
            reply = ApiReply(refusal.status, refusal.body(correlation_id))
        headers = {CORRELATION_ID: correlation_id}
        if match is not None:
            headers |= account.limits.headers(request.at, match.limit(request.method))
        answer = self._answer(reply, headers)
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

    def _admit(self, request: SandboxRequest, match: Match | None, account: Account) -> None:
        if not request.is_text:
            raise RefusalError(400, "INVALID_REQUEST", "The path and the headers must be UTF-8")
        objection = self._tokens.objection(request.header("Authorization"))
        if objection is not None:
            raise refusal_of(objection)
        exceeded = account.limits.exceeded(request.at, _limit_class(match, request))
        if exceeded is not None:
            wait = exceeded.wait if self.options.retry_after else None
            raise _LimitError(exceeded.policy, wait)

    def _carry_out(
        self, request: SandboxRequest, match: Match | None, account: Account, fault: Fault | None
    ) -> ApiReply:
        if fault is not None and fault.kind in _RATE_FAULTS:
            raise _LimitError(_RATE_FAULTS[fault.kind], fault.retry_after)
        account.limits.accept(request.at, _limit_class(match, request))
        if fault is not None and not fault.writes and fault.kind is not FaultKind.CANCELED:
            return ApiReply(200)
        limit = self.options.max_body_bytes
        if limit is not None and len(request.body) > limit:
            raise refusal_of(FaultKind.TOO_LARGE)
        if match is None:
            raise RefusalError(404, "RESOURCE_NOT_FOUND", "resource not found")
        route = match.routes.get(request.method)
        if route is None:
            raise RefusalError(405, "METHOD_NOT_ALLOWED", f"{request.method} is not allowed here")
        call = ApiCall(
            request=request,
            parameters=match.parameters[request.method],
            account=account,
            options=self.options,
            number=self._memory.number,
            stamp=account.stamp(request.at),
            fault=fault,
            tools=self._tools,
        )
        return route.answer(call)

    def _echoes(self) -> bool:
        echo = self.options.echo_trace_ids
        return echo == "all" or (echo == "some" and self._echoing.random() < _HALF)

    def _answer(self, reply: ApiReply, headers: dict[str, str]) -> Answer:
        headers |= reply.headers
        body = b""
        if reply.payload is not None:
            headers["Content-Type"] = _JSON
            body = orjson.dumps(reply.payload)
        low, high = self.options.latencies
        delay = low if low == high else self._latency.uniform(low, high)
        return Answer(self._memory.number, reply.status, headers, body, delay)


def _limit_class(match: Match | None, request: SandboxRequest) -> RouteLimit:
    return RouteLimit.INTERVAL if match is None else match.limit(request.method)
