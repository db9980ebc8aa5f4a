"""How HubSpot spells the values of properties, and so when two spellings are of one value.

Pure. Two values with one form may be one value: who has to choose between inputs must find a single one of that form.
It knows nothing of inputs or replies.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from attrs import frozen

__all__ = [
    "ALIASES",
    "CONTACTS",
    "OTHERS",
    "Key",
    "Spelling",
    "further_values",
    "naming_properties",
    "spelling_of",
]

Key = tuple[str | None, str]
"""What names an object within its type: the unique property (None: the record id) and the value."""

_LONGEST = 64
"""Characters of a value that may be a number, a time or a telephone number."""

_MOST_DIGITS = 28
"""Of a number: `Decimal` would round a longer one."""

_LONGEST_TEXT = 4_096
"""Characters of a text that is normalized: the time that this takes grows with the square of combining characters."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?", re.IGNORECASE)
_TELEPHONE = re.compile(r"[-+ ()./0-9]+")

_PHONE_PROPERTIES = frozenset({"phone", "mobilephone", "fax", "hs_whatsapp_phone_number"})
ALIASES = {"email": "hs_additional_emails", "domain": "hs_additional_domains"}
"""Unique properties, and those that hold the further values which name the same object."""
_MOST_ALIASES = 1_000
"""Further values of an object that are looked at: one with more of them is hostile or broken."""

_LOWERED_PROPERTIES = frozenset({"domain", *ALIASES.values()})
"""Properties whose values HubSpot keeps in lower case, whatever the object type."""

_CONTACT_NAMES = frozenset({"contact", "contacts", "0-1"})


@frozen
class Spelling:
    """The spelling of one object type's values. `contacts`: whether it is the contacts': their e-mails have no case."""

    contacts: bool

    def key(self, id_property: str | None, value: str) -> Key:
        """Return what names an object, so that two spellings of one name are one key."""
        value = value.strip()
        if id_property == "email" and self.contacts:
            value = value.lower()
        return (id_property, value)

    def form(self, name: str, value: str | None) -> str:
        """Return a value's form: the same for all spellings that HubSpot may make of it; "" for no value.

        Blanks at the ends, the composition of characters, the spelling of numbers, dates and times and the order of
        several options make no difference; for e-mails and domains neither does case, and of a telephone number only
        the digits count.
        """
        text = (value or "").strip()
        if not text.isascii() and len(text) <= _LONGEST_TEXT:
            text = unicodedata.normalize("NFC", text)
        if name in _LOWERED_PROPERTIES or (name == "email" and self.contacts):
            return text.lower()
        if ";" in text:
            options = sorted({part.strip() for part in text.split(";") if part.strip()})
            if len(options) != 1:
                return ";".join(options)
            text = options[0]
        if len(text) > _LONGEST:
            return text
        if name in _PHONE_PROPERTIES and _TELEPHONE.fullmatch(text):
            return "tel:" + "".join(filter(str.isdigit, text))
        if text[:1].isdigit() or text[:1] in {"+", "-", "."}:
            number = _number(text)
            return text if number is None else f"num:{number}"
        return text.lower() if text.lower() in {"true", "false"} else text

    def is_plain(self, form: str, value: str) -> bool:
        """Whether a value is spelled as HubSpot would spell any value of its form."""
        return value.strip() == form.removeprefix("num:").removeprefix("tel:")


CONTACTS = Spelling(contacts=True)
OTHERS = Spelling(contacts=False)


def spelling_of(object_type: str) -> Spelling:
    """Return the spelling of an object type's values, given its name, an alias or its id."""
    return CONTACTS if object_type.lower() in _CONTACT_NAMES else OTHERS


def naming_properties(object_type: str, id_property: str | None) -> list[str]:
    """Return the properties that show which object belongs to which value of a unique property.

    A contact answers to a secondary e-mail address, too.
    """
    if id_property is None:
        return []
    several = id_property == "email" and spelling_of(object_type).contacts
    return [id_property, ALIASES["email"]] if several else [id_property]


def further_values(text: str) -> list[str]:
    """Return the values in a property that holds several, such as `hs_additional_emails`."""
    return text.split(";", _MOST_ALIASES)[:_MOST_ALIASES]


def _number(text: str) -> str | None:
    """Return the plain spelling of a number, or of a date or time in milliseconds since 1970."""
    if len(text) <= _MOST_DIGITS and _NUMBER.fullmatch(text):
        try:
            number = Decimal(text)
        except InvalidOperation:  # pragma: no cover (the pattern admits numbers only)
            return None
        return format(number.normalize(), "f") if number else "0"
    if not _MOMENT.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return str(round(moment.timestamp() * 1000))
    except (ValueError, OverflowError):
        return None
