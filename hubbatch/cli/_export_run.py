"""An export carried out: objects read out and written, stopped by signals, and ended with the way to go on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path

from attrs import define, evolve

from hubbatch import (
    Client,
    HubbatchError,
    ObjectReader,
    RefusedError,
    UnknownObjectTypeError,
    UsageError,
)
from hubbatch._counted import counted
from hubbatch._printable import printable
from hubbatch.cli._commands import typed
from hubbatch.cli._connecting import connected, token_of
from hubbatch.cli._exiting import run_and_exit, screen_of
from hubbatch.cli._exporting import Export
from hubbatch.cli._faults import CommandError, ExitCode
from hubbatch.cli._going_on import blaming, check_columns, gone_on_with
from hubbatch.cli._interrupts import interrupts
from hubbatch.cli._job import Job, Layout
from hubbatch.cli._option_names import in_options
from hubbatch.cli._output_options import Target
from hubbatch.cli._output_properties import known_target
from hubbatch.cli._outputs import free_name, set_aside
from hubbatch.cli._read_out import opened_target, warnings
from hubbatch.cli._screen import ENDED, Screen, harmless, put
from hubbatch.cli._settings import Settings
from hubbatch.cli._threads import call_in_thread
from hubbatch.cli._typed_command import Typed, quoted
from hubbatch.cli._unfinished import FileForm, Unfinished, UnfinishedNote
from hubbatch.cli._watching import watching
from hubbatch.cli._wide_reading import ID_ONLY, WideReader, is_wide
from hubbatch.files import Kind, ObjectsFile, OutputError, ReaderGoneError

__all__ = ["execute"]

_OF_THE_CALL = (UsageError, RefusedError, UnknownObjectTypeError)
"""What the same call would raise again."""
Reading = ObjectReader | WideReader

_TWO_REQUESTS = (
    "the names of so many properties do not fit into a request for a page: ids are listed, and each hundred objects is"
    " read by a second request"
)


def execute(export: Export, settings: Settings) -> None:
    """Carry out an export and exit."""
    screen = screen_of(settings, export.target.path)
    run_and_exit(_execute(export, settings, screen), screen)


async def _execute(export: Export, settings: Settings, screen: Screen) -> ExitCode:
    job = Job("export", export.object_type, (), Layout(None))
    async with connected(job, settings, token_of(settings)) as connection:
        client = connection.client
        note = UnfinishedNote.of(export.target)
        unfinished = note.found() if note and export.target.append else None
        began = export.after or (unfinished.began if unfinished else None)
        with blaming(note if unfinished else None):
            export = gone_on_with(export, unfinished)
            _reader(client, export)  # what is wrong with the call is known before anything is sent
        target = await known_target(
            export.target, export.object_type, settings, connection, partial(_say, screen)
        )
        export = evolve(export, target=target)
        with blaming(note if unfinished else None):
            check_columns(export.target, unfinished)
        reader = _reader(client, export)
        if isinstance(reader, WideReader):
            _say(screen, _TWO_REQUESTS)
        if not (export.target.properties or screen.quiet):
            screen.say("no property is named with -p: HubSpot gives a few of its own choice")
        with blaming(note):
            file, aside = await call_in_thread(_opened, export.target, unfinished, screen)
        ending = _ExportRun(
            export,
            reader,
            file,
            screen,
            note if file.is_regular else None,
            unfinished,
            began,
            aside,
        )
        await ending.save(screen)
    ending.show(screen)
    return ending.code


def _opened(
    target: Target, unfinished: Unfinished | None, screen: Screen
) -> tuple[ObjectsFile, str]:
    """Return the file, and what was said of rows that were moved away; empty if none were."""
    if unfinished is None:
        return opened_target(target, set()), ""
    aside = free_name(target.path, ".cut")
    file = opened_target(
        target,
        set(),
        known_size=unfinished.size,
        known_tail=unfinished.tail,
        aside=aside,
    )
    _say(
        screen,
        f"going on in {harmless(target.path)}, after {counted(unfinished.objects, 'object')}",
    )
    if not Path(aside).exists():
        return file, ""
    warning = set_aside(target.path, aside, again=True)
    screen.say(warning)
    return file, warning


def _say(screen: Screen, message: str) -> None:
    if not screen.quiet:
        screen.say(message)


def _reader(client: Client, export: Export) -> Reading:
    """Return the reading. Raises `UsageError` for what is wrong with it; nothing is sent yet."""
    target = export.target
    try:
        if not _is_search(export) and is_wide(target.properties, target.histories):
            return _wide(client, export)
        return _pages(client, export, target.properties, target.histories)
    except UsageError:
        if not (_is_search(export) and target.properties):
            raise
        return _wide(client, export)  # it raises again if properties are not what is too long


def _wide(client: Client, export: Export) -> WideReader:
    target = export.target
    ids = _pages(client, export, ID_ONLY, ())
    options = {
        "properties": target.properties,
        "properties_with_history": target.histories,
        "archived": export.archived,
    }
    return WideReader(client, ids, export.object_type, options)


def _is_search(export: Export) -> bool:
    return bool(export.filters) or export.query is not None


def _pages(
    client: Client, export: Export, properties: Sequence[str], histories: Sequence[str]
) -> ObjectReader:
    if _is_search(export):
        return client.search(
            export.object_type,
            export.filters,
            properties=properties,
            query=export.query,
            after=export.after,
        )
    return client.scan(
        export.object_type,
        properties=properties,
        properties_with_history=histories,
        archived=export.archived,
        after=export.after,
    )


@define
class _ExportRun:
    """An export under way, and then how it has ended."""

    export: Export
    reader: Reading
    file: ObjectsFile
    screen: Screen
    note: UnfinishedNote | None = None
    """Where it is noted how far it is; None: nowhere."""
    before: Unfinished | None = None
    """What an earlier process has noted, if this one goes on with it."""
    began: str | None = None
    """The cursor that was typed with it, at last."""
    aside: str = ""
    """What was said of rows that were moved away."""
    code: ExitCode = ExitCode.OK
    message: str = ""
    """Why it ended before its time; empty if it did not."""
    broken: bool = False
    """Whether the file could not be written any more."""

    async def save(self, screen: Screen) -> None:
        """Read to the end, or until a signal comes, and write what comes; note how it ends."""
        stops = set[asyncio.Task[None]]()

        def stop() -> None:
            screen.say("stopping: what was read is written; interrupt again to break it off")
            stops.add(asyncio.create_task(self.reader.aclose()))

        with interrupts(stop) as seen:
            try:
                async with (
                    aclosing(self.reader),
                    watching(self.reader, screen, what=f"export {self.export.object_type}"),
                ):
                    await self.file.save(
                        self.reader, in_thread=call_in_thread, note=self._keep_note
                    )
            except HubbatchError as error:
                self._note(error)
                if seen.count:
                    self.message = "stopped by a signal"
            except asyncio.CancelledError:  # the second signal
                with suppress(OutputError):
                    self.file.close(nothing_wrong=False)
                raise
            try:
                await call_in_thread(partial(self.file.close, nothing_wrong=not self.message))
            except OutputError as error:
                self._note(error)
            if self.note is not None and not self.message:
                self.note.remove()
            if stops:
                await asyncio.wait(stops)

    def _keep_note(self) -> None:
        """Note how far it is; what is there already is on the disk by then."""
        if self.note is None:
            return
        self.file.sync()
        before = 0 if self.before is None else self.before.objects
        value = Unfinished(
            self.file.cursor if self.file.written else self.export.after,
            self.file.size,
            self.file.tail,
            FileForm.of(self.export.target),
            self.file.columns,
            before + self.file.written,
            self.began,
        )
        try:
            self.note.write(value)
        except OSError as error:
            if not self.file.written:  # later an earlier note is still true
                problem = error.strerror or type(error).__name__
                _say(
                    self.screen,
                    f"cannot write {self.note.path}: {problem}; a kill will leave no way to go on",
                )
                self.note = None

    def _note(self, error: HubbatchError) -> None:
        if isinstance(error, ReaderGoneError):
            self.code = ExitCode.READER_GONE
            return
        is_usage = isinstance(error, _OF_THE_CALL) and not self.file.written
        self.code = ExitCode.USAGE if is_usage else ExitCode.STOPPED
        self.message = self.message or in_options(str(error))
        self.broken |= isinstance(error, OutputError)

    def show(self, screen: Screen) -> None:
        """Say what was written, what is missing in it, and how to go on."""
        if self.code is ExitCode.READER_GONE:  # it has had enough, and knows that
            return
        progress, target = self.reader.progress, self.export.target
        notes = [f"warning: {warning}" for warning in warnings(self.file)]
        if self.file.left_out:
            self.code = self.code or ExitCode.SOME_FAILED
        stopped = self.code is ExitCode.STOPPED
        where = "" if target.is_standard_output else f" in {harmless(target.path)}"
        if self.code is not ExitCode.USAGE and not (screen.quiet and not self.message):
            put(
                screen.report,
                f"{'STOPPED' if self.message else 'DONE'}: {counted(self.file.written, 'object')}{where},"
                f" {progress.elapsed:.1f} s, {progress.records_per_second:,.0f} objects/s,"
                f" {counted(progress.requests, 'request')},"
                f" {counted(progress.retries, 'retry', 'retries')}",
            )
        screen.document(
            {
                "ended": ENDED[self.code],
                "exitCode": int(self.code),
                "message": self.message,
                "notes": [*([self.aside] if self.aside else []), *notes],
                "command": f"export {self.export.object_type}",
                "objects": self.file.written,
                "output": target.path,
                "cursor": self.file.cursor if stopped else None,
                "requests": progress.requests,
                "retries": progress.retries,
                "seconds": round(progress.elapsed, 3),
                "next": self._way_on() if stopped else None,
            }
        )
        for note in notes:
            screen.say(note)
        if self.message:
            screen.complain(self.message)
        if stopped:
            screen.say(f"to go on: {printable(self._way_on())}")

    def _way_on(self) -> str:
        target, cursor = self.export.target, self.file.cursor
        if target.kind is Kind.PARQUET and self.broken:
            if not self.file.is_regular:
                return "export again, into a file"
            return f"remove {target.path}, which cannot be read, and export again"
        command = typed() or Typed("export")
        if self._is_noted():  # the note knows better than a cursor that may be typed twice
            command = command.without("--force", "--after").having("--append")
        elif cursor is not None:
            command = command.without("--force").having("--after", cursor)
            if target.kind is Kind.PARQUET:
                command = command.having("--output", free_name(target.path))
            elif not target.is_standard_output:
                command = command.having("--append")
        return quoted(word for group in command.groups() for word in group)

    def _is_noted(self) -> bool:
        with suppress(CommandError):
            return self.note is not None and self.note.found() is not None
        return False
