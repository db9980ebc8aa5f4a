"""Everything out: each record that is there throughout comes once, whatever goes wrong or is written meanwhile."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import World

from hubbatch import (
    AuthenticationError,
    Client,
    DailyLimitError,
    Filter,
    HubbatchError,
    NoReply,
    ObjectReader,
    ObjectResult,
    ProtocolError,
    RateLimit,
    RefusedError,
    Reply,
    Request,
    RetryPolicy,
    TransportError,
    UnknownObjectTypeError,
    UsageError,
    endpoints,
)
from hubbatch.endpoints._pages import LIST
from hubbatch.events import Event, RequestAnswered, RequestSent, RetryScheduled
from hubbatch.sandbox import Fault, FaultKind, RandomFaults, Sandbox, SandboxRequest
from hubbatch.testing import (
    SandboxTransport,
    ScriptedTransport,
    reply,
    run_in_virtual_time,
    virtual_time,
)

HAS_EMAIL = Filter("email", "HAS_PROPERTY")

Read = Callable[..., ObjectReader]


def scan(client: Client, **options: Any) -> ObjectReader:
    return client.scan("contacts", **options)


def search(client: Client, **options: Any) -> ObjectReader:
    return client.search("contacts", [HAS_EMAIL], **options)


def sort(client: Client, **options: Any) -> ObjectReader:
    return client.search("contacts", [HAS_EMAIL], sorts=["-email"], **options)


KINDS = pytest.mark.parametrize("read", [scan, search, sort])
HEALING = [kind for kind in FaultKind if not (kind.stops or kind is FaultKind.LONG_MESSAGE)]
"""Faults after which a page can be asked for again: a 400 in HubSpot's own words is its last one."""


def fill(world: World, count: int) -> list[str]:
    account = world.service.account()
    made = [account.add("contacts", {"email": f"p{n}@x.com"}) for n in range(count)]
    return [each.id for each in made]


async def ids(reader: ObjectReader) -> list[str]:
    return [each.id async for each in reader]


def is_page(request: SandboxRequest) -> bool:
    return request.method == "GET" or request.path.endswith("/search")


class Meddling:
    """A transport before which others write: what a plan says, before each page."""

    def __init__(self, inner: SandboxTransport, plan: Iterable[tuple[int, list[str]]]) -> None:
        self.inner = inner
        self.plan = iter(plan)
        self.made = 0

    async def send(
        self, request: Request, token: str, note_sent: Callable[[], None]
    ) -> Reply | NoReply:
        creates, archived = next(self.plan, (0, []))
        for _ in range(creates):
            self.made += 1
            record = {"properties": {"email": f"new{self.made}@x.com"}}
            await self.write("create", [record], token)
        if archived:
            await self.write("archive", [{"id": each} for each in archived], token)
        return await self.inner.send(request, token, note_sent)

    async def write(self, verb: str, inputs: list[Any], token: str) -> None:
        path = f"/crm/v3/objects/contacts/batch/{verb}"
        body = orjson.dumps({"inputs": inputs})
        written = await self.inner.send(Request(path, body), token, lambda: None)
        assert isinstance(written, Reply)
        assert written.status < 300


# What comes


