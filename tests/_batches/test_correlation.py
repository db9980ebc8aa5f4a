"""Who a result or an error is for: a table of cases, and the law that position never matters."""

from __future__ import annotations

import gc
import os
import random
import re
import subprocess
import sys
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import plan, result

from hubbatch import BatchError, BatchResponse, BatchStatus, ErrorDetail, ObjectResult, RecordStatus
from hubbatch._batches.correlation import Correlation, correlate
from hubbatch._batches.name_strategy import names_and_matches
from hubbatch._protocol.codec import read_response
from hubbatch._records.planning import Input
from hubbatch._records.spelling import CONTACTS, OTHERS
from hubbatch.endpoints import ARCHIVE, CREATE, READ, UPDATE, UPSERT, Endpoint
from hubbatch.models import NO_ANSWER

S, F, U = RecordStatus.SUCCEEDED, RecordStatus.FAILED, RecordStatus.UNKNOWN


def reply(
    *results: ObjectResult, errors: tuple[BatchError, ...] = (), **fields: Any
) -> BatchResponse:
    return BatchResponse(results=results, errors=errors, num_errors=len(errors), **fields)


def error(message: str = "no", **context: Any) -> BatchError:
    return BatchError("VALIDATION_ERROR", message, context=context)


def ids(correlation: Correlation) -> list[str | None]:
    return [getattr(result, "id", None) for result in correlation.results]


MAILS = [{"email": "a@x.com"}, {"email": "B@x.com"}]
CREATED = plan([{"a": "1"}, {"a": "2"}], CREATE)
UPDATED = plan([{"id": 1, "a": "x"}, {"id": 2, "a": "x"}], UPDATE)
UPSERTED = plan(MAILS, UPSERT, id_property="email")
READ_IDS = plan(["1", "2"], READ)
READ_MAILS = plan(["a@x.com", "B@x.com"], READ, id_property="email")
ARCHIVED = plan(["1", "2"], ARCHIVE)

