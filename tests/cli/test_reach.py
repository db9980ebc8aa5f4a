"""A service that cannot be reached ends a command soon that has only asked something so far."""

from __future__ import annotations

import asyncio

import pytest

from hubbatch.cli._faults import ExitCode, StoppedError
from hubbatch.cli._reach import Reach
from hubbatch.events import RequestAnswered, RetryScheduled
from hubbatch.testing import run_in_virtual_time

PLACE = (0.0, None, 1, "read", "contacts", 0, 1)
REFUSED = RetryScheduled(*PLACE, 0, "not_sent", 0.5)
ANSWERED = RequestAnswered(*PLACE, 1, "read", "send", 1, 0.0, "unavailable", 503, None, 0.1)
URL = "https://api.example.com"


def test_a_question_without_a_connection_ends_after_seconds_and_says_so_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def main() -> None:
        reach, loop = Reach(URL), asyncio.get_running_loop()
        begun = loop.time()
        with pytest.raises(
            StoppedError, match=f"no connection to {URL} in 4 s, and nothing"
        ) as caught:
            async with reach.soon():
                reach(REFUSED)
                reach(REFUSED)
                await asyncio.sleep(60.0)
        assert loop.time() - begun == pytest.approx(4.0)
        assert caught.value.code is ExitCode.STOPPED

    run_in_virtual_time(main())
    assert capsys.readouterr().err == f"there is no connection to {URL} yet: trying again\n"


def test_a_question_that_was_answered_or_meets_no_refusal_has_its_time() -> None:
    async def main() -> None:
        reach = Reach(URL, quiet=True)
        async with reach.soon():
            reach(REFUSED)
            reach(ANSWERED)
            reach(REFUSED)
            await asyncio.sleep(60.0)
        reach(REFUSED)  # nobody asks any more

        reach = Reach(URL)
        async with reach.soon():
            await asyncio.sleep(60.0)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.0):
                    await asyncio.sleep(60.0)

    run_in_virtual_time(main())
