"""The commands that take a journal: `resume` goes on with its load, `journal show` and `journal delete` look after it.

What carries them out is imported when it is wanted: a help text needs no client.
"""

from __future__ import annotations

from typing import Annotated, Any

import attrs
import typer

from hubbatch.cli._settings import Settings
from hubbatch.cli._taking_settings import takes_some_settings

__all__ = ["delete", "resume", "show"]

JournalFile = Annotated[
    str, typer.Argument(metavar="JOURNAL", help="The file that --journal has named.")
]

_OVERRIDDEN = ("batch_size", "linger", "max_failures", "deadline", "rate")


@takes_some_settings(*_OVERRIDDEN, "json", "verbose", "quiet")
def resume(journal: JournalFile, *, settings: Settings) -> None:
    """Go on with a load that was stopped or killed. All that is needed is in its journal, and in the token's variable.

    It does as the command that has begun the load, unless other options are given here; a --deadline counts anew, from
    the start of each process. What is settled is not sent again. What was in doubt is sent again by update, upsert and
    archive, looked up by create with --unique-property, and listed as UNKNOWN by any other create.
    """
    from hubbatch.cli._executing import execute  # noqa: PLC0415 (it loads the client)
    from hubbatch.cli._exiting import ending_well, screen_of  # noqa: PLC0415
    from hubbatch.cli._journal_files import contents_of  # noqa: PLC0415
    from hubbatch.cli._load_description import restored  # noqa: PLC0415

    with ending_well(screen_of(settings)):
        job, kept = restored(journal, contents_of(journal).description)
    given: dict[str, Any] = {
        name: value for name in _OVERRIDDEN if (value := getattr(settings, name)) is not None
    }
    screens: dict[str, Any] = {
        "json": settings.json,
        "verbose": settings.verbose,
        "quiet": settings.quiet,
    }
    execute(job, attrs.evolve(kept, **given, **screens))


@takes_some_settings("json")
def show(journal: JournalFile, *, settings: Settings) -> None:
    """Show what a journal holds: which load it is of, and how many records are in which state."""
    from hubbatch.cli._journal_files import show as carry_out  # noqa: PLC0415 (it loads SQLite)

    carry_out(journal, settings)


@takes_some_settings("json")
def delete(
    journal: JournalFile,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Delete it even if its load is not finished.")
    ] = False,
    settings: Settings,
) -> None:
    """Delete a journal with all its files. It says which records were sent, and names the files: personal data."""
    from hubbatch.cli._journal_files import delete as carry_out  # noqa: PLC0415 (it loads SQLite)

    carry_out(journal, settings, force=force)
