"""Real input: every airport of a public dataset goes in as a company and comes back the same."""

from __future__ import annotations

import csv
import io
from importlib import resources

from support import UNLIMITED

from hubbatch import Client
from hubbatch.sandbox import Sandbox


def airports() -> list[dict[str, str]]:
    """Return the rows of the dataset's CSV; its code goes into a property of ours."""
    text = (resources.files("airportsdata") / "airports.csv").read_text("utf-8")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return [{"airport_code": row.pop("icao"), **row} for row in rows]


async def test_every_property_of_every_airport_comes_back() -> None:
    rows = airports()
    assert len(rows) > 28_000
    assert not all(value.isascii() for row in rows for value in row.values())
    assert any(value == "" for row in rows for value in row.values())
    async with Sandbox(rate_limit=None, latency=0.0) as sandbox:
        sandbox.define_property("companies", "airport_code", unique=True)
        async with Client("made-up", base_url=sandbox.base_url, rate_limit=UNLIMITED) as client:
            written = await client.upsert("companies", rows, id_property="airport_code")
            assert written.ok, written.counts
            assert [result.new for result in written.results] == [True] * len(rows)
            names = list(rows[0])
            read = await client.read(
                "companies", [result.id for result in written.results], properties=names
            )
            assert read.ok, read.counts
            for row, result in zip(rows, read.results, strict=True):
                assert {name: result.properties.get(name) or "" for name in names} == row
            by_code = await client.read(
                "companies",
                (row["airport_code"] for row in rows),
                id_property="airport_code",
                properties=["name"],
            )
            assert [result.properties["name"] or "" for result in by_code.results] == [
                row["name"] for row in rows
            ]
        assert len(sandbox.objects("companies")) == len(rows)
