"""Plots as files: lines over common axes, by matplotlib, which is of the extra and imported only here.

It knows nothing of what the lines mean.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks._tables import Plot

__all__ = ["draw"]

_MANY = 1000
_STYLE: Any = {
    "svg.hashsalt": "hubbatch",  # the same plot is the same file
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(plots: Iterable[Plot], folder: Path) -> None:
    """Write each plot to `folder` as SVG."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(_STYLE):
        for plot in plots:
            _figure(plot).savefig(
                folder / f"{plot.name}.svg", metadata={"Date": None, "Creator": None}
            )


def _figure(plot: Plot) -> Figure:
    figure = Figure(figsize=(8, 3.6), layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    for line in plot.lines:
        axes.plot(
            line.xs,
            line.ys,
            label=line.label,
            linestyle="--" if line.dashed else "-",
            linewidth=1.2,
        )
    axes.set(title=plot.title, xlabel=plot.x_label, ylabel=plot.y_label)
    if plot.logarithmic:
        axes.set(xscale="log", yscale="log")
    else:
        axes.set_ylim(0, 1.1 * max((y for line in plot.lines for y in line.ys), default=1))
        if max((x for line in plot.lines for x in line.xs), default=0) >= _MANY:
            axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(alpha=0.3)
    if plot.lines:
        figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure
