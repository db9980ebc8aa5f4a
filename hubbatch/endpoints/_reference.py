"""The reference page of the docs, made from the rows: what each takes and answers, and where it is found.

Pure: text out. `python -m hubbatch.endpoints` prints it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hubbatch.endpoints._families import FAMILIES, rows_of
from hubbatch.endpoints._kinds import AnswerKind, Doubt, InputKind, Presence
from hubbatch.endpoints._paths import DATED
from hubbatch.endpoints._row import Endpoint

__all__ = ["reference"]

_HEAD = """\
# Endpoints

<!-- Made from the rows: python -m hubbatch.endpoints > docs/endpoints.md -->

Every row runs by `await client.batch(endpoints.NAME, inputs, **path)`, under the same laws as the verbs. Fields of a
path are given by keyword (`from_object_type="contacts"`), fields of the body and of the query by `fields={…}` and
`query={…}`. Where a version is not the client's, `api_version="2026-09-beta"` says which. *Dated* stands for every
dated version. A row of one's own is made of the same parts: see `hubbatch.endpoints.Endpoint`.

Any number of inputs may be given: *most inputs* is for one request. *In doubt* says what happens to inputs whose
request got no trustworthy answer. *Limit* is what requests count against: *interval* is the app's limit in ten
seconds; *exempt* ones count for the day only. Scopes are given as far as they are known.
"""

_INPUTS: Mapping[InputKind, str] = {
    InputKind.NEW_OBJECT: "an object's properties, with `associations` if wanted",
    InputKind.OBJECT: "an object's properties, with what names it",
    InputKind.ID: "an id",
    InputKind.TEXT: "a text",
    InputKind.PAIR: "a pair: two ids, a `Pair`, or `from` and `to`",
    InputKind.PAIR_IN_LIST: "a pair: two ids, a `Pair`, or `from` and `to`, which may be a list of ids",
    InputKind.VALUES: "a mapping",
}

_ANSWERS: Mapping[AnswerKind, str] = {
    AnswerKind.RESULTS: "a result for each",
    AnswerKind.IDS: "lists of ids",
    AnswerKind.NOTHING: "nothing",
    AnswerKind.ONE: "one result",
}

_DOUBTS: Mapping[Doubt, str] = {
    Doubt.REPEAT: "sent again",
    Doubt.LOOK_UP: "looked up by `unique_property`, else UNKNOWN",
    Doubt.STAYS: "stays UNKNOWN",
}


def reference() -> str:
    """Return the page, in Markdown."""
    return "\n".join([_HEAD, *(_family(family, title) for family, title in FAMILIES.items())])


def _family(family: str, title: str) -> str:
    rows = rows_of(family)
    parts = [f"## {title}\n", *_table(_ROW_HEAD, (_row(name, row) for name, row in rows.items()))]
    parts += ["", *_table(_PATH_HEAD, _paths(rows))]
    return "\n".join(parts) + "\n"


_ROW_HEAD = (
    *("row", "what it does", "an input", "most inputs"),
    *("answer", "in doubt", "limit", "scopes"),
)
_PATH_HEAD = ("row", "path", "versions")


def _row(name: str, row: Endpoint) -> list[str]:
    return [
        f"`{name}`",
        row.documentation,
        _input(row),
        _most(row),
        _answer(row),
        _DOUBTS[row.doubt],
        row.limit_class.value,
        _codes(row.scopes),
    ]


def _input(row: Endpoint) -> str:
    parts = [_INPUTS[row.input]]
    if len(row.body.lists) > 1:
        parts = [f"a mapping of {_codes(row.body.lists, ' or ')} to a text"]
    elif row.input is InputKind.VALUES or "type" in " ".join(row.required):
        needed = [name for name in row.required if not name.endswith(".id")]
        parts += [f"needs {_codes(needed)}"] if needed else []
    if row.stamp is not None:
        parts.append(f"gets a UUID as `{row.stamp}` if it has none")
    parts += _parameters("fields", row.fields)
    parts += _parameters("query", row.query)
    return "; ".join(parts)


def _parameters(where: str, known: Mapping[str, Any]) -> list[str]:
    words = []
    for name, value in known.items():
        if value is Presence.REQUIRED:
            words.append(f"`{name}`, needed")
        elif value is Presence.OPTIONAL:
            words.append(f"`{name}`")
        else:
            own = str(value).lower() if isinstance(value, bool) else value
            words.append(f"`{name}`, else `{own}`")
    return [f"{where}: {', '.join(words)}"] if words else []


def _most(row: Endpoint) -> str:
    if row.max_inputs_with_history is None:
        return f"{row.max_inputs:,}"
    return f"{row.max_inputs:,}; {row.max_inputs_with_history:,} with histories"


def _answer(row: Endpoint) -> str:
    if row.answer is AnswerKind.NOTHING:
        return f"nothing: {row.no_content}"
    if row.id_lists is not None:
        return f"lists of ids: {_codes((*row.id_lists.done, *row.id_lists.missing))}"
    parts = [_ANSWERS[row.answer]]
    if row.answer is AnswerKind.RESULTS and not row.names and not row.addresses:
        parts = [_ANSWERS[row.answer]] if row.writes_properties else ["results that name no input"]
    if row.names:
        parts.append(f"found by {' or '.join(_codes(way, ' and ') for way in row.names)}")
    if row.results_per_input != 1:
        parts.append(f"up to {row.results_per_input}" if row.results_per_input else "any number")
    if row.paging is not None:
        parts.append(f"`{row.paging.gathers}` read to its end")
    return ", ".join(parts)


def _paths(rows: Mapping[str, Endpoint]) -> Iterator[list[str]]:
    for name, row in rows.items():
        for path in row.paths:
            versions = ["dated" if each == DATED else each for each in path.versions]
            only = "".join(
                f"; only for {field} {_codes(sorted(values), ' or ')}"
                for field, values in path.only.items()
            )
            yield [f"`{name}`", f"`{row.method} {path.template}`", ", ".join(versions) + only]


def _codes(words: Iterable[str], between: str = ", ") -> str:
    return between.join(f"`{word}`" for word in words)


def _table(head: Iterable[str], lines: Iterable[Iterable[str]]) -> Iterator[str]:
    head = [*head]
    yield _line(head)
    yield _line(["---"] * len(head))
    yield from map(_line, lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
