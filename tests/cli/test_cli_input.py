"""Files and what is wrong with them, seen from the shell: exit codes, messages, and what was sent before."""

from __future__ import annotations

import gzip
import os
import stat
from encodings import aliases
from pathlib import Path

import pytest
from cli_driver import Finished, batches, contacts, hubbatch, table_of
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hubbatch.sandbox import Sandbox

ENCODINGS = sorted({*aliases.aliases, *aliases.aliases.values()})


def upsert(path: object, sandbox: Sandbox, *options: object) -> Finished:
    return hubbatch(
        "upsert",
        "contacts",
        path,
        *("--id-property", "email"),
        *("--base-url", sandbox.base_url),
        *options,
    )


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_csv_arrives_with_accents_commas_and_emoji(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(
        tmp_path / "people.csv",
        '\ufeffemail,firstname,city\nzoe@b.cz,Zoë 🚀,"Praha, CZ"\nli@b.cz,李,\n',
    )

    finished = upsert(path, hubspot_sandbox)

    assert finished.code == 0
    assert finished.count("succeeded") == finished.count("read") == 2
    stored = contacts(hubspot_sandbox)
    assert stored["zoe@b.cz"]["firstname"] == "Zoë 🚀"
    assert stored["zoe@b.cz"]["city"] == "Praha, CZ"
    assert "city" not in stored["li@b.cz"]


def test_an_empty_cell_leaves_a_property_alone_or_clears_it(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(tmp_path / "people.csv", "email,city,firstname\na@b.cz,,Ann\n")
    hubspot_sandbox.add("contacts", {"email": "a@b.cz", "city": "Brno"})

    assert upsert(path, hubspot_sandbox).code == 0
    assert contacts(hubspot_sandbox)["a@b.cz"]["city"] == "Brno"

    assert upsert(path, hubspot_sandbox, "--clear-empty").code == 0
    assert "city" not in contacts(hubspot_sandbox)["a@b.cz"]
    assert contacts(hubspot_sandbox)["a@b.cz"]["firstname"] == "Ann"


@pytest.mark.parametrize("suffix", [".ndjson", ".jsonl", ".json", ".txt", ".JSONL"])
def test_ndjson_is_known_by_its_name_or_its_first_character(
    tmp_path: Path, hubspot_sandbox: Sandbox, suffix: str
) -> None:
    path = written(
        tmp_path / f"people{suffix}",
        '{"email":"a@b.cz","n":1.50}\n{"id":"c@b.cz","properties":{"city":""}}\n',
    )

    assert upsert(path, hubspot_sandbox).code == 0
    assert contacts(hubspot_sandbox)["a@b.cz"]["n"] == "1.50"
    assert len(hubspot_sandbox.objects("contacts")) == 2


def test_format_delimiter_and_encoding_can_be_given(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(tmp_path / "people.json", "email\tname\na@b.cz\tZoë\n".encode("cp1252"))

    options = ("--format", "csv", "--delimiter", "\\t", "--encoding", "cp1252")
    assert upsert(path, hubspot_sandbox, *options).code == 0
    assert contacts(hubspot_sandbox)["a@b.cz"]["name"] == "Zoë"


@pytest.mark.parametrize(
    ("name", "bad", "advice"),
    [
        ("people.csv", b"x@b.cz\n", "1 cells where the header has 2"),
        ("people.csv", b"x@b.cz,\xff\n", "byte 0xFF is not utf-8"),
        ("people.csv", b"x@b.cz,\0\n", "NUL"),
        ("people.csv", b'x@b.cz,"open\n', "never closed"),
    ],
)
def test_a_bad_line_is_the_end_where_that_is_wanted_and_the_outcome_says_how_far_it_got(
    tmp_path: Path, hubspot_sandbox: Sandbox, name: str, bad: bytes, advice: str
) -> None:
    good = b",\n,\n,\n" + b"".join(b"p%d@b.cz,x\n" % n for n in range(250))
    path = written(tmp_path / name, b"email,name\n" + good + bad + b",\n,\nlater@b.cz,x\n")
    rejects = tmp_path / "rejects.csv"

    options = ("--rejects", rejects, "--encoding", "utf-8", "--bad-lines", "stop")
    finished = upsert(path, hubspot_sandbox, *options)

    # The connection is open already, for the account was asked: a batch may leave before the bad line is read.
    assert finished.code == (4 if batches(hubspot_sandbox) else 2)
    assert f"{path}, line 255: " in finished.err
    assert advice in finished.err
    assert finished.count("blank rows") == 3  # not those behind the end, which were read ahead
    assert finished.count("bad line") == 1
    assert finished.count("read") == 250 + 3 + 1
    assert finished.count("unknown") == finished.count("failed") == 0
    assert finished.count("succeeded") == len(contacts(hubspot_sandbox))
    unsent = {line["email"] for line in table_of(rejects)}
    assert len(unsent) == finished.count("unsent")
    assert unsent | contacts(hubspot_sandbox).keys() == {f"p{n}@b.cz" for n in range(250)}


def test_an_empty_column_without_a_name_is_no_reason_to_refuse_a_file(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(tmp_path / "people.csv", "email,firstname,\na@b.cz,Zo,\nc@d.cz,,\n")

    finished = upsert(path, hubspot_sandbox, "--validate")

    assert finished.code == 0
    assert finished.err.count("column 3 has no name, and must be empty") == 1
    assert contacts(hubspot_sandbox).keys() == {"a@b.cz", "c@d.cz"}

    path.write_text("email,firstname,\na@b.cz,Zo,x\n")
    refused = upsert(path, hubspot_sandbox)
    assert refused.code == 2
    assert "people.csv, line 2: column 3 has a value here and no name" in refused.err


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "there is no header"),
        ("email,a,a\n", "names a twice"),
        ("name\nx\n", "no column 'email'"),
        ("email^name\n", "name the delimiter"),
    ],
)
def test_a_bad_header_sends_nothing(
    tmp_path: Path, hubspot_sandbox: Sandbox, text: str, advice: str
) -> None:
    finished = upsert(written(tmp_path / "people.csv", text), hubspot_sandbox)

    assert finished.code == 2
    assert "people.csv, line 1: " in finished.err
    assert advice in finished.err
    assert not batches(hubspot_sandbox)


def test_an_unreadable_ndjson_line(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    path = written(tmp_path / "people.ndjson", '{"email":"a@b.cz"}\n{"email":\n')

    finished = upsert(path, hubspot_sandbox, "--bad-lines", "stop")

    assert finished.code == 2
    assert "people.ndjson, line 2: not JSON" in finished.err


def test_files_that_cannot_be_opened(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    missing = upsert(tmp_path / "nothing.csv", hubspot_sandbox)
    folder = upsert(tmp_path, hubspot_sandbox)

    assert (missing.code, folder.code) == (2, 2)
    assert "nothing.csv: No such file" in missing.err
    assert "Is a directory" in folder.err


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_without_permission(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    path = written(tmp_path / "people.csv", "email\n")
    path.chmod(stat.S_IWUSR)

    finished = upsert(path, hubspot_sandbox)

    assert finished.code == 2
    assert "Permission denied" in finished.err


def test_a_number_that_cannot_be_had_is_one_line_of_advice(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(
        tmp_path / "people.ndjson",
        '{"email":"a@b.cz"}\n{"email":"b@b.cz","n":1e99999999999999999999}\n',
    )

    finished = upsert(path, hubspot_sandbox, "--bad-lines", "stop")

    assert finished.code == 2
    assert (
        "people.ndjson, line 2: the number 1e99999999999999999999 is out of range" in finished.err
    )
    assert contacts(hubspot_sandbox).keys() <= {"a@b.cz"}


@pytest.mark.parametrize(
    "encoding", ["klingon", "rot13", "idna", "punycode", "unicode_escape", "zlib"]
)
def test_an_encoding_that_does_not_exist(
    tmp_path: Path, hubspot_sandbox: Sandbox, encoding: str
) -> None:
    path = written(tmp_path / "people.csv", "email\n")

    finished = upsert(path, hubspot_sandbox, "--encoding", encoding)

    assert finished.code == 2
    assert "no text encoding" in finished.err


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=st.binary() | st.text('{}[]",:\\\nau180eE+-. ').map(str.encode),
    encoding=st.sampled_from(ENCODINGS) | st.text(st.characters(exclude_characters="\0")),
    form=st.sampled_from(["csv", "ndjson"]),
)
@example(data=b'{"a":1e99999999999999999999}', encoding="utf-8", form="ndjson")
@example(data="id\n1\n".encode("utf-16-le"), encoding="utf-16", form="csv")
def test_no_file_and_no_encoding_ends_the_command_in_a_traceback(
    tmp_path: Path, data: bytes, encoding: str, form: str
) -> None:
    path = written(tmp_path / "input", data)
    rejects = ("--rejects", tmp_path / "rejects", "--force")
    options = (f"--encoding={encoding}", "--format", form, *rejects)

    finished = hubbatch("create", "contacts", path, "--sandbox", *options)  # which looks for one

    assert finished.code in {0, 1, 2}


def test_a_spreadsheets_csv_is_read_as_it_is_and_what_was_assumed_is_said(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(tmp_path / "people.csv", "email;firstname\na@b.cz;Zoë\n;\n".encode("cp1252"))

    finished = upsert(path, hubspot_sandbox)

    assert finished.code == 0
    assert f"{path}: read as cp1252, delimiter ';'" in finished.err
    assert contacts(hubspot_sandbox)["a@b.cz"]["firstname"] == "Zoë"
    assert "read as" not in upsert(path, hubspot_sandbox, "--quiet").err


def test_several_files_and_patterns_are_one_run(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    for name, text in (("1.csv", "email\na@b.cz\n"), ("2.csv", "email\nc@d.cz\nno address\n")):
        written(tmp_path / name, text)
    third = written(tmp_path / "third", gzip.compress(b"email\ne@f.cz\n"))
    rejects = tmp_path / "rejects.csv"

    finished = hubbatch(
        *("upsert", "contacts", tmp_path / "*.csv", third, "--id-property", "email"),
        *("--base-url", hubspot_sandbox.base_url, "--rejects", rejects),
    )

    assert finished.count("read") == 4
    assert contacts(hubspot_sandbox).keys() == {"a@b.cz", "c@d.cz", "e@f.cz"}
    assert [line["_line"] for line in table_of(rejects)] == ["3"]


def test_no_file_of_several_is_written_to(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    paths = [written(tmp_path / f"{n}.csv", "email\na@b.cz\n") for n in (1, 2)]
    finished = upsert(paths[0], hubspot_sandbox, paths[1], "--rejects", paths[1], "--force")

    assert finished.code == 2
    assert "in use" in finished.err


def test_columns_are_mapped_chosen_dropped_and_set(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(tmp_path / "people.csv", "Email Address,First,junk,city\na@b.cz,Ann,x,Brno\n")
    mapping = written(tmp_path / "map.txt", "\ufeff# names\nFirst = firstname\n\n")

    finished = upsert(
        path,
        hubspot_sandbox,
        *("--map", "Email Address=email", "--map-file", mapping),
        *("--drop", "junk,city", "--set", "lifecyclestage=lead"),
    )

    assert finished.code == 0
    stored = contacts(hubspot_sandbox)["a@b.cz"]
    assert (stored["firstname"], stored["lifecyclestage"]) == ("Ann", "lead")
    assert "city" not in stored
    chosen = ("--map", "Email Address=email", "--columns", "email,city")
    assert upsert(path, hubspot_sandbox, *chosen).code == 0
    assert contacts(hubspot_sandbox)["a@b.cz"]["city"] == "Brno"


def test_after_a_wrong_encoding_the_rejects_are_loaded_with_the_right_one(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    text = "email,city\na@b.cz,Köln\nc@d.cz,Brno\n"
    path, bad = written(tmp_path / "people.csv", text.encode("cp1252")), tmp_path / "bad.csv"

    first = upsert(path, hubspot_sandbox, "--encoding", "utf-8", "--rejects", bad)
    assert first.code == 1
    assert "byte 0xF6 is not utf-8" in first.err + first.out
    assert f"hubbatch upsert contacts {bad} --id-property email" in first.out
    assert "--encoding" not in first.out
    again = upsert(bad, hubspot_sandbox)
    assert again.code == 1
    assert "write what is meant in place of <0xF6>, or name the encoding" in again.out
    right = upsert(bad, hubspot_sandbox, "--encoding", "cp1252")
    assert right.code == 0, right.err
    assert f"{bad}: read as utf-8" in right.err
    assert {who: each["city"] for who, each in contacts(hubspot_sandbox).items()} == {
        "a@b.cz": "Köln",
        "c@d.cz": "Brno",
    }


def test_an_encoding_that_contradicts_the_byte_order_mark_is_a_usage_error(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(tmp_path / "people.csv", "\ufeffemail,city\na@b.cz,Köln\n")

    finished = upsert(path, hubspot_sandbox, "--encoding", "cp1252")

    assert finished.code == 2
    assert "begins with the byte order mark of utf-8, and the encoding" in finished.err
    assert not batches(hubspot_sandbox)
    assert upsert(path, hubspot_sandbox).code == 0


def test_a_map_file_is_read_in_the_encoding_that_it_has(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(tmp_path / "people.csv", 'email,"Größe, cm",a=b\na@b.cz,180,x\n')
    mapping = written(
        tmp_path / "map.txt", '"Größe, cm"=city # size\r\na=b=firstname\r\n'.encode("cp1252")
    )

    finished = upsert(path, hubspot_sandbox, "--map-file", mapping)

    assert finished.code == 0, finished.err
    assert f"{mapping}: read as cp1252" in finished.err
    stored = contacts(hubspot_sandbox)["a@b.cz"]
    assert (stored["city"], stored["firstname"]) == ("180", "x")
    assert "read as" not in upsert(path, hubspot_sandbox, "--map-file", mapping, "--quiet").err


def test_the_option_that_leaves_a_column_with_a_comma_out_works_as_it_is_shown(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(tmp_path / "people.csv", 'email,"a,b"\na@b.cz,180\n')

    refused = upsert(path, hubspot_sandbox)
    assert refused.code == 2
    assert """--drop '"a,b"' leaves it out""" in refused.err
    assert upsert(path, hubspot_sandbox, "--drop", '"a,b"').code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--map", "email"), "is not COLUMN=property"),
        (("--set", "x"), "is not property=value"),
        (("--map-file", "/no/such/file"), "cannot read /no/such/file: No such file"),
        (("--drop", "y"), "--drop names the column 'y', which is not in the header"),
        (("--columns", "y"), "--columns names the column 'y', which is not in the header"),
        (("--map", "Emial=email"), "is 'Email' meant?"),
        (("--format", "csv", "--delimiter", "||"), "one character"),
    ],
)
def test_wrong_columns_send_nothing(
    tmp_path: Path, hubspot_sandbox: Sandbox, options: tuple[str, ...], said: str
) -> None:
    path = written(tmp_path / "people.csv", "email,Email\na@b.cz,c@d.cz\n")

    finished = upsert(path, hubspot_sandbox, *options)

    assert finished.code == 2
    assert said in " ".join(finished.err.replace("│", " ").split())
    assert not batches(hubspot_sandbox)


def test_ids_are_read_from_the_column_that_is_meant(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    stored = hubspot_sandbox.add("contacts", {"email": "a@b.cz"})
    path = written(tmp_path / "ids.csv", f"note,Record ID\nx,{stored.id}\ny,\n")
    bare = written(tmp_path / "ids.ndjson", f'{stored.id}\n"{stored.id}"\n{{"id":{stored.id}}}\n')
    options = ("--base-url", hubspot_sandbox.base_url)

    mapped = hubbatch("read", "contacts", path, "--map", "Record ID=id", *options)
    assert (mapped.count("succeeded"), mapped.count("failed")) == (1, 1)
    assert hubbatch("read", "contacts", bare, *options).count("succeeded") == 3