@KINDS
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 35])
@virtual_time
async def test_all_records_come_once(read: Read, count: int) -> None:
    async with World() as world:
        made = fill(world, count)
        reader = read(world.client, page_size=10, properties=["email"])
        found = [(each.id, each.properties["email"]) async for each in reader]
        emails = {each: f"p{n}@x.com" for n, each in enumerate(made)}
        assert sorted(found) == sorted(emails.items())
        assert len(world.service.requests) == max(1, -(-count // 10))
        with pytest.raises(StopAsyncIteration):
            await anext(reader)


@virtual_time
async def test_a_scan_reads_archived_records_or_live_ones_and_histories() -> None:
    async with World() as world:
        first, second = fill(world, 2)
        await world.client.archive("contacts", [first])
        assert await ids(world.client.scan("contacts", archived=True)) == [first]
        reader = world.client.scan("contacts", properties_with_history=["email"])
        (live,) = [each async for each in reader]
        assert live.id == second
        assert live.properties_with_history is not None


@virtual_time
async def test_a_search_tells_how_many_match_and_a_scan_does_not() -> None:
    async with World() as world:
        fill(world, 12)
        reader = search(world.client, page_size=5)
        assert reader.total is None
        await ids(reader)
        assert reader.total == 12
        listed = scan(world.client)
        await ids(listed)
        assert listed.total is None


@virtual_time
async def test_a_reading_tells_its_progress_like_a_run() -> None:
    async with World(faults=[None, Fault(FaultKind.UNAVAILABLE)]) as world:
        fill(world, 450)
        reader = search(world.client)
        with pytest.raises(UsageError, match="has not started"):
            _ = reader.progress

        seen = [reader.progress async for _ in reader]

    assert [progress.settled for progress in seen] == list(range(1, 451))
    last = seen[-1]
    assert (last.total, last.counts.succeeded, last.requests, last.retries) == (450, 450, 4, 1)
    assert last.elapsed > 0
    assert last.quota > 0


@virtual_time
async def test_words_and_several_groups_are_searched_for() -> None:
    async with World() as world:
        made = fill(world, 30)
        groups = [[Filter("email", "EQ", f"p{n}@x.com")] for n in (3, 7)]
        assert await ids(world.client.search("contacts", groups, page_size=1)) == [made[3], made[7]]
        assert await ids(world.client.search("contacts", query="p29")) == [made[29]]


@given(
    plan=st.lists(
        st.tuples(st.integers(0, 4), st.sets(st.integers(0, 29), max_size=4)), max_size=9
    ),
    reading=st.tuples(st.sampled_from([scan, search]), st.integers(2, 12)),
    lag=st.sampled_from([0.0, 3.0]),
    faults=st.lists(
        st.sampled_from([None, FaultKind.RESET_AFTER_WRITE, FaultKind.HTML]), max_size=5
    ),
    cut=st.none() | st.integers(0, 40),
)
def test_what_is_there_throughout_comes_once_while_others_write(
    plan: list[tuple[int, set[int]]],
    reading: tuple[Read, int],
    lag: float,
    faults: list[FaultKind | None],
    cut: int | None,
) -> None:
    read, size = reading

    async def story() -> None:
        numbers = iter(faults)
        meddling: list[Meddling] = []

        def through(inner: SandboxTransport) -> Meddling:
            meddling.append(Meddling(inner, ()))
            return meddling[0]

        async with World(
            faults=lambda request: next(numbers, None) if is_page(request) else None,
            search_lag=lag,
            through=through,
        ) as world:
            made = fill(world, 30)
            await asyncio.sleep(lag)
            meddling[0].plan = iter((n, [made[each] for each in gone]) for n, gone in plan)
            gone = {made[each] for _, group in plan for each in group}
            reader = read(world.client, page_size=size)
            found: list[str] = []
            async for each in reader:
                found.append(each.id)
                if len(found) == cut:
                    break
            if cut is not None and len(found) == cut:
                await reader.aclose()
                found += await ids(read(world.client, page_size=7, after=reader.cursor))
            assert len(found) == len(set(found))
            assert set(found) >= set(made) - gone

    run_in_virtual_time(story())


@virtual_time
async def test_a_hundred_thousand_objects_are_found_in_as_few_requests_as_there_are_pages() -> None:
    count, heard = 100_000, Counter[type[Event]]()
    meddling: list[Meddling] = []

    def through(inner: SandboxTransport) -> Meddling:
        meddling.append(Meddling(inner, ()))
        return meddling[0]

    def note(event: Event) -> None:
        heard[type(event)] += 1

    async with World(through=through, observers=[note]) as world:
        made = fill(world, count)
        gone = made[::997]
        meddling[0].plan = iter([(2, [each]) for each in gone])
        found = await ids(world.client.search("contacts"))
        assert len(found) == len(set(found))
        assert set(found) >= set(made) - set(gone)
        assert heard[RequestSent] <= 1.05 * count / 200


# Resuming


@KINDS
@virtual_time
async def test_a_reading_goes_on_from_any_cursor(read: Read) -> None:
    async with World() as world:
        fill(world, 23)
        reader = read(world.client, page_size=10)
        found, cursors = [], [reader.cursor]
        async for each in reader:
            found.append(each.id)
            cursors.append(reader.cursor)
        assert cursors[0] is None
        for number, cursor in enumerate(cursors):
            again = read(world.client, page_size=10, after=cursor)
            assert again.cursor == cursor
            shorter = read(world.client, page_size=3, after=cursor)
            assert await ids(shorter) == found[number:]
            assert await ids(again) == found[number:]


@virtual_time
async def test_the_cursor_of_another_reading_is_refused_before_anything_is_sent() -> None:
    async with World() as world:
        fill(world, 3)
        readers = [
            scan(world.client),
            search(world.client),
            sort(world.client),
            world.client.scan("contacts", archived=True),
            world.client.search("contacts", [HAS_EMAIL], query="x"),
        ]
        cursors = []
        for reader in readers[:3]:
            await anext(reader)
            cursors.append(reader.cursor)
            await reader.aclose()
        sent = len(world.service.requests)
        for read, own in ((scan, 0), (search, 1), (sort, 2)):
            for number, cursor in enumerate(cursors):
                if number != own:
                    with pytest.raises(UsageError, match="another reading"):
                        read(world.client, after=cursor)
        with pytest.raises(UsageError, match="another reading"):
            world.client.scan("contacts", archived=True, after=cursors[0])
        assert len(world.service.requests) == sent


# What goes wrong


@KINDS
@pytest.mark.parametrize("kind", HEALING)
@virtual_time
async def test_a_fault_at_any_request_loses_nothing(read: Read, kind: FaultKind) -> None:
    fault = Fault(kind, retry_after=0.1, delay=0.2, body_limit=4_000)
    for number in range(3):
        async with World(faults=[*[None] * number, fault]) as world:
            made = fill(world, 25)
            assert sorted(await ids(read(world.client, page_size=10)), key=int) == made


@KINDS
@virtual_time
async def test_on_a_terrible_day_nothing_is_lost_either(read: Read) -> None:
    faults = RandomFaults(
        {Fault(kind, retry_after=0.1, body_limit=4_000): 0.3 / len(HEALING) for kind in HEALING}
    )
    async with World(faults=faults, retry=RetryPolicy(max_attempts=20)) as world:
        made = fill(world, 400)
        assert sorted(await ids(read(world.client, page_size=10)), key=int) == made


@KINDS
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.INVALID_TOKEN, AuthenticationError),
        (FaultKind.RATE_DAILY, DailyLimitError),
        (FaultKind.FOUND, ProtocolError),
        (FaultKind.HTML, ProtocolError),
        (FaultKind.SERVER_ERROR, TransportError),
        (FaultKind.RESET, TransportError),
        (FaultKind.LONG_MESSAGE, RefusedError),
    ],
)
@virtual_time
async def test_what_does_not_heal_is_raised_and_the_reading_can_be_taken_up_again(
    read: Read, kind: FaultKind, error: type[HubbatchError]
) -> None:
    broken = [False]
    plan = lambda _: Fault(kind) if broken[0] else None  # noqa: E731
    async with World(faults=plan) as world:
        made = fill(world, 25)
        reader = read(world.client, page_size=10)
        found = [(await anext(reader)).id]
        broken[0] = True
        with pytest.raises(error) as caught:
            async for each in reader:
                found.append(each.id)  # noqa: PERF401
        assert "cursor" in caught.value.__notes__[0]
        assert len(found) in {10, 20}
        broken[0] = False
        rest = await ids(read(world.client, page_size=10, after=reader.cursor))
        assert sorted(found + rest, key=int) == made
        assert await ids(reader) == rest


