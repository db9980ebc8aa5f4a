"""Values as the text of a cell."""

from __future__ import annotations

import csv
import io

from hypothesis import example, given
from hypothesis import strategies as st

from hubbatch._output.cells import csv_text


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
