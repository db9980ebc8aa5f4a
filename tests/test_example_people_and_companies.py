"""The example that writes people and companies and links them, as a program and as a function under faults."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import World

from examples.people_and_companies import COMPANY_KEY, move
from hubbatch.sandbox import Sandbox
from hubbatch.testing import virtual_time

PROGRAM = Path(__file__).parent.parent / "examples" / "people_and_companies.py"


def rows(number: int) -> list[dict[str, str]]:
    return [
        {
            "email": f"p{each}@x.com",
            "firstname": f"P{each}",
            "company_domain": f"D{each % 7}.com" if each % 5 else "",
        }
        for each in range(number)
    ]


def linked(account: Any) -> int:
    people = [key for key, kept in account.objects("contacts").items() if not kept.archived]
    return sum(len(account.associated("contacts", each, "companies")) for each in people)


@virtual_time
@pytest.mark.parametrize("faults", [None, "flaky"])
async def test_people_and_companies_are_written_and_linked_in_one_account(faults: Any) -> None:
    async with World(faults=faults, strict=True) as world:
        world.service.define_property("companies", COMPANY_KEY, unique=True)
        outcome = await move(world.client, rows(300))
        assert outcome.counts.total == 300 + 7 + 240
        assert [record.index for record in outcome.records] == [*range(547)]
        assert outcome.ok
        assert len(world.stored()) == 300
        assert linked(world.service.account()) == 240


@virtual_time
async def test_a_person_that_is_refused_costs_their_link_and_nothing_else() -> None:
    async with World(strict=True) as world:
        world.service.define_property("companies", COMPANY_KEY, unique=True)
        people = [*rows(9), {"email": "no address", "company_domain": "d1.com"}]
        outcome = await move(world.client, people)
        assert outcome.counts.failed == 2
        person, link = outcome.failed
        assert person.index == 9
        assert "'from', a record of contacts" in link.reason
        assert linked(world.service.account()) == 7


def test_the_program_tells_what_became_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "email,firstname,company_domain\nada@x.com,Ada,acme.com\nbob@x.com,Bob,\n", encoding="utf-8"
    )
    with Sandbox(strict=True, latency=0.0).in_thread() as sandbox:
        sandbox.define_property("companies", COMPANY_KEY, unique=True)
        finished = subprocess.run(
            [sys.executable, str(PROGRAM), str(path)],
            check=False,
            capture_output=True,
            text=True,
            env={
                **os.environ,
                "HUBSPOT_ACCESS_TOKEN": "made-up",
                "HUBSPOT_BASE_URL": sandbox.base_url,
            },
        )
        assert (finished.returncode, finished.stderr) == (0, "")
        assert finished.stdout.startswith("4 records: 4 succeeded")
        assert sandbox.objects("companies").keys()