@virtual_time
async def test_an_unknown_type_and_a_refused_filter_are_different_errors() -> None:
    async with World() as world:
        world.service.account().declare_strict("contacts", [])
        with pytest.raises(UnknownObjectTypeError):
            await ids(world.client.scan("no_such_type"))
        refused = world.client.search("contacts", [Filter("no_such", "EQ", 1)])
        with pytest.raises(RefusedError, match="no_such does not exist") as caught:
            await ids(refused)
        assert caught.value.error is not None
        assert caught.value.error.category == "VALIDATION_ERROR"


PAGE_1 = {"total": 3, "results": [{"id": "1"}, {"id": "2"}], "paging": {"next": {"after": "2"}}}


@pytest.mark.parametrize(
    "second",
    [
        {"total": 1, "results": []},
        {"total": 3, "results": [{"id": "3"}]},
        {"total": 1, "results": [{"id": "1"}]},
        {"results": [{"id": "3"}]},
        {"total": 1},
        {"status": "COMPLETE"},
    ],
)
@virtual_time
async def test_an_end_that_is_not_the_end_is_an_error_and_is_asked_for_again_first(
    second: dict[str, Any],
) -> None:
    transport = ScriptedTransport([reply(200, PAGE_1), *[reply(200, second)] * 3])
    retry = RetryPolicy(max_attempts=3)
    async with Client("t", transport=transport, retry=retry) as client:
        reader, found = client.search("deals"), []
        with pytest.raises(ProtocolError, match="a page could not be read"):
            async for each in reader:
                found.append(each.id)  # noqa: PERF401
        assert found == ["1", "2"]
        assert len(transport.requests) == 4


