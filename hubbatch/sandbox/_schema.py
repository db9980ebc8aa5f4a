"""What an account knows of its object types: names, ids, unique, required, declared properties.

It knows nothing of stored records, requests or replies.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from hubbatch.errors import UsageError
from hubbatch.sandbox._names import (
    CONTACTS,
    REQUIRED,
    SHOWN,
    UNIQUE,
    name_of,
    server_made,
    singular,
    type_id_of,
)
from hubbatch.sandbox._property import Property, invalid_value, problem_of, unknown_property
from hubbatch.sandbox._spelling import PropertyType, respelled
from hubbatch.sandbox._standard import standard_properties

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ObjectDefinition", "Schema", "WriteRule"]

_ID = "hs_object_id"
_ADDRESS = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")
"""What an e-mail address looks like at least; `hubbatch._records.validation` has a rule of its own."""
_MOST_TYPES = 1_000
"""How many custom types there can be: requests must not fill the memory with names."""
_MOST_PROPERTIES = 10_000
"""How many properties of a type are known, for the same reason."""


@frozen
class WriteRule:
    """A rule of the account: a property must have a value, always or where others have certain values."""

    name: str
    when: Mapping[str, str] = field(factory=dict)

    def missing(self, properties: Mapping[str, str | None]) -> list[str]:
        """Return the property if it is required and has no value."""
        applies = all(properties.get(name) == value for name, value in self.when.items())
        return [self.name] if applies and not properties.get(self.name) else []


@define(eq=False)
class ObjectDefinition:
    """One object type and the rules that its properties obey."""

    id: str
    name: str
    unique: set[str]
    required: tuple[str, ...]
    shown: tuple[str, ...]
    """What a read returns when it asks for nothing in particular, besides what the server makes."""
    respell: bool = False
    """Whether values are spelled as HubSpot spells them."""
    declared: set[str] | None = None
    """The only properties allowed, once the type is strict; None while anything goes."""
    standard: Mapping[str, Property] = field(factory=dict)
    """HubSpot's own properties, as far as they are known."""
    exact: bool = False
    """Whether values of HubSpot's own properties are held against their types, too."""
    own: dict[str, Property] = field(factory=dict)
    """The properties that the account defined."""
    rules: list[WriteRule] = field(factory=list)
    server_made: tuple[str, str, str] = field(init=False)
    _defined: set[str] = field(init=False)

    @server_made.default
    def _server_made(self) -> tuple[str, str, str]:
        return server_made(self.id)

    @_defined.default
    def _all_defined(self) -> set[str]:
        return {*self.unique, *self.required, *self.shown, *self.server_made}

    @property
    def label(self) -> str:
        """What HubSpot's messages call one record of the type, such as `Contact`."""
        return singular(self.name.removeprefix("p_")).replace("_", " ").capitalize()

    def define(self, names: Iterable[str]) -> None:
        """Note that there are these properties."""
        if len(self._defined) < _MOST_PROPERTIES:
            self._defined.update(names)

    def add(self, definition: Property) -> None:
        """Define a property, in place of one of that name."""
        self.own[definition.name] = definition
        self.define([definition.name])
        if self.declared is not None:
            self.declared.add(definition.name)
        if definition.unique:
            self.unique.add(definition.name)

    def remove(self, name: str) -> None:
        """Define a property no longer; HubSpot's own ones stay."""
        if self.own.pop(name, None) is not None and name not in self.standard:
            self._defined.discard(name)
            self.unique.discard(name)
            if self.declared is not None:
                self.declared.discard(name)

    def definition(self, name: str) -> Property | None:
        """Return the property of that name; None where there is none, or nothing is known of it."""
        known = self.own.get(name) or self.standard.get(name)
        if known is None and self.is_defined(name):
            known = Property(name, unique=name in self.unique, read_only=name in self.server_made)
        elif self.declared is not None and name not in self.declared:
            return None
        return known

    def definitions(self) -> list[Property]:
        """Return all properties that there are."""
        names = self.declared if self.declared is not None else {*self.standard, *self._defined}
        found = (self.definition(name) for name in sorted(names))
        return [one for one in found if one is not None]

    @property
    def is_custom(self) -> bool:
        """Whether it is the account's own type."""
        return self.id.startswith(("2-", "p_"))

    @property
    def takes_creation(self) -> bool:
        """Whether a record can be given a date of creation."""
        known = self.standard.get(self.server_made[1]) if self.exact else None
        return known is not None and not known.read_only

    def is_defined(self, name: str) -> bool:
        """Tell whether there is such a property, so that a read shows that it has no value."""
        known = self._defined if self.declared is None else self.declared
        return name in known

    def is_searchable(self, name: str) -> bool:
        """Tell whether a search may speak of such a property: of any, unless the type is strict."""
        return self.declared is None or name in self.declared

    def kind_of(self, name: str) -> PropertyType | None:
        """Return the type of a property; None where it was not declared and is not HubSpot's own."""
        if name == self.server_made[0]:
            return PropertyType.NUMBER
        if name in self.server_made:
            return PropertyType.DATETIME
        known = self.own.get(name) or self.standard.get(name)
        return None if known is None else known.kind

    def key(self, name: str, value: str) -> str:
        """Return the value of a unique property as it is compared: as it is stored."""
        if self.respell:
            return respelled(name, value, self.kind_of(name))
        return value.lower() if name == "email" and self.id == CONTACTS else value

    def normalized(self, properties: Mapping[str, str | None]) -> Mapping[str, str | None]:
        """Return the properties as they are stored: a contact's e-mail in lower case, or all spelled anew."""
        if self.respell:
            return {name: value and self.key(name, value) for name, value in properties.items()}
        email = properties.get("email")
        if not email or self.id != CONTACTS or email == email.lower():
            return properties
        return {**properties, "email": email.lower()}

    def problems(self, properties: Mapping[str, str | None], *, new: bool) -> list[dict[str, Any]]:
        """Return what is wrong with one record's properties, as items of an error's `errors`."""
        found = []
        if self.declared is not None:
            found = [unknown_property(name) for name in properties if name not in self.declared]
        found += self._invalid(properties)
        if new and self.required:
            missing = [name for name in self.required if not properties.get(name)]
            found += [_required(self.label.upper(), missing)] if missing else []
        return found

    def unmet(
        self, properties: Mapping[str, str | None], held: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        """Return which of the account's own rules a write would break, as items of an error's `errors`."""
        after = {**held, **properties}
        missing = [name for rule in self.rules for name in rule.missing(after)]
        return [_required(self.label.upper(), missing)] if missing else []

    def _is_email(self, value: str) -> bool:
        if self.exact:
            return _ADDRESS.fullmatch(value) is not None
        local, at, domain = value.partition("@")
        return bool(local and at and domain) and "@" not in domain and " " not in value

    def _invalid(self, properties: Mapping[str, str | None]) -> list[dict[str, Any]]:
        found = []
        if _ID in properties and not self.exact:
            found.append(problem_of(Property(_ID, read_only=True), "", exact=False))
        email = self.id == CONTACTS and properties.get("email")
        if email and not self._is_email(email.strip() if self.respell else email):
            words = f"email value {email} is not a valid e-mail address"
            found.append(invalid_value("email", words, "INVALID_EMAIL"))
        for name in properties if self.exact else self.own:
            definition = self.own.get(name) or self.standard.get(name)
            if definition is not None and name in properties:
                value = properties[name] or ""
                found.append(problem_of(definition, value, exact=self.exact))
        return [one for one in found if one is not None]


class Schema:
    """The object types of one account: HubSpot's own, and any custom one as soon as it is named."""

    def __init__(self, *, respell: bool = False, strict: bool = False) -> None:
        self._respell = respell
        self._strict = strict
        self._types: dict[str, ObjectDefinition] = {}

    def find(self, name: str) -> ObjectDefinition | None:
        """Return the object type of that name, alias or id; None when HubSpot would not know it."""
        type_id = type_id_of(name)
        if type_id is None:
            return None
        known = self._types.get(type_id)
        if known is not None:
            return known
        if len(self._types) >= _MOST_TYPES and type_id.startswith(("2-", "p_")):
            return None
        standard = standard_properties(type_id)
        exact = self._strict and bool(standard)
        object_type = ObjectDefinition(
            id=type_id,
            name=name_of(type_id),
            unique=set(UNIQUE.get(type_id, ())),
            required=REQUIRED.get(type_id, ()),
            shown=SHOWN.get(type_id, ()),
            respell=self._respell,
            declared={*standard} if exact else None,
            standard=standard,
            exact=exact,
        )
        self._types[type_id] = object_type
        return object_type

    def custom(self) -> list[ObjectDefinition]:
        """Return the custom types that have been named so far, each once."""
        return list({one.id: one for one in self._types.values() if one.is_custom}.values())

    def get(self, name: str) -> ObjectDefinition:
        """Return the object type of that name or id; raise `UsageError` when there is none."""
        object_type = self.find(name)
        if object_type is None:
            raise UsageError(
                f"The sandbox has no object type {name!r}: use a name such as 'contacts', an id "
                "such as '0-1', or 'p_…' or '2-…' for a custom one."
            )
        return object_type

    def define_object_type(self, name: str, type_id: str) -> ObjectDefinition:
        """Let a custom type, such as `p_cars`, go by its id too, such as `2-1234`."""
        if not (name.startswith("p_") and type_id_of(name) and _is_custom_id(type_id)):
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


def _is_custom_id(type_id: str) -> bool:
    return type_id.startswith("2-") and type_id_of(type_id) is not None


def _required(label: str, missing: list[str]) -> dict[str, Any]:
    return {
        "message": f"Error creating {label}. Some required properties were not set.",
        "code": "REQUIRED_PROPERTIES_MISSING",
        "context": {"properties": missing},
    }
