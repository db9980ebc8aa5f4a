"""Bytes that are no text, within text: marked by lone surrogates (surrogateescape), shown, and read anew. Pure.

A rejects file is UTF-8 from its first byte to its last. A byte that is no text in its input stands there as `<0xEB>`:
people see where it is, and no spreadsheet makes anything else of it. It is mended by hand, or read with another
encoding. Where the line itself has such a text, its `<` is shown as `<0x3C>`, so that both differ.
"""

from __future__ import annotations

import codecs
import re

from hubbatch._output.cells import SHOWN, shown

__all__ = ["has_marks", "has_no_text", "marked", "read_anew", "restored", "shown_line"]

_UNKNOWN = "\udc00"
"""Marks what is no text in an encoding in which a byte is no unit of text, such as UTF-16."""
_BEYOND_ASCII = 0x80
_MARK = re.compile("[\ud800-\udfff]")
_DIGITS = "(00|3C|[89A-F][0-9A-F]|--)"
"""What `shown_line` makes: NUL, a `<` of the line itself, bytes beyond ASCII, and what is no byte."""
_SHOWN = re.compile(f"{SHOWN}{_DIGITS}>")
_LOOKS_SHOWN = re.compile(f"<(?=0x{_DIGITS}>)")


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


def has_no_text(text: str) -> bool:
    """Say whether something in a text is no text: a mark, or a NUL character."""
    return "\0" in text or has_marks(text)


def shown_line(text: str) -> str:
    """Return a line whose marks, and NUL characters, can be seen and restored; any other as it is."""
    return shown(_LOOKS_SHOWN.sub(f"{SHOWN}3C>", text)) if has_no_text(text) else text


def restored(text: str) -> str:
    """Return a text of a line with the marks in it that `shown_line` has made visible: of one that had some."""
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
    return chr(0xDC00 + number) if number >= _BEYOND_ASCII else chr(number)
