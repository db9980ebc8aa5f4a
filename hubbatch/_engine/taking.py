"""How a record is taken in: entered in the ledger, and made an input, or refused.

Where there is a journal, a record may have been settled by an earlier process of the load, or may be in doubt. It knows
nothing of where records come from.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
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
from hubbatch.errors import UsageError

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

    def take(self, record: Any) -> bool:
        """Take one record in; return whether to ask again for room: it has filled one more request."""
        index = self._ledger.take(record)
        try:
            full = self._intake.take(index, record)
        except InvalidRecordError as error:
            return self._check.refuse(index, record, error)
        if full or self._dispatcher.rest is Rest.UNSEEN:
            self._dispatcher.dispatch()
        return full

    def finish(self) -> None:
        """Note that the source has ended."""

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
    that they are the same: else a record could be sent twice, or never.
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

    def take(self, record: Any) -> bool:
        """Take one record in, or hold it back; return whether to ask again for room."""
        index = self._ledger.taken
        earlier = self._entered(record)
        self._notes.add(record)
        if index >= self._notes.repeated:
            return self._go_on(index, record, earlier)
        is_open = earlier is None or earlier.status is None
        if is_open or self._intake.minds_settled:
            self._held.append((index, record, earlier))
            self._intake.held_back += is_open
        return self._compare(index + 1)

    def finish(self) -> None:
        """Note that the source has ended; it must not be shorter than it was."""
        if self._ledger.taken < self._notes.repeated:
            self._notes.fail(_fewer_records(self._ledger.taken, self._notes.repeated))

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
            self._intake.held_back -= earlier is None or earlier.status is None
            self._go_on(index, record, earlier)

    def _compare(self, records: int) -> bool:
        """Compare the first records, so many, with what they were; return whether that was possible."""
        expected, digest = self._notes.checkpoints.get(records), self._notes.digest
        if expected is None or digest is None:
            return False
        if digest.value == expected:
            self._released.extend(self._held)
            self._held.clear()
        else:
            self._notes.fail(_other_records(records))
        return True

    def _entered(self, record: Any) -> Earlier | None:
        """Enter a record in the ledger; return what earlier processes have left of it."""
        earlier = self._notes.earlier(self._ledger.taken)
        if earlier is None:
            self._ledger.take(record)
        elif earlier.status is None:
            self._ledger.in_doubt[self._ledger.take(record)] = earlier.since
        else:
            self._ledger.take_settled(record, earlier.status)
        return earlier

    def _go_on(self, index: int, record: Any, earlier: Earlier | None) -> bool:
        """Do what has to be done about a record that is entered; return whether that has filled one more request."""
        if earlier is not None and earlier.status is not None:
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


_SAME = "it must give the same records in the same order; for another input use another journal"


def _other_records(records: int) -> UsageError:
    return UsageError(
        f"the source has changed: of its first {counted(records, 'record')} some are others than before; {_SAME}"
    )


def _fewer_records(records: int, before: int) -> UsageError:
    return UsageError(
        f"the source has changed: it ended after {counted(records, 'record')}, not {before:,} as before; {_SAME}"
    )
