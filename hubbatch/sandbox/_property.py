"""A property as an account defines it, and what HubSpot would say against a value of it.

It knows nothing of object types, records or requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from hubbatch.sandbox._spelling import PropertyType, is_midnight, is_valid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hubbatch import Property as AccountProperty

__all__ = ["Property", "invalid_value", "problem_of", "unknown_property"]

_BOOLS = ("true", "false")
_MULTIPLE = "checkbox"
_TEXTS = frozenset(
    {PropertyType.STRING, PropertyType.PHONE, PropertyType.EMAIL, PropertyType.DOMAIN}
)
_FIELD_TYPES: Mapping[PropertyType | None, str] = {
    PropertyType.NUMBER: "number",
    PropertyType.DATE: "date",
    PropertyType.DATETIME: "date",
    PropertyType.BOOL: "booleancheckbox",
    PropertyType.ENUMERATION: "select",
    PropertyType.PHONE: "phonenumber",
}


@frozen
class Property:
    """One property of an object type."""

    name: str
    label: str = ""
    kind: PropertyType | None = None
    """None: any text, spelled by its looks."""
    field_type: str = ""
    group: str = ""
    options: tuple[str, ...] = ()
    unique: bool = False
    read_only: bool = False
    calculated: bool = False
    external: bool = False
    """Whether the options are kept elsewhere, such as owners and pipelines; values are not held against them."""
    standard: bool = False
    """Whether it is HubSpot's own."""
    description: str = ""

    @classmethod
    def of(cls, defined: AccountProperty, standard: Property | None = None) -> Property:
        """Return a property as an account defines it; `standard`: HubSpot's own of that name.

        The API calls e-mails, domains and telephone numbers `string`: what is known of HubSpot's own ones stays known.
        """
        kind = PropertyType(defined.type) if defined.type in set(PropertyType) else None
        if standard is not None and standard.kind in _TEXTS and kind in {None, *_TEXTS}:
            kind = standard.kind
        return cls(
            name=defined.name,
            label=defined.label,
            kind=kind,
            field_type=defined.field_type,
            group=defined.group_name,
            options=tuple(option.value for option in defined.options),
            unique=defined.has_unique_value or (standard is not None and standard.unique),
            read_only=defined.read_only or defined.calculated,
            calculated=defined.calculated,
            external=defined.external_options,
            standard=defined.hubspot_defined,
            description=defined.description,
        )

    def as_json(self, stamp: str) -> dict[str, Any]:
        """Return the property as the API shows it."""
        hubspot_type = "string" if self.kind in _TEXTS or self.kind is None else self.kind.value
        return {
            "name": self.name,
            "label": self.label or self.name.replace("_", " ").capitalize(),
            "type": hubspot_type,
            "fieldType": self.field_type or _FIELD_TYPES.get(self.kind, "text"),
            "description": self.description,
            "groupName": self.group,
            "options": [
                {"label": value, "value": value, "displayOrder": order, "hidden": False}
                for order, value in enumerate(self._shown_options())
            ],
            "displayOrder": -1,
            "calculated": self.calculated,
            "externalOptions": self.external,
            "hasUniqueValue": self.unique,
            "hidden": False,
            "hubspotDefined": self.standard,
            "formField": not self.read_only,
            "archived": False,
            "createdAt": stamp,
            "updatedAt": stamp,
            "modificationMetadata": {
                "archivable": not self.standard,
                "readOnlyDefinition": self.standard,
                "readOnlyValue": self.read_only,
            },
        }

    def _shown_options(self) -> tuple[str, ...]:
        if self.kind is PropertyType.BOOL:
            return _BOOLS
        return () if self.external else self.options


def problem_of(definition: Property, value: str, *, exact: bool) -> dict[str, Any] | None:
    """Return what is wrong with a value, as an item of an error's `errors`; an exact account minds blanks around it."""
    name, kind = definition.name, definition.kind
    if definition.read_only:
        return invalid_value(
            name, f'"{name}" is a read only property; its value cannot be set.', "READ_ONLY_VALUE"
        )
    if not value or kind is None or kind in _TEXTS:
        return None
    if exact and value != value.strip():
        words = f'"{value}" includes leading or trailing whitespace.'
        return invalid_value(name, words, "LEADING_TRAILING_WHITESPACE")
    if kind is PropertyType.ENUMERATION:
        return _option_problem(definition, value)
    if not is_valid(value, kind):
        words, code = _WORDS[kind]
        return invalid_value(name, f"{value} {words}", code)
    if kind is PropertyType.DATE and exact and not is_midnight(value):
        return invalid_value(name, f"{value} is not midnight UTC!", "INVALID_DATE")
    return None


def unknown_property(name: str) -> dict[str, Any]:
    """Return the item that says that there is no such property."""
    return invalid_value(name, f'Property "{name}" does not exist', "PROPERTY_DOESNT_EXIST")


def invalid_value(name: str, message: str, code: str) -> dict[str, Any]:
    """Return an item about a property."""
    return {"message": message, "code": code, "context": {"propertyName": [name]}}


def _option_problem(definition: Property, value: str) -> dict[str, Any] | None:
    if definition.external or not definition.options:
        return None
    # Of several options, each is checked; a leading semicolon adds to those that are set.
    several = definition.field_type == _MULTIPLE
    chosen = [one for one in value.split(";") if one] if several else [value]
    wrong = next((one for one in chosen if one not in definition.options), None)
    if wrong is None:
        return None
    words = f"{wrong} was not one of the allowed options: [{', '.join(definition.options)}]"
    return invalid_value(definition.name, words, "INVALID_OPTION")


_WORDS: Mapping[PropertyType, tuple[str, str]] = {
    PropertyType.NUMBER: ("was not a valid number.", "INVALID_NUMBER"),  # inferred
    PropertyType.DATE: ("was not a valid date.", "INVALID_DATE"),  # inferred: the words
    PropertyType.DATETIME: ("was not a valid long.", "INVALID_LONG"),
    PropertyType.BOOL: ("was not one of the allowed options: [true, false]", "INVALID_OPTION"),
}
