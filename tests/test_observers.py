"""Those who hear of events: who hears of what, who is left out, what a name may be, and that nobody costs nothing."""

from __future__ import annotations

import asyncio
import logging
import pickle
import traceback
from collections.abc import Callable
from typing import Any, cast

import attrs
import pytest
from event_checks import check_events
from support import UNLIMITED, World, people, upsert

from hubbatch import (
    Client,
    Counts,
    HubbatchError,
    RateLimit,
    RateLimiter,
    Run,
    UsageError,
    events,
)
from hubbatch._observers import Observers, silent
from hubbatch.events import (
    BreakerClosed,
    Event,
    LimitLearned,
    QuotaHold,
    RecordsSettled,
    RequestSent,
    RunEnded,
    TokenRenewed,
)
from hubbatch.sandbox import FaultKind, FaultPlan
from hubbatch.testing import VirtualTimeLoop, virtual_time

KINDS = [getattr(events, name) for name in events.__all__]


def never(*_: Any, **__: Any) -> None:
    raise AssertionError("an event was made, and nobody hears of it")


@virtual_time
async def test_each_receives_the_same_event_with_time_and_name() -> None:
    first: list[Event] = []
    second: list[Event] = []
    tell = Observers([first.append, second.append], "account 7")
    await asyncio.sleep(5)
    tell(TokenRenewed, refused=True)
    assert first == [TokenRenewed(asyncio.get_running_loop().time(), "account 7", refused=True)]
    assert first[0] is second[0]


@pytest.mark.parametrize("kind", KINDS)
def test_events_are_frozen_values(kind: type[Event]) -> None:
    assert kind.__doc__
    names = [field.name for field in attrs.fields(kind)]
    assert names[:2] == ["at", "client"]
    made = kind(*names)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.at = 1.0  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301 (our own)


def test_settled_records_are_counted_by_state() -> None:
    event = RecordsSettled(0.0, None, 1, "upsert", "contacts", (0, 3), (1,), (), (2,))
    assert event.counts == Counts(4, succeeded=2, failed=1, unsent=1)


@virtual_time
async def test_no_event_is_made_where_nobody_hears_of_it() -> None:
    tell = Observers()
    for kind in (events.RunStarted, events.RequestSent, events.RunEnded, TokenRenewed):
        assert not tell.hears(kind)
    silent(never)  # type: ignore[arg-type]


def test_where_no_loop_tells_the_time_nobody_hears_of_it() -> None:
    """Tasks that their loop has left behind settle their records when they are thrown away."""
    seen: list[Event] = []
    Observers([seen.append])(BreakerClosed)
    assert seen == []


@virtual_time
async def test_a_whole_run_without_observers_makes_no_event(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "hubbatch")
    for kind in KINDS:
        monkeypatch.setattr(kind, "__init__", never)

    def fail(request: Any) -> FaultKind | None:
        return FaultKind.BAD_GATEWAY if 0.4 < request.at < 5 else None

    async with World(faults=fail, latency=0.2, max_concurrency=16) as world:
        assert (await upsert(world, [*people(1_000), {}], batch_size=5)).counts.succeeded == 1_000


@virtual_time
async def test_one_that_raises_is_reported_once_and_left_out_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[Event] = []
    calls = 0

    def failing(_: Event) -> None:
        nonlocal calls
        calls += 1
        raise ZeroDivisionError("my own slip")

    async with World(observers=[failing, seen.append], name="account 7") as world:
        run = upsert(world, people(10), batch_size=2)
        assert (await run).ok
    check_events(seen, run)
    assert calls == 1
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("[account 7] an observer raised and hears of nothing any more:")
    assert "ZeroDivisionError: my own slip" in line


@virtual_time
async def test_what_is_being_handled_when_one_raises_is_not_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It may quote a value, and the observer's exception goes back to it."""

    def failing(_: Event) -> None:
        raise ZeroDivisionError

    tell = Observers([failing])
    try:
        raise ValueError("p0@example.com")
    except ValueError:
        tell(BreakerClosed)
    assert "ZeroDivisionError" in caplog.text
    assert "example" not in caplog.text


@virtual_time
async def test_one_that_raises_while_it_tells_of_something_itself_is_reported_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def failing(event: Event) -> None:
        if isinstance(event, TokenRenewed):
            tell(BreakerClosed)
        raise ZeroDivisionError

    tell = Observers([failing])
    tell(TokenRenewed, refused=False)
    assert len([record for record in caplog.records if "observer" in record.message]) == 1


@virtual_time
async def test_a_log_that_raises_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(logging.Handler):
        def emit(self, _: logging.LogRecord) -> None:
            raise ZeroDivisionError

    monkeypatch.setattr(logging.getLogger("hubbatch"), "handlers", [Failing()])
    seen: list[Event] = []

    def failing(_: Event) -> None:
        raise ZeroDivisionError

    tell = Observers([seen.append, failing])
    tell(BreakerClosed)
    tell(BreakerClosed)
    assert len(seen) == 2


