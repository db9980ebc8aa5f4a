"""A key that occurs twice is never in two batches at once: which goes on, which waits, which is invalid.

Three policies over the keys that are not settled yet. It knows nothing of batches in flight or of time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import Any, Protocol

import orjson

from hubbatch._records.input_queue import InputQueue
from hubbatch._records.planning import Input, encode_input
from hubbatch._records.spelling import Key
from hubbatch.endpoints import Doubt, Endpoint, ResultShape
from hubbatch.policies import Duplicates

__all__ = ["Admission", "DuplicateGuard", "Guard", "SeenKeys", "count_aside", "follow"]


_RECENT = 10_000
"""Keys of settled creates that are remembered: more than a quota lets through in four seconds."""

_MOST_ASIDE = 10_000
_MOST_ASIDE_BYTES = 64 * 1024 * 1024
"""Records that wait for a key, and bytes of JSON, that are no reason to take in fewer others: memory is bounded."""


class Admission(Enum):
    """What becomes of an input now."""

    QUEUE = auto()
    """It may be sent."""
    WAIT = auto()
    """It waits for the key, or rides with the input that has it; either way it is settled later."""
    INVALID = auto()


_QUEUE = Admission.QUEUE
"""At hand for every record: to look an Enum's member up takes a call of Python in 3.11."""


class Guard(Protocol):
    """Keeps inputs that share a key out of each other's way."""

    @property
    def waiting(self) -> int: ...
    @property
    def aside(self) -> int: ...
    @property
    def merges(self) -> bool: ...
    def admit(self, item: Input) -> Admission: ...
    def release(self, item: Input) -> Sequence[Input]: ...
    def release_all(self, items: Sequence[Input]) -> Sequence[Input]: ...
    def write(self, items: Iterable[Input]) -> None: ...
    def close(self) -> None: ...


def count_aside(waiting: int, waiting_bytes: int) -> int:
    """Return how many of the inputs that wait are no reason to take in fewer others."""
    return min(waiting, _MOST_ASIDE) if waiting_bytes <= _MOST_ASIDE_BYTES else 0


