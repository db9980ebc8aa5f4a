"""What goes out and what comes back, as values: the border between deciding and doing.

A transport turns a `Request` into a `Reply` or a `NoReply`; nothing here knows how, or what either means.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from attrs import field, frozen

__all__ = ["NoReply", "Reply", "Request", "Transport"]


@frozen
class Request:
    """One POST to the service. The body may hold a customer's data, so it stays out of the repr."""

    path: str
    body: bytes = field(repr=False)
    query: Mapping[str, str] = field(factory=dict)


@frozen
class Reply:
    """An HTTP answer, read to its end. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = field(default=b"", repr=False)


@frozen
class NoReply:
    """No whole answer came, and why."""

    sent: bool
    """Whether any part of the request may have reached the service."""
    reason: str


class Transport(Protocol):
    """Whatever can carry a request to the service."""

    async def post(self, request: Request, token: str) -> Reply | NoReply:
        """Send one request, never twice, and return what came of it; raise on cancellation only."""
        ...
