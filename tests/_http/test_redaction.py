"""Tokens in what servers say: every spelling of every part is found, and ordinary replies stay as they are."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import random
import string
import traceback
import uuid
from functools import partial
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from growth import growth
from hypothesis import example, given
from hypothesis import strategies as st
from raw_server import Peer, answer, raw_server

from hubbatch import AuthenticationError, Client, HubbatchError
from hubbatch._http.redaction import Redactor, scrub, secret_part
from hubbatch._http.transport import HttpTransport
from hubbatch._protocol.exchange import Reply, Request
from hubbatch.events import Event

UUID = "3f2a9b1c-97d1-4c22-8e0f-b048a1d2c3e4"
PRIVATE_APP = f"pat-na1-{UUID}"
OAUTH = "CKaAx5_nMRIHAAEBQAAAAQiVyfsSGOG_tx0gzMwKKPPQJzIUq" + "7Zk2-Wq_90xLm+/" * 12

TOKENS = st.one_of(
    st.builds(lambda value: f"pat-eu1-{value}", st.uuids()),
    st.text(string.ascii_letters + string.digits + "-._~+/=", min_size=8, max_size=300),
)


def escaped(text: str, rng: random.Random, share: float, escape: Any) -> str:
    return "".join(escape(char, rng) if rng.random() < share else char for char in text)


def json_escape(char: str, rng: random.Random) -> str:
    if char == "/" and rng.random() < 0.5:
        return "\\/"
    return rng.choice(["\\u{:04x}", "\\u{:04X}", "\\\\u{:04x}"]).format(ord(char))


def percent(char: str, rng: random.Random) -> str:
    return rng.choice(["%{:02x}", "%{:02X}", "%25{:02X}"]).format(ord(char))


def coded(text: str, rng: random.Random) -> str:
    around = [bytes(rng.randrange(256) for _ in range(rng.randrange(9))) for _ in range(2)]
    encode = rng.choice([base64.b64encode, base64.urlsafe_b64encode])
    return encode(around[0] + text.encode() + around[1]).decode()


SPELLINGS: dict[str, Any] = {
    "plain": lambda text, rng: text,
    "JSON": lambda text, rng: escaped(text, rng, rng.choice([0.1, 0.5, 1.0]), json_escape),
    "percent": lambda text, rng: escaped(text, rng, rng.choice([0.1, 0.5, 1.0]), percent),
    "base64": coded,
    "base64 in JSON": lambda text, rng: escaped(coded(text, rng), rng, 0.3, json_escape),
    "base64 in a URL": lambda text, rng: quote(coded(text, rng), safe=""),
}
BORDER = st.text(st.characters(codec="utf-8", exclude_characters="\\%"), max_size=30)


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(token=TOKENS, before=BORDER, after=BORDER, seed=st.integers(0, 2**32))
def test_every_spelling_of_every_part_of_a_token_is_found(
    spelling: str, token: str, before: str, after: str, seed: int
) -> None:
    rng = random.Random(seed)
    secret = secret_part(token)
    length = rng.randint(min(12, len(secret)), len(secret))
    begin = rng.randint(0, len(secret) - length)
    part = secret[begin : begin + length]
    text = before + SPELLINGS[spelling](part, rng) + after
    cleaned = Redactor([token]).redact_text(text)
    assert cleaned != text
    assert "***" in cleaned
    if spelling == "plain":
        assert part not in cleaned


@given(token=TOKENS, seed=st.integers(0, 2**32))
def test_of_a_text_without_secrets_nothing_is_taken(token: str, seed: int) -> None:
    rng = random.Random(seed)
    body = orjson.dumps(
        {
            "results": [
                {
                    "id": str(rng.randrange(10**11)),
                    "properties": {"firstname": "Zoë %41 \\ /", "notes": f"{rng.random()}"},
                    "createdAt": "2026-01-01T00:00:00.000Z",
                    "objectWriteTraceId": str(uuid.UUID(int=rng.getrandbits(128))),
                }
                for _ in range(20)
            ]
        }
    )
    secret = secret_part(token)
    run = min(len(secret), 12)
    parts = {secret[at : at + run].encode() for at in range(len(secret) - run + 1)}
    if any(part in body for part in parts):
        return  # "properti" and "00000000" are in many a text, and are taken out of it
    assert Redactor([token]).redact(body) is body


@example(secret="0" * 30, extra="1")
@given(secret=st.text("ab", min_size=12, max_size=40), extra=st.text("abc", max_size=60))
def test_what_is_left_holds_no_run_of_a_secret(secret: str, extra: str) -> None:
    """Secrets of two letters overlap with themselves and with what is around them in every way."""
    text = extra + secret + extra
    cleaned = Redactor([secret]).redact_text(text)
    for begin in range(len(secret) - 11):
        assert secret[begin : begin + 12] not in cleaned


def test_the_whole_run_is_replaced_and_nothing_else() -> None:
    redactor = Redactor([PRIVATE_APP, OAUTH])
    assert redactor.redact_text(f"bad token '{PRIVATE_APP}'!") == "bad token 'pat-na1-***'!"
    assert redactor.redact_text(f"a{UUID[3:20]}z, ä\x00{OAUTH}.") == "a***z, ä\x00***."
    assert redactor.redact_text(UUID[:11]) == UUID[:11]
    escape = "\\u0033"
    assert redactor.redact_text(f'"x{escape}{UUID[1:]}y"') == '"x***y"'
    assert redactor.redact_text(f"?t=%33{UUID[1:]}&u=%41") == "?t=***&u=%41"
    assert repr(redactor) == "Redactor()"


@pytest.mark.parametrize("token", ["", "x", "made-up", "example"])
def test_a_stand_in_of_less_than_eight_characters_is_no_secret(token: str) -> None:
    body = (token * 100).encode()
    assert Redactor([token]).redact(body) is body


@pytest.mark.parametrize("token", ["abcdefgh", "abcdefghi", "abcdefghijk"])
def test_of_a_token_of_eight_to_eleven_characters_the_whole_is_secret(token: str) -> None:
    redactor = Redactor([token])
    for text in (token, f"é{token}", f"{token}!", token[:4] + token):
        assert token not in redactor.redact_text(text)
    assert redactor.redact_text(token[:-1]) == token[:-1]


def _redact(redactor: Redactor, bodies: dict[int, bytes], size: int) -> bytes:
    return redactor.redact(bodies[size])


@pytest.mark.parametrize("token", [PRIVATE_APP, OAUTH], ids=["private app", "OAuth"])
@pytest.mark.parametrize("width", [4, 8, 11])
def test_a_text_full_of_pieces_of_a_secret_is_looked_through_in_linear_time(
    token: str, width: int
) -> None:
    secret = secret_part(token)
    pieces = [secret[at : at + width].ljust(width + 1, "!") for at in range(len(secret) - width)]
    redactor = Redactor([token])
    for text in ("".join(pieces), secret[:width]):
        bodies = {size: (text * (size // len(text))).encode() for size in (2**15, 2**18)}
        ratio = growth(partial(_redact, redactor, bodies), *bodies, bound=24)
        assert ratio <= 24, f"eight times the bytes took {ratio:.1f} times as long"


@pytest.mark.parametrize("piece", ["\\", "%25", "%", "\\u", "\\u00e4", "\\/", "%41", "\\u0041"])
def test_a_text_full_of_escapes_is_looked_through_in_linear_time(piece: str) -> None:
    redactor = Redactor([PRIVATE_APP])
    bodies = {size: (piece * (size // len(piece))).encode() for size in (2**15, 2**18)}
    assert all(redactor.redact(body) is body for body in bodies.values())
    ratio = growth(partial(_redact, redactor, bodies), *bodies, bound=24)
    assert ratio <= 24, f"eight times the bytes took {ratio:.1f} times as long"


# A foreign message


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("connection refused", "connection refused"),
        ("cannot reach vault.example.com:8200", "cannot reach vault.example.com:8200"),
        ("two\nlines\x1b[31m", "two lines [31m"),
        (f"old {PRIVATE_APP}", "old pat-na1-***"),
        ("got 'Bearer abc.def' instead", "got 'Bearer ***' instead"),
        ("https://user:pass@host/x", "https://***@host/x"),
        ("password=hunter2&grant=x", "password=***&grant=x"),
        ("{'client_secret': 'a b', 'x': 1}", "{'client_secret': ***, 'x': 1}"),
        ("refresh_token: abc", "refresh_token: ***"),
        ("no entry for zx81Kd93mQp0", "no entry for ***"),
        ("KeyError: 'access_token'", "KeyError: 'access_token'"),
        ("x" * 31, "x" * 31),
        ("x" * 40, "***"),
        ("word " * 100, "word " * 39 + "word…"),
    ],
)
def test_a_message_of_foreign_code_is_shown_without_secrets(message: str, shown: str) -> None:
    assert scrub(message, Redactor([PRIVATE_APP])) == shown.strip()


@pytest.mark.parametrize("filler", ["a", "a-", "token=", "bearer ", "://", "a1", "''", "secret'='"])
def test_a_foreign_message_of_any_kind_is_scrubbed_at_once(filler: str) -> None:
    redactor = Redactor()
    assert len(scrub(filler * 100_000, redactor)) <= 200
    ratio = growth(lambda size: scrub(filler * size, redactor), 6_250, 50_000, bound=24)
    assert ratio <= 24, f"eight times the message took {ratio:.1f} times as long"


# Over the wire


def spellings(token: str) -> list[str]:
    secret = secret_part(token)
    return [
        token,
        secret[5:17],
        "".join(f"\\u{ord(char):04x}" for char in secret),
        "".join(f"%{ord(char):02X}" for char in secret),
        *(base64.b64encode(f"{'x' * count}{token}".encode()).decode() for count in range(3)),
    ]


@pytest.mark.parametrize(
    "status", ["200 OK", "207 Multi-Status", "302 Found", "401 No", "500 Oops"]
)
@pytest.mark.parametrize("text", spellings(PRIVATE_APP))
async def test_a_token_in_any_reply_is_replaced_in_body_and_headers(status: str, text: str) -> None:
    async def script(peer: Peer) -> None:
        while await peer.request() is not None:
            body = b'{"results":[{"id":"%s"}]}' % text.encode()
            await peer.send(answer(body, status=status, headers=(f"X-Correlation-Id: {text}",)))

    async with raw_server(script) as server:
        transport = HttpTransport(server.url, timeout=5.0)
        reply = await transport.send(Request("/x", b"{}"), PRIVATE_APP, lambda: None)
        # It is known when others are in use, too.
        later = await transport.send(Request("/x", b"{}"), OAUTH, lambda: None)
        await transport.aclose()
    for each in (reply, later):
        assert isinstance(each, Reply)
        assert each.redacted
        assert "***" in json.loads(each.body)["results"][0]["id"]
        assert "***" in each.headers["x-correlation-id"]
        assert text not in repr(each) + str(each.body)


@pytest.mark.parametrize(
    "status", ["200 OK", "302 Found", "400 No", "401 No", "403 No", "500 Oops"]
)
@pytest.mark.parametrize("text", spellings(PRIVATE_APP))
async def test_a_token_that_a_server_echoes_is_in_no_outcome_no_error_and_no_log(
    status: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def script(peer: Peer) -> None:
        while await peer.request() is not None:
            shown = {"status": text, "category": text, "message": text, "correlationId": text}
            result = {"id": text, "properties": {"email": "p0@example.com", "firstname": text}}
            body = json.dumps({**shown, "results": [result]}).replace("\\\\", "\\").encode()
            await peer.send(
                answer(body, status=status, headers=(f"Location: {text}", f"Set-Cookie: {text}=1"))
            )

    said = ""
    seen: list[Event] = []
    async with (
        raw_server(script) as server,
        Client(PRIVATE_APP, base_url=str(server.url), observers=[seen.append]) as client,
    ):
        run = client.create("contacts", [{"email": "p0@example.com"}])
        try:
            outcome = await run
        except HubbatchError as error:
            outcome = run.outcome
            said = "".join(traceback.format_exception(error)) + repr(error)
            said += pickle.dumps(error).decode("latin-1")
        said += repr(outcome) + json.dumps(outcome.to_dict(), default=str)
        said += pickle.dumps(outcome).decode("latin-1") + caplog.text
    assert "request 1 to create (send)" in caplog.text
    said += repr(seen)
    for part in (UUID, UUID[5:17], text):
        assert part not in said


async def test_an_ordinary_reply_is_not_redacted() -> None:
    async def script(peer: Peer) -> None:
        while await peer.request() is not None:
            await peer.send(answer(b'{"message":"a\\u00e4 100% \\/ \\u0041"}'))

    async with raw_server(script) as server:
        transport = HttpTransport(server.url, timeout=5.0)
        reply = await transport.send(Request("/x", b"{}"), PRIVATE_APP, lambda: None)
        await transport.aclose()
    assert isinstance(reply, Reply)
    assert not reply.redacted
    assert reply.body == b'{"message":"a\\u00e4 100% \\/ \\u0041"}'


async def test_a_rejected_token_is_in_no_message() -> None:
    async def script(peer: Peer) -> None:
        while await peer.request() is not None:
            await peer.send(answer(f"token {PRIVATE_APP}".encode(), status="401 Unauthorized"))

    async with (
        raw_server(script) as server,
        Client(PRIVATE_APP, base_url=str(server.url)) as client,
    ):
        with pytest.raises(AuthenticationError) as caught:
            await client.create("contacts", [{"email": "p0@example.com"}])
    assert UUID not in "".join(traceback.format_exception(caught.value))
