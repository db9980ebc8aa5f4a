"""Which strategy identifies the inputs of an endpoint: by objects' names, or by the fields that its row names."""

from __future__ import annotations

from collections.abc import Sequence

from hubbatch._batches.match_objects import match_objects
from hubbatch._batches.match_rows import match_rows
from hubbatch._batches.matches import Matches
from hubbatch._batches.names import Names
from hubbatch._batches.names_objects import ObjectNames
from hubbatch._batches.names_rows import RowNames
from hubbatch._records.planning import Input
from hubbatch._records.spelling import Spelling
from hubbatch.endpoints import Endpoint, ResultShape
from hubbatch.models import OBJECT_NOT_FOUND, BatchError, BatchResponse

__all__ = ["is_done", "names_and_matches", "names_of"]


def names_of(endpoint: Endpoint, inputs: Sequence[Input], spelling: Spelling) -> Names:
    """Return the names of the inputs of a batch."""
    if endpoint.result is ResultShape.ROW:
        return RowNames(endpoint, inputs)
    return ObjectNames(endpoint, inputs, spelling)


def names_and_matches(
    endpoint: Endpoint, inputs: Sequence[Input], response: BatchResponse, spelling: Spelling
) -> tuple[Names, Matches]:
    """Return the names of the inputs of a batch, and the results of a reply by input."""
    if endpoint.result is ResultShape.ROW:
        rows = RowNames(endpoint, inputs)
        return rows, match_rows(endpoint, rows, response)
    objects = ObjectNames(endpoint, inputs, spelling)
    return objects, match_objects(endpoint, inputs, objects, response, spelling)


def is_done(endpoint: Endpoint, names: Names, error: BatchError) -> bool:
    """Whether an error says that what was to be gone is not there, about the inputs that it names, or the lone one.

    One without a name may be about what the path names, such as a list: then nothing was done.
    """
    if error.category != OBJECT_NOT_FOUND or not endpoint.missing_is_done:
        return False
    if names.names_a_record(error):
        return bool(names.of_error(error))
    return all(name.endswith("object_type") for name in endpoint.path_fields)
