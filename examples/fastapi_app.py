"""A service that imports contacts into HubSpot: FastAPI in front of one hubbatch client for the whole process.

    HUBSPOT_ACCESS_TOKEN=… uvicorn examples.fastapi_app:app --timeout-graceful-shutdown 20

`HUBSPOT_BASE_URL` sends the requests elsewhere, to a sandbox for example. On shutdown uvicorn waits for the imports
under way, and cancels them when the time above is up: an import then sends nothing more, waits for the answers to
what it has sent, and still tells its caller, and the log, what became of every record.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal, Self, TypedDict

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import hubbatch

MAX_RECORDS = 10_000
MAX_BODY_BYTES = 16 * 2**20
MAX_VALIDATION_ERRORS = 100
"""A body that is wrong throughout is not answered at its own length."""
SETTLE_SECONDS = 10.0
"""How long a shutdown waits for the answers to what has been sent; what has none then is reported as unknown."""

logger = logging.getLogger(__name__)


class Contact(BaseModel):
    """A contact: its e-mail address, by which HubSpot knows it, and any other properties."""

    model_config = ConfigDict(extra="allow")

    email: str = Field(min_length=3, max_length=320, examples=["ada@example.com"])


class ImportOrder(BaseModel):
    """What to import."""

    records: list[Contact] = Field(min_length=1, max_length=MAX_RECORDS)


class Counts(BaseModel):
    """How many records are in which state; the last four add up to the total."""

    model_config = ConfigDict(from_attributes=True)

    total: int
    succeeded: int
    failed: int = Field(description="Refused and not written.")
    unknown: int = Field(
        description="Sent, without a trustworthy answer. Importing them again is safe."
    )
    unsent: int = Field(description="Never sent.")


class ImportError_(BaseModel):  # noqa: N801 (`ImportError` is Python's)
    """An error and the records that it explains."""

    model_config = ConfigDict(from_attributes=True, title="ImportError")

    category: str = Field(examples=["VALIDATION_ERROR", "LOCAL_VALIDATION"])
    message: str
    indexes: Sequence[int] = Field(description="Positions in the posted `records`, from 0.")


class ImportResult(BaseModel):
    """What became of every posted record: those that no list here names are in HubSpot."""

    status: Literal["PENDING", "PROCESSING", "CANCELED", "COMPLETE"] = Field(
        description="CANCELED: the service was shut down in the middle of the import."
    )
    counts: Counts
    errors: list[ImportError_]
    failed: list[int] = Field(description="Positions of the records that were refused.")
    unknown: list[int] = Field(
        description="Positions of the records of which nobody knows whether they were written."
    )
    unsent: list[int] = Field(description="Positions of the records that were never sent.")

    @classmethod
    def of(cls, outcome: hubbatch.Outcome) -> Self:
        """Leave out what a caller has no use for: results, links, what was posted."""
        return cls(
            status=outcome.status.value,
            counts=Counts.model_validate(outcome.counts),
            errors=[ImportError_.model_validate(error) for error in outcome.errors],
            failed=[record.index for record in outcome.failed],
            unknown=[record.index for record in outcome.unknown],
            unsent=[record.index for record in outcome.unsent],
        )


class Problem(BaseModel):
    """Why a request could not be carried out, as RFC 9457 has it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    counts: Counts | None = Field(
        default=None, description="What became of the records, where the import had begun."
    )
    errors: list[dict[str, Any]] | None = Field(
        default=None, description="What is wrong with the request, and where."
    )


class Quota(BaseModel):
    """At most `max_requests` in any `period` seconds, of which this service takes `share`."""

    model_config = ConfigDict(from_attributes=True)

    max_requests: int
    period: float
    share: float


class Health(BaseModel):
    """The state of this process; HubSpot is not asked."""

    client: Literal["open", "closing"]
    imports: int = Field(description="How many are under way.")
    quota: Quota = Field(
        description="The quota in force, as learned from HubSpot's answers so far."
    )


class Importer:
    """The process's one client, and the imports under way."""

    def __init__(self, client: hubbatch.Client) -> None:
        self.client = client
        self.closing = False
        self._runs: set[hubbatch.Run] = set()

    @property
    def under_way(self) -> int:
        """How many imports have no outcome yet."""
        return len(self._runs)

    async def carry_out(self, run: hubbatch.Run) -> hubbatch.Outcome:
        """Return a run's outcome, and log its counts. Being cancelled stops the run and still returns its outcome.

        The run has a task of its own: a cancelled request must not cut off answers that are on their way.
        """
        task = asyncio.ensure_future(run)
        self._runs.add(run)
        try:
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:  # by the server, which is shutting down
                await run.stop()
            return await task
        finally:
            self._runs.discard(run)
            counts = run.outcome.counts
            complete = counts.succeeded == counts.total
            logger.log(logging.INFO if complete else logging.WARNING, "import ended: %s", counts)

    async def settle(self) -> None:
        """Send nothing more, and give what has been sent the time to be answered."""
        self.closing = True
        if self._runs:
            stops = [asyncio.create_task(run.stop()) for run in self._runs]
            await asyncio.wait(stops, timeout=SETTLE_SECONDS)


