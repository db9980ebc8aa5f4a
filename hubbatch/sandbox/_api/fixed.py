"""What every account here has alike: details, owners, pipelines; and the schemas of its custom types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hubbatch.sandbox._bodies import ids_of, parse_object
from hubbatch.sandbox._call import Call, Reply
from hubbatch.sandbox._names import singular
from hubbatch.sandbox._replies import RefusalError
from hubbatch.sandbox._routes import DATED, Route

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hubbatch.sandbox._schema import ObjectType

__all__ = ["ROUTES"]

_OWNERS = (
    ("101", "ada@example.com", "Ada", "Lovelace"),
    ("102", "alan@example.com", "Alan", "Turing"),
)
_DEAL_STAGES = (
    ("appointmentscheduled", "Appointment Scheduled", "0.2"),
    ("qualifiedtobuy", "Qualified To Buy", "0.4"),
    ("presentationscheduled", "Presentation Scheduled", "0.6"),
    ("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
    ("contractsent", "Contract Sent", "0.9"),
    ("closedwon", "Closed Won", "1.0"),
    ("closedlost", "Closed Lost", "0.0"),
)
_TICKET_STAGES = (
    ("1", "New", "OPEN"),
    ("2", "Waiting on contact", "OPEN"),
    ("3", "Waiting on us", "OPEN"),
    ("4", "Closed", "CLOSED"),
)
_PIPELINES: Mapping[str, tuple[str, str, str, Sequence[tuple[str, str, str]]]] = {
    "0-3": ("default", "Sales Pipeline", "probability", _DEAL_STAGES),
    "0-5": ("0", "Support Pipeline", "ticketState", _TICKET_STAGES),
}


def _details(call: Call) -> Reply:
    return Reply(
        200,
        {
            "portalId": call.account.portal_id,
            "accountType": "STANDARD",
            "timeZone": "UTC",
            "companyCurrency": "EUR",
            "additionalCurrencies": [],
            "utcOffset": "+00:00",
            "utcOffsetMilliseconds": 0,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        },
    )


def _owner(call: Call, row: tuple[str, str, str, str]) -> dict[str, Any]:
    owner_id, email, first, last = row
    stamp = call.account.stamp(0.0)
    return {
        "id": owner_id,
        "email": email,
        "type": "PERSON",
        "firstName": first,
        "lastName": last,
        "userId": int(owner_id) + 1_000,
        "userIdIncludingInactive": int(owner_id) + 1_000,
        "createdAt": stamp,
        "updatedAt": stamp,
        "archived": False,
    }


def _owners(call: Call) -> Reply:
    email = call.request.query.get("email")
    rows = [row for row in _OWNERS if email in (None, "", row[1])]
    return Reply(200, {"results": [_owner(call, row) for row in rows]})


def _one_owner(call: Call) -> Reply:
    for row in _OWNERS:
        if row[0] == call.parameters["owner_id"]:
            return Reply(200, _owner(call, row))
    raise RefusalError(404, "OBJECT_NOT_FOUND", "resource not found")


def _pipelines(call: Call) -> Reply:
    row = _PIPELINES.get(call.object_type().id)
    return Reply(200, {"results": [] if row is None else [_pipeline(call, *row)]})


def _one_pipeline(call: Call) -> Reply:
    row = _PIPELINES.get(call.object_type().id)
    if row is None or row[0] != call.parameters["pipeline_id"]:
        raise RefusalError(404, "OBJECT_NOT_FOUND", "resource not found")
    return Reply(200, _pipeline(call, *row))


def _pipeline(
    call: Call, pipeline_id: str, label: str, of_stage: str, stages: Sequence[tuple[str, str, str]]
) -> dict[str, Any]:
    stamp = call.account.stamp(0.0)
    dated = {"createdAt": stamp, "updatedAt": stamp, "archived": False}
    return {
        "id": pipeline_id,
        "label": label,
        "displayOrder": 0,
        "stages": [
            {
                "id": key,
                "label": words,
                "displayOrder": order,
                "metadata": {of_stage: value},
                **dated,
            }
            for order, (key, words, value) in enumerate(stages)
        ],
        **dated,
    }


def _schemas(call: Call) -> Reply:
    return Reply(200, {"results": [_schema(call, one) for one in call.account.schema.custom()]})


def _one_schema(call: Call) -> Reply:
    return Reply(200, _schema(call, call.object_type(family="schemas")))


def _batch_of_schemas(call: Call) -> Reply:
    # Its inputs are texts, and those that are not known are left out (inferred).
    names = ids_of(parse_object(call.request.body).get("inputs") or [], "inputs")
    found = (call.account.schema.find(name) for name in names)
    results = [_schema(call, one) for one in found if one is not None]
    done = {"status": "COMPLETE", "startedAt": call.stamp, "completedAt": call.stamp}
    return Reply(200, {**done, "results": results})


def _schema(call: Call, object_type: ObjectType) -> dict[str, Any]:
    stamp = call.account.stamp(0.0)
    plain = object_type.name.removeprefix("p_")
    shown = object_type.shown[0] if object_type.shown else "hs_object_id"
    return {
        "id": object_type.id,
        "objectTypeId": object_type.id,
        "name": plain,
        "fullyQualifiedName": f"p{call.account.portal_id}_{plain}",
        "labels": {"singular": object_type.label, "plural": plain.replace("_", " ").capitalize()},
        "primaryDisplayProperty": shown,
        "secondaryDisplayProperties": list(object_type.shown[1:2]),
        "requiredProperties": list(object_type.required),
        "searchableProperties": list(object_type.shown),
        "properties": [one.as_json(stamp) for one in object_type.definitions()],
        "associations": [],
        "metaType": "PORTAL_SPECIFIC" if object_type.is_custom else "HUBSPOT",
        "allowsSensitiveProperties": False,
        "archived": False,
        "createdAt": stamp,
        "updatedAt": stamp,
        "description": f"One {singular(plain)} a record",
    }


_SCHEMAS = rf"/(?:crm/v3|crm-object-schemas/(?:v3|{DATED}))/schemas"
_PIPELINE_PATHS = rf"/crm/(?:v3/pipelines|pipelines/(?:v3|{DATED}))/{{type}}"
_OWNER_PATHS = rf"/crm/(?:v3/owners|owners/(?:v3|{DATED}))"
ROUTES = (
    Route("GET", rf"/account-info/(?:v3|{DATED})/details", _details),
    Route("GET", rf"{_OWNER_PATHS}/?", _owners),
    Route("GET", rf"{_OWNER_PATHS}/{{owner_id}}", _one_owner),
    Route("GET", _PIPELINE_PATHS, _pipelines),
    Route("GET", rf"{_PIPELINE_PATHS}/{{pipeline_id}}", _one_pipeline),
    Route("GET", _SCHEMAS, _schemas),
    Route("POST", rf"{_SCHEMAS}/batch/read", _batch_of_schemas),
    Route("GET", rf"{_SCHEMAS}/{{type}}", _one_schema),
)