CASES: list[
    tuple[str, Endpoint, list[Input], BatchResponse, list[tuple[RecordStatus, str | None]]]
] = [
    (
        "create, echoed out of order",
        CREATE,
        CREATED,
        reply(result("9", trace_id="t1"), result("8", trace_id="t0")),
        [(S, "8"), (S, "9")],
    ),
    (
        "create, no echo: by the values sent",
        CREATE,
        CREATED,
        reply(result("9", {"a": "2", "b": "server's"}), result("8", {"a": "1"})),
        [(S, "8"), (S, "9")],
    ),
    (
        "create, no echo: e-mails come back lower-cased, texts trimmed",
        CREATE,
        plan([{"email": "A@x.com"}, {"email": "b@x.com", "n": " x "}], CREATE),
        reply(result("9", {"email": "b@x.com", "n": "x"}), result("8", {"email": "a@x.com"})),
        [(S, "8"), (S, "9")],
    ),
    (
        "create, no echo: texts that differ in case are different",
        CREATE,
        plan([{"a": "x"}, {"a": "X"}], CREATE),
        reply(result("9", {"a": "X"}), result("8", {"a": "x"})),
        [(S, "8"), (S, "9")],
    ),
    (
        "create, no echo: identical inputs are interchangeable",
        CREATE,
        plan([{"a": "1"}, {"a": "1"}], CREATE),
        reply(result("9", {"a": "1"}), result("8", {"a": "1"})),
        [(S, "9"), (S, "8")],
    ),
    (
        "create, no echo: one of two identical inputs is left over",
        CREATE,
        plan([{"a": "1"}, {"a": "1"}], CREATE),
        reply(result("9", {"a": "1"})),
        [(S, "9"), (U, None)],
    ),
    (
        "create, no echo: a result that fits two different inputs is nobody's",
        CREATE,
        plan([{"a": "1"}, {"a": "1", "b": "2"}], CREATE),
        reply(result("9", {"a": "1", "b": "2"})),
        [(U, None), (U, None)],
    ),
    (
        "create, no echo: a sure match settles an ambiguous one",
        CREATE,
        plan([{"a": "1"}, {"a": "1", "b": "2"}], CREATE),
        reply(result("9", {"a": "1", "b": "2"}), result("8", {"a": "1"})),
        [(S, "8"), (S, "9")],
    ),
    (
        "create, no echo: more results than inputs that fit",
        CREATE,
        CREATED,
        reply(result("9", {"a": "1"}), result("8", {"a": "1"})),
        [(U, None), (U, None)],
    ),
    (
        "create, no echo: a result for nobody",
        CREATE,
        CREATED,
        reply(result("9", {"a": "3"}), result("8", {"a": "1"})),
        [(S, "8"), (U, None)],
    ),
    (
        "create, no echo: one result said twice is one",
        CREATE,
        plan([{"a": "1"}, {"a": "1"}], CREATE),
        reply(result("9", {"a": "1"}), result("9", {"a": "1"})),
        [(S, "9"), (U, None)],
    ),
    (
        "create, an error that names the object it collided with",
        CREATE,
        plan([{"ref": "7"}, {"ref": "8"}], CREATE, unique_property="ref"),
        reply(errors=(error(objectWriteTraceId=["t1"], ids=["7"]),)),
        [(U, None), (F, None)],
    ),
    (
        "update, an error by trace id that has another input's id in it",
        UPDATE,
        UPDATED,
        reply(result("2"), errors=(error(objectWriteTraceId=["t0"], ids=["2"]),)),
        [(F, None), (S, "2")],
    ),
    (
        "archive that counts errors it does not list",
        ARCHIVE,
        ARCHIVED,
        attrs.evolve(reply(), num_errors=2),
        [(U, None), (U, None)],
    ),
    (
        "create of one: its only result must hold what it sent, too",
        CREATE,
        CREATED[:1],
        reply(result("8", {"a": "another's"})),
        [(U, None)],
    ),
    (
        "create of one: its only result may be spelled anew",
        CREATE,
        CREATED[:1],
        reply(result("8", {"a": "1.0"})),
        [(S, "8")],
    ),
    (
        "create, no echo: A is left out and B's date is spelled anew: it is B's, and A is in doubt",
        CREATE,
        plan(
            [
                {"name": "x", "day": "2026-01-01T00:00:00.000Z"},
                {"name": "x", "day": "2026-01-02T00:00:00.000Z"},
            ],
            CREATE,
        ),
        reply(result("9", {"name": "x", "day": "2026-01-02T00:00:00Z"})),
        [(U, None), (S, "9")],
    ),
    (
        "create, no echo: a result that holds what only another input sent is not ours",
        CREATE,
        plan([{"name": "x"}, {"name": "x", "phone": "0731 1234"}], CREATE),
        reply(result("9", {"name": "x", "phone": "+49 731 1234"})),
        [(U, None), (U, None)],
    ),
    (
        "create, no echo: what only an input of another result sent does no harm",
        CREATE,
        plan([{"name": "x"}, {"name": "x", "phone": "0731 1234"}], CREATE),
        reply(
            result("9", {"name": "x", "phone": "+49 731 1234"}, "t1"), result("8", {"name": "x"})
        ),
        [(S, "8"), (S, "9")],
    ),
    (
        "create, no echo: two inputs with equal forms claim nothing",
        CREATE,
        plan([{"a": "1"}, {"a": "1.0"}], CREATE),
        reply(result("8", {"a": "1"}), result("9", {"a": "1"})),
        [(U, None), (U, None)],
    ),
    (
        "create, no echo: leading zeros make a difference as long as the service keeps them",
        CREATE,
        plan([{"a": "007"}, {"a": "7"}], CREATE),
        reply(result("8", {"a": "7"}), result("9", {"a": "007"})),
        [(S, "9"), (S, "8")],
    ),
    (
        "upsert, no echo: the unique value is spelled anew",
        UPSERT,
        plan([{"ref": " R\u00e9 "}, {"ref": "007"}, {"ref": "1.50"}], UPSERT, id_property="ref"),
        reply(
            result("7", {"ref": "1.5"}),
            result("8", {"ref": "7"}),
            result("9", {"ref": "Re\u0301"}),
        ),
        [(S, "9"), (S, "8"), (S, "7")],
    ),
    (
        "upsert, no echo: of two unique values with equal forms only a literal one is found",
        UPSERT,
        plan([{"ref": "7"}, {"ref": "007"}], UPSERT, id_property="ref"),
        reply(result("8", {"ref": "7.0"}), result("9", {"ref": "007"})),
        [(U, None), (S, "9")],
    ),
    (
        "upsert by a secondary e-mail address, which is an alias",
        UPSERT,
        UPSERTED,
        reply(
            result("8", {"email": "primary@x.com", "hs_additional_emails": "z@x.com;A@x.com"}),
            result("9", {"email": "b@x.com"}),
        ),
        [(S, "8"), (S, "9")],
    ),
    (
        "create of one: a result with another trace id is not its own",
        CREATE,
        CREATED[:1],
        reply(result("8", {"a": "1"}, trace_id="t7")),
        [(U, None)],
    ),
    (
        "create by a unique property",
        CREATE,
        plan(
            [{"email": "A@x.com", "n": "1"}, {"email": "b@x.com"}], CREATE, unique_property="email"
        ),
        reply(result("9", {"email": "b@x.com"}), result("8", {"email": "a@x.com", "n": "01"})),
        [(S, "8"), (S, "9")],
    ),
    (
        "create, an error by trace id",
        CREATE,
        CREATED,
        reply(result("8", trace_id="t0"), errors=(error(objectWriteTraceId=["t1"]),)),
        [(S, "8"), (F, None)],
    ),
    (
        "create, an error that names nobody",
        CREATE,
        CREATED,
        reply(result("8", trace_id="t0"), errors=(error(),)),
        [(S, "8"), (U, None)],
    ),
    (
        "one input, one error: there is nobody else whom it could mean",
        CREATE,
        CREATED[:1],
        reply(errors=(error(),)),
        [(F, None)],
    ),
    (
        "one input, its result and an error that names nobody: the error is not its own",
        CREATE,
        CREATED[:1],
        reply(result("8", trace_id="t0"), errors=(error(),)),
        [(S, "8")],
    ),
    (
        "update by id",
        UPDATE,
        UPDATED,
        reply(result("2", {"a": "x"}), result("1", {"a": "x"})),
        [(S, "1"), (S, "2")],
    ),
    (
        "update, ids not found in one item",
        UPDATE,
        UPDATED,
        reply(errors=(error(ids=["2", "1"]),)),
        [(F, None), (F, None)],
    ),
    (
        "update, an omitted input",
        UPDATE,
        UPDATED,
        reply(result("2")),
        [(U, None), (S, "2")],
    ),
    (
        "update, a result for nobody, whatever values it has",
        UPDATE,
        UPDATED,
        reply(result("2", {"a": "x"}), result("77", {"a": "x"})),
        [(U, None), (S, "2")],
    ),
    (
        "update of one, answered with another id",
        UPDATE,
        UPDATED[:1],
        reply(result("77")),
        [(U, None)],
    ),
    (
        "an input both in results and in errors",
        UPDATE,
        UPDATED,
        reply(result("1"), result("2"), errors=(error(id="2"),)),
        [(S, "1"), (U, "2")],
    ),
    (
        "the same result twice",
        UPDATE,
        UPDATED,
        reply(result("1"), result("1"), result("2")),
        [(S, "1"), (S, "2")],
    ),
    (
        "two results with different ids for one input",
        UPSERT,
        UPSERTED,
        reply(result("8", trace_id="t0"), result("9", trace_id="t0"), result("7", trace_id="t1")),
        [(U, None), (S, "7")],
    ),
    (
        "upsert by unique value, whose case has changed",
        UPSERT,
        UPSERTED,
        reply(result("9", {"email": "b@x.com"}), result("8", {"email": "a@x.com"})),
        [(S, "8"), (S, "9")],
    ),
    (
        "upsert, an error by unique value",
        UPSERT,
        UPSERTED,
        reply(result("8", {"email": "a@x.com"}), errors=(error(ids=["b@X.com"]),)),
        [(S, "8"), (F, None)],
    ),
    (
        "read by id",
        READ,
        READ_IDS,
        reply(result("2"), result("1")),
        [(S, "1"), (S, "2")],
    ),
    (
        "read of one by id, answered with another id",
        READ,
        READ_IDS[:1],
        reply(result("77")),
        [(U, None)],
    ),
    (
        "read by unique value",
        READ,
        READ_MAILS,
        reply(result("9", {"email": "b@x.com"}), errors=(error(ids=["a@x.com"]),)),
        [(F, None), (S, "9")],
    ),
    (
        "read of one by a secondary e-mail address",
        READ,
        READ_MAILS[:1],
        reply(result("9", {"email": "primary@x.com", "hs_additional_emails": "a@x.com"})),
        [(S, "9")],
    ),
    (
        "read of one by e-mail, answered with somebody else",
        READ,
        READ_MAILS[:1],
        reply(result("9", {"email": "primary@x.com"})),
        [(U, None)],
    ),
    ("archive: silence is success", ARCHIVE, ARCHIVED, reply(), [(S, None), (S, None)]),
    (
        "archive of what is not there has archived it",
        ARCHIVE,
        ARCHIVED,
        reply(errors=(BatchError("OBJECT_NOT_FOUND", "no", context={"ids": ["2"]}),)),
        [(S, None), (S, None)],
    ),
    (
        "archive that is not finished",
        ARCHIVE,
        ARCHIVED,
        reply(status=BatchStatus.PROCESSING),
        [(U, None), (U, None)],
    ),
    (
        "archive with an error",
        ARCHIVE,
        ARCHIVED,
        reply(errors=(error(ids=["2"]),)),
        [(S, None), (F, None)],
    ),
    (
        "archive with an error that names nobody",
        ARCHIVE,
        ARCHIVED,
        reply(errors=(error(),)),
        [(U, None), (U, None)],
    ),
    (
        "archive that the service canceled",
        ARCHIVE,
        ARCHIVED,
        reply(status=BatchStatus.CANCELED),
        [(U, None), (U, None)],
    ),
    (
        "not finished yet",
        UPDATE,
        UPDATED,
        reply(result("1"), status=BatchStatus.PENDING),
        [(S, "1"), (U, None)],
    ),
    (
        "canceled, but with the object as it was written",
        CREATE,
        CREATED,
        reply(result("8", {"a": "1"}, "t0"), status=BatchStatus.CANCELED),
        [(S, "8"), (U, None)],
    ),
]


