"""The properties of one object type, as a client is asked for them."""

from __future__ import annotations

import math
from collections.abc import Callable

from hubbatch._calls import plan_properties
from hubbatch._clock import now
from hubbatch._engine.schemas import account_schema
from hubbatch._engine.sender import ClientResources
from hubbatch.schema import Schema

__all__ = ["Properties"]


class Properties:
    """The properties of one object type in the client's account."""

    def __init__(
        self, api_version: str, object_type: str, share: Callable[[], ClientResources]
    ) -> None:
        self._order = plan_properties(api_version, object_type)
        self._archived = plan_properties(api_version, object_type, archived=True)
        self._share = share

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
