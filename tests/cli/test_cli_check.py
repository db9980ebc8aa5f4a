"""What is found before a load: headers, keys and values that the account would refuse; and nothing sent for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from cli_driver import Finished, batches, contacts, hubbatch

from hubbatch import Property, RateLimit, Schema
from hubbatch.sandbox import Sandbox

KEY = ("--id-property", "email")


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def upsert(path: Path, sandbox: Sandbox, *options: object) -> Finished:
    return hubbatch("upsert", "contacts", path, *KEY, "--base-url", sandbox.base_url, *options)


def found(path: Path, sandbox: Sandbox, *options: object, command: str = "check") -> dict[str, Any]:
    finished = hubbatch(
        *(command, "contacts", path, *KEY, "--base-url", sandbox.base_url, "--json", *options)
    )
    document: dict[str, Any] = orjson.loads(finished.out)
    assert document["exitCode"] == finished.code
    assert not batches(sandbox)
    return document


def saved(path: Path, *properties: Property) -> Path:
    path.write_bytes(Schema([Property("email", "Email"), *properties]).to_json())
    return path


def test_a_check_and_a_validated_load_find_what_can_be_no_address(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(tmp_path / "people.csv", "email,firstname\nnonsense,x\na@b.cz,y\nc@d,z\n")

    document = found(path, hubspot_sandbox)
    refused = upsert(path, hubspot_sandbox, "--validate")

    assert document["counts"] == {"total": 3, "wouldBeSent": 1, "wouldFail": 2}
    assert {each["category"] for each in document["reasons"]} == {"INVALID_EMAIL"}
    assert (refused.code, refused.count("failed")) == (1, 2)
    assert "no e-mail address" in refused.out
    assert contacts(hubspot_sandbox).keys() == {"a@b.cz"}


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("email,frstname", ("'frstname' is no property of contacts (is 'firstname' meant?)",)),
        ("email,firstname,frstname", ("'frstname' is no property of contacts. Nothing",)),
        (
            "email,Shoe Size",
            (
                "'Shoe Size' is no property of contacts. Nothing was sent. --map 'Shoe Size=PROPERTY' reads",
                "`hubbatch properties contacts` lists them",
                "--drop 'Shoe Size' leaves it out",
                "--no-check",
            ),
        ),
        ("email,Stadt", ("'Stadt' is no property of contacts. Nothing", "--map Stadt=PROPERTY")),
        ("email,id", ("the column 'id' holds record ids, and the records are known by 'email'",)),
        ("email,hs_was_imported", ("is read-only", "--drop hs_was_imported")),
        ("firstname", ("no column 'email'",)),
        ("email,Email", ("'email' and 'Email' are both the property 'email'",)),
        ("email,email", ("names email twice",)),
        ("", ("there is no header",)),
    ],
)
@pytest.mark.parametrize("command", ["upsert", "check"])
def test_a_header_that_cannot_be_right_stops_the_command(
    tmp_path: Path, hubspot_sandbox: Sandbox, command: str, header: str, said: tuple[str, ...]
) -> None:
    path = written(tmp_path / "people.csv", f"{header}\na@b.cz,x\n" if header else "")

    finished = hubbatch(command, "contacts", path, *KEY, "--base-url", hubspot_sandbox.base_url)

    assert finished.code == 2
    assert "people.csv, line 1: " in finished.err
    assert not [words for words in said if words not in finished.err]
    assert not batches(hubspot_sandbox)


@pytest.mark.parametrize(
    ("command", "assumed"),
    [(("check",), True), (("check", "--verb", "create"), False), (("create",), False)],
)
def test_record_ids_that_would_be_given_to_a_create_are_asked_about(
    tmp_path: Path, hubspot_sandbox: Sandbox, command: tuple[str, ...], *, assumed: bool
) -> None:
    path = written(tmp_path / "export.csv", "id,email\n1,a@b.cz\n")

    finished = hubbatch(*command, "contacts", path, "--base-url", hubspot_sandbox.base_url)

    assert finished.code == 2
    assert "the column 'id' holds record ids, and the verb is create" in finished.err
    assert ("which is assumed without --verb" in finished.err) == assumed
    assert "`hubbatch check --verb update`" in finished.err
    assert not batches(hubspot_sandbox)


def test_a_file_without_records_is_told(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    finished = upsert(written(tmp_path / "people.csv", "email\n"), hubspot_sandbox)

    assert finished.code == 2
    assert "there is no record in it" in finished.err
    assert not batches(hubspot_sandbox)


def test_a_key_that_is_mapped_away_is_missing(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    path = written(tmp_path / "people.csv", "email,city\na@b.cz,Brno\n")

    finished = upsert(path, hubspot_sandbox, "--map", "email=firstname")

    assert finished.code == 2
    assert "people.csv, line 1: the header has no column 'email'" in finished.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--id-property", "firstname"), "--id-property: the values of property 'firstname'"),
        (
            ("--set", "lifecyclestag=lead"),
            "--set: there is no property 'lifecyclestag'; the closest",
        ),
    ],
)
def test_options_that_the_account_refuses(
    tmp_path: Path, hubspot_sandbox: Sandbox, options: tuple[str, str], said: str
) -> None:
    path = written(tmp_path / "people.csv", "email,firstname\na@b.cz,x\n")

    finished = upsert(path, hubspot_sandbox, *options)

    assert finished.code == 2
    assert said in finished.err
    assert not batches(hubspot_sandbox)


def test_labels_are_read_as_properties_and_what_hubspot_sets_is_left_out(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(tmp_path / "p.csv", "Email,First Name,createdate\na@b.cz,Ann,2020-01-01\n")

    finished = upsert(path, hubspot_sandbox)

    assert finished.code == 0
    assert (
        "columns read by their labels: 'Email' as email, 'First Name' as firstname" in finished.err
    )
    assert "left out, for HubSpot alone sets them: createdate" in finished.err
    assert contacts(hubspot_sandbox)["a@b.cz"]["firstname"] == "Ann"


def test_the_label_of_record_ids_is_the_column_id(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    stored = hubspot_sandbox.add("contacts", {"email": "a@b.cz"})
    path = written(tmp_path / "people.csv", f"Record ID,city\n{stored.id},Brno\n")

    finished = hubbatch("update", "contacts", path, "--base-url", hubspot_sandbox.base_url)

    assert finished.code == 0
    assert contacts(hubspot_sandbox)["a@b.cz"]["city"] == "Brno"


@pytest.mark.hubspot_sandbox(forbidden=["contacts"])
def test_a_token_that_may_not_read_properties_is_one_line_of_notice(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(tmp_path / "people.csv", "email,frstname\na@b.cz,x\n")
    notice = "may not read the properties of contacts"

    assert notice in upsert(path, hubspot_sandbox).err
    assert batches(hubspot_sandbox)
    assert notice not in upsert(path, hubspot_sandbox, "--no-check").err


def test_no_check_sends_columns_as_they_are(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    path = written(tmp_path / "people.csv", "email,frstname\na@b.cz,x\n")

    assert upsert(path, hubspot_sandbox, "--no-check").code == 0
    assert hubspot_sandbox.request_count == 1
    assert contacts(hubspot_sandbox)["a@b.cz"]["frstname"] == "x"


@pytest.mark.hubspot_sandbox(daily_limit=100, rate_limit=RateLimit(190, 10.0))
@pytest.mark.parametrize("command", ["check", "upsert"])
def test_a_check_finds_what_would_fail_and_what_the_load_would_take(
    tmp_path: Path, hubspot_sandbox: Sandbox, command: str
) -> None:
    lines = [
        "email,lifecyclestage",
        "a@b.cz,lead",
        "c@d.cz,secret",
        "A@B.cz,lead",
        ",lead",
        "x",
        "",
    ]
    path = written(tmp_path / "people.csv", "\n".join(lines) + "\n")
    options = ("--dry-run",) if command == "upsert" else ()

    document = found(path, hubspot_sandbox, *options, command=command)

    assert document["exitCode"] == 1
    assert document["counts"] == {"total": 4, "wouldBeSent": 2, "wouldFail": 2}
    assert document["input"] == {"read": 6, "bad": 1, "blank": 1, "held": 0, "skipped": 0}
    assert document["requests"] == 2
    assert document["missingKeys"] == {"count": 1, "examples": ["line 5"]}
    assert document["repeatedKeys"] == {"count": 1, "examples": ["line 4 as line 2"]}
    assert {reason["category"]: reason["examples"] for reason in document["reasons"]} == {
        "INVALID_OPTION": "line 3",
        "LOCAL_VALIDATION": "line 5",
        "BAD_LINE": "line 6",
    }
    assert "property 'lifecyclestage'" in str(document["reasons"])
    assert "secret" not in str(document["reasons"])
    assert document["quota"] == {"maxRequests": 190, "period": 10.0}
    assert (document["dailyRemaining"], document["shareOfDay"]) == (99, 2 / 99)
    assert hubspot_sandbox.request_count == 1


def test_a_check_with_nothing_to_say_is_zero(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    good = written(tmp_path / "good.csv", "email,city\na@b.cz,Brno\n")
    twice = written(tmp_path / "twice.csv", "email,city\na@b.cz,Brno\na@b.cz,Praha\n")

    assert found(good, hubspot_sandbox)["exitCode"] == 0
    assert found(twice, hubspot_sandbox)["exitCode"] == 1
    assert found(twice, hubspot_sandbox, "--duplicates", "merge")["exitCode"] == 0


def test_rows_can_be_held_against_the_account_before_they_are_sent(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(tmp_path / "p.csv", "email,lifecyclestage\na@b.cz,lead\nc@d.cz,nonsense\n")

    finished = upsert(path, hubspot_sandbox, "--validate")

    assert (finished.count("succeeded"), finished.count("failed")) == (1, 1)
    assert "LOCAL_VALIDATION: property 'lifecyclestage': the value is none of" in finished.out
    assert contacts(hubspot_sandbox).keys() == {"a@b.cz"}


def test_properties_in_a_file_stand_for_the_account(tmp_path: Path) -> None:
    schema = saved(tmp_path / "contacts.json", Property("shoe_size", "Shoe Size", "number"))
    path = written(tmp_path / "people.csv", "email,Shoe Size\na@b.cz,41\nc@d.cz,big\n")
    options = (*KEY, "--properties", schema)

    checked = hubbatch("check", "contacts", path, *options, "--rate", "190/10", token=None)
    tried = hubbatch("upsert", "contacts", path, *options, "--sandbox")

    assert checked.code == 1
    assert "1 × would fail: INVALID_NUMBER: property 'shoe_size'" in checked.out
    assert (tried.count("succeeded"), tried.count("failed")) == (1, 1)
    unknown = written(tmp_path / "people.csv", "email,firstname\na@b.cz,Ann\n")
    assert hubbatch("upsert", "contacts", unknown, *options, "--sandbox").code == 2


def test_the_properties_of_an_account_can_be_saved(hubspot_sandbox: Sandbox) -> None:
    hubspot_sandbox.define_property("contacts", "shoe_size", kind="number")
    place = ("--base-url", hubspot_sandbox.base_url)

    schema = Schema.from_json(hubbatch("properties", "contacts", *place).out)

    assert schema["shoe_size"].type == "number"
    assert schema["email"].has_unique_value


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read"),
        ("{", "the schema is no JSON"),
        ("7", "a list of properties"),
        ('{"results": []}', "lists no properties"),
    ],
)
@pytest.mark.parametrize("where", ["--sandbox", "--no-sandbox"])
def test_a_file_that_holds_no_properties(
    tmp_path: Path, content: str | None, said: str, where: str
) -> None:
    schema = tmp_path / "contacts.json"
    if content is not None:
        schema.write_text(content)
    path = written(tmp_path / "people.csv", "email\na@b.cz\n")
    place = ("--sandbox",) if where == "--sandbox" else ()

    finished = hubbatch("check", "contacts", path, *KEY, "--properties", schema, *place)

    assert finished.code == 2
    assert "--properties: " in finished.err
    assert said in finished.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--sandbox", "--base-url", "http://127.0.0.1:1"), "give one of them"),
        (("--sandbox", "--lenient", "--properties", "x.json"), "give one of them"),
    ],
)
def test_options_that_contradict_each_other(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    finished = hubbatch(
        "upsert", "contacts", written(tmp_path / "p.csv", "email\n"), *KEY, *options
    )

    assert finished.code == 2
    assert said in finished.err


@pytest.mark.parametrize(
    "options", [("--verb", "upsert"), ("--verb", "create", *KEY), ("--unique-property", "x", *KEY)]
)
def test_a_check_takes_what_its_verb_takes(tmp_path: Path, options: tuple[str, ...]) -> None:
    path = written(tmp_path / "people.csv", "email\na@b.cz\n")

    assert hubbatch("check", "contacts", path, "--sandbox", *options).code == 2


def test_what_was_read_is_the_sum_of_what_a_table_lists(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    lines = ["email,city", "z@b.cz,x", "a@b.cz,x", ",y", "b@b.cz", ",", "a@b.cz,z", "nonsense,q"]
    path = written(tmp_path / "people.csv", "\n".join(lines) + "\n")
    aside = {"bad lines": 1, "blank rows": 1, "skipped": 1}
    place = (*KEY, "--base-url", hubspot_sandbox.base_url, "--skip", "1")

    checked = hubbatch("check", "contacts", path, *place)
    loaded = hubbatch("upsert", "contacts", path, *place)

    assert "CHECKED, 2 WOULD FAIL, 1 BAD LINE: " in checked.out
    assert "DONE WITH 2 FAILED, 1 BAD LINE: " in loaded.out
    for finished, states in (
        (checked, {"would be sent": 2, "would fail": 2}),
        (loaded, {"succeeded": 2, "failed": 2}),
    ):
        parts = states | aside
        assert {name: finished.count(name) for name in parts} == parts
        assert finished.count("read") == sum(parts.values()) == len(lines) - 1
        assert "(e.g. line 7 as line 3)" in finished.out
    for command in ("check", "upsert"):
        document = orjson.loads(hubbatch(command, "contacts", path, *place, "--json").out)
        numbers, (total, *states) = document["input"], document["counts"].values()
        assert total == sum(states) == 4
        assert numbers == {"read": 7, "bad": 1, "blank": 1, "held": 0, "skipped": 1}
        assert document["repeatedKeys"] == {"count": 1, "examples": ["line 7 as line 3"]}


def test_a_header_error_has_no_table(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    path = written(tmp_path / "people.csv", "email,frstname\na@b.cz,x\n")

    finished = upsert(path, hubspot_sandbox)
    document = orjson.loads(upsert(path, hubspot_sandbox, "--json").out)

    assert "nothing was sent" in finished.out
    assert "count" not in finished.out
    assert "(is 'firstname' meant?)" in finished.err
    assert sorted(document) == ["by", "command", "ended", "exitCode", "message", "next"]
    assert "(is 'firstname' meant?)" in document["message"]


def test_a_check_says_that_it_writes_no_rejects(tmp_path: Path) -> None:
    path, rejects = written(tmp_path / "people.csv", "email\nnonsense\n"), tmp_path / "bad.csv"

    finished = hubbatch("check", "contacts", path, *KEY, "--sandbox", "--rejects", rejects)

    assert finished.code == 2
    assert "a check writes no rejects" in finished.err
    assert not rejects.exists()


def test_all_wrong_columns_and_the_missing_key_are_named_at_once(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(tmp_path / "people.csv", "E-Mail,frstname,Shoe Size\na@b.cz,x,y\n")

    finished = upsert(path, hubspot_sandbox)

    assert finished.code == 2
    assert "the header has no column 'email'" in finished.err
    assert "'frstname' is no property of contacts (is 'firstname' meant?)" in finished.err
    assert "type: --map E-Mail=email --map frstname=firstname --drop 'Shoe Size'" in finished.err


def test_of_many_columns_that_cannot_be_loaded_the_few_that_are_wanted_can_be_kept(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    names = ",".join(f"nothing_{number}" for number in range(12))
    path = written(tmp_path / "people.csv", f"email,city,{names}\na@b.cz,x{',y' * 12}\n")

    finished = upsert(path, hubspot_sandbox)

    assert finished.code == 2
    assert "and 2 more columns" in finished.err
    assert "--columns email,city keeps only these" in finished.err
    assert upsert(path, hubspot_sandbox, "--columns", "email,city").code == 0


def test_a_wrong_delimiter_is_named_where_an_option_names_a_column(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(tmp_path / "people.csv", "E-Mail;city\na@b.cz;x\n")

    finished = upsert(path, hubspot_sandbox, "--delimiter", ",", "--map", "E-Mail=email")

    assert finished.code == 2
    assert "the header is one column: is the delimiter ';' meant?" in finished.err
