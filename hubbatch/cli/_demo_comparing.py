"""Whether an account holds what an outcome says: every property of every record, and nothing else.

Works out by itself what the values must look like in the account, so that it can catch the library out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from hubbatch import RecordOutcome
from hubbatch.sandbox import StoredObject

__all__ = ["differences", "expected"]

_SERVER_MADE = frozenset({"hs_object_id", "createdate", "lastmodifieddate"})

Contact = dict[str, str]


def expected(succeeded: Iterable[RecordOutcome]) -> dict[str, Contact]:
    """Return the contacts by e-mail that there must be after these records, one by one in input order."""
    contacts: dict[str, Contact] = {}
    for record in sorted(succeeded, key=lambda record: record.index):
        key = record.input["email"].lower()
        contact = contacts.setdefault(key, {})
        for name, value in record.input.items():
            if value is None:
                continue
            text = key if name == "email" else _text(value)
            if text:
                contact[name] = text
            else:
                contact.pop(name, None)
    return contacts


def differences(
    wanted: Mapping[str, Contact], stored: Mapping[str, StoredObject]
) -> tuple[int, list[str]]:
    """Return how many property values agree, and what does not."""
    held = {contact.properties.get("email", ""): contact for contact in stored.values()}
    found = [f"{email} is not in the account" for email in wanted.keys() - held.keys()]
    found += [f"{email} should not be in the account" for email in held.keys() - wanted.keys()]
    if len(held) != len(stored):
        found.append(f"{len(stored) - len(held)} contacts share an e-mail address")
    values = 0
    for email in wanted.keys() & held.keys():
        there = {
            name: value
            for name, value in held[email].properties.items()
            if name not in _SERVER_MADE
        }
        values += len(there.items() & wanted[email].items())
        if there != wanted[email]:
            found.append(f"{email} is {there} and should be {wanted[email]}")
    return values, sorted(found)


def _text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}Z"
        case date():
            return f"{value:%Y-%m-%d}"
        case list():
            return ";".join(value)
        case _:
            return str(value)
