"""Communication preferences: to which messages subscribers have said yes, and that they want none.

HubSpot: "Communication preferences", statuses. The `channel`, `EMAIL` so far, stands in the query.
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import Effect, InputKind, Presence, ResultShape
from hubbatch.endpoints._paths import DATED, Path
from hubbatch.endpoints._row import Endpoint

__all__ = [
    "PREFERENCES_READ",
    "PREFERENCES_UNSUBSCRIBED_READ",
    "PREFERENCES_UNSUBSCRIBE_ALL",
    "PREFERENCES_WRITE",
]

_QUERY = {"channel": Presence.REQUIRED, "businessUnitId": Presence.OPTIONAL}
_READ = ("communication_preferences.statuses.batch.read",)
_WRITE = ("communication_preferences.statuses.batch.write",)
_STATUS = ("subscriberIdString", "subscriptionId", "channel")


def _paths(verb: str) -> tuple[Path, ...]:
    return (Path(f"/communication-preferences/{{version}}/statuses/batch/{verb}", ("v4", DATED)),)


PREFERENCES_READ = Endpoint(
    "preferences-read",
    _paths("read"),
    input=InputKind.TEXT,
    query=_QUERY,
    names={"subscriberIdString": ""},
    result=ResultShape.ROW,
    effect=Effect.READS,
    scopes=_READ,
    documentation="Reads the statuses of subscribers, by e-mail address.",
)

PREFERENCES_WRITE = Endpoint(
    "preferences-write",
    _paths("write"),
    input=InputKind.VALUES,
    required=(*_STATUS, "statusState"),
    identity=_STATUS,
    names={name: name for name in _STATUS},
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    scopes=_WRITE,
    documentation="Sets the status of subscribers for a subscription each.",
)

PREFERENCES_UNSUBSCRIBE_ALL = Endpoint(
    "preferences-unsubscribe-all",
    _paths("unsubscribe-all"),
    input=InputKind.TEXT,
    query={**_QUERY, "verbose": True},
    names={"subscriberIdString": ""},
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    scopes=_WRITE,
    documentation="Unsubscribes from all, by e-mail address; without `verbose` the answer would name nobody.",
)

PREFERENCES_UNSUBSCRIBED_READ = Endpoint(
    "preferences-unsubscribed-read",
    _paths("unsubscribe-all/read"),
    input=InputKind.TEXT,
    query=_QUERY,
    names={"subscriberIdString": ""},
    result=ResultShape.ROW,
    effect=Effect.READS,
    scopes=_READ,
    documentation="Reads whether subscribers have unsubscribed from all.",
)
