"""Where an endpoint is found: path templates by version, and the fields that a caller fills in.

Pure. A field's value is checked and quoted, never spliced in. It knows nothing of what is sent to a path.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import quote

from attrs import field, frozen

from hubbatch._checks import shown
from hubbatch.errors import UsageError

__all__ = ["DATED", "OTHER_FORM", "Path", "check_api_version", "fill_in", "find_path"]

OTHER_FORM = frozenset({"projects", "0-970", "appointments", "0-421"})
"""Object types whose numbered path has its parts in another order."""

DATED = "dated"
"""Stands for every dated version, such as `2025-09` or `2026-09-beta`, among those that a path exists in."""

_NUMBERED = re.compile(r"v[1-9]")
_DATED = re.compile(r"20[0-9]{2}-[0-9]{2}(?:-[a-z]{1,20})?")
_FIELD = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_TEMPLATE = re.compile(r"(?:/(?:[A-Za-z0-9_-]+|\{[a-z][a-z0-9_]*\}))+")
_OBJECT_TYPE = re.compile(r"[A-Za-z0-9_-]{1,200}")
_LONGEST = 200


@frozen
class Path:
    """One path template of an endpoint.

    `template`: such as `/crm/objects/{version}/{object_type}/batch/read`; `{version}` is filled in by the version.
    `versions`: where it exists: `"v3"`, a dated version, or `DATED` for all dated ones.
    `only`: the values of a field for which it is the path, where the others have another one.
    """

    template: str
    versions: tuple[str, ...]
    only: Mapping[str, frozenset[str]] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.template, str) or not _TEMPLATE.fullmatch(self.template):
            raise UsageError(
                "Path.template must be a path such as '/crm/v3/objects/{object_type}/batch/read', with fields in small"
                f" letters, not {self.template!r}"
            )
        for version in self.versions:
            if version != DATED and not _is_version(version):
                raise UsageError(
                    "Path.versions must be versions such as 'v4' or '2026-03', or DATED for all dated ones, not"
                    f" {version!r}"
                )
        if not self.versions:
            raise UsageError("Path.versions must name a version at least")

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that a caller fills in, in their order."""
        return tuple(name for name in _FIELD.findall(self.template) if name != "version")

    def exists_in(self, version: str) -> bool:
        """Whether it exists in a version."""
        return version in self.versions or (
            DATED in self.versions and _DATED.fullmatch(version) is not None
        )

    def is_for(self, values: Mapping[str, object]) -> bool:
        """Whether it is the path for some values of its fields."""
        return all(
            isinstance(value := values.get(name), str) and value in allowed
            for name, allowed in self.only.items()
        )


def check_api_version(api_version: object) -> str:
    """Return a client's version: `v3`, or a dated one such as `2025-09`."""
    if api_version == "v3" or (isinstance(api_version, str) and _DATED.fullmatch(api_version)):
        return str(api_version)
    raise UsageError(
        f"api_version must be 'v3' or a dated version such as '2025-09', not {shown(api_version)}"
    )


def find_path(
    endpoint: str, paths: Sequence[Path], api_version: str, values: Mapping[str, object]
) -> tuple[Path, str]:
    """Return the path of an endpoint for a client's version, and the version to fill in.

    `v3` stands for the numbered API: an endpoint that is numbered otherwise, such as `v4`, is found by it too.
    """
    for path in paths:
        if path.exists_in(api_version) and path.is_for(values):
            return path, api_version
    if api_version == "v3":
        for path in paths:
            for version in path.versions:
                if _NUMBERED.fullmatch(version) and path.is_for(values):
                    return path, version
    known = ", ".join(dict.fromkeys(version for path in paths for version in path.versions))
    raise UsageError(f"{endpoint} does not exist in version {shown(api_version)}, but in: {known}")


def fill_in(endpoint: str, path: Path, version: str, values: Mapping[str, object]) -> str:
    """Return a path with its fields filled in; raise `UsageError` for one that is missing, unknown or wrong."""
    if unknown := [name for name in values if name not in path.fields]:
        raise UsageError(
            f"{endpoint} has no path field {unknown[0]!r}; it has {_listed(path.fields)}"
        )
    for name in path.fields:
        if name not in values:
            raise UsageError(f"{endpoint} needs the path field {name!r}")
    texts = {"version": version, **{name: _checked(name, values[name]) for name in path.fields}}
    return _FIELD.sub(lambda found: quote(texts[found[1]], safe=""), path.template)


def _checked(name: str, value: object) -> str:
    if name.endswith("object_type"):
        if not isinstance(value, str) or not _OBJECT_TYPE.fullmatch(value):
            raise UsageError(
                f"{name} must be an object's name or id, such as 'contacts', '0-3' or 'p_mycustom'"
                f" (letters, digits, '_' and '-'), not {value!r}"
            )
        return value
    text = str(value) if type(value) is int else value
    if (
        not isinstance(text, str)
        or not 0 < len(text) <= _LONGEST
        or not text.isprintable()
        or text.strip(". ") == ""
        or "/" in text
        or "\\" in text
    ):
        raise UsageError(
            f"{name} must be a whole number or text of at most {_LONGEST} characters without '/' and '\\', not"
            f" {value!r}"
        )
    return text


def _is_version(version: object) -> bool:
    return isinstance(version, str) and bool(
        _NUMBERED.fullmatch(version) or _DATED.fullmatch(version)
    )


def _listed(names: Collection[str]) -> str:
    return ", ".join(map(repr, names)) or "none"
