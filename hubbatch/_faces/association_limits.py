"""`client.associations(…).limits`: to how many records one may be associated by a type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

from hubbatch._faces.starting import Records, StartRun
from hubbatch._options import RunOptions
from hubbatch.endpoints import association_limits
from hubbatch.models import RowResult
from hubbatch.run import Run

__all__ = ["AssociationLimits"]


class AssociationLimits:
    """The limits of associations from records of one type to records of another; up to 100 a request.

    A limit is a mapping as HubSpot has it: `{"category": "HUBSPOT_DEFINED", "typeId": 279, "maxToObjectIds": 5}`.
    Every call returns a `Run` and takes the options of the verbs.
    """

    def __init__(self, start: StartRun, path: Mapping[str, str]) -> None:
        self._start = start
        self._path = path

    def __repr__(self) -> str:
        return f"<AssociationLimits from {self._path['from_object_type']} to {self._path['to_object_type']}>"

    def create(self, limits: Records, **options: Unpack[RunOptions]) -> Run[RowResult]:
        """Set limits for types of associations that have none."""
        row = association_limits.ASSOCIATION_LIMITS_CREATE
        return self._start(row, self._path, limits, options)

    def update(self, limits: Records, **options: Unpack[RunOptions]) -> Run[RowResult]:
        """Change the limits of types of associations."""
        row = association_limits.ASSOCIATION_LIMITS_UPDATE
        return self._start(row, self._path, limits, options)

    def purge(self, types: Records, **options: Unpack[RunOptions]) -> Run[RowResult]:
        """Take the limits from types of associations: mappings with `category` and `typeId`."""
        row = association_limits.ASSOCIATION_LIMITS_PURGE
        return self._start(row, self._path, types, options)
