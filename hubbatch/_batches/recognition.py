"""Whether an object that was found in the account is the one that an input has created.

Pure. It compares when and what; where neither is proof it says so, for a guess may cost a record.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, auto

from attrs import frozen

from hubbatch._records.planning import Input
from hubbatch._records.spelling import Key, Spelling
from hubbatch.models import ObjectResult

__all__ = ["LookUpResult", "Sent", "compare_with_found", "sent_before"]

_SLACK = timedelta(seconds=1)
"""What the clocks of the service's machines usually differ by."""

_MOST_SLACK = timedelta(minutes=10)
"""What they may differ by: what was created longer before is not ours."""

_TIMES = frozenset({"createdate", "hs_createdate"})
"""Properties by which a caller may set when an object was created."""


class LookUpResult(Enum):
    """What a look-up shows about an input."""

    CREATED = auto()
    """It is there, and it is ours."""
    EXISTED = auto()
    """An object with its unique value was there before it was sent, so that HubSpot rejected it."""
    ABSENT = auto()
    UNCERTAIN = auto()


@frozen
class Sent:
    """When a batch was first sent, by the service's own clock: between two moments."""

    earliest: datetime
    latest: datetime


def sent_before(clock: datetime | None, least: float, most: float) -> Sent | None:
    """Return when a batch was sent that was answered at `clock` between `least` and `most` seconds later.

    Two clocks measured these seconds; one may have stood still while the machine slept, the other may have been set.
    None: the service's clock is not known, or is beyond belief.
    """
    if clock is None:
        return None
    try:
        return Sent(clock - timedelta(seconds=most), clock - timedelta(seconds=least))
    except OverflowError:
        return None


def compare_with_found(
    item: Input, found: ObjectResult, sent: Sent | None, spelling: Spelling
) -> LookUpResult:
    """Return whether this input has created the object that was found, or whether it existed before."""
    written, created = item.properties, found.created_at
    if not _has_the_key(item.key, found, spelling):
        return LookUpResult.UNCERTAIN
    if sent is None or created is None or not _TIMES.isdisjoint(written):
        return (
            LookUpResult.UNCERTAIN
        )  # equal values alone are no proof: an earlier import may have written the same
    if _precedes(created, sent.earliest, _MOST_SLACK):
        return LookUpResult.EXISTED
    same = all(
        name not in found.properties
        or spelling.form(name, value) == spelling.form(name, found.properties[name])
        for name, value in written.items()
    )
    # The object of an earlier record with the same unique value may be a moment old and look the same.
    if _precedes(created, sent.latest, _SLACK) or not same or item.successor:
        return LookUpResult.UNCERTAIN
    return LookUpResult.CREATED


def _precedes(moment: datetime, other: datetime, slack: timedelta) -> bool:
    try:
        return moment < other - slack
    except OverflowError:
        return False


def _has_the_key(key: Key | None, found: ObjectResult, spelling: Spelling) -> bool:
    name = None if key is None else key[0]
    value = None if name is None else found.properties.get(name)
    if key is None or name is None or value is None:
        return False
    return spelling.form(name, key[1]) == spelling.form(name, value)
