"""What a source is that has something asked of the service for its records before it hands them over.

It knows nothing of what is asked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Sequence
from typing import Any, TypeGuard

from hubbatch.errors import HubbatchError

__all__ = ["AskingError", "PreparedSource", "is_at_hand"]


class AskingError(Exception):
    """What was asked for a run's records could not be had: that is no fault of the caller's source."""

    def __init__(self, error: HubbatchError) -> None:
        super().__init__(str(error))
        self.error = error


class PreparedSource(ABC, AsyncIterable[Any]):
    """A caller's source, read ahead: what it has pulled and not handed over is not lost."""

    @abstractmethod
    def __aiter__(self) -> AsyncIterator[Any]:
        """Hand records over, as the caller gave them and in their order."""

    @abstractmethod
    def rest(self) -> Iterator[Any]:
        """Return what has not been handed over, as far as it is at hand."""


def is_at_hand(source: object) -> TypeGuard[Sequence[Any]]:
    """Whether all records of a source are there already. A `range` makes them on demand and may have a billion."""
    return isinstance(source, Sequence) and not isinstance(source, range)
