"""Results without names are given to the inputs whose values they hold, and never to another's."""

from __future__ import annotations

import random
import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import plan, result

from hubbatch import ObjectResult
from hubbatch._batches.matching import match_by_values
from hubbatch._records.spelling import CONTACTS, OTHERS, Spelling
from hubbatch.endpoints import CREATE

ANEW: dict[str, dict[str, list[str]]] = {
    # property: what is sent, and how the service may spell it
    "name": {"x": ["x"], " x ": ["x"], "X": ["X"], "": [""]},
    "amount": {
        "1": ["1", "1.0"],
        "1.0": ["1"],
        "2": ["2"],
        "1.005": ["1.01", "1.005"],
        "1.01": ["1.01"],
    },
    # A country's prefix is beyond forms.
    "phone": {
        "0731 1234": ["0731 1234", "+49 731 1234", "+497311234"],
        "(0731) 1234": ["07311234", "+497311234"],
        "1234": ["1234", "+1 1234"],
        "+49 731 1234": ["+49 731 1234", "+497311234"],
        "+1 1234": ["+11234"],
    },
    "day": {"2026-01-01": ["2026-01-01", "1767225600000"], "2026-01-02": ["2026-01-02"]},
    "email": {"A@x.com": ["a@x.com"], "a@x.com": ["a@x.com"], "b@x.com": ["b@x.com"]},
}


@st.composite
def records(draw: st.DrawFn) -> list[dict[str, str]]:
    one = st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(sorted(values)) for name, values in ANEW.items()}
    )
    return draw(st.lists(one, min_size=1, max_size=8))


@settings(max_examples=500, deadline=None)
@given(records(), st.randoms(use_true_random=False), st.booleans())
def test_no_input_is_ever_given_anothers_result(
    sent: list[dict[str, str]], chance: random.Random, some_are_left_out: bool
) -> None:
    inputs = plan(sent, CREATE)
    results = []
    for number, record in enumerate(sent):
        if some_are_left_out and chance.random() < 0.4:
            continue
        held: dict[str, str | None] = {
            name: chance.choice(ANEW[name][value]) or None for name, value in record.items()
        }
        results.append(result(str(number), {**held, "createdate": "2026-01-01"}))
    chance.shuffle(results)
    matched = match_by_values(inputs, range(len(inputs)), results, CONTACTS)
    for position, each in matched.items():
        assert sent[position] == sent[int(each.id)], "what is the same to the letter may be swapped"
    assert len({each.id for each in matched.values()}) == len(matched)


@settings(deadline=None)
@given(
    st.lists(st.text("abcxyz", min_size=1, max_size=4), min_size=1, max_size=20, unique=True),
    st.randoms(use_true_random=False),
)
def test_inputs_that_differ_are_all_found(values: list[str], chance: random.Random) -> None:
    sent = [{"name": f" {value}", "amount": "1.0"} for value in values]
    inputs = plan(sent, CREATE)
    results = [
        result(str(number), {"name": value, "amount": "1", "made": "by the server"})
        for number, value in enumerate(values)
    ]
    chance.shuffle(results)
    matched = match_by_values(inputs, range(len(inputs)), results, CONTACTS)
    assert {position: int(each.id) for position, each in matched.items()} == {
        position: position for position in range(len(sent))
    }


def matches(
    sent: list[dict[str, str]], *held: dict[str, str | None], spelling: Spelling = OTHERS
) -> dict[int, str]:
    results: list[ObjectResult] = [
        result(str(number), properties) for number, properties in enumerate(held)
    ]
    found = match_by_values(plan(sent, CREATE), range(len(sent)), results, spelling)
    return {position: each.id for position, each in found.items()}


def test_an_input_that_is_taken_is_out_of_the_game() -> None:
    sent = [{"name": "x"}]
    results = [result("7", {"name": "x"})]
    assert match_by_values(plan(sent, CREATE), [], results, OTHERS) == {}


