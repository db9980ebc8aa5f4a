"""Which inputs a rejection is about: those that it names, those that carry what is wrong, or those that may."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import plan

from hubbatch import BatchError, ErrorDetail
from hubbatch._batches.at_fault import AtFault, bisect, find_at_fault
from hubbatch._batches.problems import (
    ReportedProblem,
    general,
    is_systemic,
    problems_in,
    property_problems,
)
from hubbatch._records.spelling import CONTACTS, OTHERS
from hubbatch.endpoints import CREATE, UPDATE, UPSERT
from hubbatch.models import OBJECT_NOT_FOUND

INPUTS = plan([{"id": 1, "a": "x"}, {"id": 2, "b": "x"}, {"id": 3, "a": "y"}], UPDATE)


def detail(code: str | None, **context: Any) -> BatchError:
    return BatchError("VALIDATION_ERROR", "no", errors=[ErrorDetail("d", code, context)])


def listed(*items: str) -> BatchError:
    text = f"Property values were not valid: [{','.join(items)}]"
    return BatchError("VALIDATION_ERROR", text)


NOBODY: tuple[list[int], bool, list[int]] = ([], False, [])


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (BatchError("VALIDATION_ERROR", "no", context={"ids": ["2"]}), ([1], False, [])),
        (BatchError("VALIDATION_ERROR", "no", context={"id": "2"}), ([1], False, [])),
        (BatchError("VALIDATION_ERROR", "no", context={"id": 2}), ([1], False, [])),
        (BatchError("C", "no", context={"objectWriteTraceId": ["t0", "t2"]}), ([0, 2], False, [])),
        (BatchError("C", "no", context={"ids": ["1", "2", "3"]}), ([0, 1, 2], False, [])),
        (BatchError(OBJECT_NOT_FOUND, "no", context={"ids": ["3"]}), ([2], False, [])),
        (BatchError(OBJECT_NOT_FOUND, "no", context={"ids": ["9"]}), NOBODY),
        (detail("PROPERTY_DOESNT_EXIST", propertyName=["a"]), ([0, 2], True, [])),
        (detail("PROPERTY_DOESNT_EXIST", propertyName="a"), ([0, 2], True, [])),
        (detail("PROPERTY_DOESNT_EXIST", propertyName=["z"]), NOBODY),
        (detail("PROPERTY_DOESNT_EXIST", propertyName=5), NOBODY),
        (detail("PROPERTY_DOESNT_EXIST", properties={}), NOBODY),
        (detail("REQUIRED_PROPERTIES_MISSING", properties=["b"]), ([], False, [0, 2])),
        (detail("REQUIRED_PROPERTIES_MISSING", properties=["z"]), ([], False, [0, 1, 2])),
        (detail("INVALID_OPTION", propertyName=["b"]), ([], False, [1])),
        (detail(None, propertyName=["b"]), ([], False, [1])),
        (detail("INVALID_OPTION", propertyName=["z"]), NOBODY),
        (listed('{"error":"PROPERTY_DOESNT_EXIST","name":"a"}'), ([0, 2], True, [])),
        (listed('{"error":"INVALID_EMAIL","name":"b","isValid":false}'), ([], False, [1])),
        (listed('"text"', "5", '{"name":["b"]}'), NOBODY),
        (BatchError("C", "nobody is named"), NOBODY),
    ],
)
def test_which_inputs_an_error_is_about(
    error: BatchError, found: tuple[list[int], bool, list[int]]
) -> None:
    named, by_properties, candidates = found
    assert find_at_fault(UPDATE, INPUTS, error, OTHERS) == AtFault(
        frozenset(named), by_properties, frozenset(candidates)
    )


def test_creates_are_named_by_their_trace_ids_and_not_by_the_ids_of_others() -> None:
    inputs = plan([{"a": "1"}, {"a": "2"}], CREATE)
    error = BatchError("C", "no", context={"objectWriteTraceId": ["t1"], "ids": ["9"]})
    assert find_at_fault(CREATE, inputs, error, CONTACTS).named == {1}


def test_upserts_are_named_by_their_unique_values_however_spelled() -> None:
    inputs = plan([{"email": "A@x.com"}, {"email": "b@x.com"}], UPSERT, id_property="email")
    error = BatchError("C", "no", context={"ids": [" a@X.com"]})
    assert find_at_fault(UPSERT, inputs, error, CONTACTS).named == {0}


@pytest.mark.parametrize("context", [{"ids": ["77"]}, {"id": "77"}, {"id": 77}, {"ids": ["1", 77]}])
def test_creates_that_are_associated_with_a_missing_object_are_named_by_it(context: Any) -> None:
    records = [
        {"properties": {}},
        {"properties": {}, "associations": [{"to": {"id": "5"}}, {"to": {"id": "77"}}]},
        {"properties": {}, "associations": [{"to": {"id": "6"}}, {"to": "77"}, {}]},
        {"properties": {}, "associations": [{"to": {"id": 77}}]},
        {"properties": {"associations": "77"}},
    ]
    inputs = plan(records, CREATE)
    error = BatchError(OBJECT_NOT_FOUND, "no", context=context)
    assert find_at_fault(CREATE, inputs, error, CONTACTS) == AtFault(frozenset({1, 3}))
    other = BatchError("VALIDATION_ERROR", "no", context=context)
    assert find_at_fault(CREATE, inputs, other, CONTACTS) == AtFault()


@pytest.mark.parametrize(
    ("candidates", "parts"),
    [
        (set(), ([0, 1], [2, 3])),
        ({1}, ([0, 2, 3], [1])),
        ({0, 3}, ([1, 2], [0, 3])),
        ({0, 1, 2}, ([3, 0], [1, 2])),
        ({0, 1, 2, 3}, ([0, 1], [2, 3])),
    ],
)
def test_few_candidates_go_in_a_part_of_their_own(
    candidates: set[int], parts: tuple[list[int], list[int]]
) -> None:
    inputs = plan([{"id": n} for n in range(4)], UPDATE)
    two_parts = bisect(inputs, frozenset(candidates))
    assert tuple([item.index for item in part] for part in two_parts) == parts


@given(st.integers(2, 100), st.sets(st.integers(0, 99)))
def test_bisecting_loses_nothing_and_no_part_is_empty(count: int, numbers: set[int]) -> None:
    inputs = plan([{"id": n} for n in range(count)], UPDATE)
    one, other = bisect(inputs, frozenset(number for number in numbers if number < count))
    assert one
    assert other
    assert sorted(item.index for item in [*one, *other]) == list(range(count))


# What an error finds wrong


def test_faults_are_read_from_details_and_from_a_list_in_the_message() -> None:
    error = BatchError(
        "C",
        'not valid: [{"error":"INVALID_EMAIL","name":"email"},{"name":5},7]',
        errors=[
            ErrorDetail("d", "READ_ONLY_VALUE", {"propertyName": ["a", "b"]}),
            ErrorDetail("d", None, "{text}"),
            ErrorDetail("d", "ONLY_A_CODE"),
        ],
    )
    assert problems_in(error) == [
        ReportedProblem("READ_ONLY_VALUE", ("a", "b")),
        ReportedProblem("ONLY_A_CODE"),
        ReportedProblem("INVALID_EMAIL", ("email",)),
        ReportedProblem(None, ("5",)),
    ]


@pytest.mark.parametrize("message", ["", "[{", '[{"error":}]', "[{]", '[{"error":"C"}', "[5]"])
def test_a_message_that_holds_no_list_has_no_faults(message: str) -> None:
    assert problems_in(BatchError("C", message)) == []


GONE, ODD = "PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"


@pytest.mark.parametrize(
    ("details", "fault"),
    [
        ([(GONE, ["a"])], ((GONE, "a"),)),
        ([(GONE, ["a"]), (GONE, ["a"])], ((GONE, "a"),)),
        ([(ODD, ["a"])], ((ODD, "a"),)),
        ([(GONE, ["a", "b"])], ((GONE, "a"), (GONE, "b"))),
        ([(GONE, ["a"]), (ODD, ["a"])], ((GONE, "a"), (ODD, "a"))),
        ([(GONE, ["a"]), ("INVALID_EMAIL", ["email"])], ()),
        ([("INVALID_EMAIL", ["email"])], ()),
        ([(GONE, [])], ()),
        ([], ()),
    ],
)
def test_a_whole_column_is_wrong_if_nothing_else_is(
    details: list[tuple[str, list[str]]], fault: tuple[tuple[str, str], ...]
) -> None:
    error = BatchError(
        "C", "no", errors=[ErrorDetail("d", code, {"propertyName": on}) for code, on in details]
    )
    assert property_problems(error) == fault


@pytest.mark.parametrize(
    ("message", "systemic"),
    [
        ("Unable to perform update by non-unique 0-2 property x", True),
        ("Invalid idProperty: x", True),
        ("No object can be found by property x: it does not exist", True),
        ('Property "x" does not exist', False),
        ("validProperty", False),
        ("does not exist by property x", False),
    ],
)
def test_the_message_shows_which_errors_are_the_calls(message: str, systemic: bool) -> None:
    assert is_systemic(BatchError("VALIDATION_ERROR", message)) is systemic


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("value a@x.com is not valid", "value b@x.com is not valid"),
        ("id 7 is taken", "id 12 is taken"),
        ("option Ulm is not valid", "option Bonn is not valid"),
        ("option [Neu Ulm] is not valid", "option [Bad Wimpfen] is not valid"),
    ],
)
def test_messages_are_compared_without_the_values_that_they_quote(one: str, other: str) -> None:
    assert general(one, ["Ulm", "Neu Ulm"]) == general(other, ["Bonn", "Bad Wimpfen"])


def test_other_messages_stay_different() -> None:
    assert general("is not valid") != general("is not there")
    assert general("a is not valid", ["a"]) == "a is not valid", "a letter is no value to go by"
