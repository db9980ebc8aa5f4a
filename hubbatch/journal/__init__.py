"""The journal of a load: one SQLite file that says, after its process has died, what became of each record.

It knows nothing of HubSpot, requests or files of records. `Journal` is what `journal=` of a verb takes.
"""

from hubbatch.journal._contents import Contents, JournalCounts
from hubbatch.journal._errors import JournalError
from hubbatch.journal._journal import Journal, Settled
from hubbatch.journal._looking import delete, in_use, read
from hubbatch.journal._states import RecordState

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
