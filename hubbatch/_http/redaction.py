r"""Secrets out of what others say: tokens replaced by `***` in any text of theirs, however it is spelled.

Pure. It knows nothing of requests; whoever holds a token gives it here before a foreign text gets any further.

How it is found. The secret is looked for in four spellings, called forms: as it is, and in base64 with each of the
three ways its bytes can fall into groups of three. Of a form `least` characters in a row count. Any such run holds a
word of four bytes that starts at a multiple of nine (of five, for short secrets), so one look at the words there is
enough to tell that a text is clean: one pass over a text, however long the secret, for all words at once
(`_WordFinder`). Only where a word is met are its surroundings compared. Escapes (`\u0061`, `\/`, `%61`) are undone in a
copy, if there are any; it is looked through as well.
"""

from __future__ import annotations

import base64
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from operator import add

from attrs import frozen

__all__ = ["Redactor", "scrub", "secret_part"]

MARK = "***"

_RUN = 12
"""Characters of a secret in a row that are as good as the secret."""
_SHORTEST = 8
"""Characters below which a token is a stand-in that occurs in any text."""
_WORD, _GRAM = 4, 8
"""Bytes of what is looked for first, and of what is compared where that is met."""
_MOST_CHECKS = 1_000
"""Pieces of a secret that are compared without a match in one text; after so many, pieces are taken for the secret."""

_PRIVATE_APP = re.compile(r"pat-[a-z0-9]+-([0-9A-Fa-f-]{36})")
# Escapes, by the one character that each of them begins with, so that a text without it is passed over at once. Of both
# groups the second is the character's code; `\/` has none.
_CODE = rb"([2-7][0-9A-Fa-f])"
_UNICODE = re.compile(rb"(\\u00" + _CODE + rb")")
_UNICODE_OR_SLASH = re.compile(rb"(\\(?:u00" + _CODE + rb"|/))")
_PERCENT = re.compile(rb"(%(?:25)*+" + _CODE + rb")")
_ANY = re.compile(rb"((?:\\u00|%(?:25)*+)" + _CODE + rb"|\\/)")
_CHARACTERS: dict[bytes | None, bytes] = {
    spelled % code: bytes([code]) for code in range(0x20, 0x80) for spelled in (b"%02x", b"%02X")
} | {None: b"/"}

_ANY_BIT = b"." + b"x" * 255
"""What becomes of bytes with any bit set: a single byte is looked for much faster than any of many."""

Range = tuple[int, int]


def secret_part(token: str) -> str:
    """Return what of a token is secret: the UUID of a private app's token, else all of it."""
    match = _PRIVATE_APP.fullmatch(token)
    return match[1] if match else token


@frozen
class _SecretSpelling:
    """One spelling of a secret, and how many characters of it in a row count."""

    text: bytes
    least: int


