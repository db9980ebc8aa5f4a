"""What a sandbox remembers of the requests that came in: enough to test by, and never more than so much.

It knows nothing of how requests are answered.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from attrs import define

from hubbatch.sandbox._exchange import Answer, Cut, RecordedRequest, SandboxRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hubbatch.sandbox._faults import Fault

__all__ = ["Memory"]

_LONGEST = 1_000
"""Characters of a path or header that are kept; nothing that a client of HubSpot sends is longer."""
_MOST = 50
"""How many headers and query parameters are kept."""


@define(eq=False)
class Memory:
    """The last requests, without their tokens, and the first bodies of them."""

    requests: deque[RecordedRequest]
    keep_body_bytes: int
    number: int = 0
    """How many requests came in, remembered or not."""
    _body_bytes: int = 0

    def add(self, request: SandboxRequest, answer: Answer, fault: Fault | None) -> None:
        """Remember a request and how it was answered."""
        size = len(request.body)
        kept = self._body_bytes + size <= self.keep_body_bytes
        self._body_bytes += size if kept else 0
        headers = _short(request.headers)
        self.requests.append(
            RecordedRequest(
                number=self.number,
                method=_cut(request.method),
                path=_cut(request.path),
                query=_short(request.query),
                headers={
                    name: value
                    for name, value in headers.items()
                    if name.lower() != "authorization"
                },
                body=request.body if kept else b"",
                size=size,
                at=request.at,
                status=None if answer.cut is Cut.BEFORE_HEADERS else answer.status,
                fault=None if fault is None else fault.kind,
            )
        )


def _short(texts: Mapping[str, str]) -> dict[str, str]:
    return {_cut(name): _cut(value) for name, value in islice(texts.items(), _MOST)}


def _cut(text: str) -> str:
    return (
        text[:_LONGEST] if text.isascii() else text[:_LONGEST].encode("utf-8", "replace").decode()
    )
