"""The way in: a record becomes an input, waits for its key, and then in the queue for a request that takes it along.

Synchronous and without a clock. When a request is made, and what becomes of it, is not its business.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from hubbatch._records.call import Call
from hubbatch._records.guard import Admission
from hubbatch._records.input_queue import InputQueue, tell_apart
from hubbatch._records.mapping import as_mapping
from hubbatch._records.planners import guard_of, planner_of
from hubbatch._records.planning import Input
from hubbatch._records.request_body import RequestBody
from hubbatch._records.validation import Validator
from hubbatch._records.values import InvalidRecordError, ValueEncoder
from hubbatch.endpoints import Doubt
from hubbatch.policies import Duplicates

__all__ = ["Intake"]

_NO_WAY = (
    "nothing shows whether it was written; give unique_property to a create that is to be resumed"
)

_REPEATED = "the key occurred before in this run, and duplicates are refused"

_QUEUE = Admission.QUEUE  # at hand for every record: to look it up takes a call of Python in 3.11


class Intake:
    """Turns the records of one run into inputs, and these into what each request carries.

    `in_doubt`: the records, by index, that an earlier process of the load may have sent, and since when.
    """

    def __init__(self, call: Call, in_doubt: Mapping[int, float] | None = None) -> None:
        self.request_body = RequestBody(call.body_fields, call.endpoint.body)
        self._convert = call.convert
        self._planner = planner_of(
            call.endpoint,
            id_property=call.id_property,
            unique_property=call.unique_property,
            trace_prefix=f"{secrets.token_hex(4)}-",
            spelling=call.spelling,
            encode=ValueEncoder(call.missing, call.timezone).encode,
            of_frame=call.of_frame,
        )
        self.queue = InputQueue(
            call.batch_size,
            call.max_batch_bytes,
            len(self.request_body),
            grows=call.duplicates is Duplicates.MERGE,
            in_doubt=in_doubt,
        )
        """The inputs that wait to be sent."""
        self.held_back = 0
        """How many records wait to become inputs until it is known that they are those of an earlier process."""
        self.validator: Validator | None = None
        """Holds records against a schema, where that is wanted and there is one."""
        self._guard = guard_of(call.endpoint, call.duplicates, self.queue, in_doubt)
        self._looks_up = call.endpoint.doubt is Doubt.LOOK_UP
        self._stamp = call.endpoint.stamp
        self.doubt_can_be_settled = call.endpoint.doubt is Doubt.REPEAT or (
            self._looks_up and call.unique_property is not None
        )
        """Whether it can be found out what became of a record that may have been sent."""
        self.minds_settled = call.duplicates is Duplicates.REFUSE or (
            self._looks_up and call.unique_property is not None
        )
        """Whether it matters for a record that an earlier process has settled one with the same key."""

    @property
    def waiting_for_key(self) -> int:
        """How many records wait for an earlier one with the same key, or share its request."""
        return self._guard.waiting

    @property
    def aside(self) -> int:
        """How many records that are taken are no reason to take in fewer others."""
        return self._guard.aside + self.held_back

    def take(self, index: int, record: Any) -> bool:
        """Take a record in; return whether one more request can be filled.

        Raises `InvalidRecordError` for a record that must not be sent.
        """
        _, full, error = self.take_some(index, (record,))
        if error is not None:
            raise error
        return full

    def take_some(
        self, first: int, records: Sequence[Any]
    ) -> tuple[int, bool, InvalidRecordError | None]:
        """Take records in, the first of which has this index, no further than until one more request can be filled.

        Return how many are taken, whether that request can be filled, and why the next one must not be sent, if it must
        not. At least one is taken, or must not be sent.
        """
        items, error = self._plan(first, records)
        if not items:
            return 0, False, error
        guard, queue = self._guard, self.queue
        if guard.admit_all(items):  # as nearly always
            return len(items), queue.extend(items), error
        full = False
        for item in items:
            admission = guard.admit(item)
            if admission is _QUEUE:
                full = queue.append(item) or full
            elif (
                admission is Admission.INVALID
            ):  # the only one: such a guard is given them one by one
                return 0, False, InvalidRecordError(_REPEATED)
        return len(items), full, error

    def _plan(
        self, first: int, records: Sequence[Any]
    ) -> tuple[list[Input], InvalidRecordError | None]:
        """Return inputs of records, no more than fill a request, and why the next one must not be sent, if so."""
        queue, convert, plan = self.queue, self._convert, self._planner.plan
        validator, largest = self.validator, self.queue.largest
        most, space = queue.missing
        items: list[Input] = []
        for index, record in enumerate(records[: 1 if self._guard.one_by_one else most], first):
            try:
                item = plan(index, record if convert is None else convert(record))
                if validator is not None:
                    validator.check(item.wire)
            except InvalidRecordError as error:
                return items, error
            except Exception as error:  # a record's own code may raise anything
                return items, InvalidRecordError(f"the record cannot be read: {_words(error)}")
            if (size := len(item.body)) > largest:
                return items, InvalidRecordError(
                    f"the record takes {size} bytes of JSON, more than a request may have; make it smaller or raise"
                    " max_batch_bytes"
                )
            items.append(item)
            space -= size + 1
            if (
                space <= 0 or item.caller_trace_id is not None
            ):  # which takes more space than its body
                break
        return items, None

    def take_in_doubt(self, index: int, record: Any) -> bool:
        """Take a record in that an earlier process may have sent; return whether one more request can be filled.

        Raises `InvalidRecordError`, too, if nobody can find out what became of it: it is not to be sent again.
        """
        if not self.doubt_can_be_settled:
            raise InvalidRecordError(_NO_WAY)
        if self._stamp is not None and not self._is_stamped(record, self._stamp):
            raise InvalidRecordError(f"it has no {self._stamp!r} by which a repetition is known")
        if self._looks_up and (item := self._planned(index, record)) and item.key is None:
            raise InvalidRecordError("it has no unique value by which it could be looked up")
        return self.take(index, record)

    def pass_by(self, index: int, record: Any) -> None:
        """Note the key of a record that an earlier process has settled."""
        if (item := self._planned(index, record)) is not None:
            self._guard.pass_by(item)

    def _planned(self, index: int, record: Any) -> Input | None:
        """Return the input that a record would make; None if it must not be sent."""
        try:
            item = self._planner.plan(
                index, record if self._convert is None else self._convert(record)
            )
            if self.validator is not None:
                self.validator.check(item.wire)
        except Exception:  # a record's own code may raise anything
            return None
        return item if len(item.body) <= self.queue.largest else None

    def _is_stamped(self, record: Any, stamp: str) -> bool:
        try:
            mapping = as_mapping(record)
            return bool(mapping and mapping.get(stamp))
        except Exception:  # as above
            return False

    def compose(self, most: int | None = None) -> Sequence[Input]:
        """Return what a request that leaves now carries, in its last form: no more than `most` inputs; maybe none."""
        inputs = self.queue.take(most)
        if self._guard.merges:
            self._guard.write(inputs)
        if not self.queue.plain:
            tell_apart(inputs)
        return inputs

    def release(self, items: Sequence[Input]) -> None:
        """Let those go on who wait for the keys of settled inputs."""
        for successor in self._guard.release_all(items):
            self.queue.append(successor)

    def close(self) -> None:
        """Free what is kept outside the memory."""
        self._guard.close()


def _words(error: Exception) -> str:
    """Return what an exception says; its own code may raise, too."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        return type(error).__name__
