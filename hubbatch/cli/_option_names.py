"""Messages of the library with the options of the command line in place of Python's parameters. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["in_options"]

_OPTIONS: Mapping[str, str] = {
    "append=True": "--append",
    "force=True": "--force",
    "base_url": "--base-url",
    "api_version": "--api-version",
    "id_property": "--id-property",
    "unique_property": "--unique-property",
    "'map' names": "--map names",
    "'only' names": "--columns names",
    "'drop' names": "--drop names",
}
_PARAMETER = re.compile(rf"(?<![\w./\\'-])({'|'.join(map(re.escape, _OPTIONS))})(?![\w./\\'-])")
"""One of these by itself, and not as a part of a file's or a column's name."""


_PYTHON_ONLY = " or, in Python, with allow_insecure=True"


def in_options(message: str) -> str:
    """Return a message in which each parameter is the option that it is typed as."""
    return _PARAMETER.sub(lambda found: _OPTIONS[found.group()], message.replace(_PYTHON_ONLY, ""))
