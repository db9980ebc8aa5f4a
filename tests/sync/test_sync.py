"""The synchronous face: the same verbs, outcomes and errors, without a loop of the caller's."""

from __future__ import annotations

import asyncio
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from support import UNLIMITED, people

import hubbatch
from hubbatch import AuthenticationError, DailyLimitError, Progress, UsageError, sync
from hubbatch.sandbox import Options, Service
from hubbatch.testing import SandboxTransport

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="a signal is sent to one thread")


@pytest.fixture
def service() -> Service:
    return Service(Options(rate_limit=None, latency=0.0))


@pytest.fixture
def client(service: Service) -> Iterator[sync.Client]:
    transport = SandboxTransport(service)
    with sync.Client("made-up", transport=transport, rate_limit=UNLIMITED) as client:
        yield client


def stored(service: Service) -> set[str]:
    return {each.properties["email"] for each in service.objects("contacts").values()}


def test_every_verb_returns_its_outcome(client: sync.Client) -> None:
    created = client.create("contacts", people(250), unique_property="email")
    assert created.counts.succeeded == 250
    ids = [result.id for result in created.results]
    assert client.upsert("contacts", people(3), id_property="email").ok
    assert client.update("contacts", [{"id": ids[0], "firstname": "Ada"}]).ok
    assert client.read("contacts", ids[:1]).results[0].properties["firstname"] == "Ada"
    assert client.batch(hubbatch.endpoints.READ, ids, object_type="contacts").ok
    assert client.archive("contacts", ids[:1]).ok
    assert client.gdpr_delete("contacts", ids[1:2]).ok


def test_arguments_are_those_of_the_asynchronous_verbs(client: sync.Client) -> None:
    assert client.upsert(object_type="contacts", records=iter(people(2)), id_property="email").ok
    with pytest.raises(UsageError, match="batch_size"):
        client.create("contacts", [], batch_size=0)
    with pytest.raises(UsageError, match="takes an iterable"):
        client.create("contacts", {"email": "a@x.com"})
    with pytest.raises(UsageError, match="takes an iterable"):
        client.create("contacts", "text")


def test_a_failure_is_in_the_outcome_and_an_error_of_the_account_is_raised(
    client: sync.Client,
) -> None:
    outcome = client.upsert("contacts", [{"firstname": "x"}, *people(1)], id_property="email")
    assert (outcome.counts.succeeded, outcome.counts.failed) == (1, 1)
    refusing = SandboxTransport(Service(Options(rate_limit=None, latency=0.0, token="another")))
    with (
        sync.Client("made-up", transport=refusing) as stranger,
        pytest.raises(AuthenticationError) as caught,
    ):
        stranger.upsert("contacts", people(3), id_property="email")
    assert caught.value.outcome is not None
    assert caught.value.outcome.counts.total == 3


def test_a_source_is_pulled_in_the_thread_that_calls(client: sync.Client) -> None:
    pulled_in = set()

    def rows() -> Iterator[dict[str, Any]]:
        for person in people(1_200):
            pulled_in.add(threading.get_ident())
            yield person

    assert client.upsert("contacts", rows(), id_property="email").counts.succeeded == 1_200
    assert pulled_in == {threading.get_ident()}


def test_a_cursor_that_belongs_to_its_thread_is_a_source(client: sync.Client) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("CREATE TABLE people (email, firstname)")
        connection.executemany("INSERT INTO people VALUES (:email, :firstname)", people(700))
        rows = connection.execute("SELECT * FROM people")
        assert client.upsert("contacts", rows, id_property="email").counts.succeeded == 700


def test_an_asynchronous_source_and_a_frame_are_sources(client: sync.Client) -> None:
    async def rows() -> AsyncIterator[dict[str, Any]]:
        for person in people(3):
            yield person

    assert client.upsert("contacts", rows(), id_property="email").ok
    pandas = pytest.importorskip("pandas")
    outcome = client.upsert("contacts", pandas.DataFrame(people(300)), id_property="email")
    assert outcome.counts.succeeded == 300


def test_what_a_source_raises_comes_out_as_it_is(client: sync.Client, service: Service) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield from people(150)
        raise LookupError("the table is gone")

    with pytest.raises(LookupError, match="the table is gone"):
        client.upsert("contacts", rows(), id_property="email")
    assert len(stored(service)) <= 150


def test_it_works_where_a_loop_runs(service: Service) -> None:
    """As in a notebook, whose cells are run within a loop."""

    async def cell() -> hubbatch.Outcome:
        with sync.Client("t", transport=SandboxTransport(service), rate_limit=UNLIMITED) as client:
            return client.upsert("contacts", iter(people(5)), id_property="email")

    assert asyncio.run(cell()).counts.succeeded == 5


