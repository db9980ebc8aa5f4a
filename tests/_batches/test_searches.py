"""How a batch is taken apart: in which order, at what cost, and when the search is given up."""

from __future__ import annotations

import math
from collections.abc import Callable

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import people, plan

from hubbatch._batches.batch import Batch, Search
from hubbatch._batches.blame import halves
from hubbatch._batches.searches import Freed, Searches

INPUTS = plan(people(300), id_property="email")


def whole(count: int, number: int = 0) -> Batch:
    return Batch(INPUTS[:count], number)


def parts(batch: Batch) -> list[Batch]:
    return [batch.part(inputs) for inputs in halves(batch.inputs, frozenset())]


def indexes(batch: Batch) -> list[int]:
    return [item.index for item in batch.inputs]


@attrs.define
class Told:
    """What came of a search."""

    requests: int = 0
    refused: list[int] = attrs.field(factory=list)
    accepted: list[int] = attrs.field(factory=list)
    unsearched: list[int] = attrs.field(factory=list)
    most_at_once: int = 0


def bisect(
    searches: Searches,
    batch: Batch,
    bad: set[int],
    reason: Callable[[int], str] = lambda _: "no",
) -> Told:
    """Search a batch for what is refused, as the state machine does."""
    told, under_way = Told(), [batch]
    while under_way:
        told.most_at_once = max(told.most_at_once, len(under_way))
        part = under_way.pop(0)
        told.requests += 1
        if bad.isdisjoint(indexes(part)):
            told.accepted += indexes(part)
            freed = searches.accepted(part)
        elif len(part.inputs) == 1:
            told.refused += indexes(part)
            freed = searches.refused_alone(part, reason(indexes(part)[0]))
        else:
            freed = searches.split(part, parts(part), Search.REFUSED)
        under_way += freed.released
        told.unsearched += [index for each in freed.unsearched for index in indexes(each)]
    assert not list(searches.waiting())
    found = sorted([*told.refused, *told.accepted, *told.unsearched])
    assert found == indexes(batch), "nothing is lost, and nothing said twice"
    return told


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 100), st.sets(st.integers(0, 99)), st.booleans())
def test_whatever_is_good_is_accepted_unless_all_seems_bad(
    count: int, numbers: set[int], alike: bool
) -> None:
    bad = {number for number in numbers if number < count}
    reason = (lambda _: "no") if alike else str
    told = bisect(Searches(), whole(count), bad, reason)
    assert set(told.refused) <= bad
    assert told.requests <= 2 * count - 1
    assert told.requests <= 1 + 2 * len(bad) * math.ceil(math.log2(count))
    if told.unsearched:
        assert not told.accepted
        assert alike
        assert len(told.refused) >= 3
    else:
        assert set(told.refused) == bad


def test_one_bad_record_of_a_hundred_costs_fifteen_requests_at_most() -> None:
    for number in range(100):
        told = bisect(Searches(), whole(100), {number})
        assert told.requests <= 15
        assert told.refused == [number]


@pytest.mark.parametrize("count", [50, 100, 300])
def test_a_batch_that_is_refused_to_the_last_is_given_up_after_a_few(count: int) -> None:
    told = bisect(Searches(), whole(count), set(range(count)))
    assert told.requests == 25
    assert 3 <= len(told.refused) <= 25
    assert len(told.unsearched) == count - len(told.refused)


