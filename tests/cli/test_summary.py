"""How a run ended, in words and in JSON, and what to type next."""

from __future__ import annotations

import io
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
from rich.console import Console

from hubbatch import BatchError, Counts, Outcome, Progress, RecordOutcome, RecordStatus
from hubbatch.cli._faults import ExitCode
from hubbatch.cli._following import Ending
from hubbatch.cli._reasons import Aside, Reasons
from hubbatch.cli._repeats import Places
from hubbatch.cli._report import show
from hubbatch.cli._screen import Screen
from hubbatch.cli._summary import Report, document, head, steps
from hubbatch.cli._typed_command import Typed, quoted

COUNTS = Counts(1_000, 900, 60, 30, 10)
FILES = {"rejects": "out/bad.csv", "results": "done.csv"}
OPTIONS = {
    f"--{name}": (f"--{name}", True)
    for name in ("rejects", "results", "skip", "limit", "id-property", "format", "journal")
} | {"--force": ("--force", False)}


def ending(code: ExitCode, *, by: str = "", counts: Counts = COUNTS, **aside: int) -> Ending:
    reasons = Reasons()
    error = BatchError("VALIDATION_ERROR", "no good")
    reasons.add(RecordOutcome(7, {}, RecordStatus.FAILED, error=error))
    return Ending(
        code,
        by,
        "why" if by else "",
        Outcome(counts=counts),
        Progress(counts, None, 1_000, 0, 12, 2, 3.5, 12, 190, 10.0),
        reasons,
        Aside(**aside),
        created=400,
        updated=500,
    )


def report(
    end: Ending,
    words: str = "contacts a.csv --rejects out/bad.csv --results=done.csv --id-property email --force",
    files: Mapping[str, str | None] = FILES,
    **more: Any,
) -> Report:
    typed = Typed.parse("upsert", words.split(), OPTIONS)
    return Report("upsert contacts", end, files, typed=typed, **more)


def next_steps(of: Report) -> list[tuple[str, str]]:
    return [
        (
            step.why,
            "" if step.command is None else " ".join(quoted(g) for g in step.command.groups()),
        )
        for step in steps(of)
    ]


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (ending(ExitCode.OK, counts=Counts(5, 5)), "DONE"),
        (ending(ExitCode.SOME_FAILED), "DONE WITH 60 FAILED, 30 UNKNOWN, 10 UNSENT"),
        (ending(ExitCode.SOME_FAILED, counts=Counts(5, 5), bad=1_200), "DONE WITH 1,200 BAD LINES"),
        (
            ending(ExitCode.SOME_FAILED, counts=Counts(5, 4, 1), bad=1, held=2),
            "DONE WITH 1 FAILED, 1 BAD LINE, 2 HELD BACK",
        ),
        (ending(ExitCode.STOPPED, by="by Ctrl-C"), "STOPPED (by Ctrl-C)"),
        (ending(ExitCode.STOPPED), "STOPPED"),
        (ending(ExitCode.INPUT_BROKE, by="a.csv, line 7"), "INPUT ERROR (a.csv, line 7)"),
        (
            ending(ExitCode.USAGE, by="a.csv, line 2"),
            "INPUT ERROR (a.csv, line 2), nothing was sent",
        ),
        (ending(ExitCode.USAGE), "USAGE ERROR, nothing was sent"),
    ],
)
def test_the_head_says_how_it_ended(end: Ending, words: str) -> None:
    assert head(report(end)) == words


def test_after_success_there_is_nothing_to_do() -> None:
    assert next_steps(report(ending(ExitCode.OK, counts=Counts(5, 5)))) == []


def test_rejects_are_mended_and_loaded_into_files_of_other_names() -> None:
    assert next_steps(report(ending(ExitCode.SOME_FAILED, counts=Counts(5, 4, 1)))) == [
        (
            "mend the rows in out/bad.csv, and load them",
            "hubbatch upsert contacts out/bad.csv --id-property email --rejects out/bad-2.csv --results done-2.csv",
        )
    ]


def test_rows_that_are_not_wrong_need_no_mending() -> None:
    of = report(ending(ExitCode.SOME_FAILED, counts=Counts(5, 3, 0, 1, 1)))
    assert next_steps(of)[0][0] == "load the rows in out/bad.csv"


def test_names_are_counted_on() -> None:
    files = {"rejects": "bad-9.csv", "results": None}
    of = report(
        ending(ExitCode.SOME_FAILED, counts=Counts(5, 4, 1)),
        "contacts a --rejects bad-9.csv",
        files,
    )
    assert next_steps(of)[0][1] == "hubbatch upsert contacts bad-9.csv --rejects bad-10.csv"


def test_without_a_file_for_rejects_it_says_how_to_get_one() -> None:
    of = report(ending(ExitCode.SOME_FAILED, counts=Counts(5, 4, 1)), "contacts a.csv", {})
    assert next_steps(of) == [
        ("to have the rows that did not succeed in a file, give --rejects FILE", "")
    ]


