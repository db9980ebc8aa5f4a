"""What has to be written is what was noted and is another thing than before."""

from __future__ import annotations

from hubbatch.journal._memory import Memory
from hubbatch.journal._pending import Pending


def test_marks_that_are_as_they_were_are_not_written_again() -> None:
    pending = Pending(Memory(marks={"kept": 1}))

    pending.mark({"kept": 1, "reasons": "[]"})
    assert pending.take().changes.marks == {"reasons": "[]"}

    version = pending.version
    pending.mark({"kept": 1, "reasons": "[]"})
    assert pending.version == version, "nobody waits for what need not be written"
    pending.mark({"kept": 2, "reasons": "[]"})
    assert pending.take().changes.marks == {"kept": 2}


def test_marks_that_could_not_be_written_are_written_with_the_next_ones() -> None:
    pending = Pending(Memory())
    pending.mark({"rows": 1, "held": 2})
    pending.put_back(pending.take())

    pending.mark({"rows": 3, "held": 2})

    assert pending.take().changes.marks == {"rows": 3, "held": 2}
    assert pending.memory.marks == {"rows": 3, "held": 2}
