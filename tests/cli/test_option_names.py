"""Messages of the library, as the command line shows them: options in place of Python's parameters."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import hubbatch
from hubbatch import BatchError, Client, RecordOutcome, RecordStatus
from hubbatch._options import RunOptions
from hubbatch.cli._app import app
from hubbatch.cli._option_names import OPTIONS, PHRASES, as_typed, in_options
from hubbatch.files import ObjectsFile, Rejects, read

PACKAGE = Path(hubbatch.__file__).parent
NOT_THE_LIBRARY = {"cli", "sandbox", "testing", "sync", "pytest_plugin.py"}

NO_USER_SEES = {
    "bad_lines='reject' wants a notice=": "the command line gives one",
    "daily_reserve": "no command has it",
    "endpoints/": "a row is a programmer's",
    "give max_hold": "no command has it",
    "object_type its properties": "commands run no rows of endpoints",
    "object_type must be an id": "commands change no lists",
    "rate_limit must be": "--rate has a form of its own",
    "the reading was closed": "an export closes none that it reads",
    "keep='none'": "no command raises for errors",
    "rehearsal asks": "a check gives the schema",
    "initial_wait=": "no command has it",
    "on_progress must be": "no command has it",
    "PRAGMA": "SQLite's",
    "looked up by `unique_property`": "a page of the documentation",
    "Every row runs by": "a page of the documentation",
}
"""Messages that name a parameter and never get to a user of the command line, and why."""


def parameters() -> set[str]:
    """Return the names of the parameters that callers of the library know."""
    called: list[Callable[..., Any]] = [
        Client,
        Client.scan,
        Client.search,
        Client.update,
        Client.create,
        Client.upsert,
    ]
    called += [Client.archive, Client.read, Client.batch, read, ObjectsFile, Rejects]
    names = {name for each in called for name in inspect.signature(each).parameters}
    return names | set(RunOptions.__annotations__) | {"initial_wait"}


def mentions() -> re.Pattern[str]:
    """Return what finds a parameter's name in a text: one of two words anywhere, any other one before a `=`."""
    names = sorted(parameters())
    several = "|".join(name for name in names if "_" in name)
    return re.compile(rf"(?<![\w.{{-])(?:(?:{several})\b(?!\}})|(?:{'|'.join(names)})=)")


def messages() -> Iterator[tuple[str, str]]:
    """Give each text of the library that is more than a word and no docstring, and the module where it stands."""
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE)
        if place.parts[0] in NOT_THE_LIBRARY:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        inner = {
            id(part)
            for node in ast.walk(tree)
            for part in (
                node.values
                if isinstance(node, ast.JoinedStr)
                else [node.value]
                if isinstance(node, ast.Expr)
                else []
            )
        }
        for node in ast.walk(tree):
            if id(node) in inner:
                continue
            if isinstance(node, ast.JoinedStr):
                parts = (
                    part.value if isinstance(part, ast.Constant) else "…" for part in node.values
                )
                yield str(place), "".join(map(str, parts))
            elif (
                isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
            ):
                yield str(place), node.value


TEXTS = sorted(set(messages()))
MESSAGES = [(place, text) for place, text in TEXTS if mentions().search(text)]


def is_for_programmers(place: str, text: str) -> bool:
    return any(mark in text or place.startswith(mark) for mark in NO_USER_SEES)


def test_no_message_that_a_user_sees_names_a_parameter_of_python() -> None:
    shown = {
        f"{place}: {in_options(text)}"
        for place, text in MESSAGES
        if not is_for_programmers(place, text) and mentions().search(in_options(text))
    }
    assert not shown


@pytest.mark.parametrize("words", sorted({*OPTIONS, *PHRASES}))
def test_all_that_is_put_into_other_words_stands_in_some_message(words: str) -> None:
    words = re.sub(r"^'\w+'", "…", words)  # a name that the message is made with
    assert any(words in text for _, text in TEXTS)


@pytest.mark.parametrize("mark", sorted(NO_USER_SEES))
def test_each_exception_is_one_that_there_is(mark: str) -> None:
    assert any(mark in text or place.startswith(mark) for place, text in MESSAGES)


def test_each_option_that_is_named_is_one_of_some_command() -> None:
    group = typer.main.get_command(app)
    known = {
        name
        for command in group.commands.values()  # type: ignore[attr-defined]
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    named = {
        word
        for text in (*OPTIONS.values(), *PHRASES.values())
        for word in re.findall(r"--[a-z-]+", text)
    }
    assert named
    assert named <= known


@pytest.mark.parametrize(
    ("message", "typed"),
    [
        ("base_url must be an https address", "--base-url must be an https address"),
        (
            "id_property cannot be x; leave id_property out",
            "--id-property cannot be x; leave --id-property out",
        ),
        ("base_url.csv: no column 'id_property'", "base_url.csv: no column 'id_property'"),
        ("/in/append=True/x is there already", "/in/append=True/x is there already"),
    ],
)
def test_a_message_names_options_as_they_are_typed(message: str, typed: str) -> None:
    assert in_options(message) == typed


def test_the_reason_of_a_record_is_put_into_options_and_hubspot_s_words_are_left() -> None:
    said = "a missing value (None) is refused; leave the property out, or give missing='omit', or"
    ours = BatchError("LOCAL_VALIDATION", f"{said} missing='clear' to empty it")
    theirs = BatchError("VALIDATION_ERROR", "id_property is wrong")

    failed = [RecordOutcome(0, {}, RecordStatus.FAILED, error=each) for each in (ours, theirs)]
    shown = [as_typed(record).error for record in failed]
    assert shown[0] == BatchError(
        "LOCAL_VALIDATION", "a missing value (None) is refused; leave the property out"
    )
    assert shown[1] is theirs
    done = RecordOutcome(0, {}, RecordStatus.SUCCEEDED)
    assert as_typed(done) is done
