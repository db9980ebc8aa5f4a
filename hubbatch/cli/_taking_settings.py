"""How a command function takes the fields of a settings class as its options. It knows nothing of what these are."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection
from typing import Any, TypeVar, get_type_hints

import attrs

from hubbatch.cli._settings import Settings

__all__ = ["takes_settings", "takes_some_settings"]

_Command = TypeVar("_Command", bound=Callable[..., None])


def takes_some_settings(*names: str) -> Callable[[_Command], _Command]:
    """Let a command that has a parameter `settings` take these fields of its type as options; the rest is as usual."""
    return functools.partial(takes_settings, only=names)


def takes_settings(command: _Command, *, only: Collection[str] | None = None) -> _Command:
    """Let a command that has a parameter `settings` take the fields of its type as its options."""
    hints = get_type_hints(command, include_extras=True)
    own = [
        parameter.replace(annotation=hints[parameter.name])
        for parameter in inspect.signature(command).parameters.values()
        if parameter.name != "settings"
    ]
    kind: type[Settings] = hints["settings"]
    shared_hints = get_type_hints(kind, include_extras=True)
    shared = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=shared_hints[field.name],
        )
        for field in attrs.fields(kind)
        if only is None or field.name in only
    ]

    @functools.wraps(command)
    def call(**values: Any) -> None:
        settings = kind(**{field.name: values.pop(field.name) for field in shared})
        command(**values, settings=settings)

    parameters = [*own, *shared]
    call.__signature__ = inspect.Signature(parameters, return_annotation=None)  # type: ignore[attr-defined]
    call.__annotations__ = {item.name: item.annotation for item in parameters}
    return call  # type: ignore[return-value]
