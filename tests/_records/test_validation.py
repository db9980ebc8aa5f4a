"""What is refused by a schema is what a strict account refuses, and nothing that it takes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hubbatch import Property, PropertyOption, Schema
from hubbatch._records.validation import RefusedBySchemaError, Validator
from hubbatch.sandbox._property import Property as SandboxProperty
from hubbatch.sandbox._schema import ObjectDefinition
from hubbatch.sandbox._schema import Schema as Account
from hubbatch.sandbox._spelling import PropertyType

OPTIONS = [PropertyOption("RED", "Red"), PropertyOption("BLUE", "Blue", hidden=True)]
SCHEMA = Schema(
    [
        Property("firstname", "First Name"),
        Property("email", hubspot_defined=True),
        Property("sku", has_unique_value=True),
        Property("size", type="number"),
        Property("born", type="date"),
        Property("seen", type="datetime"),
        Property("vip", type="bool"),
        Property("colour", type="enumeration", field_type="select", options=OPTIONS),
        Property("colours", type="enumeration", field_type="checkbox", options=OPTIONS),
        Property("owner", type="enumeration", options=OPTIONS, external_options=True),
        Property("stage", type="enumeration"),
        Property("place", type="object_coordinates"),
        Property("made_by", read_only=True),
        Property("score", type="number", calculated=True),
    ]
)
CHECKED = {"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE", "LEADING_TRAILING_WHITESPACE"}
CHECKED |= {"INVALID_OPTION", "INVALID_NUMBER", "INVALID_DATE", "INVALID_LONG", "INVALID_EMAIL"}


def codes(properties: dict[str, str], id_property: str | None = None) -> list[str]:
    return [each.code for each in Validator(SCHEMA).problems(properties, id_property)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("firstname", value) for value in ("", " Ada ", "7", "x" * 70_000)),
        *(("size", value) for value in ("", "0", "-1.50", "1e5", "+7", ".5")),
        *(
            ("born", value)
            for value in ("", "2026-01-31", "1772323200000", "-86400000", "0", "20260131")
        ),
        *(("born", value) for value in ("2026-01-31T00:00:00Z", "2026-01-31T01:00+01:00")),
        *(("seen", value) for value in ("2026-01-31T12:00:00.123Z", "1772323200001", "7")),
        *(("seen", value) for value in ("2026-01-31", "2026-01-31t12:00:00z", "9" * 19)),
        *(("vip", value) for value in ("true", "false", "TRUE", "")),
        *(("colour", value) for value in ("RED", "BLUE", "")),
        *(("colours", value) for value in ("RED;BLUE", ";RED", "RED;;BLUE", ";", "")),
        *(("email", value) for value in ("ada@example.com", " ada@example.com\n", " ", "")),
        *(("email", value) for value in ("o'x+y.z@a-b.co.uk", "ü@bücher.example", "a.@b.cz")),
        ("firstname", "nonsense"),
        ("owner", "4711"),
        ("stage", "anything"),
        ("place", "{}"),
    ],
)
def test_what_may_be_right_is_not_refused(name: str, value: str) -> None:
    assert codes({name: value}) == []


@pytest.mark.parametrize(
    ("name", "value", "code", "words"),
    [
        ("frstname", "x", "PROPERTY_DOESNT_EXIST", "no property 'frstname'; the closest is 'first"),
        ("First Name", "x", "PROPERTY_DOESNT_EXIST", "the closest is 'firstname'"),
        ("zzzzzz", "x", "PROPERTY_DOESNT_EXIST", "there is no property 'zzzzzz'"),
        ("made_by", "x", "READ_ONLY_VALUE", "'made_by' is read-only"),
        ("made_by", "", "READ_ONLY_VALUE", "'made_by' is read-only"),
        ("score", "7", "READ_ONLY_VALUE", "'score' is calculated"),
        ("size", "1,000", "INVALID_NUMBER", "not a number such as"),
        ("size", "NaN", "INVALID_NUMBER", "that HubSpot can hold"),
        ("size", "1e999999", "INVALID_NUMBER", "that HubSpot can hold"),
        ("size", " 7", "LEADING_TRAILING_WHITESPACE", "blanks before or after"),
        ("born", "31.01.2026", "INVALID_DATE", "not a date such as 2026-01-31"),
        ("born", "2026-02-30", "INVALID_DATE", "not a date such as"),
        ("born", "2026-01-31T12:00:00Z", "INVALID_DATE", "not midnight in UTC"),
        ("born", "7", "INVALID_DATE", "not midnight in UTC"),
        ("born", "1772323200001", "INVALID_DATE", "not midnight in UTC"),
        ("seen", "yesterday", "INVALID_LONG", "not a time such as"),
        ("email", "ada.example.com", "INVALID_EMAIL", "it has no @"),
        ("email", "a@b@example.com", "INVALID_EMAIL", "more than one @"),
        ("email", "a@b.cz;c@d.cz", "INVALID_EMAIL", "more than one @"),
        ("email", "Ada <ada@example.com>", "INVALID_EMAIL", "holds a blank"),
        ("email", "ada\u00a0l@example.com", "INVALID_EMAIL", "holds a blank"),
        ("email", "@example.com", "INVALID_EMAIL", "nothing before the @"),
        ("email", "ada@", "INVALID_EMAIL", "no domain such as example.com"),
        ("email", "ada@localhost", "INVALID_EMAIL", "no domain such as example.com"),
        ("email", "ada@example..com", "INVALID_EMAIL", "no domain such as example.com"),
        ("email", "ada@example.com.", "INVALID_EMAIL", "no domain such as example.com"),
        ("vip", "yes", "INVALID_OPTION", "neither 'true' nor 'false'"),
        ("colour", "red", "INVALID_OPTION", "none of its options: 'RED', 'BLUE'"),
        ("colour", "RED;BLUE", "INVALID_OPTION", "none of its options"),
        ("colours", "RED;GREEN", "INVALID_OPTION", "none of its options"),
    ],
)
def test_what_is_certainly_wrong_is_refused_in_words_that_help(
    name: str, value: str, code: str, words: str
) -> None:
    [problem] = Validator(SCHEMA).problems({name: value})
    assert (problem.code, problem.property_name) == (code, name)
    assert words in problem.message


def test_what_names_an_object_has_to_be_there_and_unique() -> None:
    assert codes({}, "sku") == []
    assert codes({}, "email") == []  # HubSpot's own definition of it does not say so
    assert codes({}, "firstname") == ["NON_UNIQUE_PROPERTY"]
    assert codes({"firstname": "x"}, "skuu") == ["PROPERTY_DOESNT_EXIST"]


def test_the_value_that_names_an_object_has_to_be_one_that_the_property_can_have() -> None:
    numbered = Validator(Schema([Property("number", type="number", has_unique_value=True)]))

    assert [each.code for each in numbered.problems({}, "number", "seven")] == ["INVALID_NUMBER"]
    assert not numbered.problems({}, "number", " 7 ")
    assert [each.code for each in Validator(SCHEMA).problems({}, "email", "ada")] == [
        "INVALID_EMAIL"
    ]
    with pytest.raises(RefusedBySchemaError, match="no e-mail address"):
        Validator(SCHEMA).check({"id": "ada", "idProperty": "email", "properties": {}})
    Validator(SCHEMA).check({"id": "7", "properties": {}})


def test_all_problems_of_a_record_are_reported_but_never_without_end() -> None:
    with pytest.raises(RefusedBySchemaError) as caught:
        Validator(SCHEMA).check({"id": "1", "properties": {"sizee": "1", "vip": "no"}})
    assert str(caught.value).count(";") == 2  # two problems, and a hint
    many = {f"unknown_{number}": "x" for number in range(1_000)}
    assert len(codes(many)) == 20


def test_a_message_lists_ten_options_and_counts_the_rest() -> None:
    options = [PropertyOption(f"o{number}" * 100) for number in range(300)]
    validator = Validator(Schema([Property("many", type="enumeration", options=options)]))
    [problem] = validator.problems({"many": "x"})
    assert problem.message.endswith("and 290 more")
    assert len(problem.message) < 2_000


def test_a_name_without_end_is_cut_and_nothing_close_is_looked_for() -> None:
    [problem] = Validator(SCHEMA).problems({"firstname" * 100_000: "x"})
    assert len(problem.message) < 200
    assert len(problem.property_name) == 100


def test_something_close_is_looked_for_a_few_hundred_times_at_most() -> None:
    validator = Validator(SCHEMA)
    hints = [validator.problems({f"firstname{number}": ""})[0].message for number in range(300)]
    assert "closest" in hints[0]
    assert "closest" in hints[199]
    assert "closest" not in hints[200]
    assert "closest" in validator.problems({"firstname0": ""})[0].message


@given(st.sampled_from([each.name for each in SCHEMA]), st.text(min_size=6))
def test_no_message_quotes_a_value(name: str, value: str) -> None:
    marked = f"secret{value}secret"
    for problem in Validator(SCHEMA).problems({name: marked}):
        assert "secret" not in problem.message


# Against the sandbox: what it refuses is what is known of HubSpot


def account(kind: str) -> ObjectDefinition:
    object_type = Account(strict=True).get(kind)
    for each in (
        SandboxProperty("own_number", kind=PropertyType.NUMBER),
        SandboxProperty("own_date", kind=PropertyType.DATE),
        SandboxProperty("own_time", kind=PropertyType.DATETIME),
        SandboxProperty("own_bool", kind=PropertyType.BOOL),
        SandboxProperty("own_choice", kind=PropertyType.ENUMERATION, options=("a", "B", "c d")),
        SandboxProperty(
            "own_choices", kind=PropertyType.ENUMERATION, field_type="checkbox", options=("a", "B")
        ),
        SandboxProperty("own_text", kind=PropertyType.STRING),
        SandboxProperty("own_sum", kind=PropertyType.NUMBER, calculated=True, read_only=True),
    ):
        object_type.add(each)
    return object_type


ACCOUNTS = {kind: account(kind) for kind in ("contacts", "companies", "deals", "tickets", "tasks")}
VALIDATORS = {
    kind: Validator(Schema.from_json([each.as_json("") for each in one.definitions()]))
    for kind, one in ACCOUNTS.items()
}
NAMES = {kind: [each.name for each in one.definitions()] for kind, one in ACCOUNTS.items()}

values = st.one_of(
    st.text(max_size=12),
    st.text("0123456789+-.eE_, ", max_size=20),
    st.text("0123456789-:TtZz+. W", max_size=30),
    st.integers(-(10**20), 10**20).map(str),
    st.integers(-40_000, 40_000).map(lambda day: str(day * 86_400_000)),
    st.floats().map(str),
    st.decimals().map(str),
    st.dates().map(str),
    st.datetimes().map(str),
    st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    st.sampled_from(["true", "FALSE", "yes", "1", "a", "B", "a;B", ";a", "a;", "c d", "lead"]),
    st.sampled_from([" a", "7\n", "\u00a07", "NaN", "-inf", "1e401", "٣", "1_000", ""]),
)
values |= st.text("ab.@ \u00a0", max_size=8) | st.emails()
own = st.sampled_from(["email", "own_number", "own_date", "own_time", "own_bool", "own_choice"])


@st.composite
def records(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    kind = draw(st.sampled_from(sorted(ACCOUNTS)))
    names = own | st.sampled_from(NAMES[kind]) | st.sampled_from(["own_choices", "own_sum", "nope"])
    return kind, draw(st.dictionaries(names, values, max_size=4))


def refused_by_sandbox(kind: str, properties: dict[str, str]) -> dict[str, set[str]]:
    """Return the codes of a strict account's refusals, of each property."""
    found: dict[str, set[str]] = {}
    for item in ACCOUNTS[kind].problems(properties, new=False):
        for name in item["context"].get("propertyName", ()):
            found.setdefault(name, set()).add(item["code"])
    return found