def test_threads_share_a_client(client: sync.Client) -> None:
    outcomes: dict[int, hubbatch.Outcome] = {}

    def load(number: int) -> None:
        records = iter(people(300, start=1_000 * number))
        outcomes[number] = client.upsert("contacts", records, id_property="email")

    threads = [threading.Thread(target=load, args=[number]) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcomes[number].counts.succeeded for number in range(3)] == [300] * 3


def test_what_is_read_out_can_be_the_source_of_what_is_written(client: sync.Client) -> None:
    assert client.create("contacts", people(450)).ok
    changes = ({"id": each.id, "firstname": "Ada"} for each in client.scan("contacts"))
    assert client.update("contacts", changes).counts.succeeded == 450
    names = {
        each.properties["firstname"] for each in client.scan("contacts", properties=["firstname"])
    }
    assert names == {"Ada"}


def test_all_objects_are_read_out(client: sync.Client) -> None:
    assert client.create("contacts", people(450)).ok
    found = [contact.properties["email"] for contact in client.scan("contacts")]
    assert sorted(filter(None, found)) == sorted(person["email"] for person in people(450))
    some = client.search("contacts", query=None, properties=["email"])
    assert next(some).properties["email"] in found
    some.close()
    with pytest.raises(UsageError, match="page_size"):
        client.scan("contacts", page_size=0)


def test_whatever_the_asynchronous_client_has_can_be_carried_out(client: sync.Client) -> None:
    (person,) = client.create("contacts", people(1)).results
    (company,) = client.create("companies", [{"name": "Acme"}]).results
    linked = client.run(
        lambda client: client.associations("contacts", "companies").create_default(
            [(person.id, company.id)]
        )
    )
    assert linked.ok
    schema = client.run(lambda client: client.properties("contacts").all())
    assert "email" in schema


def interrupted_by(
    records: Callable[[], Iterator[Any]], client: sync.Client, **options: Any
) -> Any:
    with pytest.raises(KeyboardInterrupt) as caught:
        client.upsert("contacts", records(), id_property="email", **options)
    return caught.value


def endless() -> Iterator[dict[str, str]]:
    number = 0
    while True:
        yield people(1, start=number)[0]
        number += 1


def check_settled(error: Any, service: Service) -> None:
    assert isinstance(error, sync.RunInterruptedError)
    assert error.outcome is not None
    assert error.outcome.counts.unknown == 0
    done = {record.input["email"] for record in error.outcome.succeeded}
    assert done == stored(service)
    assert str(error.outcome.counts) in str(error)


def test_ctrl_c_while_the_source_is_pulled_stops_the_run_and_settles(
    client: sync.Client, service: Service
) -> None:
    def rows() -> Iterator[dict[str, str]]:
        for number, person in enumerate(endless()):
            if number == 1_100:
                raise KeyboardInterrupt
            yield person

    check_settled(interrupted_by(rows, client), service)
    assert client.upsert("contacts", people(3), id_property="email").ok


@POSIX
def test_ctrl_c_while_it_waits_stops_the_run_and_settles(
    client: sync.Client, service: Service
) -> None:
    main = threading.get_ident()
    struck: list[Progress] = []

    def strike(progress: Progress) -> None:
        if not struck:
            struck.append(progress)
            signal.pthread_kill(main, signal.SIGINT)

    error = interrupted_by(endless, client, on_progress=strike)
    check_settled(error, service)
    assert error.outcome.counts.succeeded >= 100


@POSIX
def test_a_second_ctrl_c_cancels_what_is_in_flight() -> None:
    main = threading.get_ident()

    def strike() -> None:
        signal.pthread_kill(main, signal.SIGINT)

    class Silent:
        """A service that takes every request and answers none."""

        async def send(self, *_: Any) -> Any:
            strike()
            asyncio.get_running_loop().call_later(0.05, strike)
            await asyncio.Event().wait()

    with sync.Client("made-up", transport=Silent(), rate_limit=UNLIMITED) as client:
        error = interrupted_by(lambda: iter(people(50)), client)
    assert error.outcome.counts.total == 50
    assert error.outcome.counts.succeeded == 0


