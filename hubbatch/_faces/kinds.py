"""What kind of association is meant: HubSpot's specs, checked, or a label that is looked up once.

It knows nothing of records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from hubbatch._faces.starting import StartRun
from hubbatch.endpoints._labels import LABELS
from hubbatch.errors import TransportError, UsageError
from hubbatch.models import RowResult

__all__ = ["Spec", "Specs", "check_label", "check_specs", "find_spec"]

Spec = Mapping[str, Any]
"""`{"associationCategory": "USER_DEFINED", "associationTypeId": 7}`"""

Specs = Sequence[Spec]

_FIELDS = {"associationCategory": str, "associationTypeId": int}
_MOST_NAMED = 20
"""Labels that a message names."""


def check_specs(types: Specs) -> list[dict[str, Any]]:
    """Return association specs as they go out; raise `UsageError` for what is none, and where there is none."""
    if isinstance(types, str | bytes | Mapping) or not isinstance(types, Sequence):
        raise UsageError(f"types must be a list of association specs, {_such_as()}, not {types!r}")
    if not types:
        raise UsageError(
            f"types is empty, and would link nothing; give association specs, {_such_as()}, a label, or use"
            " create_default()"
        )
    for spec in types:
        if not isinstance(spec, Mapping) or any(
            type(spec.get(name)) is not kind for name, kind in _FIELDS.items()
        ):
            raise UsageError(
                f"each of types must be an association spec, {_such_as()}, not {spec!r}"
            )
    return [dict(spec) for spec in types]


def check_label(label: object) -> str:
    """Return a label; raise `UsageError` for what is none."""
    if not isinstance(label, str) or not label.strip():
        raise UsageError(f"label must be the text of an association's label, not {label!r}")
    return label


async def find_spec(start: StartRun, path: Mapping[str, str], label: str) -> dict[str, Any]:
    """Ask the account for what a label means between two object types; `UsageError` if that is not one thing."""
    outcome = await start(LABELS, path, [{}], {})
    (record,) = outcome.records
    if not isinstance(record.result, RowResult):
        raise TransportError(
            f"the labels between {_between(path)} could not be read: {record.reason}"
        )
    rows = record.result.get("results")
    known = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    found = [row for row in known if row.get("label") == label]
    if len(found) == 1:
        return {
            "associationCategory": found[0].get("category"),
            "associationTypeId": found[0].get("typeId"),
        }
    if found:
        meant = ", ".join(
            f"{row.get('category')} {row.get('typeId')}" for row in islice(found, _MOST_NAMED)
        )
        raise UsageError(
            f"the label {label!r} between {_between(path)} is ambiguous: it is {meant}; give types instead"
        )
    labels = [repr(row["label"]) for row in known if row.get("label")]
    listed = ", ".join(labels[:_MOST_NAMED]) or "none"
    raise UsageError(f"there is no label {label!r} between {_between(path)}; there are: {listed}")


def _between(path: Mapping[str, str]) -> str:
    return " and ".join(path.values())


def _such_as() -> str:
    return "such as {'associationCategory': 'HUBSPOT_DEFINED', 'associationTypeId': 279}"
