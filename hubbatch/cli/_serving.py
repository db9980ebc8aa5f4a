"""The command `sandbox`: the stand-in served for any other client until a signal comes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from hubbatch._counted import counted
from hubbatch.cli._exiting import run_and_exit
from hubbatch.cli._faults import CommandError, ExitCode
from hubbatch.cli._interrupts import interrupts
from hubbatch.cli._outputs import leave
from hubbatch.cli._screen import Screen
from hubbatch.sandbox import Sandbox

__all__ = ["serve"]


def serve(options: Mapping[str, Any], unique: Sequence[str]) -> None:
    """Serve a sandbox with these options, and these unique properties (`OBJECT.NAME`), and exit."""
    screen = Screen()
    run_and_exit(_serve(options, unique, screen), screen)


async def _serve(options: Mapping[str, Any], unique: Sequence[str], screen: Screen) -> ExitCode:
    done = asyncio.Event()
    try:
        options["host"].encode("idna")
    except UnicodeError:
        raise CommandError(f"--host takes a name or an address, not {options['host']!r}") from None
    account = Sandbox(**options)
    for name in unique:
        object_type, dot, property_name = name.partition(".")
        if not (object_type and dot and property_name):
            raise CommandError(f"--unique takes OBJECT.NAME, such as 0-3.deal_ref, not {name!r}")
        account.define_property(object_type, property_name, unique=True)
    with interrupts(done.set):
        try:
            await account.start()
        except OSError as error:
            raise CommandError(
                f"cannot listen on {account.host}, port {account.port}: {error.strerror}; take another"
                " --port"
            ) from None
        try:
            try:
                typer.echo(account.base_url)
            except OSError as error:
                leave(sys.stdout)  # or Python tries once more, at its exit
                raise CommandError(f"cannot write the address: {error.strerror}") from None
            screen.say("serving until interrupted (Ctrl-C)")
            await done.wait()
        finally:
            await account.stop()
    screen.say(f"served {counted(account.request_count, 'request')}")
    return ExitCode.OK