def test_values_that_were_not_sent_or_are_empty_make_no_difference() -> None:
    assert matches([{"name": "x", "a": ""}], {"name": "x", "b": "y"}) == {0: "0"}
    assert matches([{"name": "x", "a": " "}], {"name": "x", "a": None}) == {0: "0"}


def test_an_input_without_values_fits_all_and_so_is_told_by_what_is_left() -> None:
    assert matches([{}, {"name": "x"}], {"name": "x"}) == {}
    assert matches([{}, {"name": "x"}], {"made": "1"}) == {0: "0"}
    assert matches([{}, {"name": "x"}], {"name": "x"}, {"made": "1"}) == {0: "1", 1: "0"}


def test_a_chain_of_sure_matches_settles_all() -> None:
    sent = [{"a": "1"}, {"a": "1", "b": "1"}, {"a": "1", "b": "1", "c": "1"}]
    held: list[dict[str, str | None]] = [
        {"a": "1"},
        {"a": "1", "b": "1"},
        {"a": "1", "b": "1", "c": "1"},
    ]
    assert matches(sent, *held) == {0: "0", 1: "1", 2: "2"}


@pytest.mark.parametrize("office", ["+49 731 1234", "0731-1234"])
def test_a_result_that_may_be_anothers_in_a_spelling_that_nobody_knows_is_nobodys(
    office: str,
) -> None:
    """The second sent all that the first did, and a value besides that the service may have spelled in its own way."""
    sent = [{"name": "x"}, {"name": "x", "office": "0731 1234"}]
    assert matches(sent, {"name": "x", "office": office}) == {}


@pytest.mark.parametrize(
    ("name", "one", "other", "held"),
    [
        ("phone", "+49 731 1234", "0731 1234", "+49 731 1234"),
        ("phone", "+11234", "1234", "+1 1234"),
        ("office", "+49 731 1234", "0731 1234", "+49 731 1234"),
        ("amount", "1.01", "1.005", "1.01"),
        ("amount", "1", "1.4", "1"),
    ],
)
def test_a_result_that_the_service_may_have_made_of_anothers_value_is_nobodys(
    name: str, one: str, other: str, held: str
) -> None:
    sent = [{name: one}, {name: other}]
    assert matches(sent, {name: held}) == {}
    assert matches(sent, {name: held}, {name: other}) == {0: "0", 1: "1"}, "who is known is out"
    assert matches([{name: one}, {name: "7"}], {name: held}) == {0: "0"}


def test_more_results_than_inputs_that_are_the_same_settle_nobody_else() -> None:
    """One of the two must be a stranger's, if not both: then the third may be the first input's."""
    x: dict[str, str | None] = {"name": "x"}
    more: dict[str, str | None] = {"name": "x", "made": "1"}
    assert matches([{"name": "x"}, {"name": "y"}], x, x, {"name": "y"}) == {1: "2"}
    assert matches([{"name": "x"}, {"name": "x", "made": "1"}], x, x, more) == {}


def sparse(count: int) -> list[dict[str, str]]:
    """Make records that each lack other ones of a hundred columns."""
    chance = random.Random(1)
    return [
        {f"c{column}": f"{number * column}.50" for column in range(100) if chance.random() < 0.5}
        for number in range(1, count + 1)
    ]


def steps(count: int) -> int:
    """Count the steps of the interpreter that it takes to match so many sparse records."""
    sent = sparse(count)
    inputs = plan(sent, CREATE)
    results = [
        result(str(number), {name: value.rstrip("0") for name, value in record.items()})
        for number, record in enumerate(sent)
    ]
    counted = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal counted
        frame.f_trace_opcodes = True
        counted += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        matched = match_by_values(inputs, range(count), results, OTHERS)
    finally:
        sys.settrace(before)
    assert {position: int(each.id) for position, each in matched.items()} == {
        position: position for position in range(count)
    }
    return counted


def test_the_cost_of_sparse_records_grows_with_their_number_only() -> None:
    assert steps(100) / steps(50) < 2.5
