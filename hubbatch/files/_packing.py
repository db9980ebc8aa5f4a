"""Packed files: gzip, zstd and zip with one member, recognized by their first bytes and unpacked as they are read.

Not more is unpacked at once than was asked for, so a small file that unpacks to a huge one costs no memory.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from attrs import frozen

from hubbatch.files._bytes import RawFile, Stream
from hubbatch.files._errors import BrokenInputError
from hubbatch.files._extras import needed

__all__ = ["GZIP", "ZIP", "ZSTD", "Unpacked", "readable", "unpacked"]

GZIP, ZSTD, ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_MAC_FOLDER, _MAC_FILE = "__MACOSX/", ".DS_Store"
_WORKBOOKS = ("xl/", "content.xml")
"""What only a workbook has: the zip is then the file itself."""


@frozen
class Unpacked:
    """What is within a packed file: its bytes, how it was packed, and its name without the packing's suffix."""

    stream: Stream
    packed: str
    name: str
    close: Callable[[], None]


def unpacked(stream: Stream, raw: RawFile) -> Unpacked:
    """Return the stream itself, or what is within it if it is packed. Raises `BrokenInputError`."""
    head = stream.look()
    while _may_become_packed(head) and not stream.ended:
        head = stream.look(further=True)
    if head.startswith(GZIP):
        return _of(gzip.GzipFile(fileobj=_StreamFile(stream)), "gzip", _without(raw.path, ".gz"))
    if head.startswith(ZSTD):
        module = needed("zstd")
        return _of(module.ZstdFile(_StreamFile(stream)), "zstd", _without(raw.path, ".zst"))
    if head.startswith((ZIP, _EMPTY_ZIP)) and not _is_workbook(raw):
        return _of_zip(raw)
    return Unpacked(stream, "", raw.path, lambda: None)


def _may_become_packed(head: bytes) -> bool:
    return any(magic.startswith(head) and head != magic for magic in (GZIP, ZSTD, ZIP))


def readable(stream: Stream) -> io.BufferedReader:
    """Return a stream as a file for those who read as much as they ask for."""
    return io.BufferedReader(_StreamFile(stream))


class _StreamFile(io.RawIOBase):
    """A stream as the file that unpackers read."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._stream.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _without(path: str, suffix: str) -> str:
    return path[: -len(suffix)] if path.lower().endswith(suffix) else path


def _of(file: Any, packed: str, name: str) -> Unpacked:
    def read(size: int) -> bytes:
        try:
            chunk: bytes = file.read1(size)
        except EOFError:
            raise BrokenInputError(
                f"the {packed} data is cut off: fetch or copy the file again"
            ) from None
        except (OSError, ValueError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
            raise BrokenInputError(
                f"the {packed} data is damaged ({error}): fetch or copy the file again"
            ) from None
        except Exception as error:
            if type(error).__name__ != "ZstdError":
                raise
            raise BrokenInputError(_zstd_problem(str(error))) from None
        return chunk

    return Unpacked(Stream(read), packed, name, file.close)


def _zstd_problem(said: str) -> str:
    if "too much memory" in said:  # libzstd's own bound, which its command has as well
        return (
            "it was packed with a window of more than 128 MiB (zstd --long): unpack it first with"
            " `zstd -d --long=31`"
        )
    return f"the zstd data is damaged ({said}): fetch or copy the file again"


def _is_workbook(raw: RawFile) -> bool:
    if not raw.regular:
        return False
    try:
        with zipfile.ZipFile(raw.path) as archive:
            return any(name.startswith(_WORKBOOKS) for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False


def _of_zip(raw: RawFile) -> Unpacked:
    if not raw.regular:
        raise BrokenInputError(
            "a zip cannot be read from a pipe: name the file, or unpack it with funzip"
        )
    with ExitStack() as opened:
        try:
            file = opened.enter_context(Path(raw.path).open("rb"))
            archive = opened.enter_context(zipfile.ZipFile(file))
            name = _member(archive)
            member = opened.enter_context(archive.open(name))
        except (RuntimeError, NotImplementedError) as error:  # a password, an odd method
            raise BrokenInputError(
                f"the zip cannot be unpacked here ({error}): unpack it first"
            ) from None
        except (zipfile.BadZipFile, OSError) as error:
            raise BrokenInputError(
                f"the zip is damaged ({error}): fetch or copy the file again"
            ) from None
        inner = _of(member, "zip", name)

        def read(size: int) -> bytes:
            chunk = inner.stream.read(size)
            raw.reached = file.tell()
            return chunk

        return Unpacked(Stream(read), "zip", name, opened.pop_all().close)


def _member(archive: zipfile.ZipFile) -> str:
    """Return the name of the one file in a zip, what a Mac adds left aside."""
    names = [
        info.filename
        for info in archive.infolist()
        if not info.is_dir()
        and not info.filename.startswith(_MAC_FOLDER)
        and not info.filename.endswith(_MAC_FILE)
    ]
    if len(names) != 1:
        raise BrokenInputError(
            f"the zip holds {len(names)} files, and one is wanted: unpack it (unzip) and name the file that is meant"
        )
    return names[0]
