"""The table of endpoints: every template of HubSpot's has its row, in every version, and no row has another."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path as File

import pytest
from templates import BESIDE, OTHER_METHODS, TEMPLATES

from hubbatch import Endpoint, UsageError, endpoints
from hubbatch.endpoints import DATED, Path
from hubbatch.endpoints._families import FAMILIES, rows_of
from hubbatch.endpoints._reference import reference

ROWS = endpoints.rows()
EXPECTED = {**TEMPLATES, **BESIDE}
PAGE = File(__file__).parents[2] / "docs" / "endpoints.md"
LATER = "2031-03"


def bare(template: str, version: str) -> str:
    """Return a template with its version filled in and without the names of its other fields."""
    filled = template.replace("{version}", version).replace("{V}", version)
    return re.sub(r"\{[^}]*\}", "{}", filled)


def expected(name: str) -> set[tuple[str, str]]:
    return {
        (bare(template, version), version)
        for template, versions in EXPECTED[name]
        for version in versions.split()
    }


def test_every_template_has_a_row_and_every_row_a_template() -> None:
    assert ROWS.keys() == EXPECTED.keys()
    assert sum(map(len, TEMPLATES.values())) == 132
    assert len({row.name for row in ROWS.values()}) == len(ROWS)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_row_has_the_paths_of_its_templates_in_their_versions_and_no_others(name: str) -> None:
    versions = {version for _, version in expected(name)}
    row = ROWS[name]
    found = {
        (bare(path.template, version), version)
        for path in row.paths
        for version in versions
        if path.exists_in(version)
    }
    assert found == expected(name)
    assert row.method == OTHER_METHODS.get(name, "POST")
    for path in row.paths:
        assert {*path.versions} - {DATED} <= versions
        assert path.exists_in(LATER) == (DATED in path.versions)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_path_is_filled_in_as_its_template_says(name: str) -> None:
    row = ROWS[name]
    for template, version in expected(name):
        fields = dict.fromkeys(row.path_fields, "0-970" if "/objects/v3/" in template else "7")
        wanted = re.sub(r"\{\}", next(iter(fields.values()), ""), template)
        assert row.path(version, fields) == wanted


def test_a_version_that_a_row_does_not_have_is_a_usage_error() -> None:
    for name, version in [("PRICE_BOOKS_ITEMS_CREATE", "v3"), ("TIMELINE_EVENTS_CREATE", LATER)]:
        with pytest.raises(UsageError, match="does not exist in version"):
            ROWS[name].path(version, {"price_book_id": 7})


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_constant_is_found_in_the_package_and_stands_in_the_module_it_begins_with(
    name: str,
) -> None:
    row = getattr(endpoints, name)
    assert row is ROWS[name]
    assert isinstance(row, Endpoint)
    (family,) = [family for family in FAMILIES if name in rows_of(family)]
    if family != "_objects":
        assert name.startswith(f"{family.upper()}_")
        assert row.name.replace("-", "_").upper() == name


def test_a_name_that_is_no_row_is_an_attribute_error() -> None:
    for name in ("CAMPAIGNS_UPDTE", "UPSERT_ALL", "campaign", "A"):
        with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
            getattr(endpoints, name)
    assert {*ROWS, "rows", "Endpoint"} <= set(dir(endpoints))


def test_importing_the_package_loads_no_family_and_a_constant_only_its_own() -> None:
    code = (
        "import sys; from hubbatch import endpoints; endpoints.ASSOCIATION_LIMITS_PURGE;"
        "print(*(name.rpartition('.')[2] for name in sys.modules if name.startswith('hubbatch.endpoints.')))"
    )
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert loaded.pop() == "association_limits"
    assert all(name.startswith("_") for name in loaded)


def test_a_type_checker_sees_all_families() -> None:
    assert endpoints.__file__ is not None
    tree = ast.parse(File(endpoints.__file__).read_text("utf-8"))
    seen = {
        (node.module or "").rpartition(".")[2]
        for block in ast.walk(tree)
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
    }
    assert seen == FAMILIES.keys() - {"_objects"}


def test_the_reference_page_is_current_and_names_every_row_and_path() -> None:
    page = PAGE.read_text("utf-8")
    assert page == reference(), "run: python -m hubbatch.endpoints > docs/endpoints.md"
    for name, row in ROWS.items():
        assert f"`{name}`" in page
        assert all(f"{path.template}`" in page for path in row.paths)


def test_the_module_prints_the_page() -> None:
    command = [sys.executable, "-m", "hubbatch.endpoints"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed == reference()


def test_a_path_may_be_one_for_all_versions() -> None:
    path = Path("/a/{version}/b", ("v4", DATED))
    assert path.exists_in("v4")
    assert path.exists_in("2026-09-beta")
    assert not path.exists_in("v3")
