"""The JSON shapes of HubSpot's replies: batch replies, error items, whole-batch refusals.

It knows nothing of how records are stored or requests routed; the random variety of real replies
comes from a seeded generator that is handed in.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Protocol

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = [
    "CORRELATION_ID",
    "Done",
    "Problem",
    "RefusalError",
    "ReplyWriter",
    "error_body",
]


CORRELATION_ID = "X-HubSpot-Correlation-Id"
"""The header that every response carries."""


_WARNING = {"category": "SANDBOX", "message": "This reply was made up.", "context": {}}


class RefusalError(Exception):
    """The whole request is refused, and nothing of it was written."""

    def __init__(
        self,
        status: int,
        category: str,
        message: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        context: Mapping[str, list[str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.category = category
        self.message = message
        self.errors = errors
        self.context = context

    def body(self, correlation_id: str) -> dict[str, Any]:
        """Return the reply's JSON object."""
        more: dict[str, Any] = {}
        if self.errors:
            more["errors"] = list(self.errors)
        if self.context:
            more["context"] = self.context
        return error_body(self.category, self.message, correlation_id, **more)


def error_body(category: str, message: str, correlation_id: str, **more: Any) -> dict[str, Any]:
    """Return the JSON object of a refusal."""
    return {
        "status": "error",
        "message": message,
        "correlationId": correlation_id,
        "category": category,
        **more,
    }


@frozen
class Problem:
    """One error item of a partial success; `context` names the inputs it is about."""

    category: str
    message: str
    context: Mapping[str, list[str]]
    details: Sequence[Mapping[str, Any]] = ()
    sub_category: str | None = None

    def refusal(self, status: int) -> RefusalError:
        """Return the refusal of a whole batch, which names no input but ids not found."""
        context = self.context if self.category == "OBJECT_NOT_FOUND" else None
        return RefusalError(
            status, self.category, self.message, errors=self.details, context=context
        )


class Named(Protocol):
    """An input, as errors name it."""

    def naming(self) -> dict[str, list[str]]:
        """Return the `context` of an error about it."""


@define(eq=False)
class Done:
    """What a batch did: results in input order, and what did not work."""

    results: list[dict[str, Any]] = field(factory=list)
    problems: list[Problem] = field(factory=list)
    sources: Sequence[Named] = ()
    """The input of each result."""
    stranger: Callable[[str], dict[str, Any]] | None = None
    """What makes a result for an id that nobody named; None where results are objects."""
    status: str = "COMPLETE"


class ReplyWriter:
    """Write batch replies: varied as real ones are when given a generator, else in full."""

    def __init__(
        self,
        noise: random.Random | None = None,
        *,
        shuffle: random.Random | None = None,
        string_contexts: bool = False,
    ) -> None:
        self._noise = noise
        self._shuffle = shuffle
        self._string_contexts = string_contexts

    def batch(self, done: Done, *, success: int, stamp: str) -> tuple[int, dict[str, Any]]:
        """Return status code and JSON object; results are permuted, as HubSpot's are."""
        results = done.results
        if self._shuffle is not None and len(results) > 1:
            self._shuffle.shuffle(results)
        reply: dict[str, Any] = {
            "status": done.status,
            "results": results,
            "startedAt": stamp,
            "completedAt": stamp,
        }
        if done.problems:
            reply["numErrors"] = len(done.problems)
            reply["errors"] = [self._item(problem) for problem in done.problems]
        self._vary(reply)
        return (207 if done.problems else success), reply

    def sparse(self, reply: dict[str, Any]) -> dict[str, Any]:
        """Return a reply without its empty lists, which HubSpot leaves out at times."""
        if self._chance(0.5):
            return {name: value for name, value in reply.items() if value != []}
        return reply

    def _chance(self, probability: float) -> bool:
        return self._noise is not None and self._noise.random() < probability

    def _vary(self, reply: dict[str, Any]) -> None:
        if self._noise is None:
            return
        if self._chance(0.5):
            reply["requestedAt"] = reply["startedAt"]
        if self._chance(0.2):
            reply["links"] = {}
        if self._chance(0.1):
            del reply["startedAt"]
        if self._chance(0.1):
            reply.pop("numErrors", None)
        if self._chance(0.1):
            reply["executionDetails"] = {"node": "eu1-7"}
        self._vary_results(reply["results"])

    def _vary_results(self, results: list[dict[str, Any]]) -> None:
        objects = [result for result in results if "properties" in result]
        if self._chance(0.1):
            for result in objects:
                result["warnings"] = [dict(_WARNING)]
        if self._chance(0.1):
            for result in objects:
                result["url"] = f"https://app.hubspot.com/contacts/123/record/{result['id']}"

    def _item(self, problem: Problem) -> dict[str, Any]:
        item: dict[str, Any] = {
            "status": "error",
            "category": problem.category,
            "message": problem.message,
        }
        if problem.context:
            item["context"] = problem.context
        if not self._chance(0.5):
            item["errors"] = [self._detail(detail) for detail in problem.details]
            item["links"] = {}
        if self._chance(0.3):
            item["id"] = f"{random.Random(problem.message).getrandbits(64):016x}"  # noqa: S311
        if problem.sub_category is not None:
            item["subCategory"] = problem.sub_category
        elif self._chance(0.2):
            item["subCategory"] = "crm.sandbox"
        return item

    def _detail(self, detail: Mapping[str, Any]) -> Mapping[str, Any]:
        if not self._string_contexts:
            return detail
        pairs = ", ".join(
            f"{name}=[{', '.join(values)}]" for name, values in detail["context"].items()
        )
        return {**detail, "context": f"{{{pairs}}}"}
