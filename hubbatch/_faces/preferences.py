"""`client.preferences`: to which messages subscribers have said yes, and that they want none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from attrs import frozen

from hubbatch._faces.starting import Records, StartRun
from hubbatch._options import RunOptions
from hubbatch._records.mapping import as_mapping
from hubbatch.endpoints import preferences
from hubbatch.errors import UsageError
from hubbatch.models import RowResult
from hubbatch.run import Run

__all__ = ["Preferences"]


class Preferences:
    """The communication preferences of subscribers, who are named by e-mail address.

    Every call returns a `Run` and takes the options of the verbs. `channel`: HubSpot has `"EMAIL"` so far.
    `business_unit_id`: the brand that is meant, in an account that has several.
    """

    def __init__(self, start: StartRun) -> None:
        self._start = start

    def __repr__(self) -> str:
        return "<Preferences>"

    def read(
        self,
        subscribers: Records,
        *,
        channel: str = "EMAIL",
        business_unit_id: str | int | None = None,
        **options: Unpack[RunOptions],
    ) -> Run[RowResult]:
        """Read the statuses of subscribers, one for each subscription; up to 100 subscribers a request."""
        query = _query(channel, business_unit_id)
        return self._start(preferences.PREFERENCES_READ, {}, subscribers, options, query=query)

    def write(
        self, statuses: Records, *, channel: str = "EMAIL", **options: Unpack[RunOptions]
    ) -> Run[RowResult]:
        """Set statuses, each of one subscriber for one subscription; up to 100 a request.

        A status is a mapping as HubSpot has it: `subscriberIdString`, `subscriptionId`, `statusState` (`"SUBSCRIBED"`,
        `"UNSUBSCRIBED"`), and `legalBasis` where that is wanted. Its own `channel` comes before that of the call.
        """
        convert = _WithChannel(_channel(channel))
        return self._start(preferences.PREFERENCES_WRITE, {}, statuses, options, convert=convert)

    def unsubscribe_all(
        self,
        subscribers: Records,
        *,
        channel: str = "EMAIL",
        business_unit_id: str | int | None = None,
        **options: Unpack[RunOptions],
    ) -> Run[RowResult]:
        """Unsubscribe from everything; up to 100 subscribers a request."""
        row, query = preferences.PREFERENCES_UNSUBSCRIBE_ALL, _query(channel, business_unit_id)
        return self._start(row, {}, subscribers, options, query=query)

    def unsubscribed(
        self,
        subscribers: Records,
        *,
        channel: str = "EMAIL",
        business_unit_id: str | int | None = None,
        **options: Unpack[RunOptions],
    ) -> Run[RowResult]:
        """Read whether subscribers have unsubscribed from everything; up to 100 a request."""
        row, query = preferences.PREFERENCES_UNSUBSCRIBED_READ, _query(channel, business_unit_id)
        return self._start(row, {}, subscribers, options, query=query)


@frozen
class _WithChannel:
    channel: str

    @property
    def described(self) -> Mapping[str, str]:
        """What was given for it."""
        return {"channel": self.channel}

    def __call__(self, record: Any) -> Any:
        """Return a status that says its channel."""
        mapping = as_mapping(record)
        return record if mapping is None else {"channel": self.channel, **mapping}


def _channel(channel: object) -> str:
    if not isinstance(channel, str) or not channel.strip():
        raise UsageError(f"channel must be a channel's name, such as 'EMAIL', not {channel!r}")
    return channel


def _query(channel: object, business_unit_id: str | int | None) -> Mapping[str, object]:
    query: dict[str, object] = {"channel": _channel(channel)}
    if business_unit_id is not None:
        query["businessUnitId"] = business_unit_id
    return query
