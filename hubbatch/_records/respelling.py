"""What the service may make of a value beyond its form: a number rounded, a telephone number with a country's prefix.

Pure. A result that holds one input's value to the letter may be another's all the same, if the service makes the one
of the other. It knows nothing of inputs or replies.
"""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

__all__ = ["made_of", "may_become"]

_LONGEST = 64
"""Characters of a value that may be a telephone number."""

_BEGINS = frozenset("0123456789+-.(")
_DECIMAL = re.compile(r"[+-]?[0-9]{0,15}\.[0-9]{1,12}")
_NUMBER = re.compile(r"[+-]?[0-9]{0,15}\.?[0-9]{1,12}")
_TELEPHONE = re.compile(r"[-+ ()./0-9]+")
_ROUNDINGS = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)


def may_become(sent: str) -> set[str]:
    """Return the marks of what the service may make of a value: one of `made_of`, if it has."""
    text = sent.strip()
    marks: set[str] = set()
    if text[:1] not in _BEGINS or len(text) > _LONGEST:
        return marks
    if _DECIMAL.fullmatch(text):
        number = Decimal(text)
        for places in range(len(text) - text.index(".") - 1):
            unit = Decimal(1).scaleb(-places)
            marks.update(_number(number.quantize(unit, way)) for way in _ROUNDINGS)
    if text[0] != "+" and _TELEPHONE.fullmatch(text):
        digits = _digits(text).lstrip("0")  # which a country's prefix replaces
        if digits:
            marks.add(f"tel:{digits}")
    return marks


def made_of(held: str) -> set[str]:
    """Return the marks of what a value that the service holds may have been made of."""
    text = held.strip()
    if text[:1] not in _BEGINS or len(text) > _LONGEST or not _TELEPHONE.fullmatch(text):
        return set()
    marks: set[str] = set()
    if text[0] == "+":
        digits = _digits(text)
        marks.update(f"tel:{digits[start:]}" for start in range(1, len(digits)))
    if _NUMBER.fullmatch(text):
        marks.add(_number(Decimal(text)))
    return marks


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _number(number: Decimal) -> str:
    return f"num:{number.normalize():f}" if number else "num:0"
