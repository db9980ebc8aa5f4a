"""What a caller decides: the quota, retries, keys that occur twice, which records an outcome keeps.

Frozen values and enums, checked when they are made. Nothing here knows how they are carried out.
"""

from __future__ import annotations

import math
from enum import StrEnum

from attrs import frozen

from hubbatch.errors import UsageError

__all__ = ["Duplicates", "Keep", "LimitClass", "Missing", "RateLimit", "RetryPolicy"]

LONGEST_WAIT = 24 * 3600.0
"""A migrating account is away for up to a day (HubSpot: error 477); no wait is longer."""


class LimitClass(StrEnum):
    """Which of HubSpot's limits a request counts against."""

    INTERVAL = "interval"
    """The rolling ten-second limit of the app, and the day's."""
    SEARCH = "search"
    """Five requests a second for the account; exempt from the ten-second limit, without its headers."""
    EXEMPT = "exempt"
    """Exempt from the ten-second limit, without its headers, as association batches are."""


@frozen
class RateLimit:
    """At most `max_requests` in any rolling `period` seconds, of which we may use `share` (0 < share ≤ 1)."""

    max_requests: int
    period: float = 10.0
    share: float = 1.0

    def __attrs_post_init__(self) -> None:
        if type(self.max_requests) is not int or self.max_requests < 1:
            raise UsageError(
                f"RateLimit.max_requests must be a whole number of at least 1, not {self.max_requests!r}"
            )
        if not (is_number(self.period) and 0 < self.period <= 86_400):  # noqa: PLR2004 (a day)
            raise UsageError(
                f"RateLimit.period must be a number of seconds above 0 and at most 86400, not {self.period!r}"
            )
        if not (is_number(self.share) and 0 < self.share <= 1):
            raise UsageError(f"RateLimit.share must be above 0 and at most 1, not {self.share!r}")

    @property
    def budget(self) -> int:
        """How many requests a period we may send: our share of the limit, at least one."""
        return max(1, int(self.max_requests * self.share))


@frozen
class RetryPolicy:
    """When a batch is sent again: exponential backoff with jitter. Waits are seconds."""

    max_attempts: int = 6
    """Tries of one batch, the first included. Being rate limited does not count as one."""
    initial_wait: float = 0.5
    max_wait: float = 30.0
    jitter: float = 1.0
    """The part of a wait that is random: 1.0 is full jitter, 0.0 none."""
    max_elapsed: float = 300.0
    """How long a run goes on without one good answer, and the longest wait that the service may ask for, before it
    stops with `TransportError`."""

    def __attrs_post_init__(self) -> None:
        for name in ("initial_wait", "max_wait", "jitter", "max_elapsed"):
            if not is_number(getattr(self, name)):
                raise UsageError(
                    f"RetryPolicy.{name} must be a number, not {getattr(self, name)!r}"
                )
        if type(self.max_attempts) is not int or self.max_attempts < 1:
            raise UsageError(
                f"RetryPolicy.max_attempts must be at least 1, not {self.max_attempts!r}"
            )
        if not 0 <= self.initial_wait <= self.max_wait <= LONGEST_WAIT:
            raise UsageError(
                "RetryPolicy needs 0 <= initial_wait <= max_wait <= 86400 seconds, not"
                f" initial_wait={self.initial_wait!r}, max_wait={self.max_wait!r}"
            )
        if not 0 <= self.jitter <= 1:
            raise UsageError(f"RetryPolicy.jitter must be from 0 to 1, not {self.jitter!r}")
        if self.max_elapsed < 0:
            raise UsageError(
                f"RetryPolicy.max_elapsed must be at least 0 seconds, not {self.max_elapsed!r}"
            )

    def backoff(self, attempt: int, chance: float) -> float:
        """Return the seconds to wait after the `attempt`-th try; `chance` is a random number from 0 to 1."""
        wait = min(self.max_wait, self.initial_wait * 2.0 ** min(attempt - 1, 60))
        return wait * (1 - self.jitter * chance)


class Keep(StrEnum):
    """Which records an outcome retains. Counts are complete whatever is kept."""

    ALL = "all"
    ERRORS = "errors"
    NONE = "none"


class Duplicates(StrEnum):
    """What happens to a key that occurs twice in one run."""

    SERIAL = "serial"
    """The later record waits until the earlier one is settled."""
    MERGE = "merge"
    """Records that wait with one key become one input, later properties winning."""
    REFUSE = "refuse"
    """The later record fails."""


class Missing(StrEnum):
    """What becomes of values that are missing: None, NaN, NaT and NA."""

    OMIT = "omit"
    """The property is left out, and stays as it is."""
    CLEAR = "clear"
    """The property is emptied."""
    REFUSE = "refuse"
    """The record fails."""


def is_number(value: object) -> bool:
    """Whether an option's value is a finite number, and no bool."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


UNLIMITED = RateLimit(1_000_000, 1.0)
"""As good as none, for what HubSpot sets no limit to but the day's."""
