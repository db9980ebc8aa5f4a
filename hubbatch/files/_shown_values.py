"""Values of objects with characters that a kind of file cannot hold: shown there instead, and their properties noted.

Half of a character (a lone surrogate) has no place in UTF-8, and a NUL none in a CSV that is to be read again. They
stand there as in a file of rejects: `<0x-->`, `<0x00>`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import define, field

from hubbatch._output.cells import shown
from hubbatch.files._entries import Kind

__all__ = ["ShownValues"]

_MOST_NAMES = 100
_HALF = re.compile("[\ud800-\udfff]")
_HALF_OR_NUL = re.compile("[\0\ud800-\udfff]")
_OF_PROPERTIES = frozenset({None, "properties", "propertiesWithHistory"})
"""What names in JSON are the names of properties in, as HubSpot has an object; None: the object itself."""


@define
class ShownValues:
    """The values of one file of a kind."""

    _kind: Kind
    _names: dict[str, None] = field(factory=dict)

    @property
    def names(self) -> list[str]:
        """The properties, up to a hundred, of which some value is shown in place of itself."""
        return list(self._names)

    def value(self, name: str, value: Any) -> Any:
        """Return a value of a property as the file can hold it."""
        unfit = _HALF_OR_NUL if self._kind is Kind.CSV else _HALF
        if not isinstance(value, str) or unfit.search(value) is None:
            return value
        if len(self._names) < _MOST_NAMES:
            self._names[shown(name)] = None
        return shown(value)

    def tree(self, value: Any, name: str | None = None) -> Any:
        """Return a value of JSON as the file can hold it; `name`: what it is the value of."""
        if isinstance(value, Mapping):
            return {
                self.value(key, key): self.tree(item, key if name in _OF_PROPERTIES else name)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.tree(item, name) for item in value]
        return self.value(name or "", value)
