"""What a record is seen as."""

from __future__ import annotations

from collections import Counter, OrderedDict, UserDict, defaultdict
from typing import Any

import pytest

from hubbatch._records.mapping import is_plain_dict
from hubbatch.files import Row


class Shouting(dict[str, Any]):
    """Gives other values than it holds."""

    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(name).upper()


class Hiding(dict[str, Any]):
    """Has names that it does not give."""

    def items(self) -> Any:
        return [item for item in super().items() if item[0] != "secret"]


@pytest.mark.parametrize(
    ("kind", "plain"),
    [
        (dict, True),
        (Row, True),
        (defaultdict, True),
        (Counter, True),
        (OrderedDict, False),
        (Shouting, False),
        (Hiding, False),
        (UserDict, False),
        (str, False),
    ],
)
def test_a_dict_that_reads_otherwise_than_a_dict_is_none(kind: type, plain: bool) -> None:
    assert is_plain_dict(kind) is plain
