"""Reply bodies to responses and errors.

Bytes in, values out; it knows nothing of status codes' meaning or of which input a result is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from hubbatch._protocol.converter import converter
from hubbatch.models import BatchError, BatchResponse

__all__ = [
    "UNREAD",
    "has_own_words",
    "parse",
    "quote",
    "read_error",
    "read_response",
    "within_bounds",
]

_SNIPPET = 200
"""How many characters of a reply that is not JSON go into an error's message."""

_MARKS = frozenset({"status", "results", "errors", "numErrors"})
"""A batch answer has at least one of these."""

_TIMES_A_RESULT, _ERRORS_AN_INPUT, _SPARE = 2, 10, 100
"""What inputs can explain: HubSpot repeats results at times, and has several errors for one input."""

_OBJECTS = frozenset({dict})

UNREAD = object()
"""What stands for a body that is not JSON."""

_RESPONSE = converter.get_structure_hook(BatchResponse)


def parse(body: bytes) -> Any:
    """Return a body's JSON value, `UNREAD` if it is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return UNREAD


def has_own_words(value: Any) -> bool:
    """Whether a body is HubSpot's own: its errors have a category, or an id to ask its support with."""
    return type(value) is dict and any(
        isinstance(word := value.get(name), str) and word for name in ("category", "correlationId")
    )


def read_response(value: Any, inputs: int | None = None) -> BatchResponse | None:
    """Read an answer; None if it is not an answer to a batch of so many inputs.

    An object with `"status": "error"`, or with none of a batch answer's fields, is none; nor is one with results that
    are no objects, or with more results or errors than the inputs can explain.
    """
    if type(value) is not dict or value.get("status") == "error" or value.keys().isdisjoint(_MARKS):
        return None
    results, errors = value.get("results"), value.get("errors")
    if not isinstance(results, list | None) or not isinstance(errors, list | None):
        return None
    if not within_bounds(len(results or ()), inputs) or (
        inputs is not None and len(errors or ()) > _ERRORS_AN_INPUT * inputs + _SPARE
    ):
        return None
    if results and not _OBJECTS.issuperset(map(type, results)):
        return None
    response: BatchResponse = _RESPONSE(value, BatchResponse)
    return response


def within_bounds(results: int, inputs: int | None, results_per_input: int | None = 1) -> bool:
    """Whether so many results can be those of so many inputs."""
    if inputs is None or results_per_input is None:
        return True
    return results <= _TIMES_A_RESULT * results_per_input * inputs + _SPARE


def read_error(value: Mapping[str, Any]) -> BatchError:
    """Read the error of a JSON object that rejects a request as a whole."""
    return converter.structure(value, BatchError)


def quote(body: bytes) -> str:
    """Return the beginning of a body that is not JSON, on one line."""
    return " ".join(body[: 4 * _SNIPPET].decode("utf-8", "replace").split())[:_SNIPPET]
