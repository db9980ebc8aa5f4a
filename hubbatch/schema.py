"""The properties of an object type, as an account defines them: typed, frozen values.

They are read from HubSpot's JSON and written as such. Nothing here knows how they are fetched, or what they are held
against.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
from attrs import field, frozen

from hubbatch.errors import UsageError

__all__ = ["Property", "PropertyOption", "Schema"]

_MOST = 50_000
"""How many properties a schema may have, and a property options: an account's limits are far below."""
_LONGEST_NAME = 100
_CLOSE = 0.85
"""How similar a misspelled name is: 'frstname' to 'firstname', and not 'stadt' to 'state'."""
"""Characters of a property's name, as HubSpot has it: for a longer one nothing similar is looked for."""


@frozen
class PropertyOption:
    """One of the values that an enumeration takes. `value` is what is sent, `label` what people see."""

    value: str
    label: str = ""
    hidden: bool = False


def _options(options: Iterable[PropertyOption]) -> tuple[PropertyOption, ...]:
    return tuple(options)


@frozen
class Property:
    """One property of an object type (HubSpot: "CRM properties").

    `type`: `string`, `number`, `date`, `datetime`, `bool`, `enumeration`, or another word of HubSpot's.
    `field_type`: how it is shown: `text`, `select`, `checkbox` (an enumeration of which several may be chosen), …
    """

    name: str
    label: str = ""
    type: str = "string"
    field_type: str = ""
    options: tuple[PropertyOption, ...] = field(default=(), converter=_options)
    """The values that it takes; none where they are kept elsewhere, as owners and pipelines are."""
    has_unique_value: bool = False
    read_only: bool = False
    """Whether its value can only be set by HubSpot."""
    calculated: bool = False
    external_options: bool = False
    """Whether its options are kept elsewhere, so that those given here may not be all."""
    archived: bool = False
    hidden: bool = False
    hubspot_defined: bool = False
    """Whether it is HubSpot's own, and not the account's."""
    group_name: str = ""
    description: str = ""
    values: frozenset[str] = field(init=False, eq=False, repr=False)
    """What its options are when they are sent."""

    @values.default
    def _values(self) -> frozenset[str]:
        return frozenset(
            option.value for option in self.options if isinstance(option, PropertyOption)
        )

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise UsageError("a Property needs a name, which is text")
        if not all(isinstance(option, PropertyOption) for option in self.options):
            raise UsageError(
                f"options of the property {self.name!r} must be of the class PropertyOption"
            )

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Property:
        """Read a property as HubSpot's API shows it; raise `UsageError` for what is none.

        Fields of a wrong kind count as missing, and unknown ones are left out.
        """
        name = value.get("name") if isinstance(value, Mapping) else None
        if not isinstance(name, str) or not name:
            raise UsageError("a property must be a JSON object with a 'name'")
        modification = value.get("modificationMetadata")
        rules = modification if isinstance(modification, Mapping) else {}
        listed = value.get("options")
        options = listed if isinstance(listed, list) else []
        # What an enumeration of another object takes, such as OWNER, is kept with that object.
        refers = bool(_text(value, "referencedObjectType"))
        return cls(
            name=name,
            label=_text(value, "label"),
            type=_text(value, "type") or "string",
            field_type=_text(value, "fieldType"),
            options=[option for each in options[:_MOST] if (option := _option(each)) is not None],
            has_unique_value=value.get("hasUniqueValue") is True,
            read_only=rules.get("readOnlyValue") is True,
            calculated=value.get("calculated") is True,
            external_options=refers or value.get("externalOptions") is True or len(options) > _MOST,
            archived=value.get("archived") is True,
            hidden=value.get("hidden") is True,
            hubspot_defined=value.get("hubspotDefined") is True,
            group_name=_text(value, "groupName"),
            description=_text(value, "description"),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the property as HubSpot's API shows it."""
        return {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "groupName": self.group_name,
            "description": self.description,
            "options": [
                {"label": option.label, "value": option.value, "hidden": option.hidden}
                for option in self.options
            ],
            "hasUniqueValue": self.has_unique_value,
            "calculated": self.calculated,
            "externalOptions": self.external_options,
            "archived": self.archived,
            "hidden": self.hidden,
            "hubspotDefined": self.hubspot_defined,
            "modificationMetadata": {"readOnlyValue": self.read_only},
        }


@frozen(init=False, eq=False, repr=False)
class Schema:
    """The properties of one object type, in order; `schema["email"]` is one of them, by its name.

    Raises `UsageError` for what is no property, and for two of one name.
    """

    _by_name: Mapping[str, Property]

    def __init__(self, properties: Iterable[Property]) -> None:
        by_name: dict[str, Property] = {}
        for each in properties:
            if not isinstance(each, Property):
                raise UsageError(f"a schema holds values of Property, not {type(each).__name__}")
            if each.name in by_name:
                raise UsageError(f"a schema has one property of a name, and not two {each.name!r}")
            if len(by_name) >= _MOST:
                raise UsageError(f"a schema has {_MOST} properties at most")
            by_name[each.name] = each
        self.__attrs_init__(by_name)

    @classmethod
    def from_json(cls, content: str | bytes | Mapping[str, Any] | Iterable[Any]) -> Schema:
        """Read a schema from the content of a JSON file, or from what was read of it.

        It is what `GET /crm/v3/properties/{type}` answers, the list in its `results`, or what `to_json()` wrote.
        Raises `UsageError` for anything else.
        """
        value: Any = content
        if isinstance(content, str | bytes | bytearray):
            try:
                value = orjson.loads(content)
            except orjson.JSONDecodeError as error:
                raise UsageError(f"the schema is no JSON: {error}") from None
        if isinstance(value, Mapping):
            value = value.get("results")
        if not isinstance(value, list | tuple):
            raise UsageError(
                "a schema in JSON is a list of properties, or an object whose 'results' is one"
            )
        return cls(map(Property.from_json, value))

    def to_json(self) -> bytes:
        """Return the schema as JSON, to be kept in a file and read by `from_json`."""
        results = [each.as_json() for each in self]
        return orjson.dumps({"results": results}, option=orjson.OPT_INDENT_2)

    def get(self, name: str) -> Property | None:
        """Return the property of that name; None if there is none."""
        return self._by_name.get(name)

    def closest(self, name: str) -> str | None:
        """Return the name of the property that may be meant by one that there is not; None if none is close.

        It is the property with that label, or one whose name or label is misspelled so. This takes milliseconds.
        """
        plain = _plain(name)
        if not plain:
            return None
        for each in self:
            if each.label and _plain(each.label) == plain:
                return each.name
        if len(name) > _LONGEST_NAME:
            return None
        spellings = {_plain(each.label): each.name for each in self}
        spellings |= {_plain(each.name): each.name for each in self}
        spellings.pop("", None)  # of those without a label
        close = difflib.get_close_matches(plain, spellings, n=1, cutoff=_CLOSE)
        if close:
            return spellings[close[0]]
        letters = sorted(plain)
        swapped = (
            each for each in spellings if len(each) == len(plain) and sorted(each) == letters
        )
        return spellings.get(next(swapped, ""))

    def __getitem__(self, name: str) -> Property:
        return self._by_name[name]

    def __iter__(self) -> Iterator[Property]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, item: object) -> bool:
        """Whether there is a property of that name, or this very property."""
        if isinstance(item, Property):
            return self._by_name.get(item.name) == item
        return item in self._by_name

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Schema) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"<Schema of {len(self)} properties>"


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _option(value: Any) -> PropertyOption | None:
    if not isinstance(value, Mapping) or not isinstance(value.get("value"), str):
        return None
    return PropertyOption(value["value"], _text(value, "label"), value.get("hidden") is True)
