"""A map file: lines of text in whatever encoding spreadsheets and editors write. What they say is not known here."""

from __future__ import annotations

import io
import os
from pathlib import Path

from attrs import frozen

from hubbatch.files._encodings import encoding_of
from hubbatch.files._errors import BrokenInputError, InputError
from hubbatch.files._lines import flaw_of

__all__ = ["MapFile", "read_map_file"]

_MOST_BYTES = 16 * 2**20


@frozen
class MapFile:
    """The lines of a map file, for `Columns.parse(map_lines=…)`, and the encoding if it was assumed."""

    lines: tuple[str, ...]
    assumed: str = ""


def read_map_file(path: str | os.PathLike[str]) -> MapFile:
    """Read a map file: by its byte order mark, else UTF-8, UTF-16 or cp1252 by trial, as `read` does.

    Raises `InputError`.
    """
    name = os.fspath(path)
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or "this is no name of a file"
        raise InputError(name, None, problem) from None
    if len(data) > _MOST_BYTES:
        raise InputError(name, None, f"it is larger than {_MOST_BYTES // 2**20} MiB: is it a map?")
    encoding = encoding_of(data, None, whole=True)
    try:
        codec = encoding.known().codec
        lines = tuple(io.StringIO(data.decode(codec), newline=None))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        wrong = f"byte 0x{data[error.start]:02X} is no {encoding.codec.removesuffix('-sig')}: save the file as UTF-8"
        raise InputError(name, line, wrong) from None
    except BrokenInputError as error:
        raise InputError(name, None, str(error)) from None
    for number, line_text in enumerate(lines, 1):
        if flaw_of(line_text, codec):
            raise InputError(name, number, "there is a NUL character: save the file as UTF-8")
    return MapFile(lines, encoding.assumed)
