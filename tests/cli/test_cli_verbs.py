"""The five verbs against a sandbox: what arrives, what is written, and every exit code."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from cli_driver import Finished, batches, contacts, hubbatch, lines_of, table_of
from echo_server import echoing

from hubbatch import RateLimit
from hubbatch.sandbox import FaultKind, Sandbox


def run(verb: str, path: object, sandbox: Sandbox, *options: object) -> Finished:
    return hubbatch(verb, "contacts", path, "--base-url", sandbox.base_url, *options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "people.csv").write_text("email,firstname\na@b.cz,Ann\nb@b.cz,Bob\nno,Eve\n")
    return tmp_path


def test_create_and_the_rejects_that_can_be_sent_again(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    rejects = folder / "rejects.csv"
    options = ("--unique-property", "email", "--rejects", rejects)

    finished = run("create", folder / "people.csv", hubspot_sandbox, *options)

    assert finished.code == 1
    assert (finished.count("succeeded"), finished.count("failed")) == (2, 1)
    assert "1 × failed: VALIDATION_ERROR" in finished.out
    assert "line 4" in finished.out
    [reject] = table_of(rejects)
    assert reject.pop("_message")
    assert reject == {
        "_file": str(folder / "people.csv"),
        "_line": "4",
        "_status": "FAILED",
        "_category": "VALIDATION_ERROR",
        "email": "no",
        "firstname": "Eve",
    }

    mended = folder / "mended.csv"
    mended.write_text(rejects.read_text().replace("no,Eve", "eve@b.cz,Eve"))
    assert run("create", mended, hubspot_sandbox, *options, "--force").code == 0
    assert rejects.read_text() == ""
    assert contacts(hubspot_sandbox)["eve@b.cz"]["firstname"] == "Eve"


def test_rejects_of_lines_of_json_are_such_lines(folder: Path, hubspot_sandbox: Sandbox) -> None:
    path, rejects = folder / "people.ndjson", folder / "rejects.ndjson"
    path.write_text('{"email":"a@x.com"}\n{"email":"b@x.com","score":{}}\n')
    options = ("--id-property", "email")
    assert run("upsert", path, hubspot_sandbox, *options, "--rejects", rejects).code == 1
    mended = folder / "mended.ndjson"
    [line] = lines_of(rejects)
    assert line["_status"] == "FAILED"
    mended.write_bytes(orjson.dumps({**line, "score": 1}))
    assert run("upsert", mended, hubspot_sandbox, *options).code == 0
    assert len(hubspot_sandbox.objects("contacts")) == 2


def test_update_by_record_id_and_by_a_unique_property(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    stored = hubspot_sandbox.add("contacts", {"email": "a@b.cz"})
    path = folder / "update.csv"

    path.write_text(f"id,city\n{stored.id},Brno\n")
    assert run("update", path, hubspot_sandbox).code == 0
    assert stored.properties["city"] == "Brno"

    path.write_text("email,city\nA@b.cz,Praha\nmissing@b.cz,x\n")
    finished = run("update", path, hubspot_sandbox, "--id-property", "email")
    assert finished.code == 1
    assert "OBJECT_NOT_FOUND" in finished.out
    assert stored.properties["city"] == "Praha"


def test_read_writes_results_to_stdout_and_the_table_to_stderr(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    for name in ("a", "b"):
        hubspot_sandbox.add("contacts", {"email": f"{name}@b.cz", "firstname": f"Zoë {name}"})
    rejects = folder / "rejects.csv"

    finished = run(
        "read",
        folder / "people.csv",
        hubspot_sandbox,
        *("--id-property", "email", "-p", "firstname", "--rejects", rejects),
    )

    assert finished.code == 1
    results = [orjson.loads(line) for line in finished.out.splitlines()]
    assert [result["firstname"] for result in results] == ["Zoë a", "Zoë b"]
    assert {result["id"] for result in results} == hubspot_sandbox.objects("contacts").keys()
    assert finished.count("succeeded") == 2
    assert "│" not in finished.out
    assert [line["email"] for line in table_of(rejects)] == ["no"]


def test_read_with_history_into_a_file_from_bare_ids(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    stored = hubspot_sandbox.add("contacts", {"email": "a@b.cz"})
    path, output = folder / "ids.ndjson", folder / "out.ndjson"
    path.write_text(f'{stored.id}\n"999"\n')
    output.write_text("what was there before\n" * 100)

    finished = run(
        "read",
        path,
        hubspot_sandbox,
        *("--with-history", "--property", "email", "--output", output, "--force"),
    )

    assert finished.code == 1
    [result] = lines_of(output)
    assert result["id"] == stored.id
    assert result["propertiesWithHistory"]["email"][0]["value"] == "a@b.cz"
    assert finished.count("failed") == 1
    assert "│" in finished.out


def test_archive_and_read_what_is_archived(folder: Path, hubspot_sandbox: Sandbox) -> None:
    stored = hubspot_sandbox.add("contacts", {"email": "a@b.cz"})
    path = folder / "ids.csv"
    path.write_text(f"name,id\nAnn,{stored.id}\n")

    assert run("archive", path, hubspot_sandbox).code == 0
    assert stored.archived
    finished = run("read", path, hubspot_sandbox, "--archived", "--nested")
    assert finished.code == 0
    assert orjson.loads(finished.out)["archived"] is True


def test_history_needs_a_property(folder: Path, hubspot_sandbox: Sandbox) -> None:
    finished = run("read", folder / "people.csv", hubspot_sandbox, "--with-history")

    assert finished.code == 2
    assert "--property" in finished.err


def test_an_unknown_object_type_stops_the_run(folder: Path, hubspot_sandbox: Sandbox) -> None:
    finished = hubbatch(
        "create", "unicorns", folder / "people.csv", "--base-url", hubspot_sandbox.base_url
    )

    assert finished.code == 3
    assert finished.count("succeeded") == 0
    assert "unicorns" in finished.err


@pytest.mark.hubspot_sandbox(token="another")
def test_a_refused_token_stops_the_run(folder: Path, hubspot_sandbox: Sandbox) -> None:
    finished = run("create", folder / "people.csv", hubspot_sandbox)

    assert finished.code == 3
    assert "error: " in finished.err
    assert finished.count("read") == finished.count("failed") + finished.count("unsent") == 3


@pytest.mark.hubspot_sandbox(forbidden=["contacts"])
def test_a_missing_scope_stops_the_run(folder: Path, hubspot_sandbox: Sandbox) -> None:
    assert run("create", folder / "people.csv", hubspot_sandbox).code == 3


@pytest.mark.hubspot_sandbox(faults=[FaultKind.RATE_DAILY])
def test_the_daily_limit_stops_the_run(folder: Path, hubspot_sandbox: Sandbox) -> None:
    assert run("create", folder / "people.csv", hubspot_sandbox, "--no-check").code == 3


def test_max_failures_stops_the_run(folder: Path, hubspot_sandbox: Sandbox) -> None:
    path = folder / "many.csv"
    path.write_text("email\n" + "broken\n" * 20_000)

    finished = run("create", path, hubspot_sandbox, "--max-failures", 3, "--batch-size", 10)

    assert finished.code == 3
    assert "--max-failures" in finished.err
    assert 3 <= finished.count("failed") < 20_000


@pytest.mark.hubspot_sandbox(rate_limit=RateLimit(1, 0.6))
def test_a_deadline_stops_the_run(folder: Path, hubspot_sandbox: Sandbox) -> None:
    path = folder / "many.csv"
    path.write_text("email\n" + "".join(f"p{n}@b.cz\n" for n in range(5_000)))

    finished = run("create", path, hubspot_sandbox, "--deadline", 0.2, "--rate", "1/0.6")

    assert finished.code == 3
    assert "--deadline" in finished.err
    assert finished.count("succeeded") == len(contacts(hubspot_sandbox))
    assert finished.count("unsent") > 0


@pytest.mark.parametrize(
    ("duplicates", "code", "city"), [("serial", 0, "2"), ("merge", 0, "2"), ("refuse", 1, "1")]
)
def test_a_key_that_occurs_twice(
    folder: Path, hubspot_sandbox: Sandbox, duplicates: str, code: int, city: str
) -> None:
    path = folder / "twice.csv"
    path.write_text("email,city\na@b.cz,1\nA@B.cz,2\n")

    finished = run(
        "upsert", path, hubspot_sandbox, "--id-property", "email", "--duplicates", duplicates
    )

    assert finished.code == code
    assert contacts(hubspot_sandbox)["a@b.cz"]["city"] == city


def test_quiet_says_nothing_unless_something_failed(folder: Path, hubspot_sandbox: Sandbox) -> None:
    good = folder / "good.csv"
    good.write_text("email\nx@b.cz\n")

    fine = run("create", good, hubspot_sandbox, "--quiet")
    bad = run("create", folder / "people.csv", hubspot_sandbox, "--quiet")

    assert (fine.code, fine.out, fine.err) == (0, "", "")
    assert bad.code == 1
    assert bad.count("failed") >= 1


def test_a_dated_version_and_a_batch_size_reach_the_service(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    finished = run(
        "create",
        folder / "people.csv",
        hubspot_sandbox,
        *("--api-version", "2025-09", "--batch-size", 1, "--rate", "500/1"),
    )

    assert finished.code == 1
    assert batches(hubspot_sandbox) == ["/crm/objects/2025-09/contacts/batch/create"] * 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("--id-property", "email", "--lenient"),
        ("--id-property", "deal_ref"),
        ("--id-property", "email", "--lenient", "--rate", "1000/1"),
    ],
)
def test_the_embedded_sandbox_needs_no_token(folder: Path, arguments: tuple[str, ...]) -> None:
    path = folder / "some.csv"
    path.write_text("email,deal_ref\n" + "".join(f"p{n}@b.cz,{n}\n" for n in range(250)))

    finished = hubbatch("upsert", "contacts", path, "--sandbox", *arguments, token=None)

    assert finished.code == 0
    assert finished.count("succeeded") == 250


def test_a_rehearsal_says_no_to_a_misspelt_column_and_to_an_option_that_is_none(
    folder: Path,
) -> None:
    path = folder / "some.csv"
    arguments = ("upsert", "contacts", path, "--sandbox", "--id-property", "email")
    path.write_text("email,fristname\na@b.cz,Ada\n")

    misspelt = hubbatch(*arguments, token=None)

    assert misspelt.code != 0
    assert "fristname" in misspelt.out + misspelt.err
    assert hubbatch(*arguments, "--lenient", token=None).code == 0

    path.write_text("email,lifecyclestage\na@b.cz,lead\nc@d.cz,Lead\n")

    mixed = hubbatch(*arguments, token=None)

    assert mixed.code == 1
    assert (mixed.count("succeeded"), mixed.count("failed")) == (1, 1)


def test_lenient_is_about_the_sandbox(folder: Path) -> None:
    finished = hubbatch(
        "upsert", "contacts", folder / "people.csv", "--lenient", "--id-property", "email"
    )

    assert finished.code == 2
    assert "--sandbox" in finished.err


def test_an_object_type_that_the_sandbox_does_not_know(folder: Path) -> None:
    finished = hubbatch(
        "upsert", "unicorns", folder / "people.csv", "--sandbox", "--id-property", "email"
    )

    assert finished.code == 3


def test_text_that_is_not_unicode_is_rejected_and_still_written_as_json(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    path, rejects = folder / "odd.ndjson", folder / "rejects.ndjson"
    path.write_text('{"email":"a@b.cz","n":"\\ud800","m":1.5}\n')

    assert run("create", path, hubspot_sandbox, "--rejects", rejects).code == 1
    assert '"n":"\\ud800","m":1.5' in rejects.read_text()


def test_results_that_cannot_be_written_stop_the_run(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    ids = [hubspot_sandbox.add("contacts", {"email": f"p{n}@b.cz"}).id for n in range(300)]
    path = folder / "ids.csv"
    full = ("--output", "/dev/full", "--output-format", "ndjson", "--rate", "1/0.3")

    path.write_text("\n".join(["id", *ids]))
    early = run("read", path, hubspot_sandbox, *full)
    path.write_text(f"id\n{ids[0]}\n")
    late = run("read", path, hubspot_sandbox, *full)

    assert (early.code, late.code) == (3, 3)
    assert "cannot write /dev/full: No space left" in early.err
    assert "cannot write /dev/full: No space left" in late.err
    assert early.count("succeeded") < 300
    assert late.count("succeeded") == 1


def test_many_kinds_of_errors_are_summed_up(folder: Path, hubspot_sandbox: Sandbox) -> None:
    hubspot_sandbox.declare_strict("contacts", ["email"])
    path = folder / "odd.ndjson"
    names = ["".join(chr(97 + int(digit)) for digit in str(n)) for n in range(40)]
    path.write_text("".join(f'{{"email":"{name}@b.cz","{name}":"1"}}\n' for name in names))

    finished = run("create", path, hubspot_sandbox)

    assert finished.code == 1
    assert "20 × failed: VALIDATION_ERROR: various" in finished.out
    assert "and 11 more reasons" in finished.out


def test_messages_cannot_steer_the_terminal(folder: Path, hubspot_sandbox: Sandbox) -> None:
    path = folder / "odd.ndjson"
    path.write_text('{"email":"\\u001b[2Jx"}\n')

    finished = run("create", path, hubspot_sandbox)

    assert finished.code == 1
    assert "\x1b" not in finished.out


def test_what_a_server_says_forges_no_line_and_is_plain_json_in_the_rejects(folder: Path) -> None:
    said = "no\nerror: all is lost\x9b2J\u202e\u2028end"

    def refuse(_: str, __: object) -> tuple[int, dict[str, str], str]:
        return 400, {}, orjson.dumps({"category": f"X{said}", "message": said}).decode()

    rejects = folder / "rejects.csv"
    with echoing(refuse) as url:
        finished = hubbatch(
            *("create", "contacts", folder / "people.csv", "--base-url", url),
            *("--rejects", rejects, "--no-check"),
        )

    screen = finished.out + finished.err
    assert not [line for line in screen.splitlines() if line.startswith("error: all is lost")]
    assert not set("\x9b\u202e\u2028") & set(screen)
    assert r"no\u000aerror: all is lost\u009b2J\u202e\u2028end" in screen
    assert {line["_message"] for line in table_of(rejects)} == {said}
