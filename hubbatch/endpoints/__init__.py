"""Batch endpoints as rows: what HubSpot has, and what a caller adds of their own.

A row says all that is particular to an endpoint. Nothing here plans, sends or decides anything.
"""

from hubbatch.endpoints._kinds import (
    ARRAY,
    INPUTS,
    SINGLE,
    AnswerKind,
    Body,
    Doubt,
    Effect,
    IdLists,
    InputKind,
    Paging,
    ResultShape,
)
from hubbatch.endpoints._objects import ARCHIVE, CREATE, READ, UPDATE, UPSERT
from hubbatch.endpoints._paths import DATED, Path
from hubbatch.endpoints._row import Endpoint

__all__ = [
    "ARCHIVE",
    "ARRAY",
    "CREATE",
    "DATED",
    "INPUTS",
    "READ",
    "SINGLE",
    "UPDATE",
    "UPSERT",
    "AnswerKind",
    "Body",
    "Doubt",
    "Effect",
    "Endpoint",
    "IdLists",
    "InputKind",
    "Paging",
    "Path",
    "ResultShape",
]
