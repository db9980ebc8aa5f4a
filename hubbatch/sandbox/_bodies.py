"""Reading of JSON bodies and query parameters: a value of the wanted shape, or the refusal of the request.

It knows nothing of what single endpoints want.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from hubbatch.sandbox._replies import RefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "id_of",
    "ids_of",
    "inputs_of",
    "malformed",
    "missing_fields",
    "names_of",
    "number_of",
    "parse_object",
    "parse_value",
    "text_of",
]


def malformed(why: str) -> RefusalError:
    """Return the refusal of a body whose JSON has another shape."""
    return RefusalError(400, "VALIDATION_ERROR", f"Invalid input JSON: {why}")


def missing_fields(*names: str) -> RefusalError:
    """Return the refusal of a body that lacks fields."""
    return RefusalError(
        400, "VALIDATION_ERROR", f"Some required fields were not set: [{', '.join(names)}]"
    )


def parse_value(body: bytes) -> Any:
    """Return the JSON value of a body."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise malformed(f"line {error.lineno}, column {error.colno}") from None


def parse_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body."""
    content = parse_value(body)
    if type(content) is not dict:
        raise malformed("the body must be an object")
    return content


def inputs_of(body: bytes, most: int, what: str) -> list[Any]:
    """Return the inputs of a batch; a body without any has nothing to do."""
    raw = parse_object(body).get("inputs")
    if raw is None:
        return []
    if type(raw) is not list:
        raise malformed("inputs must be a list")
    if len(raw) > most:
        raise RefusalError(
            400,
            "VALIDATION_ERROR",
            f"The maximum number of inputs supported in a batch request for {what} is "
            f"{most}, received {len(raw)}",
        )
    return raw


def names_of(content: Mapping[str, Any], field_name: str) -> list[str]:
    """Return a list of texts, empty if it is not there."""
    value = content.get(field_name)
    if value is None:
        return []
    if type(value) is not list or not all(type(name) is str for name in value):
        raise malformed(f"{field_name} must be a list of strings")
    return value


def text_of(content: Mapping[str, Any], field_name: str) -> str | None:
    """Return a text, or None if it is not there."""
    value = content.get(field_name)
    if value is not None and type(value) is not str:
        raise malformed(f"{field_name} must be a string")
    return value


def id_of(content: Mapping[str, Any], field_name: str = "id") -> str | None:
    """Return an id, which may be a number; None if it is not there."""
    value = content.get(field_name)
    return str(value) if type(value) is int else text_of(content, field_name)


def number_of(
    values: Mapping[str, Any], name: str, default: int, most: int, *, least: int = 1
) -> int:
    """Return a number from a body or a query, such as `limit`; refuse one that is out of bounds."""
    value = values.get(name)
    if value is None or value == "":
        return default
    text = str(value) if type(value) in (int, str) else ""
    if not (text.isascii() and text.isdigit() and len(text) < 16):  # noqa: PLR2004 (digits)
        raise RefusalError(400, "VALIDATION_ERROR", f"{name} must be a number")
    number = int(text)
    if not least <= number <= most:
        raise RefusalError(
            400, "VALIDATION_ERROR", f"{name} must be between {least} and {most}, not {number}"
        )
    return number


def ids_of(value: Any, what: str) -> Sequence[str]:
    """Return a list of ids, which may be numbers."""
    if type(value) is not list or not all(type(one) in (str, int) for one in value):
        raise malformed(f"{what} must be a list of ids")
    return [str(one) for one in value]