class DuplicateGuard:
    """Knows which keys are taken, and by whom."""

    def __init__(self, policy: Duplicates, inputs: InputQueue, endpoint: Endpoint) -> None:
        self._policy = policy
        self._inputs = inputs
        self._remembers = endpoint.doubt is Doubt.LOOK_UP
        """Whether it matters, when an input is looked up, that another one has just had its key."""
        self._one_answer_serves_all = (
            endpoint.one_answer_serves_all and policy is not Duplicates.REFUSE
        )
        """Reading or archiving an object twice is doing it once: no need to ask again."""
        self._key_says_all = endpoint.result is ResultShape.OBJECT
        """Whether inputs with one key ask for the same, as those do that name an object and nothing more."""
        self._holders: dict[Key, Input] = {}
        self._waiting: dict[Key, deque[Input]] = {}
        self._seen = SeenKeys() if policy is Duplicates.REFUSE else None
        self._released: dict[Key, None] = {}
        """The last keys given back, oldest first: what happened a moment ago."""
        self._merging: dict[Input, _Merging] = {}
        """Inputs that have grown by others since they were written."""
        self.waiting = 0
        """How many inputs wait for a key, or are settled with the one that has it."""
        self._waiting_bytes = 0

    @property
    def aside(self) -> int:
        """How many of those are no reason to take in fewer others."""
        return count_aside(self.waiting, self._waiting_bytes)

    @property
    def merges(self) -> bool:
        """Whether any input has to be written anew before it is sent."""
        return bool(self._merging)

    def admit(self, item: Input) -> Admission:
        """Decide about one input in the order of the source."""
        key = item.key
        if key is None:
            return _QUEUE
        if self._seen is not None:
            return _QUEUE if self._seen.add(key) else Admission.INVALID
        holder = self._holders.setdefault(key, item)
        if holder is item:
            if self._released:
                item.successor = key in self._released
            return _QUEUE
        self.waiting += 1
        self._waiting_bytes += len(item.body)
        queue = self._waiting.get(key)
        if self._one_answer_serves_all:
            last = queue[-1] if queue else holder
            if self._key_says_all or last.body == item.body:
                follow(last, item)
                return Admission.WAIT
        if self._policy is Duplicates.MERGE and (
            self._merged(queue[-1], item, waits_here=True)
            if queue
            else self._merged(holder, item, waits_here=False)
        ):
            return Admission.WAIT
        self._waiting.setdefault(key, deque()).append(item)
        return Admission.WAIT

    def release(self, item: Input) -> Sequence[Input]:
        """Give a settled input's key back; return the input that has waited longest for it, if any."""
        key = item.key
        if key is None or self._holders.get(key) is not item:
            return ()
        if item.followers is not None:
            self._forget(item.followers)
        queue = self._waiting.get(key) if self._waiting else None
        if queue is None:
            del self._holders[key]
            if self._remembers:
                self._remember(key)
            return ()
        successor = self._holders[key] = queue.popleft()
        successor.successor = True
        self._forget((successor,))
        if self._merging:
            self.write((successor,))
        if not queue:
            del self._waiting[key]
        return (successor,)

    def _forget(self, items: Sequence[Input]) -> None:
        """Note that inputs wait no more; what they wrote counts as it was given."""
        self.waiting -= len(items)
        self._waiting_bytes -= sum(len(item.body) for item in items)

    def _remember(self, key: Key) -> None:
        self._released[key] = None
        if len(self._released) > _RECENT:
            del self._released[next(iter(self._released))]

    def release_all(self, items: Sequence[Input]) -> list[Input]:
        """Give the keys of settled inputs back; return the inputs that have waited longest for them."""
        if self.waiting or self._remembers:
            return [successor for item in items for successor in self.release(item)]
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
        merging = self._merging.get(earlier)
        if merging is None:
            merging = _Merging(earlier)
        wire = later.wire
        growth = merging.growth(wire)
        if merging.size + growth > self._inputs.largest:
            return False
        if not waits_here and not self._inputs.grow(earlier, growth):
            return False
        merging.add(wire, growth)
        self._merging[earlier] = merging
        follow(earlier, later)
        return True

    def write(self, items: Iterable[Input]) -> None:
        """Write inputs anew that others were merged into."""
        for item in items:
            if (merging := self._merging.pop(item, None)) is not None:
                item.body = encode_input(merging.wire)


class _Merging:
    """Inputs of one object on their way to become one. It is written as JSON once, and its size is known before."""

    def __init__(self, item: Input) -> None:
        self.wire = item.wire
        self.size = len(item.body)

    def growth(self, later: dict[str, Any]) -> int:
        """Return the bytes that an input would add."""
        properties = self.wire["properties"]
        count, growth = len(properties), 0
        for name, value in later["properties"].items():
            growth += _size(value)
            if name in properties:
                growth -= _size(properties[name])
            else:
                growth += _size(name) + len(":") + (count > 0)  # and a comma, but for the first
                count += 1
        if associations := later.get("associations"):
            growth += _size(associations)
            if "associations" in self.wire:
                growth += len(",") - len("[]")
            else:
                growth += len(',"associations":')
        return growth

    def add(self, later: dict[str, Any], growth: int) -> None:
        """Join an input: later properties win; the earlier trace id stays on the wire."""
        self.wire["properties"].update(later["properties"])
        if associations := later.get("associations"):
            self.wire.setdefault("associations", []).extend(associations)
        self.size += growth


def _size(value: Any) -> int:
    return len(orjson.dumps(value))


def follow(holder: Input, item: Input) -> None:
    """Have an input settled with another one."""
    if holder.followers is None:
        holder.followers = []
    holder.followers.append(item)


class SeenKeys:
    """Every key of a run, exactly, in bounded memory: SQLite spills its private table to a temporary file."""

    def __init__(self) -> None:
        import sqlite3  # noqa: PLC0415 (a fifth of the time that it takes to import us, and seldom wanted)

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
