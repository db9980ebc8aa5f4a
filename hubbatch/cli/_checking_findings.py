"""What a check has found, as a value: what would be sent, what would fail and why, and what the load would take.

It knows nothing of how it was found, or of how it is shown.
"""

from __future__ import annotations

from typing import Any

from attrs import asdict, frozen

from hubbatch import RateLimit
from hubbatch.cli._faults import ExitCode
from hubbatch.cli._reasons import Aside
from hubbatch.cli._repeats import Places
from hubbatch.cli._summary import input_numbers

__all__ = ["Findings", "Found"]


@frozen
class Found:
    """One reason why records would fail, without their values."""

    count: int
    category: str
    """HubSpot's code for it, `LOCAL_VALIDATION`, `BAD_LINE` or `BAD_BYTES`."""
    message: str
    examples: str


@frozen(kw_only=True)
class Findings:
    """What a check has found."""

    verb: str
    object_type: str
    files: tuple[str, ...]
    records: int
    """How many were taken; bad lines are none."""
    aside: Aside
    """What else was read."""
    would_fail: int
    """Records that would fail before anything of them is sent."""
    key: str | None
    """The property that names the objects, if any."""
    missing_keys: Places
    repeated_keys: Places
    repeats_matter: bool
    """Whether a key that comes again is worth a word: it is, unless the user has said what becomes of it."""
    reasons: tuple[Found, ...]
    more_reasons: int
    requests: int
    broken: str
    """Why the input could not be read to its end; empty if it could."""
    quota: RateLimit | None = None
    """What the requests are sent at; None where it is not known."""
    daily_remaining: int | None = None
    """Requests that the account has left today, if the account has said so."""
    notices: tuple[str, ...] = ()
    """What could not be checked."""

    @property
    def would_be_sent(self) -> int:
        """How many records would be sent."""
        return self.records - self.would_fail

    @property
    def read(self) -> int:
        """How much of the input was read: records, bad lines, blank rows."""
        aside = self.aside
        return self.records + aside.bad + aside.blank + aside.held + aside.skipped + aside.end

    @property
    def seconds(self) -> float | None:
        """How long the requests take at the quota, with nothing else that uses it."""
        if self.quota is None:
            return None
        windows = max(0.0, self.requests / (self.quota.max_requests * self.quota.share) - 1)
        return windows * self.quota.period

    @property
    def share_of_day(self) -> float | None:
        """Which part of what the account has left today the requests are."""
        return self.requests / self.daily_remaining if self.daily_remaining else None

    @property
    def code(self) -> ExitCode:
        """What the command tells its caller."""
        if self.broken:
            return ExitCode.USAGE
        repeated = self.repeats_matter and self.repeated_keys.count
        share = self.share_of_day
        wrong = self.would_fail or self.aside.bad
        if wrong or repeated or self.notices or (share is not None and share > 1):
            return ExitCode.SOME_FAILED
        return ExitCode.OK

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON has it, in the spelling of HubSpot's own names."""
        quota = self.quota
        return {
            "ended": "checked",
            "exitCode": int(self.code),
            "verb": self.verb,
            "objectType": self.object_type,
            "files": list(self.files),
            "counts": {
                "total": self.records,
                "wouldBeSent": self.would_be_sent,
                "wouldFail": self.would_fail,
            },
            "input": input_numbers(self.aside, self.read),
            "key": self.key,
            "missingKeys": None if self.key is None else asdict(self.missing_keys),
            "repeatedKeys": None if self.key is None else asdict(self.repeated_keys),
            "reasons": [asdict(each) for each in self.reasons],
            "moreReasons": self.more_reasons,
            "requests": self.requests,
            "quota": quota and {"maxRequests": quota.max_requests, "period": quota.period},
            "seconds": self.seconds,
            "dailyRemaining": self.daily_remaining,
            "shareOfDay": self.share_of_day,
            "notices": list(self.notices),
            "message": self.broken,
        }
