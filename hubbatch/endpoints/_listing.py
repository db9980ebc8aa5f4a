"""The rows of what is read with one GET, of a whole account or object type: no batch endpoints, but answered alike.

HubSpot: "Properties", read all properties; "Account information".
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import SINGLE, AnswerKind, Effect, InputKind, ResultShape
from hubbatch.endpoints._paths import DATED, Path
from hubbatch.endpoints._row import Endpoint

__all__ = ["ACCOUNT_DETAILS", "PROPERTIES_LIST"]

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

ACCOUNT_DETAILS = Endpoint(
    "account details",
    (
        Path("/account-info/v3/details", ("v3",)),
        Path("/account-info/{version}/details", (DATED,)),
    ),
    input=InputKind.TEXT,
    body=SINGLE,
    max_inputs=1,
    answer=AnswerKind.ONE,
    result=ResultShape.ROW,
    effect=Effect.READS,
    documentation="Reads the account's id, and what else there is of it.",
)
