"""A file that grows by whole lines, and what it begins with."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest

from hubbatch import UsageError
from hubbatch._output.file import ChangedFileError, OutputError, OutputFile
from hubbatch.files import OutputError as PublicError

HEAD = b"a,b\r\n"


def written(path: Path, *lines: bytes, append: bool = False, force: bool = False) -> bytes:
    with closing(OutputFile(path, append=append, force=force)) as file:
        file.begin(HEAD, quoted=True)
        for line in lines:
            file.write(line)
    return path.read_bytes()


def test_a_file_begins_with_its_head_once(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    assert written(path, b"1,2\r\n") == b"a,b\r\n1,2\r\n"
    assert written(path, b"3,4\r\n", append=True) == b"a,b\r\n1,2\r\n3,4\r\n"
    assert written(path, b"5,6\r\n", force=True) == b"a,b\r\n5,6\r\n"
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_there_is_neither_replaced_nor_appended_to_unasked(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b"mine")
    with pytest.raises(UsageError, match="is there already"):
        written(path)
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize("length", range(len(HEAD) + 1))
def test_a_head_that_a_kill_has_cut_is_written_anew(tmp_path: Path, length: int) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(HEAD[:length])
    assert written(path, b"1,2\r\n", append=True) == b"a,b\r\n1,2\r\n"


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (b"a,c\r\n1,2\r\n", "it has other columns"),
        (b"a,b\r\n1,", "its last line has no end"),
        (b'a,b\r\n1,"2\r\n', "its last line has no end"),
    ],
)
def test_what_does_not_fit_is_not_appended_to(tmp_path: Path, held: bytes, says: str) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(held)
    with pytest.raises(OutputError, match=says):
        written(path, b"1,2\r\n", append=True)
    assert path.read_bytes() == held


def test_the_error_is_the_public_one() -> None:
    assert PublicError is OutputError
    with pytest.raises(OutputError, match="cannot write"):
        OutputFile(os.path.join("no", "such", "folder", "x.csv"))  # noqa: PTH118 (a path as text)


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (HEAD + b"1,", "it holds 7 bytes where 10 were written; it was changed since"),
        (HEAD + b"9,9\r\n3,4\r\n", "it was changed since it was written"),
    ],
)
def test_a_file_that_its_owner_has_changed_is_not_cut(
    tmp_path: Path, held: bytes, says: str
) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(HEAD + b"1,2\r\n")
    with closing(OutputFile(path, append=True)) as file:
        size, tail = file.size, file.tail()
    assert size == 10
    path.write_bytes(held)
    with closing(OutputFile(path, append=True)) as file, pytest.raises(ChangedFileError) as caught:
        file.cut(size, tail)
    assert says in str(caught.value)
    assert path.read_bytes() == held


def test_what_came_after_the_noted_end_is_cut_where_the_rest_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(HEAD + b"1,2\r\n")
    with closing(OutputFile(path, append=True)) as file:
        size, tail = file.size, file.tail()
    path.write_bytes(HEAD + b"1,2\r\n3,")
    with closing(OutputFile(path, append=True)) as file:
        file.cut(size, tail)
    assert path.read_bytes() == HEAD + b"1,2\r\n"


@pytest.mark.skipif(sys.platform == "win32", reason="links take a right there")
def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    path, link = tmp_path / "other.csv", tmp_path / "out.csv"
    path.write_bytes(HEAD)
    link.symlink_to(path)
    for options in ({"append": True}, {"force": True}):
        with pytest.raises(OutputError, match="name the file that it points to"):
            written(link, b"1,2\r\n", **options)
    assert path.read_bytes() == HEAD


def test_standard_output_that_is_closed_is_no_other_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(OutputError, match="standard output is closed: name a file"):
        OutputFile("-")


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("no/out.csv", "No such file or directory: make the folder first"),
        ("", "Is a directory: name a file in it"),
    ],
)
def test_what_cannot_be_written_says_what_to_do(tmp_path: Path, path: str, problem: str) -> None:
    with pytest.raises(OutputError, match=problem):
        OutputFile(f"{tmp_path}/{path}", append=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is full")
def test_a_full_disk_says_what_to_do() -> None:
    with (
        closing(OutputFile("/dev/full")) as file,
        pytest.raises(OutputError, match="No space left on device: make room"),
    ):
        file.write(b"1\n")
