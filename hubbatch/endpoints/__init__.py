"""Batch endpoints as rows: what HubSpot has, and what a caller adds of their own.

A row says all that is particular to an endpoint. Nothing here plans, sends or decides anything.

`rows()` gives all of HubSpot's that move an account's data, by the names of their constants, such as
`endpoints.CAMPAIGNS_UPDATE`. They are loaded when they are wanted, family by family; `docs/endpoints.md` lists them.
"""

from typing import TYPE_CHECKING, Any

from hubbatch.endpoints._families import find, rows
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
    NothingFound,
    Paging,
    Presence,
    ResultShape,
)
from hubbatch.endpoints._objects import ARCHIVE, CREATE, OBJECT_VERBS, READ, UPDATE, UPSERT
from hubbatch.endpoints._paths import DATED, Path
from hubbatch.endpoints._row import Endpoint

if TYPE_CHECKING:
    from hubbatch.endpoints.association_limits import *  # noqa: F403
    from hubbatch.endpoints.associations import *  # noqa: F403
    from hubbatch.endpoints.blogs import *  # noqa: F403
    from hubbatch.endpoints.campaigns import *  # noqa: F403
    from hubbatch.endpoints.conversations import *  # noqa: F403
    from hubbatch.endpoints.deal_splits import *  # noqa: F403
    from hubbatch.endpoints.events import *  # noqa: F403
    from hubbatch.endpoints.exchange_rates import *  # noqa: F403
    from hubbatch.endpoints.hubdb import *  # noqa: F403
    from hubbatch.endpoints.lists import *  # noqa: F403
    from hubbatch.endpoints.marketing_events import *  # noqa: F403
    from hubbatch.endpoints.objects import *  # noqa: F403
    from hubbatch.endpoints.pages import *  # noqa: F403
    from hubbatch.endpoints.preferences import *  # noqa: F403
    from hubbatch.endpoints.price_books import *  # noqa: F403
    from hubbatch.endpoints.properties import *  # noqa: F403
    from hubbatch.endpoints.schemas import *  # noqa: F403
    from hubbatch.endpoints.timeline import *  # noqa: F403

__all__ = [
    "ARCHIVE",
    "ARRAY",
    "CREATE",
    "DATED",
    "INPUTS",
    "OBJECT_VERBS",
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
    "NothingFound",
    "Paging",
    "Path",
    "Presence",
    "ResultShape",
    "rows",
]


if not TYPE_CHECKING:  # which is to know of a name that is not there

    def __getattr__(name: str) -> Any:
        if name.isupper() and (row := find(name)) is not None:
            return row
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *rows()})
