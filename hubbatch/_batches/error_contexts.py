"""The contexts of an error, in which it names what it is about. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hubbatch.models import BatchError

__all__ = ["contexts_of", "texts"]


def contexts_of(error: BatchError) -> list[Mapping[str, Any]]:
    """Return an error's own context and those of its details."""
    return [
        context
        for context in (error.context, *(detail.context for detail in error.errors))
        if isinstance(context, Mapping)
    ]


def texts(value: Any) -> Iterable[str]:
    """Read what is a list of texts in practice, and one text, or a number, at times."""
    if isinstance(value, list):
        return map(str, value)
    return () if value is None else (str(value),)
