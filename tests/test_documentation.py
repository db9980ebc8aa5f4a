"""The README and the docs are promises: their code runs, against a sandbox, and CI calls the commands."""

from __future__ import annotations

import ast
import asyncio
import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from support import UNLIMITED, people

import hubbatch
import hubbatch.testing
from hubbatch import RateLimit, events
from hubbatch.sandbox import Sandbox

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(name: str, text: str) -> list[Any]:
    """Return a page's code blocks, as parameters."""
    found = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [pytest.param(block, id=f"{name}-{number}") for number, block in enumerate(found)]


ALL = [block for page in PAGES for block in blocks(page.stem, page.read_text("utf-8"))]
ALL += blocks("hubbatch.testing", inspect.getdoc(hubbatch.testing) or "")
TESTS = [block for block in ALL if "@virtual_time" in block.values[0]]
"""Blocks that are tests of a user's."""
BLOCKS = [block for block in ALL if block not in TESTS]


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    """Let clients talk to a sandbox, unless they say where to, and write files where none is in the way."""
    monkeypatch.chdir(tmp_path)
    with Sandbox(rate_limit=None, latency=0.0).in_thread() as sandbox:
        sandbox.define_property("deals", "deal_ref", unique=True)
        sandbox.define_property("companies", "domain_key", unique=True)
        sandbox.account().define_list("42", "contacts")

        class SandboxClient(hubbatch.Client):
            def __init__(self, token: str, **options: Any) -> None:
                if "base_url" not in options:
                    options = {"rate_limit": UNLIMITED, **options, "base_url": sandbox.base_url}
                super().__init__(token, **options)

        monkeypatch.setattr(hubbatch, "Client", SandboxClient)
        monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "made-up")
        yield sandbox


async def deals_from_a_cursor() -> AsyncIterator[dict[str, Any]]:
    for number in range(250):
        yield {"deal_ref": f"d{number}", "amount": "NaN" if number % 50 else float("nan")}


async def linked(client: hubbatch.Client) -> dict[str, Any]:
    """Return what the page on associations begins with: a person, a company, and the link between them."""
    links = client.associations("contacts", "companies")
    (person,) = (await client.create("contacts", [{"email": "ada@acme.com"}])).results
    (company,) = (await client.create("companies", [{"domain_key": "acme.com"}])).results
    assert (await links.create([(person.id, company.id)], label="Primary")).ok
    return {"links": links, "person": person, "company": company}


