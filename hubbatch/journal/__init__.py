"""The journal of a load: one SQLite file that says, after its process has died, what became of each record.

`Journal` is what `journal=` of a verb takes. `_journal` says when something is written, `_pending` what waits for the
next transaction, `_store` writes it, `_format` has the tables. It knows nothing of HubSpot, requests or files of
records.
"""

from hubbatch.journal._contents import Contents, JournalCounts
from hubbatch.journal._errors import JournalError
from hubbatch.journal._journal import Journal
from hubbatch.journal._looking import delete, in_use, read
from hubbatch.journal._states import RecordState, Settled

__all__ = [
    "Contents",
    "Journal",
    "JournalCounts",
    "JournalError",
    "RecordState",
    "Settled",
    "delete",
    "in_use",
    "read",
]
