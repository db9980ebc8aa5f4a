"""The results of one reply, which are built when they are looked at.

It knows nothing of what they are built of. A run may hold millions for long and have them looked at once, if at all.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeVar, overload

__all__ = ["LateResults"]

_R = TypeVar("_R")


class LateResults(Sequence[_R], Generic[_R]):
    """Results in an order. One that is looked at once stays the same object."""

    __slots__ = ("_built", "_once")

    def __init__(self, built: Sequence[_R] | None = None) -> None:
        self._built = built
        self._once: dict[str, Sequence[_R]] = {}
        """What the first to look has built. Several threads may look at once, and all are to see the same objects."""

    @overload
    def __getitem__(self, index: int) -> _R: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[_R]: ...
    def __getitem__(self, index: int | slice) -> _R | Sequence[_R]:
        return self._all()[index]

    def __iter__(self) -> Iterator[_R]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self)} results>"

    def _all(self) -> Sequence[_R]:
        built = self._built
        if built is None:
            built = self._built = self._once.setdefault("built", self._build())
            self._forget()  # last: another thread may look, too
        return built

    @abstractmethod
    def _build(self) -> Sequence[Any]:
        """Build all results."""

    @abstractmethod
    def _forget(self) -> None:
        """Free what they were built of, if nothing else needs it."""
