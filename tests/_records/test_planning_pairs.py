"""The short way of pairs makes the very inputs that the way of any row makes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hubbatch import Pair
from hubbatch._records.planning import NamedInput, Planner
from hubbatch._records.planning_pairs import PairPlanner, names_in
from hubbatch._records.planning_rows import RowPlanner
from hubbatch._records.values import InvalidRecordError
from hubbatch.endpoints import Effect, Endpoint, InputKind, Path, ResultShape
from hubbatch.endpoints.associations import (
    ASSOCIATIONS_ARCHIVE,
    ASSOCIATIONS_ARCHIVE_LABELS,
    ASSOCIATIONS_CREATE,
    ASSOCIATIONS_CREATE_DEFAULT,
    ASSOCIATIONS_V3_ARCHIVE,
    ASSOCIATIONS_V3_CREATE,
)

ROWS = [
    ASSOCIATIONS_ARCHIVE_LABELS,
    ASSOCIATIONS_CREATE,
    ASSOCIATIONS_CREATE_DEFAULT,
    ASSOCIATIONS_V3_ARCHIVE,
    ASSOCIATIONS_V3_CREATE,
]
TYPES = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]

values = st.sampled_from(["1", "2", " 1 ", "", " ", "ä", 1, 0, -3, True, None, 1.5, [], ["1"]])
ends = values | st.builds(lambda value: {"id": value}, values) | st.just({"id": "1", "x": 2})
kinds: st.SearchStrategy[Any] = st.sampled_from(
    [TYPES, TYPES * 2, [], {}, None, "", "a_to_b", 7, [object()]]
)
pairs = (
    st.tuples(ends, ends)
    | st.builds(Pair, values, values, st.sampled_from([TYPES, []]))
    | st.fixed_dictionaries(
        {}, optional={"from": ends, "to": ends, "types": kinds, "type": kinds, "more": values}
    )
    | st.sampled_from([None, "1", 7, ("1",), ("1", "2", "3")])
)


def planned(planner: Planner, record: Any) -> object:
    """Return all that an input is known by, or why there is none."""
    try:
        item = planner.plan(7, record)
    except InvalidRecordError as error:
        return str(error)
    assert isinstance(item, NamedInput)
    assert item.record is record
    known = item.identity, item.name, item.locks, item.list_name, item.several
    assert names_in([item]) == [item.name]
    return item.index, item.body, known


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@given(record=pairs)
@example(record={"from": "1", "to": "2", "type": [object()]})
@example(record={"from": {"id": " 2"}, "to": {"id": "1"}, "types": TYPES, "type": "b"})
def test_a_pair_is_planned_as_any_other_input_would_be(row: Endpoint, record: Any) -> None:
    assert PairPlanner.fits(row)
    assert planned(PairPlanner(row), record) == planned(RowPlanner(row), record)


def own(**fields: Any) -> Endpoint:
    fields = {"input": InputKind.PAIR, "names": {"from.id": "from.id", "to.id": "to.id"}, **fields}
    return Endpoint(
        "own",
        [Path("/pairs", ("v3",))],
        result=ResultShape.ROW,
        effect=Effect.CHANGES,
        **fields,
    )


@pytest.mark.parametrize(
    "row",
    [
        ASSOCIATIONS_ARCHIVE,
        own(exclusive=(("from.id",), ("to.id",))),
        own(identity=("to.id", "from.id")),
        own(identity=("from.id", "to.id", "types", "note")),
        own(identity=("from.id", "to.id", "types.*.associationTypeId")),
        own(required=("from.id", "to.id", "note")),
        own(names={"to": "to.id", "from": "from.id"}),
    ],
    ids=lambda row: f"{row.exclusive} {row.identity} {row.required} {row.names}",
)
def test_a_row_that_wants_more_of_a_pair_has_the_way_of_any_row(row: Endpoint) -> None:
    assert not PairPlanner.fits(row)
