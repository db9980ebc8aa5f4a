"""What was noted and is not in the file yet.

Pure, and for one thread at a time. Versions count what was noted: whoever waits for a version waits for all up to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field, frozen

from hubbatch._records.source_digest import EVERY
from hubbatch.journal._contents import Mark
from hubbatch.journal._memory import Memory
from hubbatch.journal._states import RecordEvent, RecordState, runs
from hubbatch.journal._store import Changes
from hubbatch.journal._tries import Try

__all__ = ["Pending", "Taken"]


@frozen
class Taken:
    """What one transaction is to write."""

    changes: Changes
    since: int
    """Up to which version it was written before."""


@define
class Pending:
    """Notes things in the memory of a journal and keeps what has to be written of it.

    A digest of 1,000 records, or of a multiple of it, is kept; of others the last.
    """

    memory: Memory
    version: int = 0
    """How much was noted."""
    _taken: int = 0
    """Up to which version it was taken to be written."""
    _facts: dict[str, str] = field(factory=dict)
    _marks: dict[str, Mark] = field(factory=dict)
    _tries: list[Try] = field(factory=list)
    _checkpoints: dict[int, bytes] = field(factory=dict)
    _gone: list[int] = field(factory=list)
    _only_tries: bool = False
    _last: int | None = None
    """Of how many records the last digest is, if that is no multiple of 1,000."""

    def __attrs_post_init__(self) -> None:
        """Have the first transaction drop the tries of earlier processes that are not in doubt any more."""
        self._tries, self._only_tries = list(self.memory.tries), True
        odd = [records for records in self.memory.checkpoints if records % EVERY]
        self._last = max(odd, default=None)

    def note(self, event: RecordEvent, positions: Sequence[int]) -> None:
        """Note something of records."""
        self.version += 1
        for first, last in runs(positions):
            self.memory.states.note(event, first, last)

    def sent(self, positions: Sequence[int], at: float) -> None:
        """Note that records may be sent from now on."""
        self.note(RecordEvent.SENT, positions)
        self._tries += [Try(first, last, at) for first, last in runs(positions)]

    def mark(self, marks: Mapping[str, Mark]) -> None:
        """Keep marks; of those that are as they were nothing has to be written."""
        known = self.memory.marks
        changed = {name: mark for name, mark in marks.items() if known.get(name) != mark}
        if changed:
            self.version += 1
            known.update(changed)
            self._marks.update(changed)

    def checkpoint(self, records: int, digest: bytes) -> None:
        """Keep the digest of the source's first records."""
        known = self.memory.checkpoints
        if known.get(records) == digest:
            return
        self.version += 1
        if records % EVERY:
            if self._last is not None and self._last != records:
                known.pop(self._last, None)
                self._checkpoints.pop(self._last, None)
                self._gone.append(self._last)
            self._last = records
        if records in self._gone:
            self._gone.remove(records)
        known[records] = self._checkpoints[records] = digest

    def describe(self, load: Mapping[str, Any], text: str) -> None:
        """Keep what the load is about; it is under way. One of which nothing was done has no source yet."""
        if self.memory.empty:
            self._forget_checkpoints()
        self.version += 1
        self.memory.description, self.memory.complete = load, False
        self._facts.update(description=text, complete="0")

    def finish(self, *, complete: bool) -> None:
        """Note that a process has come to its end."""
        self.version += 1
        self.memory.complete = complete
        self._facts["complete"] = str(int(complete))
        if not self.memory.states.count(RecordState.IN_DOUBT):
            self._tries, self._only_tries = [], True

    def lacks(self, version: int | None) -> bool:
        """Say whether something up to a version has not been taken yet; None: whatever it is."""
        return version is None or version > self._taken

    def take(self) -> Taken:
        """Return all that has to be written."""
        states = self.memory.states
        changes = Changes(
            facts=self._facts,
            marks=self._marks,
            pages={page: states.dump(page) for page in states.changed},
            tries=self._tries,
            checkpoints=self._checkpoints,
            gone=self._gone,
            only_tries=self._only_tries,
        )
        taken = Taken(changes, since=self._taken)
        self._clear()
        self._taken = self.version
        return taken

    def put_back(self, taken: Taken) -> None:
        """Have written again what could not be, together with what was noted since."""
        changes = taken.changes
        self.memory.states.changed |= changes.pages.keys()
        self._facts = {**changes.facts, **self._facts}
        self._marks = {**changes.marks, **self._marks}
        self._gone = [*changes.gone, *self._gone]
        kept = {n: digest for n, digest in changes.checkpoints.items() if n not in self._gone}
        self._checkpoints = {**kept, **self._checkpoints}
        if not self._only_tries:
            self._tries = [*changes.tries, *self._tries]
            self._only_tries = changes.only_tries
        self._taken = taken.since

    def _forget_checkpoints(self) -> None:
        self._gone += self.memory.checkpoints
        self.memory.checkpoints.clear()
        self._checkpoints.clear()
        self._last = None

    def _clear(self) -> None:
        self.memory.states.changed.clear()
        self._facts, self._marks, self._checkpoints = {}, {}, {}
        self._tries, self._gone = [], []
        self._only_tries = False
