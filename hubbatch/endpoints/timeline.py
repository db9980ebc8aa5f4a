"""Timeline events of an app: by template in v3, by type in 2026-03.

HubSpot: "Timeline events", "App events".
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import Effect, InputKind, ResultShape
from hubbatch.endpoints._paths import Path
from hubbatch.endpoints._row import Endpoint

__all__ = ["TIMELINE_APP_EVENTS_SEND", "TIMELINE_EVENTS_CREATE"]

TIMELINE_EVENTS_CREATE = Endpoint(
    "timeline-events-create",
    [Path("/integrators/timeline/v3/events/batch/create", ("v3",))],
    input=InputKind.VALUES,
    required=("eventTemplateId",),
    stamp="id",
    identity=("id",),
    names={"id": "id"},
    result=ResultShape.ROW,
    effect=Effect.CREATES,
    scopes=("timeline",),
    documentation="Creates events on timelines by template; each gets an `id`, which is there once.",
)

TIMELINE_APP_EVENTS_SEND = Endpoint(
    "timeline-app-events-send",
    [Path("/integrators/timeline/{version}/events/batch", ("2026-03",))],
    input=InputKind.VALUES,
    required=("eventTypeName",),
    stamp="id",
    identity=("id",),
    names={"id": "id"},
    result=ResultShape.ROW,
    effect=Effect.CREATES,
    scopes=("timeline",),
    documentation="Sends occurrences of an app's events; each gets an `id`, which is there once.",
)
