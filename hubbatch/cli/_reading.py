"""The command `read`: what it takes, and the job that it makes of it."""

from __future__ import annotations

from hubbatch.cli._job import Job
from hubbatch.cli._output_options import (
    AllProperties,
    Archived,
    Nested,
    OutputDelimiter,
    OutputFormat,
    OutputPath,
    Properties,
    WithHistory,
    target_of,
)
from hubbatch.cli._settings import Settings
from hubbatch.cli._taking_settings import takes_settings
from hubbatch.cli._verbs import Files, IdProperty, ObjectType, execute, layout_of

__all__ = ["read"]


@takes_settings
def read(
    object_type: ObjectType,
    files: Files,
    *,
    id_property: IdProperty = None,
    property_: Properties = None,
    all_properties: AllProperties = False,
    output: OutputPath = "-",
    output_format: OutputFormat = None,
    output_delimiter: OutputDelimiter = None,
    nested: Nested = False,
    with_history: WithHistory = False,
    archived: Archived = False,
    settings: Settings,
) -> None:
    """Read the objects whose ids are in the files, in their order; what is not found is listed."""
    target = target_of(
        output,
        output_format,
        property_,
        nested=nested,
        with_history=with_history,
        delimiter=output_delimiter,
        all_properties=all_properties,
        append=settings.append,
        force=settings.force,
    )
    options = {
        "id_property": id_property,
        "properties": target.properties,
        "properties_with_history": target.histories,
        "archived": archived,
    }
    layout = layout_of(id_property or "id", settings, ids_only=True)
    execute(Job("read", object_type, files, layout, options, target), settings)
