"""The rows of lists that are read with one GET: no batch endpoints, but answered in the same form.

HubSpot: "Properties", read all properties.
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import SINGLE, Effect, InputKind, ResultShape
from hubbatch.endpoints._paths import DATED, Path
from hubbatch.endpoints._row import Endpoint

__all__ = ["PROPERTIES_LIST"]

PROPERTIES_LIST = Endpoint(
    "properties",
    (
        Path("/crm/v3/properties/{object_type}", ("v3",)),
        Path("/crm/properties/{version}/{object_type}", (DATED,)),
    ),
    input=InputKind.TEXT,
    body=SINGLE,
    max_inputs=1,
    result=ResultShape.ROW,
    results_per_input=None,
    effect=Effect.READS,
    query=("archived",),
    scopes=("crm.schemas.{object_type}.read",),
    documentation="Reads the definitions of all properties of an object type.",
)
