"""One batch endpoint as a frozen row: all that the engine has to know of it, and what its page in the docs says.

Values, checked when they are made. A caller's own row is as good as one of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from hubbatch._checks import shown
from hubbatch.endpoints._kinds import (
    INPUTS,
    AnswerKind,
    Body,
    Doubt,
    Effect,
    IdLists,
    InputKind,
    NothingFound,
    Paging,
    ResultShape,
    parameters,
    texts,
    ways,
)
from hubbatch.endpoints._paths import Path, fill_in, find_path
from hubbatch.errors import UsageError
from hubbatch.policies import LimitClass

__all__ = ["Endpoint"]


def _paths(paths: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(paths)


_OWN_FIELDS: Mapping[InputKind, tuple[str, ...]] = {
    InputKind.ID: ("id",),
    InputKind.TEXT: ("",),
    InputKind.PAIR: ("from.id", "to.id"),
    InputKind.PAIR_IN_LIST: ("from.id", "to.*.id"),
}
"""What says of which record an input of some kind is."""

_METHODS = ("POST", "PUT", "PATCH", "DELETE", "GET")
_METHODS_OF_PAGES = ("GET", "POST")
_OBJECTS = frozenset({InputKind.NEW_OBJECT, InputKind.OBJECT})
_PAIRS = frozenset({InputKind.PAIR, InputKind.PAIR_IN_LIST})
_MOST_INPUTS = 100_000


@frozen(eq=False)
class Endpoint:
    """One endpoint, as a row. `Client.batch` runs it.

    `name` and `paths` come first; all else has the default that most rows have. Fields within fields are written with
    a dot: `from.id`; an item of a list by its number: `to.0.id`; `*` stands for each item.
    """

    name: str
    """What messages and representations call it."""
    paths: tuple[Path, ...] = field(converter=_paths, repr=False)
    """Where it is found; of several paths that fit, the first."""
    method: str = field(default="POST", kw_only=True)

    # What goes out
    input: InputKind = field(kw_only=True, converter=InputKind)
    body: Body = field(default=INPUTS, kw_only=True)
    fields: Mapping[str, Any] = field(kw_only=True, default=(), converter=parameters, repr=False)
    """What a caller may give besides the inputs, in the body: names; or names, each with what is sent where a caller
    gives nothing: a value of its own, `Presence.OPTIONAL` or `Presence.REQUIRED`.
    """
    query: Mapping[str, Any] = field(kw_only=True, default=(), converter=parameters, repr=False)
    """What a caller may give in the query, likewise."""
    required: tuple[str, ...] = field(kw_only=True, converter=texts, repr=False)
    """Fields of an input that must be there and not be empty; without them nothing is sent."""
    stamp: str | None = field(kw_only=True, default=None, repr=False)
    """The field of an input that gets a UUID of ours where it has none, by which the service knows a repetition."""
    max_inputs: int = field(kw_only=True, default=100, repr=False)
    max_inputs_with_history: int | None = field(kw_only=True, default=None, repr=False)
    """The most inputs where histories of properties are asked for; None: as many as ever."""

    # What an input is called
    id_lists: IdLists | None = field(kw_only=True, default=None, repr=False)
    """The lists of ids in an answer, where it has these."""
    trace_ids: bool = field(kw_only=True, default=False, repr=False)
    """Whether inputs take an `objectWriteTraceId`."""
    identity: tuple[str, ...] = field(kw_only=True, converter=texts, repr=False)
    """Fields of an input that together say what it is about: `duplicates=` means inputs that agree in these.

    Two inputs of one identity are never in flight at once, unless `exclusive` says what else makes two inputs one.
    """
    exclusive: tuple[tuple[str, ...], ...] = field(kw_only=True, repr=False)
    """Keys of an input, where its identity is none: two inputs that share one are never in flight at once.

    A key is the values of some fields, in any order: the pairs (a, b) and (b, a) share theirs. A merge has two keys.
    """
    names: tuple[Mapping[str, str], ...] = field(kw_only=True, converter=ways, repr=False)
    """By which fields of a result its input is found, and the input's field for each; `""`: it is a bare string.

    Given as one mapping, or as several where what is read may be asked for by one name or another.
    """
    error_names: tuple[str, ...] = field(
        kw_only=True, default=("ids", "id"), converter=texts, repr=False
    )
    """Fields of an error's context that name inputs."""

    # What comes back
    answer: AnswerKind = field(kw_only=True, default=AnswerKind.RESULTS, converter=AnswerKind)
    result: ResultShape = field(
        kw_only=True, default=ResultShape.OBJECT, converter=ResultShape, repr=False
    )
    results_per_input: int | None = field(kw_only=True, default=1, repr=False)
    """Results that one input may have: two where both directions of an association answer; None: any number."""
    paging: Paging | None = field(kw_only=True, default=None, repr=False)
    nothing_found: NothingFound | None = field(kw_only=True, default=None, repr=False)
    """How it says that there is nothing to be read of an input: a success whose list is empty."""
    no_content: str = field(kw_only=True, default="done", repr=False)
    """What a 204 says of the inputs; `accepted` where the service does the work later."""

    # What it does
    effect: Effect = field(kw_only=True, converter=Effect)
    missing_is_done: bool = field(kw_only=True, default=False, repr=False)
    """Whether that an object is not there is what was wanted."""
    doubt: Doubt = field(kw_only=True, converter=Doubt)
    """How a doubt is settled: not at all for what creates without a `stamp`, by sending it again for all else."""
    reader: Endpoint | None = field(kw_only=True, default=None, repr=False)
    """The row that reads what this one writes."""
    limit_class: LimitClass = field(
        kw_only=True, default=LimitClass.INTERVAL, converter=LimitClass, repr=False
    )
    scopes: tuple[str, ...] = field(kw_only=True, default=(), converter=texts, repr=False)
    """Scopes that a token needs, as far as they are known."""
    documentation: str = field(kw_only=True, default="", repr=False)

    @identity.default
    @required.default
    def _own_fields(self) -> tuple[str, ...]:
        return _OWN_FIELDS.get(self.input, ())

    @exclusive.default
    def _own_keys(self) -> tuple[tuple[str, ...], ...]:
        if self.input in _PAIRS or len(self.body.lists) > 1:
            return (_OWN_FIELDS.get(self.input, ()),)
        return ()

    @names.default
    def _own_names(self) -> tuple[Mapping[str, str], ...]:
        return ({"id": ""},) if self.id_lists is not None else ()

    @doubt.default
    def _own_doubt(self) -> Doubt:
        return Doubt.STAYS if self.creates_anew else Doubt.REPEAT

    @property
    def creates_anew(self) -> bool:
        """Whether to do it twice makes two: nothing tells the service that it is a repetition."""
        return self.effect is Effect.CREATES and self.stamp is None

    def __attrs_post_init__(self) -> None:
        faults = (*_faults_of_inputs(self), *_faults_of_answers(self), *_faults_of_reading(self))
        for wrong, advice in faults:
            if wrong:
                raise UsageError(f"Endpoint {self.name!r}: {advice}")

    @property
    def writes(self) -> bool:
        """Whether a success changes the account's data."""
        return self.effect is not Effect.READS

    @property
    def idempotent(self) -> bool:
        """Whether the same batch may be sent again when it is not known whether the first try was carried out."""
        return self.doubt is Doubt.REPEAT

    @property
    def writes_properties(self) -> bool:
        """Whether an input carries the properties of an object."""
        return self.input in _OBJECTS

    @property
    def addresses(self) -> bool:
        """Whether an input names an object that may be there: by record id, or by a unique property."""
        return self.input in {InputKind.OBJECT, InputKind.ID}

    @property
    def one_answer_serves_all(self) -> bool:
        """Whether inputs of one identity are alike, so that doing one of them is doing all."""
        return self.idempotent and self.input in {InputKind.ID, InputKind.TEXT, *_PAIRS}

    def path(self, api_version: str, values: Mapping[str, object]) -> str:
        """Return the path for a version, filled in; raise `UsageError` for what does not fit."""
        if not isinstance(api_version, str):
            raise UsageError(
                f"api_version must be text such as '2026-03', not {shown(api_version)}"
            )
        path, version = find_path(self.name, self.paths, api_version, values)
        return fill_in(self.name, path, version, values)

    @property
    def path_fields(self) -> frozenset[str]:
        """The names of all fields that one of its paths has."""
        return frozenset(name for path in self.paths for name in path.fields)


