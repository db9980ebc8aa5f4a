"""How a face has a run made: by the client that it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from hubbatch._verbs import Records
from hubbatch.endpoints import Endpoint
from hubbatch.run import Run

__all__ = ["Records", "StartRun"]


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
