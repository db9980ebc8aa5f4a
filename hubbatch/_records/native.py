"""Values of libraries for data (numpy, pandas, pyarrow) as Python has them.

None of these libraries is imported: whoever has a value of one has loaded it. It knows nothing of what is sent.
"""

from __future__ import annotations

import datetime as dt
import sys
from decimal import Decimal
from typing import Any, Final

__all__ = ["MISSING", "loaded", "native"]


class _MissingValue:
    """What stands for a value that a library says is not there; None is a value of Python's own."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<missing>"


MISSING: Final = _MissingValue()


def loaded(module: str, name: str) -> Any:
    """Return a class of a module if that was imported, or else what nothing is an instance of."""
    return getattr(sys.modules.get(module), name, ())


def native(value: Any) -> Any:
    """Return a library's value as Python's own, `MISSING` for NaT and NA; any other value as it is."""
    if isinstance(value, loaded("numpy", "generic")):
        return _scalar(value)
    if isinstance(value, loaded("numpy", "ndarray")):
        return _array(value)
    if isinstance(value, loaded("pandas", "Timestamp")):
        return value.to_pydatetime(warn=False)
    if value is loaded("pandas", "NaT") or value is loaded("pandas", "NA"):
        return MISSING
    if isinstance(value, loaded("pyarrow", "Scalar")):
        return value.as_py()
    return value


def _scalar(value: Any) -> Any:
    """Return a numpy scalar as Python has it."""
    if isinstance(value, loaded("numpy", "datetime64")):
        return _moment(value)
    if isinstance(value, loaded("numpy", "timedelta64")):
        return value  # of which `item` makes a number without a unit
    if isinstance(value, loaded("numpy", "floating")):
        # `item` of 0.1 in 32 bits is 0.10000000149011612, and has no form for more than 64 bits.
        return Decimal(str(value))
    return value.item()


def _moment(value: Any) -> Any:
    """Return a numpy time as a date, where it is one of days or more, or as a naive datetime."""
    if value != value:  # noqa: PLR0124 (NaT)
        return MISSING
    moment = value.item()
    if not isinstance(moment, dt.date):  # finer than microseconds
        moment = value.astype("datetime64[us]").item()
    return (
        moment if isinstance(moment, dt.date) else value
    )  # what Python's calendar has no year for


def _array(value: Any) -> Any:
    """Return an array of one dimension as a list of its scalars, and one of none as its scalar."""
    if isinstance(value, loaded("numpy.ma", "MaskedArray")):
        value = value.astype(object).filled(MISSING)
    if value.ndim == 0:
        return value[()]
    return list(value) if value.ndim == 1 else value
