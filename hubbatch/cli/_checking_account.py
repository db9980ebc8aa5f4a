"""The properties of an account, known before a load: asked for, or from a file that the user has saved.

A job comes in and goes out with what follows from it: labels for its columns, a judge for its header, a schema for its
records. It knows nothing of what the names are checked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from attrs import evolve, frozen

from hubbatch import (
    AuthenticationError,
    HubbatchError,
    PermissionDeniedError,
    Schema,
    UnknownObjectTypeError,
    UsageError,
)
from hubbatch.cli._checking_names import ColumnCheck, check_options, labels_of
from hubbatch.cli._commands import typed
from hubbatch.cli._faults import CommandError
from hubbatch.cli._job import Job
from hubbatch.cli._option_names import in_options
from hubbatch.cli._reach import Connection
from hubbatch.cli._settings import Settings

__all__ = ["Known", "known_of", "known_soon", "prepared", "saved_schema", "with_known"]

_MOST_BYTES = 64 * 2**20
"""A file of properties: an account with 10,000 of them has a tenth of that."""

_PATIENCE = 5.0
"""Seconds that the start of a load waits for the account's properties."""


@frozen
class Known:
    """The properties of an account, as far as they are known."""

    schema: Schema | None = None
    asked: bool = False
    """Whether the account was asked: then it is asked anew before a record is refused."""
    problem: str = ""
    """Why they are not known, where the user should hear of it."""


def saved_schema(path: Path) -> Schema:
    """Read the properties that a user has saved. Raises `CommandError` for a file that is none."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise CommandError(f"--properties: cannot read {path}: {error.strerror}") from None
    what = "save what GET /crm/v3/properties/{object} answers, or `hubbatch properties OBJECT`"
    if len(content) > _MOST_BYTES:
        raise CommandError(
            f"--properties: {path} is larger than {_MOST_BYTES // 2**20} MiB: {what}"
        )
    try:
        schema = Schema.from_json(content)
    except UsageError as error:
        raise CommandError(f"--properties: {path}: {error}; {what}") from None
    if not schema:
        raise CommandError(f"--properties: {path} lists no properties: {what}")
    return schema


async def known_of(object_type: str, settings: Settings, connection: Connection | None) -> Known:
    """Return the properties of an object type: of the file that the user names, or of the account.

    Raises what the account says, but for a token that may not read them, and `StoppedError` if there is no connection
    to it. `connection`: None to ask nobody.
    """
    if not settings.check:
        return Known()
    if settings.properties is not None and not settings.sandbox:  # a sandbox has them by itself
        return Known(saved_schema(settings.properties))
    if connection is None or settings.lenient:
        return Known()
    try:
        async with connection.soon():
            return Known(await connection.client.properties(object_type).all(), asked=True)
    except PermissionDeniedError:
        return Known(
            problem=f"the token may not read the properties of {object_type}: names and values are not checked"
            " (--properties FILE gives them, --no-check says that it is known)"
        )


async def prepared(
    job: Job, settings: Settings, connection: Connection, say: Callable[[str], object]
) -> Job:
    """Return a job that is about to be carried out, with all that follows from the account's properties.

    Raises `UsageError` for an option that the account refuses. If the properties cannot be had soon, the job goes on
    without them: what is in the way of the load will be said by the load. Where ids are all that is sent, nothing
    follows from them.
    """
    if job.layout.ids_only:
        return job
    try:
        known = await known_soon(job.object_type, settings, connection)
    except (AuthenticationError, UnknownObjectTypeError):
        return job  # as the load itself is about to hear
    if known.problem:
        say(known.problem)
    return with_known(job, known, say)


async def known_soon(object_type: str, settings: Settings, connection: Connection) -> Known:
    """Return the properties of an object type, or soon why they are not known.

    Raises `UsageError` for a file that holds none, and what the command is about to hear from the account anyway.
    """
    try:
        async with asyncio.timeout(_PATIENCE):
            return await known_of(object_type, settings, connection)
    except TimeoutError:
        return Known(
            problem=f"the properties were not to be had in {_PATIENCE:g} s: names and values are not checked"
            " (--no-check does not ask for them)"
        )
    except (UsageError, AuthenticationError, UnknownObjectTypeError):
        raise
    except HubbatchError as error:
        return Known(problem=f"the properties could not be read: {in_options(str(error))}")


def with_known(job: Job, known: Known, say: Callable[[str], object]) -> Job:
    """Return a job with what follows from the properties. Raises `UsageError` for an option that they refuse."""
    schema, layout = known.schema, job.layout
    if schema is not None:
        check_options(schema, job)
        check = ColumnCheck(schema, job, say, assumes_create=_assumes_create())
        columns = evolve(layout.columns, labels=labels_of(schema, layout.key))
        header = None if layout.ids_only else check
        job = evolve(job, layout=evolve(layout, columns=columns), header=header)
    if not job.validate:
        return job
    own = None if known.asked else schema
    return evolve(job, options={**job.options, "validate": True if own is None else own})


def _assumes_create() -> bool:
    """Say whether the command is a check without the option that names the verb."""
    command = typed()
    return command is not None and command.command == "check" and not command.has("--verb")
