"""Events as lines in the log `hubbatch`, each with the client's name: an observer like any other.

A line holds what its event holds, so no property value, key or token. It knows nothing of other observers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from hubbatch._counted import counted
from hubbatch.events import (
    BatchEvent,
    BatchSplit,
    BreakerClosed,
    BreakerOpened,
    BreakerProbed,
    Event,
    LimitLearned,
    QuotaHold,
    RecordsNotTaken,
    RecordsSettled,
    RequestAnswered,
    RequestEvent,
    RequestSent,
    RetryScheduled,
    RunEnded,
    RunEvent,
    RunStarted,
    SourceBlocked,
    TokenRenewed,
)

__all__ = ["is_logged", "log", "log_failure"]

_log = logging.getLogger("hubbatch")

_NOTABLE = 30.0
"""Seconds from which on a hold, or a quota's period, is worth a warning: three of HubSpot's windows."""


def _ended(event: RunEnded) -> str:
    by = event.reason if event.error is None else f"{event.reason}, {event.error}"
    return (
        f"ended ({by}) after {event.seconds:.1f} s: {event.counts};"
        f" {counted(event.requests, 'request')}, {counted(event.retries, 'retry', 'retries')}"
    )


def _answered(event: RequestAnswered) -> str:
    status = "no answer" if event.status is None else f"HTTP {event.status}"
    about = "" if event.correlation_id is None else f", correlation id {event.correlation_id}"
    return f"{_request(event)}: {event.symptom}, {status} after {event.taken:.3f} s{about}"


def _request(event: RequestEvent) -> str:
    return f"request {event.request} to {event.endpoint} ({event.purpose}), {_batch(event)}"


def _batch(event: BatchEvent) -> str:
    return f"batch {event.batch} of {counted(event.inputs, 'input')}"


def _retry(event: RetryScheduled) -> str:
    again = f"sent again in {event.wait:.1f} s"
    return f"{_batch(event)}, attempt {event.attempt}: {event.symptom}, {again}"


def _learned(event: LimitLearned) -> str:
    limit = event.limit
    if _has_long_period(event):
        return (
            f"the quota's period is {limit.period:.0f} seconds, by its headers: once it is used up,"
            " requests wait as long"
        )
    return f"the quota is {counted(limit.max_requests, 'request')} in {limit.period:g} seconds"


def _has_long_period(event: LimitLearned) -> bool:
    return event.limit.period != event.before.period and event.limit.period > _NOTABLE


_Line = tuple[int, Callable[[Any], str]]

_LINES: Mapping[object, _Line] = {
    RunStarted: (logging.DEBUG, lambda _: "started"),
    RunEnded: (logging.INFO, _ended),
    RecordsSettled: (logging.DEBUG, lambda event: f"settled {event.counts}"),
    SourceBlocked: (
        logging.WARNING,
        lambda event: (
            "the source blocks the event loop: pulling from it takes more than"
            f" {event.share:.0%} of the time; pass hubbatch.in_thread(source), or an async iterator"
        ),
    ),
    RecordsNotTaken: (
        logging.WARNING,
        lambda event: (
            f"{event.records} settled records wait for somebody to take them: iterate over the run, or"
            " await it instead of entering it"
        ),
    ),
    RequestSent: (
        logging.DEBUG,
        lambda event: (
            f"{_request(event)}: attempt {event.attempt}, sent after {event.waited:.3f} s"
        ),
    ),
    RequestAnswered: (logging.DEBUG, _answered),
    RetryScheduled: (logging.DEBUG, _retry),
    BatchSplit: (
        logging.WARNING,
        lambda event: f"{_batch(event)} goes on in {event.parts} parts: {event.why}",
    ),
    QuotaHold: (
        logging.WARNING,
        lambda event: f"all requests are held for {event.seconds:.0f} seconds: {event.why}",
    ),
    LimitLearned: (logging.WARNING, _learned),
    BreakerOpened: (
        logging.WARNING,
        lambda event: (
            f"the service is broken ({event.symptom}): one request at a time probes it, all others wait"
        ),
    ),
    BreakerProbed: (
        logging.INFO,
        lambda event: (
            f"the service is still broken ({event.symptom}): it is probed again in"
            f" {event.wait:.1f} s"
        ),
    ),
    BreakerClosed: (
        logging.WARNING,
        lambda _: "the service works again; requests go on, few at first",
    ),
    TokenRenewed: (
        logging.INFO,
        lambda event: f"there is a new token{': the service refused the last' * event.refused}",
    ),
}
"""Of each kind of event the level, at the most, and the text."""

_LESS: Mapping[object, tuple[int, Callable[[Any], bool]]] = {
    BatchSplit: (logging.DEBUG, lambda event: not event.whole or event.why == "probe"),
    QuotaHold: (logging.INFO, lambda event: event.seconds <= _NOTABLE),
    LimitLearned: (logging.DEBUG, lambda event: not _has_long_period(event)),
}
"""The level of events that are worth less than others of their kind, and which these are."""


def is_logged(kind: object) -> bool:
    """Whether an event of a kind may be worth a line."""
    return _log.isEnabledFor(_LINES[kind][0])


def log(event: Event) -> None:
    """Write an event's line, if it is to be written."""
    level, text = _LINES[type(event)]
    if (less := _LESS.get(type(event))) is not None and less[1](event):
        level = less[0]
    if _log.isEnabledFor(level):
        _log.log(level, "%s", f"{_head(event)}{text(event)}")


def log_failure(name: str | None, what: str) -> None:
    """Write what has become of an observer."""
    _log.error("%s", f"{_of(name)}{what}")


def _head(event: Event) -> str:
    """Return what a line begins with: the client's name, and the run that it is about."""
    of = _of(event.client)
    if isinstance(event, RunEvent):
        return f"{of}run {event.run} ({event.verb} {event.object_type}): "
    return of


def _of(name: str | None) -> str:
    return "" if name is None else f"[{name}] "
