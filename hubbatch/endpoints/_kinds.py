"""What an endpoint may be in each respect: kinds of inputs, bodies, answers and results, effects, ways out of doubt.

Enums and small values. A row is made of them; what follows from each is written where it is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, StrEnum
from typing import Any

from attrs import field, frozen

__all__ = [
    "ARRAY",
    "INPUTS",
    "SINGLE",
    "AnswerKind",
    "Body",
    "Doubt",
    "Effect",
    "IdLists",
    "InputKind",
    "NothingFound",
    "Paging",
    "Presence",
    "ResultShape",
    "parameters",
    "texts",
    "ways",
]


def texts(names: Iterable[str]) -> tuple[str, ...]:
    """Return names as a tuple; one text is one name."""
    return (names,) if isinstance(names, str) else tuple(names)


class Presence(Enum):
    """What is sent for a field of the body, or a parameter of the query, that a caller leaves out."""

    OPTIONAL = "optional"
    """Nothing."""
    REQUIRED = "required"
    """It must not be left out: without it nothing is sent."""


def parameters(names: Iterable[str] | Mapping[str, Any]) -> Mapping[str, Any]:
    """Return parameters, each with its `Presence`, or with the value that is sent where a caller gives none."""
    if isinstance(names, Mapping):
        return dict(names)
    return dict.fromkeys(texts(names), Presence.OPTIONAL)


def ways(names: Mapping[str, str] | Iterable[Mapping[str, str]]) -> tuple[Mapping[str, str], ...]:
    """Return ways to name an input; one mapping is one way, an empty one is none."""
    several = (names,) if isinstance(names, Mapping) else tuple(names)
    return tuple(dict(way) for way in several if way)


class InputKind(StrEnum):
    """What an input is, and so what a caller's record may be."""

    NEW_OBJECT = "new_object"
    """Properties, and associations if wanted, of an object that is to be created."""
    OBJECT = "object"
    """Properties of an object that is named by record id or by a unique property."""
    ID = "id"
    """`{"id": …}`; a record is the id alone, or a mapping that has it."""
    TEXT = "text"
    """A bare string: a record id, a name, an e-mail address."""
    PAIR = "pair"
    """`{"from": {"id": …}, "to": {"id": …}, …}`; a record is two ids, a `Pair`, or such a mapping."""
    PAIR_IN_LIST = "pair_in_list"
    """`{"from": {"id": …}, "to": [{"id": …}]}`; a record is as for a pair, and may have several ids in `to`."""
    VALUES = "values"
    """Any mapping, sent as it is."""


class ResultShape(StrEnum):
    """What a result is."""

    OBJECT = "object"
    """A CRM object: an `ObjectResult`."""
    ROW = "row"
    """Anything else: a `RowResult`, with HubSpot's fields as they came."""


class AnswerKind(StrEnum):
    """What a success says of its inputs."""

    RESULTS = "results"
    """A result for each, in `results`."""
    IDS = "ids"
    """Lists of ids, see `IdLists`; an id in none of them was done before."""
    NOTHING = "nothing"
    """204, or an explicit COMPLETE without errors."""
    ONE = "one"
    """One result, which is the whole body."""
    PAGE = "page"
    """A page of a listing or a search, which has no inputs: `Client.scan` and `Client.search` read these."""


class Effect(StrEnum):
    """What a success has done to the account's data."""

    READS = "reads"
    CHANGES = "changes"
    CREATES = "creates"


class Doubt(StrEnum):
    """How it is settled whether an input was written that got no trustworthy answer."""

    REPEAT = "repeat"
    """It is sent again: to do it twice is to do it once."""
    LOOK_UP = "look_up"
    """It is looked up by a unique value, and sent again only if it is not there."""
    STAYS = "stays"
    """Not at all: it stays UNKNOWN, and is never sent twice."""


@frozen
class Body:
    """What stands around the inputs. `lists`: the fields that hold them; none: a bare array.

    Where there are several lists a record is a mapping that names one of them: `{"recordIdsToAdd": "7"}`.
    `single`: the one input is the whole body.
    """

    lists: tuple[str, ...] = field(default=("inputs",), converter=texts)
    single: bool = False


INPUTS = Body()
"""`{"inputs": […]}`"""
ARRAY = Body(())
"""`[…]`"""
SINGLE = Body((), single=True)
"""One input and nothing around it."""


@frozen
class IdLists:
    """The lists of ids in an answer: `done` now, and those that are `missing` in the account.

    Where a body has several lists, `done` has as many, in their order: an id proves an input of its own list only.
    """

    done: tuple[str, ...] = field(converter=texts)
    missing: tuple[str, ...] = field(default=(), converter=texts)


@frozen
class Paging:
    """How a result that does not fit into one answer goes on.

    `gathers`: the list of a result whose parts are joined. `at`: where the result says from where it goes on, if it
    does. `after`: the field of an input that asks for the rest.
    """

    gathers: str
    at: str = "paging.next.after"
    after: str = "after"


@frozen
class NothingFound:
    """How an answer says that there is nothing to be read of an input: an error that is none.

    `sub_category`: of the error. `named`: the field of its context that names inputs. `at`: where a result has that
    name; it is made with an empty list.
    """

    sub_category: str
    named: str
    at: str
