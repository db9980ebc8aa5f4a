"""The note beside a file of objects: it outlives a power cut, and says what was written to it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from hubbatch.cli._unfinished import FileForm, Unfinished, UnfinishedNote

FORM = FileForm("csv", nested=False, with_history=False, delimiter=",")


def value(number: int) -> Unfinished:
    return Unfinished(f"cursor {number}", 3, "digest", FORM, ["email"], number, "first")


@pytest.fixture
def note(tmp_path: Path) -> UnfinishedNote:
    path = tmp_path / "all.csv"
    path.write_text("id\n")
    return UnfinishedNote(str(path))


def test_a_note_says_what_was_written_last(note: UnfinishedNote) -> None:
    for number in range(3):
        note.write(value(number))
    assert note.found() == value(2)
    note.remove()
    assert note.found() is None


def test_a_note_and_then_its_folder_are_on_the_disk_once_it_is_written(
    note: UnfinishedNote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note has its content on the disk before it takes the name of the one that is true until then."""
    synced = list[tuple[bool, int | None]]()

    def sync(number: int) -> None:
        status, found = os.fstat(number), note.found()
        is_folder = stat.S_ISDIR(status.st_mode)
        assert is_folder or status.st_size > 0
        synced.append((is_folder, None if found is None else found.objects))

    note.write(value(1))
    monkeypatch.setattr(os, "fsync", sync)
    note.write(value(2))

    assert synced == [(False, 1), *([(True, 2)] if os.name != "nt" else [])]


def test_where_folders_cannot_be_synced_a_note_is_written_all_the_same(
    note: UnfinishedNote, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.fsync

    def sync(number: int) -> None:
        if stat.S_ISDIR(os.fstat(number).st_mode):
            raise OSError
        really(number)

    monkeypatch.setattr(os, "fsync", sync)
    note.write(value(1))

    assert note.found() == value(1)
