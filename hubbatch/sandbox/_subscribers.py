"""To which messages subscribers have said yes or no, by e-mail address. It knows nothing of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Subscribers"]


@define(eq=False)
class Subscribers:
    """The statuses of all subscribers of an account: those that were set, and who wants nothing."""

    _statuses: dict[tuple[str, str], dict[int, dict[str, Any]]] = field(factory=dict)
    """By address and channel, then by subscription."""
    _out: set[tuple[str, str]] = field(factory=set)

    def set(self, address: str, channel: str, subscription: int, status: Mapping[str, Any]) -> None:
        """Set what a subscriber says to one subscription."""
        self._statuses.setdefault(_key(address, channel), {})[subscription] = dict(status)
        if status.get("status") == "SUBSCRIBED":
            self._out.discard(_key(address, channel))

    def statuses(self, address: str, channel: str) -> Iterable[Mapping[str, Any]]:
        """Return what a subscriber says to each subscription that was asked about."""
        return self._statuses.get(_key(address, channel), {}).values()

    def leave(self, address: str, channel: str) -> None:
        """Unsubscribe from everything."""
        self._out.add(_key(address, channel))
        for status in self._statuses.get(_key(address, channel), {}).values():
            status["status"] = "UNSUBSCRIBED"

    def has_left(self, address: str, channel: str) -> bool:
        """Tell whether a subscriber wants nothing."""
        return _key(address, channel) in self._out


def _key(address: str, channel: str) -> tuple[str, str]:
    return address.strip().lower(), channel.upper()
