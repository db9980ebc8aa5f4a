"""Values as the text of a cell."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hubbatch._output.cells import csv_bytes, csv_text


@given(
    st.lists(st.text("a1é²;, \"'\n\r", max_size=3), min_size=1, max_size=3),
    st.sampled_from(",;a\t"),
)
@example(["12", "true"], ",")
@example(["12", ""], ",")
@example([""], ",")
def test_a_row_is_written_as_the_standard_library_does(cells: list[str], delimiter: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerow(cells)
    assert csv_text(cells, delimiter) == text.getvalue()


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a,Zoë\r\n", "a,Zoë\r\n"),
        ("a,x\0y\r\n", "a,x<0x00>y\r\n"),
        ("a,\ud83d \udceb\r\n", "a,<0x--> <0xEB>\r\n"),
    ],
)
def test_what_no_reader_takes_is_shown_in_csv(text: str, data: str) -> None:
    assert csv_bytes(text).decode() == data
