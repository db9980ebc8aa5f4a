"""What an account knows of its object types: names, ids, unique, required, declared properties.

It knows nothing of stored records, requests or replies.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from attrs import define, field

from hubbatch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["OBJECT_TYPE_IDS", "ObjectType", "Schema"]

OBJECT_TYPE_IDS: Mapping[str, str] = {
    "contacts": "0-1",
    "companies": "0-2",
    "deals": "0-3",
    "tickets": "0-5",
    "products": "0-7",
    "line_items": "0-8",
    "quotes": "0-14",
    "tasks": "0-27",
    "notes": "0-46",
    "meetings": "0-47",
    "calls": "0-48",
    "emails": "0-49",
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

_NAMES = {type_id: name for name, type_id in OBJECT_TYPE_IDS.items()}
_CUSTOM = re.compile(r"2-\d+|p_\w+", re.ASCII)
_SINGULARS = {"companies": "company"}
_UNIQUE = {"0-1": ("email",)}
_REQUIRED = dict.fromkeys(("0-27", "0-46", "0-47", "0-48"), ("hs_timestamp",))
_SHOWN = {
    "0-1": ("email", "firstname", "lastname"),
    "0-2": ("domain", "name"),
    "0-3": ("amount", "closedate", "dealname", "dealstage", "pipeline"),
}
_CONTACTS = "0-1"


@define(eq=False)
class ObjectType:
    """One object type and the rules that its properties obey."""

    id: str
    name: str
    unique: set[str]
    required: tuple[str, ...]
    shown: tuple[str, ...]
    """What a read returns when it asks for nothing in particular, besides what the server makes."""
    declared: set[str] | None = None
    """The only properties allowed, once the type is strict; None while anything goes."""
    server_made: tuple[str, ...] = field(init=False)

    @server_made.default
    def _server_made(self) -> tuple[str, ...]:
        made = ("hs_object_id", "createdate", "lastmodifieddate")
        return made if self.id == _CONTACTS else (*made, "hs_lastmodifieddate")

    @property
    def label(self) -> str:
        """What HubSpot's messages call one record of the type, such as `Contact`."""
        name = _SINGULARS.get(self.name) or self.name.removeprefix("p_").removesuffix("s")
        return name.replace("_", " ").capitalize()

    def key(self, name: str, value: str) -> str:
        """Return the value of a unique property as it is compared: e-mails without case."""
        return value.lower() if name == "email" and self.id == _CONTACTS else value

    def normalized(self, properties: Mapping[str, str | None]) -> Mapping[str, str | None]:
        """Return the properties as they are stored: a contact's e-mail in lower case."""
        email = properties.get("email")
        if not email or self.id != _CONTACTS or email == email.lower():
            return properties
        return {**properties, "email": email.lower()}

    def problems(self, properties: Mapping[str, str | None], *, new: bool) -> list[dict[str, Any]]:
        """Return what is wrong with one record's properties, as items of an error's `errors`."""
        found = []
        if self.declared is not None:
            found = [_unknown(name) for name in properties if name not in self.declared]
        if "hs_object_id" in properties:
            found.append(
                _invalid(
                    "hs_object_id",
                    "is a read only property; its value cannot be set",
                    "READ_ONLY_VALUE",
                )
            )
        if self.id == _CONTACTS and (email := properties.get("email")) and not _is_email(email):
            found.append(
                _invalid("email", f"value {email} is not a valid e-mail address", "INVALID_EMAIL")
            )
        if new and self.required:
            missing = [name for name in self.required if not properties.get(name)]
            found += [_required(self.label.upper(), missing)] if missing else []
        return found


class Schema:
    """The object types of one account: HubSpot's own, and any custom one as soon as it is named."""

    def __init__(self) -> None:
        self._types: dict[str, ObjectType] = {}

    def find(self, name: str) -> ObjectType | None:
        """Return the object type of that name or id; None when HubSpot would not know it."""
        known = self._types.get(name)
        if known is not None:
            return known
        type_id = OBJECT_TYPE_IDS.get(name, name)
        if type_id not in _NAMES and not _CUSTOM.fullmatch(type_id):
            return None
        object_type = ObjectType(
            id=type_id,
            name=_NAMES.get(type_id, type_id),
            unique=set(_UNIQUE.get(type_id, ())),
            required=_REQUIRED.get(type_id, ()),
            shown=_SHOWN.get(type_id, ()),
        )
        self._types[type_id] = self._types[object_type.name] = object_type
        return object_type

    def get(self, name: str) -> ObjectType:
        """Return the object type of that name or id; raise `UsageError` when there is none."""
        object_type = self.find(name)
        if object_type is None:
            raise UsageError(
                f"The sandbox has no object type {name!r}: use a name such as 'contacts', an id "
                "such as '0-1', or 'p_…' or '2-…' for a custom one."
            )
        return object_type

    def define_object_type(self, name: str, type_id: str) -> ObjectType:
        """Let a custom type, such as `p_cars`, go by its id too, such as `2-1234`."""
        if not (name.startswith("p_") and _CUSTOM.fullmatch(name) and _CUSTOM.fullmatch(type_id)):
            raise UsageError(
                f"A custom object type is named 'p_…' and has an id '2-…', "
                f"not {name!r} and {type_id!r}."
            )
        if name in self._types or type_id in self._types:
            raise UsageError(f"Define {name!r} before it is first used.")
        object_type = self.get(type_id)
        object_type.name = name
        self._types[name] = object_type
        return object_type

    def declare_strict(self, name: str, properties: Iterable[str]) -> None:
        """Refuse, from now on, any property that is neither listed, unique nor HubSpot's own."""
        object_type = self.get(name)
        object_type.declared = {
            *properties,
            *object_type.unique,
            *object_type.required,
            *object_type.server_made,
        }


def _is_email(value: str) -> bool:
    local, at, domain = value.partition("@")
    return bool(local and at and domain) and "@" not in domain and " " not in value


def _unknown(name: str) -> dict[str, Any]:
    return {
        "message": f'Property "{name}" does not exist',
        "code": "PROPERTY_DOESNT_EXIST",
        "context": {"propertyName": [name]},
    }


def _invalid(name: str, message: str, code: str) -> dict[str, Any]:
    return {"message": f"{name} {message}", "code": code, "context": {"propertyName": [name]}}


def _required(label: str, missing: list[str]) -> dict[str, Any]:
    return {
        "message": f"Error creating {label}. Some required properties were not set.",
        "code": "REQUIRED_PROPERTIES_MISSING",
        "context": {"properties": missing},
    }
