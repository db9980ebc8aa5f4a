"""A command as it was typed, word by word, so that the next one to type can be made of it. Pure.

It knows which words are options and which of these take a value, and nothing of what they mean.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs
from attrs import frozen

__all__ = ["Typed", "Word", "as_argument", "quoted", "resuming"]


@frozen
class Word:
    """An option with its value, or an argument."""

    option: str
    """Its longest name; empty for an argument."""
    words: tuple[str, ...]


@frozen
class Typed:
    """A command of ours."""

    command: str
    words: tuple[Word, ...] = ()

    @classmethod
    def parse(
        cls, command: str, words: Sequence[str], options: Mapping[str, tuple[str, bool]]
    ) -> Typed:
        """Take a command line apart. `options`: of each name the longest one, and whether a value follows."""
        return cls(command, tuple(_parsed(iter(words), options)))

    @property
    def arguments(self) -> tuple[str, ...]:
        """What is no option."""
        return tuple(word.words[-1] for word in self.words if not word.option)

    def has(self, option: str) -> bool:
        """Say whether an option was given."""
        return any(word.option == option for word in self.words)

    def value(self, option: str) -> str | None:
        """Return the value that an option was given; None if it was not given."""
        found = [word.words[-1] for word in self.words if word.option == option]
        return found[-1].removeprefix(f"{option}=") if found else None

    def without(self, *options: str) -> Typed:
        """Leave options out."""
        kept = tuple(word for word in self.words if word.option not in options)
        return attrs.evolve(self, words=kept)

    def having(self, option: str, *value: str) -> Typed:
        """Give an option this value, and no other."""
        return attrs.evolve(
            self, words=(*self.without(option).words, Word(option, (option, *value)))
        )

    def reading(self, *files: str) -> Typed:
        """Have other files in place of all arguments but the first, which names the kind of object."""
        kept = list(self.words)
        found = [place for place, word in enumerate(kept) if not word.option][1:]
        for place in reversed(found):
            del kept[place]
        place = found[0] if found else len(kept)
        kept[place:place] = [Word("", (as_argument(file),)) for file in files]
        return attrs.evolve(self, words=tuple(kept))

    def groups(self) -> list[tuple[str, ...]]:
        """Return the whole command line, an option and its value together."""
        return [("hubbatch", self.command), *(word.words for word in self.words)]

    def __str__(self) -> str:
        """Return the whole command line, as this system's shell takes it."""
        return " ".join(map(quoted, self.groups()))


def as_argument(file: str) -> str:
    """Return a file's name such that it is no option."""
    return f"./{file}" if file.startswith("-") and file != "-" else file


def resuming(journal: str) -> Typed:
    """Return the command that goes on with the load of a journal."""
    return Typed("resume", (Word("", (as_argument(journal),)),))


def quoted(words: Iterable[str]) -> str:
    """Return words as this system's shell takes them."""
    if os.name == "nt":
        return subprocess.list2cmdline(list(words))
    return shlex.join(words)


def _parsed(words: Iterator[str], options: Mapping[str, tuple[str, bool]]) -> Iterator[Word]:
    for word in words:
        name, is_joined, _ = word.partition("=")
        if word == "--":
            yield from (Word("", (each if each[:1] != "-" else f"./{each}",)) for each in words)
        elif not word.startswith("-") or word == "-":
            yield Word("", (word,))
        elif name in options:
            longest, takes_value = options[name]
            value = () if is_joined or not takes_value else (next(words, ""),)
            yield Word(longest, (word, *value))
        elif word.startswith("--"):
            yield Word(name, (word,))
        else:
            yield from _short(word, words, options)


def _short(
    word: str, words: Iterator[str], options: Mapping[str, tuple[str, bool]]
) -> Iterator[Word]:
    """Take one-letter options apart that are written together, the last one perhaps with its value."""
    for place, letter in enumerate(word[1:], 2):
        name, takes_value = options.get(f"-{letter}", (f"-{letter}", False))
        if takes_value:
            rest = word[place:] or next(words, "")
            yield Word(name, (f"-{letter}", rest))
            return
        yield Word(name, (f"-{letter}",))
