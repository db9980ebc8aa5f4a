"""What a section of the benchmark has to say: tables, plots and verdicts, as values.

It knows nothing of files or of how anything was measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from attrs import field, frozen

__all__ = ["Line", "Plot", "Section", "Table", "Verdict", "verdict_table"]


@frozen
class Verdict:
    """One measure beside its target. A target that is missed is a result like any other."""

    measure: str
    target: str
    measured: str
    met: bool | None
    """None: it could not be measured, and `measured` says why."""


@frozen
class Table:
    """Cells of text under a header."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def markdown(self) -> str:
        """The table in Markdown, readable as plain text, too."""
        rows = [list(map(_escaped, row)) for row in (self.header, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        head, *body = (
            " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            for row in rows
        )
        rule = " | ".join("-" * width for width in widths)
        return "\n".join(f"| {line} |" for line in (head, rule, *body))


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")


@frozen
class Line:
    """One line of a plot."""

    label: str
    xs: Sequence[float] = field(repr=False)
    ys: Sequence[float] = field(repr=False)
    dashed: bool = False


@frozen
class Plot:
    """Lines over common axes; `name` is the file's."""

    name: str
    title: str
    x_label: str
    y_label: str
    lines: Sequence[Line]
    logarithmic: bool = False


@frozen
class Section:
    """What one part of the benchmark has found."""

    title: str
    prose: str
    """How it was measured; a paragraph of Markdown."""
    tables: Sequence[Table]
    verdicts: Sequence[Verdict] = ()
    plots: Sequence[Plot] = ()
    skipped: Sequence[str] = ()
    """What was left out, and why."""


_WORDS = {True: "met", False: "**missed**", None: "not measured"}


def verdict_table(sections: Iterable[Section]) -> Table:
    """Show all targets of some sections."""
    verdicts = chain.from_iterable(section.verdicts for section in sections)
    return Table(
        ("measure", "target", "measured", ""),
        [(item.measure, item.target, item.measured, _WORDS[item.met]) for item in verdicts],
    )
