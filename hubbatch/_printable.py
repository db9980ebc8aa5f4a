"""Text from elsewhere made fit for a terminal or a log: on one line, and steering neither.

It knows nothing of the library. Whatever has no place in a line of text is shown as JSON would escape it.
"""

from __future__ import annotations

import re

__all__ = ["printable"]

_STEERING = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # control characters, C0 and C1: line ends, the begin of terminal commands
    "\u2028\u2029"  # line and paragraph separators
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns the direction of the text around it
    "\ud800-\udfff"  # halves of characters, which no encoding takes
    "]"
)


def printable(text: str, most: int | None = None) -> str:
    r"""Return text in which `\uXXXX` stands for each character that steers; `most`: characters that are kept."""
    cut = text if most is None or len(text) <= most else f"{text[:most]}…"
    return _STEERING.sub(_escaped, cut)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"
