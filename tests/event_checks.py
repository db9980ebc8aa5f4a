"""What is true of the events of any run, whatever goes wrong in it."""

from __future__ import annotations

from collections.abc import Sequence

from hubbatch import Outcome, RecordStatus, Run
from hubbatch.events import (
    BreakerClosed,
    BreakerOpened,
    BreakerProbed,
    Event,
    RecordsSettled,
    RequestAnswered,
    RequestSent,
    RetryScheduled,
    RunEnded,
    RunEvent,
    RunStarted,
)


def check_events(events: Sequence[Event], run: Run) -> None:
    """Fail unless the events of a client tell the whole story of its one run, in order."""
    assert [event.at for event in events] == sorted(event.at for event in events)
    of_run = [event for event in events if isinstance(event, RunEvent)]
    assert {event.run for event in of_run} == {run.id}
    first, *_, last = of_run
    assert isinstance(first, RunStarted)
    assert isinstance(last, RunEnded)
    assert sum(isinstance(event, RunStarted | RunEnded) for event in of_run) == 2
    check_settled(of_run, run.outcome)
    assert last.counts == run.outcome.counts
    check_requests(of_run, last)
    check_breaker(events)


def check_settled(events: Sequence[Event], outcome: Outcome) -> None:
    """Fail unless each record is reported once, in the state that it has."""
    reported: dict[int, RecordStatus] = {}
    for event in events:
        if isinstance(event, RecordsSettled):
            assert event.counts.total > 0
            for status in RecordStatus:
                for position in getattr(event, status.lower()):
                    assert position not in reported
                    reported[position] = status
    assert reported == {record.index: record.status for record in outcome.records}


def check_requests(events: Sequence[Event], ended: RunEnded) -> None:
    """Fail unless each answer has its request, each retry its answer, and both are counted."""
    under_way: dict[int, RequestSent] = {}
    sent = retries = 0
    answered: RequestAnswered | None = None
    for event in events:
        if isinstance(event, RequestSent):
            sent += 1
            assert event.request == sent
            assert event.waited >= 0
            assert event.attempt > 0
            under_way[sent] = event
        elif isinstance(event, RequestAnswered):
            answered, request = event, under_way.pop(event.request)
            assert event.taken >= 0
            for name in ("batch", "inputs", "endpoint", "purpose", "attempt", "waited"):
                assert getattr(event, name) == getattr(request, name)
        elif isinstance(event, RetryScheduled):
            retries += 1
            assert event.wait >= 0
            if event.symptom != "not_sent":
                assert answered is not None
                assert (answered.batch, answered.symptom) == (event.batch, event.symptom)
    assert (sent, retries) == (ended.requests, ended.retries)


def check_breaker(events: Sequence[Event]) -> None:
    """Fail unless the circuit breaker opens, is probed, and closes, in turn."""
    is_open = False
    for event in events:
        if isinstance(event, BreakerOpened):
            assert not is_open
            is_open = True
        elif isinstance(event, BreakerProbed):
            assert is_open
        elif isinstance(event, BreakerClosed):
            assert is_open
            is_open = False
