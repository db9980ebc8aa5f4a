"""Names of columns as people type them: several between commas, pairs with `=`, lines of a map file. Pure.

A name that holds what stands between names is quoted as in CSV. What the names are for is not known here.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

from hubbatch import UsageError

__all__ = ["names_in", "pairs_in", "pairs_of_lines", "typed_name"]

_QUOTED = re.compile(r'\s*"((?:[^"]|"")+)"\s*=(.*)', re.DOTALL)
_COMMENTED = re.compile(r'(\s*(?:"(?:[^"]|"")+"|.+?)\s*=\s*[^\s=#"]+)\s+#.*')
"""A pair of a map file, and a comment after it: no property's name holds a blank or a `#`."""
_SPECIAL = re.compile(r'[,="]|^[\s#]|\s$|\s#')


def names_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the names in texts that hold one or several, with commas between them. Raises `UsageError`."""
    given = (texts,) if isinstance(texts, str) else texts
    return tuple(name.strip() for text in given for name in _listed(text) if name.strip())


def pairs_of_lines(lines: Iterable[str]) -> list[str]:
    """Return the pairs in the lines of a map file, without blank lines and comments."""
    found = []
    for line in lines:
        text = line.strip()
        if text and not text.startswith("#"):
            commented = _COMMENTED.fullmatch(text)
            found.append(commented.group(1) if commented else text)
    return found


def pairs_in(texts: Iterable[str], form: str, *, last: bool) -> dict[str, str]:
    """Read `a=b`, or `"a=b"=c`; `last`: a bare name before the sign may hold one, the name after it never does.

    Raises `UsageError` for what has not this form, and for a name that comes twice.
    """
    pairs: dict[str, str] = {}
    for text in texts:
        before, sign, after = _pair(text, last=last)
        if not sign or not before or (last and not after.strip()):
            raise UsageError(f"{text!r} is not {form}")
        if before in pairs:
            raise UsageError(f"{before!r} is given twice: keep one")
        pairs[before] = after.strip() if last else after
    return pairs


def typed_name(name: str) -> str:
    """Return a name as it is typed so that it is read as this one name."""
    return '"' + name.replace('"', '""') + '"' if _SPECIAL.search(name) else name


def _pair(text: str, *, last: bool) -> tuple[str, str, str]:
    if (quoted := _QUOTED.fullmatch(text)) is not None:
        return quoted.group(1).replace('""', '"').strip(), "=", quoted.group(2)
    before, sign, after = text.rpartition("=") if last else text.partition("=")
    return before.strip(), sign, after


def _listed(text: str) -> list[str]:
    lines = io.StringIO(text, newline="")
    try:
        return [
            name for row in csv.reader(lines, skipinitialspace=True, strict=True) for name in row
        ]
    except csv.Error:
        raise UsageError(
            f"{text!r} is no list of names: put a name that holds a comma or a quote into quotes, as in CSV:"
            ' "Name, first",Email'
        ) from None
