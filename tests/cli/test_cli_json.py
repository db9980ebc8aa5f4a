"""One JSON document on standard output, the library's log on standard error, and the code for input that breaks."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from cli_driver import Finished, hubbatch

from hubbatch.sandbox import Sandbox


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("email,firstname\na@b.cz,Ann\nno,Eve\nb@b.cz,Bob\n,\n")
    return path


def upsert(path: object, *options: object) -> Finished:
    return hubbatch("upsert", "contacts", path, "--id-property", "email", "--sandbox", *options)


def document(finished: Finished) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(finished.out)
    assert found["exitCode"] == finished.code
    return found


def test_the_outcome_is_one_document_and_all_else_is_on_standard_error(
    people: Path, tmp_path: Path
) -> None:
    rejects = tmp_path / "bad.csv"
    finished = upsert(people, "--json", "--rejects", rejects)

    found = document(finished)
    assert found["ended"] == "done, some did not succeed"
    assert found["counts"] == {"total": 3, "succeeded": 2, "failed": 1, "unknown": 0, "unsent": 0}
    assert (found["created"], found["updated"]) == (2, 0)
    assert found["input"] == {"read": 4, "bad": 0, "blank": 1, "held": 0, "skipped": 0}
    assert found["repeatedKeys"] == {"count": 0, "examples": []}
    assert found["files"] == {"rejects": {"path": str(rejects), "rows": 1}}
    assert found["reasons"][0]["message"] == "Property values were not valid: email (INVALID_EMAIL)"
    [step] = found["next"]
    assert step["command"].startswith(f"hubbatch upsert contacts {rejects} --id-property email")
    assert "DONE WITH 1 FAILED: upsert contacts" in finished.err
    assert finished.count("succeeded") == 2


def test_records_with_the_key_of_an_earlier_one_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email\na@b.cz\nb@b.cz\nA@B.cz\na@b.cz\n")

    finished = upsert(path)

    assert finished.count("repeated keys") == 2
    assert "the key of an earlier one (e.g. line 4 as line 2, line 5 as line 2)" in finished.out


def test_with_json_even_a_quiet_run_writes_its_document(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email\na@b.cz\n")
    finished = upsert(path, "--json", "-q")

    assert document(finished)["ended"] == "done"
    assert finished.err == ""


@pytest.mark.parametrize("options", [("--json", "--rate", "7"), ("--json", "--linger", "-1")])
def test_a_usage_error_is_a_document_too(people: Path, options: tuple[str, ...]) -> None:
    finished = upsert(people, *options)

    found = document(finished)
    assert (found["ended"], finished.code) == ("usage", 2)
    assert options[1] in found["message"]
    assert options[1] in finished.err


def test_a_file_that_is_not_there_is_a_document_too(tmp_path: Path) -> None:
    finished = upsert(tmp_path / "none.csv", "--json")

    assert document(finished)["ended"] == "usage"
    assert "none.csv" in document(finished)["message"]


def test_json_and_results_cannot_both_have_standard_output(people: Path) -> None:
    finished = upsert(people, "--json", "--rejects", "-")

    assert (finished.code, finished.out) == (2, "")
    assert "--json takes standard output" in finished.err


@pytest.mark.parametrize(
    ("options", "said"), [((), set()), (("-v",), {"info"}), (("-vv",), {"info", "debug"})]
)
def test_the_log_goes_to_standard_error_and_holds_no_value(
    people: Path, options: tuple[str, ...], said: set[str]
) -> None:
    log = logging.getLogger("hubbatch")
    before = (log.level, log.propagate, list(log.handlers))

    finished = upsert(people, *options)

    lines = [line for line in finished.err.splitlines() if line.startswith(("info:", "debug:"))]
    assert {line.partition(":")[0] for line in lines} == said
    assert ("request 1 to upsert" in finished.err) is ("debug" in said)
    assert "a@b.cz" not in finished.err
    assert (log.level, log.propagate, list(log.handlers)) == before


@pytest.mark.hubspot_sandbox(latency=0.1)
def test_input_that_breaks_after_something_was_sent_ends_with_four(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = tmp_path / "people.csv"
    rows = "".join(f"p{n}@b.cz,x\n" for n in range(30_000))
    path.write_text(f"email,city\n{rows}a@b.cz,x,y\n")

    finished = hubbatch(
        *("upsert", "contacts", path, "--id-property", "email", "--bad-lines", "stop", "--json"),
        *("--base-url", hubspot_sandbox.base_url),
    )

    found = document(finished)
    assert finished.code == 4
    assert found["by"] == f"{path}, line 30002"
    assert f"INPUT ERROR ({path}, line 30002): upsert contacts" in finished.err
    taken = found["counts"]["total"]
    _, skip = found["next"][0]["command"].split(" --skip ")
    if found["counts"]["unsent"]:  # they are in no file
        assert 0 < int(skip) < taken
    else:
        assert int(skip) == taken


def test_input_that_breaks_before_anything_was_sent_ends_with_two(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email,city\na@b.cz,x,y\n")

    finished = upsert(path, "--bad-lines", "stop")

    assert finished.code == 2
    assert "nothing was sent" in finished.out
