"""Paths that name what is open already: standard streams, and what a shell hands over as `/dev/fd/N`.

It knows nothing of what is written there.
"""

from __future__ import annotations

import re

__all__ = ["descriptor_of"]

_STANDARD = {"-": 1, "/dev/stdout": 1, "/dev/stderr": 2}
_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/([0-9]{1,9})")
"""How the shell names standard streams and process substitutions; on Linux these are links."""


def descriptor_of(path: str) -> int | None:
    """Return the open descriptor that a path of an output names, if it names one; `-` is standard output."""
    found = _DESCRIPTOR.fullmatch(path)
    return int(found.group(1)) if found else _STANDARD.get(path)
