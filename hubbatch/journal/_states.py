"""What is noted of each record, by position: one byte a record, and one for a whole page whose records are all alike.

Pure. It knows nothing of files. All that changes the state of a record is in this file.

A record begins as never sent. `SENT` is noted before its first byte leaves, by this process; an earlier process leaves
what it had not settled `IN_DOUBT`. From there it is settled, or goes back to where it was: what was not sent by this
process is UNSENT, but that proves nothing of an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum, StrEnum

from attrs import field, frozen

from hubbatch.models import RecordStatus

__all__ = ["PAGE", "RecordEvent", "RecordState", "Settled", "States", "event_of", "runs"]

PAGE = 1_000
"""Records of one page: four pages of mixed records fill a page of SQLite."""


class RecordState(StrEnum):
    """What a journal has of a record."""

    NEVER_SENT = "never sent"
    IN_DOUBT = "in doubt"
    """It may have been sent, and what became of it is not known yet: a later process finds out, or sends it again."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RETRYABLE = "retryable"
    """It failed, but not for its own sake: a later process sends it again."""
    UNKNOWN = "unknown"
    """It may have been sent, and what became of it cannot be found out."""


class _Code(IntEnum):
    """A record's state as a byte, in memory and in the file."""

    NEVER_SENT = 0
    SENT = 1
    IN_DOUBT = 2
    SUCCEEDED = 3
    FAILED = 4
    RETRYABLE = 5
    UNKNOWN = 6


_STATES = {
    RecordState.NEVER_SENT: (_Code.NEVER_SENT,),
    RecordState.IN_DOUBT: (_Code.SENT, _Code.IN_DOUBT),
    RecordState.SUCCEEDED: (_Code.SUCCEEDED,),
    RecordState.FAILED: (_Code.FAILED,),
    RecordState.RETRYABLE: (_Code.RETRYABLE,),
    RecordState.UNKNOWN: (_Code.UNKNOWN,),
}
_STATE_OF = {code: state for state, codes in _STATES.items() for code in codes}


class RecordEvent(StrEnum):
    """What can be noted of a record."""

    SENT = "may be sent now"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    FAILED_RETRYABLE = "failed, and may be sent again"
    UNKNOWN = "unknown for good"
    UNKNOWN_RETRYABLE = "unknown, and can be looked up or sent again"
    UNSENT = "not sent by this process"


def _row(never: _Code, sent: _Code, doubt: _Code, retryable: _Code, unknown: _Code) -> bytes:
    """Return a transition's target by the state before; a record that succeeded or failed stays as it is."""
    return bytes([never, sent, doubt, _Code.SUCCEEDED, _Code.FAILED, retryable, unknown]).ljust(256)


_N, _S, _D, _R, _U = (
    *(_Code.NEVER_SENT, _Code.SENT, _Code.IN_DOUBT, _Code.RETRYABLE, _Code.UNKNOWN),
)
_TRANSITIONS = {
    # before:                     never  sent   doubt  retry. unknown
    RecordEvent.SENT: _row(_S, _S, _D, _S, _D),
    RecordEvent.SUCCEEDED: bytes([_Code.SUCCEEDED]) * 256,
    RecordEvent.FAILED: bytes([_Code.FAILED] * 3 + [_Code.SUCCEEDED] + [_Code.FAILED] * 252),
    # A refusal together with others proves nothing of what an earlier process sent.
    RecordEvent.FAILED_RETRYABLE: _row(_R, _R, _D, _R, _U),
    RecordEvent.UNKNOWN: _row(_U, _U, _U, _U, _U),
    RecordEvent.UNKNOWN_RETRYABLE: _row(_D, _D, _D, _D, _D),
    RecordEvent.UNSENT: _row(_N, _N, _D, _R, _U),
}

_NONE = 0xFF
_AT_START = bytes([_N, _D, _D, _Code.SUCCEEDED, _Code.FAILED, _R, _U]).ljust(256, bytes([_NONE]))
"""What a new process makes of what the file holds."""


def event_of(status: RecordStatus, *, retryable: bool) -> RecordEvent:
    """Return what it means to a journal that a record ended in a state."""
    if status is RecordStatus.FAILED:
        return RecordEvent.FAILED_RETRYABLE if retryable else RecordEvent.FAILED
    if status is RecordStatus.UNKNOWN:
        return RecordEvent.UNKNOWN_RETRYABLE if retryable else RecordEvent.UNKNOWN
    return RecordEvent.SUCCEEDED if status is RecordStatus.SUCCEEDED else RecordEvent.UNSENT


