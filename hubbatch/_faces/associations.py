"""`client.associations(…)`: pairs of records that are linked, read and taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, Unpack

from hubbatch._faces.ahead import ChunkedSource
from hubbatch._faces.association_limits import AssociationLimits
from hubbatch._faces.kinds import Specs, check_label, check_specs, find_spec
from hubbatch._faces.pairing import End, Pairing, ReadByKey
from hubbatch._faces.starting import Records, StartRun
from hubbatch._options import RunOptions, check_source, check_unique_name
from hubbatch.endpoints import Endpoint, associations
from hubbatch.errors import UsageError
from hubbatch.models import RowResult
from hubbatch.run import Run

__all__ = ["Associations"]


class PairOptions(RunOptions):
    """The options that every call of pairs takes."""

    from_id_property: NotRequired[str | None]
    """The unique property whose values the first ends of pairs are, instead of record ids."""
    to_id_property: NotRequired[str | None]
    """The same of the second ends."""


_ENDS = frozenset({"from_id_property", "to_id_property"})


class Associations:
    """The associations from records of one type to records of another.

    A pair is two ids, `(from_, to)`, a `Pair`, or HubSpot's mapping with `from` and `to`. Where `from_id_property`, or
    `to_id_property`, is given, that end is the value of this unique property instead: the records are looked up in
    batches, and a pair of which an end is missing is FAILED with a reason that names it. Pairs in doubt are sent
    again: to link twice is to link once.

    Every call returns a `Run` and takes the options of `Client.batch` and the verbs: `batch_size`, `keep`, …
    """

    def __init__(
        self, start: StartRun, read: ReadByKey, from_object_type: str, to_object_type: str
    ) -> None:
        self._start = start
        self._read = read
        self._path = {"from_object_type": from_object_type, "to_object_type": to_object_type}
        self._labels: dict[str, dict[str, Any]] = {}

    def __repr__(self) -> str:
        return f"<Associations from {self._path['from_object_type']} to {self._path['to_object_type']}>"

    def create(
        self,
        pairs: Records,
        *,
        types: Specs | None = None,
        label: str | None = None,
        **options: Unpack[PairOptions],
    ) -> Run[RowResult]:
        """Link pairs, with `types` or a `label` where a pair has no types of its own; up to 2,000 a request.

        `types`: HubSpot's specs, such as `{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}`.
        `label`: the text of a label, which is looked up once; one that is ambiguous, or that there is not, ends the
        run with `UsageError` before anything is linked. A pair without any type is FAILED and not sent.
        """
        return self._run(associations.ASSOCIATIONS_CREATE, pairs, options, types, label)

    def create_default(
        self,
        pairs: Records,
        **options: Unpack[PairOptions],
    ) -> Run[RowResult]:
        """Link pairs without a label; up to 2,000 a request. A result has the other direction in `others`."""
        return self._run(associations.ASSOCIATIONS_CREATE_DEFAULT, pairs, options)

    @property
    def limits(self) -> AssociationLimits:
        """To how many records one may be associated: `await links.limits.create(limits)`."""
        return AssociationLimits(self._start, self._path)

    def read(self, ids: Records, **options: Unpack[RunOptions]) -> Run[RowResult]:
        """Read with what records are linked, by their ids; up to 1,000 a request.

        A result is HubSpot's, with all of a record's pages in its `to`; a record with no links has an empty one.
        """
        return self._start(associations.ASSOCIATIONS_READ, self._path, ids, options)

    def archive(
        self,
        pairs: Records,
        **options: Unpack[PairOptions],
    ) -> Run[RowResult]:
        """Take pairs apart, whatever their labels; up to 100 a request. Those that are not linked count as apart."""
        return self._run(associations.ASSOCIATIONS_ARCHIVE, pairs, options)

    def archive_labels(
        self,
        pairs: Records,
        types: Specs | None = None,
        *,
        label: str | None = None,
        **options: Unpack[PairOptions],
    ) -> Run[RowResult]:
        """Take `types`, or a `label`, from between pairs, as `create` gives them; up to 100 a request."""
        return self._run(associations.ASSOCIATIONS_ARCHIVE_LABELS, pairs, options, types, label)

    def _pairing(
        self, types: Specs | None, label: str | None, ends: Mapping[str, object]
    ) -> Pairing:
        if types is not None and label is not None:
            raise UsageError("give types or a label, not both")
        named = [
            End(name, self._path[f"{name}_object_type"], id_property, self._read)
            for name in ("from", "to")
            if (id_property := check_unique_name(option := f"{name}_id_property", ends.get(option)))
            is not None
        ]
        specs = None if types is None else check_specs(types)
        if label is None:
            return Pairing(specs, tuple(named))
        wanted = check_label(label)
        return Pairing(specs, tuple(named), wanted, lambda: self._types_of(wanted))

    async def _types_of(self, label: str) -> list[dict[str, Any]]:
        if label not in self._labels:
            self._labels[label] = await find_spec(self._start, self._path, label)
        return [self._labels[label]]

    def _run(
        self,
        endpoint: Endpoint,
        pairs: Records,
        options: PairOptions,
        types: Specs | None = None,
        label: str | None = None,
    ) -> Run[RowResult]:
        ends = {name: value for name, value in options.items() if name in _ENDS}
        others = {name: value for name, value in options.items() if name not in _ENDS}
        pairing = self._pairing(types, label, ends)
        if not pairing.asks and pairing.types is None:
            return self._start(endpoint, self._path, pairs, others)
        source = check_source(endpoint, pairs)
        if pairing.asks:
            source = ChunkedSource(source, pairing.prepare)
        return self._start(endpoint, self._path, source, others, convert=pairing)
