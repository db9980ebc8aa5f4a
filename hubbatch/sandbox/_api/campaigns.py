"""Marketing campaigns: created, read, changed and deleted, up to 50 a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from hubbatch.sandbox._bodies import id_of, inputs_of, malformed, missing_fields
from hubbatch.sandbox._call import ApiCall, ApiReply
from hubbatch.sandbox._replies import Done, ErrorEntry
from hubbatch.sandbox._routes import DATED, Route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hubbatch.sandbox._campaigns import Campaign

__all__ = ["ROUTES"]

_CAMPAIGNS = rf"/marketing/(?:v3/campaigns|campaigns/{DATED})/batch"
_MOST = 50
_NAME = "hs_name"


@frozen
class _Input:
    """One input: a campaign's id, and properties to be written."""

    id: str = ""
    properties: Mapping[str, str] = {}

    def naming(self) -> dict[str, list[str]]:
        return {"ids": [self.id]} if self.id else {}


def _create(call: ApiCall) -> ApiReply:
    asked = [_Input(properties=_properties(raw)) for raw in _inputs(call)]

    def perform() -> Done:
        good = [one for one in asked if one.properties.get(_NAME)]
        made = [call.account.campaigns.create(one.properties, call.stamp) for one in good]
        problems = [
            # inferred: the words; no recording has one
            ErrorEntry("VALIDATION_ERROR", f"Property {_NAME} is required", {})
            for one in asked
            if not one.properties.get(_NAME)
        ]
        return Done([one.as_json() for one in made], problems, good, stranger=_stranger)

    return call.batch(asked, perform, success=201)


def _read(call: ApiCall) -> ApiReply:
    asked = [_Input(_id(raw)) for raw in _inputs(call)]
    wanted = set(call.names("properties"))

    def perform() -> Done:
        known = [(one, call.account.campaigns.by_id.get(one.id)) for one in asked]
        found = [(one, campaign) for one, campaign in known if campaign is not None]
        return Done(
            [{**_shown(campaign, wanted), "assets": {}} for _, campaign in found],
            [_unknown(one) for one, campaign in known if campaign is None],
            [one for one, _ in found],
            stranger=_stranger,
        )

    return call.batch(asked, perform)


def _update(call: ApiCall) -> ApiReply:
    asked = [_Input(_id(raw), _properties(raw)) for raw in _inputs(call)]

    def perform() -> Done:
        done = Done(stranger=_stranger)
        written = []
        for one in asked:
            campaign = call.account.campaigns.by_id.get(one.id)
            if campaign is None:
                done.problems.append(_unknown(one))
                continue
            campaign.properties.update(one.properties)
            campaign.updated_at = call.stamp
            done.results.append(campaign.as_json())
            written.append(one)
        done.sources = written
        return done

    return call.batch(asked, perform)


def _archive(call: ApiCall) -> ApiReply:
    asked = [_Input(_id(raw)) for raw in _inputs(call)]

    def perform() -> Done:
        for one in asked:
            call.account.campaigns.by_id.pop(one.id, None)
        return Done()

    return call.batch(asked, perform, silent=True)


def _inputs(call: ApiCall) -> list[dict[str, Any]]:
    inputs = inputs_of(call.request.body, _MOST, "campaigns")
    if not all(type(raw) is dict for raw in inputs):
        raise malformed("every input must be an object")
    return inputs


def _id(raw: Mapping[str, Any]) -> str:
    found = id_of(raw)
    if not found:
        raise missing_fields("id")
    return found


def _properties(raw: Mapping[str, Any]) -> Mapping[str, str]:
    properties = raw.get("properties")
    if type(properties) is not dict:
        raise missing_fields("properties")
    if not all(type(value) is str for value in properties.values()):
        raise malformed("property values must be strings")
    return properties


def _shown(campaign: Campaign, wanted: set[str]) -> dict[str, Any]:
    shown = campaign.as_json()
    if wanted:
        held = campaign.properties.items()
        shown["properties"] = {name: value for name, value in held if name in wanted}
    return shown


def _unknown(one: _Input) -> ErrorEntry:
    return ErrorEntry("OBJECT_NOT_FOUND", "Could not get some CAMPAIGN objects", one.naming())


def _stranger(record_id: str) -> dict[str, Any]:
    stamp = "2001-01-01T00:00:00.000Z"
    shown = {"id": record_id, "properties": {_NAME: record_id}, "createdAt": stamp}
    return {**shown, "updatedAt": stamp, "businessUnits": []}


ROUTES = (
    Route("POST", rf"{_CAMPAIGNS}/create", _create),
    Route("POST", rf"{_CAMPAIGNS}/read", _read),
    Route("POST", rf"{_CAMPAIGNS}/update", _update),
    Route("POST", rf"{_CAMPAIGNS}/archive", _archive),
)
