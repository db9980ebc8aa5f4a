"""The next command is made of the one that was typed: only what it says differs."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubbatch.cli._typed_command import Typed, quoted

OPTIONS = {
    "--rejects": ("--rejects", True),
    "--set": ("--set", True),
    "--sandbox": ("--sandbox", False),
    "--property": ("--property", True),
    "-p": ("--property", True),
    "--quiet": ("--quiet", False),
    "-q": ("--quiet", False),
    "--verbose": ("--verbose", False),
    "-v": ("--verbose", False),
}


def typed(line: str) -> Typed:
    command, *words = shlex.split(line)
    return Typed.parse(command, words, OPTIONS)


def line(command: Typed) -> str:
    return " ".join(quoted(group) for group in command.groups())


@pytest.mark.parametrize(
    "words",
    [
        "upsert contacts people.csv --set 'a=b c' --rejects bad.csv --sandbox",
        "upsert --rejects=bad.csv contacts a.csv b.csv -",
        "read contacts -q -p email -p firstname -v people.csv",
    ],
)
def test_what_was_typed_comes_back(words: str) -> None:
    assert shlex.split(line(typed(words))) == shlex.split(f"hubbatch {words}")


def test_the_next_command_reads_other_files_and_writes_others() -> None:
    command = typed("upsert --rejects=bad.csv contacts a.csv --sandbox b.csv --set x=y")

    after = command.reading("bad.csv").having("--rejects", "bad-2.csv").without("--set")

    assert command.arguments == ("contacts", "a.csv", "b.csv")
    assert line(after) == "hubbatch upsert contacts bad.csv --sandbox --rejects bad-2.csv"


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("read contacts x -qvp email", ["", "", "--quiet", "--verbose", "--property"]),
        ("read contacts x -qpemail", ["", "", "--quiet", "--property"]),
        ("read contacts -x --what=it", ["", "-x", "--what"]),
        ("read contacts x --rejects", ["", "", "--rejects"]),
    ],
)
def test_options_of_one_letter_may_stand_together(words: str, options: list[str]) -> None:
    found = [word.option for word in typed(words).words]
    assert found == options


def test_a_file_may_be_called_like_an_option() -> None:
    command = typed("archive contacts -- -ids.csv")

    assert command.arguments == ("contacts", "./-ids.csv")
    assert command.reading("-odd.csv", "-").arguments == ("contacts", "./-odd.csv", "-")
    assert typed("archive contacts --sandbox").reading("a").arguments == ("contacts", "a")


@given(st.lists(st.text(min_size=1).filter(lambda text: "\0" not in text), min_size=1))
def test_what_is_quoted_is_read_back_by_a_shell(words: list[str]) -> None:
    assert shlex.split(quoted(words)) == words
