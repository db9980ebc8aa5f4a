"""What passes between a transport and the service: a request in, an answer out, a record of both.

Plain frozen values. Nothing here knows HTTP servers, object types, limits or faults.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Answer", "Cut", "RecordedRequest", "SandboxRequest"]


class Cut(StrEnum):
    """Where the connection breaks while an answer is on its way."""

    NONE = "none"
    BEFORE_HEADERS = "before_headers"
    MID_BODY = "mid_body"


@frozen
class SandboxRequest:
    """One request as it reached the service; `at` is in seconds on a clock that never goes back."""

    method: str
    path: str
    query: Mapping[str, str] = field(factory=dict)
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    at: float = 0.0
    idle: float = 0.0
    """Seconds since the last answer on the same connection; 0 for its first request."""

    @property
    def is_text(self) -> bool:
        """Whether path, query and headers can be spelled in UTF-8."""
        try:
            for text in (self.path, *self.query.values(), *self.headers.values()):
                text.encode()
        except UnicodeEncodeError:
            return False
        return True

    def header(self, name: str) -> str:
        """Return the header of that name in any case, or an empty string."""
        value = self.headers.get(name)
        if value is not None:
            return value
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), "")


@frozen
class Answer:
    """What the transport must do: wait `delay` seconds, then send `sent`, or cut the connection.

    Whatever the request wrote is written when this value exists; `delay` and `cut` only hide it
    from the client.
    """

    number: int
    """Which request this answers, counted from 1; `StoredObject` and `Write` refer to it."""
    status: int
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = field(default=b"", repr=False)
    delay: float = 0.0
    cut: Cut = Cut.NONE
    sent_bytes: int | None = None
    """How many bytes of the body leave before the cut; `Content-Length` announces them all."""
    surplus: bytes = field(default=b"", repr=False)
    """A whole second response that nobody asked for, sent `surplus_delay` seconds after this one."""
    surplus_delay: float = 0.0
    closes: bool = False
    """Whether the connection is closed after the answer, which does not say so."""

    @property
    def sent(self) -> bytes:
        """The part of the body that the client gets."""
        return self.body if self.sent_bytes is None else self.body[: self.sent_bytes]


@frozen
class RecordedRequest:
    """One request that came in, without its `Authorization` header, and how it was answered."""

    number: int
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    """Empty once the sandbox holds `keep_body_bytes` of bodies; `size` is always true."""
    size: int
    at: float
    """Seconds since the sandbox started."""
    status: int | None
    """None when the connection was cut before any header was sent."""
    fault: str | None
    """The kind of fault that was applied, if any."""
