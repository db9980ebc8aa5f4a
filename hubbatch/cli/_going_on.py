"""What the note of an unfinished export asks of the one that goes on with it. Pure, but for the look at the note.

It knows nothing of how objects are read and written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from attrs import evolve

from hubbatch import UsageError
from hubbatch.cli._exporting import Export
from hubbatch.cli._faults import CommandError
from hubbatch.cli._output_options import Target
from hubbatch.cli._unfinished import FileForm, Unfinished, UnfinishedNote
from hubbatch.files import OutputError

__all__ = ["blaming", "check_columns", "gone_on_with"]

_MOST_NAMED = 20
"""Columns that a message lists."""


def gone_on_with(export: Export, unfinished: Unfinished | None) -> Export:
    """Return an export that goes on where an earlier process was, with the columns that are there.

    Raises `UsageError` for a cursor that is neither the one that the export began with nor the one where it is now, and
    for another form than that of the objects that are there.
    """
    if unfinished is None:
        return export
    target, columns = export.target, unfinished.columns
    if export.after not in {None, unfinished.began, unfinished.cursor}:
        raise UsageError(
            f"the export into {target.path} began with another cursor, or none: leave --after out"
        )
    if other := unfinished.form.instead_of(FileForm.of(target)):
        raise UsageError(f"{target.path} has another form: the export into it began {other}")
    if columns is not None and not target.properties:
        target = evolve(target, properties=columns, all_properties=False)
    return evolve(export, target=target, after=unfinished.cursor)


def check_columns(target: Target, unfinished: Unfinished | None) -> None:
    """Raise `UsageError` if other properties are wanted than those that are in a file that is gone on with."""
    if unfinished is None:
        return
    columns = unfinished.columns
    if columns is None and unfinished.objects and target.properties:
        raise UsageError(f"{target.path} has whatever properties HubSpot gives: leave -p out")
    if columns is not None and columns != [*target.properties]:
        raise UsageError(f"{target.path} has other columns: {', '.join(columns[:_MOST_NAMED])}")


@contextmanager
def blaming(note: UnfinishedNote | None) -> Iterator[None]:
    """Say of what hinders an export that a note beside its file has to do with it."""
    try:
        yield
    except (CommandError, OutputError, UsageError) as error:
        if note is None or note.found() is None:
            raise
        raise CommandError(
            f"{error}. An export into {note.target} has not come to its end: its command goes on there with --append;"
            f" without {note.path}, --append appends to the file as it is"
        ) from None
