"""HTTP by aiohttp: one request out, one reply or its absence back, as values.

The one module that sends anything. It follows no redirect, repeats nothing, and bounds what it reads.
"""

from __future__ import annotations

import asyncio
import io
import ipaddress
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from types import SimpleNamespace
from typing import Any

import aiohttp
from yarl import URL

from hubbatch._exchange import NoReply, Reply, Request
from hubbatch.errors import UsageError

__all__ = ["HttpTransport", "check_base_url"]

_MAX_REPLY = 128 * 1024 * 1024
"""Bytes of one reply: far beyond any real one; a hundred records with long histories take a few MiB."""

_LARGE = 1024 * 1024
"""Bytes above which aiohttp wants a body as a file, which it writes piece by piece."""

_SECRET = 12
"""Characters from which on a token is one, and not a stand-in that occurs in any text."""

_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""The connection could not be made: whatever else is unknown, nothing was sent."""


def check_base_url(base_url: object, *, allow_insecure: bool) -> URL:
    """Return the service's address if a token may be sent to it."""
    try:
        url = URL(base_url) if isinstance(base_url, str) else None
    except ValueError:
        url = None
    if url is None or url.scheme not in {"http", "https"} or not url.host:
        raise UsageError(f"base_url must be an https address, not {_shown(base_url)}")
    if url.user is not None or url.password is not None or url.query_string or url.fragment:
        raise UsageError("base_url must be no more than scheme, host, port and path")
    if "/crm" in url.path:
        raise UsageError("base_url must end before '/crm': the paths of the API are added to it")
    if url.scheme != "https" and not allow_insecure and not _is_loopback(url.host):
        raise UsageError(
            "base_url must be https, for the token would travel in the clear; only a test server may"
            " do without, on this machine or, in Python, with allow_insecure=True"
        )
    return url


def _shown(base_url: object) -> str:
    return repr(base_url) if isinstance(base_url, str) and "@" not in base_url else "this one"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _version() -> str:
    try:
        return version("hubbatch")
    except PackageNotFoundError:  # run from a source tree
        return "0"


_USER_AGENT = f"hubbatch/{_version()}"
"""Read once, at import: the event loop is no place to read files in."""


class HttpTransport:
    """Sends requests to one service, over the caller's session or one of its own."""

    def __init__(
        self, base_url: URL, *, timeout: float, session: aiohttp.ClientSession | None = None
    ) -> None:
        self._base_url = base_url
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session = session
        self._own = session is None
        self._urls: dict[tuple[str, tuple[tuple[str, str], ...]], URL] = {}
        self._headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": _USER_AGENT,
        }

    @property
    def open(self) -> bool:
        """Whether there is a session of our own that has to be closed."""
        return self._own and self._session is not None and not self._session.closed

    async def aclose(self) -> None:
        """Close what was opened here; a caller's session stays as it is."""
        if self._own and self._session is not None:
            await self._session.close()

    async def post(
        self, request: Request, token: str, note_sent: Callable[[], None]
    ) -> Reply | NoReply:
        """Send one request once."""
        session = self._open_session()
        if session.closed:
            return NoReply(sent=False, reason="the session is closed")
        # A caller's session has no trace of ours: what it does may have been sent.
        trace = SimpleNamespace(sent=not self._own, note_sent=note_sent)
        try:
            async with session.post(
                self._url(request),
                data=request.body if len(request.body) <= _LARGE else io.BytesIO(request.body),
                headers={**self._headers, "Authorization": f"Bearer {token}"},
                allow_redirects=False,
                raise_for_status=False,
                timeout=self._timeout,
                trace_request_ctx=trace,
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                body = await _read(response)
        except _NEVER_SENT as error:
            return NoReply(sent=False, reason=_reason(error))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return NoReply(sent=trace.sent, reason=_reason(error))
        if body is None:
            return NoReply(sent=True, reason=f"the reply is longer than {_MAX_REPLY} bytes")
        if len(token) >= _SECRET and not (response.ok and body.startswith(b"{")):
            # Whatever a server echoes, the token does not get into an error's message.
            body = body.replace(token.encode(), b"***")
        return Reply(response.status, headers, body)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            tracing = aiohttp.TraceConfig()
            tracing.on_request_headers_sent.append(_note_sent)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),  # the gate limits what is in flight
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[tracing],
            )
        return self._session

    def _url(self, request: Request) -> URL:
        key = (request.path, tuple(request.query.items()))
        url = self._urls.get(key)
        if url is None:
            path = self._base_url.raw_path.rstrip("/") + request.path
            url = self._base_url.with_path(path, encoded=True).with_query(dict(request.query))
            if len(self._urls) < 1_000:  # noqa: PLR2004 (object types are few; foreign input may not be)
                self._urls[key] = url
        return url


async def _note_sent(_session: Any, context: Any, _params: Any) -> None:
    context.trace_request_ctx.sent = True
    context.trace_request_ctx.note_sent()


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """Read a reply to its end; None if it is longer than any real one."""
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > _MAX_REPLY:
            response.close()
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _reason(error: BaseException) -> str:
    """Say what went wrong without quoting the request, whose headers hold the token."""
    if isinstance(error, asyncio.TimeoutError):
        return "no answer within the timeout"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection to {error.host}:{error.port} ({type(error.os_error).__name__}: {error.strerror})"
    return f"the connection was lost ({type(error).__name__})"
