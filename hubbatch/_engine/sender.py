"""One request of a run and what came of it: the client's gate, tokens, transport and circuit breaker, all in one step.

It knows no batch's future and settles nothing.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Protocol

import attrs
from attrs import define, field, frozen

from hubbatch._admission.gate import Gate
from hubbatch._batches.batch import Batch, Stage
from hubbatch._batches.correlation import indexes_of
from hubbatch._batches.transition import Moment
from hubbatch._clock import elapsed, now
from hubbatch._engine.reporter import RequestReport, RunReporter
from hubbatch._engine.schema_cache import SchemaCache
from hubbatch._http.auth import TokenSource
from hubbatch._observers import Observers
from hubbatch._protocol.diagnosis import Diagnosis, diagnose
from hubbatch._protocol.exchange import NoReply, Reply, Request, Transport
from hubbatch._protocol.symptoms import Symptom
from hubbatch._quota.budget import Slot
from hubbatch.endpoints import Endpoint
from hubbatch.errors import TransportError
from hubbatch.policies import LimitClass, RetryPolicy

__all__ = [
    "Account",
    "Carrier",
    "ClientResources",
    "Prepare",
    "Prepared",
    "RequestSender",
    "Response",
    "note_nothing",
]


@define
class Account:
    """What is known of a client's account."""

    portal_id: int | None = None
    """None: nobody has asked, or the service did not say."""


@frozen
class ClientResources:
    """What all runs of a client share."""

    transport: Transport
    tokens: TokenSource
    gate: Gate
    policy: RetryPolicy
    clock: Callable[[], float]
    """The wall's clock: seconds since 1970. What waits goes by the loop's."""
    random: Callable[[], float]
    """Random numbers from 0 to 1, for the jitter."""
    observers: Observers
    schemas: SchemaCache = field(factory=SchemaCache)
    account: Account = field(factory=Account)


@define(eq=False)
class Carrier:
    """Who carries a batch now: the one place where the batch of a task stands, whatever happens to the task."""

    batch: Batch = field(factory=lambda: Batch(()))
    """It has no inputs as long as a new request waits for its place: what it carries is chosen then."""
    sending: bool = False
    """Whether a request with it is under way, of which a byte may have left."""


@frozen
class Response:
    """What came of one request."""

    diagnosis: Diagnosis
    token: str = field(repr=False)
    """The token that it was sent with."""


class Prepare(Protocol):
    """Makes the request of a carrier. `probes`: whether it is to show if the service works."""

    def __call__(self, carrier: Carrier, *, probes: bool) -> Awaitable[Request]: ...


@frozen(eq=False)
class Prepared:
    """A request that carries no records: it is the same for a service that works and for one that is probed."""

    request: Request

    async def __call__(self, carrier: Carrier, *, probes: bool) -> Request:
        """Return the request."""
        del carrier, probes
        return self.request


def note_nothing(indexes: Iterable[int]) -> None:
    """Note that a request leaves that carries no records."""
    del indexes