@pytest.mark.parametrize("kind", [cls for cls in KINDS if not cls.__subclasses__()])
@pytest.mark.parametrize("error", [KeyboardInterrupt, asyncio.CancelledError, SystemExit])
def test_what_ends_the_process_passes_and_every_record_is_accounted_for(
    kind: type[Event], error: type[BaseException]
) -> None:
    raised: list[BaseException] = []

    def failing(event: Event) -> None:
        if isinstance(event, kind) and not raised:
            raised.append(error())
            raise raised[0]

    async def main() -> None:
        await runs[0]

    faults: FaultPlan = [FaultKind.RATE_ROLLING, FaultKind.RESET, FaultKind.TOO_LARGE]
    runs: list[Run] = []
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.get_loop().set_exception_handler(lambda *_: None)
        world = World(observers=[failing], faults=faults)
        runs.append(upsert(world, people(20), batch_size=5))
        try:
            runner.run(main())
        except BaseException as ended:
            assert isinstance(ended, error | HubbatchError)  # noqa: PT017 (whatever it is)
    counts = runs[0].outcome.counts
    assert counts.total == 20
    if not raised:
        assert counts.succeeded == 20


@virtual_time
async def test_one_that_is_slow_takes_time_and_changes_nothing() -> None:
    loop = cast("VirtualTimeLoop", asyncio.get_running_loop())
    seen: list[Event] = []

    def slow(event: Event) -> None:
        seen.append(event)
        loop.spend(0.5)

    async with World(observers=[slow]) as world:
        run = upsert(world, people(50), batch_size=5)
        assert (await run).ok
    check_events(seen, run)
    assert loop.time() > 0.5 * len(seen)


@virtual_time
async def test_one_may_stop_the_run_it_hears_of() -> None:
    tasks: list[asyncio.Task[None]] = []

    def stop(event: Event) -> None:
        if isinstance(event, RequestSent) and not tasks:
            tasks.append(asyncio.ensure_future(run.stop()))

    async with World(observers=[stop]) as world:
        run = upsert(world, people(5_000), batch_size=5)
        outcome = await run
        assert 0 < outcome.counts.unsent < 5_000
        await asyncio.gather(*tasks)


@pytest.mark.parametrize("observers", [print, "print", 7, None, [None], ["print"], [asyncio.sleep]])
def test_what_cannot_receive_an_event_is_refused(observers: Any) -> None:
    with pytest.raises(UsageError, match="observer"):
        Client("made-up", observers=observers)


def test_a_coroutine_behind_a_call_is_refused_too() -> None:
    class Slow:
        async def __call__(self, event: Event) -> None: ...

    with pytest.raises(UsageError, match="no coroutine"):
        Client("made-up", observers=[Slow()])


# The name


@pytest.mark.parametrize(
    "name", ["", "  ", "a\nb", "a\x1b[2J", "x" * 101, 7, b"a", "\u202eevil", "a\u2028b"]
)
def test_a_name_that_is_no_short_printable_text_is_refused(name: Any) -> None:
    with pytest.raises(UsageError, match="printable text of at most 100 characters"):
        Client("made-up", name=name)


@virtual_time
async def test_a_name_stands_in_what_is_shown_and_in_errors() -> None:
    async with World(name="Müller & Co") as world:
        assert repr(world.client).startswith("<Client 'Müller & Co' of https://api.hubapi.com")
        run = upsert(world, people(3))
        assert repr(run) == "<Run upsert for 'Müller & Co': not started>"
        with pytest.raises(UsageError, match="the run for 'Müller & Co' has not started"):
            _ = run.progress
        await run
        with pytest.raises(UsageError, match="the run for 'Müller & Co' has started already"):
            run.start()
        going = upsert(world, people(3)).start()
    with pytest.raises(HubbatchError, match="the client 'Müller & Co' was closed") as raised:
        await going
    assert "in run" in "".join(traceback.format_exception(raised.value))
    with pytest.raises(UsageError, match="the client 'Müller & Co' is closed"):
        upsert(world, people(3))


@virtual_time
async def test_warnings_and_cancellations_name_the_client_of_the_run() -> None:
    async with World(name="account 7") as world:
        with pytest.warns(RuntimeWarning, match=r"upsert\(\) for 'account 7' was never started"):
            upsert(world, people(3))
        run = upsert(world, people(3))

        async def block() -> None:
            async with run:
                await asyncio.sleep(9)

        task = asyncio.ensure_future(block())
        await asyncio.sleep(0.01)
        waiting = asyncio.ensure_future(run.wait())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(HubbatchError, match="waited for the run for 'account 7' was cancelled"):
            await waiting


