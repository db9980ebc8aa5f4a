"""Journals, as the tests in this directory need them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from hubbatch.journal import Contents, Journal, JournalError, read

LOAD = {"endpoint": "create", "object_type": "contacts", "account": None}


async def seen(path: str) -> Contents:
    """Return what a journal holds, from within a loop."""
    return await asyncio.to_thread(read, path)


async def begun(path: str, /, **options: object) -> Journal:
    """Return a journal that a run has begun."""
    journal = Journal(path)
    await journal.begin({**LOAD, **options})
    return journal


def made(path: str, steps: Callable[[Journal], Coroutine[Any, Any, None]]) -> None:
    """Make a journal in which a run has taken these steps, and which is closed."""

    async def main() -> None:
        journal = await begun(path)
        await steps(journal)
        await journal.end(complete=False)

    asyncio.run(main())


def copied(path: str, folder: Path) -> str:
    """Copy the files of a journal, as they are when its process dies now; return the copy's path."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for suffix in ("", "-wal", "-shm", "-journal"):
        if Path(path + suffix).exists():
            shutil.copy(path + suffix, folder / f"load.journal{suffix}")
    return str(folder / "load.journal")


def failure(path: str) -> JournalError:
    """Return the error that reading a journal ends with; opening it has to say the same, and to hold nothing."""
    with pytest.raises(JournalError) as caught:
        read(path)
    for _ in range(2):
        with pytest.raises(JournalError) as again:
            Journal(path).open()
        assert str(again.value) == str(caught.value)
    return caught.value
