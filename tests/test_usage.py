"""What is wrong with a call is said before any request, naming the option and what is allowed."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from support import World, people

import hubbatch
from hubbatch import Client, Outcome, RateLimit, Run, UsageError
from hubbatch._options import check_names
from hubbatch.endpoints import CREATE
from hubbatch.testing import virtual_time


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"token": ""}, "token is empty"),
        ({"token": "  "}, "token is empty"),
        ({"token": "abc\ndef"}, "line break"),
        ({"token": "abc\r"}, "line break"),
        ({"token": "abc def"}, "a space"),
        ({"token": "abcé"}, "another character"),
        ({"token": None}, "token must be a string or an object"),
        ({"base_url": "http://example.com"}, "base_url must be https.*allow_insecure"),
        ({"base_url": "http://127.0.0.1.example.com"}, "base_url must be https"),
        ({"base_url": "ftp://example.com"}, "base_url must be an https address"),
        ({"base_url": "example.com"}, "base_url must be an https address"),
        ({"base_url": "https://"}, "base_url must be an https address"),
        ({"base_url": "https://[bad"}, "base_url must be an https address"),
        ({"base_url": 5}, "base_url must be an https address"),
        ({"base_url": "https://user:pw@example.com"}, "no more than scheme"),
        ({"base_url": "https://example.com?x=1"}, "no more than scheme"),
        ({"base_url": "https://api.hubapi.com/crm/v3"}, "end before '/crm'"),
        ({"api_version": "v4"}, "api_version must be 'v3' or a dated version"),
        ({"api_version": "2025-9"}, "api_version"),
        ({"api_version": "v3/../x"}, "api_version"),
        ({"api_version": 3}, "api_version"),
        ({"api_version": "20२५-०९"}, "api_version"),
        ({"rate_limit": 190}, "rate_limit must be a RateLimit"),
        ({"rate_limit": "190/10"}, "rate_limit must be a RateLimit"),
        ({"max_concurrency": 0}, "max_concurrency must be a whole number of at least 1, not 0"),
        ({"max_concurrency": 2.0}, "max_concurrency"),
        ({"timeout": 0}, "timeout must be a number of seconds above 0"),
        ({"timeout": float("inf")}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"retry": 5}, "retry must be a RetryPolicy"),
        ({"session": object()}, "session must be an aiohttp.ClientSession"),
    ],
)
def test_a_wrong_client_option_is_named(options: dict[str, Any], says: str) -> None:
    arguments = {"token": "made-up", **options}
    with pytest.raises(UsageError, match=says) as caught:
        Client(**arguments)
    assert "made-up" not in str(caught.value)


TOKEN = "pat-na1-11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("api_version", "api_version must"),
        ("rate_limit", "rate_limit must"),
        ("retry", "retry must"),
        ("daily_reserve", "daily_reserve must"),
        ("max_hold", "max_hold must"),
        ("max_concurrency", "max_concurrency must"),
        ("timeout", "timeout must"),
        ("base_url", "base_url must"),
        ("session", "session must"),
        ("transport", "transport must"),
        ("clock", "clock must"),
        ("random", "random must"),
        ("observers", "observer"),
    ],
)
@pytest.mark.parametrize("wrap", [str, lambda token: [token], lambda token: {"token": token}])
def test_a_token_that_was_put_into_another_option_by_mistake_is_not_reported(
    option: str, says: str, wrap: Any
) -> None:
    options: Any = {option: wrap(TOKEN)}
    with pytest.raises(UsageError, match=says) as caught:
        Client("made-up", **options)
    assert "pat-na1-1111" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["api_version", "batch_size", "linger", "deadline", "prefetch", "timezone"]
)
def test_a_token_that_was_put_into_an_option_of_a_run_is_not_reported(name: str) -> None:
    options: Any = {name: TOKEN}
    with pytest.raises(UsageError, match=r"text of 44 characters") as caught:
        Client("made-up").batch(CREATE, [], object_type="contacts", **options)
    assert "pat-na1-1111" not in str(caught.value)
    assert name.removeprefix("api_") in str(caught.value)


@pytest.mark.parametrize(
    "base_url",
    ["https://api.hubapi.com", "http://127.0.0.1:8642", "http://localhost:1", "http://[::1]:5/x"],
)
def test_https_and_this_machine_are_fine(base_url: str) -> None:
    assert base_url in repr(Client("made-up", base_url=base_url))


def test_another_machine_is_reached_without_tls_only_on_request() -> None:
    Client("made-up", base_url="http://sandbox.internal:8642", allow_insecure=True)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda c: c.create("contacts", [], missing="drop"),
            "missing must be one of 'omit', 'clear', 'refuse'",
        ),
        (lambda c: c.create("contacts", [], timezone="Mars/Base"), "no zone 'Mars/Base' is known"),
        (lambda c: c.create("contacts", [], timezone="../../etc/passwd"), "no zone"),
        (lambda c: c.create("contacts", [], timezone="America"), "no zone"),
        (lambda c: c.create("contacts", [], timezone=2), "timezone must be a zone's name"),
        (lambda c: c.archive("contacts", [], missing="omit"), "archive takes no missing"),
        (lambda c: c.read("contacts", [], timezone="UTC"), "read takes no timezone"),
        (lambda c: c.create("contacts", [], batch_size=0), "batch_size.*from 1 to 100, not 0"),
        (lambda c: c.create("contacts", [], batch_size=101), "batch_size.*from 1 to 100, not 101"),
        (lambda c: c.create("contacts", [], batch_size=True), "batch_size"),
        (lambda c: c.create("contacts", [], linger=-1), "linger must be a number of seconds"),
        (lambda c: c.create("contacts", [], linger=False), "linger must be a number of seconds"),
        (lambda c: c.create("contacts", [], linger="1"), "linger must be a number of seconds"),
        (lambda c: c.create("contacts", [], prefetch=0), "prefetch.*of at least 1, not 0"),
        (lambda c: c.create("contacts", [], prefetch=1.5), "prefetch"),
        (
            lambda c: c.read("contacts", [], properties_with_history=["a"], batch_size=51),
            "batch_size.*from 1 to 50",
        ),
        (lambda c: c.create("contacts", [], max_batch_bytes=10), "max_batch_bytes.*at least 1024"),
        (lambda c: c.create("contacts", [], max_failures=0), "max_failures"),
        (lambda c: c.create("contacts", [], deadline=-1), "deadline must be a number of seconds"),
        (lambda c: c.create("contacts", [], duplicates="last"), "'serial', 'merge', 'refuse'"),
        (lambda c: c.create("contacts", [], keep="some"), "'all', 'errors', 'none'"),
        (lambda c: c.create("contacts", [], on_progress=5), "on_progress must be a function"),
        (lambda c: c.create("contacts", [], journal=5), "journal must be a path or a"),
        (lambda c: c.create("contacts", [], journal=b"load"), "journal must be a path or a"),
        (lambda c: c.create("contacts", [], chunk=5), "no option 'chunk'; it takes batch_size"),
        (lambda c: c.create("contacts", [], unique_property=""), "unique_property must be"),
        (lambda c: c.update("contacts", [], id_property="hs_object_id"), "leave id_property out"),
        (lambda c: c.upsert("contacts", [], id_property=None), "needs id_property"),
        (lambda c: c.upsert("contacts", [], id_property=" "), "id_property must be"),
        (lambda c: c.read("contacts", [], properties="email"), "properties must be a list"),
        (lambda c: c.read("contacts", [], properties=[""]), "properties must be a list"),
        (lambda c: c.read("contacts", [], properties=None), "properties must be a list"),
        (lambda c: c.create("contacts", {"email": "a@x.com"}), "put a single record into a list"),
        (lambda c: c.read("contacts", "7"), "put a single record into a list"),
        (lambda c: c.archive("contacts", 7), "iterable"),
        (lambda c: c.archive("contacts", None), "iterable"),
        (lambda c: c.create("contacts", {"inputs": []}), "pass its 'inputs'"),
        (lambda c: c.create("contacts", people), "call it"),
    ],
)
def test_a_wrong_option_of_a_verb_is_named(call: Callable[[Client], Run], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        call(Client("made-up"))


@pytest.mark.parametrize(
    "object_type",
    [
        "",
        "a/b",
        "..",
        "../x",
        "a?b",
        "a b",
        "a\n",
        "a\x00",
        "a%2fb",
        "ä",
        "a#b",
        None,
        5,
        "x" * 201,
    ],
)
def test_an_object_type_is_never_spliced_into_the_path(object_type: Any) -> None:
    with pytest.raises(UsageError, match="object_type must be"):
        Client("made-up").create(object_type, [])


@virtual_time
async def test_no_records_are_an_empty_outcome_without_a_request() -> None:
    async with World() as world:
        nothing: list[Any] = []
        for empty in (nothing, iter(nothing), (item for item in nothing)):
            assert await world.client.create("contacts", empty) == Outcome()
        assert not world.service.requests


@pytest.mark.parametrize(
    ("verb", "options", "record", "says"),
    [
        ("upsert", {"id_property": "email"}, {"firstname": "x"}, "'email' is missing"),
        ("update", {}, {"firstname": "x"}, "the record id is missing"),
        ("create", {}, {"a": float("nan")}, "property 'a': nan"),
        ("create", {}, {"a": {"b": 1}}, "property 'a': a value of type dict"),
        ("create", {}, {"a": __import__("datetime").datetime(2026, 1, 1)}, "time zone"),
        ("create", {"max_batch_bytes": 2000}, {"a": "x" * 2000}, "raise max_batch_bytes"),
        ("create", {}, 5, "a record must be"),
    ],
)
@virtual_time
async def test_a_record_that_cannot_be_sent_fails_alone(
    verb: str, options: dict[str, Any], record: Any, says: str
) -> None:
    async with World() as world:
        good = [{"email": "a@x.com", "id": world.service.add("contacts", {}).id}]
        records = [*good, record, {**good[0], "email": "b@x.com"}]
        outcome = await getattr(world.client, verb)("contacts", records, **options)
        assert [item.status.name for item in outcome.records] == [
            "SUCCEEDED",
            "FAILED",
            "SUCCEEDED",
        ]
        failed = outcome.records[1]
        assert failed.error is not None
        assert failed.error.category == "LOCAL_VALIDATION"
        assert says in failed.error.message
        assert failed.input is record
        assert failed.attempts == 0


@virtual_time
async def test_a_record_whose_own_code_raises_fails_alone() -> None:
    class Lazy(dict[str, Any]):
        def items(self) -> Any:
            raise OSError("gone")

    async with World() as world:
        outcome = await world.client.create("contacts", [Lazy(), *people(1)])
        assert outcome.counts.succeeded == outcome.counts.failed == 1
        assert "OSError: gone" in outcome.errors[0].message


def test_a_client_takes_its_token_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUBSPOT_ACCESS_TOKEN", raising=False)
    with pytest.raises(UsageError, match="HUBSPOT_ACCESS_TOKEN"):
        Client.from_env()
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "made-up")
    assert "made-up" not in repr(Client.from_env(timeout=5.0))


def test_a_run_that_is_never_started_warns() -> None:
    run = Client("made-up").create("contacts", [])
    assert repr(run) == "<Run create: not started>"
    with pytest.warns(RuntimeWarning, match="never started"):
        del run
        gc.collect()


async def test_a_client_dropped_open_warns() -> None:
    client = Client("made-up", base_url="http://127.0.0.1:1", retry=hubbatch.RetryPolicy(1))
    with pytest.raises(hubbatch.TransportError):
        await client.create("contacts", people(1))
    assert client._http is not None
    session = client._http._session
    with pytest.warns(ResourceWarning, match="dropped open"):
        del client
        gc.collect()
    assert session is not None
    await session.close()


async def test_closing_twice_is_fine_and_a_closed_client_says_so() -> None:
    client = Client("made-up")
    async with client:
        run = client.create("contacts", [])
    await client.aclose()
    assert "closed" in repr(client)
    with pytest.raises(UsageError, match="closed"):
        client.create("contacts", [])
    with pytest.raises(UsageError, match="closed"):
        await client.__aenter__()
    with pytest.raises(UsageError, match="closed"):
        await run
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        del run
        gc.collect()


async def test_a_callers_session_is_used_and_never_closed() -> None:
    async with aiohttp.ClientSession() as session:
        async with Client("made-up", session=session, base_url="http://127.0.0.1:1") as client:
            assert await client.create("contacts", []) == Outcome()
        assert not session.closed


@virtual_time
async def test_a_run_is_started_once() -> None:
    async with World() as world:
        run = world.client.upsert("contacts", people(3), id_property="email")
        assert run.outcome.status is hubbatch.BatchStatus.PENDING
        for attempt in (run.stop, run.__anext__):
            with pytest.raises(UsageError, match="has not started"):
                await attempt()
        with pytest.raises(UsageError, match="has not started"):
            _ = run.progress
        with pytest.raises(UsageError, match="has not started"):
            aiter(run)
        outcome = await run
        assert await run is outcome is run.outcome
        with pytest.raises(UsageError, match="started already"):
            await run.__aenter__()
        assert len(world.service.requests) == 1


def test_the_quota_in_force_can_be_seen() -> None:
    assert Client("made-up").rate_limit == RateLimit(100, 10.0)
    assert Client("made-up", rate_limit=RateLimit(5, 1.0)).rate_limit == RateLimit(5, 1.0)


def test_usage_errors_are_value_errors() -> None:
    with pytest.raises(ValueError, match="token"):
        Client("")
    assert asyncio.iscoroutinefunction(Client.aclose)


def test_names_of_properties_may_come_from_a_generator() -> None:
    given = (name for name in ["a", "b", "a"])
    assert check_names("properties", given) == ["a", "b"]  # type: ignore[arg-type]
