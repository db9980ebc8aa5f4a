"""Association batches that write: create, create the default, archive, archive labels; v3, v4 and dated.

The versions differ in what they answer: how many results an input has, how ids are spelled, a body or 204.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hubbatch.sandbox._bodies import inputs_of
from hubbatch.sandbox._call import ApiCall, ApiReply
from hubbatch.sandbox._pairs import Between, ObjectPair, read_pairs
from hubbatch.sandbox._replies import Done
from hubbatch.sandbox._routes import DATED, Route, RouteLimit

if TYPE_CHECKING:
    from collections.abc import Callable

    from hubbatch.sandbox._definitions import Spec

__all__ = [
    "BETWEEN",
    "BETWEEN_NEW",
    "ROUTES",
    "batch_route",
    "created",
    "default_results",
    "link",
    "version_of",
]

_MOST_ARCHIVED = 100
BETWEEN = (
    rf"/crm/(?:(?P<old>v3|v4)/associations|associations/(?P<version>{DATED}))"
    "/{from_type}/{to_type}"
)
BETWEEN_NEW = BETWEEN.replace("v3|v4", "v4")
"""What v3 does not have."""


def version_of(call: ApiCall) -> str:
    """Return `v3`, `v4` or a dated version."""
    return call.parameters["old"] or call.parameters["version"]


def batch_route(path: str, answer: Callable[[ApiCall], ApiReply]) -> Route:
    """Return the row of an association batch: they are exempt from the interval limit."""
    return Route("POST", path, answer, limit=RouteLimit.EXEMPT)


def _create(call: ApiCall) -> ApiReply:
    between, version = Between.of(call), version_of(call)
    inputs = inputs_of(call.request.body, call.options.max_associations, "associations")
    pairs = read_pairs(between, inputs, version=version, kinds=True)

    def perform() -> Done:
        good, problems = between.check(pairs)
        # An input without types links nothing, and nothing is said of it.
        good = [pair for pair in good if pair.kinds]
        results: list[dict[str, Any]] = []
        sources: list[ObjectPair] = []
        for pair in good:
            problem = between.over_limit(pair)
            if problem is not None:
                problems.append(problem)
                continue
            link(between, pair, pair.kinds)
            made = created(between, pair, version)
            results += made
            sources += [pair] * len(made)
        return Done(results, problems, sources, stranger=_stranger(between, version))

    return call.batch(pairs, perform, success=201)


def _create_default(call: ApiCall) -> ApiReply:
    between, version = Between.of(call), version_of(call)
    inputs = inputs_of(call.request.body, call.options.max_associations, "associations")
    pairs = read_pairs(between, inputs, version=version, kinds=False)

    def perform() -> Done:
        good, problems = between.check(pairs)
        results: list[dict[str, Any]] = []
        sources: list[ObjectPair] = []
        for pair in good:
            problem = between.over_limit(pair)
            if problem is not None:
                problems.append(problem)
                continue
            link(between, pair, ())
            results += default_results(between, pair)
            sources += [pair, pair]
        return Done(results, problems, sources, stranger=_stranger(between, version))

    return call.batch(pairs, perform)


def _archive(call: ApiCall) -> ApiReply:
    between, version = Between.of(call), version_of(call)
    inputs = inputs_of(call.request.body, _MOST_ARCHIVED, "associations")
    pairs = _archived(between, inputs, version)
    occasion = call.occasion("disassociate")

    def perform() -> Done:
        store = call.account.store
        for pair in pairs:
            if store.links.remove(pair.left, pair.right):
                store.note_pair(occasion, pair.left, pair.right)
        return Done()

    return call.batch(pairs, perform, silent=version in ("v3", "v4"))


def _archived(between: Between, inputs: list[Any], version: str) -> list[ObjectPair]:
    """Read inputs of an archive: v4 and dated ones name several records in `to`."""
    single = []
    for raw in inputs:
        targets = raw.get("to") if type(raw) is dict else None
        if type(targets) is list:
            single += [{**raw, "to": target} for target in targets]
        else:
            single.append(raw)
    return read_pairs(between, single, version=version, kinds=False)


def _archive_labels(call: ApiCall) -> ApiReply:
    between, version = Between.of(call), version_of(call)
    inputs = inputs_of(call.request.body, _MOST_ARCHIVED, "associations")
    pairs = read_pairs(between, inputs, version=version, kinds=True)
    occasion = call.occasion("disassociate")

    def perform() -> Done:
        store, default = call.account.store, between.default().spec
        for pair in pairs:
            before = store.links.between(pair.left, pair.right)
            if default in pair.kinds:
                store.links.remove(pair.left, pair.right)  # the labels go with it
            for spec in pair.kinds:
                store.links.remove_kind(pair.left, pair.right, spec, between.inverse(spec))
            if before != store.links.between(pair.left, pair.right):
                store.note_pair(occasion, pair.left, pair.right)
        return Done()

    return call.batch(pairs, perform, silent=version == "v4")


def link(between: Between, pair: ObjectPair, kinds: tuple[Spec, ...]) -> None:
    """Associate two records, without a label and with these kinds."""
    store, default = between.call.account.store, between.default()
    # Records with a label between them are associated without one, too.
    store.links.add(pair.left, pair.right, default.spec, default.inverse)
    for spec in kinds:
        store.links.add(pair.left, pair.right, spec, between.inverse(spec))
    store.note_pair(between.call.occasion("associate"), pair.left, pair.right)


def created(between: Between, pair: ObjectPair, version: str) -> list[dict[str, Any]]:
    """Return the results of a pair that was associated with its kinds."""
    definitions, (left, right) = (
        between.call.account.definitions,
        (between.left.id, between.right.id),
    )
    ids = (pair.left.record_id, pair.right.record_id)
    if version == "v3":
        spec = pair.kinds[0]
        there = definitions.v3_name(left, right, spec)
        back = definitions.v3_name(right, left, between.inverse(spec))
        return [_v3(*ids, there), _v3(*ids[::-1], back)]
    found = (definitions.find(left, right, spec) for spec in pair.kinds)
    labels = [one.label for one in found if one is not None and one.label is not None]
    return [_labelled(between, ids, version, labels)]


def _labelled(
    between: Between, ids: tuple[str, str], version: str, labels: list[str]
) -> dict[str, Any]:
    # v4 spells ids as numbers, dated versions as text (inferred from their specifications).
    spelled = [int(one) if version == "v4" and one.isdigit() else one for one in ids]
    return {
        "fromObjectTypeId": between.left.id,
        "fromObjectId": spelled[0],
        "toObjectTypeId": between.right.id,
        "toObjectId": spelled[1],
        "labels": labels,
    }


def _v3(left: str, right: str, name: str) -> dict[str, Any]:
    return {"from": {"id": left}, "to": {"id": right}, "type": name}


def default_results(between: Between, pair: ObjectPair) -> list[dict[str, Any]]:
    """Return the results of a pair that was associated without a label: one for each direction."""
    default, ends = between.default(), (pair.left.record_id, pair.right.record_id)
    return [_default(*ends, default.spec), _default(*ends[::-1], default.inverse)]


def _default(left: str, right: str, spec: Spec) -> dict[str, Any]:
    kind = {"associationCategory": spec.category, "associationTypeId": spec.type_id}
    return {"from": {"id": left}, "to": {"id": right}, "associationSpec": kind}


def _stranger(between: Between, version: str) -> Callable[[str], dict[str, Any]]:
    """Return what makes a result for a record that nobody named."""
    spec = between.default().spec

    def make(record_id: str) -> dict[str, Any]:
        if version == "v3":
            name = between.call.account.definitions.v3_name(between.left.id, between.right.id, spec)
            return _v3(record_id, record_id, name)
        return _labelled(between, (record_id, record_id), version, [])

    return make


ROUTES = (
    batch_route(f"{BETWEEN}/batch/create", _create),
    batch_route(f"{BETWEEN}/batch/archive", _archive),
    batch_route(f"{BETWEEN_NEW}/batch/associate/default", _create_default),
    batch_route(f"{BETWEEN_NEW}/batch/labels/archive", _archive_labels),
)
