"""The command line: `python -m benchmarks` measures everything and writes `benchmarks/RESULTS.md`.

Which sections there are is a table; it knows nothing of how they measure.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks._cost import measure_costs
from benchmarks._idle import measure_idle
from benchmarks._instructions import measure_instructions
from benchmarks._lag import measure_lag
from benchmarks._memory import measure_memory
from benchmarks._pauses import measure_pauses
from benchmarks._progress import say
from benchmarks._quota import measure_quota
from benchmarks._report import facts, markdown, write
from benchmarks._size import FULL, QUICK, Size
from benchmarks._tables import Section, verdict_table

_SECTIONS: Mapping[str, Callable[[Size], Section]] = {
    "cost": measure_costs,
    "instructions": measure_instructions,
    "quota": measure_quota,
    "idle": measure_idle,
    "memory": measure_memory,
    "lag": measure_lag,
    "pauses": measure_pauses,
}
__all__ = ["main"]

_RESULTS = Path(__file__).parent / "RESULTS.md"


def main(arguments: list[str]) -> None:
    """Measure and report; what is short of its target is shown and is not an error."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    parser.add_argument(
        "--only", choices=_SECTIONS, action="append", help="one section; may be repeated"
    )
    parser.add_argument(
        "--output",
        type=Path,
        help="the page to write, plots beside it (default: benchmarks/RESULTS.md when everything is"
        " measured in full, else none: the page is printed)",
    )
    options = parser.parse_args(arguments)
    whole = not options.quick and not options.only
    output: Path | None = options.output or (_RESULTS if whole else None)
    size = QUICK if options.quick else FULL
    headline, start = facts(_shown(options)), time.perf_counter()
    sections = [
        measure(size)
        for name, measure in _SECTIONS.items()
        if not options.only or name in options.only
    ]
    page = markdown(headline, sections, shows_plots=output is not None)
    if output is None:
        print(page)
    else:
        write(page, sections, output)
        print(verdict_table(sections).markdown)
    say(f"done in {time.perf_counter() - start:.0f} s")


def _shown(options: argparse.Namespace) -> list[str]:
    """Return the arguments that tell what was measured: not where it was written."""
    only = [word for name in options.only or () for word in ("--only", name)]
    return ["--quick", *only] if options.quick else only
