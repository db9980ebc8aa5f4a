"""Objects that were read out, in files: read again they give the same values, and no end leaves half a line."""

from __future__ import annotations

import asyncio
import datetime as dt
import errno
import os
import re
import stat
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet
import pytest
from files_support import failure, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from hubbatch import HubbatchError, ObjectResult, UsageError, files
from hubbatch._output.cells import shown
from hubbatch.files import OUTPUT_KINDS, Kind, ObjectsFile, OutputError, output_kind

NAMES = ("email", "firstname", "amount")
KINDS = ("csv", "ndjson", "parquet")


def some(count: int, first: int = 1) -> list[ObjectResult]:
    return [
        ObjectResult(str(number), {"email": f"p{number}@b.cz", "firstname": None, "amount": "007"})
        for number in range(first, first + count)
    ]


def values(path: Path) -> list[dict[str, Any]]:
    """Return what reading a file gives, without empty values."""
    return [{name: value for name, value in row.items() if value is not None} for row in rows(path)]


class Reading(AsyncIterator[ObjectResult]):
    """Objects that come one after the other, and then an error; its cursor counts them."""

    def __init__(self, objects: Sequence[ObjectResult], error: BaseException | None = None) -> None:
        self._objects = iter(objects)
        self._error = error
        self._given = 0

    @property
    def cursor(self) -> str | None:
        return str(self._given) if self._given else None

    async def __anext__(self) -> ObjectResult:
        for each in self._objects:
            self._given += 1
            return each
        if self._error is not None:
            raise self._error
        raise StopAsyncIteration


def as_written(value: str, kind: str) -> str:
    """Return a value as it stands in a file of a kind."""
    unfit = "[\0\ud800-\udfff]" if kind == "csv" else "[\ud800-\udfff]"
    return shown(value) if re.search(unfit, value) else value


TEXT = st.text("aé7;,|\t\"'\r\n =\ufeff☃𝄞\u2028\x0b\x1c\x85\\\0\ud83d\udceb", max_size=6)
LIVELY = st.sampled_from(["=1+1", "a;b", 'say "x"', "two\r\nlines", "007", " padded ", "null"])


@settings(deadline=None)  # the first example has pyarrow import what it finds
@given(
    found=st.lists(
        st.dictionaries(st.sampled_from(NAMES), st.none() | TEXT | LIVELY), min_size=1, max_size=5
    ),
    kind=st.sampled_from(KINDS),
)
def test_read_again_a_file_gives_the_values_that_were_written(
    found: list[dict[str, str | None]], kind: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"all.{kind}")
        with ObjectsFile(path, NAMES) as file:
            file.write(*(ObjectResult(str(n), each) for n, each in enumerate(found, 1)))

        again = values(path)

    given_values = [
        {"id": str(n)} | {name: as_written(value, kind) for name, value in each.items() if value}
        for n, each in enumerate(found, 1)
    ]
    assert [
        {name: value for name, value in each.items() if value} for each in again
    ] == given_values
    assert set(file.shown) == {
        name
        for each in found
        for name, value in each.items()
        if value and as_written(value, kind) != value
    }


@pytest.mark.parametrize("nested", [False, True])
def test_half_of_a_character_costs_no_object_whatever_it_is_a_part_of(
    tmp_path: Path, *, nested: bool
) -> None:
    history = {"city": [{"value": "Brno \ud83d", "timestamp": "2026-01-02T00:00:00Z"}]}
    odd = ObjectResult("1", {"bio": "a\udceb"}, properties_with_history=history)
    path = tmp_path / "all.ndjson"
    with ObjectsFile(path, nested=nested) as file:
        file.write(odd, *some(2, 2), ObjectResult("4", {"n\ud83d": "x", "email": "d\ud83d@b.cz"}))

    lines = list(map(orjson.loads, path.read_bytes().splitlines()))
    assert [each["id"] for each in lines] == ["1", "2", "3", "4"]
    if nested:
        assert lines[0]["properties"] == {"bio": "a<0xEB>"}
        assert lines[0]["propertiesWithHistory"]["city"][0]["value"] == "Brno <0x-->"
    else:
        assert lines[3] == {"id": "4", "n<0x-->": "x", "email": "d<0x-->@b.cz"}
    assert file.shown == ["bio", *(["city"] if nested else []), "n<0x-->", "email"]