@POSIX
def test_what_a_signal_raises_otherwise_stops_the_run_and_comes_out_as_it_is(
    client: sync.Client,
) -> None:
    class TimeoutOfATask(Exception):  # noqa: N818 (as another library may call it)
        pass

    def handler(number: int, frame: object) -> None:
        raise TimeoutOfATask

    def strike(progress: Progress) -> None:
        if not struck:
            struck.append(progress)
            signal.pthread_kill(main, signal.SIGUSR1)

    main, struck = threading.get_ident(), list[Progress]()
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with pytest.raises(TimeoutOfATask) as caught:
            client.upsert("contacts", people(20_000), id_property="email", on_progress=strike)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert "the run was stopped" in caught.value.__notes__[0]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_a_callback_that_ends_the_program_does_not_end_the_loop(
    client: sync.Client, kind: type[BaseException]
) -> None:
    def end(_: Progress) -> None:
        raise kind

    with pytest.raises(kind):
        client.upsert("contacts", people(300), id_property="email", on_progress=end)
    assert client.upsert("contacts", people(3), id_property="email").ok


def test_a_run_that_ends_early_leaves_the_rest_of_a_source(client: sync.Client) -> None:
    source = endless()
    outcome = client.upsert("contacts", source, id_property="email", deadline=0.2)
    assert outcome.counts.succeeded
    assert "email" in next(source)


def test_a_closed_client_says_so_and_closing_twice_is_fine(service: Service) -> None:
    client = sync.Client("t", transport=SandboxTransport(service))
    client.close()
    client.close()
    with pytest.raises(UsageError, match="the client is closed"):
        client.create("contacts", people(1))
    assert "closed" in repr(client)
    before = threading.active_count()
    with sync.Client("t", transport=SandboxTransport(service), rate_limit=UNLIMITED) as client:
        client.create("contacts", people(1))
        reading = client.scan("contacts")
        next(reading)
    assert threading.active_count() == before
    reading.close()


def test_a_client_that_its_own_loop_waits_for_is_an_error_and_no_standstill(
    client: sync.Client,
) -> None:
    said = []

    def note(_: Progress) -> None:
        for call in (lambda: client.read("contacts", ["1"]), client.close):
            with pytest.raises(UsageError, match="would wait for itself") as caught:
                call()
            said.append(caught.value)

    async def rows() -> AsyncIterator[dict[str, Any]]:
        with pytest.raises(UsageError, match="would wait for itself") as caught:
            client.read("contacts", ["1"])
        said.append(caught.value)
        yield people(1)[0]

    outcome = client.upsert("contacts", rows(), id_property="email", on_progress=note)
    assert outcome.ok
    assert len(said) >= 3


def test_a_process_that_was_forked_is_asked_to_make_a_client_of_its_own(
    client: sync.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread is not there any more: to wait for it would never end."""
    assert client.create("contacts", people(1)).ok
    with monkeypatch.context() as child:
        child.setattr("os.getpid", lambda: -1)
        with pytest.raises(UsageError, match="another process"):
            client.read("contacts", ["1"])
        client.close()  # the parent's is left alone
    assert client.read("contacts", ["101"]).ok


def test_a_reading_that_was_forgotten_keeps_no_program_from_ending() -> None:
    program = """
from hubbatch import sync
from hubbatch.sandbox import Options, Service
from hubbatch.testing import SandboxTransport

client = sync.Client("t", transport=SandboxTransport(Service(Options(rate_limit=None))))
assert client.create("contacts", [{"email": "a@x.com"}, {"email": "b@x.com"}]).ok
reading = client.scan("contacts")
print(next(reading).id)

def hold():
    with client:
        yield

held = hold()
next(held)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.split()


def test_ctrl_c_in_a_call_that_a_source_makes_accounts_for_the_run_that_it_feeds(
    client: sync.Client, service: Service
) -> None:
    """And not for the call, whose error tells of its own records only."""

    def struck() -> Iterator[str]:
        raise KeyboardInterrupt
        yield "1"

    def rows() -> Iterator[dict[str, Any]]:
        yield from people(1_100)
        client.read("contacts", struck())

    error = interrupted_by(rows, client)
    check_settled(error, service)
    assert error.outcome.counts.total > 0


def test_an_interruption_can_go_to_another_process(client: sync.Client) -> None:
    outcome = client.create("contacts", people(2))
    for given in (outcome, None):
        error = pickle.loads(pickle.dumps(sync.RunInterruptedError(given)))  # noqa: S301 (our own)
        assert error.outcome == given
        assert str(error) == str(sync.RunInterruptedError(given))


def test_a_wrong_option_is_named_at_once() -> None:
    with pytest.raises(UsageError, match="timeout"):
        sync.Client("made-up", timeout=0)


def test_a_single_call_needs_no_client(monkeypatch: pytest.MonkeyPatch, service: Service) -> None:
    class InMemory(hubbatch.Client):
        def __init__(self, token: str, **options: Any) -> None:
            assert token == "from-env"
            super().__init__(token, transport=SandboxTransport(service), rate_limit=UNLIMITED)

    monkeypatch.setattr(hubbatch, "Client", InMemory)
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "from-env")
    created = sync.create("contacts", people(2), unique_property="email")
    ids = [result.id for result in created.results]
    assert sync.upsert("contacts", iter(people(2)), id_property="email", token="from-env").ok
    assert sync.update("contacts", [{"id": ids[0], "firstname": "Ada"}]).ok
    assert sync.read("contacts", ids, properties=["firstname"]).results
    assert sync.archive("contacts", ids).ok
    monkeypatch.delenv("HUBSPOT_ACCESS_TOKEN")
    with pytest.raises(UsageError, match="HUBSPOT_ACCESS_TOKEN"):
        sync.create("contacts", [])


