"""Libraries that only some kinds of files need: imported when they are wanted, or the line to type is given."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from hubbatch import UsageError
from hubbatch.files._errors import BrokenInputError

__all__ = ["needed", "needed_to_write"]

_ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"

_LIBRARIES = {
    # what: (module, extra, what the file is)
    "zstd": (_ZSTD, "zst", "this is packed with zstd"),
    "json": ("ijson", "json", "this is one JSON array"),
    "parquet": ("pyarrow.parquet", "parquet", "this is Parquet"),
    "arrow": ("pyarrow.ipc", "parquet", "this is Arrow"),
    "excel": ("python_calamine", "excel", "this is a workbook"),
}


def needed(what: str) -> Any:
    """Return the module that reads a kind of file. Raises `BrokenInputError` if it is not installed."""
    module, extra, description = _LIBRARIES[what]
    try:
        return importlib.import_module(module)
    except ImportError:
        raise BrokenInputError(
            f"{description}: pip install 'hubbatch[{extra}]' to read it"
        ) from None


def needed_to_write(what: str) -> Any:
    """Return the module that writes a kind of file. Raises `UsageError` if it is not installed."""
    module, extra, _ = _LIBRARIES[what]
    try:
        return importlib.import_module(module)
    except ImportError:
        raise UsageError(
            f"to write {extra.capitalize()}: pip install 'hubbatch[{extra}]'"
        ) from None
