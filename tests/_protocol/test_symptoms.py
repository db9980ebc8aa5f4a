"""The table of symptoms is total, and every row of it is what some reply says."""

from __future__ import annotations

import pytest

from hubbatch._protocol.diagnosis import diagnose
from hubbatch._protocol.exchange import NoReply, Reply
from hubbatch._protocol.symptoms import SYMPTOMS, Action, Proof, Row, Sign, Symptom
from hubbatch.endpoints import UPDATE
from hubbatch.errors import TransportError

WORDS = b'{"status":"error","category":"C","message":"m","correlationId":"i"}'

REPLIES: dict[Symptom, Reply | NoReply] = {
    Symptom.ANSWERED: Reply(200, {}, b'{"status":"COMPLETE"}'),
    Symptom.UNREADABLE: Reply(200, {}, b"<html>"),
    Symptom.NOT_SENT: NoReply(sent=False, reason="refused"),
    Symptom.LOST: NoReply(sent=True, reason="lost"),
    Symptom.SERVER_ERROR: Reply(500),
    Symptom.GATEWAY_ERROR: Reply(502),
    Symptom.UNAVAILABLE: Reply(503),
    Symptom.LOCKED: Reply(423),
    Symptom.FRONT_TIMEOUT: Reply(408),
    Symptom.FRONT_REFUSED: Reply(400, {}, b"<html>"),
    Symptom.FRONT_FORBIDDEN: Reply(403, {}, b"<html>"),
    Symptom.NOT_FORWARDED: Reply(405),
    Symptom.RATE_LIMITED: Reply(429),
    Symptom.DAILY_LIMIT: Reply(429, {}, b'{"policyName":"DAILY"}'),
    Symptom.MIGRATING: Reply(477),
    Symptom.TOKEN_EXPIRED: Reply(401, {}, b'{"category":"EXPIRED_AUTHENTICATION"}'),
    Symptom.UNAUTHENTICATED: Reply(401),
    Symptom.FORBIDDEN: Reply(403, {}, WORDS),
    Symptom.NOTHING_FOUND: Reply(404, {}, b'{"category":"OBJECT_NOT_FOUND"}'),
    Symptom.WRONG_PATH: Reply(404),
    Symptom.REJECTED: Reply(400, {}, WORDS),
    Symptom.TOO_LARGE: Reply(413),
    Symptom.ORIGIN_TROUBLE: Reply(522),
    Symptom.REDIRECTED: Reply(302),
}


def test_every_symptom_has_its_row_and_a_reply_that_shows_it() -> None:
    assert SYMPTOMS.keys() == REPLIES.keys() == set(Symptom)


@pytest.mark.parametrize("symptom", Symptom)
def test_every_reply_shows_its_symptom(symptom: Symptom) -> None:
    assert diagnose(UPDATE, REPLIES[symptom]).symptom is symptom


def test_every_action_and_every_sign_has_a_row() -> None:
    said = {row.action for row in SYMPTOMS.values()} | {row.at_last for row in SYMPTOMS.values()}
    assert said == set(Action)
    assert {row.sign for row in SYMPTOMS.values()} == set(Sign)
    assert {row.proof for row in SYMPTOMS.values()} == set(Proof)


AGAIN = {Action.RETRY, Action.HOLD, Action.REFRESH}


@pytest.mark.parametrize("row", SYMPTOMS.values(), ids=[symptom.name for symptom in SYMPTOMS])
def test_a_row_agrees_with_itself(row: Row) -> None:
    if row.action is Action.STOP:
        assert row.exception is not None, "what stops a run says with what"
    assert (row.exception is None) == (row.advice == ""), "an exception says what to do"
    if row.action not in AGAIN:
        assert row.most_attempts is None
        assert row.at_last is Action.GIVE_UP
    if not row.counts:
        assert row.most_attempts is not None, "what is no attempt must end by a limit of its own"
    if row.suspicious:
        assert row.proof is Proof.NOTHING, "what was refused is no doubt"
    assert not (row.suspicious and row.of_the_records)
    if row.exception is TransportError:
        assert row.sign is not Sign.GOOD


def test_only_what_nothing_on_the_way_passes_on_needs_no_words_of_the_service() -> None:
    assert {symptom for symptom, row in SYMPTOMS.items() if not row.needs_words} == {
        Symptom.NOT_FORWARDED,
        Symptom.TOO_LARGE,
        Symptom.RATE_LIMITED,
        Symptom.DAILY_LIMIT,
    }


def test_what_a_firewall_or_a_proxy_says_is_no_records_fault() -> None:
    for symptom, row in SYMPTOMS.items():
        at_fault = symptom in {Symptom.REJECTED, Symptom.NOTHING_FOUND, Symptom.TOO_LARGE}
        assert row.of_the_records is at_fault
