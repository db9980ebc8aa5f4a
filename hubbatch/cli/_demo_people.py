"""Made-up people for the demonstration: accents, commas, emoji, blanks, some twice, a few broken.

The same seed makes the same people. It knows nothing of how they are sent.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from attrs import field, frozen

__all__ = ["People"]

Person = dict[str, Any]

_FIRST = (
    "Zoë",
    "José",
    "Søren",
    "Łucja",
    "Nguyễn",
    "Ólafur",
    "Ayşe",
    "Иван",
    "さくら",
    "Anna",
    "Noor",
)
_LAST = (
    "Müller",
    "O’Neil",
    "García Márquez",
    "Dvořák",
    "Smith, Jr.",
    "李",
    "d'Arc",
    "Ångström",
    "",
)
_JOBS = ("Baker", "Engineer, retired", "C.E.O. 🚀", "🧑‍🚀 Astronaut", 'Dr. "Bones"', "", None)
_CITIES = ("Zürich", "São Paulo", "Kraków", "東京", "Reykjavík", "Aix-en-Provence", None)
_HOBBIES = ("chess", "sailing", "crème brûlée", "naïve art")

_BREAKS: tuple[Callable[[Person], Person], ...] = (
    lambda person: {**person, "email": None},
    lambda person: {**person, "score": float("nan")},
    lambda person: {**person, "email": person["email"].replace("@", " at ")},
    lambda person: {**person, "last_seen": person["last_seen"].replace(tzinfo=None)},
)
_BROKEN_SHARE = 2_000
"""One record in so many is broken, and at least one in each way."""
_TWICE_SHARE = 500
"""One record in so many is somebody who came before, with other values."""


@frozen
class People:
    """A sequence of people, made while it is iterated: its length is known, its content nowhere kept."""

    count: int
    seed: int
    broken: int = field(init=False)
    twice: int = field(init=False)

    @broken.default
    def _broken(self) -> int:
        wanted = max(len(_BREAKS), self.count // _BROKEN_SHARE)
        return min(wanted, self.count // 2)

    @twice.default
    def _twice(self) -> int:
        return min(max(1, self.count // _TWICE_SHARE), self.count // 4)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Person]:
        chance = random.Random(self.seed)  # noqa: S311 (made-up people, no secrets)
        special = chance.sample(range(self.count), self.broken + self.twice)
        broken = {index: n for n, index in enumerate(sorted(special[: self.broken]))}
        twice = set(special[self.broken :])
        for index in range(self.count):
            person = _person(chance, index)
            if index in broken:
                yield _BREAKS[broken[index] % len(_BREAKS)](person)
            elif index in twice and index:
                person["email"] = _email(chance.randrange(index)).upper()
                yield person
            else:
                yield person


def _email(index: int) -> str:
    return f"person.{index}@example.com"


def _person(chance: random.Random, index: int) -> Person:
    born = date(1940, 1, 1) + timedelta(days=chance.randrange(24_000))
    seen = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(10**7))
    return {
        "email": _email(index),
        "firstname": chance.choice(_FIRST),
        "lastname": chance.choice(_LAST),
        "jobtitle": chance.choice(_JOBS),
        "city": chance.choice(_CITIES),
        "born": born,
        "last_seen": seen,
        "score": chance.randrange(1_000),
        "newsletter": chance.random() < 0.5,  # noqa: PLR2004 (a coin)
        "hobbies": chance.sample(_HOBBIES, chance.randrange(3)),
    }
