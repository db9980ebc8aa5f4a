"""Values as the text of a cell or of JSON, such that reading it gives the same property values. Pure."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson

__all__ = ["SHOWN", "cell_text", "csv_bytes", "csv_text", "defused", "json_text", "shown"]

SHOWN = "<0x"
"""What stands before the two digits of a byte that is no text, or `--`."""
_NO_TEXT = re.compile("[\0\ud800-\udfff]")

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell that a spreadsheet runs as a formula begins with."""

_MOST_DIGITS = 400


def csv_text(cells: Sequence[str], delimiter: str) -> str:
    """Return a row as CSV, with its line end."""
    letters = "".join(cells)
    if letters.isalnum() and delimiter not in letters:  # an id needs no quotes: a fifth of the time
        return delimiter.join(cells) + "\r\n"
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerow(cells)
    return text.getvalue()


def shown(text: str) -> str:
    """Return a text whose NUL characters, and lone surrogates, can be seen: `<0x00>`, `<0x-->`.

    A lone surrogate that stands for a byte (surrogateescape) is seen as that byte: `<0xEB>`.
    """
    return _NO_TEXT.sub(_show, text)


def _show(found: re.Match[str]) -> str:
    number = ord(found.group())
    if number and not 0xDC80 <= number <= 0xDCFF:  # noqa: PLR2004 (marks of surrogateescape)
        return f"{SHOWN}-->"
    return f"{SHOWN}{number & 0xFF:02X}>"


def csv_bytes(text: str) -> bytes:
    """Return CSV as UTF-8; NUL characters and lone surrogates, which no reader takes, are `shown`."""
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return shown(text).encode()
    return shown(text).encode() if b"\0" in data else data


def defused(text: str) -> str:
    """Return the text of a cell that no spreadsheet runs."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def cell_text(value: Any) -> str:
    """Return a value as the text of a cell."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, float | Decimal):
        return _number_text(value)
    if isinstance(value, list | tuple):
        return _list_text(value)
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return json_text(value) if isinstance(value, Mapping) else str(value)


def _number_text(value: float | Decimal) -> str:
    """Return a number without an exponent, unless it would be endless."""
    number = Decimal(repr(value)) if isinstance(value, float) else value
    is_short = number.is_finite() and abs(number.adjusted()) <= _MOST_DIGITS
    return format(number, "f") if is_short else str(value)


def _list_text(value: list[Any] | tuple[Any, ...]) -> str:
    """Return a list as HubSpot has it, with semicolons; what has no such form is JSON."""
    if any(item is None or isinstance(item, Mapping | list | tuple) for item in value):
        return json_text(value)
    texts = [cell_text(item) for item in value]
    return json_text(value) if any(";" in text for text in texts) else ";".join(texts)


def json_text(value: Any) -> str:
    """Return a value as JSON; numbers keep all their digits."""
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, ValueError):  # huge numbers, halves of characters
        return orjson.dumps(_in_fragments(value), option=orjson.OPT_NON_STR_KEYS).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def _in_fragments(value: Any) -> Any:
    """Return a value whose parts the encoder takes, whatever they are."""
    if isinstance(value, Mapping):
        return orjson.Fragment(
            "{"
            + ",".join(f"{json.dumps(str(key))}:{json_text(item)}" for key, item in value.items())
            + "}"
        )
    if isinstance(value, list | tuple):
        return orjson.Fragment("[" + ",".join(json_text(item) for item in value) + "]")
    if isinstance(value, int) and not isinstance(value, bool):
        return orjson.Fragment(str(value))
    if isinstance(value, str):
        return orjson.Fragment(json.dumps(value))
    return _plain(value)
