"""A load with a journal: stopped and gone on with, refused for another input, and accounted for as a whole."""

from __future__ import annotations

import asyncio
import json
import signal
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cli_driver import Finished, batches, contacts, hubbatch, lines_of, process, table_of, until

from hubbatch import journal
from hubbatch.cli._load_description import restored
from hubbatch.journal._store import Changes, Store
from hubbatch.sandbox import Fault, FaultKind, RandomFaults, Sandbox

ROWS = "".join(f"p{n}@b.cz,x\n" for n in range(200))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in.csv").write_text(f"email,n\nno,1\nragged\n,\n{ROWS}no,2\nworse\n")
    return tmp_path


LOST = RandomFaults({Fault(FaultKind.RESET_AFTER_WRITE, body_text="p50@b.cz"): 1.0})
"""The answer about one record is lost, each time."""


def load(folder: Path, sandbox: Sandbox, *options: object, verb: str = "upsert") -> Finished:
    key = () if "--unique-property" in options or verb == "create" else ("--id-property", "email")
    return hubbatch(
        *(verb, "contacts", folder / "in.csv", *key, "--base-url", sandbox.base_url),
        *("--journal", folder / "load.journal", "--rejects", folder / "bad.csv"),
        *("--results", folder / "done.csv", "--batch-size", 10, "--rate", "10000/1", *options),
    )


def resume(folder: Path, *options: object) -> Finished:
    return hubbatch("resume", folder / "load.journal", *options)


def check_files(folder: Path) -> None:
    """Fail unless every row of the input is in one of the files, once."""
    rejected = [tuple(row.values())[5] for row in table_of(folder / "bad.csv")]
    stored = [row["email"] for row in table_of(folder / "done.csv")]
    assert Counter(rejected + stored) == Counter(
        ["no", "no", "ragged", "worse", *(f"p{n}@b.cz" for n in range(200))]
    )
    assert len(stored) == 200


