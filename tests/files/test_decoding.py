"""Which values are records, whatever they were read from."""

from __future__ import annotations

from typing import Any

import pytest

from hubbatch.files._decoding import NoRecordError, record_of


def nested(levels: int, *, in_list: bool) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value] if in_list else {"a": value}
    return value


@pytest.mark.parametrize("in_list", [True, False])
def test_a_value_of_too_many_levels_is_no_record(in_list: bool) -> None:
    shallow = {"a": nested(10, in_list=in_list)}
    assert record_of(shallow, None) is shallow
    with pytest.raises(NoRecordError):
        record_of({"a": nested(5_000, in_list=in_list)}, None)


def test_a_bare_text_or_whole_number_is_the_property_that_was_named() -> None:
    assert record_of("a@b.cz", "email") == {"email": "a@b.cz"}
    assert record_of(7, "id") == {"id": 7}


@pytest.mark.parametrize("value", ["a@b.cz", 7, None, [1], 1.5, True])
def test_what_is_no_object_is_no_record(value: Any) -> None:
    with pytest.raises(NoRecordError):
        record_of(value, None)
