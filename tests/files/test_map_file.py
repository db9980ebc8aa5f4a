"""Map files: read in the encoding that they have."""

from __future__ import annotations

from pathlib import Path

import pytest
from files_support import written

from hubbatch.files import InputError, MapFile, read_map_file


@pytest.mark.parametrize(
    ("encoding", "assumed"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("cp1252", "cp1252"),
    ],
)
def test_a_map_file_is_decoded_as_an_input_is(tmp_path: Path, encoding: str, assumed: str) -> None:
    path = written(tmp_path / "map.txt", "Größe=size\r\nName=name".encode(encoding))

    assert read_map_file(path) == MapFile(("Größe=size\n", "Name=name"), assumed)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a=b\n\x81=c", "neither UTF-8, UTF-16 nor cp1252: save it as UTF-8"),
        ("a=b\n\u4e2d\u6587\u4e2d\u6587=c\n".encode() + b"\xff=d", "line 3: byte 0xFF is no utf-8"),
        (b"a=b\nx\0y=c", "line 2: there is a NUL character"),
    ],
)
def test_what_is_no_text_says_where_and_what_to_do(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_map_file(written(tmp_path / "map.txt", data))
    assert said in str(caught.value)
    assert "UTF-8" in str(caught.value)


def test_a_map_file_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(InputError, match=said):
            read_map_file(path)
    with pytest.raises(InputError, match="no name of a file"):
        read_map_file("a\0b")
