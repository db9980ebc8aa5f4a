"""All records of a job read and taken in as its verb would take them, and nothing sent.

It counts and groups. What the account is, and how findings are shown, is not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from attrs import define, field

from hubbatch import RecordOutcome, RecordStatus
from hubbatch.cli._checking_findings import Findings, Found
from hubbatch.cli._job import Job
from hubbatch.cli._reasons import Aside, Reasons, place
from hubbatch.cli._repeats import Places
from hubbatch.cli._settings import Settings
from hubbatch.cli._source import LoadSource
from hubbatch.files import BadLine, Ended, InputError, Opened, Row
from hubbatch.policies import Duplicates
from hubbatch.rehearsal import Rehearsal

__all__ = ["RowCheck"]

_REASONS = 20


@define
class RowCheck:
    """The check of a job's records: what has been found so far."""

    job: Job
    settings: Settings
    source: LoadSource
    say: Callable[[str], object]
    aside: Aside = field(factory=Aside)
    reasons: Reasons = field(factory=Reasons)
    missing_keys: Places = field(factory=Places)
    repeated_keys: Places = field(factory=Places)
    records: int = 0
    _numbers_are_lines: bool = False
    """Whether a record is known by its line: the input is one file that has lines."""

    async def run(self) -> Findings:
        """Read and take in everything. Raises `InputError` if not even a first record can be read."""
        job, settings, broken = self.job, self.settings, ""
        self._numbers_are_lines = len(self.source.identities) == 1
        with Rehearsal(
            job.verb,
            job.object_type,
            **job.options,
            duplicates=settings.duplicates.value,
            batch_size=settings.batch_size,
            on_repeat=self._note_repeat,
        ) as rehearsal:
            try:
                async with aclosing(self.source.blocks(self.aside, self._put_aside)) as blocks:
                    async for records in blocks:
                        for record in records:
                            self._take(rehearsal, record)
            except InputError as error:
                if not self.records:
                    raise
                broken = str(error)
            rehearsal.end()
        return self._findings(rehearsal, broken)

    def _take(self, rehearsal: Rehearsal, record: Row) -> None:
        self.records += 1
        key = self.job.layout.key
        if key is not None and _is_missing(
            record.get(key if not self.job.layout.ids_only else "id")
        ):
            self.missing_keys.add(self._place(record))
        error = rehearsal.add(record, self._number(record))
        if error is None:
            return
        outcome = RecordOutcome(record.position, record, RecordStatus.FAILED, error=error)
        for each in error.errors:
            self.reasons.add_problem(each.code or error.category, each.message, place(outcome))
        if not error.errors:
            self.reasons.add(outcome)

    async def _put_aside(self, entry: Opened | BadLine | Ended | Row) -> None:
        if isinstance(entry, Opened) and not entry.is_plain:
            self.say(str(entry))
        elif isinstance(entry, BadLine):
            self.aside.bad += 1
            self.reasons.add_bad_line(entry)
        elif isinstance(entry, Row):
            self.aside.held += 1

    def _number(self, record: Row) -> int:
        line = record.line if self._numbers_are_lines else None
        return record.position if line is None else line

    def _place(self, record: Row) -> str:
        return (
            f"line {record.line}"
            if record.line is not None and self._numbers_are_lines
            else f"record {record.position}"
        )

    def _note_repeat(self, record: Any, first: int) -> None:
        word = self._place(record).partition(" ")[0]
        self.repeated_keys.add(f"{self._place(record)} as {word} {first}")

    def _findings(self, rehearsal: Rehearsal, broken: str) -> Findings:
        found = self.reasons.top(_REASONS)
        return Findings(
            verb=self.job.verb,
            object_type=self.job.object_type,
            files=tuple(self.job.paths),
            records=self.records,
            aside=self.aside,
            would_fail=rehearsal.refused,
            key=self.job.layout.key,
            missing_keys=self.missing_keys,
            repeated_keys=self.repeated_keys,
            repeats_matter=self.settings.duplicates is Duplicates.SERIAL,
            reasons=tuple(
                Found(count, reason.category, reason.message, examples)
                for count, reason, examples in found
            ),
            more_reasons=len(self.reasons) - len(found),
            requests=rehearsal.requests,
            broken=broken,
        )


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