def test_a_run_that_was_stopped_goes_on_after_what_was_taken() -> None:
    of = report(
        ending(ExitCode.STOPPED, by="by Ctrl-C", skipped=200, held=1),
        "contacts a.csv --skip 200 --limit 5000 --rejects out/bad.csv",
        {"rejects": "out/bad.csv"},
    )
    assert next_steps(of) == [
        (
            "load the rest",
            "hubbatch upsert contacts a.csv --rejects out/bad-2.csv --skip 1201 --limit 3999",
        ),
        (
            "mend the rows in out/bad.csv, and load them",
            "hubbatch upsert contacts out/bad.csv --rejects out/bad-3.csv",
        ),
        (
            "what is UNKNOWN may have been written: to load it once more does no harm",
            "",
        ),
    ]


def test_of_a_read_nothing_may_have_been_written() -> None:
    of = attrs.evolve(
        report(ending(ExitCode.SOME_FAILED, counts=Counts(5, 4, 0, 1))), what="read contacts"
    )
    assert "its id may be no number" in next_steps(of)[-1][0]
    assert "written" not in next_steps(of)[-1][0]


def test_rows_that_a_kill_has_left_are_where_what_is_unknown_is_looked_for_first() -> None:
    end = ending(ExitCode.SOME_FAILED, counts=Counts(5, 4, 0, 1))
    of = attrs.evolve(report(end), what="create contacts", proofs=("done.cut.csv", "bad.cut.csv"))
    assert "look for it in done.cut.csv and bad.cut.csv, where the" in next_steps(of)[-1][0]


def test_standard_input_cannot_be_read_again() -> None:
    of = report(ending(ExitCode.STOPPED, by="by --deadline", counts=Counts(5, 5)), "contacts -", {})
    assert next_steps(of) == [("load what comes after the first 5 records", "")]


def test_a_line_that_broke_the_input_is_mended_first() -> None:
    of = report(
        ending(ExitCode.INPUT_BROKE, by="a.csv, line 7", counts=Counts(5, 5)), "contacts a.csv", {}
    )
    assert next_steps(of) == [
        ("mend a.csv, line 7, and load the rest", "hubbatch upsert contacts a.csv --skip 5")
    ]


def test_a_load_with_a_journal_is_resumed() -> None:
    of = report(ending(ExitCode.STOPPED, by="by Ctrl-C"), journal="my load.journal")
    assert next_steps(of) == [("go on", "hubbatch resume 'my load.journal'")]
    of = report(ending(ExitCode.STOPPED, by="by Ctrl-C"), journal="-load.journal")
    assert next_steps(of) == [("go on", "hubbatch resume ./-load.journal")]


def test_no_command_names_a_file_that_is_there_or_one_file_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a-2.csv", "a-3.csv", "load-2.journal"):
        (tmp_path / name).touch()
    files = {"rejects": "a.csv", "results": "a-2.csv"}
    words = "contacts in.csv --rejects a.csv --results a-2.csv"

    stopped = next_steps(report(ending(ExitCode.STOPPED, by="by Ctrl-C"), words, files))
    assert [command.split("--rejects ")[1] for _, command in stopped if command] == [
        "a-4.csv --results a-5.csv --skip 1000",
        "a-5.csv --results a-6.csv",
    ]
    words = "contacts in.csv --rejects a.csv --results a-2.csv --journal load.journal"
    of = report(ending(ExitCode.SOME_FAILED), words, files, journal="load.journal")
    assert next_steps(of)[0][1].endswith("--journal load-3.journal")


def test_rejects_are_loaded_with_a_journal_of_their_own() -> None:
    of = report(
        ending(ExitCode.SOME_FAILED, counts=Counts(5, 4, 1)),
        "contacts a.csv --rejects out/bad.csv --journal=load.journal",
        {"rejects": "out/bad.csv"},
        journal="load.journal",
    )
    assert next_steps(of)[0][1] == (
        "hubbatch upsert contacts out/bad.csv --rejects out/bad-2.csv --journal load-2.journal"
    )


def test_the_document_holds_the_same() -> None:
    end = attrs.evolve(
        ending(ExitCode.SOME_FAILED, bad=2, blank=3), repeated=Places(2, ["line 9 as line 3"])
    )
    found = document(report(end, rows={"rejects": 102, "results": 900, "output": 0}))

    assert found.pop("reasons") == [
        {
            "count": 1,
            "status": "FAILED",
            "category": "VALIDATION_ERROR",
            "message": "no good",
            "examples": "record 7",
        }
    ]
    assert next(step["command"] for step in found.pop("next")).startswith("hubbatch upsert ")
    assert found == {
        "ended": "done, some did not succeed",
        "exitCode": 1,
        "by": "",
        "message": "",
        "notes": [],
        "command": "upsert contacts",
        "counts": attrs.asdict(COUNTS),
        "created": 400,
        "updated": 500,
        "input": {"read": 1_005, "bad": 2, "blank": 3, "held": 0, "skipped": 0},
        "repeatedKeys": {"count": 2, "examples": ["line 9 as line 3"]},
        "files": {
            "rejects": {"path": "out/bad.csv", "rows": 102},
            "results": {"path": "done.csv", "rows": 900},
        },
        "requests": 12,
        "retries": 2,
        "seconds": 3.5,
    }


