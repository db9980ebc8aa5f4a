"""How a record is taken in: entered in the ledger, and made an input, or refused.

Where there is a journal, a record may have been settled by an earlier process of the load, or may be in doubt. It knows
nothing of where records come from.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from hubbatch._counted import counted
from hubbatch._engine.dispatch import Dispatcher, Rest
from hubbatch._engine.journal_notes import Notes
from hubbatch._engine.ledger import Ledger
from hubbatch._engine.schema_check import RecordCheck
from hubbatch._engine.sender import ClientResources
from hubbatch._engine.settler import Settler
from hubbatch._records.call import Call
from hubbatch._records.intake import Intake
from hubbatch._records.journal import Earlier
from hubbatch._records.values import InvalidRecordError
from hubbatch.errors import SourceChangedError
from hubbatch.models import NO_ANSWER, BatchError, RecordStatus

__all__ = ["ResumingTaker", "Taker", "taker_of"]


class Taker:
    """Takes the records of one run in."""

    enter: Callable[[Any], object] | None = None
    """Enters a record that is not taken in any more as earlier processes have left it; None: there were none."""

    def __init__(
        self, ledger: Ledger, intake: Intake, check: RecordCheck, dispatcher: Dispatcher
    ) -> None:
        self._ledger = ledger
        self._intake = intake
        self._check = check
        self._dispatcher = dispatcher

    def take(self, records: Sequence[Any]) -> tuple[int, bool]:
        """Take records in, at least the first; return how many, and whether to ask again for room before the others.

        That is so once they have filled one more request.
        """
        first = self._ledger.taken
        try:
            count, full, error = self._intake.take_some(first, records)
        except (
            BaseException
        ):  # a record's own code has ended the run: all of them are out of the source
            self._ledger.take_all(records)
            raise
        number = count if error is None else count + 1
        self._ledger.take_all(records if number == len(records) else records[:number])
        if count and (full or self._dispatcher.rest is Rest.UNSEEN):
            self._dispatcher.dispatch()
        if error is not None:
            full = self._check.refuse(first + count, records[count], error) or full
        return number, full

    def finish(self) -> None:
        """Note that the source has ended."""

    def leave_off(self) -> None:
        """Note that nothing is taken in any more."""

    @property
    def must_prepare(self) -> bool:
        """Whether `prepare` has to be awaited before more records are pulled."""
        return self._check.must_prepare

    async def prepare(self) -> None:
        """Do what has to be done before; nothing of it raises."""
        await self._check.prepare()


class ResumingTaker(Taker):
    """Takes records in as earlier processes of the load have left them.

    As long as the source repeats what earlier processes have had of it, records are held back until their digest shows
    that they are the same: else a record could be sent twice, or never. Until then it is in doubt what became of those
    in whose place an earlier process has settled one.
    """

    def __init__(
        self,
        ledger: Ledger,
        intake: Intake,
        check: RecordCheck,
        dispatcher: Dispatcher,
        *,
        notes: Notes,
        settler: Settler,
    ) -> None:
        super().__init__(ledger, intake, check, dispatcher)
        self.enter = self._entered
        self._notes = notes
        self._settler = settler
        self._held: list[tuple[int, Any, Earlier | None]] = []
        """Those that wait for their digest."""
        self._released: deque[tuple[int, Any, Earlier | None]] = deque()
        """Those that are the same as they were, and are taken in next."""
        self._differs = False
        """Whether the source is known to be another one."""

    def take(self, records: Sequence[Any]) -> tuple[int, bool]:
        """Take one record in, or hold it back; return whether to ask again for room."""
        return 1, self._take(records[0])

    def _take(self, record: Any) -> bool:
        index = self._ledger.taken
        earlier = self._notes.earlier(index)
        self._enter(record, earlier)
        self._notes.add(record)
        if index >= self._notes.repeated:
            return self._go_on(index, record, earlier)
        self._held.append((index, record, earlier))
        self._intake.held_back += 1
        return self._compare(index + 1)

    def finish(self) -> None:
        """Note that the source has ended; it must not be shorter than it was."""
        if self._ledger.taken < self._notes.repeated:
            taken, checkpoints = self._ledger.taken, self._notes.checkpoints
            following = min(records for records in checkpoints if records > taken)
            self._refuse(
                self._difference(checkpoints[following], following)
                or _fewer_records(taken, self._notes.repeated)
            )

    def leave_off(self) -> None:
        """Settle those that are held back as earlier processes have, unless the source is known to be another one."""
        for index, _, earlier in self._released:
            self._recall(index, earlier)
        for index, _, earlier in self._held:
            (self._disown if self._differs else self._recall)(index, earlier)

    @property
    def must_prepare(self) -> bool:
        """Whether `prepare` has to be awaited before more records are pulled."""
        return bool(self._released) or self._check.must_prepare

    async def prepare(self) -> None:
        """Take those in that are the same as they were, as far as their schema is known."""
        if self._check.must_prepare:
            await self._check.prepare()
        while self._released and not self._check.must_prepare:
            index, record, earlier = self._released.popleft()
            self._intake.held_back -= 1
            self._go_on(index, record, earlier)

    def _compare(self, records: int) -> bool:
        """Compare the first records, so many, with what they were; return whether that was possible."""
        expected, digest = self._notes.checkpoints.get(records), self._notes.digest
        if expected is None or digest is None:
            return False
        if digest.is_of(expected):
            self._released.extend(self._held)
            self._held.clear()
        else:
            self._refuse(self._difference(expected, records) or _other_records(records))
        return True

    def _difference(self, expected: bytes, records: int) -> SourceChangedError | None:
        """Say which record is the first one that is another than in the digest of so many, if that shows."""
        digest = self._notes.digest
        index = None if digest is None else digest.first_other(expected, records)
        if index is None:
            return None
        record = next((record for at, record, _ in self._held if at == index), None)
        return _other_record(index, record)

    def _refuse(self, error: SourceChangedError) -> None:
        """End the run because the source is another one."""
        self._differs = True
        self._ledger.note_errors([_ANOTHER])
        self._notes.fail(error)

    def _entered(self, record: Any) -> None:
        """Enter a record that is not taken in any more."""
        index, earlier = self._ledger.taken, self._notes.earlier(self._ledger.taken)
        self._enter(record, earlier)
        (self._disown if self._differs else self._recall)(index, earlier)

    def _enter(self, record: Any, earlier: Earlier | None) -> None:
        """Enter a record in the ledger: it is in doubt if earlier processes have left anything of one in its place."""
        index = self._ledger.take(record)
        if earlier is not None:
            self._ledger.in_doubt[index] = earlier.since

    def _recall(self, index: int, earlier: Earlier | None) -> None:
        """Settle a record as earlier processes have done, if they have."""
        if earlier is not None and earlier.status is not None:
            self._ledger.settle_earlier(index, earlier.status)

    def _disown(self, index: int, earlier: Earlier | None) -> None:
        """Close a record of another source: what earlier processes have settled in its place says nothing of it."""
        if earlier is not None and earlier.status is not None:
            self._ledger.settle(index, RecordStatus.UNKNOWN, error=_ANOTHER)

    def _go_on(self, index: int, record: Any, earlier: Earlier | None) -> bool:
        """Do what has to be done about a record that is entered; return whether that has filled one more request."""
        if earlier is not None and earlier.status is not None:
            self._recall(index, earlier)
            if self._intake.minds_settled:
                self._intake.pass_by(index, record)
            return False
        try:
            intake = self._intake
            take = intake.take if earlier is None else intake.take_in_doubt
            full = take(index, record)
        except InvalidRecordError as error:
            if earlier is None:
                return self._check.refuse(index, record, error)
            self._settler.close_in_doubt(index, str(error))
            return False
        if full or self._dispatcher.rest is Rest.UNSEEN:
            self._dispatcher.dispatch()
        return full


def taker_of(
    call: Call,
    resources: ClientResources,
    ledger: Ledger,
    intake: Intake,
    settler: Settler,
    *,
    dispatcher: Dispatcher,
    notes: Notes | None,
    refused: Callable[[], None],
    fail: Callable[[BaseException], None],
) -> Taker:
    """Return what takes the records of a run in.

    `refused` is called when a record has been refused, `fail` when the schema that it is held against cannot be had.
    """
    taken = dispatcher.dispatch
    check = RecordCheck(call, resources, intake, settler, taken=taken, refused=refused, fail=fail)
    if notes is None:
        return Taker(ledger, intake, check, dispatcher)
    return ResumingTaker(ledger, intake, check, dispatcher, notes=notes, settler=settler)


_ANOTHER = BatchError(
    NO_ANSWER,
    "the source has changed: an earlier process of this load has settled the record in this place, which need not be"
    " this one",
)
_SAME = "it must give the same records in the same order; for another input use another journal"


def _other_record(index: int, record: Any) -> SourceChangedError:
    return SourceChangedError(
        f"the source has changed: the record with the index {index} is another one than before; {_SAME}",
        index,
        record,
    )


def _other_records(records: int) -> SourceChangedError:
    return SourceChangedError(
        f"the source has changed: of its first {counted(records, 'record')} some are others than before; {_SAME}"
    )


def _fewer_records(records: int, before: int) -> SourceChangedError:
    return SourceChangedError(
        f"the source has changed: it ended after {counted(records, 'record')}, not {before:,} as before; {_SAME}"
    )