def _methods(row: Endpoint) -> tuple[str, ...]:
    return _METHODS_OF_PAGES if row.answer is AnswerKind.PAGE else _METHODS


def _faults_of_inputs(row: Endpoint) -> tuple[tuple[bool, str], ...]:
    """Return what may be wrong with where a row's inputs go and what they are, and whether it is."""
    single, lists = row.body.single, row.body.lists
    return (
        (not isinstance(row.name, str) or not row.name.strip(), "it needs a name"),
        (not row.paths or not all(isinstance(path, Path) for path in row.paths), "it needs a Path"),
        (row.method not in _methods(row), f"method must be one of {', '.join(_methods(row))}"),
        (
            type(row.max_inputs) is not int or not 1 <= row.max_inputs <= _MOST_INPUTS,
            f"max_inputs must be a whole number from 1 to {_MOST_INPUTS}",
        ),
        (single and row.max_inputs != 1, "a single input as the body means max_inputs=1"),
        (
            bool(row.fields) and not lists,
            "fields need a body that is an object with a list of inputs",
        ),
        (
            len(lists) > 1 and row.input is not InputKind.TEXT,
            "several lists of inputs hold InputKind.TEXT",
        ),
        (
            row.stamp is not None and row.input is not InputKind.VALUES,
            "a stamp is for InputKind.VALUES",
        ),
        (row.trace_ids and not row.writes_properties, "trace_ids are for objects that are written"),
    )


