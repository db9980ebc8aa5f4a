"""What strangers can do to a sandbox: name hosts, send odd bytes, try to fill its memory."""

from __future__ import annotations

import asyncio

import pytest
from sandbox_driver import Driver, ids

from hubbatch.sandbox import Sandbox, SandboxRequest
from hubbatch.sandbox._hosts import is_own_host

BODY = b'{"inputs":[{"properties":{"phone":"1"}}]}'
EVERYWHERE = "0.0.0.0"  # noqa: S104 (compared, not listened on)
PATH = "/crm/v3/objects/contacts/batch/create"


async def ask(sandbox: Sandbox, head: bytes) -> bytes:
    """Send a request as it is; return the status line."""
    port = int(sandbox.base_url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
    line = await reader.readline()
    writer.close()
    return line


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"Host: localhost\r\n", b"201"),
        (b"Host: LOCALHOST:80\r\n", b"201"),
        (b"Host: 127.0.0.1:1\r\n", b"201"),
        (b"Host: [::1]:1\r\n", b"201"),
        (b"Host: evil.example\r\n", b"421"),
        (b"Host: localhost.evil.example\r\n", b"421"),
        (b"Host: 10.0.0.1\r\n", b"421"),
        (b"Host: \r\n", b"421"),
    ],
)
async def test_only_requests_to_its_own_host_are_served(host: bytes, status: bytes) -> None:
    async with Sandbox(latency=0.0) as sandbox:
        head = b"POST " + PATH.encode() + b" HTTP/1.1\r\n" + host + b"Authorization: Bearer x\r\n"
        assert status in await ask(sandbox, head)
        assert len(sandbox.objects("contacts")) == (status == b"201")
        assert sandbox.request_count == (status == b"201")


@pytest.mark.parametrize(
    ("header", "host", "own"),
    [
        ("sandbox.test:80", "sandbox.test", True),
        ("10.0.0.1", EVERYWHERE, True),
        ("[fe80::1]", "::", True),
        ("evil.example", EVERYWHERE, False),
        ("", "127.0.0.1", False),
        ("evil.example", "127.0.0.1", False),
    ],
)
def test_a_host_is_its_own_by_name_or_by_address(header: str, host: str, own: bool) -> None:
    assert is_own_host(header, host) is own


async def test_the_address_of_a_sandbox_on_ipv6_has_brackets() -> None:
    try:
        sandbox = Sandbox(host="::1")
        await sandbox.start()
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert sandbox.base_url.startswith("http://[::1]:")
    await sandbox.stop()


@pytest.mark.parametrize(
    "line",
    [
        b"Authorization: Bearer \xff\xfe\r\n",
        b"Authorization: Bearer x\r\nX-Note: \xff\r\n",
        b"Authorization: Bearer x\r\nX-\xff: 1\r\n",
        b"Authorization: Bearer x\r\nContent-Type: \xff\r\n",
        b"Authorization: Bearer x\r\nContent-Encoding: \xff\r\n",
    ],
)
async def test_a_header_that_is_not_utf_8_is_the_clients_fault(line: bytes) -> None:
    async with Sandbox(latency=0.0) as sandbox:
        head = b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: localhost\r\n" + line
        assert (await ask(sandbox, head)).split()[1].startswith(b"4")
        assert not sandbox.objects("contacts")


@pytest.mark.parametrize("target", [b"/\xff", b"/%FF", b"/crm/v3/objects/%ED%A0%80/batch/read"])
async def test_a_path_that_is_not_utf_8_is_the_clients_fault(target: bytes) -> None:
    async with Sandbox(latency=0.0) as sandbox:
        head = b"POST " + target + b" HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n"
        assert (await ask(sandbox, head)).split()[1].startswith(b"4")


def test_foreign_names_of_types_are_kept_up_to_a_bound() -> None:
    driver = Driver()
    statuses = [
        driver.batch("read", ids("1"), kind=f"p_{number}").status for number in range(1_200)
    ]
    assert statuses.count(207) == 1_000
    assert statuses[-1] == 404
    assert driver.batch("read", ids("1"), kind="contacts").status == 207


def test_names_of_properties_are_kept_up_to_a_bound() -> None:
    driver = Driver()
    for start in range(0, 20_000, 1_000):
        driver.add(**{f"p{number}": "1" for number in range(start, start + 1_000)})
    key = driver.add()
    more = {"properties": ["p0", "p19999"]}
    (result,) = driver.batch("read", ids(key), more=more).results
    assert "p0" in result["properties"]
    assert "p19999" not in result["properties"]


def test_tokens_are_remembered_up_to_a_bound() -> None:
    driver = Driver()
    for number in range(10_100):
        driver.send("/nowhere", b"", authorization=f"Bearer {number}")
    driver.service.expire_token()
    tokens = driver.service._tokens
    assert len(tokens._seen) == len(tokens._expired) == 10_000
    assert driver.send(PATH, BODY, authorization="Bearer 10099").status == 401


def test_merged_ids_are_remembered_up_to_a_bound() -> None:
    driver = Driver()
    kept = driver.add()
    gone = [driver.add() for _ in range(10_001)]
    for key in gone:
        driver.service.merge("contacts", key, kept)
    assert driver.batch("read", ids(gone[-1])).errors == []
    assert driver.batch("read", ids(gone[0])).errors[0]["category"] == "OBJECT_NOT_FOUND"


def test_of_a_request_only_so_much_is_remembered() -> None:
    driver = Driver()
    headers = {f"x-{number}": "v" * 5_000 for number in range(200)}
    driver.service.handle(SandboxRequest("POST" * 900, "/é" * 900, {"q" * 5_000: "v"}, headers))
    (request,) = driver.service.requests
    assert len(request.headers) == 50
    lengths = [*map(len, request.headers.values()), *map(len, request.query)]
    assert max(len(request.method), len(request.path), *lengths) == 1_000
