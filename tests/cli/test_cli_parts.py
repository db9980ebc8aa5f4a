"""Small parts by themselves: interrupts, the reasons, threads, writers."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Generator

import pytest
import typer
from cli_driver import meanwhile

from hubbatch import BatchError, RecordOutcome, RecordStatus
from hubbatch.cli._exiting import run_and_exit
from hubbatch.cli._faults import ExitCode
from hubbatch.cli._interrupts import interrupts
from hubbatch.cli._reasons import Reason, Reasons
from hubbatch.cli._screen import Screen, harmless
from hubbatch.cli._source import InputBlocks
from hubbatch.cli._threads import call_in_thread
from hubbatch.files import BadLine, Entry, Kind, Opened
from hubbatch.files._lines import flaw_of


async def test_signals_are_steps() -> None:
    taken: list[str] = []
    before = signal.getsignal(signal.SIGINT)

    with interrupts(lambda: taken.append("ask"), lambda: taken.append("insist")) as seen:
        for count in (1, 2):
            os.kill(os.getpid(), signal.SIGINT)
            await meanwhile(lambda: seen.count == count)  # noqa: B023 (used at once)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    assert taken == ["ask", "insist"]
    signal.signal(signal.SIGINT, before)


async def test_signals_at_once_are_one_step_each_and_no_more() -> None:
    taken: list[str] = []

    with interrupts(lambda: taken.append("ask")) as seen:
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGTERM)
        await meanwhile(lambda: seen.count)
        await asyncio.sleep(0)

    assert taken == ["ask"]


async def test_signals_work_where_the_loop_cannot_handle_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(asyncio.get_running_loop(), "add_signal_handler", refuse, raising=False)
    before = signal.getsignal(signal.SIGTERM)
    taken: list[str] = []

    with interrupts(lambda: taken.append("ask")):
        os.kill(os.getpid(), signal.SIGTERM)
        await meanwhile(lambda: taken)

    assert signal.getsignal(signal.SIGTERM) is before


def test_signals_are_left_alone_in_another_thread() -> None:
    async def main() -> int:
        with interrupts(lambda: None) as seen:
            return seen.count

    counts: list[int] = []
    thread = threading.Thread(target=lambda: counts.append(asyncio.run(main())))
    thread.start()
    thread.join()

    assert counts == [0]


def failed(index: int, message: str) -> RecordOutcome:
    error = BatchError("VALIDATION_ERROR", message)
    return RecordOutcome(index, {}, RecordStatus.FAILED, error=error)


def test_messages_that_quote_values_are_one_reason() -> None:
    reasons = Reasons()
    for index in range(5):
        reasons.add(failed(index, f"value p{index}@b.cz is no good"))
    reasons.add(failed(9, "no such thing as 7"))
    reasons.add(RecordOutcome(10, {}, RecordStatus.SUCCEEDED))

    assert reasons.top(5) == [
        (
            5,
            Reason(RecordStatus.FAILED, "VALIDATION_ERROR", "value … is no good"),
            "record 0, record 1, record 2",
        ),
        (1, Reason(RecordStatus.FAILED, "VALIDATION_ERROR", "no such thing as …"), "record 9"),
    ]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            (
                'Property values were not valid: [{"isValid":false,"message":"nope is no address",'
                '"error":"INVALID_EMAIL","name":"email"},{"error":"INVALID_OPTION","name":"stage"}]'
            ),
            "Property values were not valid: email (INVALID_EMAIL), stage (INVALID_OPTION)",
        ),
        ("not valid: [{nonsense", "not valid: [{nonsense"),
        ("deep: [{" + "[" * 19_000, "deep: [{" + "[" * 992),
        ("""Property "frstname" is not 'Ann'""", "Property … is not …"),
        ("it doesn't exist, and won't", "it doesn't exist, and won't"),
    ],
)
def test_a_reason_is_shown_without_the_values_of_its_record(message: str, shown: str) -> None:
    reasons = Reasons()
    reasons.add(failed(0, message))

    [(_, reason, _)] = reasons.top(1)
    assert reason.message == shown


def test_what_is_said_of_many_records_alike_is_shown_as_it_is() -> None:
    reasons = Reasons()
    for index in range(2):
        reasons.add(failed(index, 'Property "address2" does not exist'))

    assert reasons.top(1)[0][1].message == 'Property "address2" does not exist'


def test_of_bad_lines_the_byte_differs_and_the_advice_stays() -> None:
    reasons = Reasons()
    opened = Opened("people.csv", Kind.CSV, "")
    for line, byte in enumerate((0xE9, 0xFC), 2):
        flaw = flaw_of(f"Ren{chr(0xDC00 + byte)}", "utf-8-sig")
        assert flaw is not None
        reasons.add_bad_line(BadLine(opened, line, 0, "x", flaw, cut=False))

    [(count, reason, where)] = reasons.top(1)
    assert (count, where) == (2, "line 2, line 3")
    assert reason.message == (
        "byte … is not utf-8: save the file as UTF-8, or name its encoding, such as cp1252"
    )


def test_numbers_of_bad_lines_are_one_reason() -> None:
    reasons = Reasons()
    opened = Opened("people.ndjson", Kind.NDJSON, "")
    for number in ("1e99999", "-7.5e+99999"):
        message = f"the number {number} is out of range: write it as text, in quotes"
        reasons.add_bad_line(BadLine(opened, 1, 0, number, message, cut=False))

    [(_, reason, _)] = reasons.top(2)
    assert reason.message == "the number … is out of range: write it as text, in quotes"


def test_reasons_stay_small() -> None:
    reasons = Reasons()
    for index in range(1_000):
        reasons.add(failed(index, "x" * (index + 1)))

    assert len(reasons) == 21
    assert reasons.top(1)[0][:2] == (980, Reason(RecordStatus.FAILED, "VALIDATION_ERROR", ""))


def test_reasons_stay_small_when_every_record_has_a_category_and_a_message_of_its_own() -> None:
    reasons = Reasons()
    for index in range(5_000):
        error = BatchError(f"C{index}" + "c" * 10_000, "mn"[index % 2] * 10_000)
        reasons.add(RecordOutcome(index, {}, RecordStatus.FAILED, error=error))

    assert len(reasons) == 501
    assert reasons.top(1)[0][:2] == (4_500, Reason(RecordStatus.FAILED, "other categories", ""))
    shown = [reason for _, reason, _ in reasons.top(501)]
    assert max(len(reason.category) + len(reason.message) for reason in shown) <= 1_100


def test_foreign_text_is_made_harmless() -> None:
    assert harmless("a\x1b[2J\nb\tZoë 🚀") == r"a\u001b[2J\u000ab\u0009Zoë 🚀"
    assert harmless("x" * 2_000) == "x" * 1_000 + "…"


async def test_a_thread_gives_back_its_error() -> None:
    def work() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await call_in_thread(work)


def test_a_thread_that_nobody_waits_for_does_no_harm() -> None:
    release, done = threading.Event(), threading.Event()

    def work() -> None:
        release.wait()
        done.set()

    async def main() -> None:
        task = asyncio.create_task(call_in_thread(work))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(main())
    release.set()
    assert done.wait(10)


async def test_a_cancelled_wait_ignores_a_late_result() -> None:
    release = threading.Event()
    task = asyncio.create_task(call_in_thread(release.wait))
    await asyncio.sleep(0)
    task.cancel()
    release.set()
    await asyncio.wait([task])
    assert task.cancelled()
    assert await call_in_thread(lambda: 7) == 7


def test_a_command_that_is_broken_off_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> ExitCode:
        raise KeyboardInterrupt

    with pytest.raises(typer.Exit) as caught:
        run_and_exit(main(), Screen())

    assert caught.value.exit_code == 3
    assert "broken off" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="terminals do not hang up here")
async def test_the_end_of_the_terminal_is_a_step() -> None:
    taken: list[str] = []

    with interrupts(lambda: taken.append("ask")) as seen:
        os.kill(os.getpid(), signal.SIGHUP)
        await meanwhile(lambda: seen.count)
        assert seen.first == "SIGHUP, the end of its terminal"

    assert taken == ["ask"]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="terminals do not hang up here")
async def test_after_nohup_the_terminal_may_go() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts(lambda: None) as seen:
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGTERM)
            await meanwhile(lambda: seen.count)
            assert seen.names == ["SIGTERM"]
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_file_that_is_being_read_when_its_load_ends_is_closed_by_who_reads_it() -> None:
    asked, go_on, closed = threading.Event(), threading.Event(), threading.Event()

    def read() -> Generator[list[Entry], None, None]:
        try:
            asked.set()
            go_on.wait(10)
            yield []
        finally:
            closed.set()

    blocks = InputBlocks(read())
    reader = threading.Thread(target=blocks.next)
    reader.start()
    assert asked.wait(10)
    blocks.close()
    assert not closed.is_set()
    go_on.set()
    reader.join(10)
    assert closed.is_set()
