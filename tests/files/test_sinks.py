"""Rejects and results as files: whole lines, for their owner alone, never over another file."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from files_support import entries, items, refused, rejected, rows, stored, written
from hypothesis import given, settings
from hypothesis import strategies as st

from hubbatch import RecordOutcome, RecordStatus, UsageError
from hubbatch._output.cells import cell_text, defused, json_text
from hubbatch.files import OWN, BadLine, OutputError, Rejects, Results, Row

TEXT = "email,n\na@b.cz,1\nragged\nc@d.cz,2\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / "in.csv", TEXT)


def bad(path: Path, **options: Any) -> str:
    with Rejects(path.parent / "bad.csv", **options) as rejects:
        rejects.write(*rejected(items(path)))
    return (path.parent / "bad.csv").read_text("utf-8-sig")


def test_a_reject_says_where_it_stood_and_what_became_of_it(path: Path) -> None:
    lines = list(csv.DictReader(io.StringIO(bad(path))))

    assert [[line[name] for name in OWN[1:]] for line in lines] == [
        ["2", "FAILED", "VALIDATION_ERROR", "no such option"],
        ["3", "FAILED", "BAD_LINE", items_reason(path)],
        ["4", "FAILED", "VALIDATION_ERROR", "no such option"],
    ]
    assert {line["_file"] for line in lines} == {str(path)}


def items_reason(path: Path) -> str:
    (wrong,) = [item for item in items(path) if isinstance(item, BadLine)]
    return wrong.reason


def test_an_empty_column_without_a_name_stays_where_it_is(tmp_path: Path) -> None:
    source = written(tmp_path / "in.csv", "email,,n\na@b.cz,,1\nc@d.cz,x,2\n")
    lines = bad(source).splitlines()

    assert [cells[len(OWN) :] for cells in csv.reader(lines)] == [
        ["email", "", "n"],
        ["a@b.cz", "", "1"],
        ["c@d.cz", "x", "2"],
    ]
    found = items(tmp_path / "bad.csv")
    assert [isinstance(item, Row) for item in found] == [True, False]
    only_the_bad = written(tmp_path / "one.csv", f"{lines[0]}\n{lines[2]}\n")
    assert [isinstance(item, BadLine) for item in items(only_the_bad)] == [True]


def test_what_is_unknown_is_known_as_such_when_it_is_read_again(path: Path) -> None:
    first, second = rows(path)
    with Rejects(path.parent / "bad.csv") as rejects:
        rejects.write(RecordOutcome(0, first, RecordStatus.UNKNOWN))
        rejects.write(RecordOutcome(1, second, RecordStatus.UNSENT))

    assert [row.status for row in rows(path.parent / "bad.csv")] == ["UNKNOWN", "UNSENT"]
    assert [row.status for row in rows(path)] == ["", ""]


@pytest.mark.parametrize("begun", ["=", "+", "-", "@", "\t", "\r"])
def test_what_a_spreadsheet_would_run_is_defused_in_our_columns_only(
    path: Path, begun: str
) -> None:
    row = rows(written(path, f'email,n\n"{begun}1+1",1\n'))[0]
    with Rejects(path.parent / "bad.csv") as rejects:
        rejects.write(refused(row, f"{begun}cmd|'/c calc'!A1"))
    (line,) = csv.DictReader(
        io.StringIO((path.parent / "bad.csv").read_bytes().decode("utf-8-sig"), newline="")
    )

    assert line["_message"] == f"'{begun}cmd|'/c calc'!A1"
    assert line["email"] == f"{begun}1+1"
    assert rows(path.parent / "bad.csv")[0]["email"] == f"{begun}1+1"
    assert defused("plain") == "plain"


def test_results_have_each_row_with_its_id_and_whether_it_is_new(path: Path) -> None:
    first, second = rows(path)
    with Results(path.parent / "done.csv") as results:
        results.write(stored(first, 11, new=True), stored(second, 12))
        results.write(RecordOutcome(2, second, RecordStatus.SUCCEEDED))

    text = (path.parent / "done.csv").read_text("utf-8-sig")
    assert text == "id,new,email,n\n11,true,a@b.cz,1\n12,,c@d.cz,2\n,,c@d.cz,2\n"


def test_results_take_other_names_where_the_input_has_theirs(path: Path) -> None:
    row = rows(written(path, "id,n\n7,1\n"))[0]
    with Results(path.parent / "done.csv") as results:
        results.write(stored(row, 7))
    assert (path.parent / "done.csv").read_text("utf-8-sig") == "_id,_new,id,n\n7,,7,1\n"

    row = rows(written(path.parent / "in.ndjson", '{"id":"7"}\n'))[0]
    with Results(path.parent / "done.ndjson") as results:
        results.write(stored(row, 7, new=False))
    assert json.loads((path.parent / "done.ndjson").read_text()) == {
        "_id": "7",
        "_new": False,
        "id": "7",
    }


def test_only_what_fits_is_written(path: Path) -> None:
    good = rows(path)[0]
    with Rejects(path.parent / "bad.csv") as rejects, Results(path.parent / "done.csv") as results:
        for sink, item in (
            (rejects, stored(good, 1)),
            (results, refused(good)),
            (rejects, RecordOutcome(0, {}, RecordStatus.FAILED)),
            (results, RecordOutcome(0, {}, RecordStatus.SUCCEEDED)),
        ):
            with pytest.raises(UsageError):
                sink.write(item)
        assert (rejects.written, results.written) == (0, 0)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_file_is_its_owners_alone(path: Path) -> None:
    bad(path)
    assert stat.S_IMODE((path.parent / "bad.csv").stat().st_mode) == 0o600


def test_a_file_that_is_there_is_never_written_over(path: Path) -> None:
    written(path.parent / "bad.csv", "precious")

    with pytest.raises(UsageError, match="is there already: append to it"):
        Rejects(path.parent / "bad.csv")
    with pytest.raises(UsageError, match="not both"):
        Rejects(path.parent / "bad.csv", append=True, force=True)
    assert (path.parent / "bad.csv").read_text() == "precious"


def test_force_takes_the_place_of_what_was_there_with_the_first_line(path: Path) -> None:
    there = written(path.parent / "bad.csv", "precious" * 1_000)

    rejects = Rejects(there, force=True)
    assert there.read_text() == "precious" * 1_000
    rejects.write(*rejected(items(path)))
    rejects.close()
    assert len(items(there)) == 3


def test_force_without_a_reject_leaves_none_of_an_earlier_run_unless_something_went_wrong(
    path: Path,
) -> None:
    there = written(path.parent / "bad.csv", "precious")

    with pytest.raises(ZeroDivisionError), Rejects(there, force=True):
        raise ZeroDivisionError
    assert there.read_text() == "precious"
    with Rejects(there, force=True):
        pass
    assert there.read_text() == ""


def test_a_new_file_that_nothing_was_written_to_is_gone(path: Path) -> None:
    with Rejects(path.parent / "bad.csv"):
        assert (path.parent / "bad.csv").exists()
    assert not (path.parent / "bad.csv").exists()


def test_appending_goes_on_under_the_same_header(path: Path) -> None:
    once = bad(path)
    twice = bad(path, append=True)

    assert twice == once + "".join(once.splitlines(keepends=True)[1:])
    assert len(items(path.parent / "bad.csv")) == 6


def test_appending_to_a_new_or_empty_file_begins_it(path: Path) -> None:
    first = bad(path, append=True)
    written(path.parent / "bad.csv", "")
    assert bad(path, append=True) == first


@pytest.mark.parametrize("there", ["email,n\n1,2\n", "x" * 10_000 + "\n", '{"a":1}\n'])
def test_appending_to_something_else_is_refused(path: Path, there: str) -> None:
    written(path.parent / "bad.csv", there)
    with pytest.raises(OutputError, match="has other columns"):
        bad(path, append=True)
    assert (path.parent / "bad.csv").read_text() == there


def test_appending_lines_to_something_else_is_refused(path: Path) -> None:
    lines = written(path.parent / "in.ndjson", '{"a":1}\n')
    bad(path)
    before = (path.parent / "bad.csv").read_text()
    with Rejects(path.parent / "bad.csv", append=True) as rejects, pytest.raises(OutputError):
        rejects.write(*rejected(items(lines)))
    assert (path.parent / "bad.csv").read_text() == before


@settings(max_examples=60, deadline=None)
@given(
    cells=st.lists(st.text(st.sampled_from('a,"\n\r;')), min_size=1, max_size=4),
    cut=st.integers(0, 10_000),
    suffix=st.sampled_from(["csv", "ndjson"]),
)
def test_what_a_kill_has_cut_off_is_removed_or_refused_and_never_run_together_with_more(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str], cut: int, suffix: str
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    text = io.StringIO()
    csv.writer(text).writerows([["a", "b"], *([f"x{cell}", "y"] for cell in cells)])
    source = written(folder / "in.csv", text.getvalue())
    if suffix == "ndjson":
        lines = [json.dumps({"a": cell}) + "\n" for cell in cells]
        source = written(folder / "in.ndjson", "".join(lines))
    found, there = items(source), folder / f"bad.{suffix}"
    ends = [0]
    with Rejects(there) as rejects:
        rejects.begin(entries(source)[0])  # type: ignore[arg-type]
        ends.append(rejects.size)
        for item in rejected(found):
            rejects.write(item)
            ends.append(rejects.size)
    whole = there.read_bytes()
    cut %= len(whole) + 1
    there.write_bytes(whole[:cut])

    try:
        with Rejects(there, append=True) as rejects:
            rejects.write(*rejected(found[:1]))
    except OutputError as error:
        assert "its last line has no end" in str(error)  # noqa: PT017 (or it is none)
        assert cut not in ends
        assert there.read_bytes() == whole[:cut]
    else:
        assert cut in ends or cut < ends[1]

    there.write_bytes(whole[:cut])
    known = max(end for end in ends if end <= cut)
    with Rejects(there, known_size=known) as rejects:
        rejects.write(*rejected(found[:1]))
    wanted = [dict(item) for item in found if isinstance(item, Row)]
    before = max(0, ends.index(known) - 1) if len(set(ends)) == len(ends) else ends[1:].index(known)
    assert [dict(row) for row in rows(there)] == [*wanted[:before], wanted[0]]


def test_a_file_that_is_shorter_than_was_noted_is_not_touched(path: Path) -> None:
    text = bad(path)
    with pytest.raises(OutputError, match="it was changed since"):
        Rejects(path.parent / "bad.csv", known_size=len(text) + 100)
    assert (path.parent / "bad.csv").read_text("utf-8-sig") == text


def test_a_foreign_file_is_left_as_it_is_to_the_last_byte(path: Path) -> None:
    there = written(path.parent / "bad.csv", "precious, without a line end")
    with pytest.raises(OutputError, match="has other columns"):
        bad(path, append=True)
    assert there.read_text() == "precious, without a line end"


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


def test_a_full_disk_leaves_whole_lines(path: Path) -> None:
    there = path.parent / "bad.csv"
    first, *rest = rejected(items(path))
    with Rejects(there) as rejects:
        rejects.write(first)
        before = there.read_bytes()
        with (
            no_file_longer_than(len(before) + 10),
            pytest.raises(OutputError, match=r"cannot write .*bad\.csv: File too large"),
        ):
            rejects.write(*rest)
        assert there.read_bytes() == before
        rejects.write(*rest)  # there is room again

    assert len(items(there)) == 3


def test_a_file_that_cannot_be_opened_is_reported(path: Path) -> None:
    with pytest.raises(OutputError, match="No such file"):
        Rejects(path.parent / "no" / "folder" / "bad.csv")
    with pytest.raises((OutputError, UsageError)):
        Rejects(path.parent)


@pytest.mark.parametrize("dangling", [True, False])
def test_a_link_is_not_followed(path: Path, *, dangling: bool) -> None:
    target, link = path.parent / "elsewhere", path.parent / "bad.csv"
    if not dangling:
        target.write_text("precious")
    link.symlink_to(target)

    with pytest.raises(OutputError, match="symbolic link; name the file"):
        Rejects(link, force=True)
    assert target.exists() is not dangling


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
def test_devices_are_written_to_as_they_are(path: Path) -> None:
    with Rejects("/dev/null") as rejects:
        rejects.write(*rejected(items(path)))
        assert rejects.written == 3
    with Rejects("/dev/full") as rejects, pytest.raises(OutputError, match="No space left"):
        rejects.write(*rejected(items(path)))


def test_what_was_written_can_be_made_durable(path: Path) -> None:
    with Rejects(path.parent / "bad.csv") as rejects:
        rejects.write(*rejected(items(path)))
        rejects.sync()
        assert rejects.size == (path.parent / "bad.csv").stat().st_size
        status = (path.parent / "bad.csv").stat()
        assert rejects.identity == (status.st_dev, status.st_ino)


KILLED = """
import sys
from hubbatch import BatchError, RecordOutcome, RecordStatus
from hubbatch.files import Rejects, read
source, bad = sys.argv[1:]
error = BatchError("VALIDATION_ERROR", "m" * 300)
with Rejects(bad) as rejects:
    for row in read(source):
        rejects.write(RecordOutcome(row.position, row, RecordStatus.FAILED, error=error))
