"""An export that was killed is gone on with by `--append`: nothing twice, nothing missing, and no row torn.

By default two kills; `HUBBATCH_KILLS=25` kills each form of file so often.
"""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import signal
import time
from collections import Counter
from pathlib import Path

import orjson
import pytest
from cli_driver import PATIENCE, Finished, hubbatch
from killing import started

from hubbatch.files import read
from hubbatch.sandbox import Fault, FaultKind, Sandbox

KILLS = int(os.environ.get("HUBBATCH_KILLS", "0"))
OBJECTS = 2_400
NAMED = ("-p", "email,lastname")


def fill(sandbox: Sandbox, count: int) -> None:
    for number in range(count):
        sandbox.add("contacts", {"email": f"p{number}@b.cz", "lastname": f'a "b"\r\nc{number}'})


def command(path: Path, sandbox: Sandbox, *options: str) -> list[str]:
    return ["export", "contacts", "-o", str(path), "--base-url", sandbox.base_url, *options]


def export(path: Path, sandbox: Sandbox, *options: str) -> Finished:
    return hubbatch(*command(path, sandbox, *options))


def emails(path: Path) -> list[str | None]:
    rows = read(path, notice=lambda _: None)
    return [row.get("properties", row).get("email") for row in rows]


def note_of(path: Path) -> Path:
    return Path(f"{path}.unfinished")


def everything(count: int) -> list[str]:
    return [f"p{number}@b.cz" for number in range(count)]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes are forked and killed")
@pytest.mark.hubspot_sandbox(latency=0.01, rate_limit=None)
@pytest.mark.parametrize(
    ("suffix", "options", "kills"),
    [
        ("csv", NAMED, 1),
        ("ndjson", ("--where", "email HAS_PROPERTY", *NAMED), 1),
        ("csv", (), 0),
        ("tsv", NAMED, 0),
        ("ndjson", (*NAMED, "--nested"), 0),
    ],
    ids=["csv", "ndjson of a search", "csv of no names", "tsv", "nested"],
)
def test_an_export_that_is_killed_is_gone_on_with(
    tmp_path: Path, hubspot_sandbox: Sandbox, suffix: str, options: tuple[str, ...], kills: int
) -> None:
    if not (KILLS or kills):
        pytest.skip("of the great one only")
    fill(hubspot_sandbox, OBJECTS)
    path, chance = tmp_path / f"all.{suffix}", random.Random(suffix)
    typed = command(path, hubspot_sandbox, "--rate", "10000/1", *options)

    for kill in range(KILLS or kills):
        process = started([*typed, "--append"], tmp_path / "said.txt")
        requests = hubspot_sandbox.request_count + 5 + chance.uniform(0, 6 / (KILLS or kills))
        end = time.monotonic() + PATIENCE
        while process.is_alive() and hubspot_sandbox.request_count < requests:
            assert time.monotonic() < end, kill
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.02))
        process.kill()
        process.join()
        if process.exitcode == 0:
            break
        assert path.stat().st_size > 0
    if note_of(path).exists():
        last = hubbatch(*typed, "--append")
        assert last.code == 0, last.err

    assert Counter(emails(path)) == Counter(everything(OBJECTS))
    assert not note_of(path).exists()


def way_on(finished: Finished) -> list[str]:
    """Return the words of the command that a stopped export has given."""
    found = re.search(r"to go on: hubbatch (.+)", finished.err)
    assert found is not None, finished.err
    return shlex.split(found[1])


