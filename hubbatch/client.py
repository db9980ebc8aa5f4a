"""The façade: a client, and what its runs share. Its verbs, and everything behind them, have modules of their own."""

from __future__ import annotations

import asyncio
import os
import time
import warnings
import weakref
from collections.abc import Awaitable, Callable, Iterable, Mapping
from random import SystemRandom
from types import TracebackType
from typing import Any, Self, Unpack

import aiohttp
from attrs import evolve

from hubbatch._admission.circuit_breaker import CircuitBreaker
from hubbatch._admission.concurrency import Concurrency
from hubbatch._admission.gate import Gate
from hubbatch._calls import plan_call
from hubbatch._checks import check_count, check_seconds, shown
from hubbatch._client_options import ClientOptions, check_seam, limiter_of
from hubbatch._engine.schema_cache import SchemaCache
from hubbatch._engine.sender import Account, ClientResources
from hubbatch._faces.calls import Calls
from hubbatch._faces.properties import Properties
from hubbatch._http.auth import TokenProvider, TokenSource
from hubbatch._http.given import GivenTransport
from hubbatch._http.transport import HttpTransport, check_base_url
from hubbatch._observers import Observers
from hubbatch._options import check_source
from hubbatch._pages.page import Query
from hubbatch._protocol.exchange import Transport
from hubbatch._quota.limiter import MAX_HOLD, RateLimiter
from hubbatch._reading import Readers
from hubbatch._records.threads import is_of_frame
from hubbatch._verbs import Records
from hubbatch.endpoints import Endpoint
from hubbatch.endpoints._paths import check_api_version
from hubbatch.errors import HubbatchError, UsageError
from hubbatch.events import Event
from hubbatch.policies import RateLimit, RetryPolicy
from hubbatch.reader import ObjectReader
from hubbatch.run import Run

__all__ = ["Client"]

TOKEN_VARIABLE = "HUBSPOT_ACCESS_TOKEN"  # noqa: S105 (a variable's name)

_DEFAULT_RETRY = RetryPolicy()
_SYSTEM_RANDOM = SystemRandom().random


def token_from_env() -> str:
    """Return the token that the environment has."""
    token = os.environ.get(TOKEN_VARIABLE)
    if not token:
        raise UsageError(f"set the environment variable {TOKEN_VARIABLE} to your access token")
    return token


