"""Rows by themselves: what each says fits together, and a row that contradicts itself is refused when it is made."""

from __future__ import annotations

import re
from typing import Any

import attrs
import pytest
from other_endpoints import ASSOCIATE, ASSOCIATED, GDPR_DELETE, LIST_ADD, LIST_CHANGE, MERGE
from other_endpoints import ROWS as OTHERS

from hubbatch import Endpoint, UsageError, endpoints
from hubbatch.endpoints import (
    ARRAY,
    CREATE,
    READ,
    SINGLE,
    UPSERT,
    AnswerKind,
    Body,
    Doubt,
    Effect,
    IdLists,
    InputKind,
    Path,
    ResultShape,
)
from hubbatch.endpoints.associations import ASSOCIATIONS_READ

OWN = [*endpoints.rows().values()]
ROWS = [*OWN, *OTHERS]
NAMELESS = {"hubdb-drafts-create", "hubdb-drafts-clone"}
"""Their results have a new id, and nothing of which it is certain that it comes back as it was sent."""
WITHOUT_SCOPES = ("association-limits-", "price-books-")
"""Rows of whose scopes nothing is published."""
VERSIONS = ["v3", "v4", "2025-09", "2026-03", "2026-09-beta", "2027-03-beta"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_a_row_says_fits_together(row: Endpoint) -> None:
    assert row.paths
    for path in row.paths:
        assert path.template.startswith("/")
        assert set(path.fields) <= row.path_fields
        literal = [part for part in path.template.split("/") if re.fullmatch(r"v[0-9]", part)]
        assert literal == ([] if "{version}" in path.template else [*path.versions])
    assert row.body.single == (row.max_inputs == 1)
    assert row.idempotent or row.writes
    if (
        row.result is ResultShape.ROW
        and row.answer is AnswerKind.RESULTS
        and row.name not in NAMELESS
    ):
        assert row.names, "results that are rows say whose they are"
    for field in (
        *row.identity,
        *row.required,
        *(field for way in row.names for field in way.values()),
    ):
        assert re.fullmatch(r"[a-zA-Z]*(\.([a-zA-Z_]+|0|\*))*", field)
    if row.doubt is Doubt.REPEAT and row.effect is Effect.CREATES:
        assert row.stamp, "what creates may be repeated only if the service knows a repetition"
    if row.max_inputs_with_history is not None:
        assert row.max_inputs_with_history <= row.max_inputs


@pytest.mark.parametrize("row", OWN, ids=lambda row: row.name)
def test_the_rows_of_the_library_say_what_their_page_needs(row: Endpoint) -> None:
    assert row.documentation.endswith(".")
    assert bool(row.scopes) != row.name.startswith(WITHOUT_SCOPES)
    assert row.no_content


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_path_holds_its_version_and_nothing_else_of_a_caller(row: Endpoint, version: str) -> None:
    values = dict.fromkeys(row.path_fields, "0-1")
    numbered = version == "v3" and any("v" in {v[0] for v in each.versions} for each in row.paths)
    if numbered or any(each.exists_in(version) for each in row.paths):
        path = row.path(version, values)
        assert numbered or f"/{version}/" in path
        assert "{" not in path
    else:
        with pytest.raises(UsageError, match=f"does not exist in version '{version}'"):
            row.path(version, values)


def test_rows_are_distinguished_and_can_be_changed() -> None:
    smaller = attrs.evolve(UPSERT, name="upsert-10", max_inputs=10)
    assert smaller.max_inputs == 10
    assert len({UPSERT, smaller, READ}) == 3
    assert "upsert" in repr(UPSERT)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        smaller.max_inputs = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("row", "changes", "words"),
    [
        (UPSERT, {"name": " "}, "needs a name"),
        (UPSERT, {"paths": []}, "needs a Path"),
        (UPSERT, {"paths": ["/crm"]}, "needs a Path"),
        (UPSERT, {"method": "HEAD"}, "method must be one of"),
        (UPSERT, {"method": "GET"}, "GET has no body"),
        (READ, {"method": "GET"}, "GET has no body"),
        (ASSOCIATIONS_READ, {"paging": None}, "needs paging"),
        (UPSERT, {"max_inputs": 0}, "max_inputs"),
        (UPSERT, {"max_inputs": True}, "max_inputs"),
        (UPSERT, {"body": SINGLE}, "max_inputs=1"),
        (READ, {"body": ARRAY}, "fields need a body"),
        (READ, {"body": Body(("a", "b"))}, "several lists"),
        (GDPR_DELETE, {"body": ARRAY, "max_inputs": 5, "answer": "one"}, "means max_inputs=1"),
        (LIST_ADD, {"id_lists": None}, "go together"),
        (UPSERT, {"id_lists": IdLists(("added",))}, "go together"),
        (UPSERT, {"doubt": Doubt.LOOK_UP}, "LOOK_UP needs"),
        (CREATE, {"reader": None}, "LOOK_UP needs"),
        (ASSOCIATE, {"result": ResultShape.OBJECT}, "results of this kind of input are rows"),
        (UPSERT, {"result": ResultShape.ROW}, "results that are objects"),
        (ASSOCIATE, {"trace_ids": True}, "trace_ids are for objects"),
        (ASSOCIATE, {"stamp": "uuid"}, "a stamp is for"),
        (ASSOCIATED, {"effect": Effect.CHANGES}, "paging is for rows that are read"),
        (ASSOCIATED, {"names": ()}, "needs names, or max_inputs=1"),
        (ASSOCIATED, {"input": InputKind.TEXT, "names": {"id": ""}}, "paging is for inputs that"),
        (ASSOCIATED, {"results_per_input": None}, "paging means results_per_input=1"),
        (ASSOCIATED, {"results_per_input": 2}, "paging means results_per_input=1"),
        (ASSOCIATED, {"doubt": Doubt.STAYS}, "may be repeated"),
        (ASSOCIATE, {"results_per_input": 0}, "results_per_input"),
        (ASSOCIATE, {"names": [{"a": "from.id"}, {"b": "from.id"}]}, "several ways to name"),
        (ASSOCIATED, {"names": [{"a": "id"}, {"b": "after"}]}, "several ways to name"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(
    row: Endpoint, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        attrs.evolve(row, **changes)


@pytest.mark.parametrize(
    ("template", "versions"),
    [
        ("crm/v3", ("v3",)),
        ("/crm/{Type}", ("v3",)),
        ("/crm/{a b}", ("v3",)),
        ("/crm?x=1", ("v3",)),
        ("/crm/../x?", ("v3",)),
        ("/crm//x", ("v3",)),
        ("/crm/../x", ("v3",)),
        ("", ("v3",)),
        (7, ("v3",)),
        ("/crm", ()),
        ("/crm", ("3",)),
        ("/crm", ("2025-9",)),
        ("/crm", (3,)),
    ],
)
def test_a_path_that_is_none_is_refused(template: Any, versions: Any) -> None:
    with pytest.raises(UsageError, match=r"Path\."):
        Path(template, versions)


def test_words_stand_for_the_kinds_of_a_row() -> None:
    row = Endpoint("x", [Path("/x", ("v3",))], input="values", effect="changes", result="row")
    assert row.input is InputKind.VALUES
    assert row.effect is Effect.CHANGES


def test_keys_of_the_kinds_of_inputs() -> None:
    assert ASSOCIATE.exclusive == (("from.id", "to.id"),)
    assert LIST_CHANGE.exclusive == (("",),)
    assert LIST_ADD.exclusive == ()
    assert MERGE.exclusive == (("primaryObjectId",), ("objectIdToMerge",))
    assert READ.identity == ("id",)