@pytest.mark.parametrize(
    ("endpoint", "inputs", "response", "verdicts"),
    [pytest.param(*case[1:], id=case[0]) for case in CASES],
)
def test_what_became_of_every_input(
    endpoint: Endpoint,
    inputs: list[Input],
    response: BatchResponse,
    verdicts: list[tuple[RecordStatus, str | None]],
) -> None:
    correlation = correlate(endpoint, inputs, response)
    assert list(zip(correlation.statuses, ids(correlation), strict=True)) == verdicts
    for item, status, cause in zip(inputs, correlation.statuses, correlation.causes, strict=True):
        if status is S:
            assert cause is None
        else:
            assert cause is not None
            assert cause in correlation.errors
            assert item.index in cause.indexes


@pytest.mark.parametrize(
    "naming",
    [
        BatchError("C", "m", context={"objectWriteTraceId": ["t1"]}),
        BatchError("C", "m", context={"objectWriteTraceId": "t1"}),
        BatchError("C", "m", context={"ids": ["2"]}),
        BatchError("C", "m", context={"ids": [2]}),
        BatchError("C", "m", context={"id": "2"}),
        BatchError("C", "m", errors=[ErrorDetail("d", context={"id": ["2"]})]),
    ],
)
def test_an_error_names_its_input_in_many_ways(naming: BatchError) -> None:
    correlation = correlate(UPDATE, UPDATED, reply(result("1"), errors=(naming,)))
    assert correlation.statuses == [S, F]
    assert correlation.errors[0].indexes == (1,)


