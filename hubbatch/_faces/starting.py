"""How a face has a run made: by the client that it belongs to."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from typing import Any, Protocol

from hubbatch.endpoints import Endpoint
from hubbatch.run import Run

__all__ = ["Records", "StartRun"]

Records = Iterable[Any] | AsyncIterable[Any]


class StartRun(Protocol):
    """Checks a call and makes its run, which has not started."""

    def __call__(
        self,
        endpoint: Endpoint,
        path_fields: Mapping[str, object],
        records: Records,
        options: Mapping[str, Any],
        *,
        convert: Callable[[Any], Any] | None = None,
        **specific: Any,
    ) -> Run[Any]: ...
