"""How many there are of something, in words: one record, two records. It knows nothing of what is counted."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return `1 record` or `2,000 records`; `many`: the word for several, where it is not `one` with an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
