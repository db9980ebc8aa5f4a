"""Whether an object that was found in the account is the one that an input has created.

Pure. It compares when and what; where neither is proof it says so, for a guess may cost a record.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum, auto

from hubbatch._converter import read_time
from hubbatch._planning import Input, Key, key_of
from hubbatch.models import ObjectResult

__all__ = ["Verdict", "alike", "judge"]

_SLACK = timedelta(seconds=1)
"""What the clocks of the service's machines may differ by."""

_TIMES = frozenset({"createdate", "hs_createdate"})
"""Properties by which a caller may set when an object was created."""

_FEWEST_DIGITS = 6
"""Of a telephone number, for which the service has a spelling of its own."""

_MILLISECONDS = re.compile(r"[0-9]{12,14}")


class Verdict(Enum):
    """What a look-up tells about an input."""

    CREATED = auto()
    """It is there, and it is ours."""
    EXISTED = auto()
    """An object with its unique value was there before it was sent, and refused it."""
    ABSENT = auto()
    UNTOLD = auto()


def judge(item: Input, found: ObjectResult, sent_at: datetime | None) -> Verdict:
    """Tell an object that this input has created from one that was there before, and from another's.

    `sent_at`: when the input was first sent, or a little earlier, by the service's own clock; None: unknown.
    """
    written = item.properties
    if _key_in(found, item.key) != item.key:
        return Verdict.UNTOLD
    dated = sent_at is not None and found.created_at is not None and _TIMES.isdisjoint(written)
    if dated and found.created_at < sent_at - _SLACK:  # type: ignore[operator]
        return Verdict.EXISTED
    same = all(
        name not in found.properties or alike(value, found.properties[name])
        for name, value in written.items()
    )
    # The object of an earlier record with the same unique value may be a moment old and look the same.
    return Verdict.CREATED if same and not item.successor else Verdict.UNTOLD


def alike(written: str, held: str | None) -> bool:
    """Whether a value that was written may have become what the service holds, which has a spelling of its own."""
    ours, theirs = written.strip().casefold(), (held or "").strip().casefold()
    return (
        ours == theirs
        or (_number(ours) is not None and _number(ours) == _number(theirs))
        or (_moment(ours) is not None and _moment(ours) == _moment(theirs))
        or (";" in ours and set(ours.split(";")) == set(theirs.split(";")))
        or (len(_digits(ours)) >= _FEWEST_DIGITS and _digits(ours) == _digits(theirs))
    )


def _key_in(found: ObjectResult, key: Key | None) -> Key | None:
    name = None if key is None else key[0]
    value = None if name is None else found.properties.get(name)
    return None if value is None else key_of(name, value)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(text: str) -> datetime | None:
    """Read a date or a time, ISO 8601 or milliseconds since 1970."""
    if _MILLISECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    return read_time(text.upper())


def _digits(text: str) -> str:
    """Return the digits of what may be a telephone number; of anything with letters none."""
    return "" if any(map(str.isalpha, text)) else "".join(filter(str.isdigit, text))
