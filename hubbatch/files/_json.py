"""JSON: NDJSON, one record a line, and one array of records, read as a stream.

A line that is no record costs no other line. An array that breaks ends there: what comes after has no borders.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any

from attrs import define

from hubbatch import UsageError
from hubbatch._output.cells import json_text
from hubbatch.files._bytes import Stream
from hubbatch.files._columns import Renaming
from hubbatch.files._decoding import NoRecordError, decoded, record_of
from hubbatch.files._encodings import Encoding
from hubbatch.files._entries import OWN, BadLine, Entry, Kind, Row
from hubbatch.files._errors import BrokenInputError
from hubbatch.files._extras import needed
from hubbatch.files._intake import FileIntake
from hubbatch.files._lines import MAX_LINE, flaw_of, flaw_of_rejected, line_blocks
from hubbatch.files._rendering import RAW
from hubbatch.files._unreadable import has_marks, read_anew

__all__ = ["array_blocks", "ndjson_blocks"]

_TOO_LONG = f"it is longer than {MAX_LINE // 2**20} MiB: put each record on a line of its own"


def ndjson_blocks(stream: Stream, encoding: Encoding, intake: FileIntake) -> Iterator[list[Entry]]:
    """Read JSON, one record a line."""
    reader = _JsonReader(intake, Renaming(intake.options.columns), encoding.codec)
    intake.line = 1
    yield [_opened(intake, Kind.NDJSON, encoding)]
    for block in line_blocks(stream, encoding.codec):
        entries: list[Entry] = []
        for line, text in enumerate(block.lines, block.first):
            flaw = _TOO_LONG if block.cut else block.flawed and flaw_of(text, encoding.codec)
            if flaw:
                entries.append(intake.bad(line, text, flaw, cut=block.cut))
            elif text.isspace() or not text:
                intake.tally.pass_over()
            else:
                entries.append(reader.line(text, line))
        if entries:
            yield entries
        intake.line = block.first + len(block.lines)


def array_blocks(stream: Stream, encoding: Encoding, intake: FileIntake) -> Iterator[list[Entry]]:
    """Read one JSON array of records, as a stream."""
    ijson = needed("json")
    reader = _JsonReader(intake, Renaming(intake.options.columns), encoding.codec)
    recode = codecs.getincrementaldecoder(encoding.codec)()
    yield [_opened(intake, Kind.JSON, encoding)]
    values = ijson.sendable_list()
    parser = ijson.items_coro(values, "item")
    waiting, chunk, problem = 0, b" ", None
    while chunk and problem is None:
        chunk = stream.read()
        problem = _send(ijson, parser, _recoded(recode, chunk))
        waiting = 0 if values else waiting + len(chunk)
        if waiting > MAX_LINE:
            problem = f"this record is longer than {MAX_LINE // 2**20} MiB: take it out, or shorten its values"
        entries: list[Entry] = [reader.value(value) for value in values]
        del values[:]
        if entries:
            yield entries
    if problem is not None:
        raise BrokenInputError(f"in record {intake.tally.position + 1} of the array: {problem}")


def _opened(intake: FileIntake, kind: Kind, encoding: Encoding) -> Entry:
    assumed = (encoding.assumed,) if encoding.assumed else ()
    return intake.open(kind, encoding=encoding.codec, assumptions=assumed)


def _recoded(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bytes | None:
    """Return some text as UTF-8; None if it is not in its encoding."""
    try:
        return decoder.decode(chunk, final=not chunk).encode()
    except ValueError:
        return None


def _send(ijson: Any, parser: Any, chunk: bytes | None) -> str | None:
    """Give the parser the next bytes, none at the end; return what is wrong with them."""
    if chunk is None:
        return "the text is not in its encoding: name it, or save the file as UTF-8"
    try:
        if chunk:
            parser.send(chunk)
        else:
            parser.close()
    except (ijson.JSONError, ValueError, ArithmeticError):  # whose words may hold values
        what = "not JSON" if chunk else "it is cut off"
        return f"{what}: look at the record, or fetch the file again"
    return None


@define
class _JsonReader:
    """Texts and values to records."""

    _intake: FileIntake
    _renaming: Renaming
    _encoding: str

    def line(self, text: str, line: int) -> Row | BadLine:
        """Return the record of a line, or why it is none."""
        try:
            value = decoded(text.strip())
            if isinstance(value, dict) and isinstance(value.get(RAW), str):
                return self._kept(value[RAW], line)
            record = record_of(value, self._intake.options.bare)
            renamed = self._renaming.apply(record)
        except (NoRecordError, UsageError) as error:
            return self._intake.bad(line, text, str(error))
        if "_status" in record:
            kept = {name: item for name, item in record.items() if name not in OWN}
            return self._intake.rejected_row(renamed, line, kept, str(record["_status"]))
        return self._intake.row(renamed, line, text)

    def _kept(self, text: str, line: int) -> Row | BadLine:
        """Return what a line is that an earlier run has put into a rejects file because it was no JSON."""
        named = self._intake.options.encoding
        if named is not None and has_marks(text):
            text = read_anew(text, named) or text
        if (flaw := flaw_of_rejected(text)) is not None:
            return self._intake.bad(line, text, flaw)
        try:
            value = decoded(text.strip())
            record = record_of(value, self._intake.options.bare)
            renamed = self._renaming.apply(record)
        except (NoRecordError, UsageError) as error:
            return self._intake.bad(line, text, str(error))
        return self._intake.row(renamed, line, text)

    def value(self, value: Any) -> Row | BadLine:
        """Return the record that an element of an array is, or why it is none."""
        try:
            record = record_of(value, self._intake.options.bare)
            return self._intake.row(self._renaming.apply(record), None, record)
        except (NoRecordError, UsageError) as error:
            return self._intake.bad(None, json_text(value), str(error))