class State(TypedDict):
    """What the lifespan gives to every request."""

    importer: Importer


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    """Open the client with the server, and close it after the last import has settled."""
    base_url = os.environ.get("HUBSPOT_BASE_URL", "https://api.hubapi.com")
    async with hubbatch.Client.from_env(base_url=base_url) as client:
        importer = Importer(client)
        yield {"importer": importer}
        await importer.settle()


def current_importer(request: Request) -> Importer:
    """Give an endpoint the process's importer."""
    importer: Importer = request.state.importer
    return importer


CurrentImporter = Annotated[Importer, Depends(current_importer)]

app = FastAPI(title="Contact import", lifespan=lifespan)


@app.post(
    "/contacts/import",
    summary="Create or update contacts by e-mail address",
    response_description="Every record was written.",
    responses={
        207: {"model": ImportResult, "description": "Some records were not; see the lists."},
        413: {"model": Problem, "description": "The body is too long."},
        422: {"model": Problem, "description": "The body is not a list of contacts."},
        429: {"model": Problem, "description": "The account's daily quota is used up."},
        502: {"model": Problem, "description": "HubSpot refuses this service."},
        503: {"model": Problem, "description": "HubSpot, or this service, is not available."},
    },
)
async def import_contacts(
    order: ImportOrder, importer: CurrentImporter, response: Response
) -> ImportResult:
    """Write the records, and tell what became of each. A caller that hangs up does not stop its import."""
    run = importer.client.upsert("contacts", order.records, id_property="email", keep="errors")
    outcome = await importer.carry_out(run)
    response.status_code = 200 if outcome.ok else 207
    return ImportResult.of(outcome)


@app.get("/health")
async def health(importer: CurrentImporter) -> Health:
    """Tell how this process is."""
    return Health(
        client="closing" if importer.closing else "open",
        imports=importer.under_way,
        quota=Quota.model_validate(importer.client.rate_limit),
    )


_TELL = "The log of the service says why; its operator has to act."

_PROBLEMS: dict[type[hubbatch.HubbatchError], tuple[int, str, str]] = {
    hubbatch.HubbatchError: (503, "The import was broken off", "Import the rest again."),
    hubbatch.TransportError: (503, "HubSpot cannot be reached", "Try again later."),
    hubbatch.DailyLimitError: (429, "HubSpot's daily quota is used up", "Try again tomorrow."),
    hubbatch.AuthenticationError: (502, "HubSpot refuses this service's token", _TELL),
    hubbatch.PermissionDeniedError: (502, "This service's token lacks a scope", _TELL),
    hubbatch.UnknownObjectTypeError: (502, "HubSpot does not know the object type", _TELL),
    hubbatch.ProtocolError: (502, "HubSpot's answer cannot be understood", _TELL),
    hubbatch.UsageError: (500, "This service uses hubbatch wrongly", _TELL),
}
"""Status, title and detail. What HubSpot said is for the log: it is about this service's account, not the caller's."""


@app.exception_handler(hubbatch.HubbatchError)
async def answer_broken_off(_: Request, error: hubbatch.HubbatchError) -> JSONResponse:
    """Answer an import that was broken off; the counts say how far it came."""
    logger.error("import broken off: %r", str(error))  # %r keeps a foreign message on one line
    kind = next(kind for kind in type(error).__mro__ if kind in _PROBLEMS)
    status, title, detail = _PROBLEMS[kind]
    counts = None if error.outcome is None else Counts.model_validate(error.outcome.counts)
    return _answer(Problem(title=title, status=status, detail=detail, counts=counts))


@app.exception_handler(RequestValidationError)
async def answer_invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    """Answer a body that is no import, without sending the posted records back."""
    errors = [
        {"loc": list(item["loc"]), "msg": item["msg"], "type": item["type"]}
        for item in error.errors()[:MAX_VALIDATION_ERRORS]
    ]
    return _answer(
        Problem(title="Invalid request", status=422, detail=errors[0]["msg"], errors=errors)
    )


@app.exception_handler(HTTPException)
async def answer_refused(_: Request, error: HTTPException) -> JSONResponse:
    """Answer what is refused before an endpoint sees it."""
    problem = Problem(title="Refused", status=error.status_code, detail=error.detail)
    return _answer(problem, error.headers)


def _answer(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status_code=problem.status,
        headers=headers,
        media_type="application/problem+json",
    )


class BodyLimit:
    """Refuses a body that is too long while it comes in, whatever length it claims to have."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what the application receives."""
        await self._app(scope, _counted(receive) if scope["type"] == "http" else receive, send)


def _counted(receive: Callable[[], Awaitable[Message]]) -> Receive:
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MAX_BODY_BYTES:
            raise HTTPException(413, f"the body has more than {MAX_BODY_BYTES} bytes")
        return message

    return counted


app.add_middleware(BodyLimit)
