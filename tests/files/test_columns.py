"""Columns as properties: mapped, chosen, dropped, set, and matched with the labels of an account."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from files_support import bad_lines, failure, items, rejected, rows, written
from hypothesis import given
from hypothesis import strategies as st

from hubbatch import UsageError
from hubbatch.files import OWN, Columns, Rejects, typed_name

LABELS = {
    "email": "Email",
    "firstname": "First Name",
    "hs_name": "Name",
    "name": "Company name",
    "a": "Twice",
    "b": "twice ",
}


@pytest.mark.parametrize(
    ("columns", "header", "properties"),
    [
        (Columns(), ["a", "b"], ["a", "b"]),
        (Columns(map={"Email Address": "email"}), ["Email Address", "x"], ["email", "x"]),
        (Columns(only=("b",)), ["a", "b"], [None, "b"]),
        (Columns(map={"A": "a"}, only=("a",)), ["A", "b"], ["a", None]),
        (Columns(map={"A": "a"}, drop=("A",)), ["A", "b"], [None, "b"]),
        (Columns(map={"A": "a"}, drop=("a",)), ["A", "b"], [None, "b"]),
        (Columns(), [*OWN, "a"], [None] * 5 + ["a"]),
        (Columns(labels=LABELS), ["Email", " FIRST  name"], ["email", "firstname"]),
        (Columns(labels=LABELS), ["name", "Company name2"], ["name", "Company name2"]),
        (Columns(labels=LABELS), ["NAME"], ["name"]),
        (Columns(labels=LABELS, map={"Twice": "a"}), ["Twice"], ["a"]),
        (Columns(labels=LABELS, drop=("firstname",)), ["First Name", "x"], [None, "x"]),
    ],
)
def test_each_column_is_a_property_or_left_out(
    columns: Columns, header: list[str], properties: list[str | None]
) -> None:
    assert columns.properties_of(header) == properties


@pytest.mark.parametrize(
    ("columns", "header", "said"),
    [
        (Columns(labels=LABELS), ["Twice"], "the label of several properties (a, b)"),
        (Columns(map={"A": "b"}), ["A", "b"], "'A' and 'b' are both the property 'b'"),
        (Columns(map={"Emial": "email"}), ["Email"], "is 'Email' meant?"),
        (Columns(only=("x",)), ["a"], "'x', which is not in the header"),
        (Columns(drop=("x",)), ["a"], "'x', which is not in the header"),
        (Columns(set={"a": "1"}), ["a"], "set for all records, and is the column 'a'"),
    ],
)
def test_a_doubt_is_a_usage_error(columns: Columns, header: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        columns.properties_of(header)
    assert said in str(caught.value)


def test_columns_are_made_from_texts() -> None:
    columns = Columns.parse(
        map=["Email Address=email", "a=b=c"],
        map_lines=["# people", "", "First = firstname\n"],
        only=["email, firstname", "c"],
        drop=["x"],
        set=["lifecyclestage=lead", "note=a=b ", "empty="],
    )

    assert columns == Columns(
        map={"Email Address": "email", "a=b": "c", "First": "firstname"},
        only=("email", "firstname", "c"),
        drop=("x",),
        set={"lifecyclestage": "lead", "note": "a=b ", "empty": ""},
    )


def test_a_name_that_holds_what_stands_between_names_is_quoted_as_in_csv() -> None:
    columns = Columns.parse(
        map=['"a,b"=x', '"c=d"=y', '"say ""hi"""=z', 'bare "quote=w'],
        only=['"a,b", c,"say ""hi"""'],
        drop=['"c=d"'],
        set=['"p=q"=1=2'],
    )

    assert columns == Columns(
        map={"a,b": "x", "c=d": "y", 'say "hi"': "z", 'bare "quote': "w"},
        only=("a,b", "c", 'say "hi"'),
        drop=("c=d",),
        set={"p=q": "1=2"},
    )


@given(st.text(st.sampled_from("ab,=\"#' \t"), min_size=1).filter(str.strip))
def test_a_name_that_is_typed_as_we_say_is_read_as_that_name(name: str) -> None:
    typed, name = typed_name(name.strip()), name.strip()

    columns = Columns.parse(
        map_lines=[f"{typed}=prop # and why"],
        only=[f"x,{typed},y"],
        drop=[typed],
        set=[f"{typed}=1"],
    )

    assert columns == Columns(
        map={name: "prop"}, only=("x", name, "y"), drop=(name,), set={name: "1"}
    )


@pytest.mark.parametrize(
    ("line", "pair"),
    [
        ("Email = email  # the address", {"Email": "email"}),
        ("Email=email\t#x=y", {"Email": "email"}),
        ("Order # =order_no", {"Order #": "order_no"}),
        ("Order #2=order_no", {"Order #2": "order_no"}),
        ("Email=email#1", {"Email": "email#1"}),
        ('"#1"=first # one', {"#1": "first"}),
        ("  # Email=email", {}),
    ],
)
def test_a_comment_in_a_map_file_is_a_line_or_follows_a_pair(
    line: str, pair: dict[str, str]
) -> None:
    assert Columns.parse(map_lines=[line]).map == pair


