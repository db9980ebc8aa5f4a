"""What follows from the server's count: how many places are free, how long its period is, when it counts a request."""

from __future__ import annotations

import pytest

from hubbatch._quota.own_use import OwnUse, Slot
from hubbatch._quota.server_use import ServerUse

LIMIT, PERIOD, AGREED = 100, 10.0, 99
"""`AGREED`: a part that is not contended for, so that all that others leave is free."""


class Watching:
    """A use of the quota, ten requests of ours in it, all of them answered."""

    def __init__(self, limit: int | None = LIMIT, ours: int = 10) -> None:
        self.own = OwnUse()
        self.use = ServerUse(self.own)
        self.use.limit = limit
        self.last = Slot(0.0)
        for number in range(ours):
            self.last = self.send(number / 1000)

    def send(self, at: float) -> Slot:
        slot = Slot(at)
        self.own.take(slot)
        self.use.note(slot, at, PERIOD)
        self.own.ended(slot, at + 0.01, PERIOD)
        return slot

    def learn(self, counted: int, *, refused: bool = False, newest: bool = True) -> None:
        self.use.learn(self.last, counted, 0.1, PERIOD, refused=refused, newest=newest)

    def free(self, now: float = 0.1, *, part: int = AGREED) -> int | None:
        return self.use.free(now, PERIOD, part=part)


ANSWERED: dict[str, bool] = {}
OLDER, REFUSED = {"newest": False}, {"refused": True}


@pytest.mark.parametrize(
    ("answers", "free"),
    [
        ([], 90),
        ([(10, ANSWERED)], 90),
        ([(40, ANSWERED)], 60),  # thirty are others'
        ([(7, ANSWERED)], 90),  # it may not have counted all of ours yet
        ([(40, ANSWERED), (20, ANSWERED)], 80),  # the last answer tells
        ([(40, OLDER)], 90),  # an answer to an earlier request tells nothing new
        ([(40, ANSWERED), (90, OLDER)], 60),
        ([(99, REFUSED)], 90),  # a stray 429 may say anything
        ([(99, REFUSED)] * 2, 90),
        ([(79, REFUSED)] * 3, 20),  # three in a row are believed; they are not counted themselves
        ([(79, REFUSED)] * 2 + [(10, ANSWERED)] + [(79, REFUSED)] * 2, 90),  # not in a row
    ],
)
def test_what_the_server_counts_beside_ours_is_others(
    answers: list[tuple[int, dict[str, bool]]], free: int
) -> None:
    watching = Watching()
    for counted, kind in answers:
        watching.learn(counted, **kind)
    assert watching.free() == free


def test_without_a_limit_in_headers_nothing_is_known() -> None:
    watching = Watching(limit=None)
    watching.learn(40)
    assert watching.free() is None
    watching.use.refused(Slot(0.0, careful=90), 0.1, PERIOD, held=False)
    assert watching.use.stretched(PERIOD) == PERIOD


@pytest.mark.parametrize(
    ("counted", "now", "part", "free"),
    [
        (10, 0.1, LIMIT, 89),  # alone: one place in ninety is left
        (
            40,
            0.1,
            LIMIT,
            1,
        ),  # beside others no more is claimed than what we had, and 1.5 % of the limit
        (40, 0.1, AGREED, 60),
        (40, 10.1, AGREED, 69),  # ours have left; others are expected to go on, one more by then
        (40, 20.2, AGREED, 100),  # what was seen two periods ago says nothing any more
        (140, 0.1, AGREED, -40),
        (140, 10.2, LIMIT, 1),  # one may go and look, once nothing was heard for a period
    ],
)
def test_places_that_are_free(counted: int, now: float, part: int, free: int) -> None:
    watching = Watching()
    watching.learn(counted)
    assert watching.free(now, part=part) == free


@pytest.mark.parametrize(
    ("careful", "others", "held", "seconds"),
    [
        (60, 0.0, False, 10.05),
        (60, 0.0, True, 10.0),  # one refusal of those that were under way is enough
        (49, 0.0, False, 10.0),  # the quota was not used up by half, as far as is known
        (30, 30.0, False, 10.05),
        (30, 15.0, False, 10.0),
    ],
)
def test_a_refusal_that_our_counts_explain_makes_the_period_longer(
    careful: int, others: float, held: bool, seconds: float
) -> None:
    use = Watching(ours=0).use
    use.refused(Slot(0.0, careful=careful, likely=careful, others=others), 0.1, PERIOD, held=held)
    assert use.stretched(PERIOD) == pytest.approx(seconds)


def test_beside_others_a_refusal_says_nothing_of_the_period() -> None:
    watching = Watching()
    watching.learn(40)
    watching.use.refused(Slot(0.0, careful=90), 0.1, PERIOD, held=False)
    assert watching.use.stretched(PERIOD) == PERIOD


def test_the_period_becomes_longer_by_a_twentieth_at_the_most() -> None:
    use = Watching(ours=0).use
    for _ in range(50):
        use.refused(Slot(0.0, careful=90), 0.1, PERIOD, held=False)
    assert use.stretched(PERIOD) == pytest.approx(10.5)


@pytest.mark.parametrize(
    ("before", "careful", "likely", "counted", "after"),
    [
        (1.0, 95, 85, 95, 1.0),
        (1.0, 95, 85, 85, 0.98),  # sooner than was thought counts for little
        (1.0, 95, 85, 90, 0.99),
        (0.0, 95, 85, 95, 0.3),  # later counts for more: it costs refusals
        (0.0, 95, 85, 120, 0.3),  # others' may be among them
        (0.0, 86, 85, 86, 0.0),  # a difference of one tells nothing
        (0.0, 79, 60, 79, 0.0),  # nor does a quota that is not nearly full
    ],
)
def test_when_the_server_counts_is_learned_while_the_quota_is_nearly_full(
    before: float, careful: int, likely: int, counted: int, after: float
) -> None:
    watching = Watching(ours=0)
    watching.own.on_the_way = before
    watching.last = Slot(0.0, careful=careful, likely=likely)
    watching.learn(counted)
    assert watching.own.on_the_way == pytest.approx(after)
