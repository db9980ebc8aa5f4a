"""Which paths there are, and what each asks for: object type and verb. Every version speaks alike.

It knows nothing of the account; whether it has the object type is not decided here.
"""

from __future__ import annotations

import functools
import re

from attrs import frozen

from hubbatch.sandbox._inputs import Verb

__all__ = ["Route", "route_of"]

_PATH = re.compile(
    r"/crm/(?:v3/objects|objects/(?:v3|\d{4}-(?:03|09)(?:-[a-z]{1,20})?))"
    r"/(?P<type>[^/]+)/batch/(?P<verb>[a-z]+)"
)
_VERBS = frozenset(Verb)


@frozen
class Route:
    """What a path asks for."""

    object_type: str
    verb: Verb


@functools.lru_cache(maxsize=1024)
def route_of(path: str) -> Route | None:
    """Return what a path asks for; None when there is no such path."""
    match = _PATH.fullmatch(path)
    if match is None or match["verb"] not in _VERBS:
        return None
    return Route(match["type"], Verb(match["verb"]))
