"""What a journaled call is about, in words that another process can compare, and how much of it may be under way.

It knows nothing of how a journal compares them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson

from hubbatch._batches.batch import Batch
from hubbatch._engine.reporter import RunReporter, run_numbers
from hubbatch._engine.sender import (
    Carrier,
    ClientResources,
    Prepared,
    RequestSender,
    note_nothing,
)
from hubbatch._protocol.exchange import Request
from hubbatch._records.call import Call, Described
from hubbatch._records.intake import Intake
from hubbatch.endpoints._listing import ACCOUNT_DETAILS
from hubbatch.errors import HubbatchError

__all__ = ["description_of", "most_batches"]

_MOST_BATCHES = 8
"""Batches under way at once of which nobody could find out what became of them if the process died."""


def most_batches(call: Call, intake: Intake) -> int | None:
    """Return how many batches of a run may be under way at once; None: any number."""
    if call.journal is None or (intake.doubt_can_be_settled and call.endpoint.stamp is None):
        return None
    return _MOST_BATCHES


async def description_of(call: Call, resources: ClientResources) -> Mapping[str, Any]:
    """Return what a call is about, as JSON has it; None is what is not known."""
    known: Mapping[str, Any] = orjson.loads(
        orjson.dumps(
            {
                "endpoint": call.endpoint.name,
                "path": call.path,
                "object_type": call.object_type,
                "input": call.endpoint.input,
                "id_property": call.id_property,
                "unique_property": call.unique_property,
                "missing": call.missing or "",
                "timezone": "" if call.timezone is None else _zone(call.timezone),
                "query": dict(call.query),
                "fields": dict(call.body_fields),
                "record_options": (
                    call.convert.described if isinstance(call.convert, Described) else {}
                ),
            },
            option=orjson.OPT_NON_STR_KEYS,
        )
    )
    return {**known, "account": await _account(call, resources)}


def _zone(zone: dt.tzinfo) -> str:
    """Return what a time zone is called; one without a name is known by its type, for its place in memory changes."""
    text = str(zone)
    if text != object.__repr__(zone):
        return text
    return f"{type(zone).__module__}.{type(zone).__qualname__}"


async def _account(call: Call, resources: ClientResources) -> int | None:
    """Return the id of the account; None if the service does not tell at the first try."""
    if resources.account.portal_id is not None:
        return resources.account.portal_id
    path = ACCOUNT_DETAILS.path("v3", {})
    order = Call(ACCOUNT_DETAILS, path, None, 1, object_type=call.object_type)
    reporter = RunReporter(resources.observers, next(run_numbers), order)
    sender = RequestSender(resources, note_nothing, reporter)
    request = Request(path, b"", {}, method="GET")
    try:
        answer = await sender.exchange(Carrier(Batch(())), ACCOUNT_DETAILS, Prepared(request))
    except HubbatchError:  # the run's own requests will say so, too
        return None
    response = answer.diagnosis.response
    portal_id = response.rows[0].fields.get("portalId") if response and response.rows else None
    if type(portal_id) is int:
        resources.account.portal_id = portal_id
    return resources.account.portal_id
