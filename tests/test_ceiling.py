"""Finding a limit that no header tells."""

from __future__ import annotations

from hubbatch._ceiling import Ceiling


def test_a_guess_that_was_all_used_for_a_period_is_doubled() -> None:
    ceiling = Ceiling(100, None)
    ceiling.reached(1.0, 10.0)
    ceiling.reached(10.9, 10.0)
    assert ceiling.requests == 100
    ceiling.reached(11.0, 10.0)
    assert ceiling.requests == 200


def test_what_was_not_refused_in_a_period_is_the_limit() -> None:
    ceiling = Ceiling(200, None)
    through = [0.0] * 50 + [5.0] * 40
    ceiling.refuse(5.0, [*through, 5.0, 5.0], 5.2, 10.0)  # two more are under way
    assert ceiling.requests == 92
    ceiling.refuse(5.0, [*through, 5.0], 5.2, 10.0)
    ceiling.refuse(5.0, through, 5.3, 10.0)
    assert ceiling.requests == 90
    ceiling.refuse(5.0, [], 5.3, 10.0)
    assert ceiling.requests == 80, "so much lower at once is no finding"


def test_more_is_tried_after_twenty_periods_and_then_step_by_step() -> None:
    ceiling = Ceiling(200, None)
    ceiling.refuse(5.0, [5.0] * 100, 5.2, 10.0)
    for now, requests in ((20.0, 100), (219.0, 100), (220.0, 105), (221.0, 105), (231.0, 110)):
        ceiling.reached(now, 10.0)
        assert ceiling.requests == requests


def test_after_a_vain_try_what_went_before_goes_again_and_the_next_comes_later() -> None:
    ceiling = Ceiling(200, None)
    ceiling.refuse(5.0, [5.0] * 100, 5.2, 10.0)
    ceiling.reached(20.0, 10.0)
    ceiling.reached(220.0, 10.0)
    ceiling.refuse(225.0, [220.0] * 101, 225.2, 10.0)
    assert ceiling.requests == 100
    ceiling.reached(240.0, 10.0)
    ceiling.reached(639.0, 10.0)
    assert ceiling.requests == 100
    ceiling.reached(640.0, 10.0)
    assert ceiling.requests == 105


def test_another_refusal_lowers_the_limit_in_any_case() -> None:
    ceiling = Ceiling(200, None)
    ceiling.refuse(5.0, [5.0] * 100, 5.2, 10.0)
    ceiling.refuse(20.0, [20.0] * 100, 20.2, 10.0)
    assert ceiling.requests == 99


def test_a_pinned_limit_is_the_most() -> None:
    ceiling = Ceiling(50, 50)
    for now in (0.0, 10.0, 20.0, 30.0):
        ceiling.reached(now, 10.0)
    assert ceiling.requests == 50


def test_a_stray_refusal_does_not_stop_everything() -> None:
    """The fifth request of all is refused, for no reason of the quota's; later nothing is."""
    ceiling = Ceiling(100, None)
    ceiling.refuse(0.4, [0.0, 0.1, 0.2, 0.3], 0.5, 10.0)
    assert ceiling.requests == 40
    for now in (20.0, 31.0, 31.5, 42.0, 42.5, 53.0):
        ceiling.reached(now, 10.0)
    assert ceiling.requests >= 160
