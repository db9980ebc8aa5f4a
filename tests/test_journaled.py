"""journal= of every call: the same call with the same file goes on, whatever became of the process before."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from support import UNLIMITED, World, drip, people

from hubbatch import Client, Counts, RecordStatus, Reply, Run, UsageError
from hubbatch._clock import now
from hubbatch.endpoints import UPSERT
from hubbatch.endpoints.objects import OBJECTS_MERGE
from hubbatch.journal import Journal, JournalError
from hubbatch.sandbox import FaultKind, Options, Service
from hubbatch.testing import SandboxTransport, ScriptedTransport, virtual_time

TYPE = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}
CONTACTS, COMPANIES = range(101, 200), range(200, 250)
"""Ids of what `fill` makes."""
PAIRS = [(str(contact), str(contact + 99)) for contact in CONTACTS[:29]]
TWINS = [(str(contact), str(contact + 50)) for contact in CONTACTS[:29]]

CALLS: list[tuple[str, Callable[[Client, Any], Run[Any]]]] = [
    ("create", lambda c, j: c.create("contacts", people(30), journal=j)),
    (
        "create unique",
        lambda c, j: c.create("contacts", people(30), unique_property="email", journal=j),
    ),
    ("upsert", lambda c, j: c.upsert("contacts", people(30), id_property="email", journal=j)),
    (
        "upsert streamed",
        lambda c, j: c.upsert("contacts", drip(people(30)), id_property="email", journal=j),
    ),
    ("read", lambda c, j: c.read("contacts", CONTACTS[:29], journal=j)),
    ("archive", lambda c, j: c.archive("contacts", CONTACTS[:29], journal=j)),
    (
        "batch",
        lambda c, j: c.batch(
            UPSERT, people(30), object_type="contacts", id_property="email", journal=j
        ),
    ),
    (
        "associations",
        lambda c, j: c.associations("contacts", "companies").create_default(PAIRS, journal=j),
    ),
    ("merge", lambda c, j: c.merge("contacts", TWINS, journal=j)),
    ("gdpr", lambda c, j: c.gdpr_delete("contacts", CONTACTS[:29], journal=j)),
]


def fill(world: World) -> None:
    """Make contacts and companies, so that every one of the calls succeeds."""
    for object_type, ids in (("contacts", CONTACTS), ("companies", COMPANIES)):
        for number in ids:
            assert world.service.add(object_type, {"firstname": "x"}).id == str(number)


@pytest.mark.parametrize("call", [call for _, call in CALLS], ids=[name for name, _ in CALLS])
@virtual_time
async def test_what_was_done_is_not_done_again_whatever_the_call(
    call: Callable[[Client, Any], Run[Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("load") / "load.journal"
    async with World() as world:
        fill(world)
        outcome = await call(world.client, path)
        sent = len(world.bodies())
        again = await call(world.client, Journal(path))
    assert outcome.counts.succeeded == outcome.counts.total in {29, 30}
    assert again.counts == again.earlier == outcome.counts
    assert len(world.bodies()) == sent > 0


@virtual_time
async def test_other_types_or_ends_of_pairs_are_another_load(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("load") / "load.journal"
    async with World() as world:
        fill(world)
        links = world.client.associations("contacts", "companies")
        outcome = await links.create(PAIRS, types=[TYPE], journal=path)
        assert outcome.ok
        sent = len(world.bodies())
        others: list[dict[str, Any]] = [
            {"types": [{**TYPE, "associationTypeId": 1}]},
            {"label": "Billing"},
            {"types": [TYPE], "to_id_property": "domain"},
        ]
        for options in others:
            with pytest.raises(UsageError, match="it was begun with other record options"):
                await links.create(PAIRS, journal=path, **options)
        assert (await links.create(PAIRS, types=[TYPE], journal=path)).earlier == outcome.counts
    assert len(world.bodies()) == sent


@virtual_time
async def test_another_account_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("load") / "load.journal"
    for portal_id in (1, 2):
        async with World(portal_id=portal_id) as world:
            run = world.client.upsert("contacts", people(5), id_property="email", journal=path)
            if portal_id == 1:
                assert (await run).ok
            else:
                with pytest.raises(UsageError, match="its account is 1, here it is 2"):
                    await run
                assert not world.bodies()


@virtual_time
async def test_an_account_that_does_not_say_who_it_is_is_no_reason_to_stop(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("load") / "load.journal"
    async with World(faults=[FaultKind.RESET_AFTER_WRITE, None, None]) as world:
        call = CALLS[2][1]
        assert (await call(world.client, path)).ok
        assert (await call(world.client, path)).earlier.total == 30
        assert [request.path for request in world.service.requests if not request.body] == [
            "/account-info/v3/details"
        ] * 2


@virtual_time
async def test_two_runs_at_a_time_cannot_have_one_journal(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("load") / "load.journal"
    async with World(latency=1.0) as world:
        first = CALLS[2][1](world.client, path).start()
        await asyncio.sleep(1.5)
        second = CALLS[2][1](world.client, path)
        with pytest.raises(JournalError, match="in use"):
            await second
        assert second.outcome.counts == Counts(30, unsent=30)
        assert (await first.wait()).ok


@pytest.mark.parametrize("unique", [True, False])
@virtual_time
async def test_a_load_goes_on_with_nothing_but_the_file(
    unique: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The file is copied at some moments, as the power's failure would leave it; each copy has to do."""
    folder = tmp_path_factory.mktemp("load")
    records = people(400)
    options: Any = {"unique_property": "email"} if unique else {}

    def client_of(transport: SandboxTransport) -> Client:
        return Client(
            "made-up",
            rate_limit=UNLIMITED,
            max_concurrency=3,
            transport=transport,
            clock=lambda: time.time() + now(),
            random=random.Random(0).random,
        )

    for number in range(3):
        service = Service(Options(latency=0.5, rate_limit=None))
        transport = SandboxTransport(service)
        client = client_of(transport)
        here, there = folder / f"{number}", folder / f"{number}-copy"
        here.mkdir()
        run = client.create(
            "contacts", records, batch_size=10, journal=here / "journal", **options
        ).start()
        await asyncio.sleep(1.2 + 0.7 * number)
        shutil.copytree(here, there)
        stored = len(service.objects("contacts"))
        assert 0 < stored < len(records)
        task = run.abort(UsageError("the power has failed"))
        assert task is not None
        await asyncio.wait([task])
        await client.aclose()
        stored = len(service.objects("contacts"))
        async with client_of(transport) as client:
            outcome = await client.create(
                "contacts",
                records,
                batch_size=10,
                keep="all",
                journal=there / "journal",
                **options,
            )
        assert outcome.counts.total == len(records)
        assert 0 < outcome.earlier.succeeded < stored
        emails = Counter(each.properties["email"] for each in service.objects("contacts").values())
        assert max(emails.values()) == 1
        assert outcome.counts.unknown <= (0 if unique else 80)
        for record in outcome.records:
            assert record.status in {RecordStatus.SUCCEEDED, RecordStatus.UNKNOWN}
            if record.status is RecordStatus.SUCCEEDED:
                assert record.input["email"] in emails
        if unique:
            assert outcome.ok


