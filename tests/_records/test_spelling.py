"""When two spellings are of one value: what HubSpot may make of what was sent, and nothing else."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from growth import growth
from hypothesis import example, given
from hypothesis import strategies as st

from hubbatch._records.spelling import CONTACTS, OTHERS, Spelling, naming_properties, spelling_of

BOTH = [CONTACTS, OTHERS]


@pytest.mark.parametrize("spelling", BOTH)
@pytest.mark.parametrize(
    ("name", "written", "held"),
    [
        ("a", "x", "x"),
        ("a", " x\t", "x"),
        ("a", "", None),
        ("a", "  ", ""),
        ("a", "100.0", "100"),
        ("a", "1.50", "1.5"),
        ("a", "1e3", "1000"),
        ("a", "1E+3", "1000"),
        ("a", "+5", "5"),
        ("a", "-0.0", "0"),
        ("a", ".5", "0.5"),
        ("a", "5.", "5"),
        ("a", "007", "7"),
        ("a", "-1234.56", "-1234.560"),
        ("a", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00Z"),
        ("a", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00"),
        ("a", "2026-01-01T00:00:00.000Z", "1767225600000"),
        ("a", "2026-01-01", "2026-01-01T00:00:00Z"),
        ("a", "2026-01-01", "1767225600000"),
        ("a", "2026-01-01t00:00:00z", "2026-01-01T00:00:00Z"),
        ("a", "True", "true"),
        ("a", "FALSE", "false"),
        ("a", "b;a", "a;b"),
        ("a", "a; b;", "a;b"),
        ("a", "e\u0301", "\u00e9"),
        ("phone", "+49 (731) 12-34", "+497311234"),
        ("mobilephone", "731.12 34", "7311234"),
        ("fax", "0731/1234", "07311234"),
        ("domain", "Example.COM", "example.com"),
        ("hs_additional_emails", "B@x.com;a@x.com", "b@x.com;a@x.com"),
    ],
)
def test_what_may_become_of_a_value(
    spelling: Spelling, name: str, written: str, held: str | None
) -> None:
    assert spelling.form(name, written) == spelling.form(name, held)


@pytest.mark.parametrize("spelling", BOTH)
@pytest.mark.parametrize(
    ("name", "written", "held"),
    [
        ("a", "Ada", "ada"),
        ("a", "Ada", None),
        ("a", "Ada", "Ada L"),
        ("a", "a  b", "a b"),
        ("a", "1.5", "1.51"),
        ("a", "-1234.56", "123456"),
        ("a", "-1234.56", "1234.56"),
        ("a", "12-34", "1234"),
        ("a", "+49 731 1234", "+497311234"),
        ("a", "2026-01-01", "2026-01-02"),
        ("a", "2026-01-01", "20260101"),
        ("a", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.001Z"),
        ("a", "2026-13-01", "2026-12-01"),
        ("a", "a;b", "a;c"),
        ("a", "a;b", "a"),
        ("a", "true", "1"),
        ("a", "NaN", "nan"),
        ("a", "Infinity", "1e999"),
        ("a", "12345678901234567890123456789", "12345678901234567890123456790"),
        ("a", "1" * 70, "01" + "1" * 69),
        ("phone", "+49 731 1234", "+49 731 1235"),
        ("phone", "room 123456", "house 123456"),
        ("phone", "+49 731 1234 ext 5", "+49 731 1234 ext 6"),
        ("name", "Example.COM", "example.com"),
        ("\u00b2", "\u00b2", "2"),
        ("a", "\u00b2", "2"),
        ("a", "\uff11", "1"),
    ],
)
def test_what_is_another_value(
    spelling: Spelling, name: str, written: str, held: str | None
) -> None:
    assert spelling.form(name, written) != spelling.form(name, held)


def test_the_order_of_options_makes_no_difference_whatever_they_begin_with() -> None:
    for one, other in (("2;1", "1;2"), ("-a;b", "b;-a"), ("true;b", "b;true"), ("b;1", "1;b")):
        assert CONTACTS.form("a", one) == CONTACTS.form("a", other)


def test_e_mails_have_no_case_for_contacts_only() -> None:
    assert CONTACTS.form("email", " A@x.com") == CONTACTS.form("email", "a@x.com")
    assert OTHERS.form("email", "A@x.com") != OTHERS.form("email", "a@x.com")
    assert OTHERS.form("email", " A@x.com") == OTHERS.form("email", "A@x.com")


@pytest.mark.parametrize("object_type", ["contact", "contacts", "0-1", "CONTACT", "Contacts"])
def test_contacts_go_by_many_names(object_type: str) -> None:
    assert spelling_of(object_type) is CONTACTS
    assert naming_properties(object_type, "email") == ["email", "hs_additional_emails"]
    assert naming_properties(object_type, "ref") == ["ref"]
    assert naming_properties(object_type, None) == []


@pytest.mark.parametrize("object_type", ["deals", "0-3", "0-11", "p_contacts", "2-1"])
def test_other_types_are_no_contacts(object_type: str) -> None:
    assert spelling_of(object_type) is OTHERS
    assert naming_properties(object_type, "email") == ["email"]


VALUES = (
    st.text()
    | st.text(alphabet="0123456789+-.eE;: TZ/()ab\u00e9\u0301\u0323", max_size=30)
    | st.decimals(allow_nan=False, allow_infinity=False).map(str)
    | st.datetimes().map(datetime.isoformat)
    | st.dates().map(str)
)
NAMES = st.sampled_from(["a", "email", "phone", "domain", "hs_additional_emails"])
SPELLINGS = st.sampled_from(BOTH)


@example(CONTACTS, "a", "0;")
@given(SPELLINGS, NAMES, VALUES)
def test_a_form_is_its_own_form_and_never_raises(spelling: Spelling, name: str, value: str) -> None:
    form = spelling.form(name, value)
    assert spelling.form(name, form) == form
    assert value.strip() or form == ""


@given(SPELLINGS, st.sampled_from([None, "email", "ref"]), VALUES)
def test_a_keys_value_is_a_key_itself_and_one_key_has_one_form(
    spelling: Spelling, name: str | None, value: str
) -> None:
    key = spelling.key(name, value)
    assert spelling.key(*key) == key
    assert spelling.form(name or "", key[1]) == spelling.form(name or "", value)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9))
def test_a_number_has_one_form_however_it_is_written(number: Decimal) -> None:
    if abs(number.as_tuple().exponent) > 8:  # type: ignore[arg-type]
        number = round(number, 8)
    plain = format(number, "f")
    padded = plain + ("00" if "." in plain else ".00")
    assert CONTACTS.form("a", padded) == CONTACTS.form("a", plain)
    assert CONTACTS.form("a", plain) != CONTACTS.form("a", format(number + 1, "f"))


@given(st.datetimes(datetime(1902, 1, 1), datetime(2200, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_a_moment_has_one_form_in_every_zone(moment: datetime, minutes: int) -> None:
    utc = moment.replace(tzinfo=UTC, microsecond=moment.microsecond // 1000 * 1000)
    there = utc.astimezone(timezone(timedelta(minutes=minutes)))
    forms = {
        CONTACTS.form("a", utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")),
        CONTACTS.form("a", there.isoformat()),
        CONTACTS.form("a", str(round(utc.timestamp() * 1000))),
    }
    assert len(forms) == 1


@given(NAMES, st.text())
def test_the_composition_of_characters_makes_no_difference(name: str, value: str) -> None:
    apart = unicodedata.normalize("NFD", value)
    assert CONTACTS.form(name, apart) == CONTACTS.form(name, unicodedata.normalize("NFC", value))


@pytest.mark.parametrize("unit", ["ä", "e\u0301", "\u0301\u0323", "a;", "1;", "; ", " ", "9"])
def test_a_form_is_made_in_linear_time(unit: str) -> None:
    texts = {size: "x" + unit * (size // len(unit)) for size in (8192, 32_768)}
    ratio = growth(lambda size: CONTACTS.form("a", texts[size]), *texts, bound=10)
    assert ratio < 10, f"four times as long a value took {ratio:.1f} times as long"
