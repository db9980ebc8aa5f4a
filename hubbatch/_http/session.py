"""The session that requests go out by: one of our own, or a caller's that is checked.

What a session cannot be made to do with a single request is an error here; all else is given with each request.
"""

from __future__ import annotations

import aiohttp

from hubbatch.errors import UsageError

__all__ = ["check_session", "open_session"]

_FRAMING = ("Content-Length", "Transfer-Encoding", "Content-Encoding", "Expect", "Upgrade")
"""Headers that say how a request's bytes are to be read: as a session's default they are wrong for ours."""

_METHODS = ("_request", "request")


def open_session(*, connector: aiohttp.BaseConnector | None = None) -> aiohttp.ClientSession:
    """Open a session such as a `Client` opens for itself: to share connections among clients, or to set a connector.

    It keeps no cookies, takes nothing from the environment, and limits no connections: a client limits what is in
    flight. Close it yourself, after the clients. Call it where an event loop runs.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0) if connector is None else connector,
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def check_session(session: object) -> aiohttp.ClientSession:
    """Return a caller's session if requests can be sent by it as they have to be.

    Whatever else it is set to, redirects, authorization, middlewares, time-outs, sizes, unpacking and how errors are
    raised are decided for each request.
    """
    if not isinstance(session, aiohttp.ClientSession):
        raise UsageError(
            f"session must be an aiohttp.ClientSession, not {type(session).__name__}; hubbatch.open_session() makes one"
        )
    for name in _METHODS:
        if getattr(type(session), name) is not getattr(aiohttp.ClientSession, name):
            raise UsageError(
                "session must send requests as aiohttp does: a class of its own that overrides"
                f" {name}() could send a request twice; give an aiohttp.ClientSession"
            )
    wrong = [name for name in _FRAMING if name in session.headers]
    if wrong:
        raise UsageError(
            f"session must not have {', '.join(wrong)} among its default headers: they are wrong for our requests;"
            " set them with your own requests instead"
        )
    if session.auth is not None and "Authorization" in session.headers:
        raise UsageError(
            "session must not have both `auth` and a default header Authorization: aiohttp refuses every request;"
            " take one of them away"
        )
    return session