@pytest.mark.parametrize(
    "nameless",
    [
        BatchError("C", "about 2", id="2"),
        BatchError("C", "m", context={"ids": ["3"]}),
        BatchError("C", "m", context={"propertyName": ["2"]}),
        BatchError("C", "m", errors=[ErrorDetail("d", context="{id=2}")]),
    ],
)
def test_what_is_not_a_name_is_not_taken_for_one(nameless: BatchError) -> None:
    correlation = correlate(UPDATE, UPDATED, reply(errors=(nameless,)))
    assert correlation.statuses == [U, U]
    assert correlation.errors[0].indexes == ()
    assert "names no record" in correlation.errors[1].message


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (reply(result("1")), "^the reply mentions this record neither among its results nor"),
        (reply(result("1"), status=BatchStatus.PENDING), "has not completed.* answered PENDING$"),
        (reply(result("1"), errors=(error("busy"),)), "neither.* names no record: busy$"),
        (
            reply(result("1"), result("8", trace_id="t1"), result("9", trace_id="t1")),
            "contradicts itself about this record: it has several results",
        ),
    ],
)
def test_a_doubt_says_what_it_is_about(response: BatchResponse, reason: str) -> None:
    correlation = correlate(UPDATE, UPDATED, response)
    assert correlation.statuses == [S, U]
    cause = correlation.causes[1]
    assert cause is not None
    assert cause.category == NO_ANSWER
    assert re.search(reason, cause.message)
    assert cause.indexes == (1,)


