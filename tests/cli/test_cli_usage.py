"""The command line itself: version, help, a missing extra, a missing token, options that make no sense."""

from __future__ import annotations

import ast
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from cli_driver import hubbatch, process

from hubbatch import cli
from hubbatch.cli._app import app
from hubbatch.cli._trials import FAULTS
from hubbatch.sandbox import PRESETS, Sandbox


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_version(tmp_path: Path) -> None:
    assert hubbatch("--version").out.startswith("hubbatch 0.")
    with process(tmp_path, "--version") as command:
        assert command.end().out.startswith("hubbatch 0.")


def test_the_entry_point_runs_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["hubbatch", "--version"])

    with pytest.raises(SystemExit) as caught:
        cli.main()

    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("hubbatch 0.")


def test_help_names_the_commands_and_the_variable_of_the_token() -> None:
    text = hubbatch("--help").out

    for word in ("create", "update", "upsert", "archive", "read", "demo", "sandbox"):
        assert word in text
    assert "HUBSPOT_ACCESS_TOKEN" in text


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_its_extra_it_says_what_to_install(missing: str) -> None:
    done = python(
        f"import sys; sys.modules[{missing!r}] = None; from hubbatch.cli import main; main()"
    )

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "pip install 'hubbatch[cli]'" in done.stderr


def test_a_missing_extra_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "hubbatch.cli._app", raising=False)
    monkeypatch.setitem(sys.modules, "typer", None)

    with pytest.raises(SystemExit) as caught:
        cli.main()

    assert caught.value.code == 2
    assert "pip install" in capsys.readouterr().err


def test_another_missing_module_is_not_blamed_on_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "hubbatch.cli._app", raising=False)
    monkeypatch.setitem(sys.modules, "hubbatch.cli._trials", None)

    with pytest.raises(ModuleNotFoundError, match="_trials"):
        cli.main()


def test_the_library_does_not_need_the_extra() -> None:
    done = python("import hubbatch, sys; sys.exit(bool({'typer', 'rich'} & set(sys.modules)))")

    assert done.returncode == 0