def test_errors_name_what_stopped_a_run(client: sync.Client) -> None:
    assert issubclass(sync.RunInterruptedError, KeyboardInterrupt)
    assert not issubclass(sync.RunInterruptedError, Exception)
    assert issubclass(DailyLimitError, hubbatch.HubbatchError)
    assert str(sync.RunInterruptedError(None)) == ""


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250, 449, 450])
@pytest.mark.parametrize("how", ["scan", "search"])
def test_a_reading_is_gone_on_with_after_the_object_that_was_given_last(
    client: sync.Client, how: str, count: int
) -> None:
    assert client.create("contacts", people(450)).ok
    read = getattr(client, how)
    with read("contacts", properties=["email"]) as first:
        taken = [next(first).id for _ in range(count)]
        cursor = first.cursor
    assert (cursor is None) is (count == 0)
    assert first.cursor == cursor
    rest = read("contacts", after=cursor)
    taken += [each.id for each in rest]
    assert taken == [each.id for each in client.scan("contacts")]
    assert not list(read("contacts", after=rest.cursor))
    assert first.total == (450 if how == "search" and count else None)


@POSIX
@pytest.mark.parametrize("how", ["error", "ctrl-c"])
def test_after_an_error_and_after_ctrl_c_the_cursor_tells_where_to_go_on(
    client: sync.Client, service: Service, how: str
) -> None:
    assert client.create("contacts", people(450)).ok
    everything = [each.id for each in client.scan("contacts")]
    main, sent = threading.get_ident(), list[Any]()

    class Breaking:
        """A service that is interrupted, or breaks, when the fourth page is asked for."""

        async def send(self, *given: Any) -> Any:
            sent.append(given)
            if len(sent) == 4 and how == "error":
                raise LookupError
            if len(sent) == 4:
                await asyncio.sleep(0.05)  # by then the thread that calls waits
                signal.pthread_kill(main, signal.SIGINT)
                await asyncio.Event().wait()
            return await SandboxTransport(service).send(*given)

    ids = list[str]()
    with sync.Client("t", transport=Breaking(), rate_limit=UNLIMITED) as other:
        reading = other.scan("contacts")
        with pytest.raises((LookupError, sync.RunInterruptedError)):
            ids.extend(each.id for each in reading)
    assert ids + [each.id for each in client.scan("contacts", after=reading.cursor)] == everything
    assert len(ids) >= 200


@POSIX
@pytest.mark.parametrize("as_run", [True, False])
def test_ctrl_c_in_run_stops_a_run_that_is_returned_and_cancels_a_coroutine(
    *, as_run: bool
) -> None:
    main, runs = threading.get_ident(), list[hubbatch.Run[Any]]()

    class Slow:
        """A service that is interrupted while it answers."""

        def __init__(self, service: Service) -> None:
            self._service = SandboxTransport(service)

        async def send(self, *given: Any) -> Any:
            await asyncio.sleep(0.05)  # by then the thread that calls waits
            signal.pthread_kill(main, signal.SIGINT)
            await asyncio.sleep(0.05)
            return await self._service.send(*given)

    def start(client: hubbatch.Client) -> hubbatch.Run[Any]:
        runs.append(client.upsert("contacts", people(50), id_property="email"))
        return runs[-1]

    async def wait(client: hubbatch.Client) -> hubbatch.Outcome:
        return await start(client)

    service = Service(Options(rate_limit=None, latency=0.0))
    with (
        sync.Client("t", transport=Slow(service), rate_limit=UNLIMITED) as client,
        pytest.raises(sync.RunInterruptedError) as caught,
    ):
        client.run(start if as_run else wait)
    assert runs[0].outcome.counts.total == 50
    if as_run:
        check_settled(caught.value, service)
    else:
        assert caught.value.outcome is None
        assert runs[0].done
        assert runs[0].outcome.counts.unsent == 50  # nothing of it had left
