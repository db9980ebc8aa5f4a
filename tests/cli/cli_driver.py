"""Run the command line for the tests in this directory, in the same process or as one of its own."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import orjson
from attrs import define, frozen
from typer.testing import CliRunner

from hubbatch.cli._app import app
from hubbatch.sandbox import Sandbox

TOKEN = "pat-eu1-very-secret"
PATIENCE = 20.0


@frozen
class Finished:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    def count(self, state: str) -> int:
        """Return a number of the outcome's table, wherever that was written."""
        for line in (self.out + self.err).splitlines():
            cells = [cell.strip() for cell in line.split("│")]
            if len(cells) == 3 and cells[0] == state:
                return int(cells[1].replace(",", ""))
        raise AssertionError(f"no table with {state!r} in {self.out!r}, {self.err!r}")


def hubbatch(*arguments: object, token: str | None = TOKEN) -> Finished:
    """Run a command in this process."""
    with _descriptor_of_stdout() as objects:
        result = CliRunner().invoke(
            app,
            [str(argument) for argument in arguments],
            env={"HUBSPOT_ACCESS_TOKEN": token, "COLUMNS": "200"},
        )
        objects.seek(0)
        out = result.stdout + objects.read().decode()
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    finished = Finished(result.exit_code, out, result.stderr)
    assert TOKEN not in finished.out + finished.err
    assert "Traceback" not in finished.err
    return finished


@contextmanager
def _descriptor_of_stdout() -> Iterator[IO[bytes]]:
    """Give what is written to the descriptor of standard output, and not to Python's stream."""
    before = os.dup(1)
    with tempfile.TemporaryFile() as file:
        try:
            os.dup2(file.fileno(), 1)
            yield file
        finally:
            os.dup2(before, 1)
            os.close(before)


@define
class Process:
    """A command that runs in a process of its own."""

    popen: subprocess.Popen[bytes]
    _out: Path
    _err: Path

    def type(self, text: str) -> None:
        """Write to its standard input, which stays open."""
        assert self.popen.stdin is not None
        self.popen.stdin.write(text.encode())
        self.popen.stdin.flush()

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    def end(self) -> Finished:
        """Wait for the end, with whatever is left of the input."""
        code = self.popen.wait(PATIENCE)
        finished = Finished(code, self.out, self.err)
        assert TOKEN not in finished.out + finished.err
        assert "Traceback" not in finished.err
        return finished


@contextmanager
def process(
    folder: Path, *arguments: object, stdout: int | None = None, stderr: int | None = None
) -> Iterator[Process]:
    """Run a command in a process of its own, which is gone after the block."""
    out, err = folder / "stdout.txt", folder / "stderr.txt"
    command = [sys.executable, "-m", "hubbatch", *(str(argument) for argument in arguments)]
    with (
        out.open("wb") as out_file,
        err.open("wb") as err_file,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=out_file if stdout is None else stdout,
            stderr=err_file if stderr is None else stderr,
            env={**os.environ, "HUBSPOT_ACCESS_TOKEN": TOKEN, "COLUMNS": "200"},
        ) as popen,
    ):
        try:
            yield Process(popen, out, err)
        finally:
            popen.kill()


def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


async def meanwhile(condition: Callable[[], object]) -> None:
    """Let the event loop go round until a condition holds."""
    while not condition():
        await asyncio.sleep(0)


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Read an NDJSON file."""
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def table_of(path: Path) -> list[dict[str, str]]:
    """Read a CSV file that a command has written."""
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def contacts(sandbox: Sandbox) -> dict[str, Mapping[str, str]]:
    """Return a sandbox's live contacts by e-mail."""
    return {
        stored.properties["email"]: stored.properties
        for stored in list(sandbox.objects("contacts").values())  # it may be at work meanwhile
        if not stored.archived and "email" in stored.properties
    }


def batches(sandbox: Sandbox) -> list[str]:
    """Return the paths of the requests that came in, but for those that only ask what the account is like."""
    return [request.path for request in sandbox.requests if request.method != "GET"]