@frozen
class Settled:
    """Records that have ended in one state, by their positions."""

    positions: Sequence[int]
    status: RecordStatus
    retryable: bool = field(default=False, kw_only=True)

    @property
    def event(self) -> RecordEvent:
        """What that means to a journal."""
        return event_of(self.status, retryable=self.retryable)


def runs(positions: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Return positions as ranges: the first and the last of each."""
    if not positions:
        return
    whole = range(positions[0], positions[-1] + 1)
    if len(whole) == len(positions) and list(positions) == list(whole):
        yield whole[0], whole[-1]
        return
    first = last = min(positions)
    for position in sorted(positions):
        if position > last + 1:
            yield first, last
            first = position
        last = position
    yield first, last


class States:
    """What is noted of each record of a load; `changed` has the pages that were changed since it was last emptied."""

    def __init__(self) -> None:
        self._pages: dict[int, int | bytearray] = {}
        self.changed: set[int] = set()

    def note(self, event: RecordEvent, first: int, last: int) -> None:
        """Note something of the records of a range."""
        table = _TRANSITIONS[event]
        if first < 0 or last < first:
            raise ValueError(f"there is no range of positions from {first} to {last}")
        for page in range(first // PAGE, last // PAGE + 1):
            start = page * PAGE
            if self._note(page, table, max(first - start, 0), min(last - start + 1, PAGE)):
                self.changed.add(page)

    def _note(self, page: int, table: bytes, low: int, high: int) -> bool:
        """Change part of one page; return whether anything is another than before."""
        before = self._pages.get(page, _N)
        if isinstance(before, int):
            if table[before] == before:
                return False
            if high - low == PAGE:
                self._pages[page] = table[before]
                return True
            before = self._pages[page] = bytearray([before]) * PAGE
        part = before[low:high]
        new = part.translate(table)
        if new == part:
            return False
        before[low:high] = new
        if before.count(before[0]) == PAGE:
            self._pages[page] = before[0]
        return True

    def code(self, position: int) -> int:
        """Return what is noted of one record, as a byte."""
        page = self._pages.get(position // PAGE, _N)
        return page if isinstance(page, int) else page[position % PAGE]

    def state(self, position: int) -> RecordState:
        """Return what is noted of one record."""
        return _STATE_OF[_Code(self.code(position))]

    def copy(self) -> States:
        """Return them as they are now; nothing that is noted later changes the copy."""
        found = States()
        found._pages = {
            page: codes if isinstance(codes, int) else bytearray(codes)
            for page, codes in self._pages.items()
        }
        return found

    def dump(self, page: int) -> bytes:
        """Return a page as the file has it."""
        found = self._pages.get(page, _N)
        return bytes([found]) if isinstance(found, int) else bytes(found)

    def load(self, page: int, data: bytes) -> bool:
        """Take a page from the file, as an earlier process left it; return whether it can be one."""
        codes = data.translate(_AT_START)
        if page < 0 or len(codes) not in {1, PAGE} or _NONE in codes:
            return False
        alike = codes.count(codes[0]) == len(codes)
        self._pages[page] = codes[0] if alike else bytearray(codes)
        return True

    def count(self, state: RecordState) -> int:
        """Return how many records are in a state; of those never sent only what shares a page with others."""
        wanted = _STATES[state]
        return sum(
            PAGE * (page in wanted) if isinstance(page, int) else sum(map(page.count, wanted))
            for page in list(self._pages.values())
        )

    def ranges(self, *states: RecordState) -> Iterator[tuple[int, int]]:
        """Return the records that are in one of these states, as ranges: the first and the last of each."""
        wanted = {code for state in states for code in _STATES[state]}
        found = bytes(code in wanted for code in range(256))
        first: int | None = None
        following = 0
        for page in sorted(self._pages):
            if first is not None and page != following:
                yield first, following * PAGE - 1
                first = None
            following = page + 1
            for start, is_wanted in _stretches(self.dump(page).translate(found)):
                if is_wanted and first is None:
                    first = page * PAGE + start
                elif not is_wanted and first is not None:
                    yield first, page * PAGE + start - 1
                    first = None
        if first is not None:
            yield first, following * PAGE - 1

    @property
    def empty(self) -> bool:
        """Whether nothing is noted of any record."""
        return not any(page != _N for page in self._pages.values())


def _stretches(flags: bytes) -> Iterator[tuple[int, bool]]:
    """Return where each stretch of a page begins, and whether it is wanted."""
    at = 0
    while at < len(flags):
        flag = flags[at]
        end = flags.find(1 - flag, at)
        end = len(flags) if end < 0 else end
        yield at, bool(flag)
        at = end
