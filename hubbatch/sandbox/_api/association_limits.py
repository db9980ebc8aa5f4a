"""How many records one may be associated with: limits that an account sets for a kind of association."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from hubbatch.sandbox._bodies import inputs_of, malformed, missing_fields
from hubbatch.sandbox._call import Call, Reply
from hubbatch.sandbox._definitions import Spec
from hubbatch.sandbox._pairs import Between
from hubbatch.sandbox._replies import Done, Problem
from hubbatch.sandbox._routes import DATED, Route

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ROUTES"]

_CONFIGURATIONS = rf"/crm/associations/(?P<version>v4|{DATED})/definitions/configurations/{{from_type}}/{{to_type}}"
_MOST = 100


@frozen
class _Limit:
    """One input: a kind of association, and to how many records it may lead."""

    spec: Spec
    most: int = 0

    def naming(self) -> dict[str, list[str]]:
        return {"id": [str(self.spec.type_id)]}

    def as_json(self) -> dict[str, Any]:
        category, type_id = self.spec
        return {"category": category, "typeId": type_id, "userEnforcedMaxToObjectIds": self.most}


def _list(call: Call) -> Reply:
    between = Between.of(call)
    limits = call.account.definitions.limits(between.left.id, between.right.id)
    return Reply(200, {"results": [_Limit(*one).as_json() for one in limits.items()]})


def _create(call: Call) -> Reply:
    return _set(call, 201, lambda known: not known, "has a limit already")


def _update(call: Call) -> Reply:
    return _set(call, 200, lambda known: known, "has no limit")


def _set(call: Call, success: int, fits: Callable[[bool], bool], otherwise: str) -> Reply:
    between = Between.of(call)
    asked = [_limit(raw) for raw in inputs_of(call.request.body, _MOST, "configurations")]
    limits = call.account.definitions.limits(between.left.id, between.right.id)

    def perform() -> Done:
        done = Done(stranger=lambda number: _Limit(Spec("USER_DEFINED", int(number)), 1).as_json())
        written = []
        for one in asked:
            found = call.account.definitions.find(between.left.id, between.right.id, one.spec)
            if found is None or not fits(one.spec in limits):
                words = "does not exist" if found is None else otherwise
                message = f"Association type {one.spec.type_id} {words}"  # inferred
                done.problems.append(Problem("VALIDATION_ERROR", message, one.naming()))
                continue
            limits[one.spec] = one.most
            label = {"label": found.label} if success == 201 and found.label else {}  # noqa: PLR2004 (created)
            done.results.append(one.as_json() | label)
            written.append(one)
        done.sources = written
        return done

    return call.batch(asked, perform, success=success)


def _purge(call: Call) -> Reply:
    between = Between.of(call)
    inputs = inputs_of(call.request.body, _MOST, "configurations")
    asked = [_limit(raw, wanted=False) for raw in inputs]
    limits = call.account.definitions.limits(between.left.id, between.right.id)

    def perform() -> Done:
        for one in asked:
            limits.pop(one.spec, None)
        return Done()

    return call.batch(asked, perform, silent=call.parameters["version"] == "v4")


def _limit(raw: Any, *, wanted: bool = True) -> _Limit:
    if type(raw) is not dict:
        raise malformed("every input must be an object")
    category, type_id, most = (raw.get(name) for name in ("category", "typeId", "maxToObjectIds"))
    if type(category) is not str or type(type_id) is not int:
        raise missing_fields("category", "typeId")
    if not wanted:
        return _Limit(Spec(category, type_id))
    if type(most) is not int or most < 1:
        raise malformed("maxToObjectIds must be a number of at least 1")
    return _Limit(Spec(category, type_id), most)


ROUTES = (
    Route("GET", _CONFIGURATIONS, _list),
    Route("POST", rf"{_CONFIGURATIONS}/batch/create", _create),
    Route("POST", rf"{_CONFIGURATIONS}/batch/update", _update),
    Route("POST", rf"{_CONFIGURATIONS}/batch/purge", _purge),
)
