"""Sources: several files, patterns and pipes as one input, read beside the event loop."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import os
import pickle
import stat
import subprocess
import sys
import threading
import zipfile
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from files_support import failure, written

from hubbatch import Client, UsageError
from hubbatch.files import BadLine, Ended, InputError, Opened, Row, _bytes, read
from hubbatch.sandbox import Sandbox


def ignore(_: object) -> None:
    pass


def test_several_files_and_patterns_are_one_input(tmp_path: Path) -> None:
    written(tmp_path / "b.csv", "n,x\n3,c\n4,d\n")
    written(tmp_path / "a.csv", "x;n\na;1\nb;2\n")
    written(tmp_path / "last.csv", "n,x\n5,e\n")
    notices: list[Any] = []

    source = read(tmp_path / "[ab].csv", tmp_path / "last.csv", notice=notices.append)
    found = list(source)

    assert [row["n"] for row in found] == ["1", "2", "3", "4", "5"]
    assert [Path(row.file).name for row in found] == ["a.csv"] * 2 + ["b.csv"] * 2 + ["last.csv"]
    assert [row.position for row in found] == [0, 1, 2, 3, 4]
    assert [row.line for row in found] == [2, 3, 2, 3, 2]
    assert [type(item) for item in notices] == [Opened, Ended] * 3
    assert (source.records, source.bad, source.blank) == (5, 0, 0)


def test_a_file_whose_name_looks_like_a_pattern_is_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "in[1].csv", "n\n1\n")
    assert read(path).check() == (str(path),)


def test_files_that_cannot_be_loaded_together_say_why(tmp_path: Path) -> None:
    first = written(tmp_path / "a.csv", "n,x\n1,a\n")
    other = written(tmp_path / "b.csv", "n,y\n1,a\n")
    lines = written(tmp_path / "c.ndjson", '{"n":1}\n')

    with pytest.raises(InputError, match=r"b.csv, line 1: .*lacks x, and has besides y"):
        list(read(first, other))
    with pytest.raises(InputError, match=r"c.ndjson: this is ndjson, and .*a.csv is csv"):
        list(read(first, lines))


def test_files_that_are_not_there_are_reported_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read(tmp_path / "nothing.csv").check()
    with pytest.raises(InputError, match="Is a directory: name the files in it"):
        read(tmp_path).check()
    with pytest.raises(InputError, match="no file matches this pattern"):
        read(tmp_path / "*.csv").check()
    with pytest.raises(InputError, match="no name of a file"):
        read("a\0b").check()


def test_a_file_without_permission_is_reported_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "in.csv", "n\n1\n")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("io.FileIO", refuse)
    with pytest.raises(InputError, match="Permission denied: ask its owner"):
        read(path).check()


def test_a_file_that_is_gone_when_its_turn_comes_is_reported(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", "n\n1\n")
    source = read(path)
    source.check()
    path.unlink()
    with pytest.raises(InputError, match=r"in\.csv: No such file"):
        list(source)


def test_a_file_that_stops_being_readable_is_reported_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "in.csv", "n\n" + "1\n" * 100_000)
    whole, parts = io.FileIO, []

    class Failing(whole):  # type: ignore[misc,valid-type]
        def read(self, size: int = -1) -> bytes:
            parts.append(size)
            if len(parts) > 2:
                raise OSError(5, "Input/output error")
            return bytes(super().read(size))

    monkeypatch.setattr("io.FileIO", Failing)
    found: list[Row] = []
    with pytest.raises(InputError, match=r"in\.csv, line 65537: it cannot be read: Input/output"):
        found.extend(read(path))
    assert len(found) == 65_535


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"encoding": "klingon"}, "no text encoding 'klingon'"),
        ({"encoding": "rot13"}, "no text encoding"),
        ({"encoding": "idna"}, "no text encoding"),
        ({"encoding": "a\0b"}, "no text encoding"),
        ({"delimiter": "||"}, "one character"),
        ({"delimiter": '"'}, "one character"),
        ({"kind": "docx"}, "docx"),
        ({"bad_lines": "skip"}, "'stop' or 'reject'"),
        ({"bad_lines": "reject"}, "notice="),
    ],
)
def test_options_that_cannot_be_are_usage_errors(
    tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        read(written(tmp_path / "in.csv", "n\n1\n"), **options)
    with pytest.raises(UsageError, match="at least one file"):
        read()


def test_a_source_is_read_once(tmp_path: Path) -> None:
    source = read(written(tmp_path / "in.csv", "n\n1\n"))
    assert len(list(source)) == 1
    with pytest.raises(UsageError, match="read once"):
        list(source)


async def test_reading_is_off_the_loop_and_what_is_reported_is_reported_in_it(
    tmp_path: Path,
) -> None:
    path = written(tmp_path / "in.csv", "n,x\n1,a\nragged\n2,b\n")
    notices: list[tuple[str, bool]] = []
    here = threading.get_ident()

    def note(item: object) -> None:
        notices.append((type(item).__name__, threading.get_ident() == here))

    found = [row["n"] async for row in read(path, bad_lines="reject", notice=note)]

    assert found == ["1", "2"]
    assert notices == [("Opened", True), ("BadLine", True), ("Ended", True)]


async def test_a_bad_line_ends_a_run_with_file_and_line_and_what_came_before_is_sent(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(
        tmp_path / "in.csv", "email\n" + "".join(f"p{n}@b.cz\n" for n in range(250)) + '"\n'
    )
    async with Client("token", base_url=hubspot_sandbox.base_url) as client:
        run = client.upsert("contacts", read(path), id_property="email")
        with pytest.raises(InputError, match=r"in\.csv, line 252: "):
            await run

    assert run.outcome.counts.total == 250
    assert run.outcome.counts.succeeded == len(hubspot_sandbox.objects("contacts"))


async def test_rows_are_records_of_a_run_and_come_back_with_their_place(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(tmp_path / "in.csv", "email\na@b.cz\nno address\n")
    async with Client("token", base_url=hubspot_sandbox.base_url) as client:
        outcome = await client.upsert("contacts", read(path), id_property="email")

    (failed,) = outcome.failed
    assert isinstance(failed.input, Row)
    assert (failed.input.line, failed.input.position, failed.input.raw) == (3, 1, "no address\n")


def test_how_much_was_read_and_what_it_was(tmp_path: Path) -> None:
    data = b"n\n" + b"1\n" * 200_000
    path = written(tmp_path / "in.csv", data)
    source = read(path, path)
    assert (source.fraction(), source.fingerprint()) == (None, None)

    seen = []
    for block in source.blocks():
        del block
        fraction, mark = source.fraction(), source.fingerprint()
        assert fraction is not None
        assert mark is not None
        assert hashlib.sha256(data[: mark.size]).hexdigest() == mark.sha256
        seen.append(fraction)

    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert any(0.1 < fraction < 0.4 for fraction in seen)


def test_the_fingerprint_at_the_end_is_that_of_the_whole_file(tmp_path: Path) -> None:
    data = b"n\n1\n2\n"
    *_, ended = read(written(tmp_path / "in.csv", data)).entries()
    assert isinstance(ended, Ended)
    assert (ended.fingerprint.size, ended.fingerprint.sha256) == (
        6,
        hashlib.sha256(data).hexdigest(),
    )


def test_standard_input_is_read_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    monkeypatch.setattr(_bytes, "_STDIN", reading)

    async def main() -> list[str]:
        os.write(writing, b'{"n":"1"}\n')
        found = []
        async for row in read("-"):
            found.append(row["n"])
            if len(found) == 1:  # it is here before the next one is written
                os.write(writing, b'{"n":"2"}\n')
                os.close(writing)
            assert row.file == "standard input"
        return found

    try:
        assert asyncio.run(main()) == ["1", "2"]
    finally:
        os.close(reading)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"PK\x03\x04", "a zip cannot be read from a pipe"),
        (b"PAR1", "parquet cannot be read from a pipe"),
    ],
)
def test_what_is_read_out_of_order_is_no_pipe(
    monkeypatch: pytest.MonkeyPatch, head: bytes, said: str
) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr(_bytes, "_STDIN", reading)
    os.write(writing, head + b"x" * 100)
    os.close(writing)
    try:
        with pytest.raises(InputError, match=said):
            list(read("-"))
    finally:
        os.close(reading)


def test_a_named_pipe_is_opened_once(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_text("n\n1\n"))
    writer.start()
    source = read(path)
    assert [dict(row) for row in source] == [{"n": "1"}]
    assert source.fraction() is None
    writer.join()
    assert stat.S_ISFIFO(path.stat().st_mode)


async def test_who_stops_reading_closes_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", "n\n" + "1\n" * 500_000)
    source = read(path)
    async with aclosing(source.__aiter__()) as found:
        await anext(found)
    assert source.records < 500_000
    assert source.is_closed


def test_errors_survive_a_pickle(tmp_path: Path) -> None:
    error = failure(written(tmp_path / "in.csv", ""))
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 (our own)
    assert (str(copy), copy.line) == (str(error), 1)


def test_a_bad_line_shows_its_place_and_no_value(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", "n,x\nsecret@b.cz\n")
    notices: list[Any] = []
    list(read(path, bad_lines="reject", notice=notices.append))
    (bad,) = [item for item in notices if isinstance(item, BadLine)]
    assert "secret" not in str(bad) + repr(bad)


@pytest.mark.parametrize("packing", ["", "gzip", "zip", "parquet", "arrow"])
def test_how_much_was_read_is_known_of_packed_files_too(tmp_path: Path, packing: str) -> None:
    path, values = tmp_path / "in", [os.urandom(8).hex() for _ in range(50_000)]
    data = ("n\n" + "\n".join(values)).encode()
    if packing == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("in.csv", data)
    elif packing == "parquet":
        pyarrow.parquet.write_table(pa.table({"n": values}), path)
    elif packing == "arrow":
        pyarrow.feather.write_feather(pa.table({"n": values}), path, chunksize=10_000)
    else:
        path.write_bytes(gzip.compress(data) if packing else data)

    source = read(path)
    seen = [source.fraction() or 0.0 for _ in source.blocks()]

    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len({round(fraction, 1) for fraction in seen}) >= 5
    mark = source.fingerprint()
    assert mark is not None
    assert mark.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


PEAK = """
import sys
from pathlib import Path
from hubbatch.files import Rejects, read
from hubbatch import RecordOutcome, RecordStatus
with Rejects(sys.argv[2]) as rejects:
    for row in read(sys.argv[1]):
        rejects.write(RecordOutcome(row.position, row, RecordStatus.UNSENT))
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it tells the peak, in KiB")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for count in (10_000, 200_000):
        path = written(tmp_path / f"{count}.csv", "n,x\n" + '1,"some text"\n' * count)
        command = [sys.executable, "-c", PEAK, str(path), str(tmp_path / f"{count}.bad.csv")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout))
    assert peaks[1] < peaks[0] + 8 * 1024
    assert peaks[1] < 150 * 1024
