"""Tokens: one call for all who wait, bounded whatever the provider does, and no secret in what is said of it."""

from __future__ import annotations

import asyncio
import functools
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from support import World, people

from hubbatch import AuthenticationError, Counts, TokenProvider, UsageError
from hubbatch._http.auth import TokenSource
from hubbatch.testing import virtual_time


def loop_time() -> float:
    return asyncio.get_running_loop().time()


async def failure(tokens: TokenSource) -> str:
    """Return how asking for a token fails."""
    with pytest.raises(AuthenticationError) as caught:
        await tokens.current()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return str(caught.value)


@virtual_time
async def test_a_provider_that_hangs_holds_nobody_beyond_the_timeout() -> None:
    calls = 0

    async def provider() -> str:
        nonlocal calls
        calls += 1
        await asyncio.Event().wait()
        raise AssertionError

    tokens = TokenSource(provider, timeout=5.0)
    said = await asyncio.gather(*(failure(tokens) for _ in range(3)))
    assert set(said) == {"the token provider did not answer within 5 seconds; see to the provider"}
    assert loop_time() == pytest.approx(5.0, abs=0.01)
    assert calls == 1
    await tokens.aclose()


@virtual_time
async def test_a_provider_that_swallows_its_cancellation_holds_nobody_either() -> None:
    done = asyncio.Event()

    async def provider() -> str:
        while not done.is_set():
            try:
                await asyncio.sleep(1_000)
            except asyncio.CancelledError:
                continue
        return "late"

    tokens = TokenSource(provider, timeout=5.0)
    assert "did not answer within 5 seconds" in await failure(tokens)
    assert loop_time() == pytest.approx(5.0, abs=0.01)
    done.set()
    await tokens.aclose()
    await asyncio.sleep(3_000)


@virtual_time
async def test_a_run_gives_its_places_back_when_the_provider_hangs() -> None:
    async def provider() -> str:
        await asyncio.Event().wait()
        raise AssertionError

    world = World(token=provider)
    async with world:
        run = world.client.upsert("contacts", people(10), id_property="email")
        with pytest.raises(AuthenticationError, match="did not answer within 60 seconds"):
            await run
        assert loop_time() == pytest.approx(60.0, abs=0.1)
        assert run.outcome.counts == Counts(10, unsent=10)


@virtual_time
async def test_a_provider_that_fails_is_asked_again_before_anybody_hears_of_it() -> None:
    fails = [ValueError("busy"), asyncio.CancelledError(), None]

    async def provider() -> str:
        if (error := fails.pop(0)) is not None:
            raise error
        return "token"

    tokens = TokenSource(provider)
    assert await tokens.current() == "token"
    assert loop_time() == pytest.approx(1.0, abs=0.01)


@virtual_time
async def test_a_provider_that_keeps_failing_is_told_by_kind_and_message() -> None:
    asked: list[float] = []

    async def provider() -> str:
        asked.append(loop_time())
        raise ConnectionError("cannot reach\nvault.example.com")

    tokens = TokenSource(provider)
    assert await failure(tokens) == (
        "the token provider raised ConnectionError: cannot reach vault.example.com; see to the provider"
    )
    assert asked == [pytest.approx(at, abs=0.001) for at in (0.0, 0.2, 1.0)]


class RudeError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ValueError("bad first-token-of-them"), "ValueError: bad ***;"),
        (ValueError("refresh_token=hunter2"), "ValueError: refresh_token=***;"),
        (RudeError(), "raised RudeError;"),
        (KeyError(), "raised KeyError;"),
        (TimeoutError("db"), "TimeoutError: db;"),
    ],
)
@virtual_time
async def test_no_secret_is_in_what_is_said_of_a_provider(error: Exception, says: str) -> None:
    given = ["first-token-of-them"]

    async def provider() -> str:
        if given:
            return given.pop()
        raise error

    tokens = TokenSource(provider)
    await tokens.current()
    with pytest.raises(AuthenticationError) as caught:
        await tokens.current()
    said = "".join(traceback.format_exception(caught.value))
    assert says in said
    for secret in ("first-token", "hunter2"):
        assert secret not in said + repr(caught.value) + repr(tokens)


