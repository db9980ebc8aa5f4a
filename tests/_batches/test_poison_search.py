"""How a batch is taken apart: in which order, at what cost, and when the search is given up."""

from __future__ import annotations

import math
from collections.abc import Callable

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import people, plan

from hubbatch._batches import at_fault
from hubbatch._batches.batch import Batch, PoisonSearch
from hubbatch._batches.poison_search import PoisonSearches, SearchStep

INPUTS = plan(people(300), id_property="email")


def whole(count: int, number: int = 0) -> Batch:
    return Batch(INPUTS[:count], number)


def parts(batch: Batch) -> list[Batch]:
    return [batch.part(inputs) for inputs in at_fault.bisect(batch.inputs, frozenset())]


def indexes(batch: Batch) -> list[int]:
    return [item.index for item in batch.inputs]


@attrs.define
class Found:
    """What came of a search."""

    requests: int = 0
    rejected: list[int] = attrs.field(factory=list)
    accepted: list[int] = attrs.field(factory=list)
    unsearched: list[int] = attrs.field(factory=list)
    most_at_once: int = 0


def bisect(
    searches: PoisonSearches,
    batch: Batch,
    bad: set[int],
    reason: Callable[[int], str] = lambda _: "no",
) -> Found:
    """Search a batch for what is rejected, as the state machine does."""
    found, under_way = Found(), [batch]
    while under_way:
        found.most_at_once = max(found.most_at_once, len(under_way))
        part = under_way.pop(0)
        found.requests += 1
        if bad.isdisjoint(indexes(part)):
            found.accepted += indexes(part)
            next_parts = searches.part_accepted(part)
        elif len(part.inputs) == 1:
            found.rejected += indexes(part)
            next_parts = searches.record_rejected(part, reason(indexes(part)[0]))
        else:
            next_parts = searches.part_split(part, parts(part), PoisonSearch.REJECTED)
        under_way += next_parts.released
        found.unsearched += [index for each in next_parts.unsearched for index in indexes(each)]
    assert not list(searches.waiting())
    every = sorted([*found.rejected, *found.accepted, *found.unsearched])
    assert every == indexes(batch), "nothing is lost, and nothing said twice"
    return found


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 100), st.sets(st.integers(0, 99)), st.booleans())
def test_whatever_is_good_is_accepted_unless_all_seems_bad(
    count: int, numbers: set[int], alike: bool
) -> None:
    bad = {number for number in numbers if number < count}
    reason = (lambda _: "no") if alike else str
    found = bisect(PoisonSearches(), whole(count), bad, reason)
    assert set(found.rejected) <= bad
    assert found.requests <= 2 * count - 1
    assert found.requests <= 1 + 2 * len(bad) * math.ceil(math.log2(count))
    if found.unsearched:
        assert not found.accepted
        assert alike
        assert len(found.rejected) >= 3
    else:
        assert set(found.rejected) == bad


def test_one_bad_record_of_a_hundred_costs_fifteen_requests_at_most() -> None:
    for number in range(100):
        found = bisect(PoisonSearches(), whole(100), {number})
        assert found.requests <= 15
        assert found.rejected == [number]


@pytest.mark.parametrize("count", [50, 100, 300])
def test_a_batch_of_which_every_record_is_rejected_is_given_up_early(count: int) -> None:
    found = bisect(PoisonSearches(), whole(count), set(range(count)))
    assert found.requests == 25
    assert 3 <= len(found.rejected) <= 25
    assert len(found.unsearched) == count - len(found.rejected)


