"""Bytes that are no text, within text: marked by lone surrogates (surrogateescape), shown, and read anew. Pure.

A rejects file is UTF-8 from its first byte to its last. A byte that is no text in its input stands there as `<0xEB>`:
people see where it is, and no spreadsheet makes anything else of it. It is mended by hand, or read with another
encoding.
"""

from __future__ import annotations

import codecs
import re

from hubbatch._output.cells import SHOWN

__all__ = ["has_marks", "marked", "read_anew", "restored"]

_UNKNOWN = "\udc00"
"""Marks what is no text in an encoding in which a byte is no unit of text, such as UTF-16."""
_MARK = re.compile("[\ud800-\udfff]")
_SHOWN = re.compile(f"{SHOWN}([0-9A-F]{{2}}|--)>")


def marked(text: str, encoding: str) -> str:
    """Return a line that was read with an encoding such that UTF-8 with marks gives the bytes that it was."""
    if not has_marks(text) or codecs.lookup(encoding).name.startswith("utf-8"):
        return text
    try:
        if "\n".encode(encoding) == b"\n":
            return text.encode(encoding, "surrogateescape").decode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        pass
    return _MARK.sub(_UNKNOWN, text)


def has_marks(text: str) -> bool:
    """Say whether some of a text is no text."""
    return not text.isascii() and _MARK.search(text) is not None


def restored(text: str) -> str:
    """Return a text with the marks in it that `cells.shown` has made visible."""
    return _SHOWN.sub(_hide, text) if SHOWN in text else text


def read_anew(text: str, encoding: str) -> str | None:
    """Return a marked text as the encoding reads its bytes; None if it does not."""
    try:
        if "\n".encode(encoding) != b"\n":  # it is no text within text
            return None
        return text.encode("utf-8", "surrogateescape").decode(encoding)
    except ValueError:
        return None


def _hide(found: re.Match[str]) -> str:
    digits = found.group(1)
    if digits == "--":
        return _UNKNOWN
    number = int(digits, 16)
    return chr(0xDC00 + number) if number >= 0x80 else chr(number)  # noqa: PLR2004 (ASCII ends there)
