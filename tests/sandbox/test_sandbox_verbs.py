"""What the batch endpoints do and say, fact by fact."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_driver import Driver, ids, keyed, new

VERSIONS = ["v3", "objects/v3", "2025-09", "2026-03", "2026-09", "2026-09-beta"]


@pytest.mark.parametrize("version", VERSIONS)
def test_all_five_verbs_work_in_all_path_forms(version: str) -> None:
    driver = Driver()
    created = driver.batch("create", [new("t", email="a@b.c")], version=version)
    key = created.results[0]["id"]
    assert created.status == 201
    assert created.body["status"] == "COMPLETE"
    assert {"startedAt", "completedAt"} <= created.body.keys()
    updated = driver.batch("update", [keyed(key, phone="1")], version=version)
    assert (updated.status, updated.results[0]["properties"]["phone"]) == (200, "1")
    upserted = driver.batch("upsert", [keyed("a@b.c", by="email", phone="2")], version=version)
    assert (upserted.status, upserted.results[0]["new"]) == (200, False)
    read = driver.batch("read", ids(key), more={"properties": ["phone"]}, version=version)
    assert (read.status, read.results[0]["properties"]["phone"]) == (200, "2")
    archived = driver.batch("archive", ids(key), version=version)
    assert (archived.status, archived.answer.body) == (204, b"")
    assert "Content-Type" not in archived.headers
    assert driver.service.objects("contacts")[key].archived


def test_a_result_has_the_fields_of_the_reference() -> None:
    result = Driver().batch("create", [new("t", email="a@b.c")]).results[0]
    assert result.keys() == {
        *("id", "properties", "createdAt", "updatedAt", "archived", "objectWriteTraceId")
    }


def test_a_create_can_answer_200() -> None:
    assert Driver(create_status=200).batch("create", [new(phone="1")]).status == 200


def test_trace_ids_are_echoed_or_not() -> None:
    assert Driver().batch("create", [new("t", a="1")]).results[0]["objectWriteTraceId"] == "t"
    silent = Driver(echo_trace_ids=False).batch("create", [new("t", a="1")])
    assert "objectWriteTraceId" not in silent.results[0]


def test_results_are_permuted_by_seed() -> None:
    def order(**options: Any) -> list[str]:
        reply = Driver(**options).batch("create", [new(n=str(number)) for number in range(30)])
        return [result["properties"]["n"] for result in reply.results]

    in_order = [str(number) for number in range(30)]
    assert order(shuffle=False) == in_order
    assert order(shuffle=True) != in_order
    assert sorted(order(shuffle=True), key=int) == in_order
    assert order(shuffle=True, seed=1) == order(shuffle=True, seed=1)
    assert order(shuffle=True, seed=1) != order(shuffle=True, seed=2)


@pytest.mark.parametrize(("verb", "most"), [("create", 100), ("read", 100), ("archive", 100)])
def test_one_input_too_many_is_refused(verb: str, most: int) -> None:
    inputs = [{"id": str(number), "properties": {}} for number in range(most + 1)]
    driver = Driver()
    assert driver.batch(verb, inputs[:most]).status in {201, 204, 207}
    refused = driver.batch(verb, inputs)
    assert (refused.status, refused.body["category"]) == (400, "VALIDATION_ERROR")


def test_a_read_with_history_takes_50_inputs() -> None:
    driver = Driver()
    more = {"propertiesWithHistory": ["phone"]}
    keys = [driver.add() for _ in range(51)]
    assert len(driver.batch("read", ids(*keys[:50]), more=more).results) == 50
    assert driver.batch("read", ids(*keys), more=more).status == 400


@pytest.mark.parametrize("verb", ["create", "update", "upsert", "read"])
def test_a_body_without_inputs_is_complete_with_nothing_done(verb: str) -> None:
    driver = Driver()
    reply = driver.batch(verb)
    assert reply.body["status"] == "COMPLETE"
    assert reply.results == []
    assert not driver.service.writes


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"inputs":{}}',
        b'{"inputs":[7]}',
        b'{"inputs":[{}]}',
        b'{"inputs":[{"properties":[]}]}',
        b'{"inputs":[{"properties":{"a":1}}]}',
        b'{"inputs":[{"properties":{"a":true}}]}',
        b'{"inputs":[{"properties":{"a":null}}]}',
        b'{"inputs":[{"properties":{"a":{"b":"c"}}}]}',
        b'{"inputs":[{"properties":{},"objectWriteTraceId":7}]}',
        b'{"inputs":[{"properties":{},"associations":[{"to":{"id":"1"}}]}]}',
        b'{"inputs":[{"properties":{},"associations":["7"]}]}',
        b'{"inputs":[{"properties":{},"associations":[{"to":{"id":7},"types":[]}]}]}',
    ],
)
def test_a_malformed_body_is_refused_as_a_whole(body: bytes) -> None:
    reply = Driver().send("/crm/v3/objects/contacts/batch/create", body)
    assert (reply.status, reply.body["category"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("verb", "item"),
    [
        ("read", {}),
        ("read", {"id": True}),
        ("read", {"id": 7.0}),
        ("archive", {"id": ""}),
        ("update", {"id": "7"}),
        ("upsert", {"id": "a@b.c", "properties": {}}),
    ],
)
def test_an_input_that_lacks_a_field_is_refused(verb: str, item: dict[str, Any]) -> None:
    assert Driver().batch(verb, [item]).status == 400


def test_an_id_may_be_a_number() -> None:
    driver = Driver()
    key = driver.add(phone="1")
    read = driver.batch("read", [{"id": int(key)}])
    assert [result["id"] for result in read.results] == [key]
    missing = driver.batch("update", [{"id": 7, "properties": {"phone": "2"}}])
    assert missing.errors[0]["context"] == {"ids": ["7"]}
    target = {"id": int(key)}
    kinds = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    linked = new(phone="1") | {"associations": [{"to": target, "types": kinds}]}
    assert driver.batch("create", [linked]).status == 201


def test_a_list_of_properties_must_hold_names() -> None:
    assert Driver().batch("read", ids("7"), more={"properties": [1]}).status == 400


# Partial success


def test_one_bad_create_without_trace_ids_rejects_the_batch() -> None:
    driver = Driver()
    reply = driver.batch("create", [new(phone="1"), new(email="nonsense")])
    assert (reply.status, reply.body["category"]) == (400, "VALIDATION_ERROR")
    words, _, items = reply.body["message"].partition(": ")
    assert words == "Property values were not valid"
    assert json.loads(items) == [
        {
            "isValid": False,
            "message": "email value nonsense is not a valid e-mail address",
            "error": "INVALID_EMAIL",
            "name": "email",
        }
    ]
    assert reply.errors[0]["code"] == "INVALID_EMAIL"
    assert not driver.service.objects("contacts")


@pytest.mark.parametrize("traces", [("t1", None), ("t1", "t1")])
def test_trace_ids_must_be_on_every_input_and_unique(traces: tuple[str, str | None]) -> None:
    driver = Driver()
    reply = driver.batch("create", [new(traces[0], phone="1"), new(traces[1], email="nonsense")])
    assert reply.status == 400
    assert not driver.service.objects("contacts")


@pytest.mark.parametrize("verb", ["create", "upsert"])
def test_with_trace_ids_the_good_records_are_written_and_the_bad_named(verb: str) -> None:
    driver = Driver()
    driver.service.declare_strict("contacts", ["phone"])
    inputs = [
        keyed("a@b.c", "t1", by="email", phone="1"),
        keyed("b@b.c", "t2", by="email", fone="2"),
        keyed("c@b.c", "t3", by="email", phone="3"),
    ]
    reply = driver.batch(verb, inputs)
    assert reply.status == 207
    assert {result["objectWriteTraceId"] for result in reply.results} == {"t1", "t3"}
    (error,) = reply.errors
    assert error["context"] == {"objectWriteTraceId": ["t2"]}
    assert error["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"
    assert reply.body["numErrors"] == 1
    assert len(driver.service.objects("contacts")) == 2


def test_one_bad_upsert_without_trace_ids_rejects_the_batch() -> None:
    driver = Driver()
    inputs = [keyed("a@b.c", by="email"), keyed("b@b.c", by="email", hs_object_id="7")]
    reply = driver.batch("upsert", inputs)
    assert (reply.status, reply.errors[0]["code"]) == (400, "READ_ONLY_VALUE")
    assert not driver.service.objects("contacts")


def test_an_update_has_partial_success_without_opting_in() -> None:
    driver = Driver()
    good, bad = driver.add(email="a@b.c"), driver.add(email="b@b.c")
    inputs = [keyed(good, phone="1"), keyed(bad, email="nonsense")]
    reply = driver.batch("update", inputs)
    assert reply.status == 207
    assert [result["id"] for result in reply.results] == [good]
    assert reply.errors[0]["context"] == {"ids": [bad]}
    traced = driver.batch("update", [keyed(bad, "t", email="nonsense")])
    assert traced.errors[0]["context"] == {"objectWriteTraceId": ["t"]}


def test_an_update_can_be_made_to_reject_the_whole_batch() -> None:
    driver = Driver(update_rejects_whole_batch=True)
    good, bad = driver.add(email="a@b.c"), driver.add(email="b@b.c")
    reply = driver.batch(
        "update", [keyed(good, "t1", phone="1"), keyed(bad, "t2", email="nonsense")]
    )
    assert reply.status == 400
    assert driver.service.objects("contacts")[good].writes == 1


@pytest.mark.parametrize("kind", ["notes", "tasks", "calls", "meetings"])
def test_notes_tasks_calls_and_meetings_require_a_timestamp(kind: str) -> None:
    driver = Driver()
    refused = driver.batch("create", [new(hs_body="x")], kind=kind)
    assert refused.errors[0]["context"] == {"properties": ["hs_timestamp"]}
    key = driver.add(kind, hs_timestamp="1")
    assert driver.batch("update", [keyed(key, hs_body="x")], kind=kind).status == 200


def test_unknown_properties_are_refused_once_a_type_is_strict() -> None:
    driver = Driver()
    assert driver.batch("create", [new(anything="1")]).status == 201
    driver.service.declare_strict("contacts", ["phone"])
    refused = driver.batch("create", [new(anything="1")])
    assert refused.errors == [
        {
            "message": 'Property "anything" does not exist',
            "code": "PROPERTY_DOESNT_EXIST",
            "context": {"propertyName": ["anything"]},
        }
    ]
    driver.service.define_property("0-1", "anything")
    assert driver.batch("create", [new(anything="1", email="a@b.c")]).status == 201


# Identity


@pytest.mark.parametrize("verb", ["update", "upsert", "read", "archive"])
def test_a_duplicate_id_rejects_the_batch_with_or_without_trace_ids(verb: str) -> None:
    driver = Driver()
    key = driver.add(email="a@b.c")
    inputs = [
        keyed("a@b.c", "t1", by="email", phone="1"),
        keyed("x@b.c", "t2", by="email", phone="2"),
        keyed("A@B.C", "t3", by="email", phone="3"),
    ]
    reply = driver.batch(verb, inputs)
    assert (reply.status, reply.body["category"]) == (400, "VALIDATION_ERROR")
    assert (
        reply.body["message"] == "Duplicate IDs found in batch input: [a@b.c]. IDs must be unique"
    )
    assert reply.body["context"] == {"ids": ["a@b.c"]}
    assert driver.service.objects("contacts")[key].writes == 1
    assert len(driver.service.objects("contacts")) == 1


def test_only_emails_are_compared_without_case() -> None:
    driver = Driver()
    driver.service.define_property("deals", "ref", unique=True)
    reply = driver.batch("upsert", [keyed("d", by="ref"), keyed("D", by="ref")], kind="deals")
    assert len(reply.results) == 2


@pytest.mark.parametrize("verb", ["update", "upsert", "read"])
@pytest.mark.parametrize("name", ["domain", "hs_object_id", "nonsense"])
def test_an_id_property_that_is_not_unique_is_refused(verb: str, name: str) -> None:
    reply = Driver(portal_id=77).batch(verb, [keyed("a.com", "t", by=name)], kind="companies")
    assert reply.status == 400
    assert reply.body["message"] == (
        f"Unable to perform {verb} by non-unique 0-2 property {name} in portal ID 77"
    )


def test_an_upsert_creates_once_and_then_updates() -> None:
    driver = Driver()
    first = driver.batch("upsert", [keyed("Ada@B.c", by="email", phone="1")])
    second = driver.batch("upsert", [keyed("aDa@b.c", by="email", phone="2")])
    assert [first.results[0]["new"], second.results[0]["new"]] == [True, False]
    assert first.results[0]["id"] == second.results[0]["id"]
    assert second.results[0]["properties"]["email"] == "ada@b.c"


def test_an_update_can_go_by_a_unique_property() -> None:
    driver = Driver()
    key = driver.add(email="a@b.c")
    reply = driver.batch("update", [keyed("A@b.c", by="email", phone="1")])
    assert reply.results[0]["id"] == key
    assert reply.results[0]["properties"]["email"] == "a@b.c"


def test_ids_not_found_share_one_error_item() -> None:
    driver = Driver()
    key = driver.add()
    for reply in (
        driver.batch(
            "update", [keyed(key, phone="1"), keyed("7", phone="1"), keyed("8", phone="1")]
        ),
        driver.batch("read", ids(key, "7", "8")),
    ):
        assert reply.status == 207
        assert [result["id"] for result in reply.results] == [key]
        assert reply.body["numErrors"] == 1
        assert reply.errors[0]["category"] == "OBJECT_NOT_FOUND"
        assert reply.errors[0]["context"] == {"ids": ["7", "8"]}


def test_an_upsert_never_answers_not_found_and_an_update_by_email_does() -> None:
    reply = Driver().batch("update", [keyed("a@b.c", by="email", phone="1")])
    assert reply.errors[0]["context"] == {"ids": ["a@b.c"]}


def test_a_read_that_finds_nothing_answers_207_or_404() -> None:
    reply = Driver().batch("read", ids("7"))
    assert (reply.status, reply.results) == (207, [])
    refused = Driver(missing_read_status=404).batch("read", ids("7"))
    assert (refused.status, refused.body["category"]) == (404, "OBJECT_NOT_FOUND")
    assert refused.body["context"] == {"ids": ["7"]}


def test_archive_answers_204_for_ids_that_do_not_exist() -> None:
    assert Driver().batch("archive", ids("7", "nonsense")).status == 204


def test_merged_away_and_bad_ids_are_passed_over_in_silence() -> None:
    driver = Driver()
    gone, kept = driver.add(email="a@b.c"), driver.add()
    driver.service.merge("contacts", gone, kept)
    for reply in (
        driver.batch("read", ids(gone, kept, "nonsense")),
        driver.batch("update", [keyed(key, phone="1") for key in (gone, kept, "nonsense")]),
    ):
        assert reply.status == 200
        assert [result["id"] for result in reply.results] == [kept]
        assert "errors" not in reply.body
    assert driver.batch("archive", ids(gone)).status == 204
    assert not driver.service.objects("contacts")[kept].archived


# Conflicts


def test_a_conflict_without_trace_ids_is_a_409_that_names_the_holder() -> None:
    driver = Driver()
    key = driver.add(email="a@b.c")
    reply = driver.batch("create", [new(phone="1"), new(email="A@b.c")])
    assert (reply.status, reply.body["category"]) == (409, "CONFLICT")
    assert reply.body["message"] == f"Contact already exists. Existing ID: {key}"
    assert len(driver.service.objects("contacts")) == 1


def test_the_holder_of_a_conflict_may_be_missing() -> None:
    driver = Driver(name_existing_id=False)
    driver.add("companies", ref="1")
    driver.service.define_property("companies", "ref", unique=True)
    reply = driver.batch("create", [new(ref="1")], kind="companies")
    assert reply.body["message"] == "Company already exists."


def test_with_trace_ids_a_conflict_is_an_error_item() -> None:
    driver = Driver()
    driver.add(email="a@b.c")
    reply = driver.batch("create", [new("t1", phone="1"), new("t2", email="a@b.c")])
    assert reply.status == 207
    assert reply.errors[0]["category"] == "CONFLICT"
    assert reply.errors[0]["context"] == {"objectWriteTraceId": ["t2"]}


def test_two_creates_of_one_email_conflict_with_each_other() -> None:
    driver = Driver()
    reply = driver.batch("create", [new("t1", email="a@b.c"), new("t2", email="A@B.C")])
    assert reply.errors[0]["context"] == {"objectWriteTraceId": ["t2"]}
    assert len(driver.service.objects("contacts")) == 1


@pytest.mark.parametrize("verb", ["create", "upsert"])
def test_a_conflict_can_reject_the_whole_batch_even_with_trace_ids(verb: str) -> None:
    driver = Driver(conflicts_reject_batch=True)
    driver.service.define_property("contacts", "ref", unique=True)
    driver.add(email="a@b.c", ref="1")
    inputs = [keyed("2", "t1", by="ref", email="b@b.c"), keyed("3", "t2", by="ref", email="a@b.c")]
    assert driver.batch(verb, inputs).status == 409
    assert len(driver.service.objects("contacts")) == 1


def test_an_update_may_not_take_the_email_of_another() -> None:
    driver = Driver()
    driver.add(email="a@b.c")
    key = driver.add(email="b@b.c")
    reply = driver.batch("update", [keyed(key, email="a@b.c")])
    assert reply.errors[0]["category"] == "CONFLICT"
    assert driver.batch("update", [keyed(key, email="B@b.c")]).status == 200


# Reads


def test_a_read_shows_what_was_asked_for_and_what_the_server_made() -> None:
    driver = Driver()
    key = driver.add(email="a@b.c", phone="1", firstname="Ada")
    made = {"hs_object_id", "createdate", "lastmodifieddate"}
    asked = driver.batch("read", ids(key), more={"properties": ["phone", "nothing"]})
    assert asked.results[0]["properties"].keys() == {"phone", *made}
    default = driver.batch("read", ids(key))
    assert default.results[0]["properties"].keys() == {"email", "firstname", "lastname", *made}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_defined_property_without_a_value_is_null_and_an_undefined_one_left_out(
    version: str,
) -> None:
    driver = Driver()
    driver.service.define_property("contacts", "score")
    key, _ = driver.add(email="a@b.c", phone="1"), driver.add(seen_elsewhere="1")
    driver.batch("update", [keyed(key, phone="")])
    names = ["email", "phone", "score", "seen_elsewhere", "lastname", "nothing"]
    (result,) = driver.batch("read", ids(key), more={"properties": names}, version=version).results
    shown = {name: value for name, value in result["properties"].items() if name in names}
    assert shown == {
        "email": "a@b.c",
        **dict.fromkeys(["phone", "score", "seen_elsewhere", "lastname"]),
    }


def test_of_a_strict_type_the_declared_properties_are_defined() -> None:
    driver = Driver()
    key = driver.add(phone="1")
    driver.service.declare_strict("contacts", ["fax"])
    more = {"properties": ["fax", "firstname"]}
    (result,) = driver.batch("read", ids(key), more=more).results
    assert result["properties"]["fax"] is None
    assert "firstname" not in result["properties"]


def test_a_read_by_a_unique_property_shows_that_property() -> None:
    driver = Driver()
    driver.add(email="a@b.c")
    more = {"idProperty": "email", "properties": ["phone"]}
    (result,) = driver.batch("read", ids("A@b.c"), more=more).results
    assert result["properties"]["email"] == "a@b.c"


def test_archived_records_are_read_only_when_asked_for() -> None:
    driver = Driver()
    key, live = driver.add(email="a@b.c"), driver.add()
    driver.batch("archive", ids(key), at=1.0)
    assert driver.batch("read", ids(key)).results == []
    (result,) = driver.batch("read", ids(key, live), query={"archived": "true"}).results
    assert (result["id"], result["archived"]) == (key, True)
    assert result["archivedAt"] == "2026-01-01T00:00:01.000Z"
    assert driver.batch("read", ids(key), query={"archived": "True"}).results == [result]
    by_email = driver.batch(
        "read", ids("A@b.c"), more={"idProperty": "email"}, query={"archived": "true"}
    )
    assert [result["id"] for result in by_email.results] == [key]


def test_an_archived_record_is_not_updated_and_its_email_is_free() -> None:
    driver = Driver()
    key = driver.add(email="a@b.c")
    driver.batch("archive", ids(key))
    assert (
        driver.batch("update", [keyed(key, phone="1")]).errors[0]["category"] == "OBJECT_NOT_FOUND"
    )
    assert driver.batch("upsert", [keyed("a@b.c", by="email")]).results[0]["new"] is True


def test_a_read_with_history_lists_values_newest_first() -> None:
    driver = Driver()
    key = driver.add(phone="1")
    driver.batch("update", [keyed(key, phone="2")], at=1.0)
    driver.batch("update", [keyed(key, fax="3")], at=2.0)
    driver.batch("update", [keyed(key, phone="")], at=3.0)
    (result,) = driver.batch("read", ids(key), more={"propertiesWithHistory": ["phone"]}).results
    history = result["propertiesWithHistory"]["phone"]
    assert [entry["value"] for entry in history] == ["", "2", "1"]
    assert history[1]["timestamp"] == "2026-01-01T00:00:01.000Z"


def test_history_is_bounded() -> None:
    driver = Driver()
    key = driver.add(phone="0")
    for number in range(30):
        driver.batch("update", [keyed(key, phone=str(number))])
    assert len(driver.service.objects("contacts")[key].history) == 20


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_answers_alike(version: str) -> None:
    driver = Driver()
    reply = driver.batch("create", [new("t1", a="1"), new("t2", email="x")], version=version)
    assert (reply.status, reply.body["numErrors"]) == (207, 1)
    assert driver.batch("read", ids("7"), version=version).status == 207
    assert driver.batch("create", [new(phone=None)], version=version).status == 400


# Variety


def test_replies_vary_but_errors_stay_named() -> None:
    driver = Driver(noise=True)
    seen: set[str] = set()
    for number in range(200):
        reply = driver.batch(
            "create", [new(f"a{number}", a="1"), new(f"b{number}", email="x")], version="2026-09"
        )
        seen |= reply.body.keys() | reply.errors[0].keys() | reply.results[0].keys()
        seen |= {f"no {name}" for name in ("startedAt", "numErrors") if name not in reply.body}
        seen |= {f"no {name}" for name in ("errors", "links") if name not in reply.errors[0]}
        assert reply.errors[0]["context"] == {"objectWriteTraceId": [f"b{number}"]}
    assert seen >= {
        "requestedAt",
        "executionDetails",
        "warnings",
        "url",
        "links",
        "subCategory",
        "id",
    }
    assert seen >= {"no startedAt", "no numErrors", "no errors", "no links"}
    assert "warnings" not in reply.body


def test_the_context_of_an_errors_details_is_text_only_when_asked_for() -> None:
    for asked, context in ((False, {"propertyName": ["email"]}), (True, "{propertyName=[email]}")):
        reply = Driver(string_contexts=asked).batch("create", [new("t", email="x")])
        assert reply.errors[0]["errors"][0]["context"] == context


def test_the_same_seed_and_requests_give_the_same_answers() -> None:
    def play(seed: int) -> list[bytes]:
        driver = Driver(seed=seed, shuffle=True, noise=True, latency=(0.1, 0.2), faults="nasty")
        generator = random.Random(7)
        answers = []
        for number in range(60):
            verb = generator.choice(["create", "upsert"])
            inputs = [keyed(f"{number}-{n}@b.c", by="email", n=str(n)) for n in range(5)]
            answer = driver.batch(verb, inputs, at=float(number)).answer
            answers.append(answer.body + repr(answer).encode())
        return answers

    assert play(3) == play(3)
    assert play(3) != play(4)


# Conservation

EMAILS = st.sampled_from(["a@b.c", "A@b.c", "b@b.c", "nonsense", "c@b.c", ""])


@given(
    st.lists(EMAILS, min_size=1, max_size=8),
    st.sampled_from(["traced", "plain"]),
    st.integers(0, 99),
)
def test_every_create_is_either_written_or_refused(
    emails: list[str],
    mode: str,
    seed: int,
) -> None:
    driver = Driver(shuffle=True, noise=True, seed=seed)
    driver.add(email="b@b.c")
    traces = [f"t{number}" for number in range(len(emails))]
    inputs = [
        new(trace if mode == "traced" else None, email=email)
        for trace, email in zip(traces, emails, strict=True)
    ]
    reply = driver.batch("create", inputs)
    written = {
        stored.trace_id: stored.id
        for stored in driver.service.objects("contacts").values()
        if stored.created_by == 1
    }
    if reply.status in {400, 409}:
        assert not written
    elif mode == "traced":
        assert {item["objectWriteTraceId"]: item["id"] for item in reply.results} == written
        refused = [item["context"]["objectWriteTraceId"] for item in reply.errors]
        assert sorted(sum(refused, [*written])) == traces
    else:
        assert reply.status == 201
        assert len(reply.results) == len(emails)
    held = [
        stored.properties.get("email") for stored in driver.service.objects("contacts").values()
    ]
    unique = [email for email in held if email]
    assert len(unique) == len(set(unique))
