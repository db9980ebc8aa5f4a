"""What an account would refuse of a record, by its schema: only what is certain is a problem.

Pure: a schema and what is to be written in, problems out. No problem quotes a value. Where the schema comes from, and
whether it is the newest, is not known here.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from attrs import frozen

from hubbatch._records.values import InvalidRecordError
from hubbatch.errors import UsageError
from hubbatch.models import ErrorDetail
from hubbatch.schema import Property, Schema

__all__ = ["Problem", "RefusedBySchemaError", "Validator"]

_MOST_DIGITS = 400
_LONGEST_NAME = 100
"""Characters of a property's name, as HubSpot has it: for a longer one nothing close is looked for."""
_MOST_HINTS = 200
"""How many names something close is looked for: that takes milliseconds each, and a file may have any number."""
_MOST_PROBLEMS = 20
"""How many problems of a record are reported."""
_MOST_OPTIONS = 10
"""How many options a message lists."""
_SEVERAL = "checkbox"
"""The kind of field of an enumeration of which several options may be chosen."""

_UNIQUE = frozenset({"email", "domain", "hs_object_id", "hs_unique_creation_key"})
"""HubSpot's own names that may name an object although their definitions do not always say so."""

_EMAIL = "email"
"""HubSpot's own property for an address; others are texts to it."""

_WHOLE_NUMBER = re.compile(r"-?[0-9]+")
_LONGEST_MILLISECONDS = 15
_DIGITS_OF_A_DAY = 8
"""Such as 20260131, which is a date to some and milliseconds to others."""
_DAY = 86_400_000


@frozen
class Problem:
    """One reason to refuse a record: HubSpot's code for it, words of ours, and the property."""

    code: str
    message: str
    property_name: str

    @property
    def detail(self) -> ErrorDetail:
        """Return the problem as an item of an error's `errors`."""
        return ErrorDetail(self.message, self.code, {"propertyName": [self.property_name]})


class RefusedBySchemaError(InvalidRecordError):
    """A record has problems; they are certain as far as the schema is the newest."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems

    @property
    def details(self) -> list[ErrorDetail]:
        """Return the problems one by one, as HubSpot's own errors have them."""
        return [each.detail for each in self.problems]


