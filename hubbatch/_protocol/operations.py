"""The verbs as data: path, limits, what an input carries, whether a second try is safe.

A new endpoint family is a new row here. Nothing in this module sends, plans or decides anything.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from attrs import frozen

from hubbatch.errors import UsageError

__all__ = [
    "ARCHIVE",
    "CREATE",
    "READ",
    "UPDATE",
    "UPSERT",
    "Operation",
    "check_api_version",
    "endpoint",
]


@frozen
class Operation:
    """One verb of HubSpot's object batch API."""

    verb: str
    idempotent: bool
    """Whether the same batch may be sent again when the fate of the first try is unknown."""
    keyed: bool
    """Whether an input names an object, by record id or unique value, which may occur once in a batch."""
    writes_properties: bool
    """Whether an input carries property values and takes an `objectWriteTraceId`."""
    creates: bool = False
    """Whether it makes objects that are not there."""
    writes: bool = True
    """Whether a success changes the account's data."""
    answers_results: bool = True
    """Whether a success names its records; an archive answers 204 with no body."""
    refuses_the_missing: bool = True
    """Whether a record whose object is not there has failed; to archive what is not there is to have archived it."""
    max_inputs: int = 100
    max_inputs_with_history: int = 100


CREATE = Operation("create", idempotent=False, keyed=False, writes_properties=True, creates=True)
UPDATE = Operation("update", idempotent=True, keyed=True, writes_properties=True)
UPSERT = Operation("upsert", idempotent=True, keyed=True, writes_properties=True, creates=True)
READ = Operation(
    "read",
    idempotent=True,
    keyed=True,
    writes_properties=False,
    writes=False,
    max_inputs_with_history=50,
)
ARCHIVE = Operation(
    "archive",
    idempotent=True,
    keyed=True,
    writes_properties=False,
    answers_results=False,
    refuses_the_missing=False,
)

_VERSION = re.compile(r"v3|20[0-9]{2}-[0-9]{2}(?:-[a-z]{1,20})?")
_OBJECT_TYPE = re.compile(r"[A-Za-z0-9_-]{1,200}")


def check_api_version(api_version: object) -> str:
    """Return the version if there is a path family for it: `v3`, or a dated one such as `2025-09`."""
    if not isinstance(api_version, str) or not _VERSION.fullmatch(api_version):
        raise UsageError(
            f"api_version must be 'v3' or a dated version such as '2025-09', not {api_version!r}"
        )
    return api_version


def endpoint(operation: Operation, object_type: object, api_version: str) -> str:
    """Return the path of a verb for an object type, which is checked and quoted, never spliced in."""
    if not isinstance(object_type, str) or not _OBJECT_TYPE.fullmatch(object_type):
        raise UsageError(
            "object_type must be an object's name or id, such as 'contacts', '0-3' or 'p_mycustom'"
            f" (letters, digits, '_' and '-'), not {object_type!r}"
        )
    family = "v3/objects" if api_version == "v3" else f"objects/{api_version}"
    return f"/crm/{family}/{quote(object_type, safe='')}/batch/{operation.verb}"
