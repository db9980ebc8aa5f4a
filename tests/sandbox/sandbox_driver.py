"""Drive the sandbox's `Service` with plain calls, for the tests in this directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from attrs import frozen

from hubbatch.sandbox import Answer, Options, SandboxRequest, Service

if TYPE_CHECKING:
    from collections.abc import Mapping

UNSET: Any = object()


@frozen
class Reply:
    """An answer with its body read."""

    answer: Answer
    body: Any

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self.answer.headers

    @property
    def results(self) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = self.body["results"]
        return results

    @property
    def errors(self) -> list[dict[str, Any]]:
        errors: list[dict[str, Any]] = self.body.get("errors", [])
        return errors


class Driver:
    """An account without limit, latency, permutation and variety, unless the options say so."""

    def __init__(self, **options: Any) -> None:
        quiet = {"rate_limit": None, "latency": 0.0, "shuffle": False, "noise": False}
        self.service = Service(Options(**(quiet | options)))

    def send(
        self,
        path: str,
        body: bytes,
        *,
        method: str = "POST",
        authorization: str | None = "Bearer secret",
        query: Mapping[str, str] | None = None,
        at: float = 0.0,
    ) -> Reply:
        headers = {} if authorization is None else {"authorization": authorization}
        request = SandboxRequest(method, path, query or {}, headers, body, at)
        answer = self.service.handle(request)
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        return Reply(answer, orjson.loads(answer.body) if is_json else None)

    def batch(
        self,
        verb: str,
        inputs: Any = UNSET,
        *,
        kind: str = "contacts",
        version: str = "v3",
        more: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Reply:
        """Send a batch; `objects/v3` is the third form of a path."""
        family = "v3/objects" if version == "v3" else f"objects/{version.removeprefix('objects/')}"
        content = {} if inputs is UNSET else {"inputs": inputs}
        return self.send(
            f"/crm/{family}/{kind}/batch/{verb}",
            orjson.dumps(content | dict(more or {})),
            **options,
        )

    def ask(
        self, method: str, path: str, content: Any = UNSET, *, at: float = 0.0, **query: Any
    ) -> Reply:
        """Send any request; keywords are its query."""
        body = b"" if content is UNSET else orjson.dumps(content)
        texts = {name: str(value) for name, value in query.items()}
        return self.send(path, body, method=method, query=texts, at=at)

    def add(self, kind: str = "contacts", **properties: str) -> str:
        """Put a record into the account; return its id."""
        return self.service.add(kind, properties).id


def new(trace_id: str | None = None, **properties: Any) -> dict[str, Any]:
    """Return an input of a create."""
    return {"properties": properties} | ({"objectWriteTraceId": trace_id} if trace_id else {})


def keyed(
    key: str, trace_id: str | None = None, by: str | None = None, **properties: Any
) -> dict[str, Any]:
    """Return an input of an update or upsert."""
    return {"id": key, **new(trace_id, **properties)} | ({"idProperty": by} if by else {})


def ids(*keys: str) -> list[dict[str, str]]:
    """Return the inputs of a read or archive."""
    return [{"id": key} for key in keys]
