"""What a check has found, shown: what would be sent and what would fail, and below it the reasons."""

from __future__ import annotations

from rich.table import Table

from hubbatch._counted import counted
from hubbatch._printable import printable
from hubbatch.cli._checking_findings import Findings
from hubbatch.cli._faults import ExitCode
from hubbatch.cli._repeats import Places
from hubbatch.cli._report import aside_rows, table_of
from hubbatch.cli._screen import Screen, harmless, put
from hubbatch.cli._summary import aside_in_words
from hubbatch.cli._watching import duration

__all__ = ["show_findings"]

_MOST = 300
"""Characters of a reason; more is noise."""


def show_findings(screen: Screen, findings: Findings, *, quiet: bool) -> None:
    """Show what was found, and write it as JSON if that is wanted."""
    is_shown = not (quiet and findings.code is ExitCode.OK)
    if is_shown:
        for notice in findings.notices:
            screen.say(notice)
        put(screen.report, f"{_head(findings)}: {harmless(_what(findings))}; nothing was sent")
        screen.report.print(_table(findings))
        for found in findings.reasons:
            said = printable(f"{found.category}: {found.message or 'various'}", _MOST)
            put(screen.report, f"{found.count:,} × would fail: {said} (e.g. {found.examples})")
        if findings.more_reasons:
            put(screen.report, f"and {findings.more_reasons:,} more reasons")
    screen.document(findings.to_dict())
    if findings.broken:
        screen.complain(f"{findings.broken} (what comes after it was not checked)")


def _head(findings: Findings) -> str:
    if findings.broken:
        return "INPUT ERROR"
    wrong = [f"{findings.would_fail:,} WOULD FAIL"] if findings.would_fail else []
    if wrong or findings.aside.bad:
        return f"CHECKED, {', '.join([*wrong, *aside_in_words(findings.aside)])}"
    return "CHECKED" if findings.code is ExitCode.OK else "CHECKED, LOOK AT WHAT FOLLOWS"


def _what(findings: Findings) -> str:
    return f"{findings.verb} {findings.object_type} from {', '.join(findings.files)}"


def _table(findings: Findings) -> Table:
    parts = (
        ("would be sent", findings.would_be_sent, "HubSpot may refuse some of them"),
        ("would fail", findings.would_fail, "for certain"),
    )
    of_these = (
        ("without key", findings.missing_keys, _where(findings.missing_keys, findings.key)),
        ("repeated keys", findings.repeated_keys, _repeats(findings)),
    )
    return table_of([*parts, *aside_rows(findings.aside)], findings.read, _cost(findings), of_these)


def _cost(findings: Findings) -> str:
    parts = [counted(findings.requests, "request")]
    if findings.quota is not None and findings.seconds is not None:
        limit = findings.quota
        parts.append(f"{duration(findings.seconds)} at {limit.max_requests} per {limit.period:g} s")
    if findings.share_of_day is not None:
        parts.append(f"{findings.share_of_day:.1%} of the {findings.daily_remaining:,} left today")
    return ", ".join(parts)


def _where(places: Places, key: str | None) -> str:
    return f"no value of {key} ({places.shown})"


def _repeats(findings: Findings) -> str:
    advice = "the later row wins" if findings.verb in {"update", "upsert"} else "sent again"
    return f"{advice} ({findings.repeated_keys.shown}); --duplicates says what becomes of them"
