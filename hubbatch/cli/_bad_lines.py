"""Which bad lines of an input stand in the rejects already: how many, and a digest by which they are known again.

It knows nothing of files and journals; what it tells a later process is kept as marks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Self

from attrs import define, field

from hubbatch import SourceChangedError
from hubbatch.files import BadLine

__all__ = ["BAD_LINES", "KeptBadLines"]

BAD_LINES = "bad lines"
"""The mark that says how many bad lines of the input stand in the rejects."""
_DIGEST = "bad lines digest"
"""The mark by which they are known again."""


@define
class KeptBadLines:
    """Those that earlier processes have written come first, and are not written again."""

    _before: int = 0
    """How many earlier processes have written."""
    _digest_before: str = ""
    _seen: int = 0
    """How many of these the input has given again."""
    _written: int = 0
    """How many stand in the rejects."""
    _digest: Any = field(factory=hashlib.sha256)
    """Of those that were seen again, and of those that were written after them."""

    @classmethod
    def of(cls, marks: Mapping[str, int | str]) -> Self:
        """Go on where the process that has left these marks was."""
        before = int(marks.get(BAD_LINES, 0))
        return cls(before=before, digest_before=str(marks.get(_DIGEST, "")), written=before)

    def is_known(self, bad: BadLine) -> bool:
        """Say whether an earlier process has written the next one.

        Raises `SourceChangedError` if it has written others.
        """
        if self._seen == self._before:
            return False
        self._add_to_digest(bad)
        if self._seen + 1 == self._before and self._digest.hexdigest() != self._digest_before:
            raise SourceChangedError(
                f"{bad.file}, line {bad.line}: the lines that are no records, up to here, are others than before"
            )
        self._seen += 1  # not before: marks may be asked for in another thread
        return True

    def add(self, bad: BadLine) -> None:
        """Note that one more is written."""
        self._add_to_digest(bad)
        self._written += 1

    def marks(self) -> Mapping[str, int | str]:
        """Return what a later process is to know."""
        digest = self._digest.hexdigest() if self._seen == self._before else self._digest_before
        return {BAD_LINES: self._written, _DIGEST: digest}

    def _add_to_digest(self, bad: BadLine) -> None:
        self._digest.update(f"{bad.raw}\0".encode(errors="surrogatepass"))
