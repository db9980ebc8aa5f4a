"""The token: where it comes from, one renewal for all who wait, and never a trace of it in a repr or a message.

It knows nothing of requests.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from hubbatch._http.redaction import Redactor, scrub
from hubbatch._observers import Notify, silent
from hubbatch.errors import AuthenticationError, UsageError
from hubbatch.events import TokenRenewed

__all__ = ["TokenProvider", "TokenSource"]

_PAUSES = (0.2, 0.8)
"""Seconds between one failed call of a provider and the next: what is short gets over it."""

_REMEMBERED = 4
"""Tokens that are taken out of a provider's messages: those it gave last."""

_NO_NEWER = "the token has expired and there is no newer one; give a token provider that renews it"


class TokenProvider(Protocol):
    """Anything that can be awaited for the current access token; it renews the token when it is due.

    `refused`: the token that the service refused since it was asked last, so that it is not given again. A provider
    that has no such parameter is called without.
    """

    async def __call__(self, *, refused: str | None = None) -> str:
        """Return the token to use now."""
        ...


class TokenSource:
    """Hands out the current token; side by side, all callers share one call of the provider.

    `timeout`: seconds that `current` takes at most, whatever the provider does.
    `notify` is called when there is another token.
    """

    def __init__(
        self,
        token: str | TokenProvider | Callable[[], Awaitable[str]],
        *,
        timeout: float = 60.0,
        notify: Notify = silent,
    ) -> None:
        self._ask: Callable[[str | None], Awaitable[str]] | None = None
        self._given: list[str] = []
        """The tokens given last, the newest at the end."""
        if isinstance(token, str):
            if (fault := _fault(token)) is not None:
                raise UsageError(f"token {fault}; give HubSpot's access token as it is")
            self._given = [token]
        elif callable(token):
            self._ask = _asking(token)
        else:
            raise UsageError(
                "token must be a string or an object with `async def __call__() -> str`,"
                f" not {type(token).__name__}"
            )
        self._timeout = timeout
        self._notify = notify
        self._expired: str | None = None
        """The newest token, if the service refused it."""
        self._call: _TokenRequest | None = None

    def __repr__(self) -> str:
        return f"TokenSource({'fixed' if self._ask is None else 'from a provider'})"

    async def current(self) -> str:
        """Return the token to use now.

        Raises `AuthenticationError` if the provider fails, does not answer in time, or gives what is no token; or if
        the token was refused and there is no newer one.
        """
        if self._ask is None:
            return self._fixed()
        try:
            async with asyncio.timeout(self._timeout):
                return await self._from_provider(self._ask)
        except TimeoutError:  # raised below, where it is no part of the error's history
            pass
        raise AuthenticationError(
            f"the token provider did not answer within {self._timeout:g} seconds; see to the provider"
        )

    def expire(self, token: str) -> None:
        """Take a token for expired, because the service refused it: the next `current` asks for another one."""
        if self._given and self._given[-1] == token:  # of an earlier one it is no news
            self._expired = token

    async def aclose(self) -> None:
        """End a call of the provider that nobody waits for any more."""
        if self._call is not None:
            self._call.task.cancel()
            await asyncio.wait([self._call.task], timeout=self._timeout)

    def _fixed(self) -> str:
        if self._expired is None:
            return self._given[0]
        self._expired = None  # the next request may ask the service again
        raise AuthenticationError(_NO_NEWER)

    async def _from_provider(self, ask: Callable[[str | None], Awaitable[str]]) -> str:
        while True:
            call = self._call
            if call is None:
                call = self._call = _TokenRequest(self._expired, self._get(ask, self._expired))
                call.task.add_done_callback(self._note)
            outcome = await asyncio.shield(call.task)
            if isinstance(outcome, _Failure):
                raise AuthenticationError(
                    outcome.message
                )  # one for each who waits: it will carry an outcome
            if outcome == call.expired:
                raise AuthenticationError(_NO_NEWER)
            if outcome != self._expired:
                return outcome
            # It has expired while the provider was asked, which did not know it: ask again.

    def _note(self, task: asyncio.Task[str | _Failure]) -> None:
        """Note what a call of the provider gave, before those who wait for it go on."""
        call, self._call = self._call, None
        if task.cancelled() or task.exception() is not None or isinstance(task.result(), _Failure):
            return
        token = str(task.result())
        renewed = bool(self._given) and self._given[-1] != token
        if token != self._expired or (call is not None and call.expired == token):
            self._expired = None
        if token in self._given:
            self._given.remove(token)
        self._given = [*self._given[1 - _REMEMBERED :], token]
        if renewed:
            self._notify(TokenRenewed, call is not None and call.expired is not None)

    async def _get(
        self, ask: Callable[[str | None], Awaitable[str]], expired: str | None
    ) -> str | _Failure:
        """Ask a provider until it gives something, a few times at most and in bounded time."""
        try:
            async with asyncio.timeout(self._timeout):
                for pause in (*_PAUSES, None):
                    outcome = await self._try(ask, expired)
                    if pause is None or not isinstance(outcome, _Failure) or outcome.final:
                        return outcome
                    await asyncio.sleep(pause)
        except TimeoutError:
            pass
        return _Failure(
            f"the token provider did not answer within {self._timeout:g} seconds; see to the provider"
        )

    async def _try(
        self, ask: Callable[[str | None], Awaitable[str]], expired: str | None
    ) -> str | _Failure:
        try:
            token = await ask(expired)
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # As text only, and without secrets: the error itself may hold the token in any of its attributes.
            return _Failure(
                f"the token provider raised {self._describe(error)}; see to the provider"
            )
        fault = "is not a string" if not isinstance(token, str) else _fault(token)
        if fault is not None:
            return _Failure(f"the token from the provider {fault}; see to the provider", final=True)
        return token

    def _describe(self, error: BaseException) -> str:
        kind = type(error).__name__
        try:
            message = scrub(str(error), Redactor(self._given))
        except Exception:  # an error that cannot be shown has a kind all the same
            message = ""
        return f"{kind}: {message}" if message else kind


class _Failure:
    """Why a provider gave no token; `final` if asking again would not help."""

    def __init__(self, message: str, *, final: bool = False) -> None:
        self.message = message
        self.final = final


class _TokenRequest:
    """A call of the provider under way, and the expired token that it was given."""

    def __init__(self, expired: str | None, asking: Coroutine[Any, Any, str | _Failure]) -> None:
        self.expired = expired
        self.task = asyncio.create_task(asking)


def _asking(
    provider: TokenProvider | Callable[[], Awaitable[str]],
) -> Callable[[str | None], Awaitable[str]]:
    """Return how to ask a provider. It gets the expired token if it has a parameter for that."""
    try:
        parameter = inspect.signature(provider).parameters.get("refused")
    except (
        TypeError,
        ValueError,
    ):  # written in C, or too clever: it has no such parameter that we could see
        parameter = None
    if parameter is None or parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
        return lambda _: provider()
    return lambda expired: provider(refused=expired)  # type: ignore[call-arg]


def _fault(token: str) -> str | None:
    """Say what keeps a text from being a header's value."""
    if not token.strip():
        return "is empty"
    if not token.isascii() or not token.isprintable() or " " in token:
        return "holds a line break, a space or another character that no token has"
    return None
