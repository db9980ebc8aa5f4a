"""Whatever a record's own code raises while it is taken in, the record is in one state, and the loop gets its turn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import Any

import pytest
from support import World

from hubbatch import RecordStatus
from hubbatch.testing import virtual_time

Record = Mapping[str, Any]
BEFORE, AFTER = 7, 5


class Abort(BaseException):
    """Something that no code but the outermost catches."""


class Aborting(Mapping[str, Any]):
    """A record whose own code ends everything."""

    def __getitem__(self, name: str) -> Any:
        raise Abort

    def __iter__(self) -> Iterator[str]:
        raise Abort

    def __len__(self) -> int:
        return 1


def people() -> list[Record]:
    plain: list[Record] = [{"email": f"{number}@example.com"} for number in range(BEFORE + AFTER)]
    return [*plain[:BEFORE], Aborting(), *plain[BEFORE:]]


async def one_by_one(records: Iterable[Record]) -> AsyncIterator[Record]:
    for record in records:
        yield record


@pytest.mark.parametrize(
    ("source_of", "total"),
    [
        (list, BEFORE + 1 + AFTER),
        (tuple, BEFORE + 1 + AFTER),
        (iter, BEFORE + 1),
        (one_by_one, BEFORE + 1),
    ],
    ids=["list", "tuple", "iterator", "async iterator"],
)
@virtual_time
async def test_a_record_whose_own_code_ends_the_run_is_unsent_once(
    source_of: Callable[[list[Record]], Any], total: int
) -> None:
    async with World() as world:
        run = world.client.upsert("contacts", source_of(people()), id_property="email", linger=0)
        with pytest.raises(Abort):
            await run
        assert run.outcome.counts.total == total
        [record] = [each for each in run.outcome.records if isinstance(each.input, Aborting)]
        assert (record.index, record.status) == (BEFORE, RecordStatus.UNSENT)
