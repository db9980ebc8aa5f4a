"""The properties of one object type, as a client is asked for them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Unpack

from hubbatch._calls import plan_properties
from hubbatch._clock import now
from hubbatch._engine.schemas import account_schema
from hubbatch._engine.sender import ClientResources
from hubbatch._faces.starting import Records, StartRun
from hubbatch._options import RunOptions
from hubbatch.endpoints import properties
from hubbatch.models import RowResult
from hubbatch.run import Run
from hubbatch.schema import Property, Schema

__all__ = ["Properties"]


class Properties:
    """The properties of one object type in the client's account."""

    def __init__(
        self,
        api_version: str,
        object_type: str,
        share: Callable[[], ClientResources],
        start: StartRun,
    ) -> None:
        self._order = plan_properties(api_version, object_type)
        self._archived = plan_properties(api_version, object_type, archived=True)
        self._share = share
        self._start = start
        self._path = {"object_type": object_type}

    def __repr__(self) -> str:
        return f"<Properties of {self._order.object_type!r}>"

    async def all(self, *, refresh: bool = False, archived: bool = False) -> Schema:
        """Return all properties: fetched once for a client, and anew with `refresh`.

        `archived`: those that are archived instead. The request waits for the quota and is repeated like any other.
        Raises `PermissionDeniedError` where the token may not read them, and `UnknownObjectTypeError`.
        """
        resources = self._share()
        order = self._archived if archived else self._order
        return await account_schema(resources, order, newer_than=now() if refresh else -math.inf)

    def create(self, definitions: Records, **options: Unpack[RunOptions]) -> Run[RowResult]:
        """Create properties; up to 100 a request.

        A definition is a `Property`, or a mapping as HubSpot has it: `name`, `label`, `groupName`, `type`, `fieldType`.
        A create in doubt stays UNKNOWN; to look, use `all(refresh=True)`, which is also how new ones are seen.
        """
        row = properties.PROPERTIES_CREATE
        return self._start(row, self._path, definitions, options, convert=_definition)

    def read(
        self,
        names: Records,
        *,
        archived: bool = False,
        data_sensitivity: str = "non_sensitive",
        **options: Unpack[RunOptions],
    ) -> Run[RowResult]:
        """Read the definitions of some properties, by name; up to 100 a request. `all` reads every one in one.

        `archived`: those that are archived instead. `data_sensitivity`: `"sensitive"`, `"highly_sensitive"`.
        """
        fields = {"archived": bool(archived), "dataSensitivity": data_sensitivity}
        row = properties.PROPERTIES_READ
        return self._start(row, self._path, names, options, convert=_named, fields=fields)

    def archive(self, names: Records, **options: Unpack[RunOptions]) -> Run[RowResult]:
        """Archive properties, by name; up to 100 a request. One that is not there counts as archived."""
        row = properties.PROPERTIES_ARCHIVE
        return self._start(row, self._path, names, options, convert=_named)


_OF_HUBSPOT = ("calculated", "archived", "hubspotDefined", "modificationMetadata")
"""What HubSpot says of a property, and nobody else."""


def _definition(record: Any) -> Any:
    if not isinstance(record, Property):
        return record
    return {name: held for name, held in record.as_json().items() if name not in _OF_HUBSPOT}


def _named(record: Any) -> Any:
    if isinstance(record, Property):
        return {"name": record.name}
    return {"name": record} if isinstance(record, str) else record
