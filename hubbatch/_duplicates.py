"""A key that occurs twice is never in two batches at once: who goes on, who waits, who is refused.

Three policies over the keys that are not settled yet. It knows nothing of batches in flight or of time.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Sequence
from enum import Enum, StrEnum, auto
from typing import Any

from hubbatch._batching import Chunker
from hubbatch._operations import Operation
from hubbatch._planning import Input, Key, encode_input

__all__ = ["Admission", "Duplicates", "Keyring"]


_RECENT = 10_000
"""Keys of settled creates that are remembered: more than a quota lets through in four seconds."""


class Duplicates(StrEnum):
    """What happens to a key that occurs twice in one run."""

    SERIAL = "serial"
    """The later record waits until the earlier one is settled."""
    MERGE = "merge"
    """Records that wait with one key become one input, later properties winning."""
    REFUSE = "refuse"
    """The later record fails."""


class Admission(Enum):
    """What becomes of an input now."""

    FEED = auto()
    WAIT = auto()
    """It waits for the key, or rides with the input that has it; either way it is settled later."""
    REFUSE = auto()


_FEED = Admission.FEED
"""At hand for every record: to look an Enum's member up takes a call of Python in 3.11."""


class Keyring:
    """Knows which keys are taken, and by whom."""

    def __init__(self, policy: Duplicates, chunker: Chunker, operation: Operation) -> None:
        self._policy = policy
        self._chunker = chunker
        self._keyed = operation.keyed
        self._one_answer_serves_all = (
            not operation.writes_properties and policy is not Duplicates.REFUSE
        )
        """Reading or archiving an object twice is doing it once: no need to ask again."""
        self._holders: dict[Key, Input] = {}
        self._waiting: dict[Key, deque[Input]] = {}
        self._seen = _SeenKeys() if policy is Duplicates.REFUSE else None
        self._released: dict[Key, None] = {}
        """The last keys given back, oldest first: what happened a moment ago."""

    def admit(self, item: Input) -> Admission:
        """Decide about one input in the order of the source."""
        key = item.key
        if key is None:
            return _FEED
        if self._seen is not None:
            return _FEED if self._seen.add(key) else Admission.REFUSE
        holder = self._holders.setdefault(key, item)
        if holder is item:
            if self._released:
                item.successor = key in self._released
            return _FEED
        if self._one_answer_serves_all:
            _follow(holder, item)
            return Admission.WAIT
        queue = self._waiting.get(key)
        if self._policy is Duplicates.MERGE and (
            self._merged(queue[-1], item, waits_here=True)
            if queue
            else self._merged(holder, item, waits_here=False)
        ):
            return Admission.WAIT
        self._waiting.setdefault(key, deque()).append(item)
        return Admission.WAIT

    def release(self, item: Input) -> Input | None:
        """Give a settled input's key back; return the input that has waited longest for it, if any."""
        key = item.key
        if key is None or self._holders.get(key) is not item:
            return None
        queue = self._waiting.get(key) if self._waiting else None
        if queue is None:
            del self._holders[key]
            if not self._keyed:
                self._remember(key)
            return None
        successor = self._holders[key] = queue.popleft()
        successor.successor = True
        if not queue:
            del self._waiting[key]
        return successor

    def _remember(self, key: Key) -> None:
        self._released[key] = None
        if len(self._released) > _RECENT:
            del self._released[next(iter(self._released))]

    def release_all(self, items: Sequence[Input]) -> list[Input]:
        """Give the keys of settled inputs back; return the inputs that have waited longest for them."""
        if self._waiting or not self._keyed:
            return [successor for item in items if (successor := self.release(item)) is not None]
        holders = self._holders
        for item in items:
            key = item.key
            if key is not None and (holder := holders.pop(key, item)) is not item:
                holders[key] = holder
        return []

    def close(self) -> None:
        """Free what the policy keeps outside the memory."""
        if self._seen is not None:
            self._seen.close()

    def _merged(self, earlier: Input, later: Input, *, waits_here: bool) -> bool:
        """Merge a record into an earlier one, if that is not under way yet and would not grow too large."""
        body = encode_input(_join(earlier.wire, later.wire))
        if not waits_here and not self._chunker.replace(earlier, body):
            return False
        if len(body) > self._chunker.largest:
            return False
        earlier.body = body
        _follow(earlier, later)
        return True


def _join(earlier: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    """Join two inputs of one object: later properties win; the earlier trace id stays on the wire."""
    joined = {**earlier, "properties": {**earlier["properties"], **later["properties"]}}
    if associations := [*earlier.get("associations", ()), *later.get("associations", ())]:
        joined["associations"] = associations
    return joined


def _follow(holder: Input, item: Input) -> None:
    if holder.followers is None:
        holder.followers = []
    holder.followers.append(item)


class _SeenKeys:
    """Every key of a run, exactly, in bounded memory: SQLite spills its private table to a temporary file."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)  # "": private and temporary
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute("PRAGMA cache_size=-16384")  # KiB
        self._database.execute("CREATE TABLE seen (key TEXT PRIMARY KEY) WITHOUT ROWID")
        self._database.execute("BEGIN")  # one transaction for all: nothing here needs to be durable

    def add(self, key: Key) -> bool:
        """Remember a key; return whether it is new."""
        text = f"{key[0] or ''}\0{key[1]}"
        cursor = self._database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (text,))
        return cursor.rowcount == 1

    def close(self) -> None:
        self._database.close()