def test_the_first_error_of_an_input_is_its_own_and_all_are_kept() -> None:
    first, second = error("first", ids=["1"]), error("second", ids=["1", "2"])
    correlation = correlate(UPDATE, UPDATED, reply(errors=(first, second)))
    assert [cause and cause.message for cause in correlation.causes] == ["first", "second"]
    assert [item.indexes for item in correlation.errors] == [(0,), (0, 1)]


def test_followers_are_named_with_their_leader() -> None:
    leader, follower = plan(["1", "1"], READ)
    leader.followers = [follower]
    correlation = correlate(READ, [leader], reply(errors=(error(ids=["1"]),)))
    assert correlation.errors[0].indexes == (0, 1)


@given(
    st.integers(1, 30),
    st.booleans(),
    st.sampled_from([CREATE, UPDATE, UPSERT]),
    st.randoms(use_true_random=False),
)
def test_the_order_of_a_reply_makes_no_difference(
    count: int, echo: bool, endpoint: Endpoint, chance: random.Random
) -> None:
    records = [{"id": number, "ref": f"r{number}", "n": str(number)} for number in range(count)]
    inputs = plan(records, endpoint, id_property="ref" if endpoint is UPSERT else None)
    endings = [chance.choice("sfo") for _ in inputs]
    results, errors = [], []
    for item, ending in zip(inputs, endings, strict=True):
        trace_id = item.wire["objectWriteTraceId"]
        if ending == "s":
            properties = {"ref": f"r{item.index}", **item.wire["properties"]}
            results.append(result(str(item.index), properties, trace_id if echo else None))
        elif ending == "f":
            errors.append(error(objectWriteTraceId=[trace_id]))
    chance.shuffle(results)
    chance.shuffle(errors)
    correlation = correlate(endpoint, inputs, reply(*results, errors=tuple(errors)))
    assert correlation.statuses == [{"s": S, "f": F, "o": U}[ending] for ending in endings]
    assert ids(correlation) == [
        str(index) if ending == "s" else None for index, ending in enumerate(endings)
    ]


RESPELLED = [
    # property, the values that two records sent, and how the service spells them
    ("day", "2026-01-01T12:00:00.000Z", "2026-01-02T12:00:00.000Z", "2026-01-01T12:00:00Z"),
    ("day", "2026-01-01T12:00:00.000Z", "2026-01-02T12:00:00.000Z", "1767268800000"),
    ("day", "2026-01-01", "2026-01-02", "2026-01-01T00:00:00Z"),
    ("amount", "100.0", "200.0", "100"),
    ("amount", "100", "200", "100.00"),
    ("phone", "+49 (731) 12-34", "+49 (731) 12-35", "+497311234"),
    ("domain", "Example.com", "Example.org", "example.com"),
    ("name", " Ada ", " Bob ", "Ada"),
    ("zip", "07311", "07312", "7311"),
    ("name", "e\u0301", "a\u0301", "\u00e9"),
    ("options", "b;a", "b;c", "a;b"),
    ("email", "A@x.com", "B@x.com", "a@x.com"),
]


@pytest.mark.parametrize(("name", "ours", "others", "held"), RESPELLED)
@pytest.mark.parametrize("first", [True, False])
def test_a_created_records_values_may_be_spelled_anew(
    name: str, ours: str, others: str, held: str, first: bool
) -> None:
    records = [{name: ours, "n": "x"}, {name: others, "n": "x"}]
    inputs = plan(records if first else records[::-1], CREATE)
    correlation = correlate(CREATE, inputs, reply(result("8", {name: held, "n": "x"})))
    assert ids(correlation) == (["8", None] if first else [None, "8"])


@pytest.mark.parametrize(("name", "ours", "others", "held"), RESPELLED)
@pytest.mark.parametrize("endpoint", [UPDATE, UPSERT, READ])
def test_a_unique_value_may_be_spelled_anew(
    endpoint: Endpoint, name: str, ours: str, others: str, held: str
) -> None:
    values: list[Any] = [ours, others]
    if endpoint is not READ:
        values = [{name: value} for value in values]
    inputs = plan(values, endpoint, id_property=name)
    correlation = correlate(endpoint, inputs, reply(result("8", {name: held})))
    assert correlation.statuses == [S, U]


