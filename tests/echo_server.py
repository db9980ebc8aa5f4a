"""A server that sends the token it was given back in every way it can think of."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

TOKEN = "pat-eu1-5ec8e700-0badcafe-tell-nobody"

Answer = tuple[int, Mapping[str, str], str]
Echo = Callable[[str, list[dict[str, Any]]], Answer]


def _error(status: int, message: str, category: str = "VALIDATION_ERROR") -> Answer:
    body = {"status": "error", "category": category, "message": message, "correlationId": "c1"}
    return status, {}, json.dumps(body)


def _in_errors(token: str, inputs: list[dict[str, Any]]) -> Answer:
    errors = [
        {
            "status": "error",
            "category": "VALIDATION_ERROR",
            "message": f"nothing is written with {token}",
            "context": {"objectWriteTraceId": [item.get("objectWriteTraceId")], token: [token]},
        }
        for item in inputs
    ]
    body = {"status": "COMPLETE", "results": [], "errors": errors, "numErrors": len(errors)}
    return 207, {}, json.dumps(body)


def _in_results(token: str, inputs: list[dict[str, Any]]) -> Answer:
    results = [
        {
            "id": str(item.get("id") or index),
            "properties": {**item.get("properties", {}), "note": token},
            "objectWriteTraceId": item.get("objectWriteTraceId"),
            "createdAt": "2026-01-01T00:00:00Z",
            "updatedAt": "2026-01-01T00:00:00Z",
        }
        for index, item in enumerate(inputs)
    ]
    return 200, {}, json.dumps({"status": "COMPLETE", "results": results})


def _escaped(token: str) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in token)


PLAIN: dict[str, Echo] = {
    "400 in its message": lambda token, _: _error(400, f"{token} is no good"),
    "401 in its message": lambda token, _: _error(401, f"{token} is no good", "INVALID"),
    "403 in its message": lambda token, _: _error(
        403, f"{token} may not do this", "MISSING_SCOPES"
    ),
    "403 as a page": lambda token, _: (403, {}, f"<html>{token}</html>"),
    "404 in its message": lambda token, _: _error(404, f"{token} finds nothing", "X"),
    "400 in its category": lambda token, _: _error(400, "no good", token),
}
"""The token as it is, in the body of a refusal."""

VEILED: dict[str, Echo] = {
    "207 in its errors": _in_errors,
    "200 in its results": _in_results,
    "302 in its place": lambda token, _: (302, {"Location": f"/{token}"}, json.dumps({"t": token})),
    "400 escaped": lambda token, _: (
        *_error(400, "x")[:2],
        _error(400, "@")[2].replace("@", _escaped(token)),
    ),
    "400 percent-encoded": lambda token, _: _error(400, quote(token).replace("-", "%2D")),
    "400 in base64": lambda token, _: _error(400, base64.b64encode(token.encode()).decode()),
    "400 in part": lambda token, _: _error(400, f"…{token[8:-4]}"),
    "400 in a header": lambda token, _: (
        400,
        {"X-HubSpot-Correlation-Id": token},
        json.dumps({"status": "error", "category": "X", "message": "no good"}),
    ),
}
"""The token elsewhere, or written in another way."""


def holds_token(text: str) -> bool:
    """Say whether a text holds the token or a part of it, written in any of these ways."""
    plain = [TOKEN[at : at + 12] for at in range(len("pat-eu1-"), len(TOKEN) - 11)]
    veiled = [_escaped(part) for part in plain] + [part.replace("-", "%2D") for part in plain]
    encoded = base64.b64encode(TOKEN.encode()).decode()
    return any(part in text for part in [*plain, *veiled, encoded, encoded[12:-12]])


@contextmanager
def echoing(echo: Echo) -> Iterator[str]:
    """Serve while the block lasts; give the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            token = self.headers["Authorization"].removeprefix("Bearer ")
            status, headers, text = echo(token, body["inputs"])
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
