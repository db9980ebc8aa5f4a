"""The shape of the package: layers, public names, no weight at import, nothing of this machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hubbatch

PACKAGE = Path(hubbatch.__file__).parent

SHARED = {"_counted", "_printable", "_output", "_to_its_end"}
"""Private modules that know nothing of what the library does, so that what is built on it may use them too."""

ORDER = [
    {"_counted", "_printable", "_clock", "_to_its_end"},
    {"errors"},
    {"_output"},
    {"models", "object_types", "policies", "_checks", "_states", "filters", "schema"},
    {"_forecast"},
    {"progress"},
    {"events"},
    {"_logging", "_observers"},
    {"endpoints"},
    {"_protocol"},
    {"_records"},
    {"_pages"},
    {"outcome", "_outcome_json", "_outcome_rows"},
    {"journal"},
    {"_batches"},
    {"_quota"},
    {"_admission"},
    {"_http"},
    {"_engine"},
    {
        "_options",
        "_client_options",
        "_calls",
        "_verbs",
        "_reading",
        "run",
        "reader",
        "rehearsal",
    },
    {"_faces"},
    {"client"},
    {"__init__"},
    {"files", "sync"},
    {"sandbox", "cli", "pytest_plugin", "testing", "__main__"},
]
"""Packages and modules from the bottom up: each imports what stands with it or before it."""

LAYERS = {name: layer for layer, names in enumerate(ORDER) for name in names}

PURE = {
    "errors",
    "models",
    "object_types",
    "policies",
    "_checks",
    "_states",
    "_forecast",
    "progress",
}
PURE |= {"outcome", "_counted", "_printable", "events", "_logging"}
PURE |= {"endpoints", "_protocol", "_records", "_batches", "_pages", "filters", "schema"}


def only_for_types(tree: ast.Module) -> list[ast.stmt]:
    """Return the statements that only a type checker sees."""
    return [
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
    ]


def place(path: Path) -> str:
    """Return the package, or the module, that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Return what of hubbatch a file imports, in any form: inside functions, and for types only, too.

    Only `errors` may know a class above it for its type. The sandbox, which is built on the rest, has more of these.
    """
    found = set()
    tree = ast.parse(path.read_text("utf-8"))
    free = place(path) in {"errors", "sandbox", "pytest_plugin"}
    left_out = {id(node) for node in only_for_types(tree)} if free else set()
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        found |= {
            parts[1] if len(parts) > 1 and parts[1] in LAYERS else "__init__"
            for parts in (name.split(".") for name in names)
            if parts[0] == "hubbatch"
        }
    return found


MODULES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if LAYERS.get(place(path), 99) < LAYERS["sandbox"]
]


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_packages_import_downward_only(path: Path) -> None:
    for name in imports(path):
        assert LAYERS[name] <= LAYERS[place(path)], f"{path.stem} imports {name}, which is above it"


def test_everything_has_its_place_in_the_order() -> None:
    assert {place(path) for path in PACKAGE.rglob("*.py")} == LAYERS.keys()


def test_tests_mirror_the_packages() -> None:
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert {path.parent.name for path in Path(__file__).parent.glob("*/test_*.py")} == packages


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("_*/__init__.py")), ids=named)
def test_a_package_says_what_it_is_and_what_it_knows_nothing_of(path: Path) -> None:
    words = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert words is not None
    assert len(words) < 500


def test_what_is_built_on_the_library_uses_its_public_face() -> None:
    for path in (PACKAGE / "cli").rglob("*.py"):
        private = {name for name in imports(path) if name.startswith("_") and name != "__init__"}
        assert private <= SHARED, f"{path.name} imports {private}"
    for path in (PACKAGE / "files").rglob("*.py"):
        assert imports(path) <= {"files", "__init__"} | SHARED, (
            f"{path.name} knows more than the public face"
        )
    for path in (PACKAGE / "sandbox").rglob("*.py"):
        assert imports(path) <= {
            *("models", "object_types", "policies", "errors", "sandbox", "__init__")
        }
    for path in (PACKAGE / "testing").rglob("*.py"):
        assert imports(path) <= {"sandbox", "testing", "__init__"}


SYNC_MAY_IMPORT = {
    "hubbatch._client_options.ClientOptions",
    "hubbatch._options.RunOptions",
    "hubbatch._verbs.Records",
    "hubbatch._records.frames.rows_of",
    "hubbatch._records.threads.ThreadedSource",
}
"""`hubbatch.sync` has the calls of the client, with their types, and pulls records as it does."""


def private_imports(tree: ast.Module, own: str) -> set[str]:
    """Return what is imported from private modules of other packages, or is itself private there."""
    found = set[str]()
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            root, *parts = name.split(".")
            if root == "hubbatch" and parts[:1] != [own] and not SHARED & set(parts[:1]):
                found |= {name for part in parts if part.startswith("_")}
    return found


@pytest.mark.parametrize("own", ["cli", "files", "sandbox", "sync", "testing"])
def test_what_is_built_on_the_library_imports_no_private_module_of_another_package(
    own: str,
) -> None:
    allowed = SYNC_MAY_IMPORT if own == "sync" else set[str]()
    for path in (PACKAGE / own).rglob("*.py"):
        found = private_imports(ast.parse(path.read_text("utf-8")), own) - allowed
        assert not found, f"{path.name} imports {found}"


def test_an_import_of_a_private_module_is_seen() -> None:
    code = "from hubbatch.endpoints._objects import CREATE"
    assert private_imports(ast.parse(code), "cli") == {"hubbatch.endpoints._objects.CREATE"}
    assert not private_imports(ast.parse("from hubbatch.cli._job import Job"), "cli")


SOURCES = {"blocks.py", "threads.py"}
"""Modules of `_records` that pull a caller's source."""


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if place(path) in PURE and path.name not in SOURCES],
    ids=named,
)
def test_pure_packages_do_no_io_and_never_await(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Await)]
    modules = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert not modules & {"asyncio", "aiohttp", "socket", "time", "random"}


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_no_module_is_long_and_no_function_either(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 350
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name


TWINS = {"Client": "`hubbatch.sync` has the same names as `hubbatch`, for scripts"}
"""Names that two classes have, and why."""


def test_no_two_classes_have_one_name() -> None:
    """The sandbox may have names of its own once more: it models the service's side of the same things."""
    homes: dict[tuple[bool, str], set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                name = place(path) == "sandbox", node.name.lstrip("_")
                homes.setdefault(name, set()).add(f"{named(path)}:{node.lineno}")
    twins = {name: sorted(where) for (_, name), where in homes.items() if len(where) > 1}
    assert twins.keys() == TWINS.keys(), twins


UNWANTED = re.compile(r"\b(told|fates?|everyone|everybody)\b|_told_|_fate_", re.IGNORECASE)
"""Words of stories: who is told, and what for, has a name in our field."""


def test_the_words_of_stories_do_not_occur() -> None:
    root = Path(__file__).parent
    pages = [*PACKAGE.rglob("*.py"), *root.rglob("*.py"), *root.parent.glob("docs/*.md")]
    texts = {path: path.read_text("utf-8") for path in pages if path != Path(__file__)}
    assert not [str(path) for path, text in texts.items() if UNWANTED.search(text)]


def test_few_modules_know_aiohttp() -> None:
    users = {
        path.stem
        for path in MODULES
        if "aiohttp" in path.read_text("utf-8") and "import aiohttp" in path.read_text("utf-8")
    }
    # The client and its options have it for a type; of the others each has one part of sending.
    assert users == {"transport", "connection", "session", "client", "_client_options"}


def test_the_public_names_are_these() -> None:
    assert hubbatch.__all__ == sorted(hubbatch.__all__)
    assert set(hubbatch.__all__) == {
        *("Client", "Run", "Outcome", "RecordOutcome", "Counts", "Progress"),
        *("RateLimit", "RateLimiter", "RetryPolicy", "TokenProvider", "ObjectType"),
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
        *("OutcomeError", "RecordError", "in_blocks", "in_thread", "open_session"),
        *("Transport", "Request", "Reply", "NoReply"),
        *("Endpoint", "Pair", "RowResult"),
        *("Property", "PropertyOption", "Schema"),
        *("ObjectReader", "Filter", "RefusedError", "SourceChangedError"),
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
        "import hubbatch.errors; hubbatch.policies.RateLimit(1, 1.0)",
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
        "bad = {'typer', 'rich', 'fastapi', 'pydantic', 'pytest', 'aiohttp.web'};"
        "bad |= {'hubbatch.sandbox', 'hubbatch.testing'};"
        "print(sorted(bad & set(sys.modules)))"
    )
    assert python(code) == "[]"


def test_the_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()


EXCUSED = {
    "_quota/test_quota_use.py: Others.used": "what would be known if answers held all; no caller can know that",
    "cli/test_cli_demo.py: _demo.Client": "that the demonstration notices a refusal can be shown in no other way",
    "cli/test_cli_demo.py: _demo.Sandbox": "that the demonstration notices a loss can be shown in no other way",
    "cli/test_cli_outputs.py: _load_sinks._KINDS": "a file that is opened for ever, in the test's own process",
    "cli/test_cli_signals.py: hubbatch.cli._screen.Screen.say": "hears at once what a signal makes it say",
    "cli/test_load_law.py: OutputFile.write": "dies or finds the disk full at a write of its choice, in process",
    "cli/test_load_law.py: Store.write": "likewise, of the journal",
    "files/test_kinds.py: _tables._MAX_UNPACKED": "a workbook of the real size would be two gigabytes",
    "files/test_source.py: _bytes._STDIN": "the standard input of the test's own process",
    "_http/test_connections.py: aiohttp.ClientSession._request": "what a version of aiohttp may do",
}
"""What tests change of the library's inside, and why there is no seam for it."""


def homes(tree: ast.Module) -> dict[str, str]:
    """Return where in hubbatch the names are at home that a test imports from it."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "hubbatch"
        for alias in node.names
    }


def is_private(name: str) -> bool:
    return any(part.startswith("_") and not part.startswith("__") for part in name.split("."))


def assigned(node: ast.AST) -> Iterator[str]:
    """Return the private attributes of others that a statement sets or deletes."""
    targets = list(getattr(node, "targets", []))
    if isinstance(node, ast.AugAssign | ast.AnnAssign):
        targets = [node.target]
    for each in (part for target in targets for part in ast.walk(target)):
        if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store | ast.Del):
            name = ast.unparse(each)
        elif isinstance(each, ast.Subscript) and isinstance(each.ctx, ast.Store | ast.Del):
            name = ast.unparse(each.value)
        else:
            continue
        if is_private(name) and name.rpartition(".")[0] not in {"", "self", "cls"}:
            yield name


def replaced(node: ast.AST, known: dict[str, str]) -> Iterator[str]:
    """Return what of the library's inside a call of `setattr`, `delattr` or `patch` replaces."""
    if not isinstance(node, ast.Call) or not node.args:
        return
    function = ast.unparse(node.func).rpartition(".")[2]
    if function not in {"setattr", "delattr", "patch", "object"}:
        return
    first, *rest = node.args
    if isinstance(first, ast.Constant):
        name = repr(first.value).strip("'")
        if name.startswith("hubbatch.") and is_private(name):
            yield name
    elif rest and isinstance(rest[0], ast.Constant):
        root, _, way = ast.unparse(first).partition(".")
        if is_private(f"{known.get(root, '')}.{way}.{rest[0].value!s}"):
            yield f"{ast.unparse(first)}.{rest[0].value!s}"


def test_tests_change_nothing_private_but_for_a_reason() -> None:
    found = set()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        known = homes(tree)
        for node in ast.walk(tree):
            for name in (*assigned(node), *replaced(node, known)):
                found.add(f"{path.relative_to(Path(__file__).parent)}: {name}")
    assert sorted(found) == sorted(EXCUSED)


@pytest.mark.parametrize(
    "code",
    [
        "client._transport = 1",
        "client._gate.limiter = 1",
        "client._cache['x'] = 1",
        "client._count += 1",
        "client._kind: int = 1",
        "a, client._b = 1, 2",
        "del client._transport",
        "setattr(client, '_transport', 1)",
        "monkeypatch.setattr(Client, '_run', 1)",
        "monkeypatch.setattr('hubbatch._engine.engine.Engine.close', 1)",
        "from hubbatch._engine.engine import Engine\nmonkeypatch.setattr(Engine, 'close', 1)",
        "from hubbatch.cli import _demo\nmock.patch.object(_demo, 'Client')",
    ],
)
def test_a_change_of_the_inside_is_seen(code: str) -> None:
    tree = ast.parse(code)
    known = homes(tree)
    seen = [name for node in ast.walk(tree) for name in (*assigned(node), *replaced(node, known))]
    assert len(seen) == 1


@pytest.mark.parametrize(
    "code",
    [
        "self._taken = 1",
        "error.__cause__ = error",
        "world.service.options = 1",
        "monkeypatch.setattr(hubbatch, 'Client', 1)",
        "monkeypatch.setattr(sys, 'argv', [])",
        "monkeypatch.setenv('_X', '1')",
    ],
)
def test_what_is_public_or_the_tests_own_may_be_set(code: str) -> None:
    tree = ast.parse(code)
    assert not [name for node in ast.walk(tree) for name in (*assigned(node), *replaced(node, {}))]
