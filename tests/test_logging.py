"""The log: a line for each event at its level, with names and numbers, and never a value."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any, cast

import pytest
from support import World, people, upsert

from hubbatch import Counts, RateLimit, events
from hubbatch._logging import is_logged, log
from hubbatch._observers import Observers
from hubbatch.events import (
    BatchSplit,
    BreakerProbed,
    Event,
    LimitLearned,
    QuotaHold,
    RecordsNotTaken,
    RecordsSettled,
    RequestAnswered,
    RequestSent,
    RetryScheduled,
    RunEnded,
    RunStarted,
    SourceBlocked,
    TokenRenewed,
)
from hubbatch.sandbox import FaultKind
from hubbatch.testing import VirtualTimeLoop, virtual_time

RUN = 1.0, "account 7", 3, "upsert", "contacts"
CLIENT = 1.0, None
REQUEST = *RUN, 4, 100, 12, "read", "look_up", 2, 0.25
ID = "0b5a0b9e-7f07-4993-9211-075dc63e7cbf"
HEAD = "[account 7] run 3 (upsert contacts): "

LINES: list[tuple[Event, int, str]] = [
    (RunStarted(*RUN, 100), logging.DEBUG, f"{HEAD}started"),
    (
        RunEnded(*RUN, "exhausted", None, Counts(3, succeeded=2, failed=1), 4, 1, 12.34),
        logging.INFO,
        (
            f"{HEAD}ended (exhausted) after 12.3 s: 3 records: 2 succeeded, 1 failed, 0 unknown, 0 unsent;"
            " 4 requests, 1 retry"
        ),
    ),
    (
        RunEnded(*RUN, "source", "ZeroDivisionError", Counts(), 0, 0, 0.0),
        logging.INFO,
        f"{HEAD}ended (source, ZeroDivisionError) after 0.0 s: {Counts()}; 0 requests, 0 retries",
    ),
    (
        RecordsSettled(*RUN, (0, 1), (2,)),
        logging.DEBUG,
        f"{HEAD}settled 3 records: 2 succeeded, 1 failed, 0 unknown, 0 unsent",
    ),
    (
        RequestSent(*REQUEST),
        logging.DEBUG,
        f"{HEAD}request 12 to read (look_up), batch 4 of 100 inputs: attempt 2, sent after 0.250 s",
    ),
    (
        RequestAnswered(*REQUEST, "rejected", 400, ID, 0.5),
        logging.DEBUG,
        (
            f"{HEAD}request 12 to read (look_up), batch 4 of 100 inputs: rejected, HTTP 400 after 0.500 s,"
            f" correlation id {ID}"
        ),
    ),
    (
        RequestAnswered(*REQUEST, "lost", None, None, 60.0),
        logging.DEBUG,
        f"{HEAD}request 12 to read (look_up), batch 4 of 100 inputs: lost, no answer after 60.000 s",
    ),
    (
        RetryScheduled(*RUN, 4, 100, 2, "locked", 2.5),
        logging.DEBUG,
        f"{HEAD}batch 4 of 100 inputs, attempt 2: locked, sent again in 2.5 s",
    ),
    (
        BatchSplit(*RUN, 4, 100, "bisection", 2, whole=True),
        logging.WARNING,
        f"{HEAD}batch 4 of 100 inputs goes on in 2 parts: bisection",
    ),
    (
        BatchSplit(*RUN, 4, 50, "bisection", 2, whole=False),
        logging.DEBUG,
        f"{HEAD}batch 4 of 50 inputs goes on in 2 parts: bisection",
    ),
    (
        BatchSplit(*RUN, 4, 50, "probe", 2, whole=True),
        logging.DEBUG,
        f"{HEAD}batch 4 of 50 inputs goes on in 2 parts: probe",
    ),
    (
        SourceBlocked(*RUN, 0.1),
        logging.WARNING,
        (
            f"{HEAD}the source blocks the event loop: pulling from it takes more than 10% of the time; pass"
            " hubbatch.in_thread(source), or an async iterator"
        ),
    ),
    (
        RecordsNotTaken(*RUN, 100_000),
        logging.WARNING,
        (
            f"{HEAD}100000 settled records wait for somebody to take them: iterate over the run, or await it"
            " instead of entering it"
        ),
    ),
    (
        QuotaHold(*CLIENT, 31.0, "a reason"),
        logging.WARNING,
        "all requests are held for 31 seconds: a reason",
    ),
    (
        QuotaHold(*CLIENT, 30.0, "a reason"),
        logging.INFO,
        "all requests are held for 30 seconds: a reason",
    ),
    (
        LimitLearned(*CLIENT, RateLimit(190, 10.0), RateLimit(100, 10.0)),
        logging.DEBUG,
        "the quota is 190 requests in 10 seconds",
    ),
    (
        LimitLearned(*CLIENT, RateLimit(190, 60.0), RateLimit(100, 10.0)),
        logging.WARNING,
        "the quota's period is 60 seconds, by its headers: once it is used up, requests wait as long",
    ),
    (
        events.BreakerOpened(*CLIENT, "server_error", 1.0),
        logging.WARNING,
        "the service is broken (server_error): one request at a time probes it, all others wait",
    ),
    (
        BreakerProbed(*CLIENT, "lost", 7.25),
        logging.INFO,
        "the service is still broken (lost): it is probed again in 7.2 s",
    ),
    (
        events.BreakerClosed(1.0, "account 7"),
        logging.WARNING,
        "[account 7] the service works again; requests go on, few at first",
    ),
    (TokenRenewed(*CLIENT, refused=False), logging.INFO, "there is a new token"),
    (
        TokenRenewed(*CLIENT, refused=True),
        logging.INFO,
        "there is a new token: the service refused the last",
    ),
]


@pytest.mark.parametrize(("event", "level", "line"), LINES, ids=lambda item: type(item).__name__)
def test_an_event_has_one_line_at_its_level(
    event: Event, level: int, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(level, "hubbatch")
    assert is_logged(type(event))
    log(event)
    [record] = caplog.records
    assert (record.name, record.levelno, record.getMessage()) == ("hubbatch", level, line)
    caplog.clear()
    caplog.set_level(level + 1, "hubbatch")
    log(event)
    assert not caplog.records


def test_every_kind_of_event_has_a_line() -> None:
    kinds = {getattr(events, name) for name in events.__all__}
    assert {kind for kind in kinds if not kind.__subclasses__()} == {
        type(event) for event, _, _ in LINES
    }


async def troubled(name: str | None = None) -> None:
    """Carry out a run in which all sorts of things go wrong."""
    async with World(faults=[FaultKind.RESET, FaultKind.RATE_ROLLING], name=name) as world:
        records = [*people(20), {"email": "no address"}]
        assert (await upsert(world, records, batch_size=7)).counts.failed == 1


@pytest.mark.parametrize(
    ("level", "levels"),
    [
        (logging.DEBUG, {"DEBUG", "INFO", "WARNING"}),
        (logging.INFO, {"INFO", "WARNING"}),
        (logging.WARNING, {"WARNING"}),
        (logging.ERROR, set()),
    ],
)
@virtual_time
async def test_a_run_is_reported_down_to_the_level_and_never_by_values(
    level: int, levels: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(level, "hubbatch")
    await troubled("account 7")
    assert {record.levelname for record in caplog.records} <= levels
    assert ("DEBUG" in levels) == ("request 1 to upsert (send)" in caplog.text)
    assert ("INFO" in levels) == ("ended (exhausted)" in caplog.text)
    for record in caplog.records:
        assert record.getMessage().startswith("[account 7] ")
        assert "run" not in record.getMessage() or "(upsert contacts)" in record.getMessage()
    for value in ("example", "no address", "Person", "made-up"):
        assert value not in caplog.text


@virtual_time
async def test_the_level_may_change_in_the_middle(caplog: pytest.LogCaptureFixture) -> None:
    tell = Observers()
    for level, lines in ((logging.WARNING, 0), (logging.INFO, 1), (logging.WARNING, 1)):
        caplog.set_level(level, "hubbatch")
        tell(TokenRenewed, refused=False)
        assert len(caplog.records) == lines


@virtual_time
async def test_answers_are_reported_with_hubspots_correlation_id(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "hubbatch")
    await troubled()
    answered = [record.getMessage() for record in caplog.records if ", HTTP " in record.message]
    assert answered
    for line in answered:
        assert re.search(r", HTTP \d{3} after [\d.]+ s, correlation id [-0-9a-f]{36}$", line)


@virtual_time
async def test_a_source_that_blocks_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    loop = cast("VirtualTimeLoop", asyncio.get_running_loop())

    def source() -> Any:
        for person in people(20):
            loop.spend(0.05)
            yield person

    async with World(name="account 7") as world:
        run = upsert(world, source())
        assert (await run).ok
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"[account 7] run {run.id} (upsert contacts): the source blocks the")
