"""From bytes to lines of text, with bounds, checked as they come.

It reads as much as there is and no more, so a pipe that trickles is handed on at once. It knows nothing of CSV or JSON.
"""

from __future__ import annotations

import codecs
import io
import re
from collections import deque
from collections.abc import Callable
from typing import Self

from hubbatch.cli._faults import CommandError, InputError

__all__ = ["MAX_LINE", "Lines", "check_encoding"]

MAX_LINE = 16 * 2**20
"""Characters of one line; no record that HubSpot takes is longer."""

_CHUNK = 64 * 2**10
_MARK = 0xDC00
"""Where surrogates begin that no valid text holds: one of them stands for a byte that cannot be decoded."""
_MARKED = re.compile("[\udc00-\udcff]")
_HANDLER = "hubbatch.mark"

_NOT_OF_FILES = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
"""Codecs from text to text, or of single names: Python lists them beside the encodings that files have."""


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):  # pragma: no cover (nothing is encoded with it)
        raise error
    return chr(_MARK + error.object[error.start]), error.end


codecs.register_error(_HANDLER, _mark)


def check_encoding(name: str) -> str:
    """Return the codec to read with; a byte order mark before UTF-8 is no part of the text."""
    try:
        known = codecs.lookup(name).name
        if known not in _NOT_OF_FILES:
            "".encode(name)  # refuses what makes no bytes of text, such as rot13
            codecs.getincrementaldecoder(name)
            return "utf-8-sig" if known == "utf-8" else name
    except (LookupError, ValueError):
        pass
    raise CommandError(
        f"there is no text encoding {name!r}: use one such as utf-8, cp1252 or utf-16"
    )


class Lines:
    """The lines of a stream, their ends included, numbered from 1."""

    def __init__(self, read: Callable[[int], bytes], encoding: str) -> None:
        self.number = 0
        """The line that was given out last."""
        self._read = read
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(check_encoding(encoding))(_HANDLER)
        self._ready: deque[str] = deque()
        self._rest = ""
        self._ended = False

    @property
    def drained(self) -> bool:
        """Whether the next line has to be waited for."""
        return not self._ready

    def first_character(self) -> str:
        """Return the first character that is not white space, without consuming anything; "" if there is none."""
        while True:
            text = ("".join(self._ready) + self._rest).lstrip()
            if text or self._ended or len(self._ready) + len(self._rest) > _CHUNK:
                return text[:1]
            self._fill()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        while not self._ready:
            if self._ended:
                raise StopIteration
            self._fill()
        line = self._ready.popleft()
        self.number += 1
        if (marked := _MARKED.search(line)) is not None:
            raise InputError(
                self.number,
                f"byte 0x{ord(marked.group()) - _MARK:02X} is not {self._encoding}: save the file as"
                " UTF-8, or name its encoding, such as --encoding cp1252",
            )
        if "\0" in line:
            raise InputError(
                self.number,
                "there is a NUL byte: remove it, or name the encoding if this is UTF-16"
                " (--encoding utf-16)",
            )
        return line

    def _fill(self) -> None:
        if len(self._rest) > MAX_LINE:
            raise InputError(
                self.number + 1,
                f"it is longer than {MAX_LINE // 2**20} MiB: put each record on a line of its own",
            )
        try:
            chunk = self._read(_CHUNK)
        except OSError as error:
            raise InputError(self.number + 1, f"it cannot be read: {error.strerror}") from None
        self._ended = not chunk
        text = self._rest + self._decoded(chunk)
        self._rest = ""
        self._ready.extend(io.StringIO(text, newline=""))
        # A "\r" at the very end may be half of a "\r\n".
        if self._ready and not self._ended and not self._ready[-1].endswith("\n"):
            self._rest = self._ready.pop()

    def _decoded(self, chunk: bytes) -> str:
        try:
            return self._decoder.decode(chunk, final=self._ended)
        except ValueError as error:  # of the stream as a whole, such as a missing byte order mark
            raise InputError(
                self.number + 1,
                f"this is not {self._encoding} ({error}): name the encoding that the file has, such as"
                " --encoding utf-16-le",
            ) from None
