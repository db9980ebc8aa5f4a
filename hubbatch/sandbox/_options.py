"""The options of a sandbox: the account's limits, the service's habits, faults, what is remembered.

A frozen value and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from hubbatch.errors import UsageError
from hubbatch.policies import RateLimit
from hubbatch.sandbox._habits import Habits
from hubbatch.sandbox._window import DAY

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from hubbatch.sandbox._faults import FaultPlan

__all__ = ["Options"]

_PROFESSIONAL = RateLimit(190, 10.0)


@frozen(kw_only=True, eq=False)
class Options(Habits):
    """What can be set about a sandbox; by default a Professional account on a good day."""

    rate_limit: RateLimit | None = _PROFESSIONAL
    """Requests per rolling period (`share` plays no part); None: no limit, no interval headers."""
    daily_limit: int | None = None
    """Requests per day; None means no limit and no daily headers, as for OAuth apps."""
    midnight: float = DAY
    """Seconds after the start at which the first day ends."""
    secondly_limit: int | None = None
    """Requests per rolling second, the old limit."""
    search_limit: int | None = 5
    """Searches per rolling second for the whole account, which count against nothing else but the day."""
    retry_after: bool = False
    """Whether a 429 says in `Retry-After` when there is room again."""
    latency: float | tuple[float, float] = 0.05
    """Seconds until an answer is sent, or the least and the most of a random latency."""
    faults: FaultPlan = None
    """What goes wrong; see `FaultPlan`."""
    seed: int = 0
    """Everything random follows from it."""
    shuffle: bool = True
    """Whether results come in another order than the inputs."""
    noise: bool = True
    """Whether replies vary as real ones do: optional fields left out, unknown ones added."""
    string_contexts: bool = False
    """Whether the `context` of an error's details is text, such as `{missingScopes=[a, b]}`."""
    create_status: int = 201
    """Status of a create that succeeded: HubSpot has answered both 201 and 200."""
    missing_read_status: int = 207
    """Status of a read that found nothing: 207, or 404 with category OBJECT_NOT_FOUND."""
    max_body_bytes: int | None = None
    """A longer request body is answered 413; None means no limit, as HubSpot publishes none."""
    token: str | None = field(default=None, repr=False)
    """The only access token accepted; None accepts any."""
    accounts: Mapping[str, int] = field(factory=dict, repr=False)
    """Access tokens and the number of the account that each is of: with records and a quota of its own."""
    forbidden: Collection[str] = ()
    """Object types, by name or id, for which the token lacks the scopes (403)."""
    strict: bool = False
    """Whether HubSpot's own object types have their standard properties only, and mind types and options."""
    max_associations: int = 2_000
    """Most inputs of a batch that creates associations; some accounts are held to 100."""
    association_page: int = 500
    """How many associated records an association read shows of each record at a time."""
    portal_id: int = 123
    """The number of the default account, which any other token is of."""
    keep_requests: int | None = 100_000
    """How many of the last requests are remembered; None for all."""
    keep_body_bytes: int = 64 * 2**20
    """Bytes of request bodies that are kept, from the first request on."""
    keep_writes: int | None = 250_000
    """How many of the last writes the ledger holds; None for all."""
    epoch: datetime | None = None
    """Wall-clock time at the start; None: 2026-01-01 in UTC for a service, now for a server."""

    def __attrs_post_init__(self) -> None:
        low, high = self.latencies
        if not 0 <= low <= high:
            raise UsageError(
                f"latency must be seconds of at least 0, or a rising pair, not {self.latency!r}"
            )
        if self.create_status not in (200, 201):
            raise UsageError(f"create_status is 200 or 201, not {self.create_status!r}")
        if self.missing_read_status not in (207, 404):
            raise UsageError(f"missing_read_status is 207 or 404, not {self.missing_read_status!r}")
        if self.epoch is not None and self.epoch.tzinfo is None:
            raise UsageError("epoch must be an aware datetime")

    @property
    def latencies(self) -> tuple[float, float]:
        """The least and the most latency, in seconds."""
        latency = self.latency
        return latency if isinstance(latency, tuple) else (latency, latency)
