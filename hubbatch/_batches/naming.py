"""Which strategy tells the inputs of an endpoint apart: by objects' names, or by the fields that its row names."""

from __future__ import annotations

from collections.abc import Sequence

from hubbatch._batches.claims import Claims
from hubbatch._batches.claims_objects import claim_objects
from hubbatch._batches.claims_rows import claim_rows
from hubbatch._batches.names import Names
from hubbatch._batches.names_objects import ObjectNames
from hubbatch._batches.names_rows import RowNames
from hubbatch._records.planning import Input
from hubbatch._records.spelling import Spelling
from hubbatch.endpoints import Endpoint, ResultShape
from hubbatch.models import OBJECT_NOT_FOUND, BatchError, BatchResponse

__all__ = ["is_done", "named_and_claimed", "names_of"]


def names_of(endpoint: Endpoint, inputs: Sequence[Input], spelling: Spelling) -> Names:
    """Return the names of the inputs of a batch."""
    if endpoint.result is ResultShape.ROW:
        return RowNames(endpoint, inputs)
    return ObjectNames(endpoint, inputs, spelling)


def named_and_claimed(
    endpoint: Endpoint, inputs: Sequence[Input], response: BatchResponse, spelling: Spelling
) -> tuple[Names, Claims]:
    """Return the names of the inputs of a batch, and the results of a reply by input."""
    if endpoint.result is ResultShape.ROW:
        rows = RowNames(endpoint, inputs)
        return rows, claim_rows(endpoint, rows, response)
    objects = ObjectNames(endpoint, inputs, spelling)
    return objects, claim_objects(endpoint, inputs, objects, response, spelling)


def is_done(endpoint: Endpoint, names: Names, error: BatchError) -> bool:
    """Whether an error says that what was to be gone is not there, about the inputs that it names, or the lone one.

    One without a name may be about what the path names, such as a list: then nothing was done.
    """
    if error.category != OBJECT_NOT_FOUND or not endpoint.missing_is_done:
        return False
    if names.names_somebody(error):
        return bool(names.of_error(error))
    return all(name.endswith("object_type") for name in endpoint.path_fields)
