"""Properties and schemas as values: read from HubSpot's JSON and from files, written, compared, refused."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hubbatch import Property, PropertyOption, Schema, UsageError

SHOWN = {
    "name": "dealstage",
    "label": "Deal Stage",
    "type": "enumeration",
    "fieldType": "select",
    "options": [{"label": "Won", "value": "won", "displayOrder": 0, "hidden": True}],
    "hasUniqueValue": False,
    "calculated": True,
    "externalOptions": False,
    "archived": True,
    "hidden": True,
    "hubspotDefined": True,
    "groupName": "dealinformation",
    "description": "How far it has come",
    "modificationMetadata": {"readOnlyValue": True, "archivable": False},
    "somethingNew": 7,
}

texts = st.text(max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
properties = st.builds(
    Property,
    name=st.text(min_size=1, max_size=8),
    label=texts,
    type=st.sampled_from(["string", "number", "enumeration", "bool"]),
    field_type=texts,
    options=st.lists(st.builds(PropertyOption, texts, texts, st.booleans()), max_size=3),
    has_unique_value=st.booleans(),
    read_only=st.booleans(),
    calculated=st.booleans(),
    external_options=st.booleans(),
    archived=st.booleans(),
    hidden=st.booleans(),
    hubspot_defined=st.booleans(),
    group_name=texts,
    description=texts,
)


def test_a_property_is_read_as_hubspot_shows_it() -> None:
    assert Property.from_json(SHOWN) == Property(
        name="dealstage",
        label="Deal Stage",
        type="enumeration",
        field_type="select",
        options=[PropertyOption("won", "Won", hidden=True)],
        read_only=True,
        calculated=True,
        archived=True,
        hidden=True,
        hubspot_defined=True,
        group_name="dealinformation",
        description="How far it has come",
    )


def test_options_that_another_object_holds_are_external() -> None:
    refers = Property.from_json({"name": "owner", "referencedObjectType": "OWNER"})
    assert refers.external_options


@pytest.mark.parametrize(
    "content",
    [
        [SHOWN],
        {"results": [SHOWN]},
        orjson.dumps([SHOWN]),
        orjson.dumps({"results": [SHOWN]}).decode(),
    ],
)
def test_a_schema_is_read_from_json_in_every_form(content: Any) -> None:
    schema = Schema.from_json(content)
    assert [each.name for each in schema] == ["dealstage"]
    assert schema["dealstage"].values == {"won"}


@given(st.lists(properties, max_size=4, unique_by=lambda each: each.name))
def test_what_is_written_is_read_again(given_properties: list[Property]) -> None:
    schema = Schema(given_properties)
    assert Schema.from_json(schema.to_json()) == schema
    assert hash(Schema.from_json(schema.to_json())) == hash(schema)


@given(json_values)
def test_any_json_is_a_schema_or_a_usage_error(value: Any) -> None:
    try:
        schema = Schema.from_json(orjson.dumps(value))
    except UsageError:
        return
    assert all(isinstance(each, Property) for each in schema)


def test_options_beyond_belief_are_cut_and_are_not_all() -> None:
    many = [{"value": str(number)} for number in range(50_001)]
    read = Property.from_json({"name": "x", "options": many})
    assert len(read.options) == 50_000
    assert read.external_options


@given(st.dictionaries(st.sampled_from(sorted(SHOWN)), json_values))
@example({"options": 7, "modificationMetadata": 7})
def test_fields_of_a_wrong_kind_count_as_missing(fields: dict[str, Any]) -> None:
    read = Property.from_json({**fields, "name": "x"})
    assert read.name == "x"
    assert Property.from_json(read.as_json()) == read


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "no JSON"),
        ("7", "a list of properties"),
        ({"properties": []}, "a list of properties"),
        ([7], "a JSON object with a 'name'"),
        ([{"label": "x"}], "a JSON object with a 'name'"),
        ([{"name": ""}], "a JSON object with a 'name'"),
        ([{"name": "x"}, {"name": "x"}], "not two 'x'"),
    ],
)
def test_what_is_no_schema_says_why(content: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Schema.from_json(content)


def test_values_of_a_wrong_kind_are_refused() -> None:
    with pytest.raises(UsageError, match="needs a name"):
        Property("")
    with pytest.raises(UsageError, match="PropertyOption"):
        Property("x", options=["a"])  # type: ignore[list-item]
    with pytest.raises(UsageError, match="holds values of Property, not str"):
        Schema(["x"])  # type: ignore[list-item]


def test_a_schema_knows_its_properties_by_name() -> None:
    email = Property("email", has_unique_value=True)
    schema = Schema([email, Property("age", type="number")])
    assert schema["email"] is email
    assert schema.get("age") == Property("age", type="number")
    assert schema.get("size") is None
    assert "email" in schema
    assert email in schema
    assert Property("email") not in schema
    assert "size" not in schema
    assert len(schema) == 2
    assert repr(schema) == "<Schema of 2 properties>"
    assert schema != [email]
    with pytest.raises(KeyError):
        schema["size"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("frstname", "firstname"),
        ("First-Name", "firstname"),
        ("Emial", "email"),
        ("E-Mail", "email"),
        ("Maiden nam", "birth_name"),
        ("Stadt", None),
        ("Telefonnummer", None),
        ("???", None),
        ("x" * 10_000, None),
    ],
)
def test_a_property_is_close_whose_name_or_label_is_misspelled_and_not_translated(
    name: str, meant: str | None
) -> None:
    schema = Schema(
        [
            Property("email", "Email"),
            Property("firstname", ""),
            Property("birth_name", "Maiden name"),
            Property("state", "State/Region"),
            Property("city", "City"),
            Property("phone", "Phone Number"),
        ]
    )

    assert schema.closest(name) == meant
