"""The files of a load: rows that are written once over processes, and a failure that lets nobody wait for ever."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from cli_driver import table_of

from hubbatch import BatchError, RecordOutcome, RecordStatus, UsageError
from hubbatch.cli._load_files import opened
from hubbatch.cli._load_journal import opened_journal
from hubbatch.cli._load_sinks import FileNames
from hubbatch.files import BadLine, Row, read

INPUT = "email,n\na@b.cz,1\nragged\nb@b.cz,2\nworse\nc@b.cz,3\nworst\n"


async def test_rows_may_be_written_before_all_bad_lines_of_an_earlier_process_have_come(
    tmp_path: Path,
) -> None:
    source = tmp_path / "in.csv"
    await asyncio.to_thread(source.write_text, INPUT)
    found = read(str(source), bad_lines="reject", notice=lambda _: None).entries()
    entries = await asyncio.to_thread(list, found)
    bad = [entry for entry in entries if isinstance(entry, BadLine)]
    rows = [entry for entry in entries if isinstance(entry, Row)]
    names = FileNames(rejects=str(tmp_path / "bad.csv"))
    error = BatchError("VALIDATION_ERROR", "not valid")

    for process, (seen, known) in enumerate([(bad[:2], 0), (bad[:1], 1), (bad, 2)]):
        async with (
            opened_journal(str(tmp_path / "load.journal"), bounded=False) as journal,
            opened(names, set(), journal, print) as files,
        ):
            assert journal is not None
            await journal.begin({"verb": "create"})
            refused = RecordOutcome(process, rows[process], RecordStatus.FAILED, error=error)
            await files.note(refused)
            while not journal.counts.failed > process:
                await asyncio.sleep(0)
            written = [files.is_written(each) for each in seen]
            assert written == [number < known for number in range(len(seen))]
            for each in seen[known:]:
                await files.note(each)

    rejected = [tuple(row.values())[5] for row in table_of(tmp_path / "bad.csv")]
    assert sorted(rejected) == sorted(["a@b.cz", "b@b.cz", "c@b.cz", "ragged", "worse", "worst"])


async def test_a_load_that_goes_on_without_naming_its_files_goes_on_with_them(
    tmp_path: Path,
) -> None:
    source = tmp_path / "in.csv"
    await asyncio.to_thread(source.write_text, INPUT)
    found = read(str(source), bad_lines="reject", notice=lambda _: None).entries()
    rows = [each for each in await asyncio.to_thread(list, found) if isinstance(each, Row)]
    error = BatchError("VALIDATION_ERROR", "not valid")
    path = str(tmp_path / "bad.csv")

    for process, names in enumerate([FileNames(rejects=path), FileNames()]):
        async with (
            opened_journal(str(tmp_path / "load.journal"), bounded=False) as journal,
            opened(names, set(), journal, print) as files,
        ):
            assert journal is not None
            await journal.begin({"verb": "create"})
            assert files.rejects.path == path
            await files.note(
                RecordOutcome(process, rows[process], RecordStatus.FAILED, error=error)
            )

    assert [row["email"] for row in table_of(tmp_path / "bad.csv")] == ["a@b.cz", "b@b.cz"]


async def test_what_breaks_the_writing_ends_the_load_and_lets_nobody_wait(tmp_path: Path) -> None:
    said: list[str] = []
    broken = RecordOutcome(0, {"email": "of no file"}, RecordStatus.FAILED)

    with pytest.raises(UsageError, match="comes from no file"):
        async with opened(
            FileNames(rejects=str(tmp_path / "bad.csv")), set(), None, print
        ) as files:
            files.failed = said.append
            for _ in range(3_000):
                await files.note(broken)

    assert said == ["the rows cannot be written: UsageError"]