@virtual_time
async def test_cursors_that_go_round_in_a_circle_are_an_error() -> None:
    def answer(request: Request) -> Reply:
        number = int(request.query.get("after", 0))
        following = {"next": {"after": str(number % 7 + 1)}}
        return reply(200, {"results": [{"id": str(number)}], "paging": following})

    async with Client("t", transport=ScriptedTransport(answer)) as client:
        with pytest.raises(ProtocolError, match="circle"):
            await ids(client.scan("deals"))


@virtual_time
async def test_more_than_can_be_sorted_is_a_usage_error_after_one_request() -> None:
    async with World() as world:
        fill(world, 10_001)
        with pytest.raises(UsageError, match="10001 records match"):
            await ids(sort(world.client))
        assert world.statuses() == [200]


@virtual_time
async def test_a_token_that_expires_is_renewed() -> None:
    tokens = ["old"]

    async def provider(*, refused: str | None = None) -> str:
        if refused is not None:
            tokens.append("new")
        return tokens[-1]

    async with World(token=provider, faults=[None, FaultKind.EXPIRED_TOKEN]) as world:
        made = fill(world, 25)
        assert await ids(scan(world.client, page_size=10)) == made
        assert tokens[-1] == "new"


@KINDS
@virtual_time
async def test_a_transport_that_raises_ends_the_reading_as_it_is(read: Read) -> None:
    broken = [True]

    class Broken:
        def __init__(self, inner: SandboxTransport) -> None:
            self.inner = inner

        async def send(
            self, request: Request, token: str, note_sent: Callable[[], None]
        ) -> Reply | NoReply:
            if broken.pop() if broken else False:
                raise ZeroDivisionError
            return await self.inner.send(request, token, note_sent)

    async with World(through=Broken) as world:
        made = fill(world, 12)
        reader = read(world.client, page_size=10)
        with pytest.raises(ZeroDivisionError):
            await ids(reader)
        assert sorted(await ids(reader), key=int) == made


@virtual_time
async def test_a_request_that_is_too_long_on_the_way_says_what_to_do() -> None:
    transport = ScriptedTransport([reply(414)])
    async with Client("t", transport=transport) as client:
        with pytest.raises(RefusedError, match="ask for fewer properties"):
            await ids(client.scan("deals", properties=["a"]))


