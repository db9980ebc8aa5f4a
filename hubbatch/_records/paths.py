"""Fields within fields of a JSON value, such as `from.id`. It knows nothing of what they are for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import orjson

__all__ = [
    "EACH",
    "Reader",
    "Steps",
    "reader_of",
    "steps_of",
    "text_of",
    "text_reader",
    "texts_of_all",
    "value_at",
]

Steps = tuple[str, ...]
"""The names on the way to a field; none: the value itself."""

EACH = "*"
"""The step that stands for each item of a list."""

Reader = Callable[[Any], list[str]]
"""Reads the texts of some fields."""


def steps_of(path: str) -> Steps:
    """Return the steps of a path that is written with dots; `""` is the value itself."""
    return tuple(path.split(".")) if path else ()


def value_at(value: Any, steps: Steps) -> Any:
    """Return what a value holds at a path; None if it has no such field. `*`: a list of what each item holds."""
    for at, step in enumerate(steps):
        if type(value) is dict or isinstance(value, Mapping):
            value = value.get(step)
        elif type(value) is list and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif type(value) is list and step == EACH:
            return [value_at(item, steps[at + 1 :]) for item in value]
        else:
            return None
    return value


def text_of(value: Any) -> str:
    """Return a value's text, the same for all that are equal; `""` for none."""
    if type(value) is str:
        return value.strip()
    if value is None:
        return ""
    if type(value) is int:
        return str(value)
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=str).decode()
    except (TypeError, ValueError):
        return str(value)


def reader_of(paths: Iterable[str]) -> Reader:
    """Return what reads the texts at several paths.

    They are read of every record and of every result. To make a function of each path first takes half the time.
    """
    readers = [text_reader(steps_of(path)) for path in paths]
    if len(readers) == 2:  # noqa: PLR2004 (as pairs have)
        one, other = readers
        return lambda value: [one(value), other(value)]
    return lambda value: [read(value) for read in readers]


def texts_of_all(steps: Steps, values: Sequence[Any]) -> Iterable[str]:
    """Return the text at a path of each of many values, as `text_of` has it.

    What is usual is done by C code: this runs for every result.
    """
    found: Sequence[Any]
    try:
        found = values
        for step in steps:
            found = [*map(itemgetter(step), found)]
    except (KeyError, TypeError, IndexError):
        found = [value_at(value, steps) for value in values]
    kinds = {*map(type, found)}
    if kinds == {int}:
        return map(str, found)
    return map(str.strip if kinds == {str} else text_of, found)


def text_reader(steps: Steps) -> Callable[[Any], str]:
    """Return what reads the text at one path."""
    if len(steps) not in (1, 2):
        return lambda value: text_of(value_at(value, steps))
    first, second = steps[0], steps[-1]
    nested = len(steps) > 1
    lists = _ListTexts()

    def read(value: Any) -> str:
        try:
            found = value[first][second] if nested else value[first]
        except (KeyError, TypeError, IndexError):
            found = value_at(value, steps)
        if type(found) is str:
            return found.strip()
        if type(found) is int:
            return str(found)
        return lists.text(found) if type(found) is list else text_of(found)

    return read


class _ListTexts:
    """The texts of lists, of which one is mostly like the last one: the types of all pairs of a call, say."""

    def __init__(self) -> None:
        self._last: Any = None
        self._text = ""

    def text(self, value: list[Any]) -> str:
        if value != self._last:
            self._text = text_of(value)
            self._last = orjson.loads(self._text)  # the list itself may change
        return self._text
