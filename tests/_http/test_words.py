"""Words in a text, found for all places at once: just those that a look at each place would find."""

from __future__ import annotations

from functools import partial

import pytest
from growth import growth
from hypothesis import example, given
from hypothesis import strategies as st

from hubbatch._http.words import WORD, WordFinder

# Few bytes, so that words are met often; of some the finder makes no difference between one and the other.
BYTES = st.lists(st.sampled_from(b'ab-1"\\\x00\x7f\xd8\xdc\xe1\xff'), max_size=80).map(bytes)


@example(texts=[b"abc"], text=b"", stride=10)
@example(texts=[b"abc"], text=b"ab", stride=10)
@example(texts=[], text=b"abc", stride=10)
@example(texts=[b"]^-"], text=b"]^-]^-", stride=3)
@given(
    texts=st.lists(st.one_of(BYTES, st.binary(max_size=40)), max_size=4),
    text=st.one_of(BYTES, st.binary(max_size=200)),
    stride=st.integers(1, 12),
)
def test_words_are_found_at_each_place_where_one_is(
    texts: list[bytes], text: bytes, stride: int
) -> None:
    text = b"".join([text, *texts, text])
    words = {each[at : at + WORD] for each in texts for at in range(len(each) - WORD + 1)}
    places = range(0, len(text) - WORD + 1, stride)
    expected = [at for at in places if text[at : at + WORD] in words]
    assert WordFinder(texts, stride).places(text) == expected


def _places(finder: WordFinder, texts: dict[int, bytes], size: int) -> list[int]:
    return finder.places(texts[size])


@pytest.mark.parametrize("piece", [b"3f2a9b", b"3f", b"\xd8\xdd", b"!"])
def test_a_text_of_any_kind_is_looked_through_in_linear_time(piece: bytes) -> None:
    finder = WordFinder([b"3f2a9b1c-97d1-4c22-8e0f-b048a1d2c3e4"], 10)
    texts = {size: piece * (size // len(piece)) for size in (2**15, 2**18)}
    ratio = growth(partial(_places, finder, texts), *texts, bound=24)
    assert ratio <= 24, f"eight times the bytes took {ratio:.1f} times as long"
