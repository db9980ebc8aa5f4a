"""Actors of conversations: agents, visitors, integrations, by actor id.

HubSpot: "Conversations", inbox and messages.
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import Effect, InputKind, ResultShape
from hubbatch.endpoints._paths import Path
from hubbatch.endpoints._row import Endpoint

__all__ = ["CONVERSATIONS_ACTORS_READ"]

CONVERSATIONS_ACTORS_READ = Endpoint(
    "conversations-actors-read",
    [
        Path("/conversations/v3/conversations/actors/batch/read", ("v3",)),
        Path(
            "/conversations/conversations/{version}/actors/batch/read", ("2026-09", "2026-09-beta")
        ),
    ],
    input=InputKind.TEXT,
    query=("property",),
    names={"id": ""},
    result=ResultShape.ROW,
    effect=Effect.READS,
    scopes=("conversations.read",),
    documentation="Reads actors by id, such as `A-123`.",
)
