"""What is counted of settled records, to be shown at a run's end: objects created and updated, and why others failed.

It knows nothing of files and journals. What it tells a later process is kept as marks, in the transaction that notes
the records: a kill at any moment leaves both alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Self

from attrs import define, field

from hubbatch import RecordOutcome, RecordStatus
from hubbatch.cli._reasons import Reasons

__all__ = ["SettledAccount"]

_CREATED, _UPDATED, _REASONS = "created", "updated", "reasons"
"""Names of marks."""
_SUCCEEDED = (
    RecordStatus.SUCCEEDED
)  # at hand for every record: to look it up takes a call of Python in 3.11


@define
class SettledAccount:
    """What is counted of records, over all processes of a load.

    A record that an earlier try may have written says of its object neither: nobody knows which it was.
    """

    created: int = 0
    updated: int = 0
    reasons: Reasons = field(factory=Reasons)

    @classmethod
    def of(cls, marks: Mapping[str, int | str]) -> Self:
        """Go on where the process that has left these marks was."""
        return cls(
            created=int(marks.get(_CREATED, 0)),
            updated=int(marks.get(_UPDATED, 0)),
            reasons=_reasons(str(marks.get(_REASONS, "[]"))),
        )

    def add(self, records: Iterable[RecordOutcome]) -> None:
        """Count some records."""
        created = updated = 0
        for record in records:
            if record.status is not _SUCCEEDED:
                self.reasons.add(record)
            elif (new := getattr(record.result, "new", None)) is not None:
                if new:
                    created += 1
                else:
                    updated += 1
        self.created += created
        self.updated += updated

    def marks(self) -> Mapping[str, int | str]:
        """Return what a later process is to know."""
        return {
            _CREATED: self.created,
            _UPDATED: self.updated,
            _REASONS: self.reasons.text,
        }


def _reasons(text: str) -> Reasons:
    try:
        return Reasons.of(json.loads(text))
    except (ValueError, TypeError):  # of another version
        return Reasons()