@virtual_time
async def test_a_provider_hears_which_token_was_refused() -> None:
    heard: list[str | None] = []

    async def provider(*, refused: str | None = None) -> str:
        heard.append(refused)
        return "new" if "old" in heard else "old"

    typed: TokenProvider = provider
    tokens = TokenSource(typed)
    assert await tokens.current() == "old"
    tokens.refused("old")
    assert await tokens.current() == "new"
    tokens.refused("old")  # of a request that was under way: no news
    assert await tokens.current() == "new"
    assert heard == [None, "old", None]


@virtual_time
async def test_a_run_goes_on_with_the_token_that_a_provider_gives_for_a_refused_one() -> None:
    heard: list[str | None] = []

    class Provider:
        async def __call__(self, *, refused: str | None = None) -> str:
            heard.append(refused)
            return "second" if "first" in heard else "first"

    async with World(token=Provider()) as world:
        world.service.set_token("first")
        world.service.expire_token()
        world.service.set_token("second")
        outcome = await world.client.upsert("contacts", people(10), id_property="email")
        assert outcome.ok
    assert heard[:2] == [None, "first"]


@virtual_time
async def test_a_refusal_that_comes_while_the_provider_is_asked_is_passed_on() -> None:
    heard: list[str | None] = []

    async def provider(refused: str | None = None) -> str:
        heard.append(refused)
        await asyncio.sleep(1)
        return "new" if refused else "old"

    tokens = TokenSource(provider)
    assert await tokens.current() == "old"
    asked = asyncio.ensure_future(tokens.current())
    await asyncio.sleep(0.5)
    tokens.refused("old")
    assert await tokens.current() == "new"
    assert await asked == "new"
    assert heard == [None, None, "old"]


async def _bare() -> str:
    return "token"


def _wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        return await function(*args, **kwargs)

    return wrapper


class _NoSignature:
    __signature__ = "nonsense"

    async def __call__(self) -> str:
        return "token"


@pytest.mark.parametrize(
    "provider", [_bare, _wrapped(_bare), functools.partial(_bare), _NoSignature()]
)
@virtual_time
async def test_a_provider_that_takes_nothing_is_welcome(provider: Any) -> None:
    tokens = TokenSource(provider)
    assert await tokens.current() == "token"
    tokens.refused("token")
    assert "give a token provider that renews it" in await failure(tokens)
    assert await tokens.current() == "token", "the service may have changed its mind"


@virtual_time
async def test_a_fixed_token_that_was_refused_has_no_successor() -> None:
    tokens = TokenSource("fixed")
    tokens.refused("another")
    assert await tokens.current() == "fixed"
    tokens.refused("fixed")
    assert "give a token provider that renews it" in await failure(tokens)
    assert await tokens.current() == "fixed"


@virtual_time
async def test_one_who_no_longer_waits_ends_the_call_for_nobody_else() -> None:
    calls = 0

    async def provider() -> str:
        nonlocal calls
        calls += 1
        await asyncio.sleep(1)
        return "token"

    tokens = TokenSource(provider)
    waiting = [asyncio.ensure_future(tokens.current()) for _ in range(3)]
    await asyncio.sleep(0.5)
    waiting[0].cancel()
    assert await asyncio.gather(*waiting[1:]) == ["token", "token"]
    assert calls == 1
    last = asyncio.ensure_future(tokens.current())
    await asyncio.sleep(0.5)
    last.cancel()
    await asyncio.wait([last])
    await tokens.aclose()


def test_what_is_no_token_is_refused_at_once() -> None:
    for token, says in (
        (b"x", "must be a string"),
        ("a b", "holds a line break"),
        ("", "is empty"),
    ):
        with pytest.raises(UsageError, match=says):
            TokenSource(token)  # type: ignore[arg-type]