def _faults_of_answers(row: Endpoint) -> tuple[tuple[bool, str], ...]:
    """Return what may be wrong with what a row's answers say and what follows from it, and whether it is."""
    object_result = row.result is ResultShape.OBJECT
    return (
        (
            row.answer is AnswerKind.ONE and row.max_inputs != 1,
            "AnswerKind.ONE means max_inputs=1",
        ),
        (
            (row.answer is AnswerKind.IDS) != (row.id_lists is not None),
            "AnswerKind.IDS and id_lists go together",
        ),
        (
            row.doubt is Doubt.LOOK_UP
            and (row.reader is None or row.input is not InputKind.NEW_OBJECT),
            "Doubt.LOOK_UP needs InputKind.NEW_OBJECT and the row that reads them",
        ),
        (
            object_result and row.input not in {*_OBJECTS, InputKind.ID},
            "results of this kind of input are rows: result=ResultShape.ROW",
        ),
        (
            not object_result and row.writes_properties,
            "inputs with an object's properties have results that are objects",
        ),
        (
            row.writes is False and row.doubt is not Doubt.REPEAT,
            "what only reads may be repeated",
        ),
        (
            row.creates_anew and row.doubt is Doubt.REPEAT,
            "what creates may be repeated only with a stamp, by which the service knows a repetition",
        ),
        (
            len(row.names) > 1
            and (row.writes or len({tuple(way.values()) for way in row.names}) > 1),
            "several ways to name an input are for rows that read, and name the same fields of it",
        ),
        (
            row.results_per_input is not None and row.results_per_input < 1,
            "results_per_input must be at least 1",
        ),
    )


def _faults_of_reading(row: Endpoint) -> tuple[tuple[bool, str], ...]:
    """Return what may be wrong with how a row reads, and whether it is."""
    object_result, single = row.result is ResultShape.OBJECT, row.body.single
    return (
        (
            row.paging is not None and (row.writes or object_result or single),
            "paging is for rows that are read, several at once",
        ),
        (
            # Which of several results a page goes on with, an answer does not say.
            row.paging is not None and row.results_per_input != 1,
            "paging means results_per_input=1",
        ),
        (
            row.paging is not None and row.input is InputKind.TEXT,
            "paging is for inputs that are objects: each is asked for again with a field more",
        ),
        (
            not (row.writes or object_result or row.names)
            and row.answer is AnswerKind.RESULTS
            and row.max_inputs != 1,
            "what is read several at once needs names, or max_inputs=1: whose is a result?",
        ),
        (
            row.method == "GET" and (row.writes or not row.body.single),
            "GET has no body: it is for what reads, with body=SINGLE",
        ),
        (
            row.nothing_found is not None and row.paging is None,
            "nothing_found is for rows whose results have lists: it needs paging",
        ),
    )
