"""`client.events`: occurrences of custom events."""

from __future__ import annotations

from typing import Any, Unpack

from hubbatch._faces.starting import Records, StartRun
from hubbatch._options import RunOptions
from hubbatch._records.mapping import as_mapping
from hubbatch._records.values import InvalidRecordError
from hubbatch.endpoints import events
from hubbatch.models import RowResult
from hubbatch.run import Run

__all__ = ["Events"]

_WHOSE = ("email", "utk", "objectId")


class Events:
    """The custom events of the account."""

    def __init__(self, start: StartRun) -> None:
        self._start = start

    def __repr__(self) -> str:
        return "<Events>"

    def send(self, occurrences: Records, **options: Unpack[RunOptions]) -> Run[RowResult]:
        """Send occurrences of custom events; up to 500 a request.

        An occurrence is a mapping as HubSpot has it: `eventName`; `email`, `utk` or `objectId`; `properties`,
        `occurredAt`. Each gets a `uuid` by which HubSpot knows one that comes again, so one in doubt is sent again.
        Give a `uuid` of yours to what you may send again in another run.

        HubSpot accepts events and carries them out later: SUCCEEDED means accepted, and there is no result.
        """
        return self._start(events.EVENTS_SEND, {}, occurrences, options, convert=_checked)


def _checked(record: Any) -> Any:
    """Return an occurrence that says whose it is: one that does not has HubSpot refuse all those sent with it."""
    mapping = as_mapping(record)
    if mapping is not None and not any(mapping.get(name) for name in _WHOSE):
        listed = ", ".join(map(repr, _WHOSE))
        raise InvalidRecordError(f"an event needs one of {listed}: they say whose it is")
    return record
