"""Loads that are killed at random moments and gone on with, in processes of their own, against a sandbox here."""

from __future__ import annotations

import csv
import io
import multiprocessing
import os
import random
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from importlib import resources
from multiprocessing.process import BaseProcess
from pathlib import Path

from attrs import define, field
from cli_driver import PATIENCE, TOKEN, table_of

from hubbatch.sandbox import FaultKind, RandomFaults, Sandbox

__all__ = ["FAULTS", "VARIANTS", "Data", "Killing", "Variant", "started"]

FAULTS = RandomFaults(
    {
        FaultKind.RESET_AFTER_WRITE: 0.01,
        FaultKind.BAD_GATEWAY: 0.01,
        FaultKind.SERVER_ERROR_AFTER_WRITE: 0.005,
        FaultKind.LOCKED: 0.01,
    },
    seed=12,
)
_MOST_IN_DOUBT = 800
_LATER = 60.0
"""Seconds that a journal is made older by at each kill, so that a look-up need not wait in real time."""

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["hubbatch.cli._app", "hubbatch.cli._executing"])


@define(frozen=True)
class Variant:
    """A verb, and what it knows records by."""

    verb: str
    option: str = ""

    @property
    def finds_out(self) -> bool:
        """Whether what became of a record can be found out after a kill."""
        return bool(self.option)


VARIANTS = (
    Variant("upsert", "--id-property"),
    Variant("create", "--unique-property"),
    Variant("create"),
)


def run(arguments: Sequence[str], output: str) -> None:
    """Run a command in a process that was forked for it."""
    from hubbatch.cli import main  # noqa: PLC0415 (the server of these processes has it already)

    number = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(number, 1)
    os.dup2(number, 2)
    os.environ["HUBSPOT_ACCESS_TOKEN"] = TOKEN
    sys.argv = ["hubbatch", *arguments]
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 (a descriptor)
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    main()


def started(arguments: Sequence[str], output: Path) -> BaseProcess:
    """Start a command in a process of its own, which writes what it says to a file."""
    process = _PROCESSES.Process(target=run, args=(arguments, str(output)))
    process.start()
    return process


@define(frozen=True)
class Data:
    """Rows of objects, and how they are known."""

    object_type: str
    column: str
    """The column that names an object, which is the first one."""
    unique: str
    """The property that it is."""
    rows: Sequence[Sequence[str]]
    """The header, and the rows."""
    bad: frozenset[str] = frozenset()
    """Names of rows that the service refuses."""

    @classmethod
    def deals(cls, records: int) -> Data:
        """Make deals up: one in 97 is refused, one in 89 is no row, one in 83 is blank."""
        rows: list[list[str]] = [["deal_ref", "dealname", "amount"]]
        bad = set()
        for number in range(records):
            if number % 89 == 5:
                rows.append([f"ragged {number}"])
            elif number % 83 == 7:
                rows.append(["", "", ""])
            else:
                amount = "plenty" if number % 97 == 3 else str(number)
                rows.append([f"r{number}", f"Deal, number {number}", amount])
                bad |= {f"r{number}"} if amount == "plenty" else set()
        return cls("deals", "deal_ref", "deal_ref", rows, frozenset(bad))

    @classmethod
    def airports(cls) -> Data:
        """Take the airports of a public dataset as companies: real names, in many scripts."""
        text = (resources.files("airportsdata") / "airports.csv").read_text("utf-8")
        rows = list(csv.reader(io.StringIO(text, newline="")))
        return cls("companies", "icao", "airport_code", rows)