"""


@pytest.mark.parametrize("bytes_before", [1_000, 300_000, 2_000_000])
def test_a_killed_process_leaves_whole_lines_and_at_most_a_part_of_the_last(
    tmp_path: Path, bytes_before: int
) -> None:
    source = written(
        tmp_path / "in.csv", "n,note\n" + "".join(f'{n},"a\nb"\n' for n in range(100_000))
    )
    there = tmp_path / "bad.csv"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(source), str(there)]) as process:
        end = time.monotonic() + 20
        while not there.exists() or there.stat().st_size < bytes_before:
            assert time.monotonic() < end
            time.sleep(0.001)
        process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))

    known = there.read_bytes().rfind(b"\r\n") + 2
    with Rejects(there, known_size=known) as rejects:
        rejects.begin(entries(source)[0])  # type: ignore[arg-type]
    back = rows(there)

    assert 0 < len(back) < 100_000
    assert [row["n"] for row in back] == [str(n) for n in range(len(back))]


def test_rows_of_other_files_are_written_in_the_form_of_the_first(tmp_path: Path) -> None:
    first = written(tmp_path / "a.csv", "n,x\n1,a\n")
    other = written(tmp_path / "b.csv", 'x;n\n"b,c";2\nragged\n"x"y\n')
    with Rejects(tmp_path / "bad.csv") as rejects:
        rejects.write(*rejected([*items(first), *items(other)]))

    found = items(tmp_path / "bad.csv")
    assert [dict(item) for item in found if isinstance(item, Row)] == [
        {"n": "1", "x": "a"},
        {"n": "2", "x": "b,c"},
    ]
    assert len(found) == 4


def test_a_delimiter_that_is_not_found_out_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", "n^x\n1^a\n")
    with Rejects(tmp_path / "bad.csv") as rejects:
        rejects.write(*rejected(items(path, delimiter="^")))

    assert (tmp_path / "bad.csv").read_text("utf-8-sig").startswith("sep=^\n_file^_line^")
    assert [dict(row) for row in rows(tmp_path / "bad.csv")] == [{"n": "1", "x": "a"}]


def test_values_as_cells() -> None:
    texts = {
        "": None,
        "true": True,
        "1.5": 1.5,
        "10000000000000000000000": 1e22,
        "0.0000001": 1e-7,
        "1.10": Decimal("1.10"),
        "1E+9999": Decimal("1E+9999"),
        "nan": float("nan"),
        "1;a": [1, "a"],
        '["a;b"]': ["a;b"],
        "[null]": [None],
        '{"a":null}': {"a": None},
        "a\\xff": b"a\xff",
        "2024-05-01": dt.date(2024, 5, 1),
        "2024-05-01T10:00:00+00:00": dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC),
    }
    assert [cell_text(value) for value in texts.values()] == [*texts]
    assert json.loads(json_text({"a": 2**70, "b": ["\ud800", {"c": 2**70}]})) == {
        "a": 2**70,
        "b": ["\ud800", {"c": 2**70}],
    }