@pytest.mark.parametrize("kind", KINDS)
def test_properties_with_characters_that_cannot_stand_in_the_file_are_listed_within_bounds(
    tmp_path: Path, kind: str
) -> None:
    names = [f"p{number}" for number in range(150)]
    with ObjectsFile(tmp_path / f"all.{kind}", [*names, "column\ud83d"]) as file:
        file.write(ObjectResult("1", dict.fromkeys(names, "\ud83d")))

    assert len(file.shown) == 100
    assert len(values(tmp_path / f"all.{kind}")[0]) == 151


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("all.csv", "\ufeffid,email,amount\r\n1,p1@b.cz,007\r\n2,p2@b.cz,007\r\n"),
        ("all.tsv", "\ufeffid\temail\tamount\r\n1\tp1@b.cz\t007\r\n2\tp2@b.cz\t007\r\n"),
        (
            "all.jsonl",
            '{"id":"1","email":"p1@b.cz","amount":"007"}\n{"id":"2","email":"p2@b.cz","amount":"007"}\n',
        ),
    ],
)
def test_a_file_has_its_id_and_then_the_properties_that_were_named(
    tmp_path: Path, name: str, text: str
) -> None:
    with ObjectsFile(tmp_path / name, ["email", "amount", "email"]) as file:
        file.write(*some(2))
        file.write()

    assert (tmp_path / name).read_bytes().decode() == text
    assert file.written == 2


def test_every_column_of_parquet_is_text_and_its_groups_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "all.parquet"
    with ObjectsFile(path, NAMES) as file:
        for first in range(1, 50_002, 10_000):
            file.write(*some(min(10_000, 50_002 - first), first))
        assert file.size > 100_000  # most of it is written by now

    table = pyarrow.parquet.ParquetFile(path)
    assert table.schema_arrow.names == ["id", *NAMES]
    assert set(table.schema_arrow.types) == {pa.string()}
    assert table.metadata.num_rows == 50_001
    assert table.metadata.num_row_groups == 2
    assert table.read()["amount"][50_000].as_py() == "007"
    assert table.read()["firstname"].null_count == 50_001


def test_long_values_are_not_held_for_long(tmp_path: Path) -> None:
    long = "x" * 2**20
    with ObjectsFile(tmp_path / "all.parquet", ["email"]) as file:
        for number in range(40):
            file.write(ObjectResult(str(number), {"email": f"{number}{long}"}))
        size = file.size

    assert size > 0
    assert pyarrow.parquet.ParquetFile(tmp_path / "all.parquet").metadata.num_row_groups == 2


