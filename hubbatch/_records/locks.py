"""Inputs with several keys: those that share one are never in flight at once, and go in the order of the source.

An input takes its place in the line of each of its keys at the same moment, so no two can wait for each other. It
knows nothing of batches in flight or of time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from hubbatch._records.duplicates import Admission, SeenKeys, count_aside, follow
from hubbatch._records.planning import Input, NamedInput
from hubbatch._records.spelling import Key
from hubbatch.endpoints import Endpoint
from hubbatch.policies import Duplicates

__all__ = ["LockGuard"]


class LockGuard:
    """Knows which keys are taken, and who waits for each."""

    merges = False
    """Whether any input has to be written anew before it is sent."""

    def __init__(self, policy: Duplicates, endpoint: Endpoint) -> None:
        self._seen = SeenKeys() if policy is Duplicates.REFUSE else None
        self._one_answer_serves_all = endpoint.one_answer_serves_all and self._seen is None
        self._leaders: dict[Key, Input] = {}
        """Inputs that are not settled, by their identity: those who want the same follow them."""
        self._lines: dict[str, deque[Input]] = {}
        """Those who want a key, the one that has it first."""
        self._missing: dict[Input, int] = {}
        """How many of its keys an input has to wait for."""
        self._waiting_bytes = 0
        self.waiting = 0
        """How many inputs wait for a key, or are settled with another one."""

    @property
    def aside(self) -> int:
        """How many of those are no reason to take in fewer others."""
        return count_aside(self.waiting, self._waiting_bytes)

    def admit(self, item: Input) -> Admission:
        """Decide about one input in the order of the source."""
        if self._seen is not None and item.key is not None and not self._seen.add(item.key):
            return Admission.REFUSE
        if self._one_answer_serves_all and item.key is not None:
            leader = self._leaders.setdefault(item.key, item)
            if leader is not item:
                follow(leader, item)
                self._wait(item)
                return Admission.WAIT
        missing = 0
        for lock in _locks(item):
            line = self._lines.get(lock)
            if line is None:
                self._lines[lock] = deque((item,))
            else:
                self._overtaken(line[-1])
                line.append(item)
                missing += 1
        if not missing:
            return Admission.QUEUE
        self._missing[item] = missing
        self._wait(item)
        return Admission.WAIT

    def release(self, item: Input) -> Sequence[Input]:
        """Give a settled input's keys back; return the inputs that have all of theirs now."""
        if item.key is not None and self._leaders.get(item.key) is item:
            del self._leaders[item.key]
        for follower in item.followers or ():
            self._go(follower)
        freed = []
        for lock in _locks(item):
            line = self._lines.get(lock)
            if not line or line[0] is not item:
                continue
            line.popleft()
            if not line:
                del self._lines[lock]
                continue
            self._missing[line[0]] -= 1
            if not self._missing[line[0]]:
                del self._missing[line[0]]
                line[0].successor = True
                self._go(line[0])
                freed.append(line[0])
        return freed

    def release_all(self, items: Sequence[Input]) -> list[Input]:
        """Give the keys of settled inputs back; return the inputs that have all of theirs now."""
        return [freed for item in items for freed in self.release(item)]

    def write(self, items: Iterable[Input]) -> None:
        """Write inputs anew that others were merged into: there are none."""

    def close(self) -> None:
        """Free what the policy keeps outside the memory."""
        if self._seen is not None:
            self._seen.close()

    def _overtaken(self, leader: Input) -> None:
        """Let nobody follow an input any more behind which another one stands: what they do is to come after it."""
        if leader.key is not None and self._leaders.get(leader.key) is leader:
            del self._leaders[leader.key]

    def _wait(self, item: Input) -> None:
        self.waiting += 1
        self._waiting_bytes += len(item.body)

    def _go(self, item: Input) -> None:
        self.waiting -= 1
        self._waiting_bytes -= len(item.body)


def _locks(item: Input) -> Iterable[str]:
    """Return an input's keys, each once: an object may be at both ends of a pair."""
    return dict.fromkeys(item.locks) if isinstance(item, NamedInput) else ()