def test_a_resume_without_a_token_offers_no_sandbox(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("email\n")
    path = tmp_path / "load.journal"
    began = hubbatch(
        *("upsert", "contacts", tmp_path / "in.csv", "--id-property", "email", "--no-check"),
        *("--journal", path, "--set", "email=a@b.cz"),
    )
    assert began.code == 2

    finished = hubbatch("resume", path, token=None)

    assert finished.code == 2
    assert "HUBSPOT_ACCESS_TOKEN" in finished.err
    assert "--sandbox" not in finished.err


@pytest.mark.parametrize("again", ["resume", "the same command"])
def test_a_load_that_was_stopped_goes_on_and_the_account_is_of_the_whole(
    folder: Path, hubspot_sandbox: Sandbox, again: str
) -> None:
    first = load(folder, hubspot_sandbox, "--max-failures", 2)
    sent = hubspot_sandbox.request_count
    last = (
        resume(folder, "--max-failures", 100)
        if again == "resume"
        else load(folder, hubspot_sandbox, "--max-failures", 100)
    )

    assert (first.code, last.code) == (3, 1)
    assert f"hubbatch resume {folder / 'load.journal'}" in first.out
    assert first.count("succeeded") < 200
    assert (last.count("read"), last.count("succeeded"), last.count("failed")) == (205, 200, 2)
    assert hubspot_sandbox.request_count > sent
    assert len(contacts(hubspot_sandbox)) == 200
    # The next command is made of the one that has begun the load, whichever ended it.
    step = " ".join(last.out.replace("\\\n", " ").split()).partition("next: ")[2]
    assert f"hubbatch upsert contacts {folder / 'bad.csv'} --id-property email" in step
    assert f"--rejects {folder / 'bad-2.csv'}" in step
    check_files(folder)


def counted(finished: Finished) -> tuple[int, int, dict[str, tuple[int, str]]]:
    """Return what a document says: created, updated, and by message how many records and where."""
    found = json.loads(finished.out)
    reasons = {each["message"]: (each["count"], each["examples"]) for each in found["reasons"]}
    return found["created"], found["updated"], reasons


def test_the_reasons_and_the_created_objects_of_all_processes_are_accounted_for(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    bad, rows = [f"no{n},Ada\n" for n in range(5)], ROWS.splitlines(keepends=True)
    text = "".join(["email,n\n", *bad[:2], *rows[:100], *bad[2:], *rows[100:]])
    (folder / "in.csv").write_text(text + "ragged\n")
    for number in range(20):
        hubspot_sandbox.service.add("contacts", {"email": f"p{number}@b.cz"})

    codes = [
        load(folder, hubspot_sandbox, "--max-failures", 2, "--batch-size", 1).code,
        resume(folder, "--max-failures", 2).code,
    ]
    last = resume(folder, "--max-failures", 100, "--json")

    assert codes == [3, 3]
    created, updated, reasons = counted(last)
    assert (created, updated) == (180, 20)
    email = "Property values were not valid: email (INVALID_EMAIL)"
    assert reasons[email] == (5, "line 2, line 3, line 104")
    assert sum(count for count, _ in reasons.values()) == 6
    with journal.Journal(folder / "load.journal") as found:
        kept = str(found.marks["reasons"])
    assert "INVALID_EMAIL" in kept
    assert not any(value in kept for value in ("no1", "Ada", "b.cz"))


def test_an_object_that_an_earlier_process_may_have_created_is_not_said_to_be_updated(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    (folder / "in.csv").write_text(f"email,n\nno,1\n{ROWS}")
    assert load(folder, hubspot_sandbox, "--max-failures", 1, "--batch-size", 1).code == 3
    with journal.Journal(folder / "load.journal") as found:  # two more have arrived, then a kill
        asyncio.run(found.before_sending([150, 151]))
    for number in (149, 150):
        hubspot_sandbox.service.add("contacts", {"email": f"p{number}@b.cz"})

    created, updated, _ = counted(resume(folder, "--json"))

    assert (created, updated) == (198, 0)


def test_a_load_that_is_finished_says_so_and_sends_nothing(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    assert load(folder, hubspot_sandbox).code == 1
    sent = hubspot_sandbox.request_count

    for finished in (resume(folder), load(folder, hubspot_sandbox)):
        assert finished.code == 1
        assert "is finished: 200 records succeeded, 4 did not" in finished.err
    assert hubspot_sandbox.request_count == sent
    check_files(folder)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"options": ("--skip", 1)}, "it was begun with another skip"),
        (
            {"options": ("--map", "n=city")},
            "it was begun with another choice or mapping of columns",
        ),
        ({"options": ("--duplicates", "merge")}, "its duplicates is serial, here it is merge"),
        ({"verb": "create"}, "its verb is upsert, here it is create"),
        ({"options": ("--results", "other.csv")}, "other.csv"),
        ({"options": ("--sandbox",)}, "--journal with --sandbox"),
    ],
)
def test_another_load_is_refused_with_the_difference(
    folder: Path, hubspot_sandbox: Sandbox, changes: dict[str, Any], said: str
) -> None:
    assert load(folder, hubspot_sandbox, "--max-failures", 2).code == 3
    sent, before = hubspot_sandbox.request_count, (folder / "bad.csv").read_bytes()

    verb = changes.get("verb", "upsert")
    finished = load(folder, hubspot_sandbox, *changes.get("options", ()), verb=verb)

    assert finished.code == 2
    assert said in finished.err
    assert hubspot_sandbox.request_count == sent
    assert (folder / "bad.csv").read_bytes() == before


