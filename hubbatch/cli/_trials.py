"""The commands that need no account, `demo` and `sandbox`: what each takes.

What carries them out is imported when it is wanted: a help text needs no client.
"""

from __future__ import annotations

from typing import Annotated

import typer

from hubbatch import RateLimit
from hubbatch.cli._settings import parse_rate

__all__ = ["FAULTS", "demo", "sandbox"]

FAULTS = ("flaky", "nasty")
"""The presets of faults, as the sandbox names them; a test holds this against its own list."""


def demo(
    records: Annotated[
        int, typer.Option(min=1, max=10_000_000, help="How many people to make up.")
    ] = 25_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same people.")] = 2026,
) -> None:
    """Upsert made-up people into a sandbox with HubSpot's quota, and compare what it stored."""
    from hubbatch.cli._demo import show  # noqa: PLC0415 (it loads the client and the sandbox)

    show(records, seed)


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
        str | None, typer.Option(help=f"What goes wrong: {' or '.join(FAULTS)}.")
    ] = None,
    unique: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OBJECT.NAME",
            help="A property with unique values, such as 0-3.deal_ref; repeatable.",
        ),
    ] = None,
    lenient: Annotated[
        bool,
        typer.Option(
            "--lenient",
            help="Take any property and any text as its value, not only what HubSpot's own take.",
        ),
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed draws the same faults.")] = 0,
) -> None:
    """Serve an empty account in memory; any HTTP client can talk to it, with any token."""
    from hubbatch.cli._serving import serve  # noqa: PLC0415 (it loads the sandbox)

    options = {
        "host": host,
        "port": port,
        "rate_limit": rate,
        "latency": latency,
        "faults": faults,
        "seed": seed,
        "strict": not lenient,
    }
    serve(options, unique or [])