@pytest.mark.parametrize(
    "texts",
    [
        {"map": ["email"]},
        {"map": ["=email"]},
        {"map": ["Email="]},
        {"map": ["a=b", "a=c"]},
        {"set": ["lead"]},
        {"set": ["=lead"]},
        {"map": ["a=b"], "map_lines": ["a=c"]},
        {"drop": ['"a']},
        {"only": ['"a"b']},
    ],
)
def test_texts_of_another_form_are_refused(texts: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Columns.parse(**texts)


MAPPED = Columns(map={"Email Address": "email"}, drop=("junk",), set={"stage": "lead"})


def test_a_table_is_read_through_its_columns(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", "Email Address,junk,n\na@b.cz,x,\nc@d.cz,,2\n")

    assert [dict(row) for row in rows(path, columns=MAPPED, key="email")] == [
        {"email": "a@b.cz", "stage": "lead"},
        {"email": "c@d.cz", "n": "2", "stage": "lead"},
    ]
    assert dict(next(iter(rows(path, columns=MAPPED, keep_empty=True)))) == {
        "email": "a@b.cz",
        "n": "",
        "stage": "lead",
    }
    assert "no column 'email'" in str(failure(path, key="email"))
    assert "is not in the header" in str(failure(path, columns=Columns(drop=("x",))))


def test_rejects_have_the_columns_of_the_input_and_not_those_of_the_properties(
    tmp_path: Path,
) -> None:
    path = written(tmp_path / "in.csv", "Email Address,junk\na@b.cz,x\n")
    with Rejects(tmp_path / "bad.csv") as rejects:
        rejects.write(*rejected(items(path, columns=MAPPED)))

    assert (tmp_path / "bad.csv").read_text("utf-8-sig").splitlines()[1].endswith(",a@b.cz,x")
    assert rows(tmp_path / "bad.csv", columns=MAPPED) == rows(path, columns=MAPPED)


def test_objects_are_read_through_their_keys(tmp_path: Path) -> None:
    lines = [
        '{"Email Address": "a@b.cz", "junk": {"x": 1}, "n": 1}',
        '{"id": "7", "properties": {"Email Address": "c@d.cz", "junk": 1}}',
        '{"Email Address": "a@b.cz", "email": "b@b.cz"}',
        '{"stage": "customer"}',
    ]
    path = written(tmp_path / "in.ndjson", "\n".join(lines))

    assert [dict(row) for row in rows(path, columns=MAPPED)] == [
        {"email": "a@b.cz", "n": 1, "stage": "lead"},
        {"id": "7", "properties": {"email": "c@d.cz", "stage": "lead"}},
    ]
    assert [(bad.line, "comes twice" in bad.reason) for bad in bad_lines(path, columns=MAPPED)] == [
        (3, True),
        (4, True),
    ]


def test_endless_different_keys_are_not_kept(tmp_path: Path) -> None:
    path = written(tmp_path / "in.ndjson", "".join(f'{{"k{n}":1}}\n' for n in range(20_001)))
    assert [*rows(path, columns=MAPPED)[-1]] == ["k20000", "stage"]


def test_a_header_can_be_refused_before_a_record_is_read(tmp_path: Path) -> None:
    seen: list[dict[str, str | None]] = []

    def refuse(columns: Mapping[str, str | None]) -> list[str]:
        seen.append(dict(columns))
        raise UsageError("not this one")

    path = written(tmp_path / "people.csv", "sep=;\nEmail;junk;_line\na@b.cz;x;2\n")
    columns = Columns(map={"Email": "email"}, drop=("junk",))
    problem = failure(path, columns=columns, key="email", header=refuse)

    assert seen == [{"Email": "email", "junk": None, "_line": None}]
    assert (problem.line, problem.problem) == (2, "not this one")


def test_columns_of_a_header_can_be_left_out_once_it_is_known(tmp_path: Path) -> None:
    path = written(tmp_path / "people.csv", "email,createdate,city\na@b.cz,2026,Brno\nc@d.cz,,\n")

    found = rows(path, header=lambda columns: {"createdate"} & columns.keys())

    assert [dict(row) for row in found] == [
        {"email": "a@b.cz", "city": "Brno"},
        {"email": "c@d.cz"},
    ]


def test_a_missing_key_is_reported_before_the_header_is_judged(tmp_path: Path) -> None:
    path = written(tmp_path / "people.csv", "email^name\na@b.cz^x\n")
    problem = failure(path, key="email", header=lambda _: pytest.fail("it was judged"))

    assert "name the delimiter" in str(problem)
