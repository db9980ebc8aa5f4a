"""The command `sandbox`: the stand-in served for any other client until a signal comes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from hubbatch import RateLimit
from hubbatch.cli._executing import run_and_exit
from hubbatch.cli._faults import CommandError, ExitCode
from hubbatch.cli._interrupts import interrupts
from hubbatch.cli._outputs import leave
from hubbatch.cli._screen import Screen
from hubbatch.cli._settings import parse_rate
from hubbatch.sandbox import PRESETS, Sandbox

__all__ = ["sandbox"]


def sandbox(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 8642,
    rate: Annotated[
        RateLimit,
        typer.Option(
            parser=parse_rate, metavar="N/S", help="Quota: N requests per rolling S seconds."
        ),
    ] = "190/10",  # type: ignore[assignment]  # typer parses it
    latency: Annotated[
        float, typer.Option(min=0.0, help="Seconds until an answer is sent.")
    ] = 0.05,
    faults: Annotated[
        str | None, typer.Option(help=f"What goes wrong: {' or '.join(PRESETS)}.")
    ] = None,
    unique: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OBJECT.NAME",
            help="A property with unique values, such as 0-3.deal_ref; repeatable.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed draws the same faults.")] = 0,
) -> None:
    """Serve an empty account in memory; any HTTP client can talk to it, with any token."""
    screen = Screen()
    options = {
        "host": host,
        "port": port,
        "rate_limit": rate,
        "latency": latency,
        "faults": faults,
        "seed": seed,
    }
    run_and_exit(_serve(options, unique or [], screen), screen)


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
    screen.say(f"served {account.request_count:,} requests")
    return ExitCode.OK
