"""Exchange rates of the account's currencies.

HubSpot: "Currencies", exchange rates.
"""

from __future__ import annotations

from hubbatch.endpoints._kinds import Doubt, Effect, InputKind, ResultShape
from hubbatch.endpoints._paths import DATED, Path
from hubbatch.endpoints._row import Endpoint

__all__ = ["EXCHANGE_RATES_CREATE", "EXCHANGE_RATES_READ", "EXCHANGE_RATES_UPDATE"]


def _paths(verb: str) -> tuple[Path, ...]:
    return (
        Path(f"/settings/v3/currencies/exchange-rates/batch/{verb}", ("v3",)),
        Path(f"/settings/currencies/{{version}}/exchange-rates/batch/{verb}", (DATED,)),
    )


EXCHANGE_RATES_CREATE = Endpoint(
    "exchange-rates-create",
    _paths("create"),
    input=InputKind.VALUES,
    required=("fromCurrencyCode", "conversionRate"),
    identity=("fromCurrencyCode",),
    names={"fromCurrencyCode": "fromCurrencyCode"},
    result=ResultShape.ROW,
    effect=Effect.CREATES,
    doubt=Doubt.STAYS,
    scopes=("settings.currencies.write",),
    documentation="Creates exchange rates; those of one currency go one after another.",
)

EXCHANGE_RATES_READ = Endpoint(
    "exchange-rates-read",
    _paths("read"),
    input=InputKind.ID,
    names={"id": "id"},
    result=ResultShape.ROW,
    effect=Effect.READS,
    scopes=("settings.currencies.read",),
    documentation="Reads exchange rates by id.",
)

EXCHANGE_RATES_UPDATE = Endpoint(
    "exchange-rates-update",
    _paths("update"),
    input=InputKind.VALUES,
    required=("id", "conversionRate"),
    identity=("id",),
    names={"id": "id"},
    result=ResultShape.ROW,
    effect=Effect.CHANGES,
    scopes=("settings.currencies.write",),
    documentation="Changes exchange rates by id.",
)