class RequestSender:
    """Sends the requests of one run. `note_sent` is given the records of which a byte may leave now."""

    def __init__(
        self,
        resources: ClientResources,
        note_sent: Callable[[Iterable[int]], None],
        reporter: RunReporter,
    ) -> None:
        self._resources = resources
        self._note_records = note_sent
        self._reporter = reporter
        self.pausing = 0
        """How many batches wait for their time to be sent again."""
        self.requests = 0

    def moment(
        self,
        batch: Batch,
        *,
        any_success: bool,
        may_wait: Callable[[float], bool],
    ) -> Moment:
        """Return what has to be known of the client to decide about a batch."""
        gate, wall_time = self._resources.gate, self._resources.clock()
        return Moment(
            now(),
            elapsed(batch.first_sent_at, wall_time),
            self._resources.random,
            any_success,
            may_wait,
            breaker_open=gate.broken,
            without_success_for=gate.without_success_for,
            longest_wait=gate.limiter.max_hold,
            today=datetime.fromtimestamp(wall_time, UTC),
        )

    def hold(self, seconds: float, endpoint: Endpoint, symptom: Symptom) -> None:
        """Hold requests: after a 429 of an endpoint those of the same limit, else all of the client."""
        limited = symptom is Symptom.RATE_LIMITED
        self._resources.gate.limiter.hold(
            seconds, limit_class=endpoint.limit_class if limited else None
        )

    def on_both_clocks(self, wall_time: float) -> tuple[float, float]:
        """Return a moment of the past by the loop's clock and the wall's, by which it is given; 0: it is not known."""
        ago = self._resources.clock() - wall_time if wall_time > 0 else 0.0
        return now() - max(0.0, ago), wall_time

    def held_for(self, limit_class: LimitClass) -> float:
        """Return for how many seconds a class is held from now on; infinity while that is not known."""
        return self._resources.gate.held_for(limit_class)

    async def wait_until(self, when: float) -> None:
        """Wait until a moment, by the loop's clock."""
        if (wait := when - now()) > 0:
            self.pausing += 1
            try:
                await asyncio.sleep(wait)
            finally:
                self.pausing -= 1

    def expire_token(self, response: Response) -> None:
        """Have the token that a request was sent with replaced before the next one."""
        self._resources.tokens.expire(response.token)

    async def exchange(self, carrier: Carrier, endpoint: Endpoint, prepare: Prepare) -> Response:
        """Send one request to an endpoint for a carrier, within the limits of that endpoint; return what came of it.

        `prepare` makes the request once it may go. What it raises comes out, and nothing is sent.
        """
        resources, gate, asked_at = self._resources, self._resources.gate, now()
        async with self._enter(carrier, endpoint) as slot:
            request = await prepare(carrier, probes=gate.broken)
            token = await resources.tokens.current()  # not before: the wait may have been long
            batch = carrier.batch
            report = self._reporter.request(endpoint, batch, asked_at)
            note = functools.partial(self._note_sent, carrier, slot, report)
            reply = await self._send(request, token, carrier, note)
        diagnosis = diagnose(endpoint, reply, len(batch.inputs))
        report.answered(diagnosis, reply)
        if isinstance(reply, Reply):
            refused = diagnosis.symptom is Symptom.RATE_LIMITED
            gate.limiter.learn(reply.headers, slot, refused=refused)
        gate.note(diagnosis, slot, resources.random(), in_poison_search=batch.in_poison_search)
        return Response(diagnosis, token)

    async def wait_for_place(self, carrier: Carrier, endpoint: Endpoint) -> None:
        """Wait until a request to an endpoint could leave, and leave the place to others."""
        async with self._enter(carrier, endpoint):
            pass

    def _enter(self, carrier: Carrier, endpoint: Endpoint) -> AbstractAsyncContextManager[Slot]:
        """Return what waits for a carrier's place at the gate."""
        if (since := carrier.batch.tried_since) is None:
            since = now()
            carrier.batch = attrs.evolve(carrier.batch, tried_since=since)
        self._raise_for_long_hold(endpoint.limit_class)
        return self._resources.gate.enter(self, since, endpoint.limit_class)

    async def _send(
        self, request: Request, token: str, carrier: Carrier, note: Callable[[], None]
    ) -> Reply | NoReply:
        """Send one request. From the moment a byte may have left, its records may have been written."""
        under_way = True

        def note_sent() -> None:
            if under_way and not carrier.sending:  # once, and not while another one is sent
                note()

        try:
            reply = await self._resources.transport.send(request, token, note_sent)
        except Exception:
            note_sent()  # a bug proves nothing; being cancelled before a byte has left does
            raise
        else:
            if isinstance(reply, Reply) or reply.sent:
                note_sent()  # for a transport that could not tell when
            elif carrier.sending:  # it contradicts itself, and the worse may be true
                reply = attrs.evolve(reply, sent=True)
            return reply
        finally:
            under_way = carrier.sending = False

    def _note_sent(self, carrier: Carrier, slot: Slot, report: RequestReport) -> None:
        carrier.sending = True
        self.requests += 1
        self._resources.gate.limiter.sent(slot)
        if carrier.batch.stage is Stage.SEND:
            self._note_records(indexes_of(carrier.batch.inputs))
            carrier.batch = carrier.batch.sent(now(), self._resources.clock())
        report.sent(self.requests)

    def _raise_for_long_hold(self, limit_class: LimitClass) -> None:
        """Raise rather than wait for longer than the policy allows while the service wants to be left alone."""
        held = self._resources.gate.limiter.held_for(limit_class)
        most = self._resources.policy.max_elapsed
        if held > most:
            raise TransportError(
                f"the service wants to be left alone for {held:.0f} seconds more, longer than"
                f" RetryPolicy.max_elapsed ({most:g}): send `outcome.retryable` again after that"
            )