def test_nested_it_is_what_hubspot_answers(tmp_path: Path) -> None:
    moment = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    history = {"email": [{"value": "a@b.cz", "timestamp": "2026-01-02T00:00:00Z"}]}
    with ObjectsFile(tmp_path / "all.ndjson", ["email"], nested=True) as file:
        file.write(
            ObjectResult(
                "7", {"email": "a@b.cz"}, created_at=moment, properties_with_history=history
            )
        )

    assert orjson.loads((tmp_path / "all.ndjson").read_bytes()) == {
        "id": "7",
        "properties": {"email": "a@b.cz"},
        "createdAt": "2026-01-02T00:00:00Z",
        "propertiesWithHistory": history,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_without_names_the_first_objects_tell_the_columns(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"all.{kind}"
    with ObjectsFile(path) as file:
        file.write(ObjectResult("1", {"b": "x"}), ObjectResult("2", {"a": "y"}))
        file.write(ObjectResult("3", {"b": "z", "late": "!"}))

    assert [row["id"] for row in rows(path)] == ["1", "2", "3"]
    if kind == "ndjson":
        assert rows(path)[2]["late"] == "!"
    assert file.left_out == ([] if kind == "ndjson" else ["late"])
    assert rows(path)[0]["b"] == "x"


@pytest.mark.parametrize("kind", KINDS)
def test_the_id_is_the_objects_also_where_a_property_is_called_so(
    tmp_path: Path, kind: str
) -> None:
    """Given to an update, another id would be another object."""
    path = tmp_path / f"all.{kind}"
    with ObjectsFile(path) as file:
        file.write(ObjectResult("1", {"id": "999", "a": "x"}))

    assert rows(path) == [{"id": "1", "a": "x"}]
    assert file.left_out == []


def test_names_may_come_from_a_generator(tmp_path: Path) -> None:
    with ObjectsFile(tmp_path / "all.csv", (name for name in ["email"])) as file:  # type: ignore[arg-type]
        file.write(*some(1))

    assert rows(tmp_path / "all.csv") == [{"id": "1", "email": "p1@b.cz"}]


def test_a_property_that_no_object_has_is_told(tmp_path: Path) -> None:
    with ObjectsFile(tmp_path / "all.csv", ["emial", "email", "firstname"]) as file:
        assert file.unseen == []
        file.write(*some(1))

    assert file.unseen == ["emial"]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_found_is_a_file_with_its_head_only(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"all.{kind}"
    with ObjectsFile(path, ["email"]) as file:
        pass
    file.close()

    if kind == "ndjson":
        assert path.read_bytes() == b""
    assert "there is no record in it" in str(failure(path))


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_its_owners_and_never_another_ones(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"all.{kind}"
    with ObjectsFile(path, NAMES) as file:
        file.write(*some(1))
    before = path.read_bytes()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="is there already"):
        ObjectsFile(path, NAMES)

    def break_off() -> None:
        with ObjectsFile(path, NAMES, force=True):
            raise HubbatchError("the service is down")

    with pytest.raises(HubbatchError, match="down"):
        break_off()
    assert path.read_bytes() == before

    with ObjectsFile(path, NAMES, force=True) as file:
        file.write(*some(2, 8))
    assert [row["id"] for row in rows(path)] == ["8", "9"]


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_it_goes_on_after_what_is_there(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"all.{kind}"
    for first in (1, 3):
        with ObjectsFile(path, NAMES, append=True) as file:
            file.write(*some(2, first))

    assert [row["id"] for row in rows(path)] == ["1", "2", "3", "4"]

    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    with (
        pytest.raises(OutputError, match="last line has no end"),
        ObjectsFile(path, NAMES, append=True) as file,
    ):
        file.write(*some(1))
    assert path.read_bytes() == whole[:-3]


def test_it_does_not_go_on_after_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    path.write_text("id,name\r\n1,x\r\n")

    with (
        pytest.raises(OutputError, match="other columns"),
        ObjectsFile(path, NAMES, append=True) as file,
    ):
        file.write(*some(1))

    assert path.read_text() == "id,name\n1,x\n"


def test_half_a_header_of_a_killed_process_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    path.write_bytes("\ufeffid,em".encode())
    with ObjectsFile(path, NAMES, append=True) as file:
        file.write(*some(1))

    assert [row["id"] for row in rows(path)] == ["1"]


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("all.xlsx", None), "csv, ndjson, parquet"),
        (("all.csv.gz", None), "csv, ndjson, parquet"),
        (("all", ["email", ""]), "list of property names"),
        (("all.csv", "email"), "list of property names"),
        (("all.csv", ["id"]), "leave it out"),
    ],
)
def test_what_cannot_be_written_is_a_usage_error(
    tmp_path: Path, arguments: tuple[str, Any], advice: str
) -> None:
    name, properties = arguments
    kind = None if "." in name else "csv"
    with pytest.raises(UsageError, match=advice):
        ObjectsFile(tmp_path / name, properties, kind=kind)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "options", "advice"),
    [
        ("all.csv", {"nested": True}, "CSV is flat"),
        ("all.parquet", {"nested": True}, "PARQUET is flat"),
        ("all.parquet", {"append": True}, "another name"),
        ("all.csv", {"append": True, "force": True}, "not both"),
        ("all.csv", {"kind": "excel"}, "csv, ndjson, parquet"),
        ("all.csv", {"kind": "klingon"}, "csv, ndjson, parquet"),
    ],
)
def test_options_that_do_not_go_together_are_a_usage_error(
    tmp_path: Path, name: str, options: dict[str, Any], advice: str
) -> None:
    with pytest.raises(UsageError, match=advice):
        ObjectsFile(tmp_path / name, **options)

    assert list(tmp_path.iterdir()) == []


