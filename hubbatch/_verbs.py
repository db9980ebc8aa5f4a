"""The calls of a client: five verbs for objects, and `batch` for any endpoint. Each makes a run and starts nothing.

What runs share, and how long it lives, is the client's business.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from typing import Any, Unpack

from hubbatch import endpoints
from hubbatch._calls import check_naming_options, split_options
from hubbatch._options import RunOptions, check_names
from hubbatch._records.frames import ArrowStream
from hubbatch._records.request_body import read_fields
from hubbatch.endpoints import Endpoint
from hubbatch.errors import UsageError
from hubbatch.run import Run

__all__ = ["Records", "Verbs"]

Records = Iterable[Any] | AsyncIterable[Any] | ArrowStream


class Verbs(ABC):
    """What a client can be asked for."""

    def create(
        self,
        object_type: str,
        records: Records,
        *,
        unique_property: str | None = None,
        **options: Unpack[RunOptions],
    ) -> Run:
        """Create an object for each record.

        `unique_property`: a property with unique values. It identifies the records of this call, and lets a create
        whose state is unknown be settled: it is looked up by that value, and sent again only if it is not there.
        Without it such a create stays UNKNOWN and is never sent twice: that would make a duplicate.
        """
        return self._run(
            endpoints.CREATE,
            {"object_type": object_type},
            records,
            options,
            unique_property=unique_property,
        )

    def update(
        self,
        object_type: str,
        records: Records,
        *,
        id_property: str | None = None,
        **options: Unpack[RunOptions],
    ) -> Run:
        """Update the objects named by `id`, or by the unique property `id_property`, of each record."""
        return self._run(
            endpoints.UPDATE,
            {"object_type": object_type},
            records,
            options,
            id_property=id_property,
        )

    def upsert(
        self,
        object_type: str,
        records: Records,
        *,
        id_property: str,
        **options: Unpack[RunOptions],
    ) -> Run:
        """Update the object that has a record's value of the unique property `id_property`, or create it."""
        if id_property is None:
            raise UsageError(
                "upsert() needs id_property, the unique property that names a record, such as 'email'"
            )
        return self._run(
            endpoints.UPSERT,
            {"object_type": object_type},
            records,
            options,
            id_property=id_property,
        )

    def read(
        self,
        object_type: str,
        ids: Records,
        *,
        properties: Sequence[str] = (),
        properties_with_history: Sequence[str] = (),
        id_property: str | None = None,
        archived: bool = False,
        **options: Unpack[RunOptions],
    ) -> Run:
        """Read the objects with the given record ids, or values of the unique property `id_property`.

        `properties`: what to read; by default what HubSpot gives for the type. With `id_property` that property is
        read in any case, for it shows which object belongs to which id.
        `archived`: read archived objects instead.
        """
        wanted = check_names("properties", properties)
        history = check_names("properties_with_history", properties_with_history)
        return self._run(
            endpoints.READ,
            {"object_type": object_type},
            ids,
            options,
            id_property=id_property,
            query={"archived": True} if archived else {},
            fields=read_fields(wanted, history=history),
        )

    def archive(self, object_type: str, ids: Records, **options: Unpack[RunOptions]) -> Run:
        """Archive the objects with the given record ids; one that does not exist counts as archived."""
        return self._run(endpoints.ARCHIVE, {"object_type": object_type}, ids, options)

    def batch(
        self,
        endpoint: Endpoint,
        inputs: Records,
        *,
        api_version: str | None = None,
        id_property: str | None = None,
        unique_property: str | None = None,
        fields: Mapping[str, Any] | None = None,
        query: Mapping[str, str | int | bool] | None = None,
        **options: Any,
    ) -> Run[Any]:
        """Run any endpoint, a row of `hubbatch.endpoints` or of yours, under the same laws as the verbs.

        `inputs`: as its row says: records, ids, texts, pairs, or mappings that are sent as they are.
        `api_version`: another version than the client's. An endpoint that is numbered otherwise than `v3` is found.
        `id_property`, `unique_property`: as the verbs have them, where the row's inputs are objects.
        `fields`, `query`: what stands in the body next to the inputs, and in the query, by HubSpot's names.
        `options`: the fields of its path, such as `from_object_type="contacts"`, and the options that every verb takes.

        Results are `ObjectResult`s or `RowResult`s, as the row says. Raises `UsageError` for a path field that is
        missing, unknown or wrong, and for a version that the row does not have.
        """
        check_naming_options(endpoint, id_property, unique_property)
        path_fields, run_options = split_options(endpoint, options)
        return self._run(
            endpoint,
            path_fields,
            inputs,
            run_options,
            api_version=api_version,
            id_property=id_property,
            unique_property=unique_property,
            fields=fields,
            query=query,
        )

    @abstractmethod
    def _run(
        self,
        endpoint: Endpoint,
        path_fields: Mapping[str, object],
        records: Records,
        options: Mapping[str, Any],
        *,
        api_version: str | None = None,
        **specific: Any,
    ) -> Run[Any]:
        """Check a call and make its run."""
