"""A key that occurs twice is never in two batches at once: which goes on, which waits, which is invalid.

Three policies over the keys that are not settled yet. It knows nothing of batches in flight or of time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from hubbatch._records.guard import Admission, Guard, follow
from hubbatch._records.input_queue import InputQueue
from hubbatch._records.planning import Input, encode_input
from hubbatch._records.spelling import Key
from hubbatch.endpoints import Doubt, Endpoint, ResultShape
from hubbatch.policies import Duplicates

__all__ = ["DuplicateGuard"]


_RECENT = 10_000
"""Keys of settled creates that are remembered: more than a quota lets through in four seconds."""


_QUEUE = Admission.QUEUE
"""At hand for every record: to look an Enum's member up takes a call of Python in 3.11."""


class DuplicateGuard(Guard):
    """Knows which keys are taken, and by whom."""

    def __init__(
        self,
        policy: Duplicates,
        inputs: InputQueue,
        endpoint: Endpoint,
        in_doubt: Mapping[int, float] | None = None,
    ) -> None:
        super().__init__(policy, endpoint, in_doubt)
        self._policy = policy
        self._inputs = inputs
        self._remembers = endpoint.doubt is Doubt.LOOK_UP
        """Whether it matters, when an input is looked up, that another one has just had its key."""
        self._key_says_all = endpoint.result is ResultShape.OBJECT
        """Whether inputs with one key ask for the same, as those do that name an object and nothing more."""
        self._holders: dict[Key, Input] = {}
        self._waiting: dict[Key, deque[Input]] = {}
        self._released: dict[Key, None] = {}
        """The last keys given back, oldest first: what happened a moment ago."""
        self._merging: dict[Input, _Merging] = {}
        """Inputs that have grown by others since they were written."""

    @property
    def merges(self) -> bool:
        """Whether any input has to be written anew before it is sent."""
        return bool(self._merging)

    def admit_all(self, items: Sequence[Input]) -> bool:
        """Admit inputs if none of them shares its key with any other, and return True; else admit none."""
        if self._seen is not None:
            return False
        holders = self._holders
        new = dict(zip([item.key for item in items], items, strict=True))
        if None in new:
            return len(new) == 1  # none of them has a key
        if len(new) < len(items) or not holders.keys().isdisjoint(new):
            return False
        if self._released and not self._released.keys().isdisjoint(new):
            return False
        holders.update(new)  # type: ignore[arg-type]
        return True

    def admit(self, item: Input) -> Admission:
        """Decide about one input in the order of the source."""
        key = item.key
        if key is None:
            return _QUEUE
        if self._seen is not None:
            return _QUEUE if self._seen.add(key) is None else Admission.INVALID
        holder = self._holders.setdefault(key, item)
        if holder is item:
            if self._released:
                item.successor = key in self._released
            return _QUEUE
        self._wait(item)
        queue = self._waiting.get(key)
        last = queue[-1] if queue else holder
        if self._go_together(last, item):
            if self._one_answer_serves_all and (self._key_says_all or last.body == item.body):
                follow(last, item)
                return Admission.WAIT
            merges = self._policy is Duplicates.MERGE
            if merges and self._merged(last, item, waits_here=bool(queue)):
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

    def pass_by(self, item: Input) -> None:
        """Note the key of an input that an earlier process has settled."""
        super().pass_by(item)
        if self._remembers and item.key is not None and item.key not in self._holders:
            self._remember(item.key)

    def _remember(self, key: Key) -> None:
        self._released[key] = None
        if len(self._released) > _RECENT:
            del self._released[next(iter(self._released))]

    def release_all(self, items: Sequence[Input]) -> list[Input]:
        """Give the keys of settled inputs back; return the inputs that have waited longest for them."""
        if self.waiting or self._remembers:
            return super().release_all(items)
        holders = self._holders
        for item in items:
            key = item.key
            if key is not None and (holder := holders.pop(key, item)) is not item:
                holders[key] = holder
        return []

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
