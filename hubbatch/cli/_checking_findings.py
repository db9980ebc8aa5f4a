"""What a check has found, as a value: what would be sent, what would fail and why, and what the load would take.

It knows nothing of how it was found, or of how it is shown.
"""

from __future__ import annotations

from typing import Any

from attrs import asdict, define, field, frozen

from hubbatch import RateLimit
from hubbatch.cli._faults import ExitCode

__all__ = ["Findings", "Found", "Places"]

_EXAMPLES = 3


@define
class Places:
    """How many records something is true of, and where the first of them stand."""

    count: int = 0
    examples: list[str] = field(factory=list)

    def add(self, place: str) -> None:
        """Note one more."""
        self.count += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(place)


@frozen
class Found:
    """One reason why records would fail, without their values."""

    count: int
    category: str
    """HubSpot's code for it, `LOCAL_VALIDATION`, or `BAD_LINE`."""
    message: str
    examples: str


@frozen(kw_only=True)
class Findings:
    """What a check has found."""

    verb: str
    object_type: str
    files: tuple[str, ...]
    records: int
    """How many were read; bad lines are none."""
    blank_rows: int
    """Rows without any value, which are passed over."""
    bad_lines: int
    held: int
    """Records of a rejects file that are UNKNOWN, which a create leaves alone."""
    refused: int
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
        return self.records - self.refused

    @property
    def would_fail(self) -> int:
        """How many records and bad lines would fail for certain."""
        return self.bad_lines + self.refused

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
        if self.would_fail or repeated or self.notices or (share is not None and share > 1):
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
            "records": self.records,
            "wouldBeSent": self.would_be_sent,
            "wouldFail": self.would_fail,
            "badLines": self.bad_lines,
            "blankRows": self.blank_rows,
            "heldBack": self.held,
            "key": self.key,
            "missingKeys": asdict(self.missing_keys),
            "repeatedKeys": asdict(self.repeated_keys),
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
