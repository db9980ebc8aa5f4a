"""The demonstration: made-up people into a sandbox under HubSpot's own quota, then a look at what arrived."""

from __future__ import annotations

from collections.abc import Sequence

from hubbatch import Client, RateLimit, RecordOutcome, RecordStatus
from hubbatch.cli._demo_comparing import differences, expected
from hubbatch.cli._demo_people import People
from hubbatch.cli._exiting import run_and_exit
from hubbatch.cli._faults import ExitCode
from hubbatch.cli._following import follow
from hubbatch.cli._report import show as show_report
from hubbatch.cli._screen import Screen
from hubbatch.cli._summary import Report
from hubbatch.sandbox import Sandbox

__all__ = ["show"]

_QUOTA = RateLimit(190, 10.0)
_LATENCY = 0.05
_SHOWN = 5


def show(records: int, seed: int) -> None:
    """Carry the demonstration out and exit."""
    screen = Screen()
    run_and_exit(_demo(People(records, seed), screen), screen)


async def _demo(people: People, screen: Screen) -> ExitCode:
    succeeded: list[RecordOutcome] = []

    async def each(records: Sequence[RecordOutcome]) -> None:
        succeeded.extend(each for each in records if each.status is RecordStatus.SUCCEEDED)

    screen.say(
        f"upserting {len(people):,} made-up people into a sandbox that allows {_QUOTA.max_requests}"
        f" requests per {_QUOTA.period:g} s"
    )
    async with (
        Sandbox(rate_limit=_QUOTA, latency=_LATENCY) as sandbox,
        Client("demo", base_url=sandbox.base_url) as client,
    ):
        run = client.upsert("contacts", people, id_property="email", keep="none")
        ending = await follow(client, run, screen, each, what="upsert contacts")
        show_report(screen, Report("upsert contacts", ending))
        if ending.code not in {ExitCode.OK, ExitCode.SOME_FAILED}:
            return ending.code
        agrees = _compare(succeeded, sandbox, screen)
    screen.report.print(
        f"Records broken on purpose, which are expected to fail: {people.broken}. Records with the e-mail"
        f" of an earlier one, written after it: {people.twice}.",
        soft_wrap=True,
    )
    as_expected = ending.outcome.counts.failed == people.broken
    return ExitCode.OK if agrees and as_expected else ExitCode.SOME_FAILED


def _compare(succeeded: list[RecordOutcome], sandbox: Sandbox, screen: Screen) -> bool:
    """Say whether the outcome and the account agree."""
    stored = sandbox.objects("contacts")
    wanted = expected(succeeded)
    values, found = differences(wanted, stored)
    verdict = "and they agree" if not found else f"and they DIFFER in {len(found):,} places:"
    screen.report.print(
        f"The outcome's {len(succeeded):,} successes make {len(wanted):,} contacts, the sandbox stored"
        f" {len(stored):,} ({values:,} property values compared, at most {sandbox.max_in_window}"
        f" requests in any {_QUOTA.period:g} s) {verdict}",
        soft_wrap=True,
    )
    for difference in found[:_SHOWN]:
        screen.report.print(difference, soft_wrap=True)
    return not found
