"""Batches of objects: create, update, upsert, read, archive, in all three forms of their path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hubbatch.sandbox._call import Call, Reply
from hubbatch.sandbox._inputs import Verb, read_batch
from hubbatch.sandbox._routes import DATED, Route
from hubbatch.sandbox._task import Task
from hubbatch.sandbox._verbs import perform

if TYPE_CHECKING:
    from hubbatch.sandbox._replies import Done

__all__ = ["OBJECTS", "ROUTES"]

OBJECTS = rf"/crm/(?:v3/objects|objects/(?:v3|(?P<version>{DATED})))/{{type}}"


def _answer(call: Call) -> Reply:
    verb, options = Verb(call.parameters["verb"]), call.options
    object_type = call.object_type()
    batch = read_batch(call.request.body, verb, object_type, portal_id=call.account.portal_id)
    task = Task(
        verb=verb,
        batch=batch,
        collection=call.account.store.collection(object_type),
        occasion=call.occasion(verb),
        habits=options,
        definitions=call.account.definitions,
        echoes=call.tools.echoes,
        has_write_rules=call.has_write_rules,
        archived=call.flag("archived"),
    )

    def refuse_missing(done: Done) -> None:
        status = options.missing_read_status
        if verb is Verb.READ and done.problems and not done.results and status != 207:  # noqa: PLR2004 (multi-status)
            raise done.problems[0].refusal(status)

    return call.batch(
        batch.inputs,
        lambda: perform(task),
        success=options.create_status if verb is Verb.CREATE else 200,
        silent=verb is Verb.ARCHIVE,
        check=refuse_missing,
    )


ROUTES = (Route("POST", rf"{OBJECTS}/batch/(?P<verb>{'|'.join(Verb)})", _answer),)