def _forms(secret: bytes) -> Iterator[_SecretSpelling]:
    whole = len(secret) < _RUN
    yield _SecretSpelling(secret, min(len(secret), _RUN))
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + secret)
        # Only the characters that depend on the secret alone: each holds six bits.
        text = coded[-(-8 * before // 6) : 8 * (before + len(secret)) // 6]
        for spelled in {text, text.replace(b"+", b"-").replace(b"/", b"_")}:
            yield _SecretSpelling(spelled, len(text) if whole else 8 * _RUN // 6 - 1)


class _Decoded:
    """A text without its escapes, and where in the original each of its characters was.

    It is taken apart into what lies between the escapes, the escapes, and what they stand for, a list of each and
    never a step for each of them: a server may send a million.
    """

    def __init__(self, text: bytes, escapes: re.Pattern[bytes]) -> None:
        pieces = escapes.split(text)
        between, self._escapes, codes = pieces[0::3], pieces[1::3], pieces[2::3]
        # What is escaped more than once has more backslashes before it.
        self._plain = [piece.rstrip(b"\\") for piece in between] if b"\\\\" in text else between
        self._between = between
        decoded = [b""] * (2 * len(codes) + 1)
        decoded[0::2] = self._plain
        decoded[1::2] = map(_CHARACTERS.__getitem__, codes)
        self.text = b"".join(decoded)

    def originals(self, found: Iterable[Range]) -> list[Range]:
        """Return where in the original some ranges of the decoded text lie."""
        ranges = list(found)
        if not ranges:
            return []
        begins = list(accumulate((len(piece) + 1 for piece in self._plain[:-1]), initial=0))
        lengths = map(add, map(len, self._between), map(len, self._escapes))
        origins = list(accumulate(lengths, initial=0))

        def original(position: int) -> Range:
            index = bisect_right(begins, position) - 1
            within, plain = position - begins[index], len(self._plain[index])
            begin = origins[index] + min(within, plain)
            return begin, (begin + 1 if within < plain else origins[index + 1])

        return [(original(first)[0], original(end - 1)[1]) for first, end in ranges]


class _WordFinder:
    """Finds words of some texts in another one, where they start at a multiple of `stride`.

    The words are in eight groups, a bit each. A table for each place within a word tells of a byte which groups have a
    word with that byte there. Looked up for all words of the text at once, and joined by `&`, the tables leave a bit
    where a word may be one of that group. No step of it is Python's for each word, nor makes an object of one.
    """

    def __init__(self, texts: Sequence[bytes], stride: int) -> None:
        self._words = frozenset(
            text[at : at + _WORD] for text in texts for at in range(len(text) - _WORD + 1)
        )
        self._stride = stride
        self._tables = [bytearray(256) for _ in range(_WORD)]
        for number, word in enumerate(sorted(self._words)):  # so those of a group begin alike
            for table, byte in zip(self._tables, word, strict=True):
                table[byte] |= 1 << (number * 8 // len(self._words))

    def places(self, text: bytes) -> list[int]:
        """Return where words are."""
        stride, number = self._stride, (len(text) - _WORD) // self._stride + 1
        left = -1
        for place, table in enumerate(self._tables):
            groups = text[place::stride][:number].translate(table)
            left &= int.from_bytes(groups, "little")
        if not left:
            return []
        find = left.to_bytes(number, "little").translate(_ANY_BIT).find
        found, mark = [], find(b"x")
        while mark >= 0:
            at = stride * mark
            if text[at : at + _WORD] in self._words:
                found.append(at)
            mark = find(b"x", mark + 1)
        return found


class Redactor:
    """Finds any of some tokens, or a part of one, in a text, and replaces it."""

    def __init__(self, tokens: Iterable[str] = ()) -> None:
        secrets = {part for token in tokens if len(part := secret_part(token)) >= _SHORTEST}
        forms = [form for secret in secrets for form in _forms(secret.encode())]
        self._grams: dict[bytes, list[tuple[_SecretSpelling, int]]] = {}
        for form in forms:
            for at in range(len(form.text) - _GRAM + 1):
                self._grams.setdefault(form.text[at : at + _GRAM], []).append((form, at))
        slashes = any(b"/" in form.text for form in forms)
        self._backslashes = _UNICODE_OR_SLASH if slashes else _UNICODE
        shortest = min((form.least for form in forms), default=_RUN)
        stride = (_RUN if shortest >= _RUN else _GRAM) - _WORD + 1
        self._finder = _WordFinder([form.text for form in forms], stride)
        self._before = range(0, stride, min(shortest, _RUN) - _GRAM + 1)
        """How far before a word a gram may begin that lies within the same run."""

    def __repr__(self) -> str:
        return "Redactor()"

    def redact(self, text: bytes) -> bytes:
        """Return a text without the secrets; the very same object if it holds none."""
        if not self._grams:
            return text
        found = list(self._find(text))
        # Each escape begins with one of two characters, and looking for one is next to free.
        backslashes, percents = b"\\" in text, b"%" in text
        if backslashes or percents:
            escapes = self._backslashes if not percents else _ANY if backslashes else _PERCENT
            if escapes.search(text) is not None:
                decoded = _Decoded(text, escapes)
                found += decoded.originals(self._find(decoded.text))
        return _replace(text, found) if found else text

    def redact_text(self, text: str) -> str:
        """Return a text without the secrets."""
        return self.redact(text.encode("utf-8", "surrogateescape")).decode(
            "utf-8", "surrogateescape"
        )

    def _find(self, text: bytes) -> Iterator[Range]:
        checks = end = 0
        for at in self._finder.places(text):
            if at + _WORD <= end:
                continue  # within what was found last
            for begin in (at - before for before in self._before):
                candidates = self._grams.get(text[begin : begin + _GRAM]) if begin >= 0 else None
                if candidates is None:
                    continue
                checks += 1
                found = (
                    (begin, begin + _GRAM)
                    if checks > _MOST_CHECKS
                    else _longest(text, begin, candidates)
                )
                if found is not None:
                    end = found[1]
                    yield found
                    break


def _longest(
    text: bytes, begin: int, candidates: list[tuple[_SecretSpelling, int]]
) -> Range | None:
    """Return the longest run of a form around a gram, if it is long enough to count."""
    best: Range | None = None
    for form, offset in candidates[:_RUN]:
        secret = form.text
        back = 0
        while back < min(begin, offset) and text[begin - back - 1] == secret[offset - back - 1]:
            back += 1
        on, most = _GRAM, min(len(text) - begin, len(secret) - offset)
        while on < most and text[begin + on] == secret[offset + on]:
            on += 1
        if back + on >= form.least and (best is None or back + on > best[1] - best[0]):
            best = (begin - back, begin + on)
    return best


def _replace(text: bytes, found: list[Range]) -> bytes:
    parts, at = [], 0
    for begin, end in sorted(found):
        if begin >= at:
            parts += [text[at:begin], MARK.encode()]
        at = max(at, end)
    return b"".join([*parts, text[at:]])


# What a message of foreign code may hold: secrets that we do not know of.

_TELLING_NAMES = (
    r"(?![\w-]*(?:error|exception)\b)"
    r"(?:[\w-]*(?:token|secret|passw|pwd|auth|key|credential|assertion|signature|cookie|session)[\w-]*"
    r"|client_id|jwt|sig)"
)
_SCRUBBED = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',;]+"), rf"\1 {MARK}"),
    (re.compile(r"://[^/\s@]+@"), f"://{MARK}@"),
    (
        re.compile(rf"(?i)\b({_TELLING_NAMES})([\"']?\s*[=:]\s*)([\"'])(?:(?!\3).)*\3?"),
        rf"\1\2{MARK}",
    ),
    (re.compile(rf"(?i)\b({_TELLING_NAMES})([\"']?\s*[=:]\s*)[^\s\"',;&]+"), rf"\1\2{MARK}"),
    (re.compile(r"[\w+/=~%-]{12,}"), lambda match: MARK if _looks_random(match[0]) else match[0]),
)
_LONGEST_MESSAGE = 200
_LONGEST_WORD = 32
_MADE_UP = re.compile(r"(?i)-(?:token|secret|key)|(?:token|secret|key)-")


def _looks_random(text: str) -> bool:
    """Whether a run of characters is no word: words have no digits, and end; made-up tokens say that they are some."""
    return (
        len(text) >= _LONGEST_WORD
        or any(character.isdigit() for character in text)
        or _MADE_UP.search(text) is not None
    )


def scrub(message: str, redactor: Redactor) -> str:
    """Return a foreign message as one short line without anything that looks like a secret."""
    text = redactor.redact_text(message[:1_000])
    for pattern, replacement in _SCRUBBED:
        text = pattern.sub(replacement, text)
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= _LONGEST_MESSAGE else text[: _LONGEST_MESSAGE - 1] + "…"
