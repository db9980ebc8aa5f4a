"""Which encoding a text has: by its byte order mark, or by trial. Pure.

UTF-8, UTF-16 and cp1252 are what spreadsheets and exports write; any other has to be named.
"""

from __future__ import annotations

import codecs

from attrs import frozen

from hubbatch.files._entries import Kind
from hubbatch.files._errors import BrokenInputError

__all__ = ["Encoding", "check_encoding", "encoding_of"]

_MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
)
"""Byte order marks, the codec that reads past each, and its other name."""
_NOT_OF_FILES = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
"""Codecs from text to text, or of single names: Python lists them beside the encodings that files have."""
_WESTERN = "cp1252"
_MANY, _FEW = 0.3, 0.02
"""Shares of NUL bytes at every second place that tell UTF-16."""


@frozen
class Encoding:
    """The codec to read with, none if all were tried in vain, and what to say of it if it was assumed."""

    codec: str
    assumed: str = ""
    named: str = ""
    """The encoding that the caller names, if the byte order mark says another."""

    def of(self, kind: Kind) -> Encoding:
        """Return the encoding that a text of this kind has: JSON is Unicode, unless somebody has said otherwise.

        Raises `BrokenInputError` for a table in none that was tried.
        """
        if kind is not Kind.CSV:
            self.check_mark()
            return Encoding("utf-8-sig") if self.assumed == _WESTERN else self
        return self.known(or_name="name its encoding, such as cp1250, or ")

    def known(self, or_name: str = "") -> Encoding:
        """Return it if it is one. Raises `BrokenInputError` if all were tried in vain."""
        if not self.codec:
            raise BrokenInputError(
                f"this is neither UTF-8, UTF-16 nor cp1252: {or_name}save it as UTF-8"
            )
        return self

    def check_mark(self) -> None:
        """Raise `BrokenInputError` if the encoding that was named is not that of the byte order mark."""
        if self.named:
            raise BrokenInputError(
                f"it begins with the byte order mark of {self.assumed}, and the encoding that is named is {self.named}:"
                " name none, or save the file without the mark"
            )

    def beginning(self, sample: bytes) -> str:
        """Return the text of a file's first bytes, as far as it can be had."""
        return sample.decode(self.codec or "latin-1", "ignore")


def check_encoding(name: str) -> str:
    """Return the codec for an encoding's name. Raises `BrokenInputError` if no file can have it."""
    try:
        known = codecs.lookup(name).name
        if known not in _NOT_OF_FILES:
            "".encode(name)  # refuses what makes no bytes of text, such as rot13
            codecs.getincrementaldecoder(name)
            return "utf-8-sig" if known == "utf-8" else name
    except (LookupError, ValueError):
        pass
    raise BrokenInputError(
        f"there is no text encoding {name!r}: name one such as utf-8, cp1252 or utf-16"
    )


def encoding_of(sample: bytes, named: str | None, *, whole: bool) -> Encoding:
    """Return the encoding of a text that begins so. `whole`: the sample is all there is.

    A byte order mark and a name that contradict each other are refused by `Encoding.check_mark`, later.
    Raises `BrokenInputError` for a name that is no encoding.
    """
    codec = None if named is None else check_encoding(named)
    for mark, by_mark, other in _MARKS:
        if sample.startswith(mark):
            said = by_mark.removesuffix("-sig")
            if codec is None:
                return Encoding(by_mark, "" if said == "utf-8" else said)
            agrees = codecs.lookup(codec).name in {by_mark, other}
            return Encoding(by_mark) if agrees else Encoding(by_mark, said, codec)
    if codec is not None:
        return Encoding(codec)
    if (wide := _without_mark(sample)) is not None:
        return Encoding(wide, wide)
    good, bad = _as_utf8(sample, whole=whole)
    if not bad:
        return Encoding("utf-8-sig")
    if good > bad:  # a few bytes are wrong; as cp1252, every accent would be
        return Encoding("utf-8-sig", "utf-8")
    try:
        sample.decode(_WESTERN)
    except UnicodeDecodeError:
        return Encoding("", _WESTERN)
    return Encoding(_WESTERN, _WESTERN)


def _as_utf8(sample: bytes, *, whole: bool) -> tuple[int, int]:
    """Return how many characters beyond ASCII are UTF-8, and how many bytes are not."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    text = decoder.decode(sample, final=whole)
    beyond = text.encode("ascii", "ignore")
    bad = sum("\udc80" <= letter <= "\udcff" for letter in text) if len(beyond) < len(text) else 0
    return len(text) - len(beyond) - bad, bad


def _without_mark(sample: bytes) -> str | None:
    """Return which UTF-16 a text without a byte order mark is; None if it is none."""
    half = max(1, len(sample) // 2)
    even, odd = sample[::2].count(0) / half, sample[1::2].count(0) / half
    if odd > _MANY and even < _FEW:
        return "utf-16-le"
    if even > _MANY and odd < _FEW:
        return "utf-16-be"
    return None
