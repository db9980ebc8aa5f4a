"""What a journal holds, shown; and a journal deleted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import typer

from hubbatch import journal
from hubbatch.cli._bad_lines import BAD_LINES
from hubbatch.cli._exiting import ending_well, screen_of
from hubbatch.cli._faults import CommandError, ExitCode
from hubbatch.cli._screen import harmless, put
from hubbatch.cli._settings import Settings
from hubbatch.cli._typed_command import resuming

__all__ = ["contents_of", "delete", "show"]


def contents_of(path: str) -> journal.Contents:
    """Return what a journal holds. Raises `CommandError`, `UsageError`."""
    try:
        return journal.read(path)
    except journal.JournalError as error:
        raise CommandError(str(error)) from None


def show(path: str, settings: Settings) -> None:
    """Show what a journal holds, and exit."""
    screen = screen_of(settings)
    with ending_well(screen):
        contents = contents_of(path)
        found = _document(path, contents)
        screen.document(found)
        for line in _lines(found):
            put(screen.report, harmless(line))
    raise typer.Exit(ExitCode.OK)


def delete(path: str, settings: Settings, *, force: bool) -> None:
    """Delete a journal, and exit."""
    screen = screen_of(settings)
    with ending_well(screen):
        if not force and _goes_on(contents_of(path)):
            raise CommandError(
                f"the load of {path} is not finished: without its journal nobody can go on with it. Give --force to"
                " delete it all the same"
            )
        try:
            journal.delete(path)
        except journal.JournalError as error:
            raise CommandError(str(error)) from None
        screen.say(f"deleted {path}")
    raise typer.Exit(ExitCode.OK)


def _goes_on(contents: journal.Contents) -> bool:
    """Say whether a load has begun and has not come to its end."""
    return bool(contents.description) and not contents.complete


def _document(path: str, contents: journal.Contents) -> dict[str, Any]:
    load, marks = contents.description, contents.marks
    if journal.in_use(path):
        state = "under way in another process"
    elif not load:
        state = "not begun"
    else:
        state = "finished" if contents.complete else "not finished"
    return {
        "journal": path,
        "state": state,
        "command": f"{load.get('verb', '?')} {load.get('object', load.get('object_type', '?'))}",
        "account": load.get("account"),
        "files": load.get("files", []),
        "rejects": marks.get("rejects", load.get("rejects")),
        "results": marks.get("results", load.get("results")),
        "records": {**attrs.asdict(contents.counts), "bad_lines": marks.get(BAD_LINES, 0)},
    }


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['journal']}: {found['command']}, {found['state']}"
    if found["account"] is not None:
        yield f"account: {found['account']}"
    if found["files"]:
        yield f"input: {', '.join(found['files'])}"
    for name in ("rejects", "results"):
        if found[name] is not None:
            yield f"{name}: {found[name]}"
    for name, number in found["records"].items():
        yield f"{name.replace('_', ' ')}: {number:,}"
    if found["state"] == "not finished":
        yield f"next: {resuming(found['journal'])}"