class Client(Calls, Readers):
    """Moves any number of records in and out of one HubSpot account.

    `token`: an access token, or an object with `async def __call__() -> str` that gives the current one. If it takes a
    keyword `refused`, it is given the token that HubSpot refused.
    `base_url`: where the service is; https, or this machine.
    `api_version`: `"v3"`, or a dated version such as `"2025-09"`.
    `rate_limit`: a `RateLimit` to pin the quota, a `RateLimiter` to share one with other clients, None to learn it
    from the response headers or, where there are none, from what is refused.
    `daily_reserve`: requests of the account's day that are left to others; runs stop with `DailyLimitError` before.
    A `RateLimiter` has its own.
    `max_hold`: seconds for which the service may hold all requests at the most: by a 429, a 477, their `Retry-After`,
    or what its headers tell. A `RateLimiter` has its own.
    `max_concurrency`: requests in flight at once, over all runs, at most. None finds the level: it grows while
    requests wait for it rather than for the quota, and falls on timeouts, 423, 502, 503 and 504.
    `retry`: when a batch is sent again.
    `timeout`: seconds for one attempt, and for the token provider.
    `session`: an `aiohttp.ClientSession` of yours to use; it is never closed here. Its connector, proxy, cookies and
    default headers count; its `auth`, middlewares and `raise_for_status` do not. `open_session()` makes one.
    `allow_insecure`: permit plain http to other machines.
    `transport`: a `Transport` of yours that carries the requests, instead of HTTP to `base_url`: another HTTP library,
    or one of `hubbatch.testing`. It is never closed here, and its answers count within `timeout` only.
    `clock`: for tests: the wall's clock, in seconds since 1970. It tells how long the machine slept, and the time in
    messages. All that waits, and the quota's windows, goes by the event loop's clock: `hubbatch.testing` has a loop
    whose time is virtual.
    `random`: for tests: gives numbers from 0 to 1, for the jitter of waits, such as `random.Random(0).random`.
    `observers`: functions of one event of `hubbatch.events`, called as it happens, in the event loop: they must not
    block. One that raises an `Exception` is logged and left out; it stops nothing.
    `name`: the account's, say: it stands in events, in the log, in errors and in what is shown of client and runs.

    Raises `UsageError` for an option that is wrong. Use it as an async context manager, or `await aclose()`, and in
    one event loop: the one in which its first run is started.

    Every verb returns a `Run`. It takes an iterable or async iterable of records, pulled no faster than they are sent,
    or a frame of pandas, polars or Arrow, whose rows are the records.
    An iterable is pulled in the event loop, which stands still as long as a pull blocks: give one that waits for a
    database, a file or a network to `hubbatch.in_thread`. Besides its own options a verb takes:

    `batch_size`, `max_batch_bytes`: records (1 to the verb's limit, the default) and bytes of JSON (3 MiB) a request.
    `linger`: seconds that a batch which is not full waits for more records (0.05; 0: at once), while there is a place.
    `prefetch`: records held at once, taken in and not settled; by default what the quota can send in ten seconds.
    `max_failures`: stop the run once so many records have failed.
    `deadline`: seconds after which nothing more is taken in; what is in flight settles.
    `on_progress`: a function that is called with a `Progress` whenever a batch is settled. What it raises ends the run.
    `duplicates`: a key that occurs twice waits for the earlier one (`"serial"`, the default), is merged into it
    while that waits (`"merge"`), or fails (`"refuse"`). Up to 10,000 records, and 64 MiB, wait so while others go on;
    where keys occur more often (`Progress.waiting_for_key`), `"merge"` is the remedy.
    `validate`: refuse records that the account would refuse, before anything of them is sent: True to hold them
    against the account's own properties, or a `Schema`, or a list of `Property`. For create, update and upsert.
    `missing`: what becomes of values that are missing: None, NaN, NaT and NA are left out (`"omit"`), sent as `""`,
    which empties the property (`"clear"`), or refused (`"refuse"`). By default None is left out, the others are
    refused.
    `timezone`: the zone of datetimes that have none: a name such as `"Europe/Berlin"`, or a `tzinfo`. By default such
    datetimes are refused. Both are for create, update and upsert.
    `keep`: which records the outcome retains: `"all"` (the default when awaited), `"errors"` (all but those that
    succeeded; the default when streamed) or `"none"`. Counts are complete whatever is kept.
    `journal`: a file, or a `hubbatch.journal.Journal`. The same call with it goes on where its process died, if its
    source gives the same records in the same order: settled ones are passed over and counted (`Outcome.earlier`), those
    in doubt sent again or looked up; a create without `unique_property` leaves them UNKNOWN. See `docs/journal.md`.
    """

    def __init__(
        self,
        token: str | TokenProvider | Callable[[], Awaitable[str]],
        *,
        base_url: str = "https://api.hubapi.com",
        api_version: str = "v3",
        rate_limit: RateLimit | RateLimiter | None = None,
        daily_reserve: int = 0,
        max_hold: float = MAX_HOLD,
        max_concurrency: int | None = None,
        retry: RetryPolicy = _DEFAULT_RETRY,
        timeout: float = 60.0,
        session: aiohttp.ClientSession | None = None,
        allow_insecure: bool = False,
        transport: Transport | None = None,
        clock: Callable[[], float] = time.time,
        random: Callable[[], float] = _SYSTEM_RANDOM,
        observers: Iterable[Callable[[Event], object]] = (),
        name: str | None = None,
    ) -> None:
        self._closed = True  # until everything is checked
        self._api_version = check_api_version(api_version)
        self._base_url = check_base_url(base_url, allow_insecure=allow_insecure)
        if not isinstance(retry, RetryPolicy):
            raise UsageError(f"retry must be a RetryPolicy, not {shown(retry)}")
        self._retry = retry
        self._observers = Observers(observers, name)
        self._named = "" if name is None else f" {name!r}"
        self._tokens = TokenSource(
            token, timeout=check_seconds("timeout", timeout), notify=self._observers
        )
        self._gate = Gate(
            limiter_of(rate_limit, daily_reserve, max_hold, self._observers),
            Concurrency(
                None if max_concurrency is None else check_count("max_concurrency", max_concurrency)
            ),
            CircuitBreaker(retry),
            self._observers,
        )
        self._http: HttpTransport | None = None
        """What is opened and closed here; None with a transport of the caller's."""
        self._transport: Transport
        if transport is None:
            self._http = HttpTransport(self._base_url, timeout=timeout, session=session)
            self._transport = self._http
        elif session is None:
            self._transport = GivenTransport(transport, timeout=timeout)
        else:
            raise UsageError("give a transport or a session: with a transport no session is used")
        self._clock = check_seam("clock", clock, "time.time")
        self._random = check_seam("random", random, "random.random")
        self._schemas, self._account = SchemaCache(), Account()
        self._runs: set[Run[Any]] = set()
        """Those under way: a run that nobody else holds goes on."""
        self._readers: weakref.WeakSet[ObjectReader] = weakref.WeakSet()
        self._loop: asyncio.AbstractEventLoop | None = None
        """Where the first run was started: locks, timers and connections belong to one event loop."""
        self._closed = False

    @classmethod
    def from_env(cls, **options: Unpack[ClientOptions]) -> Self:
        """Return a client whose token is in the environment variable `HUBSPOT_ACCESS_TOKEN`."""
        return cls(token_from_env(), **options)

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"{len(self._runs)} runs under way"
        return f"<Client{self._named} of {self._base_url}, {self._api_version}: {state}>"

    def __del__(self) -> None:
        if not getattr(self, "_closed", True) and self._http is not None and self._http.open:
            warnings.warn(
                f"a Client{self._named} was dropped open: use 'async with', or await aclose()",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )

    async def __aenter__(self) -> Self:
        self._check_open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Cancel the runs under way and close what the client opened. Closing twice is fine."""
        self._closed = True
        here = self._loop is asyncio.get_running_loop()  # tasks of a loop that is gone are, too
        tasks: list[asyncio.Task[Any]] = [
            task
            for run in (list(self._runs) if here else ())
            if (
                task := run.abort(
                    HubbatchError(f"the client{self._named} was closed while the run was under way")
                )
            )
        ]
        closed = f"the client{self._named} was closed while a reading was under way"
        readers = list(self._readers) if here else ()
        pages = [reader.abort(HubbatchError(closed)) for reader in readers]
        tasks.extend(page for page in pages if page is not None)
        if tasks:
            await asyncio.wait(tasks)
        await self._tokens.aclose()
        if self._http is not None:
            await self._http.aclose()
        self._observers.close()

    @property
    def rate_limit(self) -> RateLimit:
        """The quota in force: pinned, or as learned so far."""
        return self._gate.limiter.rate_limit

    @property
    def daily_remaining(self) -> int | None:
        """How many requests the account has left today, by the last answer that said so; None: none has."""
        return self._gate.limiter.daily_remaining

    def _run(
        self,
        endpoint: Endpoint,
        path_fields: Mapping[str, object],
        records: Records,
        options: Mapping[str, Any],
        *,
        api_version: str | None = None,
        **specific: Any,
    ) -> Run[Any]:
        self._check_open()
        version = self._api_version if api_version is None else api_version
        call = plan_call(endpoint, version, path_fields, options, **specific)
        source = check_source(endpoint, records)
        if is_of_frame(source):
            call = evolve(call, of_frame=True)
        return Run(call, source, self._equip, self._runs.discard, self._observers.name)

    def properties(self, object_type: str) -> Properties:
        """Return the properties of an object type: `await client.properties("contacts").all()`."""
        return Properties(self._api_version, object_type, self._resources, self._run)

    def _path(self, endpoint: Endpoint, object_type: str) -> str:
        self._check_open()
        return endpoint.path(self._api_version, {"object_type": object_type})

    def _reader(self, query: Query, after: str | None) -> ObjectReader:
        reader = ObjectReader(query, self._resources, after)
        self._readers.add(reader)
        return reader

    def _equip(self, run: Run[Any]) -> ClientResources:
        """Give a run that starts what all runs of this client share."""
        resources = self._resources()
        self._runs.add(run)
        return resources

    def _resources(self) -> ClientResources:
        """Return what all requests of this client share; it belongs to the loop in which this is first asked for."""
        self._check_open()
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise UsageError(
                "the client belongs to the event loop in which its first run was started; make one client for each"
                " loop, within it"
            )
        return ClientResources(
            self._transport,
            self._tokens,
            self._gate,
            self._retry,
            self._clock,
            self._random,
            self._observers,
            self._schemas,
            self._account,
        )

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError(f"the client{self._named} is closed; make another one")
