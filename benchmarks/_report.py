"""The report: command, machine, versions and everything that was found, as one page of Markdown with its plots.

It names no path, no host and no registry of the machine that made it.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks._tables import Section, verdict_table
from benchmarks.consumers import missing

__all__ = ["facts", "markdown", "write"]

_LIBRARIES = (
    *("hubbatch", "aiohttp", "orjson", "attrs", "cattrs", "aiolimiter"),
    *("hubspot-api-client", "urllib3", "hubspot-sdk", "httpx", "httpx-aiohttp", "pydantic"),
    "matplotlib",
)
_FOLDER = "results"


def facts(arguments: Sequence[str]) -> str:
    """Say how, on what and with what this was run."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, {platform.system()}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    lines = (
        ("command", f"`{' '.join(('python -m benchmarks', *arguments))}`"),
        ("machine", f"{machine}; load at the start {os.getloadavg()[0]:.1f}"),
        ("Python", f"{python}; asyncio's own event loop, aiohttp's {_http_parser()} HTTP parser"),
        ("libraries", ", ".join(_versions())),
    )
    return "\n".join(f"- {name}: {value}" for name, value in lines)


def markdown(headline: str, sections: Sequence[Section], *, shows_plots: bool) -> str:
    """Return the page: all targets first, then how each figure came about."""
    parts = [
        "# Results",
        "Written by `python -m benchmarks`, from one run. A target that is missed is shown as missed.",
        headline,
        "## Targets",
        verdict_table(sections).markdown,
    ]
    for section in sections:
        parts += _parts(section, shows_plots=shows_plots and not _plots_missing())
    if _plots_missing():
        parts.append("Plots were skipped: matplotlib is not installed (extra `bench`).")
    return "\n\n".join(parts) + "\n"


def write(page: str, sections: Sequence[Section], path: Path) -> None:
    """Write the page, and its plots into a folder next to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not _plots_missing():
        from benchmarks._plots import draw  # noqa: PLC0415 (its library may be missing)

        drawn = [plot for section in sections for plot in section.plots]
        draw(drawn, path.parent / _FOLDER)
    path.write_text(page, "utf-8")


def _plots_missing() -> bool:
    """Whether there is nothing to draw with."""
    return missing("matplotlib")


def _parts(section: Section, *, shows_plots: bool) -> Iterator[str]:
    yield f"## {section.title}"
    yield section.prose
    for table in section.tables:
        yield table.markdown
    for reason in section.skipped:
        yield f"Skipped: {reason}."
    if shows_plots:
        for plot in section.plots:
            yield f"![{plot.title}]({_FOLDER}/{plot.name}.svg)"


def _versions() -> Iterator[str]:
    for name in _LIBRARIES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"{name} (not installed)"


def _http_parser() -> str:
    return "compiled" if "aiohttp._http_parser" in sys.modules else "pure Python"