@virtual_time
async def test_while_the_service_is_broken_a_failure_says_nothing_about_a_page() -> None:
    retry = RetryPolicy(max_attempts=2, initial_wait=1.0, max_wait=2.0, jitter=0.0)
    plan = [FaultKind.SERVER_ERROR] * 18
    async with World(faults=plan, retry=retry, max_concurrency=20) as world:
        made = fill(world, 30)
        found = await asyncio.gather(*(ids(scan(world.client)) for _ in range(12)))
        assert found == [made] * 12


@virtual_time
async def test_a_search_that_is_cancelled_while_it_waits_for_its_turn_takes_no_place() -> None:
    async with World(max_concurrency=1, latency=1.0) as world:
        made = fill(world, 3)
        first, second = (asyncio.create_task(ids(search(world.client))) for _ in range(2))
        await asyncio.sleep(0.5)
        second.cancel()
        assert await first == made
        assert await ids(search(world.client)) == made
        assert len(world.service.requests) == 2


# Limits


@virtual_time
async def test_searches_of_a_client_are_held_to_five_a_second_together() -> None:
    async with World(latency=0.01) as world:
        fill(world, 60)
        await asyncio.gather(*(ids(search(world.client, page_size=10)) for _ in range(5)))
        assert set(world.statuses()) == {200}
        assert asyncio.get_running_loop().time() >= 5


@virtual_time
async def test_scans_use_the_quota_of_the_client() -> None:
    limit = RateLimit(5, 1.0)
    async with World(latency=0.01, rate_limit=limit, client_rate=limit) as world:
        fill(world, 30)
        await asyncio.gather(*(ids(scan(world.client, page_size=10)) for _ in range(5)))
        assert set(world.statuses()) == {200}


@KINDS
@virtual_time
async def test_no_more_than_one_page_is_read_ahead(read: Read) -> None:
    async with World() as world:
        fill(world, 100)
        reader = read(world.client, page_size=10)
        await anext(reader)
        await asyncio.sleep(60)
        assert len(world.service.requests) == 2
        for _ in range(10):
            await anext(reader)
        await asyncio.sleep(60)
        assert len(world.service.requests) == 3


@KINDS
@virtual_time
async def test_no_more_than_two_pages_of_objects_are_held(read: Read) -> None:
    async with World() as world:
        fill(world, 400)
        gc.collect()
        before = sum(type(one) is ObjectResult for one in gc.get_objects())
        reader, held = read(world.client, page_size=10), []
        async for each in reader:
            if int(each.id) % 50 == 0:
                await asyncio.sleep(1)  # the next page has come
                gc.collect()
                held.append(sum(type(one) is ObjectResult for one in gc.get_objects()))
        assert held
        assert max(held) - before <= 2 * 10 + 1


# Whoever leaves


@KINDS
@virtual_time
async def test_to_leave_early_leaves_nothing_behind(read: Read) -> None:
    async with World() as world:
        fill(world, 30)
        async for _ in read(world.client, page_size=10):
            break
        async with read(world.client, page_size=10) as reader:
            await anext(reader)
        with pytest.raises(HubbatchError, match="closed"):
            await anext(reader)
        await reader.aclose()


@KINDS
@pytest.mark.parametrize("after", [0.0, 0.01, 0.05, 0.06, 0.1, 0.11])
@virtual_time
async def test_a_reader_that_is_cancelled_can_go_on(read: Read, after: float) -> None:
    async with World() as world:
        made = fill(world, 35)
        reader, found = read(world.client, page_size=10), []

        async def take() -> None:
            async for each in reader:
                found.append(each.id)  # noqa: PERF401

        task = asyncio.create_task(take())
        await asyncio.sleep(after)
        task.cancel()
        await asyncio.wait([task])
        await take()
        assert sorted(found, key=int) == made


@KINDS
@virtual_time
async def test_closing_the_client_ends_a_reading_with_an_error(read: Read) -> None:
    async with World() as world:
        fill(world, 35)
        reader = read(world.client, page_size=10)
        task = asyncio.create_task(ids(reader))
        await asyncio.sleep(0.01)
        await world.client.aclose()
        with pytest.raises(HubbatchError, match="closed while a reading was under way"):
            await task
        with pytest.raises(UsageError, match="closed"):
            read(world.client)


@virtual_time
async def test_several_may_take_from_one_reader() -> None:
    async with World() as world:
        made = fill(world, 35)
        reader = scan(world.client, page_size=10)
        found = await asyncio.gather(*(ids(reader) for _ in range(3)))
        assert sorted(sum(found, []), key=int) == made  # noqa: RUF017


# The call


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda c: c.scan("a/b"), "object_type must be"),
        (lambda c: c.scan("contacts", properties="email"), "a list of property names"),
        (lambda c: c.scan("contacts", properties=["a,b"]), "has a comma"),
        (lambda c: c.scan("contacts", archived="no"), "archived must be"),
        (lambda c: c.scan("contacts", page_size=101), "from 1 to 100"),
        (
            lambda c: c.scan("contacts", page_size=51, properties_with_history=["a"]),
            "from 1 to 50",
        ),
        (lambda c: c.scan("contacts", after="nonsense"), "after must be"),
        (lambda c: c.search("contacts", page_size=201), "from 1 to 200"),
        (lambda c: c.search("contacts", [("email", "EQ", "x")]), "a filter is a Filter"),
        (lambda c: c.search("contacts", query=""), "query must be"),
        (lambda c: c.search("contacts", sorts=["a", "b"]), "at most one"),
        (lambda c: c.search("contacts", properties=["x" * 50] * 1 + ["y" * 3000]), "3000"),
        (lambda c: c.batch(LIST, [1]), "takes no inputs"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_sent(make: Any, says: str) -> None:
    client = Client("t", transport=ScriptedTransport([]))
    with pytest.raises(UsageError, match=says):
        make(client)


def test_a_row_of_ones_own_that_gets_has_no_body() -> None:
    path = endpoints.Path("/crm/v3/x", ("v3",))
    with pytest.raises(UsageError, match="GET has no body"):
        endpoints.Endpoint("x", [path], method="GET", input="id", effect="reads")


@virtual_time
async def test_observers_hear_of_each_page() -> None:
    heard: list[Event] = []
    async with World(observers=[heard.append], faults=[None, FaultKind.RESET]) as world:
        fill(world, 15)
        reader = scan(world.client, page_size=10)
        assert repr(reader) == "<ObjectReader scan contacts: 0 given>"
        await ids(reader)
    kinds = [type(each) for each in heard]
    assert kinds.count(RequestSent) == kinds.count(RequestAnswered) == 3
    (again,) = [each for each in heard if isinstance(each, RetryScheduled)]
    assert again.symptom == "lost"


async def test_pages_are_read_over_http_too() -> None:
    async with Sandbox(latency=0.0) as sandbox:
        made = [sandbox.account().add("deals", {"dealname": f"d{n}"}).id for n in range(25)]
        async with Client("t", base_url=sandbox.base_url, api_version="2026-03") as client:
            assert await ids(client.scan("0-3", page_size=10, properties=["dealname"])) == made
            found = client.search("deals", [Filter("dealname", "HAS_PROPERTY")], page_size=10)
            assert await ids(found) == made


@virtual_time
async def test_a_search_shows_the_quota_of_searches() -> None:
    async with World(client_rate=RateLimit(190)) as world:
        fill(world, 450)
        searched, scanned = search(world.client), scan(world.client)
        seen = [searched.progress async for _ in searched]
        others = [scanned.progress async for _ in scanned]

    assert {(each.quota, each.quota_period) for each in seen} == {(5, 1.0)}
    assert max(each.quota_used for each in seen) > 0
    assert {(each.quota, each.quota_period) for each in others} == {(190, 10.0)}
