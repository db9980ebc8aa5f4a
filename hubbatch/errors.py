"""What hubbatch raises, as one tree, and the per-record errors a caller may ask for.

Every exception says in its message what to do next and carries the outcome so far; none ever holds a token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from hubbatch._states import RecordOutcome
    from hubbatch.models import BatchError
    from hubbatch.outcome import Outcome

__all__ = [
    "AuthenticationError",
    "DailyLimitError",
    "HubbatchError",
    "OutcomeError",
    "PermissionDeniedError",
    "ProtocolError",
    "RecordError",
    "RefusedError",
    "SourceChangedError",
    "TransportError",
    "UnknownObjectTypeError",
    "UsageError",
]


class HubbatchError(Exception):
    """Root of everything hubbatch raises; `outcome` is the truth about the records so far."""

    outcome: Outcome[Any] | None = None


class UsageError(HubbatchError, ValueError):
    """Say which option of a call is wrong and what is allowed; raised before any request."""


class AuthenticationError(HubbatchError):
    """The service refused the token (HTTP 401)."""


class PermissionDeniedError(HubbatchError):
    """The token lacks a scope that the call needs (HTTP 403)."""


class UnknownObjectTypeError(HubbatchError):
    """The account has no such object type, or the path is wrong (HTTP 404)."""


class DailyLimitError(HubbatchError):
    """The account's daily request limit is used up; it resets at midnight in the account's time zone."""


class TransportError(HubbatchError):
    """The service cannot be reached at all."""


class ProtocolError(HubbatchError):
    """The service answered with something that is not HubSpot's batch API."""


class RefusedError(HubbatchError):
    """The service refused a request that is about no single records: a page of a scan or a search.

    `error`: its own words.
    """

    def __init__(self, message: str, error: BatchError | None = None) -> None:
        super().__init__(message, error)
        self.error = error

    def __str__(self) -> str:
        return str(self.args[0])


class SourceChangedError(UsageError):
    """The source of a load that goes on gives other records than before; what was noted of the load stays as it is.

    `index`: of the first record that differs, as far as that is known; `record`: what stands there now.
    """

    def __init__(self, message: str, index: int | None = None, record: Any = None) -> None:
        super().__init__(message, index, record)
        self.index = index
        self.record = record

    def __str__(self) -> str:
        return str(self.args[0])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.args[0]!r})"


class RecordError(HubbatchError):
    """One record did not succeed; `record` says which and why (None where it was not kept)."""

    def __init__(self, message: str, record: RecordOutcome[Any] | None = None) -> None:
        super().__init__(message, record)
        self.record = record

    def __str__(self) -> str:
        return str(self.args[0])


class OutcomeError(HubbatchError, ExceptionGroup[RecordError]):
    """Some records did not succeed: one `RecordError` for each of the first 1,000; `outcome` has them all."""

    def __new__(cls, message: str, errors: Sequence[RecordError]) -> Self:
        """Build the group; `ExceptionGroup` takes its arguments here."""
        return super().__new__(cls, message, errors)

    def __init__(self, message: str, errors: Sequence[RecordError]) -> None:
        super().__init__(message, errors)

    def derive(self, excs: Sequence[RecordError], /) -> OutcomeError:  # type: ignore[override]
        """Keep the outcome on the parts that `split` and `except*` make of the group."""
        part = OutcomeError(self.message, excs)
        part.outcome = self.outcome
        return part