@pytest.mark.parametrize("block", BLOCKS)
def test_a_code_block_runs(block: str, sandbox: Sandbox) -> None:
    compiled = compile(block, "a page", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    names: dict[str, Any] = {
        "hubbatch": hubbatch,
        "token": "made-up",
        "people": people(3),
        "ids": [1, 2],
        "deals_from_a_cursor": deals_from_a_cursor,
    }

    async def run() -> None:
        nonlocal names
        names["dead_letters"] = asyncio.Queue()
        async with hubbatch.Client("made-up") as client:
            names["client"] = client
            async with client.upsert("0-3", deals_from_a_cursor(), id_property="deal_ref") as done:
                await done
            if "ids" in block:
                known = await client.create("contacts", people(2))
                names["ids"] = [result.id for result in known.results]
            if ("links" in block or "person" in block) and "client.associations(" not in block:
                names |= await linked(client)
            names |= {"run": done, "outcome": done.outcome}
            if inspect.CO_COROUTINE & compiled.co_flags:
                try:
                    await eval(compiled, names)  # noqa: S307 (the README's own)
                except hubbatch.OutcomeError:
                    assert "raise_for_errors" in block
            else:
                exec(compiled, names)  # noqa: S102 (the README's own)
            for name, value in list(names.items()):
                if name.startswith("test_"):
                    await value(sandbox)

    if "asyncio.run(" in block:
        exec(compiled, names)  # noqa: S102 (the README's own)
    else:
        asyncio.run(run())


@pytest.mark.parametrize("block", TESTS)
def test_a_test_of_a_users_passes(block: str) -> None:
    names: dict[str, Any] = {}
    exec(compile(block, "a page", "exec"), names)  # noqa: S102 (the docs' own)
    tests = [value for name, value in names.items() if name.startswith("test_")]
    assert tests
    for test in tests:
        test()


def test_the_docstring_of_the_testing_module_has_a_complete_example() -> None:
    assert "hubbatch.testing-0" in [block.id for block in TESTS]


def test_the_first_example_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = BLOCKS[0].values
    exec(compile(str(block), "README.md", "exec"), {})  # noqa: S102 (the README's own)
    first, second = capsys.readouterr().out.splitlines()
    assert f"# {first}" in str(block)
    assert "'email' is missing" in second


@pytest.mark.skipif(shutil.which("bash") is None, reason="the story is for a shell")
def test_the_story_of_a_killed_load_ends_as_it_says(tmp_path: Path) -> None:
    [story] = re.findall(r"^```shell\n(.*kill -9.*?)^```$", README, re.DOTALL | re.MULTILINE)
    (tmp_path / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "people.csv", tmp_path / "examples")
    with Sandbox(rate_limit=RateLimit(4, 1.0), strict=True).in_thread() as sandbox:
        steps = {
            "hubbatch sandbox --rate 4/1 &": ":",  # it is here, on a port that is free
            "http://localhost:8642": sandbox.base_url,
            "sleep 2;": "until grep -q @ done.csv; do sleep 0.02; done;",
        }
        for step, instead in steps.items():
            assert step in story
            story = story.replace(step, instead)
        shell = subprocess.run(
            ["bash", "-c", story],  # noqa: S607
            cwd=tmp_path,
            env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert "DONE WITH 1 FAILED: upsert contacts" in shell.stdout + shell.stderr
        assert len(sandbox.objects("contacts")) == 999
    people, done, bad = (
        (tmp_path / name).read_text("utf-8-sig").splitlines()[1:]
        for name in ("examples/people.csv", "done.csv", "bad.csv")
    )
    rows = [*(row.split(",", 2)[2] for row in done), *(row.rsplit('",', 1)[1] for row in bad)]
    assert sorted(rows) == sorted(people)


def test_the_table_of_events_is_whole() -> None:
    table = re.findall(
        r"^\| `(\w+)` \|.*\|(.*)\|$",
        (ROOT / "docs" / "observing.md").read_text("utf-8"),
        re.MULTILINE,
    )
    kinds = {kind.__name__: kind for name in events.__all__ if (kind := vars(events)[name])}
    documented = dict(table)
    leaves = {name for name, kind in kinds.items() if not kind.__subclasses__()}
    assert documented.keys() - {"DEBUG", "INFO", "WARNING", "ERROR"} == leaves
    above = {"at", "client", "run", "verb", "object_type"}
    for name in leaves - {"RequestAnswered"}:  # which says "the same"
        fields = {field.name for field in attrs.fields(kinds[name])} - above
        shown = set(re.findall(r"`(\w+)`", documented[name]))
        assert fields <= shown
        assert shown - fields <= {"counts"}  # of `RecordsSettled` it is a property


def test_the_log_says_what_the_page_shows(
    capsys: pytest.CaptureFixture[str], sandbox: Sandbox
) -> None:
    [block] = [block.values[0] for block in BLOCKS if "getLogger" in str(block.values[0])]
    test_a_code_block_runs(str(block), sandbox)
    [line] = [line for line in capsys.readouterr().out.splitlines() if "ended" in line]
    assert re.search(r" INFO \[account 7\] run \d+ \(upsert contacts\): ended \(exhausted\)", line)


def test_every_link_to_a_page_or_file_leads_somewhere() -> None:
    for page in [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_ci_calls_the_readmes_own_commands() -> None:
    commands = re.findall(r"^pip install '\.\[\w+\]' && .*$", README, re.MULTILINE)
    assert len(commands) == 2
    ci = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    for command in commands:
        assert command in ci


def test_the_changelog_names_the_version() -> None:
    assert "## [0.1.0]" in (ROOT / "CHANGELOG.md").read_text("utf-8")