@virtual_time
async def test_what_ends_a_run_says_in_a_note_whose_it_was() -> None:
    async with World(name="account 7", faults=[FaultKind.INVALID_TOKEN] * 9) as world:
        run = upsert(world, people(3))
        for _ in range(2):
            with pytest.raises(HubbatchError) as raised:
                await run
        assert raised.value.__notes__ == [f"in run {run.id}, upsert for 'account 7'"]


@virtual_time
async def test_runs_have_numbers_of_their_own_over_all_clients() -> None:
    async with World() as first, World() as second:
        runs = [upsert(world, people(1)) for world in (first, second, first)]
        assert len({run.id for run in runs}) == 3
        for run in runs:
            await run


# Clients that share a limiter


def held(seen: list[Event]) -> list[float]:
    return [event.seconds for event in seen if isinstance(event, QuotaHold)]


@virtual_time
async def test_clients_that_share_a_limiter_are_each_reported_a_hold_once() -> None:
    limiter = RateLimiter()
    seen: dict[str, list[Event]] = {"a": [], "b": [], "c": []}
    clients = {
        name: Client("made-up", rate_limit=limiter, observers=[seen[name].append], name=name)
        for name in seen
    }
    limiter.hold(10.0)
    await asyncio.sleep(0.5)
    limiter.hold(10.0)  # of the same flight
    assert [held(each) for each in seen.values()] == [[10.0]] * 3
    assert {event.client for event in seen["b"]} == {"b"}
    await clients.pop("c").aclose()
    await asyncio.sleep(20)
    limiter.hold(10.0)
    assert [held(each) for each in seen.values()] == [[10.0, 10.0], [10.0, 10.0], [10.0]]
    for client in clients.values():
        await client.aclose()


@virtual_time
async def test_a_limiter_keeps_no_client_that_is_gone() -> None:
    limiter = RateLimiter()
    for _ in range(3):
        await Client("made-up", rate_limit=limiter).aclose()
    assert len(limiter._listeners) == 0


@virtual_time
async def test_a_limit_is_reported_when_it_is_learned_and_not_again() -> None:
    seen: list[Event] = []
    rate = RateLimit(150, 10.0)
    async with World(observers=[seen.append], client_rate=None, rate_limit=rate) as world:
        assert (await upsert(world, people(500))).ok
    learned = [event for event in seen if isinstance(event, LimitLearned)]
    assert [(event.before, event.limit) for event in learned] == [(RateLimit(100, 10.0), rate)]


# Tokens


@virtual_time
async def test_a_token_that_is_renewed_is_reported_without_it() -> None:
    seen: list[Event] = []
    tokens = iter(["secret-one", "secret-one", "secret-two"])
    given = ""

    async def provider() -> str:
        nonlocal given
        given = next(tokens, given)
        return given

    def faults(request: Any) -> FaultKind | None:
        old = request.headers["Authorization"] == "Bearer secret-one"
        return FaultKind.EXPIRED_TOKEN if old and request.at > 0.01 else None

    async with World(observers=[seen.append], token=provider, faults=faults) as world:
        for _ in range(2):
            await upsert(world, people(1))
    renewed = [event for event in seen if isinstance(event, TokenRenewed)]
    assert [event.refused for event in renewed] == [True]
    assert "secret" not in repr(seen)


# Ends

RunEnd = Callable[[World], Any]


def raising() -> Any:
    yield from people(3)
    raise ZeroDivisionError("p1@example.com")


def slip(_: object) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("reason", "error", "options"),
    [
        ("exhausted", None, {}),
        ("stopped", None, {"deadline": 0.001}),
        ("stopped", None, {"max_failures": 1}),
        ("callback", "ZeroDivisionError", {"on_progress": slip}),
        ("source", "ZeroDivisionError", {"source": raising}),
    ],
)
@virtual_time
async def test_a_runs_end_says_what_ended_it(
    reason: str, error: str | None, options: dict[str, Any]
) -> None:
    seen: list[Event] = []
    source = options.pop("source", lambda: [{}, *people(2_000)])
    async with World(observers=[seen.append]) as world:
        run = upsert(world, source(), **options)
        await asyncio.gather(run, return_exceptions=True)
    check_events(seen, run)
    ended = seen[-1]
    assert isinstance(ended, RunEnded)
    assert (ended.reason, ended.error) == (reason, error)
    assert ended.seconds == run.progress.elapsed
    assert (ended.requests, ended.retries) == (run.progress.requests, run.progress.retries)
    assert "example" not in repr(seen)


@virtual_time
async def test_a_run_that_is_cancelled_before_it_begins_has_its_two_events() -> None:
    seen: list[Event] = []
    world = World(observers=[seen.append], client_rate=UNLIMITED)
    run = upsert(world, people(3)).start()
    await world.client.aclose()
    check_events(seen, run)
    assert isinstance(ended := seen[-1], RunEnded)
    assert (ended.reason, ended.error) == ("cancelled", "HubbatchError")
    assert ended.counts.unsent == 3
