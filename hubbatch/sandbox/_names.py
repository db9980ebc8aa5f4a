"""The object types that HubSpot has: their names, ids and aliases, and what holds for each of them.

Tables and nothing else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hubbatch.object_types import ObjectType

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CONTACTS",
    "OBJECT_TYPE_IDS",
    "REQUIRED",
    "SEARCHED",
    "SHOWN",
    "UNIQUE",
    "name_of",
    "server_made",
    "singular",
    "type_id_of",
]

CONTACTS: Final = ObjectType.CONTACTS.value
_WITHOUT_ID = ("contracts", "partner_clients", "partner_services")
"""Names that HubSpot's specifications have, and whose ids they do not tell."""
OBJECT_TYPE_IDS: Mapping[str, str] = {
    name.lower(): kind.value
    for name, kind in ObjectType.__members__.items()
    if kind.value not in _WITHOUT_ID
}
"""Names and ids of HubSpot's own object types."""

_SINGULARS = {"companies": "company", "taxes": "tax"}
_CUSTOM = re.compile(r"2-\d{1,20}|p_\w{1,100}", re.ASCII)

UNIQUE: Mapping[str, tuple[str, ...]] = {CONTACTS: ("email",)}
REQUIRED: Mapping[str, tuple[str, ...]] = dict.fromkeys(
    ("0-27", "0-46", "0-47", "0-48"), ("hs_timestamp",)
)
SHOWN: Mapping[str, tuple[str, ...]] = {
    CONTACTS: ("email", "firstname", "lastname"),
    "0-2": ("domain", "name"),
    "0-3": ("amount", "closedate", "dealname", "dealstage", "pipeline"),
}
SEARCHED: Mapping[str, tuple[str, ...]] = {
    CONTACTS: ("email", "firstname", "lastname", "phone", "company", "hs_additional_emails"),
    "0-2": ("website", "phone", "name", "domain"),
    "0-3": ("dealname", "pipeline", "dealstage", "description", "dealtype"),
    "0-5": ("subject", "content", "hs_pipeline_stage", "hs_ticket_category", "hs_ticket_id"),
    "0-7": ("name", "description", "price", "hs_sku"),
    "0-27": ("hs_task_body", "hs_task_subject"),
    "0-46": ("hs_note_body",),
    "0-47": ("hs_meeting_title", "hs_meeting_body"),
    "0-48": ("hs_call_title", "hs_call_body"),
    "0-49": ("hs_email_subject",),
}
"""What the words of a search are looked for in ("Search", default searchable properties)."""


def singular(name: str) -> str:
    """Return what one record of the type is called."""
    return _SINGULARS.get(name) or name.removesuffix("s")


def type_id_of(name: str) -> str | None:
    """Return the id of the type of that name, alias or id; None when HubSpot would not know it."""
    if _CUSTOM.fullmatch(name) or name in _NAMES:
        return name
    plural = _ALIASES.get(name.lower())
    return None if plural is None else OBJECT_TYPE_IDS.get(plural, plural)


def name_of(type_id: str) -> str:
    """Return the name of the type with that id."""
    return _NAMES.get(type_id, type_id)


def server_made(type_id: str) -> tuple[str, str, str]:
    """Return the properties that the server sets: the id's, that of the creation, that of the last change."""
    if type_id == CONTACTS:
        return ("hs_object_id", "createdate", "lastmodifieddate")
    created = "hs_createdate" if _CUSTOM.fullmatch(type_id) else "createdate"
    return ("hs_object_id", created, "hs_lastmodifieddate")


_NAMES = {type_id: name for name, type_id in OBJECT_TYPE_IDS.items()}
_PLURALS = (*OBJECT_TYPE_IDS, *_WITHOUT_ID)
_ALIASES = {alias: name for name in _PLURALS for alias in (singular(name), name)}
