"""Whatever a server sends back, the token reaches neither the screen nor a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_driver import hubbatch
from echo_server import PLAIN, TOKEN, VEILED, Echo, echoing, holds_token

VERBS = {
    "create": ("create", "contacts", "--no-check"),
    "read": ("read", "contacts", "-p", "email"),
    "create after a check": ("create", "contacts"),
}
SENDING = ("create", "read")
"""A check waits for the properties for some seconds: once is enough of that."""


def said_and_written(folder: Path, echo: Echo, verb: str) -> str:
    path = folder / "input.csv"
    path.write_text("id,email\n1,a@b.cz\n2,b@b.cz\n")
    files = [folder / "rejects.ndjson"]
    options: list[object] = ["--rejects", files[0], "--deadline", 5]
    if verb == "read":
        files.append(folder / "results.ndjson")
        options += ["--output", files[1]]
    with echoing(echo) as url:
        finished = hubbatch(*VERBS[verb], path, "--base-url", url, *options, token=TOKEN)
    assert finished.code in {0, 1, 3}
    return finished.out + finished.err + "".join(file.read_text() for file in files)


@pytest.mark.parametrize("verb", SENDING)
@pytest.mark.parametrize("echo", PLAIN.values(), ids=PLAIN)
def test_the_token_in_a_refusal_reaches_neither_screen_nor_files(
    tmp_path: Path, echo: Echo, verb: str
) -> None:
    assert not holds_token(said_and_written(tmp_path, echo, verb))


def test_the_token_in_a_refusal_of_properties_reaches_neither_screen_nor_files(
    tmp_path: Path,
) -> None:
    echo = PLAIN["400 in its message"]
    assert not holds_token(said_and_written(tmp_path, echo, "create after a check"))


@pytest.mark.parametrize("verb", SENDING)
@pytest.mark.parametrize("echo", VEILED.values(), ids=VEILED)
def test_the_token_in_another_place_or_shape_reaches_neither_screen_nor_files(
    tmp_path: Path, echo: Echo, verb: str
) -> None:
    assert not holds_token(said_and_written(tmp_path, echo, verb))


@pytest.mark.parametrize(
    "token", ["pat-eu1-t\u00f6k\u00ebn-of-mine", "pat-eu1 of-mine", "pat-eu1-of\x1bmine"]
)
def test_a_token_that_cannot_be_sent_is_not_shown_either(tmp_path: Path, token: str) -> None:
    path = tmp_path / "input.csv"
    path.write_text("email\na@b.cz\n")

    finished = hubbatch("create", "contacts", path, token=token)

    assert finished.code == 2
    assert "of-mine" not in finished.out + finished.err
