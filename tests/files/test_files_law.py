"""The law of files: rejects, results and blank rows are the input, each row verbatim, none in two."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any, Literal

import pytest
from files_support import entries, items, refused, rejected, rows, stored, written
from hypothesis import given, settings
from hypothesis import strategies as st

from hubbatch.files import OWN, BadLine, Ended, Opened, Rejects, Results, Row

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252")
IN_CP1252 = st.characters(codec="cp1252", exclude_characters="\0")
CELLS = st.text(IN_CP1252 | st.sampled_from(',;|\t"\n\r =+-@é'), max_size=8)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """Draw a header and rows, some of which have too few or too many cells."""
    width = draw(st.integers(1, 4))
    header = draw(
        st.lists(
            st.text(st.characters(codec="cp1252", categories=["L", "N"]), min_size=1, max_size=5),
            min_size=width,
            max_size=width,
            unique=True,
        )
    )
    widths = st.integers(1, 5) if draw(st.booleans()) else st.just(width)
    table = [
        draw(st.lists(CELLS, min_size=count, max_size=count))
        for count in draw(st.lists(widths, max_size=8))
    ]
    return header, table


def is_blank(cells: list[str]) -> bool:
    return not any(cell.strip() for cell in cells)


@settings(max_examples=300, deadline=None)
@given(
    table=tables(),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(ENCODINGS),
)
def test_a_table_in_any_dialect_and_encoding_survives_reading_rejecting_and_reading_again(
    table: tuple[list[str], list[list[str]]],
    delimiter: str,
    quoting: Literal[0, 1],
    line_end: str,
    encoding: str,
) -> None:
    header, body = table
    if quoting == csv.QUOTE_MINIMAL and line_end == "\n":
        # Python's writer leaves this one bare then, and nobody can tell it from a line end.
        body = [[cell.replace("\r", " ") for cell in cells] for cells in body]
    text = io.StringIO()
    writer: Any = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=line_end)
    writer.writerows([header, ["x"] * len(header), *body])
    with tempfile.TemporaryDirectory() as folder:
        path, again = Path(folder) / "in.csv", Path(folder) / "bad.csv"
        path.write_bytes(text.getvalue().encode(encoding))
        said = {"delimiter": delimiter, "encoding": encoding, "keep_empty": True}

        found = items(path, **said)
        with Rejects(again) as rejects:
            rejects.write(*rejected(found))
        reread = items(again)  # nothing is said: what stands there is enough
        once_more = items(again, keep_empty=True)

    wanted = [cells for cells in [["x"] * len(header), *body] if not is_blank(cells)]
    good = [cells for cells in wanted if len(cells) == len(header)]
    assert [list(row.values()) for row in found if isinstance(row, Row)] == good
    assert [list(row.values()) for row in once_more if isinstance(row, Row)] == good
    assert [isinstance(item, BadLine) for item in found] == [
        len(cells) != len(header) for cells in wanted
    ]
    assert [type(item) for item in found if isinstance(item, BadLine)] == [
        type(item) for item in reread if isinstance(item, BadLine)
    ]
    wrong = [item.raw for item in once_more if isinstance(item, BadLine)]
    cells_of = [
        next(csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter)) for raw in wrong
    ]
    assert cells_of == [cells for cells in wanted if len(cells) != len(header)]


@settings(max_examples=200, deadline=None)
@given(
    data=st.lists(
        st.sampled_from(
            [
                *(
                    b'"',
                    b",",
                    b"\n",
                    b"\r\n",
                    b"\0",
                    b"\xff",
                    b"\xc3\xa9",
                    b"a",
                    b"b,c",
                    b'"x"',
                    b"x,y\n",
                )
            ]
        ),
        max_size=40,
    ).map(b"".join),
    chance=st.randoms(use_true_random=False),
)
def test_whatever_the_bytes_rejects_results_and_blank_rows_are_the_input(
    data: bytes, chance: Any
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "in.csv", b"one,two\nfirst,row\n" + data)
        bad, done = Path(folder) / "bad.csv", Path(folder) / "done.csv"
        found = entries(path, encoding="utf-8")
        some = [entry for entry in found if isinstance(entry, Row | BadLine)]
        with Rejects(bad) as rejects, Results(done) as results:
            for number, item in enumerate(some):
                if isinstance(item, BadLine):
                    rejects.write(item)
                elif chance.random() < 0.5:
                    rejects.write(refused(item))
                else:
                    results.write(stored(item, number))
        back = items(bad) if bad.exists() else []
        loaded = rows(done) if done.exists() else []

    ended = found[-1]
    assert isinstance(ended, Ended)
    assert ended.records + ended.bad == len(some) == len(back) + len(loaded)
    plain = [(dict(item), item.raw) for item in some if isinstance(item, Row)]
    returned = [dict(item) for item in back if isinstance(item, Row)]
    kept = [{name: row[name] for name in ("one", "two") if name in row} for row in loaded]
    assert sorted(map(repr, returned + kept)) == sorted(repr(record) for record, _ in plain)
    wrong = [item for item in some if isinstance(item, BadLine)]
    assert sum(isinstance(item, BadLine) for item in back) == len(wrong)
    # A second round changes nothing any more.
    assert [item.position for item in some] == list(range(len(some)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(-1e6, 1e6, places=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.text().filter(lambda name: name not in {*OWN, "_raw"}), JSON, max_size=3)
        | st.sampled_from(["nonsense", '{"a":', "[1]", '{"a":"\ufeff\\ud800"}', "  ", "{} {}"]),
        min_size=1,
    )
)
def test_ndjson_survives_reading_rejecting_and_reading_again(lines: list[Any]) -> None:
    texts = [line if isinstance(line, str) else json.dumps(line, default=float) for line in lines]
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "in.ndjson", '{"first": 1.10}\n' + "\n".join(texts))
        again, third = Path(folder) / "bad.ndjson", Path(folder) / "worse.ndjson"
        found = items(path)
        with Rejects(again) as rejects:
            rejects.write(*rejected(found))
        reread = items(again)
        with Rejects(third) as rejects:
            rejects.write(*rejected(reread))
        once_more = items(third)

    for those in (reread, once_more):
        assert [dict(item) for item in those if isinstance(item, Row)] == [
            dict(item) for item in found if isinstance(item, Row)
        ]
        assert [item.raw.strip() for item in those if isinstance(item, BadLine)] == [
            item.raw.strip() for item in found if isinstance(item, BadLine)
        ]


def test_a_row_keeps_its_text_to_the_byte(tmp_path: Path) -> None:
    text = 'email;"note"\r\n"a@b.cz";  x \r\nc@d.cz;"two\nlines; and ""quotes"""\r\n'
    path = written(tmp_path / "in.csv", text)
    with Rejects(tmp_path / "bad.csv") as rejects:
        rejects.write(*rejected(items(path)))

    assert (tmp_path / "bad.csv").read_bytes().decode() == (
        "\ufeff_file;_line;_status;_category;_message;email;note\r\n"
        f'{path};2;FAILED;VALIDATION_ERROR;no such option;"a@b.cz";  x \r\n'
        f'{path};3;FAILED;VALIDATION_ERROR;no such option;c@d.cz;"two\nlines; and ""quotes"""\r\n'
    )


@pytest.mark.parametrize("rounds", [1, 3])
def test_rejects_of_rejects_have_our_columns_once(tmp_path: Path, rounds: int) -> None:
    path = written(tmp_path / "in.csv", 'email,n\na@b.cz,1\nragged\n"x"y,2\n')
    for number in range(rounds):
        found = items(path)
        path = tmp_path / f"bad{number}.csv"
        with Rejects(path) as rejects:
            rejects.write(*rejected(found))

    assert path.read_text("utf-8-sig").splitlines()[0] == ",".join([*OWN, "email", "n"])
    good, ragged, broken = items(path)
    assert isinstance(good, Row)
    assert dict(good) == {"email": "a@b.cz", "n": "1"}
    assert good.status == "FAILED"
    assert isinstance(ragged, BadLine)
    assert isinstance(broken, BadLine)
    opened = entries(path)[0]
    assert isinstance(opened, Opened)
    assert opened.columns == ("email", "n")
