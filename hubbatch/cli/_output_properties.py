"""The properties that are to be read, held against those of the account before anything is read.

A target comes in and goes out with names that the account has. It knows nothing of how objects are read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from attrs import evolve

from hubbatch import AuthenticationError, Schema, UnknownObjectTypeError, UsageError
from hubbatch.cli._checking_account import known_of, known_soon
from hubbatch.cli._faults import CommandError
from hubbatch.cli._output_options import Target
from hubbatch.cli._reach import Connection
from hubbatch.cli._settings import Settings
from hubbatch.cli._typed_command import quoted

__all__ = ["known_target", "properties_named"]

_MOST = 10
"""Names that a message lists."""


async def known_target(
    target: Target,
    object_type: str,
    settings: Settings,
    connection: Connection,
    say: Callable[[str], object],
) -> Target:
    """Return a target whose properties are the account's, as far as these are known.

    Raises `UsageError` for a name that is none of them, and what the account says where all are wanted.
    """
    if target.all_properties:
        asking = evolve(settings, check=True, lenient=False)
        known = await known_of(object_type, asking, connection)
        if known.schema is None:
            raise CommandError(f"--all-properties: {known.problem}")
        return evolve(target, properties=[each.name for each in known.schema])
    if not target.properties:
        return target
    try:
        known = await known_soon(object_type, settings, connection)
    except (AuthenticationError, UnknownObjectTypeError):
        return target  # as the reading itself is about to hear
    if known.problem:
        say(known.problem)
    if known.schema is None:
        return target
    names = properties_named(known.schema, target.properties, object_type)
    if by_label := [
        f"{given!r} as {name}"
        for given, name in zip(target.properties, names, strict=True)
        if given != name
    ]:
        say(f"properties read by their labels: {', '.join(by_label)}")
    return evolve(target, properties=list(dict.fromkeys(names)))


def properties_named(schema: Schema, given: Iterable[str], object_type: str) -> list[str]:
    """Return the name of the property that each of some texts names, or is the label of; a name beats a label.

    Raises `UsageError` for a text that names none, or is the label of several.
    """
    labelled = defaultdict(list)
    for each in schema:
        labelled[each.label.casefold()].append(each.name)
    names, wrong = list[str](), list[str]()
    for text in given:
        found = [text] if text in schema else labelled.get(text.casefold(), [])
        if len(found) == 1:
            names += found
        elif found:
            wrong.append(f"{text!r} is the label of {', '.join(found[:_MOST])}: give one of these")
        else:
            closest = schema.closest(text)
            meant = "" if closest is None else f" (is {closest!r} meant?)"
            wrong.append(f"{text!r} is no property of {object_type}{meant}")
    if wrong:
        more = f"; and {len(wrong) - _MOST} more" if len(wrong) > _MOST else ""
        listing = quoted(("hubbatch", "properties", object_type))
        raise UsageError(
            f"--property: {'; '.join(wrong[:_MOST])}{more}. Nothing was read. `{listing}` lists them, --no-check asks"
            " for them all the same"
        )
    return names