@virtual_time
async def test_merges_in_doubt_are_not_repeated(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("load") / "load.journal"
    journal = Journal(path)
    load = {"endpoint": OBJECTS_MERGE.name}
    await journal.begin(load)
    await journal.before_sending([0, 2])
    await journal.end(complete=False)
    transport = ScriptedTransport(lambda _: Reply(200, {}, b'{"id": "7"}'))
    async with Client("made-up", transport=transport) as client:
        outcome = await client.merge("contacts", PAIRS[:4], journal=Journal(path))
    statuses = [record.status.name for record in outcome.records]
    assert statuses == ["UNKNOWN", "SUCCEEDED", "UNKNOWN", "SUCCEEDED"]
    assert [request.method for request in transport.requests] == ["GET", "POST", "POST"]


class Nameless(dt.tzinfo):
    """A zone as a caller may make it: nothing says what it is called."""

    def utcoffset(self, _: dt.datetime | None) -> dt.timedelta:
        return dt.timedelta(hours=1)

    def dst(self, _: dt.datetime | None) -> None:
        return None

    def tzname(self, _: dt.datetime | None) -> None:
        return None


@virtual_time
async def test_a_time_zone_without_a_name_is_the_same_in_each_process(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("load") / "load.journal"
    records = [{"email": "a@b.cz", "since": dt.datetime(2026, 1, 1)}]
    async with World() as world:
        for zone in (Nameless(), Nameless()):  # at another place in memory
            outcome = await world.client.upsert(
                "contacts", records, id_property="email", timezone=zone, journal=path
            )
            assert outcome.ok
        with pytest.raises(UsageError, match=r"its timezone is .*Nameless.*, here it is UTC"):
            await world.client.upsert(
                "contacts", records, id_property="email", timezone=dt.UTC, journal=path
            )
