"""Upsert people, upsert the companies they work for, and link them: one account of all three.

    HUBSPOT_ACCESS_TOKEN=… python examples/people_and_companies.py people.csv

The file has a row for each person: `email`, any other properties of contacts, and `company_domain`, which may be empty.
Companies are known by `COMPANY_KEY`, a property of yours with unique values: those of HubSpot's `domain` need not be.
`HUBSPOT_BASE_URL` sends the requests elsewhere, to a sandbox for example. To run it again is safe.
"""

import asyncio
import csv
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import hubbatch
from hubbatch import Outcome

COMPANY_KEY = "domain_key"
"""The unique property of companies."""


async def move(client: hubbatch.Client, rows: Iterable[Mapping[str, str]]) -> Outcome[Any]:
    """Write people and companies, link them, and return one outcome: first people, then companies, then links.

    Of a person or company that could not be written the link is FAILED, and says which end is missing.
    """
    people: list[dict[str, str]] = []
    pairs: list[tuple[str, str]] = []
    for row in rows:
        person = {name: value for name, value in row.items() if name != "company_domain" and value}
        domain = row.get("company_domain", "").strip().lower()
        people.append(person)
        if domain and "email" in person:
            pairs.append((person["email"], domain))
    companies = [
        {COMPANY_KEY: domain, "domain": domain} for domain in dict.fromkeys(to for _, to in pairs)
    ]
    parts: list[Outcome[Any]] = [
        await client.upsert("contacts", people, id_property="email"),
        await client.upsert("companies", companies, id_property=COMPANY_KEY),
    ]
    links = client.associations("contacts", "companies")
    parts.append(
        await links.create_default(pairs, from_id_property="email", to_id_property=COMPANY_KEY)
    )
    return Outcome.merge(*parts)


async def main(path: Path) -> int:
    """Move a file's rows and print what became of them; return the exit status."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    base_url = os.environ.get("HUBSPOT_BASE_URL", "https://api.hubapi.com")
    async with hubbatch.Client.from_env(base_url=base_url) as client:
        outcome = await move(client, rows)
    print(outcome.counts)
    for record in outcome.records:
        if record.status is not hubbatch.RecordStatus.SUCCEEDED:
            print(f"{record.index}: {record.status}: {record.reason}", file=sys.stderr)
    return 0 if outcome.ok else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]))))
