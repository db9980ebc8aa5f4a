"""What every guard over keys has: who waits, which keys were seen, and what becomes of an input.

Which inputs share a key, and what that means, is a guard's own business.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto

from hubbatch._records.planning import Input
from hubbatch._records.seen_keys import SeenKeys
from hubbatch.endpoints import Endpoint
from hubbatch.policies import Duplicates

__all__ = ["Admission", "Guard", "follow"]

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


class Guard(ABC):
    """Keeps inputs that share a key out of each other's way."""

    def __init__(
        self,
        policy: Duplicates,
        endpoint: Endpoint,
        in_doubt: Mapping[int, float] | None = None,
    ) -> None:
        self._in_doubt: Mapping[int, float] = {} if in_doubt is None else in_doubt
        """The inputs, by index, that an earlier process may have sent, and since when."""
        self._seen = SeenKeys() if policy is Duplicates.REFUSE else None
        self._one_answer_serves_all = endpoint.one_answer_serves_all and self._seen is None
        """Reading or archiving an object twice is doing it once: no need to ask again."""
        self.waiting = 0
        """How many inputs wait for a key, or are settled with the one that has it."""
        self._waiting_bytes = 0

    @property
    def aside(self) -> int:
        """How many of those are no reason to take in fewer others."""
        return min(self.waiting, _MOST_ASIDE) if self._waiting_bytes <= _MOST_ASIDE_BYTES else 0

    @property
    def merges(self) -> bool:
        """Whether any input has to be written anew before it is sent."""
        return False

    @property
    def one_by_one(self) -> bool:
        """Whether inputs have to be admitted one by one: it may be that one of them must not be sent."""
        return self._seen is not None

    def admit_all(self, items: Sequence[Input]) -> bool:  # noqa: ARG002
        """Admit inputs if each may be sent now, and return True; else admit none."""
        return False

    @abstractmethod
    def admit(self, item: Input) -> Admission:
        """Decide about one input in the order of the source."""

    @abstractmethod
    def release(self, item: Input) -> Sequence[Input]:
        """Give a settled input's keys back; return the inputs that may go on."""

    def release_all(self, items: Sequence[Input]) -> list[Input]:
        """Give the keys of settled inputs back; return the inputs that may go on."""
        return [freed for item in items for freed in self.release(item)]

    def pass_by(self, item: Input) -> None:
        """Note the key of an input that an earlier process has settled."""
        if self._seen is not None and item.key is not None:
            self._seen.add(item.key)

    def _go_together(self, one: Input, other: Input) -> bool:
        """Whether two inputs may become one: both are new, or an earlier process may have sent them together."""
        since = self._in_doubt.get
        return not self._in_doubt or since(one.index) == since(other.index)

    @abstractmethod
    def write(self, items: Iterable[Input]) -> None:
        """Write inputs anew that others were merged into."""

    def close(self) -> None:
        """Free what the policy keeps outside the memory."""
        if self._seen is not None:
            self._seen.close()

    def _wait(self, item: Input) -> None:
        """Note that an input waits."""
        self.waiting += 1
        self._waiting_bytes += len(item.body)

    def _forget(self, items: Sequence[Input]) -> None:
        """Note that inputs wait no more; what they wrote counts as it was given."""
        self.waiting -= len(items)
        self._waiting_bytes -= sum(len(item.body) for item in items)


def follow(holder: Input, item: Input) -> None:
    """Have an input settled with another one."""
    if holder.followers is None:
        holder.followers = []
    holder.followers.append(item)