def test_what_is_not_known_to_be_created_is_not_said_to_be(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(Screen(), report(ending(ExitCode.SOME_FAILED, counts=Counts(1_000, 950, 50))))
    assert "400 created, 500 updated, of the others it is not known" in capsys.readouterr().out

    show(Screen(), report(ending(ExitCode.SOME_FAILED)))
    assert "400 created, 500 updated" in (out := capsys.readouterr().out)
    assert "not known" not in out


@pytest.mark.parametrize(
    ("words", "files", "skip"),
    [
        ("contacts a.csv --skip 10", {}, 10 + 700),
        ("contacts a.csv --skip 10 --rejects bad.csv", {"rejects": "bad.csv"}, 1_010),
    ],
)
def test_the_rest_begins_with_the_first_record_that_is_open_and_in_no_file(
    words: str, files: dict[str, str], skip: int
) -> None:
    end = attrs.evolve(ending(ExitCode.STOPPED, by="by Ctrl-C", skipped=10), first_open=700)
    (why, command), *_ = next_steps(report(end, words, files))
    assert why == "load the rest"
    assert f"--skip {skip}" in command


def test_what_a_stopped_create_has_not_written_is_not_created_blindly() -> None:
    end = attrs.evolve(ending(ExitCode.STOPPED, by="by Ctrl-C"), first_open=700)
    (why, command), *_ = next_steps(
        attrs.evolve(report(end, "contacts a.csv", {}), what="create contacts")
    )
    assert "those from record 701 on were written in part" in why
    assert not command


@pytest.mark.parametrize(("earlier", "whose"), [(0, ""), (7, " of this process")])
def test_keys_that_are_repeated_are_those_of_this_process_after_a_resume(
    capsys: pytest.CaptureFixture[str], earlier: int, whose: str
) -> None:
    end = ending(ExitCode.SOME_FAILED)
    progress = attrs.evolve(end.progress, settled_earlier=earlier)
    show(Screen(), report(attrs.evolve(end, progress=progress, repeated=Places(1, ["line 9"]))))
    assert f"earlier one{whose} (e.g." in " ".join(capsys.readouterr().out.split())


def test_the_speed_is_that_of_what_this_process_has_settled(
    capsys: pytest.CaptureFixture[str],
) -> None:
    end = ending(ExitCode.SOME_FAILED)  # 990 records are settled
    show(
        Screen(),
        report(attrs.evolve(end, progress=attrs.evolve(end.progress, settled_earlier=920))),
    )
    assert "3.5 s, 20 records/s, 12 requests" in capsys.readouterr().out


@pytest.mark.parametrize("width", [60, 80, 120])
def test_on_a_terminal_no_line_is_cut_and_the_command_can_be_copied(width: int) -> None:
    screen, shown = Screen(), io.StringIO()
    screen.report = screen.err = Console(
        file=shown, force_terminal=True, width=width, color_system=None, highlight=False
    )
    counts = Counts(1_234_567_890, 1_234_567_000, 890)

    show(screen, report(ending(ExitCode.SOME_FAILED, counts=counts, bad=12_345)))

    text = shown.getvalue()
    assert max(map(len, text.splitlines())) <= width
    for number in ("1,234,580,235", "1,234,567,000", "890", "12,345"):
        assert f" {number} " in text
    command = text[text.index("  hubbatch") :].replace("\\\n", "")
    assert shlex.split(command) == shlex.split(
        "hubbatch upsert contacts out/bad.csv --id-property email --rejects out/bad-2.csv --results done-2.csv"
    )


def lossy(what: str) -> Report:
    end = ending(ExitCode.STOPPED, by="a file cannot be written", skipped=10)
    words = "contacts a.csv --skip 10 --rejects out/bad.csv"
    found = report(
        end, words, {"rejects": "out/bad.csv"}, rows={"rejects": 60}, lost={"rejects": 40}
    )
    return attrs.evolve(found, what=what)


def test_rows_that_could_not_be_written_are_not_said_to_be_in_the_rejects(
    capsys: pytest.CaptureFixture[str],
) -> None:
    of = lossy("upsert contacts")
    show(Screen(), of)
    assert "rejects: out/bad.csv (60 rows; 40 rows could not be written)" in capsys.readouterr().out
    assert document(of)["files"] == {"rejects": {"path": "out/bad.csv", "rows": 60, "lost": 40}}
    (why, command), *more = next_steps(of)
    assert why.endswith("could not be written to the rejects: load the whole input again")
    assert command == "hubbatch upsert contacts a.csv --rejects out/bad-2.csv --skip 10"
    assert not any("out/bad.csv" in step for step, _ in more)


def test_a_create_whose_rejects_are_not_all_there_is_not_loaded_again_blindly() -> None:
    (why, command), *_ = next_steps(lossy("create contacts"))
    assert "40 rows that did not succeed could not be written" in why
    assert "find out which of the first 1,010 records" in why
    assert not command
