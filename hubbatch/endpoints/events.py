"""Custom events: occurrences are sent, 500 a request, and done later.

HubSpot: "Custom events", event completions. Success means that the service has accepted them.
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import AnswerKind, Effect, InputKind, ResultShape
from hubbatch.endpoints._paths import Path
from hubbatch.endpoints._row import Endpoint

__all__ = ["EVENTS_SEND"]

EVENTS_SEND = Endpoint(
    "events-send",
    [
        Path("/events/{version}/send/batch", ("v3", "2026-03")),
        Path("/events/custom/{version}/send/batch", ("2025-09", "2026-09")),
    ],
    input=InputKind.VALUES,
    required=("eventName",),
    stamp="uuid",
    identity=("uuid",),
    answer=AnswerKind.NOTHING,
    result=ResultShape.ROW,
    max_inputs=500,
    effect=Effect.CREATES,
    scopes=("analytics.behavioral_events.send",),
    documentation="Sends occurrences of custom events; each gets a `uuid`, by which the service knows a repetition.",
    no_content="accepted",
)
