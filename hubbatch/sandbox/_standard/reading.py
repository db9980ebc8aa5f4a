"""Reads the tables of properties: a line each, of name, label, kind, and options with commas between them.

A kind that ends in `!` is read-only; in `!!`, calculated as well.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from hubbatch.sandbox._names import UNIQUE, name_of, server_made, singular
from hubbatch.sandbox._property import Property
from hubbatch.sandbox._spelling import PropertyType
from hubbatch.sandbox._standard import activities, companies, contacts, sales

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["standard_properties"]

_KINDS: Mapping[str, tuple[PropertyType, str]] = {
    "text": (PropertyType.STRING, "text"),
    "textarea": (PropertyType.STRING, "textarea"),
    "html": (PropertyType.STRING, "html"),
    "email": (PropertyType.EMAIL, "text"),
    "domain": (PropertyType.DOMAIN, "text"),
    "phone": (PropertyType.PHONE, "phonenumber"),
    "number": (PropertyType.NUMBER, "number"),
    "date": (PropertyType.DATE, "date"),
    "datetime": (PropertyType.DATETIME, "date"),
    "bool": (PropertyType.BOOL, "booleancheckbox"),
    "select": (PropertyType.ENUMERATION, "select"),
    "radio": (PropertyType.ENUMERATION, "radio"),
    "checkbox": (PropertyType.ENUMERATION, "checkbox"),
    "external": (PropertyType.ENUMERATION, "select"),
}
_TABLES: Mapping[str, str] = {
    **contacts.TABLES,
    **companies.TABLES,
    **sales.TABLES,
    **activities.TABLES,
}
_COMMON = """
hubspot_owner_id | Owner | external
hubspot_owner_assigneddate | Owner Assigned Date | datetime!
hubspot_team_id | HubSpot Team | external!
hs_all_owner_ids | All owner IDs | external!
hs_all_team_ids | All team IDs | external!
hs_all_accessible_team_ids | All accessible team IDs | external!
hs_created_by_user_id | Created by user ID | number!
hs_updated_by_user_id | Updated by user ID | number!
hs_user_ids_of_all_owners | User IDs of all owners | external!
hs_merged_object_ids | Merged record IDs | external!
hs_object_source | Record creation source | text!
hs_object_source_id | Record creation source ID | text!
hs_object_source_label | Record source | select! | API, CRM_UI, FORM, IMPORT, INTEGRATION
hs_object_source_user_id | Record creation source user ID | number!
hs_read_only | Read only object | bool!
hs_unique_creation_key | Unique creation key | text!
hs_was_imported | Performed in an import | bool!
hs_shared_team_ids | Shared teams | external
hs_shared_user_ids | Shared users | external
"""


@functools.cache
def standard_properties(type_id: str) -> Mapping[str, Property]:
    """Return HubSpot's own properties of a type by name; none when it has no table."""
    table = _TABLES.get(type_id)
    if table is None:
        return {}
    group = f"{singular(name_of(type_id)).replace('_', '')}information"
    unique = UNIQUE.get(type_id, ())
    record_id, created, modified = server_made(type_id)
    made = (
        f"{record_id} | Record ID | number!\n"
        f"{created} | Create Date | datetime{'' if type_id in sales.SETTABLE_CREATION else '!'}\n"
        f"{modified} | Last Modified Date | datetime!\n"
    )
    lines = f"{made}{_COMMON}{table}".splitlines()
    found = (_property(line, group, unique) for line in lines if line.strip())
    return {one.name: one for one in found}


def _property(line: str, group: str, unique: tuple[str, ...]) -> Property:
    name, label, kind, *more = (part.strip() for part in line.split("|"))
    property_type, field_type = _KINDS[kind.rstrip("!")]
    return Property(
        name=name,
        label=label,
        kind=property_type,
        field_type=field_type,
        group=group,
        options=tuple(one.strip() for one in more[0].split(",")) if more else (),
        unique=name in unique,
        read_only=kind.endswith("!"),
        calculated=kind.endswith("!!"),
        external=kind.startswith("external"),
        standard=True,
    )