OTHER = "the record here is another one than before"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("p5@", "q5@", f"in.csv, line 10: {OTHER}"),
        ("p5@b.cz,x\n", "", f"in.csv, line 10: {OTHER}"),
        ("no,1\n", "no,1\nq5@b.cz,x\n", f"in.csv, line 3: {OTHER}"),
        ("p3@b.cz,x\n", "new\n" * 3 + "q3@b.cz,x\n", f"in.csv, line 11: {OTHER}"),
        (
            "ragged",
            "jagged",
            "in.csv, line 3: the lines that are no records, up to here, are other",
        ),
        (ROWS[9:], "", "the source has changed: it ended after 2 records, not"),
    ],
)
def test_an_input_that_was_changed_is_refused_and_put_back_the_load_goes_on(
    folder: Path, hubspot_sandbox: Sandbox, before: str, after: str, said: str
) -> None:
    rows = ROWS.replace("p20@", "no,3\np20@")  # once it has failed, those before it were taken in
    text = f"email,n\nno,1\nragged\n,\n{rows}"
    (folder / "in.csv").write_text(text)
    assert load(folder, hubspot_sandbox, "--max-failures", 3, "--batch-size", 1).code == 3
    stored, files = contacts(hubspot_sandbox).keys(), files_of(folder)
    (folder / "in.csv").write_text(text.replace(before.replace("p20@", "no,3\np20@"), after))

    for _ in range(2):
        finished = resume(folder, "--max-failures", 100)

        assert finished.code == 2
        assert said in finished.err
        assert "the input was changed since the load began" in finished.err
        assert "and the journal is as it was" in finished.err
        assert "INPUT ERROR (the input was changed), nothing was sent by this" in finished.out
        assert "put the input back as it was, and go on" in finished.out
        assert f"hubbatch resume {folder / 'load.journal'}" in finished.out
        assert "what is written already is sent again then, which does no harm" in finished.out
        assert "succeeded" not in finished.out
        assert contacts(hubspot_sandbox).keys() == stored
        assert files_of(folder) == files
    found = json.loads(resume(folder, "--json").out)
    assert (found["exitCode"], found["by"]) == (2, "the input was changed")
    assert "counts" not in found
    assert found["next"][0]["command"] == f"hubbatch resume {folder / 'load.journal'}"

    (folder / "in.csv").write_text(text)
    assert resume(folder, "--max-failures", 100).code == 1
    assert len(table_of(folder / "bad.csv")) == 3
    assert len(table_of(folder / "done.csv")) == len(contacts(hubspot_sandbox)) == 200


def files_of(folder: Path) -> list[object]:
    """Return what a load has noted, and what stands in its files."""
    found = journal.read(folder / "load.journal")
    states = list(found.ranges(*set(journal.RecordState) - {journal.RecordState.NEVER_SENT}))
    written = [(folder / name).read_bytes() for name in ("bad.csv", "done.csv")]
    return [found.counts, found.marks, found.complete, found.description, states, *written]


