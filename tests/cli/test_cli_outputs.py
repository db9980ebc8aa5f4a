"""Files that a command writes: nothing is lost by a command that goes wrong, and nothing is open to others."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cli_driver import TOKEN, Finished, batches, contacts, hubbatch, process, table_of, until

from hubbatch.cli import _load_sinks
from hubbatch.sandbox import Sandbox

BEFORE = "email\nthe only list of failed records\n"
GOOD, BAD = "email\na@b.cz\n", "email\nno address\n"


@pytest.fixture
def rejects(tmp_path: Path) -> Path:
    path = tmp_path / "rejects.csv"
    path.write_text(BEFORE)
    return path


def create(path: Path, sandbox: Sandbox, *options: object) -> Finished:
    return hubbatch("create", "contacts", path, "--base-url", sandbox.base_url, *options)


def written(folder: Path, text: str) -> Path:
    path = folder / "people.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (GOOD, ("--deadline", "-1")),
        (GOOD, ("--encoding", "klingon")),
        (GOOD, ("--api-version", "v9")),
        (GOOD, ("--unique-property", " ")),
        (GOOD, ("--base-url", "http://example.com")),
        (GOOD, ("--delimiter", "||")),
        ("email,\n", ()),
        ("", ()),
    ],
)
def test_a_command_that_is_wrong_loses_no_list_of_rejects(
    tmp_path: Path,
    rejects: Path,
    hubspot_sandbox: Sandbox,
    text: str,
    options: tuple[str, ...],
) -> None:
    path, new = written(tmp_path, text), tmp_path / "new.csv"

    for file in (rejects, new):
        assert create(path, hubspot_sandbox, "--rejects", file, "--force", *options).code == 2

    assert rejects.read_text() == BEFORE
    assert not new.exists()
    assert not batches(hubspot_sandbox)


@pytest.mark.parametrize("fault", ["token", "object type", "input", "output"])
def test_a_command_that_cannot_begin_loses_no_list_of_rejects(
    tmp_path: Path, rejects: Path, fault: str
) -> None:
    path = written(tmp_path, GOOD)
    command: dict[str, tuple[tuple[object, ...], str | None]] = {
        "token": (("create", "contacts", path), None),
        "object type": (("create", "../contacts", path), TOKEN),
        "input": (("create", "contacts", tmp_path / "missing.csv"), TOKEN),
        "output": (("read", "contacts", path, "--output", tmp_path / "no" / "folder.csv"), TOKEN),
    }
    arguments, token = command[fault]

    assert hubbatch(*arguments, "--rejects", rejects, "--force", token=token).code == 2
    assert rejects.read_text() == BEFORE


def test_a_file_that_is_there_is_left_as_it_is(
    tmp_path: Path, rejects: Path, hubspot_sandbox: Sandbox
) -> None:
    for option in ("--rejects", "--results"):
        finished = create(written(tmp_path, BAD), hubspot_sandbox, option, rejects)
        assert finished.code == 2
        assert "is there already: append to it (--append), replace it (--force)" in finished.err
        assert "=True" not in finished.err
    both = create(
        written(tmp_path, BAD), hubspot_sandbox, "--rejects", rejects, "--append", "--force"
    )
    assert both.code == 2
    assert not batches(hubspot_sandbox)
    assert rejects.read_text() == BEFORE


def test_rejects_take_the_place_of_those_of_an_earlier_run_when_that_is_wanted(
    tmp_path: Path, rejects: Path, hubspot_sandbox: Sandbox
) -> None:
    rejects.write_text(BEFORE * 1_000)
    path = written(tmp_path, BAD)

    assert create(path, hubspot_sandbox, "--rejects", rejects, "--force").code == 1
    assert [line["email"] for line in table_of(rejects)] == ["no address"]
    assert create(path, hubspot_sandbox, "--rejects", rejects, "--append").code == 1
    assert [line["email"] for line in table_of(rejects)] == ["no address"] * 2


def test_rejects_are_not_appended_to_what_holds_something_else(
    tmp_path: Path, rejects: Path, hubspot_sandbox: Sandbox
) -> None:
    finished = create(written(tmp_path, BAD), hubspot_sandbox, "--rejects", rejects, "--append")

    assert finished.code == 2
    assert "it has other columns: give another name" in finished.err
    assert not batches(hubspot_sandbox)
    assert rejects.read_text() == BEFORE


def test_a_run_without_rejects_leaves_none_of_an_earlier_run(
    tmp_path: Path, rejects: Path, hubspot_sandbox: Sandbox
) -> None:
    new = tmp_path / "new.csv"
    assert create(written(tmp_path, GOOD), hubspot_sandbox, "--rejects", new).code == 0
    replacing = ("--rejects", rejects, "--force")
    assert create(written(tmp_path, "email\nc@d.cz\n"), hubspot_sandbox, *replacing).code == 0

    assert rejects.read_text() == ""
    assert not new.exists()


@pytest.mark.hubspot_sandbox(token="another")
def test_a_run_that_is_refused_says_so_of_every_record(
    tmp_path: Path, rejects: Path, hubspot_sandbox: Sandbox
) -> None:
    finished = create(written(tmp_path, GOOD), hubspot_sandbox, "--rejects", rejects, "--force")
    assert finished.code == 3
    assert [line["email"] for line in table_of(rejects)] == ["a@b.cz"]


def test_a_new_file_is_its_owners_alone_and_an_old_one_keeps_its_mode(
    tmp_path: Path, rejects: Path, hubspot_sandbox: Sandbox
) -> None:
    rejects.chmod(0o644)
    path, new, done = written(tmp_path, GOOD + "no\n"), tmp_path / "new.csv", tmp_path / "done.csv"

    for file in (rejects, new):
        options = ("--rejects", file, "--results", done, "--force")
        assert create(path, hubspot_sandbox, *options).code == 1

    assert stat.S_IMODE(new.stat().st_mode) == stat.S_IMODE(done.stat().st_mode) == 0o600
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o644


@pytest.mark.parametrize("dangling", [True, False])
def test_a_link_is_not_followed(
    tmp_path: Path, rejects: Path, hubspot_sandbox: Sandbox, *, dangling: bool
) -> None:
    target, link = (tmp_path / "elsewhere" if dangling else rejects), tmp_path / "link"
    link.symlink_to(target)

    for output in (("--rejects", link), ("--results", link)):
        finished = create(written(tmp_path, BAD), hubspot_sandbox, *output, "--force")
        assert finished.code == 2
        assert "symbolic link; name the file" in finished.err

    assert rejects.read_text() == BEFORE
    assert not (tmp_path / "elsewhere").exists()


def test_an_output_is_never_the_input(tmp_path: Path, hubspot_sandbox: Sandbox) -> None:
    path, twin = written(tmp_path, GOOD), tmp_path / "twin"
    twin.hardlink_to(path)

    for name in (path, twin):
        for option in ("--rejects", "--results"):
            finished = create(path, hubspot_sandbox, option, name, "--force")
            assert finished.code == 2
            assert "in use" in finished.err
    assert path.read_text() == GOOD


def test_two_outputs_are_two_files(tmp_path: Path, rejects: Path) -> None:
    path = written(tmp_path, "id\n1\n")
    for command in (("read", "--output"), ("archive", "--results")):
        finished = hubbatch(
            *(command[0], "contacts", path, "--sandbox"),
            *(command[1], rejects, "--rejects", rejects, "--force"),
        )
        assert finished.code == 2
    assert rejects.read_text() == BEFORE


def shell(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            "/usr/bin/env",
            "bash",
            "-c",
            command.replace("hubbatch", f"{sys.executable} -m hubbatch"),
        ],
        cwd=folder,
        # Output is held back until there is more of it, as it is for users, whatever our environment says.
        env={
            **os.environ,
            "HUBSPOT_ACCESS_TOKEN": TOKEN,
            "COLUMNS": "200",
            "PYTHONUNBUFFERED": "",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


REJECTING = "hubbatch create contacts people.csv --sandbox --rejects"


@pytest.mark.parametrize(
    "command",
    [
        f"{REJECTING} /dev/stdout",
        f"{REJECTING} /dev/stdout | cat",
        f"{REJECTING} /dev/stdout > out; cat out",
        f"{REJECTING} /dev/fd/7 7>&1 >/dev/null",
        f"mkfifo pipe; cat pipe & {REJECTING} >(cat >pipe) >/dev/null; wait",
        f"mkfifo pipe; cat pipe & {REJECTING} pipe >/dev/null; wait",
    ],
)
def test_devices_pipes_and_open_descriptors_can_be_written(tmp_path: Path, command: str) -> None:
    written(tmp_path, BAD)

    done = shell(tmp_path, command)

    head, row = done.stdout.removeprefix("\ufeff").splitlines()
    assert head == "_file,_line,_status,_category,_message,email"
    assert row.startswith("people.csv,2,FAILED,VALIDATION_ERROR,")
    assert row.endswith(",no address")
    assert "Traceback" not in done.stderr


def test_what_is_appended_to_is_not_emptied(tmp_path: Path) -> None:
    written(tmp_path, BAD)
    (tmp_path / "out").write_text(BEFORE)

    shell(tmp_path, f"{REJECTING} /dev/stdout >> out")

    assert (tmp_path / "out").read_text().startswith(BEFORE)
    assert len((tmp_path / "out").read_text().splitlines()) == 4


def test_nothing_is_written_into_what_the_shell_sends_the_outcome_to(tmp_path: Path) -> None:
    written(tmp_path, BAD)

    done = shell(tmp_path, f"{REJECTING} out --force > out")

    assert done.returncode == 2
    assert "in use" in done.stderr


@pytest.mark.parametrize("path", ["/dev/null", "/dev/full"])
def test_a_device_takes_rejects_or_says_that_it_cannot(
    tmp_path: Path, hubspot_sandbox: Sandbox, path: str
) -> None:
    finished = create(written(tmp_path, BAD), hubspot_sandbox, "--rejects", path)

    assert finished.code == (1 if path == "/dev/null" else 3)
    assert ("No space left" in finished.err) is (path == "/dev/full")


@pytest.mark.hubspot_sandbox(token="another")
def test_rejects_that_are_lost_are_reported_beside_what_ended_the_run(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    finished = create(written(tmp_path, GOOD), hubspot_sandbox, "--rejects", "/dev/full")

    assert finished.code == 3
    assert "cannot write /dev/full: No space left" in finished.err


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("hubbatch read contacts ids.csv --sandbox >&-", 2, "standard output is closed"),
        ("hubbatch create contacts people.csv --sandbox >&-", 1, ""),
        (
            "hubbatch create contacts people.csv --sandbox > /dev/full",
            1,
            "cannot write the outcome",
        ),
        (
            "hubbatch create contacts - --sandbox <&-",
            2,
            "standard input: it cannot be read: Bad file descriptor",
        ),
        (f"{REJECTING} /dev/fd/99", 2, "cannot write"),
        ("hubbatch create contacts people.csv --sandbox 2>/dev/full", 1, ""),
        ("hubbatch create contacts missing.csv --sandbox 2>&-", 2, ""),
        ("hubbatch demo --records 5 > /dev/full", 0, "upserting 5"),
        ("hubbatch --version > /dev/full", 3, "error: cannot write: No space left"),
        ("hubbatch --help > /dev/full", 3, "error: cannot write: No space left"),
        ("hubbatch sandbox --port 0 > /dev/full", 2, "cannot write the address"),
    ],
)
def test_streams_that_are_closed_or_full_end_in_no_traceback(
    tmp_path: Path, command: str, code: int, said: str
) -> None:
    written(tmp_path, BAD)
    (tmp_path / "ids.csv").write_text("id\n1\n")

    done = shell(tmp_path, command)

    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_command_that_waits_for_the_other_end_of_a_pipe_can_be_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = threading.Event()

    def wait_for_ever(*_: object, **__: object) -> None:
        waiting.set()
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait()
        raise AssertionError

    monkeypatch.setattr(_load_sinks, "_KINDS", {"rejects": wait_for_ever})
    finished = hubbatch(
        "create", "contacts", written(tmp_path, BAD), "--sandbox", "--rejects", "pipe"
    )

    assert waiting.is_set()
    assert finished.code == 3
    assert "broken off" in finished.err


def test_what_a_terminal_is_shown_cannot_steer_it_and_a_file_holds_plain_json(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    steering = "Zo\u00eb \x9b31m \u202e \x85"
    stored = hubspot_sandbox.add("contacts", {"email": "a@b.cz", "name": steering})
    path, file = written(tmp_path, f"id\n{stored.id}\n"), tmp_path / "out.ndjson"
    command = ("read", "contacts", path, "-p", "name", "--base-url", hubspot_sandbox.base_url)
    terminal, line = os.openpty()
    seen: list[str] = []
    reader = threading.Thread(target=lambda: seen.append(os.read(terminal, 100_000).decode()))
    reader.start()
    try:
        assert hubbatch(*command, "--output", f"/dev/fd/{line}").code == 0
        reader.join()
    finally:
        os.close(line)
        os.close(terminal)
    assert hubbatch(*command, "--output", file).code == 0

    assert r"Zoë \u009b31m \u202e \u0085" in seen[0]
    assert steering in file.read_text("utf-8")


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_who_stops_reading_of_a_run_does_not_end_it(
    tmp_path: Path, hubspot_sandbox: Sandbox, closed: str
) -> None:
    path = written(tmp_path, "email\n" + "".join(f"p{n}@b.cz\n" for n in range(300)) + "bad\n")
    rejects = tmp_path / "rejects.csv"
    reading, broken = os.pipe()
    os.close(reading)
    options = ("--base-url", hubspot_sandbox.base_url, "--rejects", rejects)
    try:
        streams = {closed: broken}
        with process(tmp_path, "create", "contacts", path, *options, **streams) as command:
            finished = command.end()
    finally:
        os.close(broken)

    assert finished.code == 1
    assert len(contacts(hubspot_sandbox)) == 300
    assert [line["email"] for line in table_of(rejects)] == ["bad"]
    assert "Exception ignored" not in finished.err


@pytest.mark.hubspot_sandbox(latency=0.3)
def test_a_signal_stops_a_run_that_can_tell_nobody(
    tmp_path: Path, hubspot_sandbox: Sandbox
) -> None:
    path = written(tmp_path, "email\n" + "".join(f"p{n}@b.cz\n" for n in range(20_000)))
    reading, broken = os.pipe()
    os.close(reading)
    try:
        with process(
            tmp_path,
            *("create", "contacts", path, "--base-url", hubspot_sandbox.base_url),
            stderr=broken,
        ) as command:
            until(lambda: hubspot_sandbox.request_count >= 2)
            command.popen.send_signal(signal.SIGINT)
            finished = command.end()
    finally:
        os.close(broken)

    assert finished.code == 3
    assert 0 < finished.count("succeeded") == len(contacts(hubspot_sandbox)) < 20_000


def test_an_error_that_should_not_be_still_leaves_the_outcome_and_the_rejects(
    tmp_path: Path, rejects: Path
) -> None:
    options = ("--base-url", "https://a..b", "--rejects", rejects, "--force", "--no-check")

    finished = hubbatch("create", "contacts", written(tmp_path, GOOD), *options)

    assert finished.code in {2, 3}
    assert "error: " in finished.err
    assert rejects.read_text() == BEFORE or finished.count("read") == len(table_of(rejects)) == 1
