"""The queue of inputs that wait to be sent, and what one request takes out of it: by count, by bytes, in order.

Pure, without a clock. It knows nothing of where inputs come from, when a request is made, or what becomes of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import repeat
from operator import attrgetter

from hubbatch._records.planning import Input, encode_input

__all__ = ["InputQueue", "tell_apart"]


_BODY = attrgetter("body")

_SUFFIX = 8
"""Bytes by which a caller's trace id may grow to become unique."""


class InputQueue:
    """Inputs of one run in the order in which they came.

    A request holds `max_inputs`, or `max_bytes` of body, of which `overhead` are not the inputs'. `grows`:
    whether an input may grow while it waits. `in_doubt`: the inputs, by index, that may have been sent before, and
    since when: those of one moment go together, and with no others.
    """

    def __init__(
        self,
        max_inputs: int,
        max_bytes: int,
        overhead: int = 0,
        *,
        grows: bool = False,
        in_doubt: Mapping[int, float] | None = None,
    ) -> None:
        self._in_doubt: Mapping[int, float] = {} if in_doubt is None else in_doubt
        self._max_inputs = max_inputs
        self.largest = max_bytes - overhead
        """Bytes that an input may have to be sent at all."""
        self._inputs: deque[Input] = deque()
        self._bytes = 0
        self._growth: dict[Input, int] | None = {} if grows else None
        """The inputs that wait, and by how many bytes each has grown."""
        self.full = 0
        """How many requests can be filled, at the least."""
        self._next_count, self._next_bytes = max_inputs, self.largest + 1
        """The inputs, or bytes, that fill one request more."""
        self.plain = not grows
        """Whether an input's size is that of its body: none may grow, or may have to become unique."""

    def __len__(self) -> int:
        return len(self._inputs)

    @property
    def rest(self) -> bool:
        """Whether something is certainly left once as many requests have been filled as can be."""
        count, size = self.full * self._max_inputs, self.full * (self.largest + 1)
        return len(self._inputs) > count or self._bytes > size

    @property
    def missing(self) -> tuple[int, int]:
        """How many inputs more, or bytes of them, fill one request more."""
        return self._next_count - len(self._inputs), self._next_bytes - self._bytes

    def extend(self, items: Sequence[Input]) -> bool:
        """Add inputs; return whether one more request can be filled."""
        plain, size, full = self.plain, len(items), self.full
        for item in items:
            plain = plain and item.caller_trace_id is None
            size += len(item.body)
        if not plain:
            for item in items:
                self.append(item)
            return self.full > full
        self._inputs.extend(items)
        self._bytes += size
        if len(self._inputs) < self._next_count and self._bytes < self._next_bytes:
            return False
        self._count()
        return self.full > full

    def append(self, item: Input) -> bool:
        """Add an input; return whether one more request can be filled."""
        self._inputs.append(item)
        self._bytes = total = self._bytes + len(item.body) + 1  # the comma
        if self.plain and item.caller_trace_id is None:  # as nearly always
            if len(self._inputs) < self._next_count and total < self._next_bytes:
                return False
        else:
            self.plain = False
            if item.caller_trace_id is not None:
                self._bytes += _SUFFIX
            if self._growth is not None:
                self._growth[item] = 0
        full = self.full
        self._count()
        return self.full > full

    def grow(self, item: Input, by: int) -> bool:
        """Note that an input grows by so many bytes, if it still waits."""
        if self._growth is None or item not in self._growth:
            return False
        self._growth[item] += by
        self._bytes += by
        self._count()
        return True

    def take(self, most: int | None = None) -> list[Input]:
        """Remove and return what the next request carries: as much as it may hold, but no more than `most` inputs."""
        inputs = self._inputs
        count = min(len(inputs), self._max_inputs if most is None else most)
        taken = list(map(deque.popleft, repeat(inputs, count)))  # loops in C: for every record
        if self._in_doubt and taken:
            taken = self._alike(taken)
        total = self._total(taken)
        while total > self.largest and len(taken) > 1:
            item = taken.pop()
            inputs.appendleft(item)
            total -= self._size(item)
        if self._growth is not None:
            for item in taken:
                del self._growth[item]
        self._bytes -= total
        self._count()
        return taken

    def _alike(self, taken: list[Input]) -> list[Input]:
        """Return those inputs that may go with the first one; put the others back."""
        since = self._in_doubt.get
        wanted = since(taken[0].index)
        others = [item for item in taken if since(item.index) != wanted]
        self._inputs.extendleft(reversed(others))
        return [item for item in taken if since(item.index) == wanted]

    def _total(self, inputs: list[Input]) -> int:
        if self.plain:
            return sum(map(len, map(_BODY, inputs))) + len(inputs)
        return sum(map(self._size, inputs))

    def _size(self, item: Input) -> int:
        size = len(item.body) + 1
        if item.caller_trace_id is not None:
            size += _SUFFIX
        if self._growth is not None:
            size += self._growth[item]
        return size

    def _count(self) -> None:
        # More bytes than one request may have, comma included, cannot all go into it.
        size = self.largest + 1
        full = self.full = max(len(self._inputs) // self._max_inputs, self._bytes // size)
        self._next_count, self._next_bytes = (full + 1) * self._max_inputs, (full + 1) * size


def tell_apart(inputs: Sequence[Input]) -> None:
    """Tell inputs of one request apart to which the caller gave the same trace id."""
    seen: set[str] = set()
    for item in inputs:
        if item.caller_trace_id is None:
            continue
        wanted = trace_id = item.caller_trace_id
        count = 1
        while trace_id in seen:
            count += 1
            trace_id = f"{wanted}#{count}"
        seen.add(trace_id)
        if trace_id != wanted:
            wire = item.wire
            wire["objectWriteTraceId"] = item.trace_id = trace_id
            item.body = encode_input(wire)
