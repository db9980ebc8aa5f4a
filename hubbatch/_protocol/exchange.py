"""What goes out and what comes back, as values: the border between deciding and doing.

A transport turns a `Request` into a `Reply` or a `NoReply`; nothing here knows how, or what either means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from attrs import field, frozen

__all__ = [
    "CORRELATION_ID",
    "DAILY_REMAINING",
    "INTERVAL",
    "MAX",
    "REMAINING",
    "NoReply",
    "Reply",
    "Request",
    "Transport",
    "whole_number",
]

MAX = "x-hubspot-ratelimit-max"
REMAINING = "x-hubspot-ratelimit-remaining"
INTERVAL = "x-hubspot-ratelimit-interval-milliseconds"
"""Headers with the quota: requests a window, how many of them are left, the window's length."""

CORRELATION_ID = "x-hubspot-correlation-id"
"""The header that names a request, for HubSpot's support."""

DAILY_REMAINING = "x-hubspot-ratelimit-daily-remaining"
"""The header that says how many requests the account may still make today."""

_MOST_DIGITS = 9


def whole_number(text: str | None, *, least: int = 1, most: int) -> int | None:
    """Read a header's whole number; None if it is missing, malformed or beyond belief."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS:
        return None
    number = int(text)
    return number if least <= number <= most else None


@frozen
class Request:
    """One request to the service. The body may hold a customer's data, so it stays out of the repr."""

    path: str
    body: bytes = field(repr=False)
    query: Mapping[str, str] = field(factory=dict)
    repeatable: bool = True
    """Whether sending it twice does no harm; if not, it goes out on no connection that was idle for long."""
    method: str = "POST"


@frozen
class Reply:
    """An HTTP answer, read to its end. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = field(default=b"", repr=False)
    redacted: bool = False
    """Whether it held the token, or a part of it, which was replaced by `***`."""


@frozen
class NoReply:
    """No whole answer came, and why."""

    sent: bool
    """Whether any part of the request may have reached the service."""
    reason: str


class Transport(Protocol):
    """Whatever can carry a request to the service."""

    async def send(
        self, request: Request, token: str, note_sent: Callable[[], None]
    ) -> Reply | NoReply:
        """Send one request, never twice, and return what came of it; raise on cancellation only.

        Whatever else is raised ends the run and is raised to the caller as it is: its text must not hold the token.

        `note_sent` is called once, at the moment from which on a byte of the request may have left; by a transport that
        cannot tell, at once. If this ends, or is cancelled, without it, nothing was sent: `NoReply.sent` agrees. Once
        it was called, a byte may have left, whatever `NoReply.sent` says. Called after this has ended, it changes
        nothing.
        """
        ...
