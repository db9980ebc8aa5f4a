"""From a caller's pair to one that HubSpot can take: with its kinds of association, and its ends by record id.

Both may have to be asked for first: what a label means, and which records have some unique values.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from attrs import define, field, frozen

from hubbatch._batches.problems import is_systemic
from hubbatch._records.pairs import pair_of
from hubbatch._records.values import InvalidRecordError, NotNowError
from hubbatch._states import RecordOutcome
from hubbatch.errors import UsageError
from hubbatch.models import OBJECT_NOT_FOUND, ObjectResult, RecordStatus
from hubbatch.run import Run

__all__ = ["End", "Pairing", "ReadByKey"]

ReadByKey = Callable[[str, Iterable[str], str], Run]
"""Reads records: an object type, values of a unique property, and this."""

_MOST_KNOWN = 20_000
"""Values of an end that are remembered: a company may be in many pairs."""


@frozen
class _NotFound:
    """There is no such record."""


@frozen
class _Refused:
    """The service refused to look it up."""

    category: str


@frozen
class _InDoubt:
    """It could not be found out."""


_Found = str | _NotFound | _Refused | _InDoubt


@define(eq=False)
class End:
    """One end of all pairs: which records there have which values of a unique property."""

    name: str
    """`from` or `to`."""
    object_type: str
    id_property: str
    _read: ReadByKey
    _known: dict[str, _Found] = field(factory=dict)
    _before: dict[str, _Found] = field(factory=dict)
    """What was found before that: a record may be held back until others have been asked about."""

    async def look_up(self, pairs: Iterable[Any]) -> None:
        """Find the records at this end of some pairs."""
        if len(self._known) > _MOST_KNOWN:
            self._before, self._known = self._known, {}
        values = dict.fromkeys(self._value(pair) for pair in pairs)
        self._known |= {value: self._before[value] for value in values if value in self._before}
        unknown = [value for value in values if value not in self._known]
        if unknown:
            outcome = await self._read(self.object_type, unknown, self.id_property)
            for error in filter(is_systemic, outcome.errors):  # whatever the value
                raise UsageError(f"{self}: the service looks none up by it: {error.message}")
            for value, record in zip(unknown, outcome.records, strict=True):
                self._known[value] = _found(record)

    def id_of(self, pair: Mapping[str, Any]) -> str | None:
        """Return the id of the record at this end of a pair; None if there is none.

        Raises `InvalidRecordError` where that is not known.
        """
        value = self._value(pair)
        found = self._known.get(value) or self._before.get(value, _InDoubt())
        if isinstance(found, _InDoubt):
            raise NotNowError(f"{self}: it could not be found out which record that is")
        if isinstance(found, _Refused):
            raise InvalidRecordError(f"{self}: the service refused to look it up: {found.category}")
        return found if isinstance(found, str) else None

    def __str__(self) -> str:
        return f"{self.name!r}, a record of {self.object_type} by {self.id_property!r}"

    def _value(self, pair: Mapping[str, Any]) -> str:
        return str(pair[self.name]["id"]).strip()


def _found(record: RecordOutcome[ObjectResult]) -> str | _NotFound | _Refused | _InDoubt:
    if record.status is RecordStatus.SUCCEEDED and record.result is not None:
        return record.result.id
    if record.status is RecordStatus.FAILED and record.error is not None and not record.retryable:
        missing = record.error.category == OBJECT_NOT_FOUND
        return _NotFound() if missing else _Refused(record.error.category)
    return _InDoubt()


@define(eq=False)
class Pairing:
    """What a run does with its pairs before they are sent.

    `ends`: those that are named by unique values. `find_types`: asks for the kinds of association, where a `label`
    stands for them.
    """

    types: list[dict[str, Any]] | None
    ends: tuple[End, ...]
    label: str | None = None
    find_types: Callable[[], Awaitable[list[dict[str, Any]]]] | None = None
    described: Mapping[str, Any] = field(init=False)
    """What was given for it."""

    def __attrs_post_init__(self) -> None:
        """Keep what was given: types may be found later."""
        named = {f"{end.name}_id_property": end.id_property for end in self.ends}
        self.described = {"types": self.types, "label": self.label, **named}

    @property
    def asks(self) -> bool:
        """Whether something has to be asked for first."""
        return bool(self.ends) or self.find_types is not None

    async def prepare(self, records: list[Any]) -> None:
        """Ask for what has to be known of some pairs."""
        if self.find_types is not None and self.types is None:
            self.types = await self.find_types()
        pairs = [pair for record in records if (pair := _readable(record)) is not None]
        raised = await asyncio.gather(
            *(end.look_up(pairs) for end in self.ends), return_exceptions=True
        )
        for error in raised:
            if error is not None:
                raise error

    def __call__(self, record: Any) -> dict[str, Any]:
        """Return a pair as HubSpot has it; raise `InvalidRecordError` for one that cannot be sent."""
        pair = dict(pair_of(record))  # the record is the caller's
        if self.types is not None and not pair.get("types"):
            pair["types"] = self.types
        missing = []
        for end in self.ends:
            record_id = end.id_of(pair)
            if record_id is None:
                missing.append(str(end))
            else:
                pair[end.name] = {"id": record_id}
        if missing:
            raise InvalidRecordError(f"there is no such record: {'; and '.join(missing)}")
        return pair


def _readable(record: Any) -> dict[str, Any] | None:
    """Return a pair; None for what is none, which is refused when it is taken in."""
    try:
        return pair_of(record)
    except Exception:  # a record's own code may raise anything
        return None
