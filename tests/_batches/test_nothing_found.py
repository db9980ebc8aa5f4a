"""Errors that say that there is nothing to be read become results with an empty list."""

from __future__ import annotations

from typing import Any

import pytest
from support import plan

from hubbatch import BatchError, BatchResponse, RowResult
from hubbatch._batches.nothing_found import with_empty_results
from hubbatch.endpoints import READ
from hubbatch.endpoints.associations import ASSOCIATIONS_CREATE, ASSOCIATIONS_READ

CODE = "crm.associations.NO_ASSOCIATIONS_FOUND"


def nothing(*ids: str, code: Any = CODE) -> BatchError:
    context = {"fromObjectId": [*ids]} if ids else {}
    return BatchError("OBJECT_NOT_FOUND", "No company", sub_category=code, context=context)


def empty(key: str) -> RowResult:
    return RowResult({"from": {"id": key}, "to": []})


def response_of(*errors: BatchError, inputs: int = 3, **more: Any) -> BatchResponse:
    asked = plan([str(number) for number in range(inputs)], ASSOCIATIONS_READ)
    response = BatchResponse(errors=[*errors], num_errors=len(errors), **more)
    return with_empty_results(ASSOCIATIONS_READ, asked, response)


def test_each_that_is_named_gets_an_empty_result_and_the_error_is_gone() -> None:
    other = BatchError("VALIDATION_ERROR", "no", context={"id": ["2"]})
    found = RowResult({"from": {"id": "9"}, "to": [{"toObjectId": 1}]})
    response = response_of(nothing("0"), other, nothing("1"), rows=[found])
    assert response.rows == [found, empty("0"), empty("1")]
    assert (response.errors, response.num_errors) == ([other], 1)


def test_one_error_may_name_several() -> None:
    assert response_of(nothing("0", "1")).rows == [empty("0"), empty("1")]


def test_one_that_names_nobody_is_for_an_input_that_is_alone() -> None:
    assert response_of(nothing(), inputs=1).rows == [empty("0")]
    response = response_of(nothing(), inputs=2)
    assert (response.rows, response.errors) == ([], [nothing()])


@pytest.mark.parametrize("code", [None, "crm.associations.OTHER", {"name": CODE}, 7])
def test_any_other_error_stays_one(code: Any) -> None:
    response = response_of(nothing("0", code=code), inputs=1)
    assert (response.rows, response.num_errors) == ([], 1)


@pytest.mark.parametrize("endpoint", [READ, ASSOCIATIONS_CREATE])
def test_other_endpoints_are_left_alone(endpoint: Any) -> None:
    response = BatchResponse(errors=[nothing("0")], num_errors=1)
    assert with_empty_results(endpoint, [], response) is response
