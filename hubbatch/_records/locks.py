"""Inputs with several keys: those that share one are never in flight at once, and go in the order of the source.

An input takes its place in the line of each of its keys at the same moment, so no two can wait for each other. It
knows nothing of batches in flight or of time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from hubbatch._records.guard import Admission, Guard, follow
from hubbatch._records.planning import Input, NamedInput
from hubbatch._records.planning_pairs import PairInput
from hubbatch._records.spelling import Key
from hubbatch.endpoints import Endpoint
from hubbatch.policies import Duplicates

__all__ = ["LockGuard"]

_QUEUE = Admission.QUEUE  # at hand for every record: to look it up takes a call of Python in 3.11


class LockGuard(Guard):
    """Knows which keys are taken, and who waits for each."""

    def __init__(
        self,
        policy: Duplicates,
        endpoint: Endpoint,
        in_doubt: Mapping[int, float] | None = None,
    ) -> None:
        super().__init__(policy, endpoint, in_doubt)
        self._holders: dict[str, Input] = {}
        """Those who have a key."""
        self._lines: dict[str, deque[Input]] = {}
        """Those who wait for a key, the next one first."""
        self._missing: dict[Input, int] = {}
        """How many of its keys an input has to wait for."""

    def admit_all(self, items: Sequence[Input]) -> bool:
        """Admit pairs if none of them shares its key with any other, and return True; else admit none."""
        if self._seen is not None:
            return False
        holders = self._holders
        new = {item.lock: item for item in items if type(item) is PairInput}
        if len(new) < len(items) or not holders.keys().isdisjoint(new):
            return False
        holders.update(new)
        return True

    def admit(self, item: Input) -> Admission:
        """Decide about one input in the order of the source."""
        identity = None if self._seen is None else _identity(item)
        if self._seen is not None and identity is not None and self._seen.add(identity) is not None:
            return Admission.INVALID
        if type(item) is PairInput and self._holders.setdefault(item.lock, item) is item:
            return _QUEUE
        locks = _locks(item)
        holders = self._holders
        for taken, lock in enumerate(locks):
            if holders.setdefault(lock, item) is not item:
                return self._stand_in_line(item, locks, locks[:taken])
        return _QUEUE

    def pass_by(self, item: Input) -> None:
        """Note what an input was about that an earlier process has settled."""
        if self._seen is not None and (identity := _identity(item)) is not None:
            self._seen.add(identity)

    def _stand_in_line(self, item: Input, locks: Sequence[str], taken: Sequence[str]) -> Admission:
        """Let an input follow the one that does the same, or wait for those keys that it has not taken."""
        if leader := self._leader(item, locks, taken):
            follow(leader, item)
            self._wait(item)
            return Admission.WAIT
        missing = 0
        for lock in dict.fromkeys(locks[len(taken) :]):
            if self._holders.setdefault(lock, item) is not item:
                self._lines.setdefault(lock, deque()).append(item)
                missing += 1
        self._missing[item] = missing
        self._wait(item)
        return Admission.WAIT

    def _leader(self, item: Input, locks: Sequence[str], taken: Sequence[str]) -> Input | None:
        """Return the input that wants the same, if nobody stands behind it: what they do is to come after it."""
        if taken or not self._one_answer_serves_all or (identity := _identity(item)) is None:
            return None
        last = [
            line[-1] if (line := self._lines.get(lock)) else self._holders.get(lock)
            for lock in locks
        ]
        leader = last[0]
        # One identity may have several labels: only the same words do the same.
        alike = (
            leader is not None
            and _identity(leader) == identity
            and leader.body == item.body
            and self._go_together(leader, item)
        )
        return leader if alike and all(each is leader for each in last) else None

    def release_all(self, items: Sequence[Input]) -> list[Input]:
        """Give the keys of settled inputs back; return the inputs that may go on."""
        freed: list[Input] = []
        holders, lines = self._holders, self._lines
        for item in items:
            if lines or type(item) is not PairInput or item.followers is not None:
                freed += self.release(item)
            elif holders.get(item.lock) is item:  # as nearly always
                del holders[item.lock]
        return freed

    def release(self, item: Input) -> Sequence[Input]:
        """Give a settled input's keys back; return the inputs that have all of theirs now."""
        if item.followers is not None:
            self._forget(item.followers)
        holders = self._holders
        freed: list[Input] = []
        for lock in _locks(item):
            if holders.get(lock) is not item:
                continue
            line = self._lines.get(lock) if self._lines else None
            if line is None:
                del holders[lock]
                continue
            following = holders[lock] = line.popleft()
            if not line:
                del self._lines[lock]
            self._missing[following] -= 1
            if not self._missing[following]:
                del self._missing[following]
                following.successor = True
                self._forget((following,))
                freed.append(following)
        return freed

    def write(self, items: Iterable[Input]) -> None:
        """Write inputs anew that others were merged into: there are none."""


def _identity(item: Input) -> Key | None:
    """Return what an input is about."""
    return item.identity if isinstance(item, NamedInput) else item.key


def _locks(item: Input) -> tuple[str, ...]:
    """Return an input's keys."""
    return item.locks if isinstance(item, NamedInput) else ()