def test_the_parts_lie_spread_over_the_batch_as_long_as_nothing_is_accepted() -> None:
    order: list[range] = []

    def note(part: Batch) -> Batch:
        order.append(range(indexes(part)[0], indexes(part)[-1] + 1))
        return part

    searches, under_way = PoisonSearches(), [whole(64)]
    while under_way:
        part = note(under_way.pop())
        if len(part.inputs) == 1:
            under_way += searches.record_rejected(part, "no").released
        else:
            under_way += searches.part_split(part, parts(part), PoisonSearch.REJECTED).released
    singles = [each[0] for each in order if len(each) == 1]
    assert singles[0] < 32 <= max(singles)
    assert len({number // 16 for number in singles}) >= 3


def test_bad_records_at_the_start_do_not_fail_the_others() -> None:
    found = bisect(PoisonSearches(), whole(100), {*range(12), 20, 40, 70})
    assert len(found.rejected) == 15
    assert not found.unsearched


def test_reasons_that_differ_show_that_it_is_the_records() -> None:
    found = bisect(PoisonSearches(), whole(100), set(range(100)), str)
    assert len(found.rejected) == 100
    assert found.requests == 199


def test_two_reasons_are_enough_to_show_it() -> None:
    found = bisect(PoisonSearches(), whole(100), set(range(100)), lambda number: str(number == 0))
    assert len(found.rejected) == 100


def test_parts_go_one_by_one_until_one_is_accepted_and_then_side_by_side() -> None:
    assert bisect(PoisonSearches(), whole(100), set(range(100))).most_at_once == 1
    searches, batch = PoisonSearches(), whole(8)
    first, other = parts(batch)
    next_parts = searches.part_split(batch, [first, other], PoisonSearch.REJECTED)
    assert [indexes(part) for part in next_parts.released] == [[0, 1, 2, 3]]
    assert [indexes(part) for part in searches.waiting()] == [[4, 5, 6, 7]]
    deeper = searches.part_split(next_parts.released[0], parts(first), PoisonSearch.REJECTED)
    assert [indexes(part) for part in deeper.released] == [[0, 1]]
    rest = searches.part_accepted(deeper.released[0])
    assert [indexes(part) for part in rest.released] == [[2, 3], [4, 5, 6, 7]]


def test_a_part_that_waits_for_another_try_does_not_halt_the_search() -> None:
    searches, batch = PoisonSearches(), whole(8)
    [part] = searches.part_split(batch, parts(batch), PoisonSearch.REJECTED).released
    delayed, next_parts = searches.part_delayed(part)
    assert delayed.delayed
    assert [indexes(each) for each in next_parts.released] == [[4, 5, 6, 7]]
    again, next_parts_again = searches.part_delayed(delayed)
    assert again is delayed
    assert next_parts_again == SearchStep()
    # Its end lets nobody through a second time.
    for after in (searches.part_accepted(delayed), searches.part_accepted(next_parts.released[0])):
        assert not after.released
        assert not after.unsearched


def test_however_many_parts_wait_for_another_try_one_more_goes_and_no_two() -> None:
    searches, batch = PoisonSearches(), whole(8)
    [part] = searches.part_split(batch, parts(batch), PoisonSearch.REJECTED).released
    delayed, next_parts = searches.part_delayed(part)
    [other] = next_parts.released
    [third] = searches.part_split(other, parts(other), PoisonSearch.REJECTED).released
    assert indexes(third) == [4, 5]
    also_delayed, next_parts = searches.part_delayed(third)
    assert [indexes(each) for each in next_parts.released] == [[6, 7]]
    deeper = searches.part_split(
        next_parts.released[0], parts(next_parts.released[0]), PoisonSearch.REJECTED
    )
    assert [indexes(each) for each in deeper.released] == [[6]]
    assert searches.part_ended(delayed) == SearchStep(), "one is under way that does not wait"
    assert searches.part_ended(also_delayed) == SearchStep()
    assert [indexes(each) for each in searches.part_ended(deeper.released[0]).released] == [[7]]


def test_a_batch_that_is_not_searched_waits_and_ends_without_a_trace() -> None:
    searches, batch = PoisonSearches(), whole(8)
    assert searches.part_delayed(batch) == (batch, SearchStep())
    for end in (searches.part_accepted, searches.part_ended):
        assert end(batch) == SearchStep()
    assert searches.record_rejected(batch.part(INPUTS[:1]), "no") == SearchStep()
    searches.part_replaced(batch, 2)
    assert list(searches.waiting()) == []


def test_no_server_makes_a_search_last_for_ever() -> None:
    """Each part is put off five times before it is rejected, each record for another reason."""
    searches, under_way, unsearched, answers = PoisonSearches(), [whole(100)], 0, 0
    while under_way:
        part = under_way.pop(0)
        for _ in range(5):
            part, next_parts = searches.part_delayed(part)
            under_way += next_parts.released
            unsearched += sum(len(each.inputs) for each in next_parts.unsearched)
            answers += 1
        answers += 1
        if len(part.inputs) > 1:
            next_parts = searches.part_split(part, parts(part), PoisonSearch.REJECTED)
        else:
            next_parts = searches.record_rejected(part, str(indexes(part)))
        under_way += next_parts.released
        unsearched += sum(len(each.inputs) for each in next_parts.unsearched)
    assert not list(searches.waiting())
    assert answers <= 4 * 100 + 100 + 6 * 100
    assert answers < 199 * 6, "the search was given up"
    assert unsearched > 0


@pytest.mark.parametrize(("waits", "given_up"), [(130, False), (131, True)])
def test_the_search_of_eight_records_takes_132_answers_at_most(waits: int, given_up: bool) -> None:
    searches, batch = PoisonSearches(), whole(8)
    [part] = searches.part_split(batch, parts(batch), PoisonSearch.FAILING).released
    for _ in range(waits):
        assert searches.part_delayed(part) == (part, SearchStep())
    next_parts = searches.part_ended(part)
    assert [len(next_parts.released), len(next_parts.unsearched)] == (
        [0, 1] if given_up else [1, 0]
    )


def test_a_batch_that_is_searched_a_second_time_is_searched_anew() -> None:
    searches = PoisonSearches()
    assert bisect(searches, whole(100), set(range(100))).unsearched
    assert bisect(searches, whole(8), {3}).rejected == [3]


def test_batches_are_searched_each_for_itself() -> None:
    searches = PoisonSearches()
    assert bisect(searches, whole(100), set(range(100))).unsearched
    found = bisect(searches, whole(100, 1), {3})
    assert found.rejected == [3]
    one, other = whole(8, 2), whole(8, 3)
    searches.part_split(one, parts(one), PoisonSearch.REJECTED)
    searches.part_split(other, parts(other), PoisonSearch.REJECTED)
    assert len(list(searches.waiting())) == 2


def test_a_part_that_is_split_for_another_reason_counts_as_two() -> None:
    searches, batch = PoisonSearches(), whole(8)
    [part] = searches.part_split(batch, parts(batch), PoisonSearch.REJECTED).released
    searches.part_replaced(part, 2)
    one, other = parts(part)
    assert searches.part_ended(one) == SearchStep(), "its other half is under way yet"
    assert [indexes(each) for each in searches.part_ended(other).released] == [[4, 5, 6, 7]]


def test_what_is_withdrawn_is_returned_once() -> None:
    searches, batch = PoisonSearches(), whole(8)
    [part] = searches.part_split(batch, parts(batch), PoisonSearch.REJECTED).released
    assert [indexes(each) for each in searches.abandon()] == [[4, 5, 6, 7]]
    assert searches.abandon() == []
    assert searches.part_ended(part) == SearchStep()


# What the service fails on


def fail(searches: PoisonSearches, batch: Batch, sick: set[int]) -> Found:
    """Search a batch for what the service fails on, as the state machine does."""
    found, under_way = Found(), [batch]
    while under_way:
        found.most_at_once = max(found.most_at_once, len(under_way))
        part = under_way.pop(0)
        found.requests += 1
        if sick.isdisjoint(indexes(part)):
            found.accepted += indexes(part)
            next_parts = searches.part_accepted(part)
        else:
            searches.part_failed(part)
            if len(part.inputs) > 1 and not searches.is_hopeless(part):
                next_parts = searches.part_split(part, parts(part), PoisonSearch.FAILING)
            else:
                found.rejected += indexes(part)
                next_parts = searches.part_ended(part)
        under_way += next_parts.released
        found.unsearched += [index for each in next_parts.unsearched for index in indexes(each)]
    return found


def test_parts_of_a_search_for_failing_records_always_go_one_by_one() -> None:
    found = fail(PoisonSearches(), whole(100), {7, 50})
    assert found.rejected == [7, 50]
    assert found.most_at_once == 1
    assert len(found.accepted) == 98


def test_a_batch_on_which_the_service_fails_to_the_last_is_given_up() -> None:
    found = fail(PoisonSearches(), whole(100), set(range(100)))
    assert found.rejected == list(range(8))
    assert found.unsearched == list(range(8, 100))


def test_a_run_gives_up_searches_that_find_no_good_record() -> None:
    searches = PoisonSearches()
    for number in range(3):
        assert not searches.is_hopeless(whole(16, number))
        assert len(fail(searches, whole(16, number), set(range(16))).rejected) == 8
    assert searches.is_hopeless(whole(16, 3))
    found = fail(searches, whole(16, 3), set(range(16)))
    assert (found.requests, found.rejected) == (1, list(range(16)))


def test_a_search_is_given_up_if_others_found_no_good_record() -> None:
    searches, batch = PoisonSearches(), whole(16, 3)
    [part] = searches.part_split(batch, parts(batch), PoisonSearch.FAILING).released
    for number in range(3):
        fail(searches, whole(16, number), set(range(16)))
    assert [indexes(each) for each in searches.part_ended(part).unsearched] == [list(range(8, 16))]


def test_after_eight_failing_records_in_a_row_no_part_is_split() -> None:
    """While the service seems broken, parts send one record ahead: so several are under way at once."""
    searches, batch = PoisonSearches(), whole(40)
    [rest] = searches.part_split(batch, parts(batch), PoisonSearch.FAILING).released
    singles = []
    for _ in range(8):
        searches.part_replaced(rest, 2)
        single, rest = rest.part(rest.inputs[:1]), rest.part(rest.inputs[1:])
        singles.append(single)
    for single in singles[:7]:
        searches.part_failed(single)
        assert searches.part_ended(single) == SearchStep(), "others are under way yet"
    assert not searches.is_hopeless(rest)
    searches.part_failed(singles[7])
    assert searches.is_hopeless(rest)


def test_a_record_that_succeeds_after_all_shows_that_searching_pays() -> None:
    searches = PoisonSearches()
    for number in range(5):
        found = fail(searches, whole(16, number), set(range(15)) - {number % 4})
        assert found.accepted
        assert not searches.is_hopeless(whole(16, 9))


def test_parts_go_behind_all_that_wait_while_the_service_seems_broken() -> None:
    searches, batch = PoisonSearches(), whole(8)
    [first] = searches.part_split(batch, parts(batch), PoisonSearch.FAILING).released
    next_parts = searches.part_split(first, parts(first), PoisonSearch.FAILING, behind=True)
    assert [indexes(part) for part in next_parts.released] == [[4, 5, 6, 7]]
    assert sorted(indexes(part) for part in searches.waiting()) == [[0, 1], [2, 3]]


def test_a_part_on_which_the_service_fails_leaves_the_search_for_rejected_records() -> None:
    searches, batch = PoisonSearches(), whole(8)
    [part] = searches.part_split(batch, parts(batch), PoisonSearch.REJECTED).released
    next_parts = searches.part_split(part, parts(part), PoisonSearch.FAILING)
    assert sorted(indexes(each) for each in next_parts.released) == [[0, 1], [4, 5, 6, 7]]
    assert {each.search for each in next_parts.released} == {
        PoisonSearch.REJECTED,
        PoisonSearch.FAILING,
    }
    assert [indexes(each) for each in searches.waiting()] == [[2, 3]]
