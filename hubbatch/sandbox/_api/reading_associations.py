"""Associations read in batches, page after page for each record; and which kinds there are between two types."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hubbatch.errors import UsageError
from hubbatch.sandbox._api.associations import BETWEEN, BETWEEN_NEW, batch_route, version_of
from hubbatch.sandbox._bodies import (
    id_of,
    inputs_of,
    malformed,
    missing_fields,
    parse_object,
    text_of,
)
from hubbatch.sandbox._call import Call, Reply
from hubbatch.sandbox._links import End
from hubbatch.sandbox._names import singular
from hubbatch.sandbox._pairs import Between
from hubbatch.sandbox._replies import Done, Problem, RefusalError
from hubbatch.sandbox._routes import Route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hubbatch.sandbox._definitions import Spec

__all__ = ["ROUTES"]

_MOST_READ = 1_000


@frozen
class _Asked:
    """One input: a record, and from which associated record on."""

    record_id: str
    after: int

    def naming(self) -> dict[str, list[str]]:
        return {"id": [self.record_id]}


def _read(call: Call) -> Reply:
    between, version = Between.of(call), version_of(call)
    inputs = inputs_of(call.request.body, _MOST_READ, "associations")
    asked = [_asked(raw) for raw in inputs]

    def perform() -> Done:
        sources: list[_Asked] = []
        done = Done(stranger=lambda record_id: {"from": {"id": record_id}, "to": []})
        for one in asked:
            found = _page(between, one)
            if not found:
                done.problems.append(_nothing(between, one.record_id))
                continue
            size = call.options.association_page
            result = {
                "from": {"id": one.record_id},
                "to": [
                    item
                    for record_id, specs in islice(found, size)
                    for item in _targets(between, version, record_id, specs)
                ],
            }
            if len(found) > size:
                after = found[size][0]
                link = f"https://api.hubapi.com{call.request.path}?after={after}"
                result["paging"] = {"next": {"after": after, "link": link}}
            done.results.append(result)
            sources.append(one)
        done.sources = sources
        return done

    return call.batch(asked, perform)


def _asked(raw: Any) -> _Asked:
    if type(raw) is not dict:
        raise malformed("every input must be an object")
    record_id, after = id_of(raw), id_of(raw, "after") or "0"
    if not record_id:
        raise missing_fields("id")
    if not (after.isascii() and after.isdigit()):
        raise RefusalError(400, "VALIDATION_ERROR", f"Invalid cursor: {after[:40]}")
    return _Asked(record_id, int(after[:30]))


def _page(between: Between, asked: _Asked) -> list[tuple[str, Iterable[Spec]]]:
    """Return the live records from the cursor on, in the order of their ids, and how they are associated."""
    store = between.call.account.store
    found = store.links.of(End(between.left.id, asked.record_id), between.right.id)
    targets = store.collection(between.right)
    return [
        (record_id, sorted(found[record_id]))
        for record_id in sorted(found, key=int)
        if int(record_id) >= asked.after and targets.find(record_id, None) is not None
    ]


def _targets(
    between: Between, version: str, record_id: str, specs: Iterable[Spec]
) -> list[dict[str, Any]]:
    definitions, (left, right) = (
        between.call.account.definitions,
        (between.left.id, between.right.id),
    )
    if version == "v3":
        names = [definitions.v3_name(left, right, spec) for spec in specs]
        return [{"id": record_id, "type": name} for name in names]
    kinds = []
    for spec in specs:
        known = definitions.find(left, right, spec)
        label = None if known is None else known.label
        kinds.append({"category": spec.category, "typeId": spec.type_id, "label": label})
    spelled = int(record_id) if version == "v4" else record_id
    return [{"toObjectId": spelled, "associationTypes": kinds}]


def _nothing(between: Between, record_id: str) -> Problem:
    left, right = singular(between.left.name), singular(between.right.name)
    return Problem(
        "OBJECT_NOT_FOUND",
        f"No {right} is associated with {left} {record_id}.",
        {
            "fromObjectId": [record_id],
            "fromObjectType": [left],
            "toObjectType": [right],
        }
        if between.call.options.name_association_offender
        else {},
        sub_category="crm.associations.NO_ASSOCIATIONS_FOUND",
    )


def _labels(call: Call) -> Reply:
    between = Between.of(call)
    found = call.account.definitions.between(between.left.id, between.right.id)
    return Reply(
        200,
        {
            "results": [
                {"category": one.spec.category, "typeId": one.spec.type_id, "label": one.label}
                for one in found
            ]
        },
    )


def _define_label(call: Call) -> Reply:
    between = Between.of(call)
    content = parse_object(call.request.body)
    label, inverse = text_of(content, "label"), text_of(content, "inverseLabel")
    if not label or not text_of(content, "name"):
        raise missing_fields("label", "name")
    try:
        found = call.account.definitions.define(
            between.left.id, between.right.id, label, inverse_label=inverse
        )
    except UsageError as error:
        raise RefusalError(400, "VALIDATION_ERROR", str(error)) from None
    return Reply(
        200,
        {
            "results": [
                {"category": spec.category, "typeId": spec.type_id, "label": words}
                for spec, words in ((found.spec, label), (found.inverse, inverse or label))
            ]
        },
    )


def _types(call: Call) -> Reply:
    between, definitions = Between.of(call), call.account.definitions
    left, right = between.left.id, between.right.id
    results = [
        {
            "id": str(one.spec.type_id),
            "name": definitions.v3_name(left, right, one.spec),
        }
        for one in definitions.between(left, right)
    ]
    return Reply(200, {"results": results})


ROUTES = (
    batch_route(f"{BETWEEN}/batch/read", _read),
    Route("GET", f"{BETWEEN_NEW}/labels", _labels),
    Route("POST", f"{BETWEEN_NEW}/labels", _define_label),
    Route("GET", f"{BETWEEN.replace('v3|v4', 'v3')}/types", _types),
)
