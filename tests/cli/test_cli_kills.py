"""A load survives SIGKILL at any moment: nothing is stored twice, and every row is accounted for once.

By default a small file and five kills; `HUBBATCH_KILLS=25 HUBBATCH_KILL_ROWS=200000` makes the great one of it.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from killing import FAULTS, VARIANTS, Killing, Variant

from hubbatch.sandbox import Sandbox

KILLS = int(os.environ.get("HUBBATCH_KILLS", "0"))
ROWS = int(os.environ.get("HUBBATCH_KILL_ROWS", "450"))
BY_DEFAULT = (2, 1, 2)
"""Kills of each variant: five in all."""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes are forked and killed")
@pytest.mark.parametrize(
    ("variant", "kills"),
    [
        pytest.param(variant, KILLS or kills, id=" ".join((variant.verb, *variant.options[:1])))
        for variant, kills in zip(VARIANTS, BY_DEFAULT, strict=True)
    ],
)
def test_a_load_that_is_killed_again_and_again_stores_every_row_once(
    tmp_path: Path, variant: Variant, kills: int
) -> None:
    batch_size = 100 if ROWS > 10_000 else 10
    killing = Killing(tmp_path, variant, ROWS, kills, batch_size=batch_size)
    with Sandbox(
        rate_limit=None, latency=0.005, faults=FAULTS, strict=True, keep_requests=0
    ).in_thread() as sandbox:
        sandbox.define_property("deals", "deal_ref", unique=True)
        assert killing.carry_out(sandbox) == 1, (tmp_path / "said.txt").read_text()
        killing.check(sandbox)
