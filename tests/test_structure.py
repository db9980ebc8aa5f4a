"""The shape of the package: layers, public names, no weight at import, nothing of this machine."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import hubbatch

PACKAGE = Path(hubbatch.__file__).parent

LAYERS: dict[str, int] = {
    name: layer
    for layer, names in enumerate(
        [
            ["errors", "models"],
            [
                "_converter",
                "_operations",
                "_records",
                "_values",
                "_exchange",
                "_states",
                "_life",
                "outcome",
                "progress",
            ],
            [
                "_planning",
                "_codec",
                "_diagnosis",
                "_retry",
                "_health",
                "_concurrency",
                "_recognition",
                "_doubt",
                "_collision",
                "_batching",
                "_duplicates",
                "_names",
                "_correlation",
                "_isolation",
                "_suspicion",
                "_ledger",
            ],
            [
                "_clock",
                "_options",
                "_intake",
                "_settling",
                "_feeder",
                "_threads",
                "_reckoning",
                "_forecast",
                "_ceiling",
                "_claim",
                "_daily",
                "_budget",
                "_quota",
                "_gate",
                "_auth",
                "_transport",
            ],
            ["_wire", "_courier", "_engine", "run"],
            ["client"],
            ["__init__"],
            ["sandbox", "cli", "pytest_plugin", "__main__"],
        ]
    )
    for name in names
}


def imports(path: Path) -> set[str]:
    """Return the modules of hubbatch that a file imports."""
    found = set()
    tree = ast.parse(path.read_text("utf-8"))
    for_types_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
    }
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
            private = {
                name for name in imports(path) if name.startswith("_") and name != "__init__"
            }
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


def test_one_module_sends() -> None:
    users = {
        path.stem
        for path in MODULES
        if "aiohttp" in path.read_text("utf-8") and "import aiohttp" in path.read_text("utf-8")
    }
    assert users == {"_transport", "client"}  # the client has it for a type


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
        *("OutcomeError", "RecordError", "in_thread"),
    }
    for name in hubbatch.__all__:
        assert getattr(hubbatch, name).__doc__, f"{name} has no docstring"


def test_importing_the_library_imports_nothing_of_an_extra() -> None:
    code = (
        "import sys, hubbatch;"
        "bad = {'typer', 'rich', 'fastapi', 'pydantic', 'pytest', 'aiohttp.web', 'hubbatch.sandbox'};"
        "print(sorted(bad & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_the_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()
