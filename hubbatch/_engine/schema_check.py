"""What becomes of records that must not be sent, and the schema that tells some of them.

The account's schema is fetched before the first record is pulled, and once more before a record is refused by it: a
property may have been made a moment ago. What is wrong with a record is found by the pure modules.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from hubbatch._clock import now
from hubbatch._engine.schemas import account_schema
from hubbatch._engine.sender import ClientResources
from hubbatch._engine.settler import Settler
from hubbatch._records.call import Call
from hubbatch._records.intake import Intake
from hubbatch._records.validation import RefusedBySchemaError, Validator
from hubbatch._records.values import InvalidRecordError
from hubbatch.errors import PermissionDeniedError, UsageError
from hubbatch.object_types import scope_name
from hubbatch.schema import Schema

__all__ = ["RecordCheck"]

_GOOD_FOR = 60.0
"""Seconds for which a schema that was fetched anew is the newest: a run of bad records must not fetch one for each."""


class RecordCheck:
    """Refuses records of one run, and holds one back while the schema is fetched anew.

    `taken` is called when a record that was held back has been taken in, `refused` when one has been refused, `fail`
    when the schema cannot be had.
    """

    def __init__(
        self,
        call: Call,
        resources: ClientResources,
        intake: Intake,
        settler: Settler,
        *,
        taken: Callable[[], None],
        refused: Callable[[], None],
        fail: Callable[[BaseException], None],
    ) -> None:
        self._naming = {"id_property": call.id_property, "unique_property": call.unique_property}
        self._resources = resources
        self._intake = intake
        self._settler = settler
        self._taken = taken
        self._refused = refused
        self._fail = fail
        self._order: Call | None = None
        """What fetches the account's schema; None where there is none to be fetched."""
        self._renewed_at = -math.inf
        self._held: tuple[int, Any] | None = None
        """A record that is refused unless the newest schema allows it; nothing is pulled meanwhile."""
        if isinstance(call.schema, Schema):
            intake.validator = Validator(call.schema)
        else:
            self._order = call.schema

    def refuse(self, index: int, record: Any, error: InvalidRecordError) -> bool:
        """Refuse a record, or hold it back; return whether to pull no more before `prepare` was awaited."""
        if not isinstance(error, RefusedBySchemaError):
            self._settler.close_invalid(index, str(error), transient=error.transient)
        elif self._order is not None and now() - self._renewed_at > _GOOD_FOR:
            self._held = (index, record)
            return True
        else:
            self._settler.close_invalid(index, str(error), error.details)
        self._refused()
        return False

    @property
    def must_prepare(self) -> bool:
        """Whether a schema has to be fetched before more records are pulled."""
        return self._held is not None or (
            self._order is not None and self._intake.validator is None
        )

    async def prepare(self) -> None:
        """Fetch the schema; take in or refuse the record that was held back for it."""
        assert self._order is not None  # noqa: S101 (else there is nothing to prepare)
        moment = now()
        try:
            validator = await self._newest(self._order, moment)
        except PermissionDeniedError as error:
            self._fail(_without_scope(self._order.object_type, error))
            return
        except Exception as error:
            self._fail(error)
            return
        self._intake.validator = validator
        if self._held is None:
            return
        (index, record), self._held = self._held, None
        self._renewed_at = moment
        try:
            self._intake.take(index, record)
        except InvalidRecordError as error:
            self.refuse(index, record, error)
        else:
            self._taken()

    async def _newest(self, order: Call, moment: float) -> Validator:
        """Return the schema to hold records against; raise `UsageError` if the run's objects cannot be named by it."""
        newer_than = -math.inf if self._held is None else moment
        validator = Validator(await account_schema(self._resources, order, newer_than=newer_than))
        try:
            validator.check_naming(**self._naming)
        except UsageError:  # unless the property was made a moment ago
            validator = Validator(await account_schema(self._resources, order, newer_than=moment))
            validator.check_naming(**self._naming)
        return validator


def _without_scope(object_type: str, error: PermissionDeniedError) -> UsageError:
    scope = f"crm.schemas.{scope_name(object_type)}.read"
    refusal = UsageError(
        f"validate=True needs the scope {scope!r} to read the properties of {object_type}: add it to the app and use"
        f" the new token, or give validate=Schema(…) ({error})"
    )
    refusal.__cause__ = error
    return refusal