class Validator:
    """Holds what is to be written against one schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._hints: dict[str, str] = {}

    def problems(
        self, properties: Mapping[str, str], id_property: str | None = None, key: str = ""
    ) -> list[Problem]:
        """Return what the account would refuse of properties to be written, and of the property that names the object.

        `key`: its value. These are the first twenty at most.
        """
        wrong = None if id_property is None else self._of_naming(id_property)
        if wrong is None and id_property is not None:
            wrong = _misfit(self._schema[id_property], key.strip())
        found = [] if wrong is None else [wrong]
        for name, value in properties.items():
            if (definition := self._schema.get(name)) is None:
                found.append(self._unknown(name))
            elif (problem := _problem(definition, value)) is not None:
                found.append(problem)
            if len(found) >= _MOST_PROBLEMS:
                break
        return found

    def check(self, wire: Mapping[str, Any]) -> None:
        """Raise `RefusedBySchemaError` if the account would refuse an input."""
        problems = self.problems(wire["properties"], wire.get("idProperty"), wire.get("id", ""))
        if problems:
            raise RefusedBySchemaError(problems)

    def check_naming(self, **options: str | None) -> None:
        """Raise `UsageError` if a property cannot name objects; `options`: the names, by the option that wants it."""
        for option, name in options.items():
            if name is not None and (problem := self._of_naming(name, option)) is not None:
                raise UsageError(f"{option}: {problem.message}")

    def _of_naming(self, name: str, option: str = "id_property") -> Problem | None:
        """Return why the values of a property cannot name objects; None if they can."""
        definition = self._schema.get(name)
        if definition is None:
            return self._unknown(name)
        if definition.has_unique_value or name in _UNIQUE:
            return None
        message = f"the values of property {name!r} are not unique, so it cannot be {option}"
        return Problem("NON_UNIQUE_PROPERTY", message, name)

    def _unknown(self, name: str) -> Problem:
        message = f"there is no property {name[:_LONGEST_NAME]!r}{self._hint(name)}"
        return Problem("PROPERTY_DOESNT_EXIST", message, name[:_LONGEST_NAME])

    def _hint(self, name: str) -> str:
        """Return words that name the property that may be meant, if any is close."""
        if name in self._hints:
            return self._hints[name]
        if len(name) > _LONGEST_NAME or len(self._hints) >= _MOST_HINTS:
            return ""
        meant = self._schema.closest(name)
        self._hints[name] = hint = "" if meant is None else f"; the closest is {meant!r}"
        return hint


def _problem(definition: Property, value: str) -> Problem | None:
    """Return what is certainly wrong with a value that a property is to be given."""
    name = definition.name
    if definition.calculated:
        words = f"property {name!r} is calculated; its value cannot be set, leave it out"
        return Problem("READ_ONLY_VALUE", words, name)
    if definition.read_only:
        words = f"property {name!r} is read-only; its value cannot be set, leave it out"
        return Problem("READ_ONLY_VALUE", words, name)
    if value != value.strip() and definition.type in _RULES:
        words = f"property {name!r}: blanks before or after the value are refused; remove them"
        return Problem("LEADING_TRAILING_WHITESPACE", words, name)
    return _misfit(definition, value)


def _misfit(definition: Property, value: str) -> Problem | None:
    """Return why a value is certainly none that a property can have; "" clears any property."""
    is_address = definition.name == _EMAIL and definition.hubspot_defined
    rule = _email if is_address else _RULES.get(definition.type)
    if not value or rule is None or (wrong := rule(definition, value)) is None:
        return None
    code, words = wrong
    return Problem(code, f"property {definition.name!r}: {words}", definition.name)


_Wrong = tuple[str, str] | None


def _email(_: Property, value: str) -> _Wrong:
    """Say why a value is no address. The sandbox has a rule of its own, and a test compares them."""
    address = value.strip()  # HubSpot removes the blanks around an address
    local, _at, domain = address.partition("@")
    if not address:
        return None
    if "@" not in address:
        wrong = "has no @"
    elif "@" in domain:
        wrong = "has more than one @"
    elif any(map(str.isspace, address)):
        wrong = "holds a blank"
    elif not local:
        wrong = "has nothing before the @"
    elif "." not in domain or not all(domain.split(".")):
        wrong = "has no domain such as example.com after the @"
    else:
        return None
    return "INVALID_EMAIL", f"the value is no e-mail address: it {wrong}"


def _number(_: Property, value: str) -> _Wrong:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return "INVALID_NUMBER", "the value is not a number such as 1234.5"
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        return "INVALID_NUMBER", "the value is not a number that HubSpot can hold"
    return None


def _bool(_: Property, value: str) -> _Wrong:
    if value.lower() in {"true", "false"}:
        return None
    return "INVALID_OPTION", "the value is neither 'true' nor 'false'"


def _enumeration(definition: Property, value: str) -> _Wrong:
    if definition.external_options or not definition.options:
        return None
    several = definition.field_type == _SEVERAL
    # A leading semicolon adds to the options that are set.
    chosen = [each for each in value.split(";") if each] if several else [value]
    if definition.values.issuperset(chosen):
        return None
    names = [repr(option.value[:_LONGEST_NAME]) for option in definition.options]
    listed = ", ".join(names[:_MOST_OPTIONS])
    more = f" and {len(names) - _MOST_OPTIONS} more" if len(names) > _MOST_OPTIONS else ""
    return "INVALID_OPTION", f"the value is none of its options: {listed}{more}"


def _date(_: Property, value: str) -> _Wrong:
    if _WHOLE_NUMBER.fullmatch(value):
        if _is_odd_number(value):
            return None
        midnight = int(value) % _DAY == 0
    else:
        try:
            moment = _moment(value)
        except (ValueError, OverflowError):
            return "INVALID_DATE", "the value is not a date such as 2026-01-31"
        midnight = moment.time() == dt.time()
    if midnight:
        return None
    return "INVALID_DATE", "the value is not midnight in UTC; give a date such as 2026-01-31"


def _datetime(_: Property, value: str) -> _Wrong:
    if _WHOLE_NUMBER.fullmatch(value):
        return None
    try:
        _moment(value)
    except (ValueError, OverflowError):
        words = "the value is not a time such as 2026-01-31T12:00:00Z"
        return "INVALID_LONG", words
    return None


def _is_odd_number(value: str) -> bool:
    """Whether a whole number may be milliseconds since 1970 or something else: nothing is certain of it."""
    digits = len(value.lstrip("-"))
    return digits == _DIGITS_OF_A_DAY or digits > _LONGEST_MILLISECONDS


def _moment(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text.upper())
    return moment.replace(tzinfo=moment.tzinfo or dt.UTC).astimezone(dt.UTC)


_RULES: Mapping[str, Callable[[Property, str], _Wrong]] = {
    "number": _number,
    "bool": _bool,
    "enumeration": _enumeration,
    "date": _date,
    "datetime": _datetime,
}
"""By type. Whatever has none may hold anything."""
