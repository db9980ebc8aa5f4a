"""A load survives SIGKILL at any moment: nothing is stored twice, and every row is accounted for once.

By default a small file and five kills; `HUBBATCH_KILLS=25 HUBBATCH_KILL_ROWS=200000` makes the great one of it.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from killing import FAULTS, VARIANTS, Data, Killing, Variant

from hubbatch.sandbox import Sandbox

KILLS = int(os.environ.get("HUBBATCH_KILLS", "0"))
ROWS = int(os.environ.get("HUBBATCH_KILL_ROWS", "450"))
IDS = [f"{variant.verb} {variant.option}".strip() for variant in VARIANTS]
BY_DEFAULT = (2, 1, 2)
"""Kills of each variant: five in all."""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes are forked and killed")
@pytest.mark.parametrize(
    ("variant", "kills"),
    [
        pytest.param(variant, KILLS or kills, id=name)
        for variant, kills, name in zip(VARIANTS, BY_DEFAULT, IDS, strict=True)
    ],
)
def test_a_load_that_is_killed_again_and_again_stores_every_row_once(
    tmp_path: Path, variant: Variant, kills: int
) -> None:
    batch_size = 100 if ROWS > 10_000 else 10
    killing = Killing(tmp_path, variant, Data.deals(ROWS), kills, batch_size=batch_size)

    assert survives(killing, strict=True) == 1


@pytest.mark.skipif(not KILLS, reason="of the great one only")
@pytest.mark.parametrize("variant", VARIANTS, ids=IDS)
def test_every_airport_is_stored_once_however_often_its_load_is_killed(
    tmp_path: Path, variant: Variant
) -> None:
    killing = Killing(tmp_path, variant, Data.airports(), KILLS, batch_size=100)

    assert survives(killing, strict=False) == (0 if variant.finds_out else 1)


def survives(killing: Killing, *, strict: bool) -> int:
    """Carry a load out and check what became of it; return the exit code of the last process."""
    with Sandbox(
        rate_limit=None, latency=0.005, faults=FAULTS, strict=strict, keep_requests=0
    ).in_thread() as sandbox:
        # Where nothing is unique, the sandbox stores twice what is sent twice.
        unique = killing.variant.finds_out
        sandbox.define_property(killing.data.object_type, killing.data.unique, unique=unique)
        code = killing.carry_out(sandbox)
        killing.check(sandbox)
    return code
