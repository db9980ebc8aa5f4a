"""Messages say `1 record`, and not `1 records`."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import hubbatch
from hubbatch import Counts
from hubbatch._counted import counted

PACKAGE = Path(hubbatch.__file__).parent


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (0, ("record",), "0 records"),
        (1, ("record",), "1 record"),
        (2_000, ("record",), "2,000 records"),
        (1, ("retry", "retries"), "1 retry"),
        (3, ("retry", "retries"), "3 retries"),
    ],
)
def test_one_is_singular_and_all_else_plural(
    number: int, words: tuple[str, ...], text: str
) -> None:
    assert counted(number, *words) == text


def test_counts_of_one_record_are_singular() -> None:
    assert str(Counts(1, 1)).startswith("1 record: 1 succeeded")
    assert str(Counts(2, 2)).startswith("2 records: 2 succeeded")


MORE_THAN_ONE = {
    "_pages/searching.py": "more match than a search can give",
    "cli/_demo.py": "the quota of the demonstration",
    "cli/_load_sinks.py": "a word, and no number",
    "endpoints/hubdb.py": "a word, and no number",
    "files/_packing.py": "not one is what is wrong",
    "sandbox/_api/lists.py": "a constant",
    "sandbox/_task.py": "a word, and no number",
}
"""Modules with such a message in which the number cannot be one."""

NOUNS = re.compile(r" (records|rows|lines|files|pairs|objects|inputs|requests|retries)\b(?!/)")


def test_no_message_puts_a_plural_behind_a_number_that_may_be_one() -> None:
    found = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.JoinedStr):
                continue
            for value, text in zip(node.values, node.values[1:], strict=False):
                if (
                    isinstance(value, ast.FormattedValue)
                    and isinstance(text, ast.Constant)
                    and NOUNS.match(str(text.value))
                ):
                    found.add(str(path.relative_to(PACKAGE)))
    assert found == MORE_THAN_ONE.keys()
