"""What all strategies for naming have in common: by which names a reply may speak of the inputs of a batch.

Pure. It knows nothing of what a reply says of them; which strategy an endpoint takes is decided by `name_strategy`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from hubbatch._batches.error_contexts import contexts_of, texts
from hubbatch.models import BatchError

__all__ = ["Names", "texts_in"]


class Names(Protocol):
    """The names by which a reply may speak of an input."""

    def of_error(self, error: BatchError) -> list[int]:
        """Return the positions of the inputs that an error names, in its own or a nested context."""
        ...

    def names_a_record(self, error: BatchError) -> bool:
        """Whether an error names records at all, be they of this batch or not."""
        ...

    def names_what_is_shared(self, error: BatchError) -> bool:
        """Whether an error names something that several inputs have, of which only some may have failed."""
        ...


def texts_in(error: BatchError, fields: Iterable[str]) -> Iterator[str]:
    """Return what the contexts of an error hold in some fields."""
    for context in contexts_of(error):
        for field in fields:
            yield from texts(context.get(field))
