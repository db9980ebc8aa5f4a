"""Column names held against the properties of an account: labels, and names that no value can be written to.

Pure: a schema and names in, mappings and errors out. Where the schema comes from is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import define, field, frozen

from hubbatch import Schema, UsageError
from hubbatch.cli._job import Job
from hubbatch.cli._typed_command import quoted
from hubbatch.files import typed_name
from hubbatch.rehearsal import name_problems

__all__ = ["ColumnCheck", "check_options", "labels_of"]

_SET_BY_HUBSPOT = frozenset(
    {"createdate", "hs_createdate", "hs_lastmodifieddate", "hs_object_id", "lastmodifieddate"}
)
"""Properties that every reading shows: where they cannot be written their columns are left out and not refused."""
_RECORD_ID = "hs_object_id"
_ID = "id"
"""The column of record ids."""
_MOST = 10
"""Columns that a message lists."""
_FEW = 5
"""Columns that a message proposes to keep."""


def labels_of(schema: Schema, key: str | None) -> dict[str, str]:
    """Return the label of each property that a column may be, by its name.

    A property that can be written goes before others with its label. Where records are known by record ids, the label
    of these is that of the column `id`.
    """
    labels = {each.name: each.label for each in schema}
    writable = {each.label.casefold() for each in schema if not (each.read_only or each.calculated)}
    for each in schema:
        if (each.read_only or each.calculated) and each.label.casefold() in writable:
            labels[each.name] = each.name
    if key == _ID:
        labels[_ID] = labels.pop(_RECORD_ID, "") or "Record ID"
    return labels


def check_options(schema: Schema, job: Job) -> None:
    """Raise `UsageError` if the account refuses a property that an option names."""
    for option in ("id_property", "unique_property"):
        name = job.options.get(option)
        if name is not None and (problems := name_problems(schema, name, names_objects=True)):
            raise UsageError(f"--{option.replace('_', '-')}: {problems[0].message}")
    for name in job.layout.columns.set:
        if problems := name_problems(schema, name):
            raise UsageError(f"--set: {problems[0].message}")


@frozen
class _Column:
    """A column that cannot be loaded."""

    name: str
    words: str
    may_be_mapped: bool = False
    """Whether it is perhaps a property by another name: which one only the user knows."""
    closest: str | None = None
    """The property that may be meant."""


@define
class ColumnCheck:
    """Judges the header of each file: refuses columns that cannot be loaded, tells what was made of others."""

    _schema: Schema
    _job: Job
    _say: Callable[[str], object]
    _assumes_create: bool = False
    """Whether that the verb is create was not said by the user."""
    _said: set[str] = field(factory=set)

    def __call__(self, columns: Mapping[str, str | None]) -> frozenset[str]:
        """Return the columns that are left out; raise `UsageError` for those that cannot be loaded."""
        key = self._job.layout.key
        wanted = {column: name for column, name in columns.items() if name and name != key}
        left_out, wrong = set[str](), list[_Column]()
        for column, name in wanted.items():
            definition = self._schema.get(name)
            if definition is None:
                wrong.append(self._unknown(column, name, columns))
            elif name_problems(self._schema, name):
                if name in _SET_BY_HUBSPOT:
                    left_out.add(column)
                else:
                    kind = "calculated" if definition.calculated else "read-only"
                    wrong.append(_Column(column, f"{_shown(column, name)} is {kind}"))
        if wrong:
            refused = {each.name for each in wrong}
            kept = [
                column
                for column, name in columns.items()
                if name and column not in refused | set(left_out)
            ]
            kept.sort(key=lambda column: columns[column] != key)  # that one cannot be missing
            raise UsageError(self._refusal(wrong, kept))
        self._tell("left out, for HubSpot alone sets them", sorted(left_out))
        mapped = self._job.layout.columns.map
        self._tell(
            "columns read by their labels",
            [
                f"{column!r} as {name}"
                for column, name in columns.items()
                if name and name != column and mapped.get(column) != name
            ],
        )
        return frozenset(left_out)

    def _unknown(self, column: str, name: str, columns: Mapping[str, str | None]) -> _Column:
        if name == _ID:
            return _Column(column, f"{_shown(column, name)} {self._about_ids()}")
        words = f"{_shown(column, name)} is no property of {self._job.object_type}"
        closest = self._schema.closest(name)
        if closest is None or closest in columns.values():
            return _Column(column, words, may_be_mapped=True)
        return _Column(
            column, f"{words} (is {closest!r} meant?)", may_be_mapped=True, closest=closest
        )

    def _about_ids(self) -> str:
        """Return what a column of record ids asks for where records are not known by these."""
        key = self._job.layout.key
        if self._job.verb != "create":
            return (
                f"holds record ids, and the records are known by {key!r} here: `update` without --id-property knows"
                " them by their ids"
            )
        taken = ", which is assumed without --verb" if self._assumes_create else ""
        return (
            f"holds record ids, and the verb is create{taken}: that gives each record a new id. To change the objects"
            " that have these ids take `hubbatch update`, or `hubbatch check --verb update`"
        )

    def _refusal(self, wrong: list[_Column], kept: list[str]) -> str:
        shown = wrong[:_MOST]
        more = f"; and {len(wrong) - _MOST} more columns" if len(wrong) > _MOST else ""
        choices = [f"{_option('--drop', typed_name(shown[0].name))} leaves a column out"]
        if unknown := [each for each in shown if each.may_be_mapped]:
            name = typed_name(unknown[0].name)
            mapped = _option("--map", f"{name}=PROPERTY")
            properties = quoted(("hubbatch", "properties", self._job.object_type))
            choices = [
                f"{mapped} reads a column as a property (`{properties}` lists them)",
                f"{_option('--drop', name)} leaves it out",
            ]
        if len(wrong) > _MOST:
            names = ",".join(map(typed_name, kept[:_FEW]))
            choices.insert(0, f"{_option('--columns', names or 'NAME,NAME')} keeps only these")
        elif len(wrong) > 1:
            choices.insert(0, f"For all of them type: {_remedies(wrong)}")
        choices.append("--no-check sends all columns as they are")
        return f"{'; '.join(each.words for each in shown)}{more}. Nothing was sent. {', '.join(choices)}"

    def _tell(self, what: str, names: list[str]) -> None:
        """Say it once, whatever the number of files."""
        said = f"{what}: {', '.join(names)}"
        if names and said not in self._said:
            self._said.add(said)
            self._say(said)


def _shown(column: str, name: str) -> str:
    return f"the column {column!r}" + ("" if column == name else f", read as {name!r},")


def _remedies(wrong: list[_Column]) -> str:
    """Return options that settle each column; one property is meant by one column only."""
    options, taken = list[str](), set[str]()
    for each in wrong:
        name = typed_name(each.name)
        if each.closest is None or each.closest in taken:
            options.append(_option("--drop", name))
        else:
            taken.add(each.closest)
            options.append(_option("--map", f"{name}={each.closest}"))
    return " ".join(options)


def _option(name: str, value: str) -> str:
    return quoted((name, value))
