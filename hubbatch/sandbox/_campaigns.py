"""The marketing campaigns of one account, by id. It knows nothing of requests."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Campaign", "Campaigns"]

_FIRST = 0x5A_0000_0000_4000_8000_0000_0000_0000
"""Ids are UUIDs, as HubSpot's are; here they count up, so that a test always sees the same."""


@define(eq=False)
class Campaign:
    """One campaign."""

    id: str
    properties: dict[str, str]
    created_at: str
    updated_at: str

    def as_json(self) -> dict[str, Any]:
        """Return the campaign as HubSpot shows it."""
        return {
            "id": self.id,
            "properties": dict(self.properties),
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "businessUnits": [],
        }


@define(eq=False)
class Campaigns:
    """All campaigns of an account."""

    by_id: dict[str, Campaign] = field(factory=dict)
    _made: int = 0

    def create(self, properties: Mapping[str, str], stamp: str) -> Campaign:
        """Add a campaign."""
        self._made += 1
        campaign_id = str(uuid.UUID(int=_FIRST + self._made))
        found = self.by_id[campaign_id] = Campaign(campaign_id, dict(properties), stamp, stamp)
        return found