def test_the_e_mails_of_other_types_have_case() -> None:
    inputs = plan([{"email": "A"}, {"email": "a"}], CREATE)
    answer = reply(result("8", {"email": "a"}), result("9", {"email": "A"}))
    assert ids(correlate(CREATE, inputs, answer, OTHERS)) == ["9", "8"]
    lowered = reply(result("8", {"email": "a"}), result("9", {"email": "a"}))
    assert ids(correlate(CREATE, inputs, lowered, OTHERS)) == [None, None]


SEVERAL_NAMES = [
    {"id": "7", "properties": {"a": "x"}},
    {"id": "r", "idProperty": "ref", "properties": {"a": "x"}},
    {"id": "c", "idProperty": "code", "properties": {"a": "x"}},
    {"id": "e", "idProperty": "extra", "properties": {"a": "x"}},
]


def test_one_object_under_several_names_is_given_out_in_the_order_of_the_inputs() -> None:
    """Each of them has its result; which one, does not depend on the hashes of a process."""
    one: dict[str, str | None] = {"ref": "r", "code": "c", "extra": "e", "a": "x"}
    inputs = plan(SEVERAL_NAMES, UPDATE)
    correlation = correlate(UPDATE, inputs, reply(*[result("7", one)] * 4))
    assert correlation.statuses == [S] * 4
    once = correlate(UPDATE, inputs, reply(result("7", one)))
    assert once.statuses == [U] * 4, (
        "one result for several writes belongs to none of them for sure"
    )


_MIXED = """
import sys
sys.path[:0] = {path!r}
from support import plan, result
from hubbatch import BatchResponse
from hubbatch._batches.correlation import correlate
from hubbatch.endpoints import UPDATE
inputs = plan({records!r}, UPDATE)
one = {{"ref": "r", "code": "c", "extra": "e"}}
correlation = correlate(UPDATE, inputs, BatchResponse(results=[result("9", one), result("7", one)]))
print([item and item.id for item in correlation.results], [str(status) for status in correlation.statuses])
"""


def test_mixed_names_are_correlated_the_same_way_in_every_process() -> None:
    code = _MIXED.format(path=sys.path, records=SEVERAL_NAMES)
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in range(4)
    }
    assert len(said) == 1


def built() -> int:
    """Return how many results there are as objects."""
    gc.collect()
    return sum(type(item) is ObjectResult for item in gc.get_objects())


@pytest.mark.parametrize("echoed", [True, False])
def test_a_create_whose_results_tell_all_is_correlated_without_building_them(
    *, echoed: bool
) -> None:
    inputs = plan([{"a": f"{number}", "b": "" if number else "x"} for number in range(9)], CREATE)
    values: list[dict[str, Any]] = [
        {"id": f"7{number}", "properties": {**item.properties, "b": item.properties["b"] or None}}
        for number, item in enumerate(inputs)
    ]
    if echoed:
        for value, item in zip(values, inputs, strict=True):
            value["objectWriteTraceId"] = item.trace_id
    values.reverse()
    response = read_response({"results": values}, len(inputs))
    assert response is not None
    before = built()
    correlation = correlate(CREATE, inputs, response)
    assert built() == before
    assert correlation.statuses == [S] * 9
    assert ids(correlation) == [f"7{number}" for number in range(9)]


@given(st.data())
def test_results_that_are_not_built_are_correlated_like_others(data: st.DataObject) -> None:
    texts = st.sampled_from(["", "1", "2", "1.0"])
    records = data.draw(
        st.lists(st.fixed_dictionaries({"a": texts}, optional={"b": texts}), min_size=1, max_size=4)
    )
    unique = data.draw(st.none() | st.just("a"))
    inputs = plan(records, CREATE, unique_property=unique)
    found = st.fixed_dictionaries(
        {
            "id": st.sampled_from(["7", "8", "9", "10", ""]),
            "properties": st.fixed_dictionaries({"a": texts | st.none()}, optional={"b": texts}),
        },
        optional={"objectWriteTraceId": st.sampled_from(["t0", "t1", "t7"])},
    )
    values = data.draw(st.lists(found, min_size=1, max_size=4))
    response = read_response({"results": values}, len(inputs))
    assert response is not None
    correlation = correlate(CREATE, inputs, response)
    _, matches = names_and_matches(CREATE, inputs, response, CONTACTS)
    matched = matches.results
    assert list(correlation.results) == [matched.get(position) for position in range(len(inputs))]
