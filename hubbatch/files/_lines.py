"""From bytes to lines of text, in blocks, with bounds. A line that cannot be decoded is marked, not the end.

It knows nothing of CSV or JSON.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator

from attrs import frozen

from hubbatch._output.cells import shown
from hubbatch.files._bytes import Stream
from hubbatch.files._errors import BrokenInputError

__all__ = ["MAX_LINE", "Block", "flaw_of", "flaw_of_rejected", "line_blocks"]

MAX_LINE = 16 * 2**20
"""Characters of one line; no record that HubSpot takes is longer."""
_KEPT = 64 * 2**10
"""Characters that are kept of a line that is too long."""

_MARK = 0xDC00
"""Where surrogates begin that no valid text holds: one of them stands for a byte that cannot be decoded."""
_MARKED = re.compile("[\0\udc00-\udcff]")
_ASCII = 0x80
_HANDLER = "hubbatch.files.mark"
_LINE_END = re.compile("\r\n?|\n")


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):  # pragma: no cover (nothing is encoded with it)
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(
        chr(_MARK + byte) if byte >= _ASCII else chr(byte) for byte in wrong
    ) or "\udcff", error.end


codecs.register_error(_HANDLER, _mark)


@frozen
class Block:
    """Some whole lines, their ends included."""

    lines: list[str]
    first: int
    """The number of the first one, from 1."""
    flawed: bool
    """Whether one of them may hold a NUL or a byte that cannot be decoded."""
    cut: bool = False
    """Whether this is the beginning of one line that is longer than any record."""
    last: bool = False


def flaw_of(line: str, encoding: str) -> str | None:
    """Return what is wrong with the characters of a line; None if nothing is."""
    if (marked := _MARKED.search(line)) is None:
        return None
    if marked.group() == "\0":
        return "there is a NUL byte: remove it, or name the encoding if this is UTF-16 (utf-16-le)"
    byte = ord(marked.group()) - _MARK
    return (
        f"byte 0x{byte:02X} is not {encoding.removesuffix('-sig')}: save the file as UTF-8, or name its"
        " encoding, such as cp1252"
    )


def flaw_of_rejected(line: str) -> str | None:
    """Return what is wrong with the characters of a line of a rejects file; None if nothing is."""
    if (marked := _MARKED.search(line)) is None:
        return None
    where = shown(marked.group())
    if marked.group() == "\0":
        return f"there is a NUL character: remove {where}"
    if ord(marked.group()) == _MARK:
        return f"something here was no text: write what is meant in place of {where}"
    return (
        f"byte 0x{ord(marked.group()) - _MARK:02X} was no text: write what is meant in place of {where}, or name the"
        " encoding of the file that it comes from, such as cp1252"
    )


class _Decoder:
    """Bytes to text; it says whether all of it was valid."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")

    def decode(self, chunk: bytes, *, final: bool) -> tuple[str, bool]:
        before = self._decoder.getstate()
        try:
            text = self._decoder.decode(chunk, final=final)
        except UnicodeDecodeError:
            self._decoder.setstate(before)
            return self._marked(chunk, final=final), True
        except ValueError as error:
            raise self._unfit(error) from None
        return text, "\0" in text

    def _marked(self, chunk: bytes, *, final: bool) -> str:
        self._decoder.errors = _HANDLER
        try:
            return self._decoder.decode(chunk, final=final)
        except ValueError as error:  # of the stream as a whole, such as a missing byte order mark
            raise self._unfit(error) from None
        finally:
            self._decoder.errors = "strict"

    def _unfit(self, error: ValueError) -> BrokenInputError:
        return BrokenInputError(
            f"this is not {self._encoding} ({error}): name the encoding that the file has, such as utf-16-le"
        )


def line_blocks(stream: Stream, encoding: str) -> Iterator[Block]:
    """Give the lines of a stream, as many at once as have arrived."""
    decoder, number, ended = _Decoder(encoding), 1, False
    rest, flawed, due = [""], False, False  # a line that has no end yet, in parts
    while not ended:
        chunk = stream.read()
        ended = not chunk
        text, marked = decoder.decode(chunk, final=ended)
        flawed = flawed or marked
        if ended or due or _LINE_END.search(text) or rest[-1].endswith("\r"):
            due = False
            lines = list(io.StringIO("".join(rest) + text, newline=""))
            # A "\r" at the very end may be half of a "\r\n".
            is_open = lines and not ended and not lines[-1].endswith("\n")
            rest = [lines.pop()] if is_open else [""]
            if lines or ended:
                yield Block(lines, number, flawed, last=ended)
                number += len(lines)
            flawed = flawed and rest != [""]
        else:
            rest.append(text)
        if sum(map(len, rest)) > MAX_LINE:
            yield Block(["".join(rest)[:_KEPT]], number, flawed=True, cut=True)
            number += 1
            rest, flawed, due = [_after_line_end(stream, decoder)], True, True


def _after_line_end(stream: Stream, decoder: _Decoder) -> str:
    """Pass over the rest of a line; return what has been read beyond it."""
    while chunk := stream.read():
        text, _ = decoder.decode(chunk, final=False)
        if (end := _LINE_END.search(text)) is not None:
            return text[end.end() :]
    return ""
