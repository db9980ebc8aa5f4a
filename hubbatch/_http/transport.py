"""HTTP by aiohttp: one request out, one reply or its absence back, as values.

It follows no redirect, repeats nothing, bounds what it reads, and lets no token out that a server sends back.
"""

from __future__ import annotations

import asyncio
import io
import ipaddress
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

import aiohttp
from yarl import URL

from hubbatch._checks import shown
from hubbatch._http.connection import Attempt, SendError
from hubbatch._http.reply_budget import MOST_BYTES, ReplyBudget, Share
from hubbatch._http.reply_redaction import ReplyRedaction
from hubbatch._http.session import check_session, open_session
from hubbatch._protocol.exchange import NoReply, Reply, Request
from hubbatch.errors import UsageError

__all__ = ["HttpTransport", "check_base_url"]

_LARGE = 1024 * 1024
"""Bytes above which aiohttp wants a body as a file, which it writes piece by piece."""

_CHUNK = 64 * 1024
"""Bytes that aiohttp reads, or unpacks, at once."""

_LINE, _HEADERS = 16 * 1024, 128
"""Bytes of a header and number of them, at most: not what a caller's session allows."""


def check_base_url(base_url: object, *, allow_insecure: bool) -> URL:
    """Return the service's address if a token may be sent to it."""
    try:
        url = URL(base_url) if isinstance(base_url, str) else None
    except ValueError:
        url = None
    if url is None or url.scheme not in {"http", "https"} or not url.host:
        raise UsageError(
            f"base_url must be an https address (http:// for this machine only), not {_shown(base_url)}"
        )
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
    if isinstance(base_url, str) and "://" in base_url:
        return repr(base_url) if "@" not in base_url else "this one"
    return shown(base_url)


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
    """Sends requests to one service, over the caller's session or one of its own.

    `timeout`: seconds for one request, from the wait for a connection to the reply's last byte.
    `connect_timeout`: seconds in which a connection has to be made, if a request has no less.
    `clock`: any clock that goes forward, for the time connections are idle.
    `budget`: what all replies together may hold.

    Raises `UsageError` for a session that cannot send requests as they have to be.
    """

    def __init__(
        self,
        base_url: URL,
        *,
        timeout: float,
        session: aiohttp.ClientSession | None = None,
        connect_timeout: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
        budget: ReplyBudget | None = None,
    ) -> None:
        self._base_url = base_url
        self._timeout = timeout
        self._session = None if session is None else check_session(session)
        self._own = session is None
        self._clock = clock
        self._budget = budget or ReplyBudget()
        self._connect_timeout = connect_timeout
        self._redaction = ReplyRedaction()
        self._urls: dict[tuple[str, tuple[tuple[str, str], ...]], URL] = {}
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",  # what aiohttp unpacks piece by piece, everywhere
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

    async def send(
        self, request: Request, token: str, note_sent: Callable[[], None]
    ) -> Reply | NoReply:
        """Send one request once."""
        self._redaction.remember(token)
        if self._session is None:
            self._session = open_session()
        if self._session.closed:
            return NoReply(sent=False, reason="the session is closed")
        attempt = Attempt(token, note_sent, clock=self._clock, repeatable=request.repeatable)
        try:
            async with asyncio.timeout(self._timeout):
                with self._budget.share() as share:
                    answer = await self._exchange(self._session, request, attempt, share)
        except (
            Exception
        ) as error:  # whatever a session does, a record's state does not depend on it
            answer = NoReply(sent=attempt.sent, reason=self._reason(error, sent=attempt.sent))
        return self._redaction.redact(answer)

    async def _exchange(
        self, session: aiohttp.ClientSession, request: Request, attempt: Attempt, share: Share
    ) -> Reply | NoReply:
        # All that a session could decide otherwise is given with the request.
        async with session.request(
            request.method,
            self._url(request),
            data=request.body if len(request.body) <= _LARGE else io.BytesIO(request.body),
            headers=self._headers,
            middlewares=(attempt,),
            allow_redirects=False,
            raise_for_status=False,
            auto_decompress=True,
            timeout=aiohttp.ClientTimeout(
                sock_connect=self._connect_timeout
            ),  # the whole is bounded by `send`
            read_bufsize=_CHUNK,
            max_line_size=_LINE,
            max_field_size=_LINE,
            max_headers=_HEADERS,
        ) as response:
            if not attempt.sent:  # a stand-in for aiohttp, as tests have them
                attempt.note()
            body = await _read(response, share)
            if body is None:
                return NoReply(sent=True, reason=f"the reply is longer than {MOST_BYTES} bytes")
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Reply(response.status, headers, body)

    def _reason(self, error: Exception, *, sent: bool) -> str:
        """Say what went wrong without quoting the request, whose headers hold the token."""
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return f"no connection within {self._connect_timeout:g} seconds"
        if isinstance(error, asyncio.TimeoutError):
            return "no answer within the timeout" if sent else "no connection within the timeout"
        if isinstance(error, aiohttp.ClientConnectorError):
            return f"no connection to {error.host}:{error.port} ({type(error.os_error).__name__}: {error.strerror})"
        if isinstance(error, SendError):
            return str(error)
        if sent or isinstance(error, (aiohttp.ClientError, OSError)):
            return f"the connection was lost ({type(error).__name__})"
        return (
            f"aiohttp refuses the request ({type(error).__name__}); see how the session is set up"
        )

    def _url(self, request: Request) -> URL:
        key = (request.path, tuple(request.query.items()))
        url = self._urls.get(key)
        if url is None:
            path = self._base_url.raw_path.rstrip("/") + request.path
            url = self._base_url.with_path(path, encoded=True).with_query(dict(request.query))
            # Object types are few; foreign input may not be, and a page's address comes once.
            if request.method != "GET" and len(self._urls) < 1_000:  # noqa: PLR2004
                self._urls[key] = url
        return url


async def _read(response: aiohttp.ClientResponse, share: Share) -> bytes | None:
    """Read a reply to its end; None if it is longer than any real one."""
    if (response.content_length or 0) > MOST_BYTES:
        response.close()
        return None
    body = bytearray()
    async for chunk in response.content.iter_any():
        await share.take(len(chunk))
        if share.size > MOST_BYTES:
            response.close()
            return None
        body += chunk
    return bytes(body)
