"""`client.campaigns`: marketing campaigns, created, read, changed and deleted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from hubbatch._faces.starting import Records, StartRun
from hubbatch._options import RunOptions, check_names
from hubbatch._records.mapping import as_mapping
from hubbatch._records.planning_ids import object_id
from hubbatch._records.values import InvalidRecordError, encode_value
from hubbatch.endpoints import campaigns
from hubbatch.errors import UsageError
from hubbatch.models import RowResult
from hubbatch.run import Run

__all__ = ["Campaigns"]

_RESULT_FIELDS = {"id", "properties", "createdAt", "updatedAt", "businessUnits", "assets"}
"""What a campaign that was read has: it may be given as it is, and what HubSpot sets itself is left out."""
_MOST_NAMED = 5


class Campaigns:
    """The campaigns of the account; up to 50 a request.

    Every call returns a `Run` and takes the options of the verbs.
    """

    def __init__(self, start: StartRun) -> None:
        self._start = start

    def __repr__(self) -> str:
        return "<Campaigns>"

    def create(self, records: Records, **options: Unpack[RunOptions]) -> Run[RowResult]:
        """Create a campaign for each record: a mapping of its properties, of which it needs `hs_name`.

        Results are found by the name, so two of one name never share a request. A create in doubt stays UNKNOWN.
        """
        return self._start(campaigns.CAMPAIGNS_CREATE, {}, records, options, convert=_created)

    def read(
        self,
        ids: Records,
        *,
        properties: Sequence[str] = (),
        start_date: dt.date | str | None = None,
        end_date: dt.date | str | None = None,
        **options: Unpack[RunOptions],
    ) -> Run[RowResult]:
        """Read campaigns with their assets, by their ids.

        `properties`: what to read. `start_date`, `end_date`: the days between which metrics of assets are counted.
        """
        given = {
            "properties": ",".join(check_names("properties", properties)),
            "startDate": _day("start_date", start_date),
            "endDate": _day("end_date", end_date),
        }
        query = {name: value for name, value in given.items() if value}
        return self._start(campaigns.CAMPAIGNS_READ, {}, ids, options, query=query)

    def update(self, records: Records, **options: Unpack[RunOptions]) -> Run[RowResult]:
        """Change properties of campaigns: each record is a mapping of them, with the campaign's `id`."""
        return self._start(campaigns.CAMPAIGNS_UPDATE, {}, records, options, convert=_changed)

    def archive(self, ids: Records, **options: Unpack[RunOptions]) -> Run[RowResult]:
        """Delete campaigns by their ids; one that is not there counts as deleted."""
        return self._start(campaigns.CAMPAIGNS_ARCHIVE, {}, ids, options)


def _created(record: Any) -> Any:
    mapping = as_mapping(record)
    return record if mapping is None else {"properties": _properties(mapping)}


def _changed(record: Any) -> Any:
    mapping = as_mapping(record)
    if mapping is None:
        return record
    properties = _properties({name: held for name, held in mapping.items() if name != "id"})
    return {"id": object_id(mapping.get("id"), None), "properties": properties}


def _properties(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the properties of a record, which may be in HubSpot's form: under `properties`."""
    nested = record.get("properties")
    given = nested if isinstance(nested, Mapping) else record
    more = set() if given is record else record.keys() - _RESULT_FIELDS
    if more:
        names = ", ".join(map(repr, sorted(map(str, more))[:_MOST_NAMED]))
        raise InvalidRecordError(
            f"a campaign takes nothing beside 'properties', but has {names}: put it among the properties"
        )
    encoded = {name: encode_value(value) for name, value in given.items()}
    return {name: value for name, value in encoded.items() if value is not None}


def _day(option: str, day: dt.date | str | None) -> str:
    if day is None:
        return ""
    if isinstance(day, str):
        try:
            day = dt.date.fromisoformat(day)
        except ValueError:
            raise UsageError(f"{option} must be a day such as '2026-01-31', not {day!r}") from None
    if isinstance(day, dt.datetime) or not isinstance(day, dt.date):
        raise UsageError(f"{option} must be a day such as '2026-01-31', not {day!r}")
    return day.isoformat()
