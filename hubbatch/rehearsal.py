"""A rehearsal: calls checked and records taken in as a verb does, and nothing sent.

Which records would fail locally, how many requests the others take, which keys come again. It asks the account nothing:
the schema that records are held against is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, Unpack

from attrs import frozen

from hubbatch import endpoints
from hubbatch._calls import plan_call
from hubbatch._options import RunOptions
from hubbatch._records.intake import Intake
from hubbatch._records.seen_keys import SeenKeys
from hubbatch._records.spelling import spelling_of
from hubbatch._records.validation import RefusedBySchemaError, Validator
from hubbatch._records.values import InvalidRecordError, encode_value
from hubbatch._verbs import Records, Verbs
from hubbatch.endpoints._paths import check_api_version
from hubbatch.errors import UsageError
from hubbatch.models import LOCAL_VALIDATION, BatchError, ErrorDetail
from hubbatch.schema import Schema

__all__ = ["Rehearsal", "check_call", "name_problems"]

_VERBS: Mapping[str, endpoints.Endpoint] = {
    verb: row for verb, row in endpoints.OBJECT_VERBS.items() if verb != "read"
}

_MOST_WAITING = 1_000
"""Records that wait for an earlier one with their key: memory is bounded."""


class Rehearsal:
    """What a verb would do with records.

    `verb`: `"create"`, `"update"`, `"upsert"` or `"archive"`; its options are those of the client's verb. `validate` is
    a `Schema`, or a list of `Property`: `await client.properties("contacts").all()` gives the account's.

    `on_repeat`: called with a record whose key came before, and the place of the one that had it first.

    Use it as a context manager, or `close()` it. Memory is bounded: keys are kept in a temporary file.
    Raises `UsageError` as the verb would.
    """

    def __init__(
        self,
        verb: str,
        object_type: str,
        *,
        id_property: str | None = None,
        unique_property: str | None = None,
        on_repeat: Callable[[Any, int], object] = lambda _record, _place: None,
        **options: Unpack[RunOptions],
    ) -> None:
        if verb not in _VERBS:
            raise UsageError(f"verb must be one of {', '.join(_VERBS)}, not {verb!r}")
        if options.get("validate") is True:
            raise UsageError("a rehearsal asks the account nothing: give validate=Schema(…)")
        self._call = plan_call(
            _VERBS[verb],
            "v3",
            {"object_type": object_type},
            options,
            id_property=id_property,
            unique_property=unique_property,
        )
        self._intake = Intake(self._call)
        if isinstance(self._call.schema, Schema):
            self._intake.validator = Validator(self._call.schema)
        self._keys = SeenKeys()
        self._on_repeat = on_repeat
        self.taken = 0
        """How many records were added."""
        self.refused = 0
        """How many of them would fail locally: they would not be sent."""
        self.repeated = 0
        """How many of the others have a key that came before."""
        self.requests = 0
        """How many requests would carry the others, after `end()`: fewer than these it cannot be."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def add(self, record: Any, place: int | None = None) -> BatchError | None:
        """Take a record in; return the error that it would fail with, None if it would be sent.

        `place`: a number that tells where it stands; by default how many came before it.
        """
        place = self.taken if place is None else place
        self.taken += 1
        try:
            is_full = self._intake.take(place, record)
        except RefusedBySchemaError as error:
            return self._refuse(BatchError(LOCAL_VALIDATION, str(error), errors=error.details))
        except InvalidRecordError as error:
            return self._refuse(BatchError(LOCAL_VALIDATION, str(error)))
        if is_full or self._intake.waiting_for_key:
            self._send_what_is_due()
        return None

    def end(self) -> None:
        """Note that there are no more records."""
        while self._intake.queue:
            self._send()

    def close(self) -> None:
        """Free what is kept outside the memory. Closing twice is fine."""
        self._keys.close()
        self._intake.close()

    def _refuse(self, error: BatchError) -> BatchError:
        self.refused += 1
        return error

    def _send_what_is_due(self) -> None:
        intake = self._intake
        while intake.queue.full:
            self._send()
        waiting = intake.waiting_for_key
        if waiting >= _MOST_WAITING or (waiting and not intake.aside):
            self._send()

    def _send(self) -> None:
        """Take away what a request would carry, as if it had been answered at once."""
        inputs = self._intake.compose()
        self.requests += 1
        for each in inputs:
            for item in each.members():
                if item.key is None:
                    continue
                first = self._keys.add(item.key, item.index)
                if first is not None:
                    self.repeated += 1
                    self._on_repeat(item.record, first)
        self._intake.release(inputs)


def compared_key(object_type: str, name: str, value: Any) -> str | None:
    """Return the text by which a run compares what names an object; None for a value that names none.

    `name`: the unique property, or `id`. Blanks at the ends make no difference, nor does case in a contact's `email`.
    """
    try:
        text = encode_value(value)
    except InvalidRecordError:
        return None
    _, key = spelling_of(object_type).key(name, text or "")
    return key or None


def name_problems(
    schema: Schema, name: str, *, names_objects: bool = False
) -> tuple[ErrorDetail, ...]:
    """Return why no value can be written to a property of that name, whatever the value; nothing if one can.

    `names_objects`: whether it is `id_property` instead: there has to be such a property, with unique values.
    """
    properties = {} if names_objects else {name: ""}
    found = Validator(schema).problems(properties, name if names_objects else None)
    return tuple(each.detail for each in found)


def check_call(verb: str, object_type: str, *, api_version: str = "v3", **options: Any) -> None:
    """Raise `UsageError` as a verb would that is called with these options, whatever its records.

    `verb`: `"create"`, `"update"`, `"upsert"`, `"read"` or `"archive"`; `api_version`: the client's.
    """
    getattr(_CheckedVerbs(check_api_version(api_version)), verb)(object_type, (), **options)


@frozen
class _CheckedVerbs(Verbs):
    """The verbs without a client: their calls are checked, and that is all."""

    version: str

    def _run(
        self,
        endpoint: endpoints.Endpoint,
        path_fields: Mapping[str, object],
        records: Records,  # noqa: ARG002 (there are none)
        options: Mapping[str, Any],
        *,
        api_version: str | None = None,
        **specific: Any,
    ) -> Any:
        return plan_call(endpoint, api_version or self.version, path_fields, options, **specific)
