"""Whether a run's first batches show that nothing of it can succeed: the fault lies in the call and in no record.

A memory of the first three batches, and pure otherwise.
"""

from __future__ import annotations

from hubbatch._batches.problems import general, property_problems
from hubbatch.errors import UsageError
from hubbatch.models import OBJECT_NOT_FOUND, BatchError

__all__ = ["FirstBatches"]

_FIRST = 3
"""A run stops when so many batches, its first, were rejected for one reason."""


class FirstBatches:
    """Why each of the first batches of a run was rejected."""

    def __init__(self) -> None:
        self._reasons: dict[int, tuple[str, str]] = {}

    def note_rejected(self, number: int, error: BatchError) -> None:
        """Note that all records of a batch that were searched were rejected for one reason."""
        if number < _FIRST and error.category != OBJECT_NOT_FOUND:
            self._reasons[number] = (_kind(error), _words(error))

    @property
    def exception(self) -> UsageError | None:
        """What stops the run if each of its first batches was rejected for the same reason."""
        kinds = {kind for kind, _ in self._reasons.values()}
        if len(self._reasons) < _FIRST or len(kinds) > 1:
            return None
        words = min(words for _, words in self._reasons.values())
        return UsageError(
            f"the first {_FIRST} batches were refused as a whole, all for one reason, which lies in the"
            f" call and in no record: {words}"
        )


def _kind(error: BatchError) -> str:
    """Return what is the same for all errors with one reason."""
    problems = property_problems(error)
    return str(problems) if problems else f"{error.category}: {general(error.message)}"


def _words(error: BatchError) -> str:
    words = f"{error.category}: {error.message}"
    if not (problems := property_problems(error)):
        return words
    named = ", ".join(f"property {name!r} ({code})" for code, name in problems)
    return f"{named}: leave it out, or give its right name; {words}"