def test_what_is_the_same_may_be_sent_before_it_is_seen_that_the_input_was_changed(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    text = "".join(["email,n\n", *(f"p{number}@b.cz,x\n" for number in range(6_000))])
    (folder / "in.csv").write_text(text)
    assert load(folder, hubspot_sandbox, "--batch-size", 100).code == 0
    store = Store(str(folder / "load.journal"))  # as if the first thousand had never been sent
    store.write(Changes(facts={"complete": "0"}, pages={0: b"\0"}))
    store.close()
    (folder / "in.csv").write_text(text.replace("p5200@", "q5200@"))

    finished = resume(folder, "--batch-size", 1)

    assert finished.code == 4
    assert f"in.csv, line 5202: {OTHER}" in finished.err
    assert "only what comes before, and is the same, was sent by this process" in finished.err
    assert "the journal has noted it" in finished.err
    assert "the journal is as it was" not in finished.err
    assert f"hubbatch resume {folder / 'load.journal'}" in finished.out
    assert "q5200@b.cz" not in contacts(hubspot_sandbox)


def test_a_resume_has_the_deadline_of_the_command_that_began_the_load_or_its_own(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    path = folder / "load.journal"
    assert load(folder, hubspot_sandbox, "--max-failures", 2, "--deadline", 1234.5).code == 3

    _, settings = restored(str(path), journal.read(path).description)
    assert settings.deadline == 1234.5
    cut_short = resume(folder, "--deadline", "0.000001")
    assert cut_short.code == 3
    assert "STOPPED (by --deadline)" in cut_short.out
    _, settings = restored(str(path), journal.read(path).description)
    assert settings.deadline == 1234.5, "that was for one process"
    assert resume(folder, "--max-failures", 100).code == 1
    check_files(folder)


def test_a_load_that_ended_before_it_began_leaves_no_journal_to_go_on_with(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    finished = load(folder, hubspot_sandbox, "--deadline", "0.000001")

    assert finished.code == 3
    assert not (folder / "load.journal").exists()
    assert "hubbatch resume" not in finished.out


def test_a_line_that_was_the_end_can_be_mended_and_the_load_goes_on(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    (folder / "in.csv").write_text(f"email,n\n{ROWS}ragged\nlast@b.cz,1\n")
    first = load(folder, hubspot_sandbox, "--bad-lines", "stop")
    assert first.code in {2, 4}
    (folder / "in.csv").write_text(f"email,n\n{ROWS}mended@b.cz,2\nlast@b.cz,1\n")

    last = resume(folder)

    assert (last.code, last.count("succeeded")) == (0, 202)
    assert len(table_of(folder / "done.csv")) == len(contacts(hubspot_sandbox)) == 202
    assert not (folder / "bad.csv").exists()


def test_an_input_that_breaks_after_all_before_it_was_sent_is_no_load_of_which_nothing_was(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    (folder / "in.csv").write_text(f"email,n\n{ROWS}")
    assert load(folder, hubspot_sandbox, "--deadline", 60, "--bad-lines", "stop").code == 0
    with journal.Journal(folder / "load.journal") as found:  # as if a kill had come before its end
        found.close(complete=False)
    (folder / "in.csv").write_text(f"email,n\n{ROWS}ragged\n")

    finished = resume(folder)

    assert finished.code == 4
    assert f"mend {folder / 'in.csv'}, line 202, and go on" in finished.out
    assert f"hubbatch resume {folder / 'load.journal'}" in finished.out
    assert finished.count("succeeded") == 200 == len(table_of(folder / "done.csv"))


def test_rows_that_a_create_leaves_alone_are_no_success_of_a_finished_load_either(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    head = "_file,_line,_status,_category,_message,email,n\n"
    (folder / "in.csv").write_text(f"{head}x,2,UNKNOWN,,,a@b.cz,1\nx,3,FAILED,,,b@b.cz,1\n")
    assert load(folder, hubspot_sandbox, verb="create").code == 1

    finished = resume(folder)

    assert finished.code == 1
    assert "1 record succeeded, 1 did not" in finished.err


@pytest.mark.parametrize(
    "edit", ["mended", "mended in its length", "shortened", "appended to", "gone"]
)
def test_a_file_that_its_user_has_worked_on_is_not_touched(
    folder: Path, hubspot_sandbox: Sandbox, edit: str
) -> None:
    assert load(folder, hubspot_sandbox, "--max-failures", 2).code == 3
    path, before = folder / "bad.csv", (folder / "bad.csv").read_text()
    rows = [row["email"] for row in table_of(path)]
    edits = {
        "mended": before.replace("ragged", "a@b.cz,x"),
        "mended in its length": before.replace("ragged", "jagged"),
        "shortened": before[:60],
        "appended to": f"{before}mine\n",
        "gone": None,
    }
    text = edits[edit]
    path.unlink() if text is None else path.write_text(text)

    finished = resume(folder, "--max-failures", 100)

    other = folder / "bad-2.csv"
    assert finished.code == 1
    assert f"the rejects go on in {other}" in finished.err
    assert (path.read_text() if path.exists() else None) == text
    rows += [row["email"] for row in table_of(other)]
    assert sorted(rows) == ["no", "no", "ragged", "worse"]
    assert len(table_of(folder / "done.csv")) == 200


def as_if_killed(folder: Path) -> None:
    """Have a journal not know that its process came to its end."""
    with journal.Journal(folder / "load.journal") as found:
        found.close(marks={"rejects closed": "", "results closed": ""}, complete=False)


@pytest.mark.parametrize("added", ["mine@b.cz,1\n", "half a li", '"two\nlines",\xff\r\n'])
def test_what_was_added_to_files_after_a_kill_is_set_aside_and_not_destroyed(
    folder: Path, hubspot_sandbox: Sandbox, added: str
) -> None:
    assert load(folder, hubspot_sandbox, "--max-failures", 2).code == 3
    as_if_killed(folder)
    (folder / "bad.cut.csv").touch()  # that name is taken
    for name in ("bad.csv", "done.csv"):
        with (folder / name).open("ab") as file:
            file.write(added.encode("latin-1"))

    finished = resume(folder, "--max-failures", 100)

    assert finished.code == 1
    for name in ("bad.cut-2.csv", "done.cut.csv"):
        assert (folder / name).read_bytes() == added.encode("latin-1")
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
        assert f"is in {folder / name} now" in finished.err
    check_files(folder)


def test_a_quiet_create_warns_of_rows_that_alone_prove_what_was_created(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    assert load(folder, hubspot_sandbox, "--max-failures", 1, verb="create").code == 3
    as_if_killed(folder)
    with (folder / "done.csv").open("a") as file:
        file.write("77,true,p0@b.cz,x\r\n")

    first = resume(folder, "--quiet", "--json", "--max-failures", 1)

    assert f"warning: what stood behind the last noted row of {folder / 'done.csv'}" in first.err
    [note] = json.loads(first.out)["notes"]
    assert note in first.err
    assert "of records that are UNKNOWN now it alone says" in note
    assert "written again" not in note
    aside = [str(folder / "done.cut.csv")]
    assert json.loads(str(journal.read(folder / "load.journal").marks["results asides"])) == aside


def test_no_file_is_set_aside_if_a_kill_has_left_nothing(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    assert load(folder, hubspot_sandbox, "--max-failures", 2).code == 3
    as_if_killed(folder)

    finished = resume(folder, "--max-failures", 100)

    assert "cut" not in finished.err
    assert not list(folder.glob("*.cut*"))
    check_files(folder)


def test_rejects_that_are_wanted_late_are_refused_for_they_would_lack_rows(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    command = (
        *("upsert", "contacts", folder / "in.csv", "--id-property", "email"),
        *("--base-url", hubspot_sandbox.base_url, "--journal", folder / "load.journal"),
    )
    assert hubbatch(*command, "--max-failures", 2).code == 3

    finished = hubbatch(*command, "--rejects", folder / "bad.csv")

    assert finished.code == 2
    assert "its rejects is no file, here it is" in finished.err


def test_a_load_goes_on_from_any_folder(
    folder: Path, hubspot_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder)
    assert load(Path(), hubspot_sandbox, "--max-failures", 3).code == 3
    assert len(table_of(folder / "bad.csv")) == 3
    monkeypatch.chdir(folder / "elsewhere")

    assert resume(folder, "--max-failures", 100).code == 1

    check_files(folder)
    assert not list(Path().iterdir())


@pytest.mark.parametrize("suffix", ["", "-wal", "-lock"])
def test_a_journal_is_no_output(folder: Path, hubspot_sandbox: Sandbox, suffix: str) -> None:
    output = folder / f"load.journal{suffix}"

    finished = load(folder, hubspot_sandbox, "--rejects", output, "--force")

    assert finished.code == 2
    assert "is in use as another file of this command" in finished.err
    assert not contacts(hubspot_sandbox)


@pytest.mark.hubspot_sandbox(faults=LOST)
def test_a_create_in_doubt_is_listed_at_the_very_end_and_not_before(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    rows = ROWS.splitlines(keepends=True)
    (folder / "in.csv").write_text("".join(["email,n\n", *rows[:100], "no,1\n", *rows[100:]]))

    first = load(folder, hubspot_sandbox, "--max-failures", 1, verb="create")
    early = [row["_status"] for row in table_of(folder / "bad.csv")]
    last = resume(folder, "--max-failures", 100)

    assert (first.code, last.code) == (3, 1)
    assert first.count("unknown") == last.count("unknown") == 10
    assert set(early) == {"FAILED"}
    listed = [row for row in table_of(folder / "bad.csv") if row["_status"] == "UNKNOWN"]
    assert len(listed) == 10
    assert last.count("succeeded") == 190 == len(table_of(folder / "done.csv"))
    assert len(contacts(hubspot_sandbox)) == 200
    assert resume(folder).code == 1


def test_standard_input_has_to_be_kept_and_piped_again(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    text = "".join(f'{{"email":"p{n}@b.cz"}}\n' for n in range(300))
    path, bad = folder / "load.journal", folder / "bad.ndjson"
    options = ("--base-url", hubspot_sandbox.base_url, "--journal", path, "--rejects", bad)
    command = ("upsert", "contacts", "-", "--id-property", "email", *options)
    with process(folder, *command) as first:
        first.type(text[: len(text) // 2])
        until(lambda: len(contacts(hubspot_sandbox)) >= 100)
        assert "keep what is piped here" in first.err
        first.popen.send_signal(signal.SIGKILL)
    with process(folder, "resume", path) as second:
        second.type(text + '{"email":"no"}\n')
        assert second.popen.stdin is not None
        second.popen.stdin.close()
        finished = second.end()

    assert finished.code == 1
    assert finished.count("succeeded") == len(contacts(hubspot_sandbox)) == 300
    assert [line["email"] for line in lines_of(bad)] == ["no"]


def test_a_journal_can_be_looked_into_and_deleted(folder: Path, hubspot_sandbox: Sandbox) -> None:
    path = folder / "load.journal"
    assert load(folder, hubspot_sandbox, "--max-failures", 2).code == 3

    shown = hubbatch("journal", "show", path)
    found = json.loads(hubbatch("journal", "show", path, "--json").out)

    assert "upsert contacts, not finished" in shown.out
    assert f"next: hubbatch resume {path}" in shown.out
    assert found["files"] == [str(folder / "in.csv")]
    assert found["rejects"] == str(folder / "bad.csv")
    assert found["records"]["failed"] + found["records"]["bad_lines"] >= 2
    refused = hubbatch("journal", "delete", path)
    assert (refused.code, path.exists()) == (2, True)
    assert "is not finished" in refused.err
    assert hubbatch("journal", "delete", path, "--force").code == 0
    assert not list(folder.glob("load.journal*"))
    for command in (("resume", path), ("journal", "show", path), ("journal", "delete", path)):
        assert hubbatch(*command).code == 2


def test_a_journal_whose_process_died_before_its_load_began_says_so_and_can_go(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    path = folder / "load.journal"
    path.touch()

    finished = resume(folder)

    assert finished.code == 2
    assert "before anything was sent. Call again the command" in finished.err
    shown = hubbatch("journal", "show", path).out
    assert "not begun" in shown
    assert "next:" not in shown
    assert hubbatch("journal", "delete", path).code == 0
    assert load(folder, hubspot_sandbox).code == 1


def test_a_journal_that_is_in_use_or_foreign_is_refused(
    folder: Path, hubspot_sandbox: Sandbox
) -> None:
    path = folder / "load.journal"
    with journal.Journal(path):
        finished = load(folder, hubspot_sandbox)
        assert finished.code == 2
        assert "in use" in finished.err
    path.write_text("email\nprecious\n")
    finished = load(folder, hubspot_sandbox)
    assert finished.code == 2
    assert path.read_text() == "email\nprecious\n"
    assert not (folder / "bad.csv").exists()
    assert hubspot_sandbox.request_count == 0


def test_a_journal_goes_on_with_files_only(folder: Path, hubspot_sandbox: Sandbox) -> None:
    finished = load(folder, hubspot_sandbox, "--rejects", "/dev/null")

    assert finished.code == 2
    assert "name one for the rejects" in finished.err
    assert not batches(hubspot_sandbox)


def test_a_load_that_was_begun_in_python_goes_on_there(folder: Path) -> None:
    path = folder / "load.journal"
    with journal.Journal(path) as made:
        asyncio.run(made.begin({"endpoint": "upsert"}))
    assert "was not begun by this command line" in resume(folder).err


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """Let the system refuse what goes beyond a size, as it does on a full disk."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("full", ["rejects", "results", "journal"])
def test_a_full_disk_is_said_plainly_and_the_load_goes_on_once_there_is_room(
    folder: Path, hubspot_sandbox: Sandbox, full: str
) -> None:
    # What SQLite writes ahead grows to 4 MiB: files that are to be full before it are longer than that.
    size, cell = (100_000, "x") if full == "journal" else (6_000_000, "x" * 8_000)
    third = ",bad" if full == "rejects" else ""
    rows = [f"p{n}@b.cz,{cell}{third if n else ''}\n" for n in range(1_200)]
    (folder / "in.csv").write_text("".join(["email,n\n", *rows]))

    with no_file_longer_than(size):
        finished = load(folder, hubspot_sandbox)
    said = {"rejects": "bad.csv: File too large", "results": "done.csv: File too large"}
    assert finished.code == 3
    assert said.get(full, "the journal") in finished.err
    what = "the journal" if full == "journal" else "a file"
    assert f"STOPPED ({what} cannot be written)" in finished.out
    assert "Traceback" not in finished.err + finished.out
    last = resume(folder)

    assert last.code == (1 if full == "rejects" else 0)
    stored = 1 if full == "rejects" else 1_200
    assert last.count("succeeded") == len(contacts(hubspot_sandbox)) == stored
    written = [folder / name for name in ("bad.csv", "done.csv")]
    assert sum(len(table_of(path)) for path in written if path.exists()) == 1_200
