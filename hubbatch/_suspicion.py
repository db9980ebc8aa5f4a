"""Whether to take a batch apart on which the service only ever fails: as long as that finds records that succeed.

Pure but for a memory of what the searches have come to. It knows nothing of what failed how, or of how parts are sent.
"""

from __future__ import annotations

from collections import Counter

from hubbatch._batching import Batch

__all__ = ["Suspicion"]

_IN_A_ROW = 8
"""Single records of a batch that have failed one after the other: the rest will, too."""

_IN_VAIN = 3
"""Batches that were searched without finding a record that succeeds: it is no record's doing."""


class Suspicion:
    """What has come of the searches of one run."""

    def __init__(self) -> None:
        self._failed: Counter[int] = Counter()
        """For each batch the single records that have failed since a part of it succeeded last."""
        self._in_vain = 0

    def is_vain(self, batch: Batch) -> bool:
        """Whether there is no hope that a part of a batch succeeds where the whole has failed."""
        return self._failed[batch.number] >= _IN_A_ROW or self._in_vain >= _IN_VAIN

    def note_failure(self, batch: Batch) -> None:
        """Note that a batch has failed for good."""
        if batch.suspect and len(batch.inputs) == 1:
            self._failed[batch.number] += 1
            if self._failed[batch.number] == _IN_A_ROW:
                self._in_vain += 1

    def note_success(self, batch: Batch) -> None:
        """Note that a batch was answered: if it was part of one, the search for what fails there pays."""
        if batch.suspect:
            self._failed[batch.number] = 0
            self._in_vain = 0
