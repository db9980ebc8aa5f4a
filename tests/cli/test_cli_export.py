"""Everything out by command: which objects, in which form, how to go on, and that `update` takes it as it is."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

import orjson
import pytest
from cli_driver import Finished, contacts, hubbatch, lines_of
from test_cli_signals import interrupted

from hubbatch import Filter, UsageError
from hubbatch.cli._where import filters_of, since
from hubbatch.files import read
from hubbatch.sandbox import Fault, FaultKind, Sandbox

LIVELY = {
    "firstname": '=HYPERLINK("x")',
    "lastname": "two\r\nlines; and more",
    "city": "Plzeň",
    "zip": "00701",
    "phone": "+420 1",
}


def fill(sandbox: Sandbox, count: int, **properties: str) -> None:
    for number in range(count):
        sandbox.add("contacts", {"email": f"p{number}@b.cz", **properties})


def export(path: Path | str, sandbox: Sandbox, *options: object) -> Finished:
    return hubbatch("export", "contacts", "-o", path, "--base-url", sandbox.base_url, *options)


def cells(path: Path, name: str = "email") -> list[str | None]:
    return [row.get(name) for row in read(path, notice=lambda _: None)]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "ndjson", "parquet"])
def test_all_objects_are_read_out_by_suffix(
    tmp_path: Path, hubspot_sandbox: Sandbox, suffix: str
) -> None:
    fill(hubspot_sandbox, 250)
    path = tmp_path / f"all.{suffix}"

    finished = export(path, hubspot_sandbox, "-p", "email, firstname", "-p", "city")

    assert finished.code == 0
    assert "DONE: 250 objects in " in finished.out
    assert "3 requests" in finished.out
    assert sorted(map(str, cells(path))) == sorted(contacts(hubspot_sandbox))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("suffix", ["csv", "tsv", "ndjson", "parquet", "nested.ndjson"])
def test_what_was_read_can_be_fed_to_update_as_it_is(
    tmp_path: Path, hubspot_sandbox: Sandbox, suffix: str
) -> None:
    fill(hubspot_sandbox, 3, **LIVELY)
    hubspot_sandbox.add("contacts", {"email": "poor@b.cz"})

    def state() -> list[Mapping[str, str]]:
        held = hubspot_sandbox.objects("contacts").values()
        return [
            {name: value for name, value in stored.properties.items() if "modified" not in name}
            for stored in held
        ]

    before, path = state(), tmp_path / f"all.{suffix}"
    nested = ("--nested",) if "nested" in suffix else ()
    options = ("-p", ",".join(["email", *LIVELY]), *nested)
    assert export(path, hubspot_sandbox, *options).code == 0

    for more in ((), ("--clear-empty",)):
        updated = hubbatch(
            "update", "contacts", path, *more, "--base-url", hubspot_sandbox.base_url
        )
        assert updated.code == 0, updated.err
        assert updated.count("succeeded") == 4
        assert state() == before


@pytest.mark.parametrize("suffix", ["csv", "ndjson", "parquet"])
def test_a_nul_in_a_value_costs_no_row_and_no_other_cell(
    tmp_path: Path, hubspot_sandbox: Sandbox, suffix: str
) -> None:
    fill(hubspot_sandbox, 2, city="Plzeň")
    hubspot_sandbox.add("contacts", {"email": "n@b.cz", "firstname": "secret\0x", "city": "Brno"})
    path = tmp_path / f"all.{suffix}"

    read_out = export(path, hubspot_sandbox, "-p", "email,firstname,city")
    updated = hubbatch("update", "contacts", path, "--base-url", hubspot_sandbox.base_url)

    assert (read_out.code, updated.code) == (0, 0), updated.err
    assert read_out.err.count("values of firstname") == (1 if suffix == "csv" else 0)
    assert "secret" not in read_out.err
    held = contacts(hubspot_sandbox)
    assert held["n@b.cz"]["firstname"] == ("secret<0x00>x" if suffix == "csv" else "secret\0x")
    assert [held[email]["city"] for email in sorted(held)] == ["Brno", "Plzeň", "Plzeň"]


def test_properties_that_are_not_named_are_of_hubspots_choice(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    fill(hubspot_sandbox, 1)
    path = tmp_path / "all.csv"

    finished = export(path, hubspot_sandbox)

    assert "no property is named" in finished.err
    header = path.read_text("utf-8-sig").splitlines()[0].split(",")
    assert header[0] == "id"
    assert {"email", "createdate", "firstname"} <= set(header)


def test_a_property_that_no_object_has_is_warned_of(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    fill(hubspot_sandbox, 2)

    options = ("-p", "emial,email,firstname", "--no-check")
    finished = export(tmp_path / "all.csv", hubspot_sandbox, *options)

    assert finished.code == 0
    assert "no object has a property 'emial'" in finished.err
    assert "'firstname'" not in finished.err


def test_a_misspelt_property_is_refused_before_anything_is_read(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    fill(hubspot_sandbox, 2)
    path = tmp_path / "all.csv"

    for options in (("-p", "emial,firstname"), ("-p", "emial", "--where", "city=Brno")):
        finished = export(path, hubspot_sandbox, *options)

        assert finished.code == 2
        assert "'emial' is no property of contacts (is 'email' meant?)" in finished.err
        assert "hubbatch properties contacts" in finished.err
    assert {request.path for request in hubspot_sandbox.requests} == {"/crm/v3/properties/contacts"}
    assert not path.exists()


def test_properties_may_be_named_by_their_labels(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    fill(hubspot_sandbox, 1)
    path = tmp_path / "all.csv"

    finished = export(path, hubspot_sandbox, "-p", "first name,email,Email", "-p", "firstname")

    assert finished.code == 0
    assert "properties read by their labels: 'first name' as firstname, 'Email' as email" in (
        " ".join(finished.err.split())
    )
    assert path.read_text("utf-8-sig").splitlines()[0] == "id,firstname,email"


@pytest.mark.hubspot_sandbox(faults=[Fault(FaultKind.MISSING_SCOPES), None])
def test_a_token_that_may_not_read_properties_gets_one_line_of_notice(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    fill(hubspot_sandbox, 1)

    finished = export(tmp_path / "all.csv", hubspot_sandbox, "-p", "email,city")

    assert finished.code == 0
    assert "the token may not read the properties of contacts" in finished.err


@pytest.mark.hubspot_sandbox(faults=[Fault(FaultKind.MISSING_SCOPES), None])
def test_all_properties_cannot_be_read_without_knowing_them(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    finished = export(tmp_path / "all.csv", hubspot_sandbox, "--all-properties")

    assert finished.code == 2
    assert "--all-properties: the token may not read the properties" in finished.err
    assert list(tmp_path.iterdir()) == []


def test_all_properties_come_in_the_order_of_the_account(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    fill(hubspot_sandbox, 3, city="Brno")
    hubspot_sandbox.define_property("contacts", "zebra")
    path = tmp_path / "all.csv"

    assert export(path, hubspot_sandbox, "--all-properties", "--no-check").code == 0

    listed = hubbatch("properties", "contacts", "--base-url", hubspot_sandbox.base_url).out
    names = [each["name"] for each in orjson.loads(listed)["results"]]
    assert path.read_text("utf-8-sig").splitlines()[0].split(",") == ["id", *names]
    assert cells(path, "city") == ["Brno"] * 3
    assert "zebra" in names


@pytest.mark.parametrize(
    ("options", "pages"), [((), 3), (("--where", "city=Brno"), 2), (("--with-history",), 3)]
)
def test_more_properties_than_fit_into_a_request_are_read_by_ids(
    tmp_path: Path, hubspot_sandbox: Sandbox, options: tuple[str, ...], pages: int
) -> None:
    names = [f"a_property_with_a_long_name_{number}" for number in range(300)]
    for name in names:
        hubspot_sandbox.define_property("contacts", name)
    fill(hubspot_sandbox, 250, city="Brno", **{names[-1]: "last"})
    path = tmp_path / ("all.ndjson" if "--with-history" in options else "all.csv")

    finished = export(path, hubspot_sandbox, "--all-properties", *options)

    assert finished.code == 0, finished.err
    assert "each hundred objects is read by a second request" in " ".join(finished.err.split())
    assert max(len(request.path) for request in hubspot_sandbox.requests) < 6_000
    assert "DONE: 250 objects" in finished.out
    if "--with-history" in options:
        values = [each["properties"] for each in lines_of(path)]
        assert "value" in lines_of(path)[0]["propertiesWithHistory"][names[-1]][0]
    else:
        values = [dict(row) for row in read(path, notice=lambda _: None)]
    assert [each["email"] for each in values] == [f"p{number}@b.cz" for number in range(250)]
    assert {each[names[-1]] for each in values} == {"last"}
    reads = sum("/batch/read" in request.path for request in hubspot_sandbox.requests)
    assert reads == (5 if "--with-history" in options else 3)
    assert len(hubspot_sandbox.requests) == 1 + pages + reads


def test_reading_by_ids_goes_on_where_it_was_stopped(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    fill(hubspot_sandbox, 450)
    names = ",".join(f"a_property_with_a_long_name_{number}" for number in range(300))
    path, options = tmp_path / "all.csv", ("--no-check", "-p", f"email,{names}")

    with interrupted(lambda: hubspot_sandbox.request_count >= 4):
        stopped = export(path, hubspot_sandbox, *options)

    assert stopped.code == 3
    assert len(cells(path)) < 450
    assert export(path, hubspot_sandbox, *options, "--append").code == 0
    assert cells(path) == [f"p{number}@b.cz" for number in range(450)]


@pytest.mark.parametrize(
    ("typed", "delimiter"), [(";", ";"), ("tab", "\t"), ("\\t", "\t"), ("|", "|")]
)
def test_a_csv_has_the_delimiter_that_is_wanted(
    tmp_path: Path, hubspot_sandbox: Sandbox, typed: str, delimiter: str
) -> None:
    fill(hubspot_sandbox, 2, **LIVELY)
    path = tmp_path / "all.csv"
    options = ("-p", ",".join(["email", *LIVELY]), "--delimiter", typed)

    assert export(path, hubspot_sandbox, *options).code == 0

    head = path.read_text("utf-8-sig").splitlines()[0]
    assert head == delimiter.join(["id", "email", *LIVELY])
    assert cells(path, "lastname") == [LIVELY["lastname"]] * 2
    assert export(path, hubspot_sandbox, *options, "--append").code == 0
    other = export(path, hubspot_sandbox, *options[:2], "--append")
    assert other.code == 3
    assert "it has other columns" in other.err


def test_conditions_and_dates_are_a_search(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    fill(hubspot_sandbox, 5, city="Brno")
    fill(hubspot_sandbox, 3)
    path = tmp_path / "all.csv"

    finished = export(
        path, hubspot_sandbox, "-p", "email", "--where", "city=Brno", "--since", "2020-01-01"
    )

    assert finished.code == 0
    assert len(cells(path)) == 5
    assert "/search" in hubspot_sandbox.requests[-1].path
    later = export(path, hubspot_sandbox, "-p", "email", "--since", "2999-01-01", "--force")
    assert "DONE: 0 objects" in later.out
    assert path.read_text("utf-8-sig") == "id,email\n"
    words = export(path, hubspot_sandbox, "-p", "email", "--query", "p4@b.cz", "--force")
    assert words.code == 0
    assert cells(path) == ["p4@b.cz"]


def test_archived_objects_and_histories(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    fill(hubspot_sandbox, 2)
    path = tmp_path / "all.ndjson"

    assert export(path, hubspot_sandbox, "-p", "email", "--archived").code == 0
    assert path.read_bytes() == b""
    assert export(path, hubspot_sandbox, "-p", "email", "--with-history", "--force").code == 0
    assert lines_of(path)[0]["propertiesWithHistory"]["email"][0]["value"] == "p0@b.cz"


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        (("--where", "amount"), "BETWEEN IN NOT_IN HAS_PROPERTY"),
        (("--where", "amount ~ 3"), "it has = != < <= > >="),
        (("--where", "amount LIKE x"), "BETWEEN, IN, NOT_IN"),
        (("--where", "amount BETWEEN 3"), "two values"),
        (("--where", "amount HAS_PROPERTY 3"), "no value"),
        (("--where", "amount IN"), "at least one value"),
        (("--where", "city IN Bonn\nParis"), "into quotes"),
        (("--where", 'city IN "Bonn,Paris'), "into quotes"),
        (("--where", "city IN a" + "b" * 140_000), "into quotes"),
        (("--where", "city=\udcff"), "not valid Unicode"),
        (("--query", "\udcff"), "not valid Unicode"),
        (("-p", "a\udcff"), "not valid Unicode"),
        (("--since", "yesterday"), "2026-11-01"),
        (("--where", "a=1", "--archived"), "neither archived"),
        (("--since", "2026-01-01", "-p", "a", "--with-history"), "nor histories"),
        (("--with-history",), "name the properties"),
        (("--after", "nonsense"), "cursor"),
        (("--output-format", "xml"), "parquet"),
        (("-p", "id"), "leave it out"),
        (("-p", "a", "--with-history"), "CSV is flat"),
        (("--nested",), "CSV is flat"),
        (("--append", "--force"), "not both"),
        (("--delimiter", ":"), "one of , ; | or tab"),
        (("--output-delimiter", ":"), "'--delimiter' / '--output-delimiter'"),
        (("--delimiter", ";", "--output-format", "ndjson"), "for CSV only"),
        (("--all-properties", "-p", "email"), "leave --property out"),
        (("--query", "a" * 3_000), "shorten the filters"),
    ],
)
def test_a_call_that_is_wrong_sends_nothing_and_makes_no_file(
    tmp_path: Path, hubspot_sandbox: Sandbox, options: tuple[str, ...], advice: str
) -> None:
    finished = export(tmp_path / "all.csv", hubspot_sandbox, *options)

    assert finished.code == 2
    assert advice in " ".join(finished.err.replace("│", "").split())
    assert hubspot_sandbox.request_count == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        (("--output-format", "csv"), "is there already"),
        (("-o", "all.xlsx"), "csv, ndjson, parquet"),
    ],
)
def test_a_file_that_is_there_stays(
    tmp_path: Path, hubspot_sandbox: Sandbox, options: tuple[str, ...], advice: str
) -> None:
    path = tmp_path / "all.csv"
    path.write_text("mine")

    finished = export(path, hubspot_sandbox, *options)

    assert finished.code == 2
    assert advice in " ".join(finished.err.replace("│", "").split())
    assert path.read_text() == "mine"


@pytest.mark.hubspot_sandbox(strict=True)
def test_a_filter_that_hubspot_refuses_is_a_usage_error(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    finished = export(tmp_path / "all.csv", hubspot_sandbox, "-p", "email", "--where", "emial=x")

    assert finished.code == 2
    assert "emial" in finished.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.hubspot_sandbox(faults=[None, *[Fault(FaultKind.PROXY_AUTHENTICATION)] * 3])
def test_what_stops_an_export_is_said_with_options_and_not_with_parameters(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    fill(hubspot_sandbox, 1)

    finished = export(tmp_path / "all.csv", hubspot_sandbox, "-p", "email", "--json")

    assert finished.code == 3
    assert "check it, and --base-url" in finished.err
    assert "check it, and --base-url" in orjson.loads(finished.out)["message"]


@pytest.mark.hubspot_sandbox(latency=0.2)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_first_signal_leaves_a_whole_file_and_the_way_to_go_on(
    tmp_path: Path, hubspot_sandbox: Sandbox, suffix: str
) -> None:
    fill(hubspot_sandbox, 900)
    path, rest = tmp_path / f"all.{suffix}", tmp_path / f"rest.{suffix}"

    with interrupted(lambda: hubspot_sandbox.request_count >= 3):
        stopped = export(path, hubspot_sandbox, "-p", "email")

    assert stopped.code == 3
    assert "stopped by a signal" in stopped.err
    found = re.search(r"--after (\S+)", stopped.err)
    first = cells(path)
    assert 100 <= len(first) < 900
    if suffix == "csv":
        assert found is None  # a note beside the file has it
        assert "--append" in stopped.err
        again = export(path, hubspot_sandbox, "-p", "email", "--append")
        everything = cells(path)
    else:
        assert found is not None
        assert f"--output {tmp_path}/all-2.parquet" in stopped.err
        again = export(rest, hubspot_sandbox, "-p", "email", "--after", found[1])
        everything = first + cells(rest)
    assert again.code == 0
    assert everything == [f"p{number}@b.cz" for number in range(900)]


@pytest.mark.hubspot_sandbox(
    faults=[None, None, *(Fault(FaultKind.MISSING_SCOPES) for _ in range(20))]
)
def test_what_ends_it_early_is_said_with_the_way_to_go_on(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    fill(hubspot_sandbox, 300)
    path = tmp_path / "all.csv"

    finished = export(path, hubspot_sandbox, "-p", "email")

    assert finished.code == 3
    assert "STOPPED: 100 objects" in finished.out
    assert f"to go on: hubbatch export contacts -o {path} --base-url" in finished.err
    assert finished.err.rstrip().endswith("-p email --append")
    assert len(cells(path)) == 100


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is full")
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_full_disk_stops_it(hubspot_sandbox: Sandbox, kind: str) -> None:
    fill(hubspot_sandbox, 1)

    finished = export("/dev/full", hubspot_sandbox, "-p", "email", "--output-format", kind)

    assert finished.code == 3
    assert "cannot write /dev/full: No space left" in finished.err
    assert "remove /dev/full" not in finished.err


def test_an_object_type_that_is_not_there_is_a_usage_error(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    options = ("--base-url", hubspot_sandbox.base_url, "-o", str(tmp_path / "all.csv"))
    finished = hubbatch("export", "nothings", *options)

    assert finished.code == 2
    assert "no such object type" in finished.err
    assert "to go on" not in finished.err
    assert list(tmp_path.iterdir()) == []


def test_quiet_it_says_nothing_if_all_is_well(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    fill(hubspot_sandbox, 1)

    finished = export(tmp_path / "all.csv", hubspot_sandbox, "--quiet")

    assert (finished.code, finished.out, finished.err) == (0, "", "")


@pytest.mark.hubspot_sandbox(
    faults=[None, None, *(Fault(FaultKind.MISSING_SCOPES) for _ in range(20))]
)
def test_as_json_it_tells_what_became_of_it(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    fill(hubspot_sandbox, 300)
    path = tmp_path / "all.csv"

    finished = export(path, hubspot_sandbox, "-p", "email,emial", "--json", "--no-check")

    said = orjson.loads(finished.out)
    assert (said["ended"], said["exitCode"], said["objects"]) == ("stopped", 3, 200)
    assert said["output"] == str(path)
    assert said["cursor"]
    assert said["next"].endswith("--append")
    assert "emial" in said["notes"][0]

    both = export("-", hubspot_sandbox, "--json")
    assert both.code == 2
    assert "--json takes standard output" in both.err


def test_standard_output_gets_lines(hubspot_sandbox: Sandbox) -> None:
    fill(hubspot_sandbox, 2)

    finished = export("-", hubspot_sandbox, "-p", "email")

    assert [orjson.loads(line)["email"] for line in finished.out.splitlines()] == [
        "p0@b.cz",
        "p1@b.cz",
    ]
    assert "DONE: 2 objects, " in finished.err
    table = export("-", hubspot_sandbox, "-p", "email", "--output-format", "csv")
    assert table.out.splitlines()[0] == "id,email"


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="descriptors have no names here")
def test_it_ends_without_a_word_when_its_reader_has_gone(hubspot_sandbox: Sandbox) -> None:
    fill(hubspot_sandbox, 2)
    reading, broken = os.pipe()
    os.close(reading)
    try:
        finished = export(f"/dev/fd/{broken}", hubspot_sandbox, "-p", "email")
    finally:
        os.close(broken)

    assert (finished.code, finished.out, finished.err) == (141, "", "")


# Conditions by themselves


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("amount>=1000", Filter("amount", "GTE", "1000")),
        (" amount < -5 ", Filter("amount", "LT", "-5")),
        ("stage=won, lost", Filter("stage", "EQ", "won, lost")),
        ("stage != a=b", Filter("stage", "NEQ", "a=b")),
        ("stage<>x", Filter("stage", "NEQ", "x")),
        ("stage==x", Filter("stage", "EQ", "x")),
        ("amount<=3", Filter("amount", "LTE", "3")),
        ("amount>3", Filter("amount", "GT", "3")),
        ('stage in "a, b", c', Filter("stage", "IN", ["a, b", "c"])),
        ('size IN 5" pipe,"a\nb"', Filter("size", "IN", ['5" pipe', "a\nb"])),
        ("stage NOT_IN a", Filter("stage", "NOT_IN", ["a"])),
        ("amount between 1,2", Filter("amount", "BETWEEN", "1", high_value="2")),
        ("email has_property", Filter("email", "HAS_PROPERTY")),
        ("name CONTAINS_TOKEN two words*", Filter("name", "CONTAINS_TOKEN", "two words*")),
        ("html EQ =<b>", Filter("html", "EQ", "=<b>")),
    ],
)
def test_a_condition_is_a_filter(text: str, condition: Filter) -> None:
    assert filters_of([text]) == [condition]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-01", "2026-11-01T00:00:00+00:00"),
        ("2026-11-01T08:30+01:00", "2026-11-01T08:30:00+01:00"),
    ],
)
def test_since_is_a_moment_in_the_property_of_the_type(text: str, moment: str) -> None:
    names = {}
    for object_type in ("contacts", "0-1", "deals", "p_thing"):
        found = since(text, object_type)
        assert found.value.isoformat() == moment
        names[object_type] = found.property_name
    assert names == {
        "contacts": "lastmodifieddate",
        "0-1": "lastmodifieddate",
        "deals": "hs_lastmodifieddate",
        "p_thing": "hs_lastmodifieddate",
    }


def test_a_condition_without_a_property_is_refused() -> None:
    with pytest.raises(UsageError, match="takes a property"):
        filters_of(["=3"])
