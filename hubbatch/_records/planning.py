"""An input: one record on its way to the service, and what planners of every kind make of a caller's record.

Plain data. `planning_objects`, `planning_ids` and `planning_rows` make inputs of records.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import attrs
import orjson

from hubbatch._records.native import MISSING, native
from hubbatch._records.spelling import Key
from hubbatch._records.values import InvalidRecordError

__all__ = ["Input", "NamedInput", "Planner", "encode_input"]


@attrs.define(eq=False)
class Input:
    """One record on its way: where it stood, what the caller gave, what is sent for it."""

    index: int
    """The record's place among all that its run has taken from the source, whatever became of the others."""
    record: Any
    body: bytes
    """What is sent, as JSON."""
    key: Key | None = None
    trace_id: str | None = None
    """What an answer names it by, where it is echoed."""
    caller_trace_id: str | None = None
    followers: list[Input] | None = None
    """Later records with the same key that this input answers for."""
    successor: bool = False
    """Whether a record with the same key went before it."""

    @property
    def properties(self) -> Mapping[str, str]:
        """What it writes."""
        properties: Mapping[str, str] = self.wire.get("properties", {})
        return properties

    @property
    def wire(self) -> dict[str, Any]:
        """What is sent, read anew.

        It is seldom looked at, and dicts kept for all in flight took 9 % of the CPU at 20 properties.
        """
        value: dict[str, Any] = orjson.loads(self.body)
        return value

    def members(self) -> Sequence[Input]:
        """Return this input and its followers: all whom one answer settles."""
        return (self,) if self.followers is None else (self, *self.followers)


def _check_names(properties: Mapping[Any, Any]) -> None:
    for name in properties:
        if type(name) is not str:
            raise InvalidRecordError(f"a property's name must be text, not {type(name).__name__}")


def _native(value: Any) -> Any:
    """Return a library's value as Python has it, for what goes out as it is."""
    plain = native(value)
    if isinstance(plain, dt.datetime) and plain.utcoffset() is None:
        raise InvalidRecordError("a datetime without a time zone is ambiguous; attach one (tzinfo)")
    if isinstance(plain, dt.date | dt.time):
        return plain.isoformat()
    if plain is value:
        raise TypeError  # which the encoder words
    return None if plain is MISSING else plain


def encode_input(wire: Mapping[str, Any]) -> bytes:
    """Return an input's JSON; text that is not valid Unicode is invalid input."""
    try:
        body = orjson.dumps(wire, _native, orjson.OPT_PASSTHROUGH_DATETIME)
    except (TypeError, ValueError) as error:
        if isinstance(why := error.__cause__, InvalidRecordError):
            raise why from None
        _check_names(wire.get("properties", {}))
        raise InvalidRecordError(f"the record cannot be written as JSON: {error}") from None
    # A copy: `orjson` writes into more memory than it needs and then shrinks it. To keep what is left takes 2 to 5 µs
    # an input of 150 to 1,000 bytes; to keep the copy, which Python's own allocator has, 0.4 to 1.6.
    return b"%b" % body


@attrs.define(eq=False)
class NamedInput(Input):
    """An input of an endpoint whose results are no objects."""

    @property
    def identity(self) -> Key | None:
        """What it is about: inputs that agree in this are about the same."""
        return self.key

    @property
    def name(self) -> tuple[str, ...]:
        """What answers name it by: the values of the fields that its row names; empty if it has none."""
        return ()

    @property
    def locks(self) -> tuple[str, ...]:
        """Keys that no other input in flight may have, each once."""
        return ()

    @property
    def list_name(self) -> str | None:
        """The list of the body that it belongs to, where there are several."""
        return None

    @property
    def several(self) -> bool:
        """Whether it is about several pairs: what is said of one of them is not said of the others."""
        return False

    @property
    def properties(self) -> Mapping[str, str]:
        """The properties that it writes, if it writes any."""
        wire: Any = self.wire  # a bare string at times
        properties = wire.get("properties") if isinstance(wire, dict) else None
        if not isinstance(properties, dict):
            return {}
        return {name: value for name, value in properties.items() if isinstance(value, str)}


class Planner(Protocol):
    """Turns records into inputs of one endpoint."""

    def plan(self, index: int, record: Any) -> Input:
        """Return the input for a record; raise `InvalidRecordError` for one that must not be sent."""
        ...
