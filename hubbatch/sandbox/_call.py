"""One request on its way to its answer: what was asked, of which account, under which fault.

It knows nothing of paths or of what single endpoints do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from hubbatch.sandbox._fault_kinds import FaultKind
from hubbatch.sandbox._records import Occasion
from hubbatch.sandbox._refusals import missing_scopes
from hubbatch.sandbox._replies import Done, RefusalError
from hubbatch.sandbox._spoiling import spoil_batch, spoil_done

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from hubbatch.sandbox._account import Account
    from hubbatch.sandbox._exchange import SandboxRequest
    from hubbatch.sandbox._faults import Fault
    from hubbatch.sandbox._options import Options
    from hubbatch.sandbox._replies import ReplyWriter
    from hubbatch.sandbox._schema import ObjectDefinition

__all__ = ["ApiCall", "ApiReply", "Tools"]

_FIRST_WITH_RULES = "2026-09"
_SPOKEN = frozenset({FaultKind.CANCELED_AFTER_WRITE, FaultKind.PENDING_WITH_RESULTS})
"""Faults under which a batch is answered with a body that has none as a rule."""


@frozen
class ApiReply:
    """An answer before it has headers; `payload` is a JSON value, or None for no body."""

    status: int
    payload: Any = None
    headers: Mapping[str, str] = field(factory=dict)


@frozen
class Tools:
    """What a service lends to every call: its writer of replies, and what is random."""

    writer: ReplyWriter
    spoiling: random.Random
    echoes: Callable[[], bool]
    """Tells of each result in turn whether it carries the trace id of its input."""


@frozen(eq=False)
class ApiCall:
    """One request, admitted and found to have an answer."""

    request: SandboxRequest
    parameters: Mapping[str, str]
    account: Account
    options: Options
    number: int
    stamp: str
    """The time of the request, as ISO 8601 text in UTC."""
    fault: Fault | None
    tools: Tools

    @property
    def has_write_rules(self) -> bool:
        """Whether the path is of version 2026-09 or later, to which an account's own rules apply."""
        return (self.parameters.get("version") or "") >= _FIRST_WITH_RULES

    def occasion(self, verb: str) -> Occasion:
        """Return when and by which request something is written."""
        return Occasion(self.number, verb, self.stamp, self.request.at)

    def flag(self, name: str) -> bool:
        """Tell whether a query parameter says true."""
        return self.request.query.get(name, "").lower() == "true"

    def names(self, name: str) -> list[str]:
        """Return the values of a query parameter that has commas between them."""
        return [part for part in self.request.query.get(name, "").split(",") if part]

    def object_type(self, parameter: str = "type", family: str = "objects") -> ObjectDefinition:
        """Return the object type that the path names; raise `RefusalError` if it may not be used."""
        name = self.parameters[parameter]
        object_type = self.account.schema.find(name)
        if object_type is None:
            message = f"Unable to infer object type from: {name}"
            raise RefusalError(404, "INVALID_OBJECT_TYPE", message)
        if object_type.id in self.account.forbidden:
            raise missing_scopes(f"crm.{family}.{object_type.name}")
        return object_type

    def batch(
        self,
        inputs: list[Any],
        perform: Callable[[], Done],
        *,
        success: int = 200,
        silent: bool = False,
        check: Callable[[Done], None] | None = None,
    ) -> ApiReply:
        """Carry out a batch and answer it, as the fault will have it; a silent one is answered 204.

        `check` may refuse all of it after it was done, before anything is said of it.
        """
        kind = None if self.fault is None else self.fault.kind
        if not silent:
            spoil_batch(self.fault, inputs, self.tools.spoiling)
        canceled = kind is FaultKind.CANCELED
        done = Done(status="CANCELED") if canceled else perform()
        if silent and not canceled and kind not in _SPOKEN:
            return ApiReply(204)
        if check is not None and not canceled:
            check(done)
        spoil_done(self.fault, done, self.tools.spoiling)
        return ApiReply(*self.tools.writer.batch(done, success=success, stamp=self.stamp))
