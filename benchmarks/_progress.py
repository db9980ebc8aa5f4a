"""Progress on stderr, apart from the results.

Every process of the benchmark may say something.
"""

from __future__ import annotations

import sys

__all__ = ["say"]


def say(text: str) -> None:
    """Show what is being measured."""
    print(text, file=sys.stderr, flush=True)
