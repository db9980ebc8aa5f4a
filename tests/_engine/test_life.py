"""A run's life: forward only, and nothing that was raised is lost."""

from __future__ import annotations

import pytest

from hubbatch import HubbatchError, Outcome, UsageError
from hubbatch._engine.life import EndReason, Life, RunEnd, State, attach_error


def running() -> Life:
    life = Life()
    life.begin()
    return life


def test_a_life_only_goes_forward() -> None:
    life = running()
    assert life.taking
    life.cancel(HubbatchError("cancelled"))
    assert (life.taking, life.failing, life.ended) == (False, True, False)
    life.stop()
    life.fail(EndReason.SERVICE, UsageError("late"), fatal=True)
    assert not life.ended
    life.end()
    life.stop()
    life.cancel(HubbatchError("too late"))
    life.begin()
    assert life.ended
    assert life.state is State.ENDED


def test_a_run_that_is_stopped_has_a_reason_and_no_error() -> None:
    life = running()
    assert life.ending == RunEnd(EndReason.EXHAUSTED)
    life.stop()
    assert life.ending == RunEnd(EndReason.STOPPED)
    assert not life.failing


@pytest.mark.parametrize(
    ("error", "fatal", "state"),
    [
        (ValueError(), False, State.STOPPING),
        (ValueError(), True, State.FAILING),
        (KeyboardInterrupt(), False, State.FAILING),
        (SystemExit(), False, State.FAILING),
        (GeneratorExit(), False, State.STOPPING),
    ],
)
def test_what_is_sent_again_after_an_error_depends_on_the_error(
    error: BaseException, fatal: bool, state: State
) -> None:
    life = running()
    life.fail(EndReason.SOURCE, error, fatal=fatal)
    assert life.state is state
    assert life.ending == RunEnd(EndReason.SOURCE, error)


def test_the_first_error_ends_the_run_and_others_are_attached() -> None:
    first, second, third = ValueError("first"), KeyError("second"), KeyError("third")
    life = running()
    life.stop()
    life.fail(EndReason.SOURCE, first, fatal=False)
    life.fail(EndReason.CALLBACK, second, fatal=False)
    life.fail(EndReason.CALLBACK, third, fatal=False)  # the same again: a callback that is broken
    assert life.ending == RunEnd(EndReason.SOURCE, first)
    assert first.__context__ is second
    assert first.__notes__ == ["The run has failed, too, with KeyError: 'second'"]


def test_a_cancellation_does_not_hide_what_is_raised_before_or_after() -> None:
    error, cancelled = ValueError(), HubbatchError("cancelled")
    for steps in (0, 1), (1, 0):
        life = running()
        for step in steps:
            if step:
                life.fail(EndReason.SOURCE, error, fatal=False)
            else:
                life.cancel(cancelled)
        assert life.ending == RunEnd(EndReason.SOURCE, error)


def test_only_an_error_that_the_run_made_is_its_own() -> None:
    error = UsageError("x")
    assert RunEnd(EndReason.SERVICE, error).own_error is error
    assert RunEnd(EndReason.SOURCE, error).own_error is None
    assert RunEnd(EndReason.CALLBACK, error).own_error is None
    assert RunEnd(EndReason.JOURNAL, error).own_error is error
    error.outcome = Outcome()
    assert RunEnd(EndReason.JOURNAL, error).own_error is None
    assert RunEnd(EndReason.SERVICE, ValueError()).own_error is None


def test_attaching_an_error_keeps_causes_and_makes_no_circle() -> None:
    class SilentError(Exception):
        def __str__(self) -> str:
            raise ValueError

    cause, error, also = KeyError("cause"), ValueError("error"), SilentError()
    error.__cause__ = cause
    also.__context__ = error
    attach_error(error, also)
    assert cause.__context__ is None
    assert "SilentError" in error.__notes__[0]
    other = TypeError()
    attach_error(error, other)
    assert cause.__context__ is other
    attach_error(error, other)
    assert len(error.__notes__) == 2


def test_a_run_that_could_not_be_started_is_over_and_says_why() -> None:
    life, error = Life(), UsageError("no loop")
    life.end_unstarted(error)
    assert life.ended
    assert (life.ending.reason, life.ending.error) == (EndReason.NOT_STARTED, error)
