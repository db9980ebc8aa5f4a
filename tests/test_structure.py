"""The shape of the package: layers, public names, no weight at import, nothing of this machine."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import hubbatch

PACKAGE = Path(hubbatch.__file__).parent

SHARED = {"_printable"}
"""Private modules that know nothing of the library, so that what is built on it may use them too."""

LAYERS: dict[str, int] = {
    name: layer
    for layer, names in enumerate(
        [
            ["errors", "models", "_printable"],
            [
                "_converter",
                "_operations",
                "_records",
                "_values",
                "_exchange",
                "_redaction",
                "_spelling",
                "_states",
                "_symptoms",
                "_life",
                "outcome",
                "progress",
            ],
            [
                "_planning",
                "_codec",
                "_diagnosis",
                "_retry",
                "_circuit_breaker",
                "_concurrency",
                "_batch",
                "_recognition",
                "_doubt",
                "_conflict",
                "_batching",
                "_duplicates",
                "_names",
                "_matching",
                "_correlation",
                "_faults",
                "_blame",
                "_searches",
                "_systemic",
                "_transition",
                "_settlement",
                "_rejection",
                "_looking_up",
                "_options",
                "_machine",
                "_ledger",
            ],
            [
                "_clock",
                "_intake",
                "_settling",
                "_feeder",
                "_threads",
                "_window_count",
                "_forecast",
                "_limit_probe",
                "_fair_share",
                "_daily_budget",
                "_own_use",
                "_server_use",
                "_budget",
                "_quota",
                "_gate",
                "_auth",
                "_connection",
                "_reply_budget",
                "_session",
                "_transport",
            ],
            ["_sender", "_runner", "_engine", "run"],
            ["client"],
            ["__init__"],
            ["sandbox", "cli", "pytest_plugin", "__main__"],
        ]
    )
    for name in names
}


def only_for_types(tree: ast.Module) -> list[ast.stmt]:
    """Return the statements that only a type checker sees."""
    return [
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
    ]


def imports(path: Path) -> set[str]:
    """Return the modules of hubbatch that a file imports; the package itself imports its names when asked."""
    found = set()
    tree = ast.parse(path.read_text("utf-8"))
    for_types_only = (
        set() if path == PACKAGE / "__init__.py" else {id(node) for node in only_for_types(tree)}
    )
    for node in ast.walk(tree):
        if id(node) in for_types_only:
            continue
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        found |= {
            parts[1] if len(parts) > 1 and parts[1] in LAYERS else "__init__"
            for parts in (name.split(".") for name in names)
            if parts[0] == "hubbatch"
        }
    return found


MODULES = list(PACKAGE.glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_layers_import_downward_only(path: Path) -> None:
    layer = LAYERS[path.stem]
    for name in imports(path):
        assert LAYERS[name] <= layer, f"{path.stem} imports {name}, which is above it"


def test_what_is_built_on_the_library_uses_its_public_face() -> None:
    for folder in ("cli",):
        for path in (PACKAGE / folder).rglob("*.py"):
            private = {name for name in imports(path) if name.startswith("_")}
            private -= {"__init__", *SHARED}
            assert not private, f"{path.name} imports {private}"
    for path in (PACKAGE / "sandbox").rglob("*.py"):
        assert imports(path) <= {"models", "errors", "sandbox", "__init__"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_pure_layers_do_no_io_and_never_await(path: Path) -> None:
    if LAYERS[path.stem] > 2:
        return
    tree = ast.parse(path.read_text("utf-8"))
    awaits = [node for node in ast.walk(tree) if isinstance(node, ast.Await)]
    assert not awaits
    modules = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert not modules & {"asyncio", "aiohttp", "socket", "time", "random"}


def test_few_modules_know_aiohttp() -> None:
    users = {
        path.stem
        for path in MODULES
        if "aiohttp" in path.read_text("utf-8") and "import aiohttp" in path.read_text("utf-8")
    }
    # The client has it for a type; of the others each has one part of sending.
    assert users == {"_transport", "_connection", "_session", "client"}


def test_the_public_names_are_these() -> None:
    assert hubbatch.__all__ == sorted(hubbatch.__all__)
    assert set(hubbatch.__all__) == {
        *("Client", "Run", "Outcome", "RecordOutcome", "Counts", "Progress"),
        *("RateLimit", "RateLimiter", "RetryPolicy", "TokenProvider"),
        *(
            "ObjectResult",
            "BatchError",
            "ErrorDetail",
            "BatchResponse",
            "BatchStatus",
            "RecordStatus",
        ),
        *("HubbatchError", "UsageError", "AuthenticationError", "PermissionDeniedError"),
        *("UnknownObjectTypeError", "DailyLimitError", "TransportError", "ProtocolError"),
        *("OutcomeError", "RecordError", "in_thread", "open_session"),
    }
    for name in hubbatch.__all__:
        assert getattr(hubbatch, name).__doc__, f"{name} has no docstring"


def test_what_a_type_checker_sees_is_what_is_there() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    seen = {
        alias.name: node.module.removeprefix("hubbatch.")
        for node in only_for_types(tree)
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for alias in node.names
    }
    assert vars(hubbatch)["_HOMES"] == seen
    assert set(hubbatch.__all__) == set(seen)
    assert {*seen, "errors", "models"} <= set(dir(hubbatch))


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'hubbatch' has no attribute 'Clinet'"):
        _ = vars(hubbatch)["__getattr__"]("Clinet")
    with pytest.raises(ImportError, match="Clinet"):
        exec("from hubbatch import Clinet")  # noqa: S102 (a type checker would refuse it)


def python(code: str) -> str:
    """Return what a fresh interpreter prints."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_importing_the_package_loads_next_to_nothing() -> None:
    loaded = (
        "import sys, importlib, typing; before = set(sys.modules); import hubbatch;"
        "print(sorted(set(sys.modules) - before))"
    )
    assert python(loaded) == "['hubbatch']"


@pytest.mark.parametrize(
    "use",
    [
        "import hubbatch; hubbatch.Client; hubbatch.Client",
        "from hubbatch import *; Client, RateLimiter, UsageError",
        "from hubbatch import Client as C; import pickle; pickle.loads(pickle.dumps(C))",
        "import hubbatch; hubbatch.errors.UsageError, hubbatch.run.Run, hubbatch.client.Client",
        "import hubbatch.errors; hubbatch.models.RateLimit(1, 1.0)",
    ],
)
def test_names_and_modules_are_there_when_they_are_asked_for(use: str) -> None:
    python(use)


def test_a_class_is_shown_by_where_it_is_at_home() -> None:
    assert repr(hubbatch.Client) == "<class 'hubbatch.client.Client'>"
    assert vars(hubbatch)["Client"] is hubbatch.Client


def test_importing_the_library_imports_nothing_of_an_extra() -> None:
    code = (
        "import sys; from hubbatch import *;"
        "bad = {'typer', 'rich', 'fastapi', 'pydantic', 'pytest', 'aiohttp.web', 'hubbatch.sandbox'};"
        "print(sorted(bad & set(sys.modules)))"
    )
    assert python(code) == "[]"


def test_the_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()