def test_a_kind_that_is_given_counts_more_than_the_suffix() -> None:
    assert output_kind("all.csv", "parquet") is Kind.PARQUET
    assert output_kind("ALL.CSV") is Kind.CSV
    assert [str(kind) for kind in OUTPUT_KINDS] == [*KINDS]


def test_without_its_extra_parquet_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)

    with pytest.raises(UsageError, match=r"pip install 'hubbatch\[parquet\]'"):
        ObjectsFile(tmp_path / "all.parquet")

    assert list(tmp_path.iterdir()) == []


# A whole reading


def save(file: ObjectsFile, reading: Reading, **options: Any) -> None:
    asyncio.run(file.save(reading, **options))


@pytest.mark.parametrize("kind", KINDS)
def test_a_reading_is_saved_to_its_end_beside_the_event_loop(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"all.{kind}"
    with ObjectsFile(path, NAMES) as file:
        save(file, Reading(some(450)))

    assert [row["id"] for row in rows(path)] == [str(number) for number in range(1, 451)]
    assert (file.written, file.cursor) == (450, "450")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "error", [HubbatchError("down"), asyncio.CancelledError()], ids=["fault", "cancel"]
)
def test_what_was_taken_is_in_the_file_whatever_ends_the_reading(
    tmp_path: Path, kind: str, error: BaseException
) -> None:
    path = tmp_path / f"all.{kind}"
    file = ObjectsFile(path, NAMES)
    with pytest.raises(type(error)), file:
        save(file, Reading(some(250), error))

    assert len(rows(path)) == 250
    assert file.cursor == "250"


def test_who_is_cancelled_while_a_thread_writes_waits_for_it(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    writing, go_on = threading.Event(), threading.Event()

    async def in_thread(function: Callable[..., Any], *arguments: Any) -> None:
        def work() -> None:
            writing.set()
            go_on.wait()
            function(*arguments)

        await asyncio.to_thread(work)

    async def cancel(file: ObjectsFile) -> None:
        task = asyncio.create_task(file.save(Reading(some(200)), in_thread=in_thread))
        await asyncio.to_thread(writing.wait)
        for _ in range(4):
            task.cancel()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        waits = not task.done()
        go_on.set()
        assert waits
        with pytest.raises(asyncio.CancelledError):
            await task

    with ObjectsFile(path, NAMES) as file:
        asyncio.run(cancel(file))

    assert len(rows(path)) == 200
    assert file.cursor == "200"


@pytest.mark.parametrize("error", [None, HubbatchError("down")], ids=["alone", "with another"])
def test_a_full_disk_is_reported_and_the_cursor_is_of_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException | None
) -> None:
    path = tmp_path / "all.csv"
    file = ObjectsFile(path, NAMES)
    written = file.write

    def write(*objects: ObjectResult) -> None:
        if file.written:
            raise OutputError(f"cannot write {path}: {os.strerror(errno.ENOSPC)}")
        written(*objects)

    monkeypatch.setattr(file, "write", write)

    with pytest.raises(HubbatchError) as caught, file:
        save(file, Reading(some(450 if error is None else 250), error))

    assert "No space left" in str(caught.value) + "".join(getattr(caught.value, "__notes__", ()))
    assert len(rows(path)) == 200
    assert file.cursor == "200"


@pytest.mark.parametrize(
    "error",
    [None, HubbatchError("down"), asyncio.CancelledError()],
    ids=["none", "fault", "cancel"],
)
def test_one_call_saves_a_reading_without_blocking_the_loop(
    tmp_path: Path, error: BaseException | None
) -> None:
    path = tmp_path / "all.parquet"

    async def main() -> None:
        file = await files.save(Reading(some(250), error), path, NAMES)
        assert (file.written, file.cursor, file.unseen) == (250, "250", [])

    with nullcontext() if error is None else pytest.raises(type(error)):
        asyncio.run(main())

    assert len(rows(path)) == 250


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is full")
@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_that_is_full_is_one_sentence(kind: str) -> None:
    def write() -> None:
        with ObjectsFile("/dev/full", NAMES, kind=kind) as file:
            file.write(*some(1))

    with pytest.raises(OutputError, match="cannot write /dev/full: No space left"):
        write()
