"""From records to inputs."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections import ChainMap
from contextlib import closing
from typing import Any, NamedTuple

import attrs
import orjson
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import plan

from hubbatch import ObjectResult
from hubbatch._records.planners import planner_of
from hubbatch._records.spelling import CONTACTS, OTHERS, Key, Spelling
from hubbatch._records.values import InvalidRecordError
from hubbatch.endpoints import ARCHIVE, CREATE, READ, UPDATE, UPSERT, Endpoint
from hubbatch.endpoints.events import EVENTS_SEND


@attrs.define
class AttrsPerson:
    email: str
    age: int


@dataclasses.dataclass
class DataPerson:
    email: str
    age: int


class Named(NamedTuple):
    email: str
    age: int


class Row:
    """As rows of databases are: read by name, and no mapping."""

    def keys(self) -> list[str]:
        return ["email", "age"]

    def __getitem__(self, name: str) -> Any:
        return {"email": "a@b.c", "age": 7}[name]


def sqlite_row() -> Any:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute("SELECT 'a@b.c' AS email, 7 AS age").fetchone()


class PydanticPerson(pydantic.BaseModel):
    email: str
    years: int = pydantic.Field(serialization_alias="age")


@pytest.mark.parametrize(
    "record",
    [
        {"email": "a@b.c", "age": 7},
        {"id": "a@b.c", "properties": {"age": "7"}},
        ChainMap({"email": "a@b.c"}, {"age": "7"}),
        AttrsPerson("a@b.c", 7),
        DataPerson("a@b.c", 7),
        PydanticPerson(email="a@b.c", years=7),
        Named("a@b.c", 7),
        Row(),
        pytest.param(sqlite_row(), id="sqlite3"),
    ],
)
def test_every_kind_of_record_becomes_the_same_input(record: Any) -> None:
    [item] = plan([record], UPSERT, id_property="email")
    assert orjson.loads(item.body) == {
        "id": "a@b.c",
        "idProperty": "email",
        "properties": {"age": "7"},
        "objectWriteTraceId": "t0",
    }
    assert item.record is record
    assert item.key == ("email", "a@b.c")


def test_a_row_of_sqlalchemy_is_a_record() -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        found = connection.execute(sqlalchemy.text("SELECT 'a@b.c' AS email, 7 AS age")).all()
    engine.dispose()
    [item] = plan(found, UPSERT, id_property="email")
    assert orjson.loads(item.body)["properties"] == {"age": "7"}
    assert item.key == ("email", "a@b.c")


def test_ids_of_numpy_and_missing_ones_are_ids() -> None:
    np, pd = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    for endpoint, record in (
        (READ, np.int64(7)),
        (READ, {"id": np.int64(7)}),
        (UPDATE, {"id": np.int64(7)}),
    ):
        [item] = plan([record], endpoint)
        assert orjson.loads(item.body)["id"] == "7"
    for missing in (pd.NA, pd.NaT, None):
        with pytest.raises(InvalidRecordError, match="the record id is missing"):
            plan([missing], READ)
        with pytest.raises(InvalidRecordError, match="missing"):
            plan([{"id": missing}], UPDATE)


def test_what_goes_out_as_it_is_may_hold_values_of_numpy() -> None:
    np, pd = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    values = {
        "eventName": "e",
        "n": np.int64(7),
        "gone": pd.NA,
        "t": pd.Timestamp("2026-03-01", tz="UTC"),
    }
    [item] = plan([{**values, "email": "a@b.c"}], EVENTS_SEND)
    sent = orjson.loads(item.body)
    assert (sent["n"], sent["gone"], sent["t"]) == (7, None, "2026-03-01T00:00:00+00:00")
    with pytest.raises(InvalidRecordError, match="not JSON serializable: object"):
        plan([{**values, "email": "a@b.c", "x": object()}], EVENTS_SEND)


@pytest.mark.parametrize(
    ("endpoint", "id_property", "record", "wire"),
    [
        (CREATE, None, {"a": 1, "b": None}, {"properties": {"a": "1"}}),
        (CREATE, None, {"id": "x"}, {"properties": {"id": "x"}}),
        (CREATE, None, {"properties": "x"}, {"properties": {"properties": "x"}}),
        (
            CREATE,
            None,
            {"properties": {"a": ""}, "associations": [{"to": {"id": "1"}, "types": []}]},
            {"properties": {"a": ""}, "associations": [{"to": {"id": "1"}, "types": []}]},
        ),
        (UPDATE, None, {"id": 7, "a": 1}, {"id": "7", "properties": {"a": "1"}}),
        (UPDATE, None, {"id": "7", "properties": {}}, {"id": "7", "properties": {}}),
        (
            UPDATE,
            "ref",
            {"ref": 5, "id": 1},
            {"id": "5", "idProperty": "ref", "properties": {"id": "1"}},
        ),
        (
            UPSERT,
            "ref",
            {"id": "x", "idProperty": "email", "properties": {}},
            {"id": "x", "idProperty": "email", "properties": {}},
        ),
        (
            UPSERT,
            "ref",
            {"id": 1.5, "properties": {}},
            {"id": "1.5", "idProperty": "ref", "properties": {}},
        ),
        (READ, None, 7, {"id": "7"}),
        (READ, "email", "A@b.c", {"id": "A@b.c"}),
        (READ, "ref", 1.5, {"id": "1.5"}),
        (ARCHIVE, None, {"id": "7"}, {"id": "7"}),
    ],
)
def test_an_input_has_what_its_verb_needs(
    endpoint: Endpoint, id_property: str | None, record: Any, wire: dict[str, Any]
) -> None:
    [item] = plan([record], endpoint, id_property=id_property)
    trace = {"objectWriteTraceId": "t0"} if endpoint.writes_properties else {}
    assert item.wire == wire | trace
    assert orjson.loads(item.body) == item.wire
    assert item.record is record


@pytest.mark.parametrize(
    ("endpoint", "id_property", "record", "key"),
    [
        (CREATE, None, {"id": "7"}, None),
        (UPDATE, None, {"id": 7}, (None, "7")),
        (UPDATE, "email", {"email": "A@b.c"}, ("email", "a@b.c")),
        (UPDATE, None, {"id": " 7 "}, (None, "7")),
        (UPSERT, "email", {"email": " A@b.c\t"}, ("email", "a@b.c")),
        (UPSERT, "ref", {"ref": " A "}, ("ref", "A")),
        (UPSERT, "ref", {"id": " A ", "properties": {}}, ("ref", "A")),
        (READ, "email", " A@b.c", ("email", "a@b.c")),
        (UPSERT, "ref", {"id": "A", "properties": {}}, ("ref", "A")),
        (UPSERT, "ref", {"id": "A", "idProperty": "email", "properties": {}}, ("email", "a")),
        (READ, None, 7, (None, "7")),
        (READ, "email", "A@b.c", ("email", "a@b.c")),
        (ARCHIVE, None, {"id": "7"}, (None, "7")),
    ],
)
def test_an_inputs_key_is_what_names_its_object(
    endpoint: Endpoint, id_property: str | None, record: Any, key: Key | None
) -> None:
    [item] = plan([record], endpoint, id_property=id_property)
    assert item.key == key


@pytest.mark.parametrize(
    ("endpoint", "id_property", "record", "reason"),
    [
        (UPSERT, "email", {"firstname": "x"}, "'email' is missing"),
        (UPSERT, "email", {"email": None}, "'email' is missing"),
        (UPSERT, "email", {"email": "  "}, "'email' is missing"),
        (UPSERT, "email", {"email": float("nan")}, "'email'.*nan"),
        (UPDATE, None, {"a": 1}, "the record id is missing"),
        (UPDATE, None, {"id": 1.0}, "the record id must be text or a whole number, not float"),
        (UPDATE, None, {"id": True}, "not bool"),
        (READ, None, None, "the record id is missing"),
        (READ, "email", None, "'email' is missing"),
        (READ, "ref", float("nan"), "'ref': nan"),
        (UPSERT, "ref", {"id": "", "properties": {}}, "'ref' is missing"),
        (UPSERT, None, {"id": "7", "idProperty": 5, "properties": {}}, "'idProperty'.* not 5"),
        (READ, None, ["7"], "not list"),
        (CREATE, None, {"a": {"b": 1}}, "property 'a': a value of type dict"),
        (CREATE, None, {1: "a"}, "name must be text"),
        (CREATE, None, {"": "a"}, "name must be text"),
        (CREATE, None, {"a": "\ud800"}, "JSON"),
        (
            CREATE,
            None,
            {"properties": {}, "asociations": []},
            "no field 'asociations'.* 'id', 'idProperty', 'associations' and 'objectWriteTraceId'",
        ),
        (CREATE, None, {"properties": {}, "x": 1, 5: 1}, "no field 5"),
        (CREATE, None, {"properties": {}, "associations": {"to": 1}}, "list of objects"),
        (CREATE, None, {"properties": {}, "associations": ["7"]}, "list of objects"),
        (CREATE, None, {"properties": {}, "associations": [{"to": object()}]}, "JSON"),
        (CREATE, None, {"properties": {}, "objectWriteTraceId": 5}, "'objectWriteTraceId'.* not 5"),
        (UPDATE, None, {"id": 1, "properties": {}, "associations": [{}]}, "creating only"),
        (CREATE, None, "text", "not str"),
        (CREATE, None, AttrsPerson, "not type"),
        (CREATE, None, 5, "not int"),
    ],
)
def test_what_cannot_be_sent_is_invalid_with_a_reason(
    endpoint: Endpoint, id_property: str | None, record: Any, reason: str
) -> None:
    planner = planner_of(endpoint, id_property=id_property)
    with pytest.raises(InvalidRecordError, match=reason):
        planner.plan(0, record)


def test_a_trace_id_is_the_prefix_and_the_index() -> None:
    planners = [planner_of(CREATE), planner_of(CREATE, trace_prefix="run-")]
    inputs = [planner.plan(7, {"a": "1"}) for planner in planners]
    assert [item.wire["objectWriteTraceId"] for item in inputs] == ["7", "run-7"]
    assert [item.caller_trace_id for item in inputs] == [None, None]


def test_a_callers_trace_id_is_sent_as_it_is() -> None:
    [item] = plan([{"properties": {}, "objectWriteTraceId": "mine"}], CREATE)
    assert item.wire["objectWriteTraceId"] == item.caller_trace_id == "mine"


READ_PROPERTIES = {
    "a": "1",
    "b": None,
    "ref": "R1",
    "createdate": "2026-01-01T00:00:00Z",
    "hs_object_id": "7",
    "lastmodifieddate": "2026-01-02T00:00:00Z",
    "hs_lastmodifieddate": "2026-01-02T00:00:00Z",
}
WRITTEN_BACK = {"a": "1", "ref": "R1", "createdate": "2026-01-01T00:00:00Z"}
"""What may be written of it: all but what HubSpot alone sets, and what has no value."""

WITHOUT_REF = {name: value for name, value in WRITTEN_BACK.items() if name != "ref"}

RESULTS = [
    ObjectResult("7", READ_PROPERTIES),
    ObjectResult("7", READ_PROPERTIES, extra={"surprise": 1}),
    ObjectResult("7", READ_PROPERTIES, object_write_trace_id="of an earlier write"),
    {
        "id": "7",
        "properties": READ_PROPERTIES,
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-02T00:00:00Z",
        "archived": True,
        "archivedAt": "2026-01-03T00:00:00Z",
        "new": False,
        "url": "https://app.hubspot.com/contacts/1/record/0-1/7",
        "propertiesWithHistory": {"a": [{"value": "1"}]},
    },
    {"id": "7", "properties": READ_PROPERTIES, "archived": False},
    {
        "id": "7",
        "properties": READ_PROPERTIES,
        "updatedAt": "2026-01-02T00:00:00Z",
        "objectWriteTraceId": "of an earlier write",
    },
]


@pytest.mark.parametrize("read", RESULTS)
@pytest.mark.parametrize(
    ("endpoint", "id_property", "wire", "key"),
    [
        (UPDATE, None, {"id": "7", "properties": WRITTEN_BACK}, (None, "7")),
        (UPSERT, None, {"id": "7", "properties": WRITTEN_BACK}, (None, "7")),
        (
            UPDATE,
            "ref",
            {"id": "R1", "idProperty": "ref", "properties": WITHOUT_REF},
            ("ref", "R1"),
        ),
        (
            UPSERT,
            "ref",
            {"id": "R1", "idProperty": "ref", "properties": WITHOUT_REF},
            ("ref", "R1"),
        ),
        (CREATE, None, {"properties": WRITTEN_BACK}, None),
    ],
)
def test_what_was_read_can_be_written_back(
    read: Any,
    endpoint: Endpoint,
    id_property: str | None,
    wire: dict[str, Any],
    key: Key | None,
) -> None:
    [item] = plan([read], endpoint, id_property=id_property)
    assert item.wire == wire | {"objectWriteTraceId": "t0"}
    assert item.key == key
    assert item.caller_trace_id is None
    assert item.record is read


@pytest.mark.parametrize("read", RESULTS)
@pytest.mark.parametrize("endpoint", [READ, ARCHIVE])
def test_what_was_read_can_be_read_again_and_archived(read: Any, endpoint: Endpoint) -> None:
    assert plan([read], endpoint)[0].wire == {"id": "7"}
    [item] = plan([read], endpoint, id_property="ref")
    assert item.wire == {"id": "R1"}
    assert item.key == ("ref", "R1")


@pytest.mark.parametrize("endpoint", [UPDATE, UPSERT, READ])
@pytest.mark.parametrize("properties", [{}, {"ref": None}, {"ref": ""}, {"ref": "  "}])
def test_a_result_without_the_key_is_not_matched_by_its_id(
    endpoint: Endpoint, properties: dict[str, str | None]
) -> None:
    planner = planner_of(endpoint, id_property="ref")
    with pytest.raises(InvalidRecordError, match="'ref' is missing"):
        planner.plan(0, ObjectResult("7", properties))


@pytest.mark.parametrize("name", ["hs_object_id", "lastmodifieddate", "createdate"])
def test_what_was_not_read_is_sent_as_given(name: str) -> None:
    """Whoever names such a property himself may know why; else HubSpot says what is wrong."""
    for record in ({"id": "7", name: "x"}, {"id": "7", "properties": {name: "x"}}):
        assert plan([record], UPDATE)[0].wire["properties"] == {name: "x"}


def test_the_unique_property_of_a_create_is_its_key() -> None:
    inputs = plan([{"email": "A@b.c"}, {"firstname": "x"}], CREATE, unique_property="email")
    assert [item.key for item in inputs] == [("email", "a@b.c"), None]


@pytest.mark.parametrize(
    ("spelling", "id_property", "one", "other", "same"),
    [
        (CONTACTS, "email", "A@B", "a@b", True),
        (CONTACTS, "email", " a@b\n", "a@b", True),
        (OTHERS, "email", "A@B", "a@b", False),
        (OTHERS, "email", " a@b", "a@b", True),
        (CONTACTS, "ref", "A", "a", False),
        (CONTACTS, "ref", "A ", "A", True),
        (CONTACTS, "ref", "01", "1", False),
        (CONTACTS, None, " 7", "7", True),
        (CONTACTS, None, "7", "07", False),
    ],
)
def test_keys_are_trimmed_and_the_e_mails_of_contacts_have_no_case(
    spelling: Spelling, id_property: str | None, one: str, other: str, same: bool
) -> None:
    assert (spelling.key(id_property, one) == spelling.key(id_property, other)) is same


def test_an_id_and_a_unique_value_are_no_one_key() -> None:
    assert CONTACTS.key(None, "7") != CONTACTS.key("ref", "7")


def test_a_key_is_compared_trimmed_and_sent_as_it_was_given() -> None:
    [item] = plan([{"email": " A@b.c "}], UPSERT, id_property="email")
    assert item.key == ("email", "a@b.c")
    assert item.wire["id"] == " A@b.c "


def test_a_text_property_called_email_of_another_type_keeps_its_case() -> None:
    planner = planner_of(UPSERT, id_property="email", spelling=OTHERS)
    assert planner.plan(0, {"email": "A@b.c"}).key == ("email", "A@b.c")
    created = planner_of(CREATE, unique_property="email", spelling=OTHERS)
    assert created.plan(0, {"email": "A@b.c"}).key == ("email", "A@b.c")


def test_a_record_changed_later_is_sent_as_it_was() -> None:
    record = {"email": "a@b.c", "firstname": "then"}
    [item] = plan([record], id_property="email")
    record["firstname"] = "now"
    assert item.wire["properties"] == {"firstname": "then"}


@given(st.dictionaries(st.text(min_size=1), st.text() | st.integers() | st.booleans() | st.none()))
def test_any_flat_mapping_becomes_json_or_is_invalid(record: dict[str, Any]) -> None:
    try:
        item = planner_of(CREATE, trace_prefix="t").plan(0, record)
    except InvalidRecordError:
        return
    sent = orjson.loads(item.body)["properties"] if "properties" not in record else None
    if sent is not None:
        assert sent.keys() == {name for name, value in record.items() if value is not None}
        assert all(type(value) is str for value in sent.values())


BY_RECORD_ID = [
    pytest.param(UPDATE, lambda id_: {"id": id_, "x": "1"}, id="update"),
    pytest.param(UPDATE, lambda id_: {"id": id_, "properties": {}}, id="nested"),
    pytest.param(ARCHIVE, lambda id_: id_, id="archive"),
    pytest.param(READ, lambda id_: {"id": id_}, id="read"),
]
FROM_SPREADSHEETS = [
    *("1,02E+02", "1.02E+15", "5e+3", "123.0", "123,00", "1,234", "1.234.567", "1 234", "1\xa0234"),
    *("1'234", "'123", "\u2019123", " 12.0 "),
]


@pytest.mark.parametrize("text", FROM_SPREADSHEETS)
@pytest.mark.parametrize(("endpoint", "record"), BY_RECORD_ID)
def test_a_record_id_that_a_spreadsheet_has_made_a_number_of_is_refused_with_what_to_do(
    endpoint: Endpoint, record: Any, text: str
) -> None:
    with pytest.raises(InvalidRecordError, match="format the column as text") as caught:
        planner_of(endpoint).plan(0, record(text))
    assert text.strip() not in {"", str(caught.value)}


@pytest.mark.parametrize(
    "text",
    ["123", "00123", "-1", "1e5", "12E34", "crm-12.5", "a1,2", "0-3", "1-2", "12.", "\u0661"],
)
@pytest.mark.parametrize(("endpoint", "record"), BY_RECORD_ID)
def test_any_other_record_id_is_for_hubspot_to_judge(
    endpoint: Endpoint, record: Any, text: str
) -> None:
    planned = planner_of(endpoint).plan(0, record(f" {text}\n"))

    assert orjson.loads(planned.body)["id"] == text
    assert planned.key == (None, text)


@pytest.mark.parametrize("text", FROM_SPREADSHEETS)
def test_a_unique_value_may_look_like_a_number_from_a_spreadsheet(text: str) -> None:
    for endpoint in (UPDATE, UPSERT):
        planned = planner_of(endpoint, id_property="ref").plan(0, {"ref": text})
        assert orjson.loads(planned.body)["id"] == text
    assert orjson.loads(planner_of(READ, id_property="ref").plan(0, text).body)["id"] == text