def test_the_parts_lie_spread_over_the_batch_as_long_as_nothing_is_accepted() -> None:
    order: list[range] = []

    def note(part: Batch) -> Batch:
        order.append(range(indexes(part)[0], indexes(part)[-1] + 1))
        return part

    searches, under_way = Searches(), [whole(64)]
    while under_way:
        part = note(under_way.pop())
        if len(part.inputs) == 1:
            under_way += searches.refused_alone(part, "no").released
        else:
            under_way += searches.split(part, parts(part), Search.REFUSED).released
    singles = [each[0] for each in order if len(each) == 1]
    assert singles[0] < 32 <= max(singles)
    assert len({number // 16 for number in singles}) >= 3


def test_a_few_bad_ones_at_the_head_do_not_condemn_the_others() -> None:
    told = bisect(Searches(), whole(100), {*range(12), 20, 40, 70})
    assert len(told.refused) == 15
    assert not told.unsearched


def test_reasons_that_differ_show_that_it_is_the_records() -> None:
    told = bisect(Searches(), whole(100), set(range(100)), str)
    assert len(told.refused) == 100
    assert told.requests == 199


def test_two_reasons_are_enough_to_show_it() -> None:
    told = bisect(Searches(), whole(100), set(range(100)), lambda number: str(number == 0))
    assert len(told.refused) == 100


def test_parts_go_one_by_one_until_one_is_accepted_and_then_side_by_side() -> None:
    assert bisect(Searches(), whole(100), set(range(100))).most_at_once == 1
    searches, batch = Searches(), whole(8)
    first, other = parts(batch)
    freed = searches.split(batch, [first, other], Search.REFUSED)
    assert [indexes(part) for part in freed.released] == [[0, 1, 2, 3]]
    assert [indexes(part) for part in searches.waiting()] == [[4, 5, 6, 7]]
    deeper = searches.split(freed.released[0], parts(first), Search.REFUSED)
    assert [indexes(part) for part in deeper.released] == [[0, 1]]
    rest = searches.accepted(deeper.released[0])
    assert [indexes(part) for part in rest.released] == [[2, 3], [4, 5, 6, 7]]


def test_a_part_that_waits_for_another_try_does_not_halt_the_search() -> None:
    searches, batch = Searches(), whole(8)
    [part] = searches.split(batch, parts(batch), Search.REFUSED).released
    slow, freed = searches.waits(part)
    assert slow.slow
    assert [indexes(each) for each in freed.released] == [[4, 5, 6, 7]]
    again, freed_again = searches.waits(slow)
    assert again is slow
    assert freed_again == Freed()
    # Its end lets nobody through a second time.
    for after in (searches.accepted(slow), searches.accepted(freed.released[0])):
        assert not after.released
        assert not after.unsearched


def test_however_many_parts_wait_for_another_try_one_more_goes_and_no_two() -> None:
    searches, batch = Searches(), whole(8)
    [part] = searches.split(batch, parts(batch), Search.REFUSED).released
    slow, freed = searches.waits(part)
    [other] = freed.released
    [third] = searches.split(other, parts(other), Search.REFUSED).released
    assert indexes(third) == [4, 5]
    slower, freed = searches.waits(third)
    assert [indexes(each) for each in freed.released] == [[6, 7]]
    deeper = searches.split(freed.released[0], parts(freed.released[0]), Search.REFUSED)
    assert [indexes(each) for each in deeper.released] == [[6]]
    assert searches.ended(slow) == Freed(), "one is under way that does not wait"
    assert searches.ended(slower) == Freed()
    assert [indexes(each) for each in searches.ended(deeper.released[0]).released] == [[7]]


def test_a_batch_that_is_not_searched_waits_and_ends_without_a_trace() -> None:
    searches, batch = Searches(), whole(8)
    assert searches.waits(batch) == (batch, Freed())
    for end in (searches.accepted, searches.ended):
        assert end(batch) == Freed()
    assert searches.refused_alone(batch.part(INPUTS[:1]), "no") == Freed()
    searches.replaced(batch, 2)
    assert list(searches.waiting()) == []


def test_no_server_makes_a_search_last_for_ever() -> None:
    """Each part is put off five times before it is refused, each record for another reason."""
    searches, under_way, unsearched, answers = Searches(), [whole(100)], 0, 0
    while under_way:
        part = under_way.pop(0)
        for _ in range(5):
            part, freed = searches.waits(part)
            under_way += freed.released
            unsearched += sum(len(each.inputs) for each in freed.unsearched)
            answers += 1
        answers += 1
        if len(part.inputs) > 1:
            freed = searches.split(part, parts(part), Search.REFUSED)
        else:
            freed = searches.refused_alone(part, str(indexes(part)))
        under_way += freed.released
        unsearched += sum(len(each.inputs) for each in freed.unsearched)
    assert not list(searches.waiting())
    assert answers <= 4 * 100 + 100 + 6 * 100
    assert answers < 199 * 6, "the search was given up"
    assert unsearched > 0


@pytest.mark.parametrize(("waits", "given_up"), [(130, False), (131, True)])
def test_the_search_of_eight_records_takes_132_answers_at_most(waits: int, given_up: bool) -> None:
    searches, batch = Searches(), whole(8)
    [part] = searches.split(batch, parts(batch), Search.FAILING).released
    for _ in range(waits):
        assert searches.waits(part) == (part, Freed())
    freed = searches.ended(part)
    assert [len(freed.released), len(freed.unsearched)] == ([0, 1] if given_up else [1, 0])


def test_a_batch_that_is_searched_a_second_time_is_searched_anew() -> None:
    searches = Searches()
    assert bisect(searches, whole(100), set(range(100))).unsearched
    assert bisect(searches, whole(8), {3}).refused == [3]


def test_batches_are_searched_each_for_itself() -> None:
    searches = Searches()
    assert bisect(searches, whole(100), set(range(100))).unsearched
    told = bisect(searches, whole(100, 1), {3})
    assert told.refused == [3]
    one, other = whole(8, 2), whole(8, 3)
    searches.split(one, parts(one), Search.REFUSED)
    searches.split(other, parts(other), Search.REFUSED)
    assert len(list(searches.waiting())) == 2


def test_a_part_that_goes_on_in_two_for_a_reason_of_its_own_is_counted_as_two() -> None:
    searches, batch = Searches(), whole(8)
    [part] = searches.split(batch, parts(batch), Search.REFUSED).released
    searches.replaced(part, 2)
    one, other = parts(part)
    assert searches.ended(one) == Freed(), "its other half is under way yet"
    assert [indexes(each) for each in searches.ended(other).released] == [[4, 5, 6, 7]]


def test_what_is_withdrawn_is_told_once() -> None:
    searches, batch = Searches(), whole(8)
    [part] = searches.split(batch, parts(batch), Search.REFUSED).released
    assert [indexes(each) for each in searches.withdraw()] == [[4, 5, 6, 7]]
    assert searches.withdraw() == []
    assert searches.ended(part) == Freed()


# What the service fails on


def fail(searches: Searches, batch: Batch, sick: set[int]) -> Told:
    """Search a batch for what the service fails on, as the state machine does."""
    told, under_way = Told(), [batch]
    while under_way:
        told.most_at_once = max(told.most_at_once, len(under_way))
        part = under_way.pop(0)
        told.requests += 1
        if sick.isdisjoint(indexes(part)):
            told.accepted += indexes(part)
            freed = searches.accepted(part)
        else:
            searches.failed(part)
            if len(part.inputs) > 1 and not searches.is_vain(part):
                freed = searches.split(part, parts(part), Search.FAILING)
            else:
                told.refused += indexes(part)
                freed = searches.ended(part)
        under_way += freed.released
        told.unsearched += [index for each in freed.unsearched for index in indexes(each)]
    return told


def test_parts_that_may_be_failed_on_go_one_by_one_even_when_some_succeed() -> None:
    told = fail(Searches(), whole(100), {7, 50})
    assert told.refused == [7, 50]
    assert told.most_at_once == 1
    assert len(told.accepted) == 98


def test_a_batch_on_which_the_service_fails_to_the_last_is_given_up() -> None:
    told = fail(Searches(), whole(100), set(range(100)))
    assert told.refused == list(range(8))
    assert told.unsearched == list(range(8, 100))


def test_a_run_whose_searches_find_nobody_well_gives_them_up() -> None:
    searches = Searches()
    for number in range(3):
        assert not searches.is_vain(whole(16, number))
        assert len(fail(searches, whole(16, number), set(range(16))).refused) == 8
    assert searches.is_vain(whole(16, 3))
    told = fail(searches, whole(16, 3), set(range(16)))
    assert (told.requests, told.refused) == (1, list(range(16)))


def test_a_search_under_way_is_given_up_when_others_were_in_vain() -> None:
    searches, batch = Searches(), whole(16, 3)
    [part] = searches.split(batch, parts(batch), Search.FAILING).released
    for number in range(3):
        fail(searches, whole(16, number), set(range(16)))
    assert [indexes(each) for each in searches.ended(part).unsearched] == [list(range(8, 16))]


def test_a_part_beside_eight_records_in_a_row_that_were_failed_on_is_not_taken_apart() -> None:
    """While the service seems broken, parts send one record ahead: so several are under way at once."""
    searches, batch = Searches(), whole(40)
    [rest] = searches.split(batch, parts(batch), Search.FAILING).released
    singles = []
    for _ in range(8):
        searches.replaced(rest, 2)
        single, rest = rest.part(rest.inputs[:1]), rest.part(rest.inputs[1:])
        singles.append(single)
    for single in singles[:7]:
        searches.failed(single)
        assert searches.ended(single) == Freed(), "others are under way yet"
    assert not searches.is_vain(rest)
    searches.failed(singles[7])
    assert searches.is_vain(rest)


def test_a_record_that_succeeds_after_all_shows_that_searching_pays() -> None:
    searches = Searches()
    for number in range(5):
        told = fail(searches, whole(16, number), set(range(15)) - {number % 4})
        assert told.accepted
        assert not searches.is_vain(whole(16, 9))


def test_parts_go_behind_all_that_wait_while_the_service_seems_broken() -> None:
    searches, batch = Searches(), whole(8)
    [first] = searches.split(batch, parts(batch), Search.FAILING).released
    freed = searches.split(first, parts(first), Search.FAILING, behind=True)
    assert [indexes(part) for part in freed.released] == [[4, 5, 6, 7]]
    assert sorted(indexes(part) for part in searches.waiting()) == [[0, 1], [2, 3]]


def test_a_part_that_fails_leaves_the_search_for_what_is_refused() -> None:
    searches, batch = Searches(), whole(8)
    [part] = searches.split(batch, parts(batch), Search.REFUSED).released
    freed = searches.split(part, parts(part), Search.FAILING)
    assert sorted(indexes(each) for each in freed.released) == [[0, 1], [4, 5, 6, 7]]
    assert {each.search for each in freed.released} == {Search.REFUSED, Search.FAILING}
    assert [indexes(each) for each in searches.waiting()] == [[2, 3]]
