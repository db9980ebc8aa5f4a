"""What becomes of every row of an input: stored, rejected, blank or left alone; none is lost, none is in two places."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from cli_driver import Finished, contacts, hubbatch, lines_of, table_of
from hypothesis import given, settings
from hypothesis import strategies as st

from hubbatch.sandbox import Sandbox

BLANK = st.sampled_from([["", ""], [" ", ""], []])
RAGGED = st.sampled_from([["alone"], ["a@b.cz", "x", "y"]])
REFUSED = st.sampled_from([["no address", "Ann"], ["", "nobody"], ["neither", ""]])
GOOD = st.tuples(
    st.sampled_from([f"p{n}@b.cz" for n in range(8)]),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=6),
).map(list)
TABLE = st.lists(st.one_of(GOOD, GOOD, REFUSED, RAGGED, BLANK), max_size=25)


def is_blank(cells: list[str]) -> bool:
    return not any(cell.strip() for cell in cells)


def cells_of(path: Path) -> list[list[str]]:
    """Return the rows of a file below its header."""
    if not path.exists():
        return []
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))[1:]


def csv_of(rows: list[list[str]], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


@settings(max_examples=12, deadline=None)
@given(
    table=TABLE,
    verb=st.sampled_from(["create", "upsert"]),
    duplicates=st.sampled_from(["serial", "merge", "refuse"]),
    batch_size=st.sampled_from([1, 3, 100]),
)
def test_rejects_results_and_blank_rows_are_the_input_and_no_row_is_in_two(
    table: list[list[str]], verb: str, duplicates: str, batch_size: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        path, bad, done = (Path(name) / file for file in ("in.csv", "bad.csv", "done.csv"))
        path.write_bytes(csv_of([["email", "firstname"], ["x@y.cz", "X"], *table]).encode())

        finished = hubbatch(
            *(verb, "contacts", path, "--sandbox", "--rejects", bad, "--results", done),
            *("--batch-size", batch_size, "--duplicates", duplicates),
            "--id-property" if verb == "upsert" else "--unique-property",
            "email",
        )

        rejected = [cells[5:] for cells in cells_of(bad)]
        stored = [cells[2:] for cells in cells_of(done)]
    whole = [cells for cells in [["x@y.cz", "X"], *table] if not is_blank(cells)]
    assert Counter(map(tuple, rejected + stored)) == Counter(map(tuple, whole))
    assert finished.count("succeeded") == len(stored)
    assert finished.code == bool(rejected)


def load(path: Path, sandbox: Sandbox, *options: object, verb: str = "upsert") -> Finished:
    key = ("--id-property", "email") if verb == "upsert" else ()
    return hubbatch(verb, "contacts", path, "--base-url", sandbox.base_url, *key, *options)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text('email;n\na@b.cz;1\nragged\n;\nc@d.cz;3\n"x"y;4\nno;5\ne@f.cz;6\n')
    return path


def test_bad_lines_are_rejects_and_the_rest_is_loaded(path: Path, hubspot_sandbox: Sandbox) -> None:
    bad = path.parent / "bad.csv"

    finished = load(path, hubspot_sandbox, "--rejects", bad, "--delimiter", ";")

    assert finished.code == 1
    assert contacts(hubspot_sandbox).keys() == {"a@b.cz", "c@d.cz", "e@f.cz"}
    text = bad.read_bytes().decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))[1:]
    assert [(line[1], line[3]) for line in sorted(lines, key=lambda line: line[1])] == [
        ("3", "BAD_LINE"),
        ("6", "BAD_LINE"),
        ("7", "VALIDATION_ERROR"),
    ]
    assert finished.count("bad lines") == 2
    assert finished.count("blank rows") == 1
    assert "e.g. line 3" in finished.out
    assert "ragged" not in finished.out + finished.err


def test_bad_lines_alone_are_no_success_even_where_nobody_wants_rejects(
    path: Path, hubspot_sandbox: Sandbox
) -> None:
    path.write_text("email,n\na@b.cz,1\nragged\n")
    assert load(path, hubspot_sandbox).code == 1
    assert len(contacts(hubspot_sandbox)) == 1


def test_bad_lines_count_as_failures(path: Path, hubspot_sandbox: Sandbox) -> None:
    good = "".join(f"p{n}@b.cz,x\n" for n in range(20_000))
    path.write_text("email,n\nno,1\n" + "ragged\n" * 3 + good)

    finished = load(path, hubspot_sandbox, "--max-failures", 4, "--batch-size", 1)
    early = load(path, hubspot_sandbox, "--max-failures", 3)

    assert (finished.code, early.code) == (3, 3)
    assert "--max-failures" in finished.err
    assert finished.count("read") < 20_000
    assert early.count("read") < 20_000


def test_every_success_gets_its_row_its_id_and_whether_it_is_new(
    path: Path, hubspot_sandbox: Sandbox
) -> None:
    done, old = path.parent / "done.csv", hubspot_sandbox.add("contacts", {"email": "c@d.cz"})
    path.write_text("email,n\na@b.cz,1\nc@d.cz,2\nno,3\n")

    assert load(path, hubspot_sandbox, "--results", done).code == 1

    rows = {row["email"]: row for row in table_of(done)}
    new = next(s for s in hubspot_sandbox.objects("contacts").values() if s.id != old.id)
    assert rows["a@b.cz"] == {"id": new.id, "new": "true", "email": "a@b.cz", "n": "1"}
    assert rows["c@d.cz"] == {"id": old.id, "new": "false", "email": "c@d.cz", "n": "2"}
    assert len(rows) == 2


def test_the_results_of_a_create_are_the_input_of_an_archive(
    path: Path, hubspot_sandbox: Sandbox
) -> None:
    done, gone = path.parent / "done.csv", path.parent / "gone.csv"
    path.write_text("email,n\na@b.cz,1\nc@d.cz,2\n")
    assert load(path, hubspot_sandbox, "--results", done, verb="create").code == 0

    assert load(done, hubspot_sandbox, "--results", gone, verb="archive").code == 0
    assert all(stored.archived for stored in hubspot_sandbox.objects("contacts").values())
    assert [row["email"] for row in table_of(gone)] == [row["email"] for row in table_of(done)]


def test_a_part_of_the_input_is_what_one_limit_leaves_to_the_next_skip(
    path: Path, hubspot_sandbox: Sandbox
) -> None:
    path.write_text("email,n\na@b.cz,1\nragged\nc@d.cz,2\nworse\ne@f.cz,3\nlast\n")
    first, second = path.parent / "1.csv", path.parent / "2.csv"

    assert load(path, hubspot_sandbox, "--limit", 2, "--rejects", first).code == 1
    assert contacts(hubspot_sandbox).keys() == {"a@b.cz", "c@d.cz"}
    finished = load(path, hubspot_sandbox, "--skip", 2, "--limit", 9, "--rejects", second)

    assert (finished.count("succeeded"), finished.count("read")) == (1, 5)
    assert finished.count("skipped") == 2
    assert contacts(hubspot_sandbox).keys() == {"a@b.cz", "c@d.cz", "e@f.cz"}
    assert [row["_line"] for row in table_of(first)] == ["3"]
    assert [row["_line"] for row in table_of(second)] == ["5", "7"]


def test_a_skip_beyond_the_end_says_how_many_records_there_are(
    path: Path, hubspot_sandbox: Sandbox
) -> None:
    path.write_text("email,n\na@b.cz,1\n")
    finished = load(path, hubspot_sandbox, "--skip", 5)

    assert finished.code == 2
    assert "--skip 5 leaves nothing: the input has 1 record" in finished.err


UNKNOWN = "_file,_line,_status,_category,_message,email,n\nx.csv,2,UNKNOWN,,,a@b.cz,1\nx.csv,3,FAILED,X,no,c@d.cz,2\n"


def test_a_create_leaves_alone_what_may_be_there_already_unless_it_is_told(
    path: Path, hubspot_sandbox: Sandbox
) -> None:
    path.write_text(UNKNOWN)
    again = path.parent / "again.csv"

    finished = load(path, hubspot_sandbox, "--rejects", again, verb="create")

    assert finished.code == 1
    assert contacts(hubspot_sandbox).keys() == {"c@d.cz"}
    assert finished.count("held back") == 1
    [row] = table_of(again)
    assert (row["_status"], row["_category"], row["email"]) == (
        "UNKNOWN",
        "NOT_SENT_AGAIN",
        "a@b.cz",
    )
    assert "--retry-unknown" in row["_message"]

    assert load(again, hubspot_sandbox, "--retry-unknown", verb="create").code == 0
    assert contacts(hubspot_sandbox).keys() == {"a@b.cz", "c@d.cz"}


def test_an_upsert_sends_it_again_for_that_does_no_harm(
    path: Path, hubspot_sandbox: Sandbox
) -> None:
    path.write_text(UNKNOWN)
    assert load(path, hubspot_sandbox).code == 0
    assert contacts(hubspot_sandbox).keys() == {"a@b.cz", "c@d.cz"}


def test_lines_of_json_are_held_and_rejected_in_their_form(
    path: Path, hubspot_sandbox: Sandbox
) -> None:
    path, bad = path.parent / "in.ndjson", path.parent / "bad.ndjson"
    path.write_text('{"_status":"UNKNOWN","email":"a@b.cz"}\nnonsense\n\n{"email":"c@d.cz"}\n')

    finished = load(path, hubspot_sandbox, "--rejects", bad, verb="create")

    assert finished.code == 1
    assert contacts(hubspot_sandbox).keys() == {"c@d.cz"}
    assert [(line["_line"], line["_status"]) for line in lines_of(bad)] == [
        (1, "UNKNOWN"),
        (2, "FAILED"),
    ]
    assert json.loads(bad.read_text().splitlines()[1])["_raw"] == "nonsense\n"


def test_results_that_cannot_be_written_stop_the_run_and_rejects_still_tell_the_rest(
    path: Path, hubspot_sandbox: Sandbox
) -> None:
    path.write_text("email,n\n" + "".join(f"p{n}@b.cz,x\n" for n in range(20_000)))
    bad = path.parent / "bad.csv"

    finished = load(
        path, hubspot_sandbox, "--results", "/dev/full", "--rejects", bad, "--batch-size", 10
    )

    assert finished.code == 3
    assert "cannot write /dev/full: No space left" in finished.err
    assert "--max-failures" not in finished.err
    assert 0 < finished.count("succeeded") == len(contacts(hubspot_sandbox)) < 20_000
    assert len(table_of(bad)) == finished.count("unsent")


def test_the_reason_of_a_reject_names_no_parameter_of_python(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path, bad = tmp_path / "in.ndjson", tmp_path / "bad.ndjson"
    path.write_text('{"email": "a@b.cz", "city": ["x", null]}\n')

    options = ("--id-property", "email", "--base-url", hubspot_sandbox.base_url, "--rejects", bad)
    finished = hubbatch("upsert", "contacts", path, *options)

    (line,) = lines_of(bad)
    assert line["_message"].endswith("cannot be sent; leave the element out")
    assert "missing=" not in finished.out
