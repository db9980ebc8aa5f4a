"""Finds words of some texts in another one, at every so many bytes, without a step of Python for each of them.

Pure. It knows nothing of secrets, nor why the words are looked for.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

__all__ = ["WORD", "WordFinder"]

WORD = 3
"""Bytes of a word."""

# A word becomes one character: its bytes' classes, as the three bytes of that character in UTF-8. Letters, digits and
# the dash have a class each, all other bytes share one. Of first bytes there are twelve after which UTF-8 allows any.
_CLASSED = (string.ascii_letters + string.digits + "-").encode()
_CLASSES = [_CLASSED.find(byte) + 1 for byte in range(256)]
_FIRST = bytes(0xE1 + number % 12 for number in _CLASSES)
_FURTHER = bytes(0x80 + number for number in _CLASSES)


class WordFinder:
    """Finds words of some texts in another one, where they start at a multiple of `stride`.

    What is at these places becomes a string, a character for each place, and a regular expression finds the characters
    that words become. Some words share a character, so what it finds is compared.
    """

    def __init__(self, texts: Sequence[bytes], stride: int) -> None:
        self._words = frozenset(
            text[at : at + WORD] for text in texts for at in range(len(text) - WORD + 1)
        )
        self._stride = stride
        # None of them is special in a pattern, for all are far above ASCII.
        characters = "".join(sorted({_characters(word, stride) for word in self._words}))
        self._pattern = re.compile(f"[{characters}]" if characters else "(?!)")

    def places(self, text: bytes) -> list[int]:
        """Return where words are."""
        stride, words = self._stride, self._words
        return [
            at
            for match in self._pattern.finditer(_characters(text, stride))
            if text[(at := stride * match.start()) : at + WORD] in words
        ]


def _characters(text: bytes, stride: int) -> str:
    """Return the characters of what is at the multiples of `stride`, as far as there is room for a word."""
    number = max((len(text) - WORD) // stride + 1, 0)
    characters, end = bytearray(WORD * number), stride * number
    characters[0::WORD] = text[0:end:stride].translate(_FIRST)
    characters[1::WORD] = text[1 : end + 1 : stride].translate(_FURTHER)
    characters[2::WORD] = text[2 : end + 2 : stride].translate(_FURTHER)
    return characters.decode()
