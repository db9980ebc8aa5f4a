"""The client that a command talks through: to the account of the token, or to a sandbox made for this command."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from hubbatch import Client, UsageError
from hubbatch.cli._checking_account import saved_schema
from hubbatch.cli._commands import typed
from hubbatch.cli._faults import CommandError
from hubbatch.cli._job import Job
from hubbatch.cli._reach import Connection, Reach
from hubbatch.cli._settings import SERVICE, Settings
from hubbatch.policies import UNLIMITED
from hubbatch.sandbox import Sandbox

__all__ = ["connected", "token_of"]

_TOKEN_VARIABLE = "HUBSPOT_ACCESS_TOKEN"  # noqa: S105 (a variable's name)


def token_of(settings: Settings) -> str:
    """Return the access token; raise `CommandError` without one, and for options that contradict each other."""
    if settings.sandbox and settings.base_url != SERVICE:
        raise CommandError(
            "--sandbox is an account in this process, and --base-url a service elsewhere: give one of them"
        )
    if settings.lenient and settings.properties is not None:
        raise CommandError(
            "--lenient takes any property, and --properties says which there are: give one of them"
        )
    if settings.sandbox:
        return "sandbox"
    if settings.lenient:
        raise CommandError("--lenient says how --sandbox is to be: give both, or neither")
    token = os.environ.get(_TOKEN_VARIABLE)
    if not token:
        advice = ", or try the command with --sandbox" if _could_be_rehearsed(settings) else ""
        raise CommandError(
            f"set the environment variable {_TOKEN_VARIABLE} to your access token{advice}"
        )
    return token


def _could_be_rehearsed(settings: Settings) -> bool:
    """Say whether the command that was typed would be a right one with --sandbox."""
    command = typed()
    resumes = command is not None and command.command == "resume"
    return settings.base_url == SERVICE and not resumes


@asynccontextmanager
async def connected(job: Job, settings: Settings, token: str) -> AsyncIterator[Connection]:
    if not settings.sandbox:
        reach = Reach(settings.base_url, settings.quiet)
        async with Client(
            token,
            base_url=settings.base_url,
            api_version=settings.api_version,
            rate_limit=settings.rate,
            observers=[reach],
        ) as client:
            yield Connection(client, reach)
        return
    sandbox = Sandbox(rate_limit=settings.rate, latency=0.0, strict=not settings.lenient)
    _define(sandbox, job, settings)
    async with (
        sandbox,
        Client(
            token,
            base_url=sandbox.base_url,
            api_version=settings.api_version,
            rate_limit=settings.rate or UNLIMITED,
        ) as client,
    ):
        yield Connection(client)


def _define(sandbox: Sandbox, job: Job, settings: Settings) -> None:
    """Give a sandbox the properties that the account has which it stands for."""
    schema = None if settings.properties is None else saved_schema(settings.properties)
    with suppress(UsageError):  # no such object type: the answer will say so
        if schema is not None:
            sandbox.account().define_schema(job.object_type, schema)
            return
        for option in ("id_property", "unique_property"):
            if (name := job.options.get(option)) is not None:
                sandbox.define_property(job.object_type, name, unique=True)
