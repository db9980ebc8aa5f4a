"""Checks of single options: each names the option and what is allowed."""

from __future__ import annotations

import math

from hubbatch.errors import UsageError

__all__ = ["check_count", "check_seconds", "check_unicode", "shown"]

_SHORT = 16
"""Characters of text that is shown: no token is as short."""


def shown(value: object) -> str:
    """Return how a message shows a value that an option does not allow: it may be a token, put there by mistake."""
    if isinstance(value, str) and len(value) > _SHORT:
        return f"text of {len(value)} characters"
    return (
        repr(value)
        if value is None or type(value) in {str, int, float, bool}
        else type(value).__name__
    )


def check_count(name: str, value: object, *, least: int = 1, most: int | None = None) -> int:
    """Return a whole number within its bounds."""
    if type(value) is not int or value < least or (most is not None and value > most):
        allowed = f"from {least} to {most}" if most is not None else f"of at least {least}"
        raise UsageError(f"{name} must be a whole number {allowed}, not {shown(value)}")
    return value


def check_seconds(name: str, value: object) -> float:
    """Return a number of seconds above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise UsageError(f"{name} must be a number of seconds above 0, not {shown(value)}")
    return float(value)


def check_unicode(name: str, text: str) -> str:
    """Return text that can be sent: one with half a character, such as a shell's stray byte, cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{name} holds text that is not valid Unicode") from None
    return text