@define
class Killing:
    """A load that is killed so many times, and then seen through."""

    folder: Path
    variant: Variant
    data: Data
    kills: int
    seed: int = 0
    batch_size: int = 10
    _chance: random.Random = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Begin with the same chance each time."""
        self._chance = random.Random(self.seed)

    @property
    def journal(self) -> Path:
        return self.folder / "load.journal"

    @property
    def input(self) -> Path:
        return self.folder / "in.csv"

    @property
    def records(self) -> int:
        return len(self.data.rows) - 1

    def write_input(self) -> None:
        """Write the input."""
        with self.input.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(self.data.rows)

    def command(self, sandbox: Sandbox) -> list[str]:
        """Return the command that begins the load."""
        return [
            *(self.variant.verb, self.data.object_type, str(self.input)),
            *((self.variant.option, self.data.unique) if self.variant.option else ()),
            *("--map", f"{self.data.column}={self.data.unique}"),
            *("--base-url", sandbox.base_url, "--journal", str(self.journal)),
            *("--rejects", str(self.folder / "bad.csv")),
            *("--results", str(self.folder / "done.csv")),
            *("--batch-size", str(self.batch_size), "--rate", "10000/1"),
        ]

    def carry_out(self, sandbox: Sandbox) -> int:
        """Have it killed at random moments, then let it end; return the exit code of the last process."""
        self.write_input()
        for number in range(self.kills):
            process = self.begin(sandbox, again=number % 2 == 0)
            self.kill(process, sandbox, left=self.kills - number)
            self.age()
        process = self.begin(sandbox, again=True)
        process.join(PATIENCE + self.records / 500)
        assert process.exitcode is not None, (self.folder / "said.txt").read_text()
        return process.exitcode

    def begin(self, sandbox: Sandbox, *, again: bool) -> BaseProcess:
        """Begin it, or go on, by either of the two ways."""
        command = self.command(sandbox)
        if again and self.journal.exists() and self._has_begun():
            command = ["resume", str(self.journal)]
        return started(command, self.folder / "said.txt")

    def kill(self, process: BaseProcess, sandbox: Sandbox, *, left: int) -> None:
        """Kill a process at a random moment: after some requests, or before the first one."""
        wanted = self.records / self.batch_size * self._chance.uniform(0, 1.2 / left)
        until, end = sandbox.request_count + wanted, time.monotonic() + PATIENCE
        while process.is_alive() and sandbox.request_count < until and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(self._chance.uniform(0, 0.02))
        process.kill()
        process.join()

    def age(self) -> None:
        """Have time go by: what is in doubt was sent a while ago."""
        if self.journal.exists():
            with closing(sqlite3.connect(self.journal)) as found, found:
                if found.execute("SELECT 1 FROM sqlite_master WHERE name = 'tries'").fetchone():
                    found.execute("UPDATE tries SET at = at - ?", (_LATER,))

    def check(self, sandbox: Sandbox) -> None:
        """Fail unless each row is where it belongs, once: in the store, in the results, or in the rejects."""
        header, *body = self.data.rows
        rows = [row for row in body if any(row)]
        good = {row[0] for row in rows if len(row) == len(header)} - self.data.bad
        wrong = [row[0] for row in rows if row[0] not in good]
        rejects = table_of(self.folder / "bad.csv")
        done = table_of(self.folder / "done.csv")
        name, objects = self.data.column, sandbox.objects(self.data.object_type).values()
        unknown = [row[name] for row in rejects if row["_status"] == "UNKNOWN"]
        refused = [row[name] for row in rejects if row["_status"] != "UNKNOWN"]
        stored = Counter(each.properties[self.data.unique] for each in objects)

        assert max(stored.values()) == 1, "nothing is stored twice"
        assert sorted(refused + unknown + [row[name] for row in done]) == sorted(
            row[0] for row in rows
        )
        # A row that is refused after its first answer was lost is listed as UNKNOWN: a refusal proves nothing then.
        assert sorted(refused + [ref for ref in unknown if ref in wrong]) == sorted(wrong)
        unknown = [ref for ref in unknown if ref in good]
        assert stored.keys() <= good
        assert good - stored.keys() <= set(unknown)
        assert {row[name] for row in done} == good - set(unknown)
        ids = {each.properties[self.data.unique]: each.id for each in objects}
        assert all(row["id"] == ids[row[name]] for row in done)
        if self.variant.finds_out:
            assert not unknown
        assert len(unknown) <= _MOST_IN_DOUBT * self.kills + self.records // 20  # lost answers

    def _has_begun(self) -> bool:
        with closing(sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True)) as found:
            try:
                return bool(found.execute("SELECT * FROM facts").fetchall())
            except sqlite3.Error:
                return False
