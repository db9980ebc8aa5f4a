"""What a caller may ask of a client: its options, and the quota that it goes by.

It knows nothing of runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypedDict

import aiohttp

from hubbatch._checks import shown
from hubbatch._observers import Notify
from hubbatch._protocol.exchange import Transport
from hubbatch._quota.limiter import MAX_HOLD, RateLimiter
from hubbatch.errors import UsageError
from hubbatch.events import Event
from hubbatch.policies import RateLimit, RetryPolicy

__all__ = ["ClientOptions", "check_seam", "limiter_of"]


class ClientOptions(TypedDict, total=False):
    """The options of a `Client`; see there."""

    base_url: str
    api_version: str
    rate_limit: RateLimit | RateLimiter | None
    daily_reserve: int
    max_hold: float
    max_concurrency: int | None
    retry: RetryPolicy
    timeout: float
    session: aiohttp.ClientSession | None
    allow_insecure: bool
    transport: Transport | None
    clock: Callable[[], float]
    random: Callable[[], float]
    observers: Iterable[Callable[[Event], object]]
    name: str | None


def limiter_of(
    rate_limit: RateLimit | RateLimiter | None,
    daily_reserve: int,
    max_hold: float,
    notify: Notify,
) -> RateLimiter:
    """Return the live quota of a client, which tells it of holds and learned limits."""
    if rate_limit is not None and not isinstance(rate_limit, RateLimit | RateLimiter):
        raise UsageError(
            "rate_limit must be a RateLimit such as RateLimit(190, 10.0), a RateLimiter, or None to"
            f" learn it, not {shown(rate_limit)}"
        )
    if isinstance(rate_limit, RateLimiter):
        if daily_reserve:
            raise UsageError("give daily_reserve to the RateLimiter: its clients share the day too")
        if max_hold != MAX_HOLD:
            raise UsageError("give max_hold to the RateLimiter: its clients are held together")
        limiter = rate_limit
    else:
        limiter = RateLimiter(rate_limit, daily_reserve=daily_reserve, max_hold=max_hold)
    limiter.listen(notify)
    return limiter


def check_seam(option: str, function: Callable[[], float], example: str) -> Callable[[], float]:
    """Return a function that stands for the clock or for chance."""
    if not callable(function):
        raise UsageError(
            f"{option} must be a function such as {example}, not {type(function).__name__}"
        )
    return function
