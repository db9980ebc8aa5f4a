"""The habits of a service: how it behaves where HubSpot has been seen to behave in more than one way.

A frozen value and nothing else.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias

from attrs import Attribute, field, frozen

from hubbatch.errors import UsageError

__all__ = ["ConflictShape", "EchoTraceIds", "Habits"]

EchoTraceIds: TypeAlias = bool | Literal["all", "some", "none"]


class ConflictShape(StrEnum):
    """How it is said that a unique value belongs to another record."""

    CONFLICT = "conflict"
    """409 CONFLICT."""
    ALREADY_EXISTS = "already_exists"
    """409 OBJECT_ALREADY_EXISTS."""
    ALREADY_EXISTS_400 = "already_exists_400"
    """400 OBJECT_ALREADY_EXISTS."""
    UNIQUE_VALUE = "unique_value"
    """400 VALIDATION_ERROR, whose message holds a JSON list with CONFLICTING_UNIQUE_VALUE."""


def _echo(value: object) -> object:
    return {True: "all", False: "none"}[value] if isinstance(value, bool) else value


def _check_echo(_: object, __: object, value: object) -> None:
    if value not in ("all", "some", "none"):
        raise UsageError(f"echo_trace_ids is 'all', 'some', 'none' or a bool, not {value!r}")


def _check_lag(_: object, attribute: Attribute[float], value: float) -> None:
    if not 0 <= value < float("inf"):
        raise UsageError(f"{attribute.name} must be seconds of at least 0, not {value!r}")


def _check_shape(_: object, __: object, value: str) -> None:
    if value not in set(ConflictShape):
        raise UsageError(f"conflict_shape is one of {', '.join(ConflictShape)}, not {value!r}")


@frozen(kw_only=True)
class Habits:
    """How the service behaves where it has been seen to behave in more than one way."""

    echo_trace_ids: EchoTraceIds = field(default="all", converter=_echo, validator=_check_echo)
    """Which results carry the trace id of their input: all, none, or some, drawn by seed."""
    update_rejects_whole_batch: bool = False
    """Whether one bad input of an update rejects all of it."""
    reject_whole_batch: bool = False
    """Whether one invalid input rejects the whole batch (400) even if all have trace ids."""
    conflicts_reject_batch: bool = False
    """Whether one conflict rejects the whole batch even if all have trace ids."""
    conflict_shape: ConflictShape | str = field(
        default=ConflictShape.CONFLICT, validator=_check_shape
    )
    """How a conflict is worded; see `ConflictShape`."""
    name_existing_id: bool = True
    """Whether a conflict's message names the record that holds the value."""
    existing_id_in_context: bool = False
    """Whether the error item of a conflict names that record in `context.existingId`."""
    missing_rejects_batch: bool = False
    """Whether a 404 that names one missing id (update) or association target (create) rejects the whole batch."""
    associations_reject_batch: bool = False
    """Whether one association with a record that is not there rejects the whole batch (400)."""
    name_association_offender: bool = True
    """Whether an error item about an association names the record at fault."""
    missing_trace_ids: bool = False
    """Whether the error item about ids not found lists the trace ids of their inputs, too."""
    respell: bool = False
    """Whether values are spelled anew as HubSpot does, each property in one way."""
    read_lag: float = field(default=0.0, validator=_check_lag)
    """Seconds until a batch read sees what was written; writes see it at once."""
    search_lag: float = field(default=0.0, validator=_check_lag)
    """Seconds until a search sees what was written."""