@settings(max_examples=1_000)
@given(records())
@example(("contacts", {"own_date": "1772323200000", "own_time": "2026-01-31 12:00"}))
@example(("contacts", {"own_date": "0000086400000", "own_number": "1e400"}))
def test_what_is_refused_here_a_strict_account_refuses_too(
    record: tuple[str, dict[str, str]],
) -> None:
    kind, properties = record
    refused = refused_by_sandbox(kind, properties)
    for problem in VALIDATORS[kind].problems(properties):
        assert problem.code in refused.get(problem.property_name, ()), problem


def is_certain(value: str) -> bool:
    """Whether HubSpot is sure to refuse a time that the sandbox refuses: a whole number may be milliseconds to it."""
    return not value.lstrip("-").isdigit() and value.upper() == value


@settings(max_examples=1_000)
@given(records())
def test_what_is_not_refused_here_a_strict_account_takes_as_far_as_it_is_checked(
    record: tuple[str, dict[str, str]],
) -> None:
    kind, properties = record
    refused = {each.property_name for each in VALIDATORS[kind].problems(properties)}
    for name, words in refused_by_sandbox(kind, properties).items():
        definition: Any = ACCOUNTS[kind].definition(name)
        times = definition is not None and definition.kind in {
            PropertyType.DATE,
            PropertyType.DATETIME,
        }
        if "INVALID_EMAIL" in words and properties[name] != properties[name].strip():
            continue  # HubSpot may remove the blanks
        if words & CHECKED and not (times and not is_certain(properties[name])):
            assert name in refused, (name, words)
