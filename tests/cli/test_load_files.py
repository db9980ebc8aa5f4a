"""The files of a load: rows that are written once over processes, and a failure that lets nobody wait for ever."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cli_driver import table_of

from hubbatch import BatchError, RecordOutcome, RecordStatus
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
            assert [await files.note(each) for each in seen] == [
                number >= known for number in range(len(seen))
            ]

    rejected = [tuple(row.values())[5] for row in table_of(tmp_path / "bad.csv")]
    assert sorted(rejected) == sorted(["a@b.cz", "b@b.cz", "c@b.cz", "ragged", "worse", "worst"])
