"""The options of a job's run, as its verb takes them: made of what was typed, and checked before anything is asked."""

from __future__ import annotations

from typing import Any

from hubbatch.cli._job import Job
from hubbatch.cli._settings import Settings
from hubbatch.rehearsal import check_call

__all__ = ["check_run_options", "run_options"]


def run_options(job: Job, settings: Settings) -> dict[str, Any]:
    """Return the options that a job's verb is called with; records stay with the command, not with the outcome."""
    return {
        **job.options,
        "keep": "none",
        "duplicates": settings.duplicates,
        "batch_size": settings.batch_size,
        "linger": settings.linger,
        "max_failures": settings.max_failures,
        "deadline": settings.deadline,
    }


def check_run_options(job: Job, settings: Settings) -> None:
    """Raise `UsageError` for an option that is wrong whatever the account says."""
    options = run_options(job, settings)
    check_call(job.verb, job.object_type, api_version=settings.api_version, **options)
