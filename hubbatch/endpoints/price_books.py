"""Price books: the products of one, each with a price of its own.

HubSpot: "Commerce", price books.
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import AnswerKind, Doubt, Effect, InputKind, ResultShape
from hubbatch.endpoints._paths import Path
from hubbatch.endpoints._row import Endpoint

__all__ = ["PRICE_BOOKS_ITEMS_ARCHIVE", "PRICE_BOOKS_ITEMS_CREATE", "PRICE_BOOKS_ITEMS_UPDATE"]


def _paths(verb: str) -> tuple[Path, ...]:
    template = "/commerce/price-books/{version}/price-books/{price_book_id}/items/batch/"
    return (Path(template + verb, ("2026-09-beta", "2026-09")),)


PRICE_BOOKS_ITEMS_CREATE = Endpoint(
    "price-books-items-create",
    _paths("create"),
    input=InputKind.VALUES,
    required=("productId",),
    identity=("productId",),
    names={"productId": "productId"},
    result=ResultShape.ROW,
    effect=Effect.CREATES,
    doubt=Doubt.STAYS,
    documentation="Adds products to a price book.",
)

PRICE_BOOKS_ITEMS_UPDATE = Endpoint(
    "price-books-items-update",
    _paths("update"),
    input=InputKind.VALUES,
    required=("id", "properties"),
    identity=("id",),
    names={"id": "id"},
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    documentation="Changes items of a price book.",
)

PRICE_BOOKS_ITEMS_ARCHIVE = Endpoint(
    "price-books-items-archive",
    _paths("archive"),
    input=InputKind.ID,
    answer=AnswerKind.NOTHING,
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    missing_is_done=True,
    documentation="Takes items from a price book; one that is not there counts as archived.",
    no_content="archived, or not there",
)
