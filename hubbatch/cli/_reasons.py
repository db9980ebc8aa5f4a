"""Why records did not succeed, grouped as they come, in bounded memory."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Self

from attrs import define, field, frozen

from hubbatch import RecordOutcome, RecordStatus
from hubbatch.cli._option_names import as_typed
from hubbatch.files import BAD_BYTES, BAD_LINE, BadLine
from hubbatch.models import LOCAL_VALIDATION

__all__ = ["Aside", "Reason", "Reasons", "place"]

_MOST_MESSAGES = 20
"""Different messages of one category that are counted each by itself."""
_MOST_GROUPS = 500
"""Reasons that are counted each by itself; a server may make up a category for each record."""
_OTHER = "other categories"
_PARTICULAR = re.compile(r"[\d@]|[A-Z]=")
"""A word of a message that holds one of these quotes a value, and is another one in the next record."""
_QUOTED = re.compile(r"""(?<!\w)(["'“‘]).*?["'”’](?!\w)""")
_FIGURE = re.compile(r"(?<![\w-])-?\d[\w.+-]*|\S*@\S*")
"""What differs from one bad line to the next in words of ours: a byte, a count, a number that the line holds."""
_MOST_JSON = 20_000
"""Characters of a message that are read as JSON."""
_MOST = 1_000
"""Characters of a message that are looked at."""
_MOST_CATEGORY = 100
_EXAMPLES = 3
_MOST_KEPT = 100
"""Reasons that are kept for another process."""


@frozen
class Reason:
    """What a group of records has in common."""

    status: RecordStatus
    category: str
    message: str
    """Without the values that it quotes, where they differ; empty where there are too many messages."""


@define
class Aside:
    """How much of the input never gets to the run."""

    bad: int = 0
    """Lines that are no record."""
    blank: int = 0
    """Rows without any value."""
    held: int = 0
    """Records that a create leaves alone: an earlier load may have written them."""
    skipped: int = 0
    """Records before the first one that was wanted."""
    end: int = 0
    """1 where a line that is no record was the end, and is in no file of rejects."""


@define
class _ReasonGroup:
    count: int = 0
    message: str = ""
    examples: list[str] = field(factory=list)
    plain: bool = False
    """Whether the message holds no values."""


@define
class Reasons:
    """Counts reasons and keeps a few examples of each."""

    _groups: dict[Reason, _ReasonGroup] = field(factory=dict)
    _messages: Counter[tuple[RecordStatus, str]] = field(factory=Counter)
    _text: str | None = None
    """What `text` has returned; None: something was counted since."""

    @classmethod
    def of(cls, kept: Iterable[Sequence[Any]]) -> Self:
        """Go on with what `kept` has returned in another process."""
        found = cls()
        for status, category, general, message, count, examples, plain in kept:
            group = found._group(RecordStatus(status), category, general, "", message)
            group.count += count - 1
            group.examples = [*group.examples[:-1], *examples][:_EXAMPLES]
            group.plain = plain
        return found

    def kept(self) -> list[Sequence[Any]]:
        """Return what another process can go on with, as JSON has it: as much as may be shown, and no more.

        The most frequent reasons are kept apart.
        """
        found = sorted(self._groups.items(), key=lambda item: -item[1].count)
        kept = [_as_json(*item) for item in found[:_MOST_KEPT]]
        rest = Reasons()
        for reason, group in found[_MOST_KEPT:]:
            other = rest._group(reason.status, _OTHER, "", "")
            other.count += group.count - 1
            other.examples = group.examples
        return kept + [_as_json(*item) for item in rest._groups.items()]

    @property
    def text(self) -> str:
        """What `kept` returns, as JSON: of some hundred KB at most, and made anew only when more was counted."""
        if self._text is None:
            self._text = json.dumps(self.kept())
        return self._text

    def add(self, record: RecordOutcome) -> None:
        """Note one record."""
        if record.status is RecordStatus.SUCCEEDED:
            return
        error = as_typed(record).error
        category, message = ("", "") if error is None else (error.category, error.message)
        if error is not None and category == LOCAL_VALIDATION and error.errors:
            self.add_problem(category, message, place(record))
        else:
            self._add(record.status, category, message, place(record))

    def add_problem(self, category: str, message: str, where: str) -> None:
        """Note what is wrong with a record, in words of ours that hold none of its values."""
        self._group(RecordStatus.FAILED, category, message[:_MOST], where).plain = True

    def add_bad_line(self, bad: BadLine) -> None:
        """Note a line that is no record: what is wrong with it is not what it holds."""
        where = "a record" if bad.line is None else f"line {bad.line}"
        message = bad.reason[:_MOST]
        general = _FIGURE.sub("…", message)
        self._group(RecordStatus.FAILED, bad.category, general, where, message)

    def _add(self, status: RecordStatus, category: str, message: str, where: str) -> None:
        message = _without_json(message)[:_MOST]
        self._group(status, category, _general(message), where, message)

    def _group(
        self, status: RecordStatus, category: str, general: str, where: str, message: str = ""
    ) -> _ReasonGroup:
        """Count a record and return its group; `message`: what was said of it, if that is more than is general."""
        self._text = None
        reason = self._place_for(status, category[:_MOST_CATEGORY], general)
        message = message or general
        group = self._groups.setdefault(reason, _ReasonGroup(message=message))
        if group.message != message:
            group.message = reason.message
        group.count += 1
        if len(group.examples) < _EXAMPLES:
            group.examples.append(where)
        return group

    def _place_for(self, status: RecordStatus, category: str, message: str) -> Reason:
        """Return the reason that a record is counted under: as particular as there is room for."""
        reason = Reason(status, category, message)
        if reason in self._groups:
            return reason
        if self._messages[status, category] >= _MOST_MESSAGES:
            reason = Reason(status, category, "")
        if reason not in self._groups and len(self._groups) >= _MOST_GROUPS:
            return Reason(status, _OTHER, "")
        if reason.message:
            self._messages[status, category] += 1
        return reason

    def top(self, most: int) -> list[tuple[int, Reason, str]]:
        """Return the most frequent reasons: how many records, which reason, where for example."""
        found = sorted(self._groups.items(), key=lambda item: -item[1].count)
        return [
            (group.count, Reason(reason.status, reason.category, _shown(reason, group)), examples)
            for reason, group in found[:most]
            for examples in [", ".join(group.examples)]
        ]

    def __len__(self) -> int:
        return len(self._groups)


def _shown(reason: Reason, group: _ReasonGroup) -> str:
    """Return the message without values: what was answered for many records alike quotes none of them."""
    if group.count > 1 or group.plain or reason.category in {BAD_LINE, BAD_BYTES}:
        return group.message
    return _QUOTED.sub("…", reason.message)


def _as_json(reason: Reason, group: _ReasonGroup) -> Sequence[Any]:
    shown = _shown(reason, group)
    general = shown if group.count == 1 else reason.message  # that may quote a value
    return (
        *(reason.status.value, reason.category, general, shown, group.count),
        *(group.examples, group.plain),
    )


def _without_json(message: str) -> str:
    """Put what HubSpot says of single properties as JSON into a few words: which, and what is wrong."""
    text, bracket, rest = message[:_MOST_JSON].partition(": [{")
    if not bracket:
        return message
    try:
        items = json.loads(f"[{{{rest}")
    except (ValueError, RecursionError):  # some other text
        return message
    found = {
        f"{item['name']} ({item['error']})": None
        for item in items
        if isinstance(item, dict) and {"name", "error"} <= item.keys()
    }
    return f"{text}: {', '.join(found)}" if found else message


def _general(message: str) -> str:
    words = message.split(" ")
    return " ".join("…" if _PARTICULAR.search(word) else word for word in words)


def place(record: RecordOutcome) -> str:
    """Return where a record stands: its line in the file, or its index in a run without one."""
    line = getattr(record.input, "line", None)
    return f"record {record.index}" if line is None else f"line {line}"