def test_it_is_built_on_the_public_face_only() -> None:
    folder = Path(cli.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            module = (isinstance(node, ast.ImportFrom) and node.module) or ""
            if module.startswith("hubbatch."):
                shared = {
                    "hubbatch.files",
                    "hubbatch.journal",
                    "hubbatch.models",
                    "hubbatch.policies",
                    "hubbatch.rehearsal",
                    "hubbatch.sandbox",
                    "hubbatch._counted",
                    "hubbatch._printable",
                }
                assert module in shared or module.startswith("hubbatch.cli")


@pytest.mark.parametrize("token", [None, ""])
def test_a_missing_token_is_explained(tmp_path: Path, token: str | None) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email\n")

    finished = hubbatch("create", "contacts", path, token=token)

    assert finished.code == 2
    assert "HUBSPOT_ACCESS_TOKEN" in finished.err
    assert "--sandbox" in finished.err


def test_a_missing_token_is_explained_without_a_sandbox_where_there_is_to_be_none(
    tmp_path: Path,
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email\n")

    finished = hubbatch("check", "contacts", path, "--base-url", "http://localhost:1", token=None)

    assert finished.code == 2
    assert "HUBSPOT_ACCESS_TOKEN" in finished.err
    assert "--sandbox" not in finished.err


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("localhost:8642", "--base-url must be an https address (http:// for this machine only)"),
        ("http://example.com", "--base-url must be https, for the token would travel in the clear"),
        ("https://example.com/crm", "--base-url must end before '/crm'"),
    ],
)
def test_an_address_that_cannot_be_one_names_the_option(
    tmp_path: Path, address: str, said: str
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email\n")

    finished = hubbatch("create", "contacts", path, "--base-url", address)

    assert finished.code == 2
    assert said in finished.err
    assert "base_url" not in finished.err
    assert "allow_insecure" not in finished.err


def test_a_token_that_cannot_be_one_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email\n")

    finished = hubbatch("create", "contacts", path, token="secret\nsecond line")

    assert finished.code == 2
    assert "secret" not in finished.out + finished.err


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        (("--rate", "fast"), "190/10"),
        (("--rate", "190"), "190/10"),
        (("--rate", "0/10"), "max_requests"),
        (("--batch-size", "101"), "100"),
        (("--max-failures", "0"), "--max-failures"),
        (("--deadline", "0"), "deadline must be"),
        (("--duplicates", "never"), "merge"),
        (("--format", "xml"), "ndjson"),
        (("--delimiter", ";;"), "one character"),
        (("--base-url", "http://example.com"), "https"),
        (("--api-version", "v9"), "2025-09"),
        (("--unique-property", " "), "--unique-property must be"),
        (("--token", "x"), "No such option"),
    ],
)
def test_options_that_make_no_sense(tmp_path: Path, options: tuple[str, ...], advice: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email\n")

    finished = hubbatch("create", "contacts", path, *options)

    assert finished.code == 2
    assert advice in finished.err


@pytest.mark.parametrize(
    ("command", "advice"),
    [
        ("create --linger inf", "linger must be"),
        ("create --dry-run --deadline nan", "deadline must be"),
        ("update --id-property hs_object_id", "--id-property cannot be"),
        ("upsert --id-property ''", "--id-property must be"),
        ("archive --deadline -1", "deadline must be"),
        ("read --property city --id-property ' '", "--id-property must be"),
        ("check --id-property ' '", "--id-property must be"),
        ("create ../contacts", "object_type"),
    ],
)
def test_an_option_that_cannot_be_right_is_refused_before_the_account_is_asked_for_anything(
    tmp_path: Path, hubspot_sandbox: Sandbox, command: str, advice: str
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email\n")
    verb, *options = shlex.split(command)
    object_type = () if "../contacts" in options else ("contacts",)

    finished = hubbatch(verb, *object_type, *options, path, "--base-url", hubspot_sandbox.base_url)

    assert finished.code == 2
    assert advice in finished.err
    assert hubspot_sandbox.request_count == 0


def test_an_object_type_that_cannot_be_one(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email\n")

    finished = hubbatch("create", "../contacts", path, "--sandbox")

    assert finished.code == 2
    assert "object_type" in finished.err


def test_upsert_needs_the_property_that_names_a_record(tmp_path: Path) -> None:
    finished = hubbatch("upsert", "contacts", tmp_path / "people.csv")

    assert finished.code == 2
    assert "--id-property" in finished.err


def test_the_presets_of_faults_that_help_tells_are_those_of_the_sandbox() -> None:
    assert set(FAULTS) == PRESETS.keys()


def test_a_help_text_loads_neither_client_nor_sandbox() -> None:
    done = python(
        "import sys, atexit; from hubbatch.cli import main; sys.argv = ['hubbatch', '--help'];"
        "atexit.register(lambda: print(sorted({'asyncio', 'aiohttp', 'cattrs', 'hubbatch.client', 'hubbatch.sandbox'}"
        " & set(sys.modules))));"
        "main()"
    )

    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "[]"


def commands() -> list[str]:
    return sorted(str(info.name or info.callback.__name__) for info in app.registered_commands)  # type: ignore[union-attr]


@pytest.mark.parametrize("command", commands())
def test_every_help_has_examples_that_can_be_typed(command: str) -> None:
    text = hubbatch(command, "-h").out
    assert hubbatch(command, "--help").out == text
    [info] = [
        info
        for info in app.registered_commands
        if command in (info.name, getattr(info.callback, "__name__", None))
    ]
    examples = str(info.epilog).split("$ ")[1:]
    assert examples
    for example in examples:
        assert example.split()[0] in text
        words = shlex.split(example.replace(r"\[", "["))
        words = words[words.index("hubbatch") + 1 :]
        words = words[: words.index("|")] if "|" in words else words
        group = typer.main.get_command(app)
        assert words[0] == command
        group.commands[command].make_context(command, words[1:])  # type: ignore[attr-defined]


def test_completion_can_be_installed() -> None:
    assert "--install-completion" in hubbatch("-h").out


def test_a_help_text_that_nobody_reads_ends_quietly(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        with process(tmp_path, "--help", stdout=writing) as command:
            finished = command.end()
    finally:
        os.close(writing)

    assert (finished.code, finished.err) == (141, "")