def cursor_of(path: Path) -> str:
    return str(orjson.loads(note_of(path).read_bytes())["cursor"])


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes are forked and killed")
@pytest.mark.hubspot_sandbox(
    latency=0.02, rate_limit=None, faults=[None, None, None, Fault(FaultKind.MISSING_SCOPES)]
)
def test_the_way_on_of_a_stopped_export_may_be_killed_and_typed_again(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    fill(hubspot_sandbox, 1_200)
    path = tmp_path / "all.csv"
    stopped = export(path, hubspot_sandbox, *NAMED)
    assert stopped.code == 3
    again = way_on(stopped)
    assert "--after" not in again
    assert "--append" in again

    process, before = started(again, tmp_path / "said.txt"), path.stat().st_size
    end = time.monotonic() + PATIENCE
    while process.is_alive() and path.stat().st_size == before:
        assert time.monotonic() < end
        time.sleep(0.001)
    process.kill()
    process.join()
    assert process.exitcode != 0
    assert path.stat().st_size > before
    last = hubbatch(*again)

    assert last.code == 0, last.err
    assert emails(path) == everything(1_200)
    assert not note_of(path).exists()


refuses_the_third_page = pytest.mark.hubspot_sandbox(
    faults=[None, None, None, Fault(FaultKind.MISSING_SCOPES)]
)


@pytest.fixture
def stopped(tmp_path: Path, hubspot_sandbox: Sandbox) -> Path:
    """Return the file of an export that got to the 200th of 450 objects."""
    fill(hubspot_sandbox, 450)
    path = tmp_path / "all.csv"
    assert export(path, hubspot_sandbox, *NAMED).code == 3
    assert note_of(path).exists()
    return path


@refuses_the_third_page
@pytest.mark.parametrize(
    "torn", [b"", b'900,p900@b.cz,"a ""b""\r\n', b"900,p", b'9,x,"y"\r\n9,x,"y"\r\n']
)
def test_what_a_kill_has_torn_is_set_aside_and_read_again(
    stopped: Path, hubspot_sandbox: Sandbox, torn: bytes
) -> None:
    with stopped.open("ab") as file:
        file.write(torn)

    again = export(stopped, hubspot_sandbox, *NAMED, "--append", "--quiet", "--json")

    assert again.code == 0, again.err
    assert json.loads(again.out)["objects"] == 250
    assert len(json.loads(again.out)["notes"]) == bool(torn)
    assert emails(stopped) == everything(450)
    aside = stopped.with_name("all.cut.csv")
    assert (aside.read_bytes() if aside.exists() else b"") == torn
    assert (str(aside) in again.err.replace("\n", "")) is bool(torn)
    assert not note_of(stopped).exists()


def test_killed_before_the_first_object_it_begins_anew(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    """A kill may come when the head is written and nothing of the first objects, or a part of them."""
    fill(hubspot_sandbox, 3)
    path = tmp_path / "all.csv"
    path.write_bytes("\ufeffid,email,lastname\r\n1,p0@".encode())
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    form = {"kind": "csv", "nested": False, "with_history": False, "delimiter": ","}
    begun = {"cursor": None, "size": 0, "tail": empty, "form": form}
    note_of(path).write_bytes(orjson.dumps(begun))

    assert export(path, hubspot_sandbox, *NAMED, "--append").code == 0
    assert emails(path) == everything(3)


@pytest.mark.hubspot_sandbox(faults=[None, *[None, None, Fault(FaultKind.MISSING_SCOPES)] * 3])
def test_a_cursor_that_is_typed_with_append_is_that_of_the_note_or_refused(
    stopped: Path, hubspot_sandbox: Sandbox
) -> None:
    """Of three commands that go on and are stopped the first one may be typed again, and does not begin again."""
    first = cursor_of(stopped)
    typed = (*NAMED, "--append", "--after", first)
    for _ in range(2):
        assert export(stopped, hubspot_sandbox, *typed).code == 3
        assert cursor_of(stopped) != first
    before = stopped.read_bytes(), note_of(stopped).read_bytes()

    other = export(stopped, hubspot_sandbox, *typed[:-1], f"{first}0")
    assert other.code == 2
    assert "leave --after out" in other.err
    assert (stopped.read_bytes(), note_of(stopped).read_bytes()) == before

    assert export(stopped, hubspot_sandbox, *typed).code == 0
    assert emails(stopped) == everything(450)


@pytest.mark.hubspot_sandbox(
    faults=[*[None] * 3, *[Fault(FaultKind.MISSING_SCOPES), None, None] * 2]
)
def test_an_export_that_began_behind_a_cursor_is_gone_on_with_by_its_own_command(
    stopped: Path, hubspot_sandbox: Sandbox
) -> None:
    rest = stopped.with_name("rest.csv")
    typed = (*NAMED, "--append", "--after", cursor_of(stopped))

    assert export(rest, hubspot_sandbox, *typed).code == 3
    assert emails(rest) == everything(450)[200:300]
    assert export(rest, hubspot_sandbox, *typed).code == 0

    assert emails(rest) == everything(450)[200:]


@refuses_the_third_page
def test_without_append_it_is_said_that_there_is_a_way_to_go_on(
    stopped: Path, hubspot_sandbox: Sandbox
) -> None:
    before = stopped.read_bytes()

    again = export(stopped, hubspot_sandbox, *NAMED)

    assert again.code == 2
    assert "has not come to its end" in again.err
    assert stopped.read_bytes() == before


@refuses_the_third_page
@pytest.mark.parametrize(
    ("options", "reason"),
    [((*NAMED, "--where", "city=Brno"), "another reading"), (("-p", "city"), "other columns")],
)
def test_another_export_does_not_go_on_there(
    stopped: Path, hubspot_sandbox: Sandbox, options: tuple[str, ...], reason: str
) -> None:
    before = stopped.read_bytes(), note_of(stopped).read_bytes()

    again = export(stopped, hubspot_sandbox, *options, "--append")

    assert again.code == 2
    assert reason in again.err
    assert (stopped.read_bytes(), note_of(stopped).read_bytes()) == before


@refuses_the_third_page
@pytest.mark.parametrize(
    ("name", "forms", "reason"),
    [
        ("all.ndjson", ((), ("--nested",)), "began without --nested"),
        ("all.ndjson", (("--nested",), ()), "began with --nested"),
        ("all.ndjson", (("--nested",), ("--with-history",)), "began without --with-history"),
        ("all.ndjson", (("--with-history",), ("--nested",)), "began with --with-history"),
        ("all.csv", (("--delimiter", ";"), ()), "began with --delimiter ';'"),
        ("all.tsv", ((), ("--delimiter", "|")), "began with --delimiter tab"),
        ("all.csv", ((), ("--output-format", "ndjson")), "began with --output-format csv"),
    ],
)
def test_an_export_goes_on_in_the_form_in_which_it_began(
    tmp_path: Path,
    hubspot_sandbox: Sandbox,
    name: str,
    forms: tuple[tuple[str, ...], tuple[str, ...]],
    reason: str,
) -> None:
    fill(hubspot_sandbox, 250)
    path, (begun, then) = tmp_path / name, forms
    assert export(path, hubspot_sandbox, *NAMED, *begun).code == 3
    before = path.read_bytes(), note_of(path).read_bytes()

    other = export(path, hubspot_sandbox, *NAMED, *then, "--append")
    assert other.code == 2
    assert reason in other.err
    assert (path.read_bytes(), note_of(path).read_bytes()) == before

    assert export(path, hubspot_sandbox, *NAMED, *begun, "--append").code == 0
    assert emails(path) == everything(250)


@refuses_the_third_page
def test_the_delimiter_of_the_suffix_may_be_typed_too(
    stopped: Path, hubspot_sandbox: Sandbox
) -> None:
    again = export(stopped, hubspot_sandbox, *NAMED, "--delimiter", ",", "--append")

    assert again.code == 0, again.err
    assert emails(stopped) == everything(450)


@refuses_the_third_page
def test_lines_with_whatever_hubspot_gives_are_not_gone_on_with_by_named_properties(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    fill(hubspot_sandbox, 450)
    path, unnamed = tmp_path / "all.ndjson", ("--no-check",)
    assert export(path, hubspot_sandbox, *unnamed).code == 3

    other = export(path, hubspot_sandbox, *unnamed, *NAMED, "--append")
    assert other.code == 2
    assert "leave -p out" in other.err
    assert export(path, hubspot_sandbox, *unnamed, "--append").code == 0
    assert emails(path) == everything(450)


@refuses_the_third_page
def test_a_file_that_was_changed_meanwhile_is_not_gone_on_with(
    stopped: Path, hubspot_sandbox: Sandbox
) -> None:
    stopped.write_bytes(stopped.read_bytes().replace(b"p199@", b"p999@"))

    again = export(stopped, hubspot_sandbox, *NAMED, "--append")

    assert again.code == 2
    assert "it was changed since it was written" in again.err
    assert str(note_of(stopped)) in again.err.replace("\n", "")
    note_of(stopped).write_bytes(b"{")
    assert "cannot be read" in export(stopped, hubspot_sandbox, *NAMED, "--append").err


def test_once_it_has_ended_append_adds_another_export(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    fill(hubspot_sandbox, 3)
    path = tmp_path / "all.csv"
    assert export(path, hubspot_sandbox, *NAMED).code == 0
    assert [each.name for each in tmp_path.iterdir()] == ["all.csv"]

    assert export(path, hubspot_sandbox, *NAMED, "--append", "--query", "p1@b.cz").code == 0

    assert emails(path) == [*everything(3), "p1@b.cz"]


def test_where_no_note_can_be_written_that_is_said_and_the_export_goes_on(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    fill(hubspot_sandbox, 3)
    path = tmp_path / "all.csv"
    Path(f"{note_of(path)}.new").mkdir()

    finished = export(path, hubspot_sandbox, *NAMED)

    assert finished.code == 0
    assert "a kill will leave no way to go on" in finished.err
    assert emails(path) == everything(3)
