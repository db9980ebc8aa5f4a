"""The token: where it comes from, one renewal for all who wait, and never a trace of it in a repr or a message.

It knows nothing of requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from hubbatch.errors import AuthenticationError, UsageError

__all__ = ["TokenProvider", "Tokens"]


class TokenProvider(Protocol):
    """Anything that can be awaited for the current access token; it renews the token when it is due."""

    async def __call__(self) -> str:
        """Return the token to use now."""
        ...


class Tokens:
    """Hands out the current token; side by side, all callers share one call of the provider."""

    def __init__(self, token: str | TokenProvider | Callable[[], Awaitable[str]]) -> None:
        self._provider: Callable[[], Awaitable[str]] | None = None
        self._fixed = ""
        if isinstance(token, str):
            if (fault := _fault(token)) is not None:
                raise UsageError(f"token {fault}; give HubSpot's access token as it is")
            self._fixed = token
        elif callable(token):
            self._provider = token
        else:
            raise UsageError(
                "token must be a string or an object with `async def __call__() -> str`,"
                f" not {type(token).__name__}"
            )
        self._call: asyncio.Task[str] | None = None

    def __repr__(self) -> str:
        return f"Tokens({'fixed' if self._provider is None else 'from a provider'})"

    async def current(self) -> str:
        """Return the token to use now.

        Raises `AuthenticationError` if the provider fails or gives something that is not a token.
        """
        if self._provider is None:
            return self._fixed
        if self._call is None:
            self._call = asyncio.create_task(self._ask(self._provider))
            self._call.add_done_callback(self._forget)
        try:
            return await asyncio.shield(self._call)
        except AuthenticationError as error:
            message = str(error)
        raise AuthenticationError(message)  # one for each who waits: it will carry an outcome

    async def aclose(self) -> None:
        """End a call of the provider that nobody waits for any more."""
        if self._call is not None:
            self._call.cancel()
            await asyncio.wait([self._call])

    async def renew(self, expired: str) -> None:
        """Ask again after the service called a token expired.

        Raises `AuthenticationError` if the same token comes back.
        """
        if await self.current() == expired:
            raise AuthenticationError(
                "the token has expired and there is no newer one; give a token provider that renews it"
            )

    def _forget(self, call: asyncio.Task[str]) -> None:
        self._call = None
        if not call.cancelled():
            call.exception()  # those who waited have it; nobody may have been left to wait

    async def _ask(self, provider: Callable[[], Awaitable[str]]) -> str:
        token, failure = None, None
        try:
            token = await provider()
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            failure = type(error).__name__
        if failure is not None:
            # Only its kind, and not as a cause: the provider's message may quote the token or a secret.
            raise AuthenticationError(f"the token provider raised {failure}; see to the provider")
        fault = "is not a string" if not isinstance(token, str) else _fault(token)
        if fault is not None:
            raise AuthenticationError(f"the token from the provider {fault}; see to the provider")
        return str(token)


def _fault(token: str) -> str | None:
    """Say what keeps a text from being a header's value."""
    if not token.strip():
        return "is empty"
    if not token.isascii() or not token.isprintable() or " " in token:
        return "holds a line break, a space or another character that no token has"
    return None
