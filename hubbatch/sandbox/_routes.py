"""What a path asks for, as rows: method, path, which limit counts the request, and who answers it.

It knows nothing of accounts; whether one has the object type is not decided here.
"""

from __future__ import annotations

import functools
import re
from enum import StrEnum
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hubbatch.sandbox._call import Call, Reply

__all__ = ["DATED", "LimitClass", "Match", "Route", "Router"]

DATED = r"\d{4}-(?:03|09)(?:-[a-z]{1,20})?"
"""A dated version, which may have a suffix."""


class LimitClass(StrEnum):
    """Which limit a request counts against, and whose headers its answer carries."""

    INTERVAL = "interval"
    """The rolling window, with its headers."""
    SEARCH = "search"
    """So many a second for the whole account; no headers."""
    EXEMPT = "exempt"
    """No interval and no headers of one; the day counts it."""


def _compiled(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{([a-z_]+)\}", r"(?P<\1>[^/]+)", template))


@frozen
class Route:
    """One row: `{name}` in the path is a parameter, the rest is a regular expression."""

    method: str
    path: str
    answer: Callable[[Call], Reply]
    limit: LimitClass = LimitClass.INTERVAL
    pattern: re.Pattern[str] = field(init=False, repr=False)

    @pattern.default
    def _pattern(self) -> re.Pattern[str]:
        return _compiled(self.path)


@frozen
class Match:
    """The rows that a path fits, by method, and what its parameters are."""

    routes: Mapping[str, Route]
    parameters: Mapping[str, Mapping[str, str]]
    """By method."""

    def limit(self, method: str) -> LimitClass:
        """Return which limit a request of that path and method counts against."""
        return self.routes[method].limit if method in self.routes else LimitClass.INTERVAL


class Router:
    """All rows, searched in order; the last 1,024 paths are remembered."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self.find = functools.lru_cache(maxsize=1024)(self._find)

    def _find(self, path: str) -> Match | None:
        """Return what a path asks for; None when there is no such path."""
        found: dict[str, Route] = {}
        parameters: dict[str, Mapping[str, str]] = {}
        for route in self.routes:
            match = route.pattern.fullmatch(path)
            if match is not None and route.method not in found:
                found[route.method] = route
                parameters[route.method] = match.groupdict()
        return Match(found, parameters) if found else None
