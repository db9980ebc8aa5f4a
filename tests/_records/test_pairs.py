"""What a caller's pair may be, in HubSpot's form."""

from __future__ import annotations

from collections import namedtuple
from typing import Any, NamedTuple

import pytest
from attrs import frozen

from hubbatch._records.pairs import pair_of
from hubbatch._records.values import InvalidRecordError

sqlalchemy = pytest.importorskip("sqlalchemy")

Backwards = namedtuple("Backwards", "to from_")  # noqa: PYI024 (as users write them)


class Link(NamedTuple):
    person: str
    company: str


@frozen
class Employed:
    from_: str
    to: str


def row_of_a_database() -> Any:
    with sqlalchemy.create_engine("sqlite://").connect() as connection:
        return connection.execute(sqlalchemy.text("""SELECT '7' AS "to", '1' AS "from" """)).one()


@pytest.mark.parametrize(
    "record",
    [
        ("1", "7"),
        ["1", 7],
        Link("1", "7"),
        Backwards("7", "1"),
        Employed("1", "7"),
        {"to": 7, "from": 1},
        {"to": {"id": "7"}, "from_": {"id": "1"}},
        row_of_a_database(),
    ],
    ids=lambda record: type(record).__name__,
)
def test_a_pair_is_read_by_the_names_of_its_ends_and_else_in_their_order(record: Any) -> None:
    assert pair_of(record) == {"from": {"id": "1"}, "to": {"id": "7"}}


@pytest.mark.parametrize(
    ("text", "types"),
    [('[{"associationTypeId": 7}]', [{"associationTypeId": 7}]), ("", []), ("[]", [])],
)
def test_types_may_be_json_as_a_file_has_them(text: str, types: list[Any]) -> None:
    pair = {"from": "1", "to": "7", "types": text}
    assert pair_of(pair) == {"from": {"id": "1"}, "to": {"id": "7"}, "types": types}


@pytest.mark.parametrize("text", ["primary", "7", "{}"])
def test_types_that_are_no_list_are_refused(text: str) -> None:
    with pytest.raises(InvalidRecordError, match="a list as JSON"):
        pair_of({"from": "1", "to": "7", "types": text})
