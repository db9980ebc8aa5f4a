"""A synchronous face, for scripts and Airflow: the verbs of `hubbatch.Client`, which here block until all is done.

An event loop in one thread, and nothing more: it knows nothing of how a run goes about it.
"""

from hubbatch.sync._client import Client
from hubbatch.sync._reading import BlockingReader
from hubbatch.sync._verbs import archive, create, read, update, upsert
from hubbatch.sync._waiting import RunInterruptedError

__all__ = [
    "BlockingReader",
    "Client",
    "RunInterruptedError",
    "archive",
    "create",
    "read",
    "update",
    "upsert",
]
