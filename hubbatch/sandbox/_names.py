"""The object types that HubSpot has: their names, ids and aliases, and what holds for each of them.

Tables and nothing else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hubbatch.sandbox._spelling import PropertyType

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CONTACTS",
    "OBJECT_TYPE_IDS",
    "REQUIRED",
    "SHOWN",
    "TYPES",
    "UNIQUE",
    "name_of",
    "server_made",
    "singular",
    "type_id_of",
]

CONTACTS: Final = "0-1"
OBJECT_TYPE_IDS: Mapping[str, str] = {
    "contacts": "0-1",
    "companies": "0-2",
    "deals": "0-3",
    "tickets": "0-5",
    "products": "0-7",
    "line_items": "0-8",
    "quotes": "0-14",
    "communications": "0-18",
    "feedback_submissions": "0-19",
    "tasks": "0-27",
    "notes": "0-46",
    "meetings": "0-47",
    "calls": "0-48",
    "emails": "0-49",
    "invoices": "0-53",
    "subscriptions": "0-69",
    "goal_targets": "0-74",
    "discounts": "0-84",
    "fees": "0-85",
    "taxes": "0-86",
    "payments": "0-101",
    "commerce_payments": "0-101",
    "users": "0-115",
    "postal_mail": "0-116",
    "orders": "0-123",
    "leads": "0-136",
    "carts": "0-142",
    "services": "0-162",
    "courses": "0-410",
    "listings": "0-420",
    "appointments": "0-421",
    "projects": "0-970",
}
"""Names and ids of HubSpot's own object types (CRM API guides, "Object type IDs")."""

_WITHOUT_ID = ("contracts", "partner_clients", "partner_services")
"""Names that HubSpot's specifications have, and whose ids they do not tell."""
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
TYPES: Mapping[str, Mapping[str, PropertyType]] = {
    CONTACTS: {
        "email": PropertyType.EMAIL,
        "phone": PropertyType.PHONE,
        "mobilephone": PropertyType.PHONE,
        "firstname": PropertyType.STRING,
        "lastname": PropertyType.STRING,
    },
    "0-2": {
        "domain": PropertyType.DOMAIN,
        "phone": PropertyType.PHONE,
        "name": PropertyType.STRING,
    },
    "0-3": {
        "amount": PropertyType.NUMBER,
        "closedate": PropertyType.DATETIME,
        "dealname": PropertyType.STRING,
    },
    **{type_id: {"hs_timestamp": PropertyType.DATETIME} for type_id in REQUIRED},
}
"""What the values of HubSpot's own properties are, as far as it matters for their spelling."""


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
