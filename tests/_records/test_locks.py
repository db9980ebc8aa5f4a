"""Inputs with several keys: none that share one are in flight at once, and all go, in the order of the source."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hubbatch._records.guard import Admission
from hubbatch._records.locks import LockGuard
from hubbatch._records.planning import Input
from hubbatch._records.planning_rows import RowInput
from hubbatch.endpoints import Doubt, Effect, Endpoint, InputKind, Path, ResultShape
from hubbatch.policies import Duplicates

ROW = Endpoint(
    "pairs",
    [Path("/x", ("v3",))],
    input=InputKind.PAIR,
    effect=Effect.CHANGES,
    result=ResultShape.ROW,
    names={"a": "from.id"},
)
MERGE = Endpoint(
    "merge",
    [Path("/x", ("v3",))],
    input=InputKind.VALUES,
    effect=Effect.CHANGES,
    doubt=Doubt.STAYS,
    result=ResultShape.ROW,
    identity=("a", "b"),
    exclusive=(("a",), ("b",)),
    names={"id": "a"},
)


def made(index: int, keys: tuple[str, ...], identity: str) -> RowInput:
    return RowInput(index, keys, b"{}", (None, identity), locks=keys)


def test_an_input_waits_for_all_of_its_keys_and_no_longer() -> None:
    guard = LockGuard(Duplicates.SERIAL, MERGE)
    first, second, both, last = (
        made(at, keys, str(at)) for at, keys in enumerate([("a",), ("b",), ("a", "b"), ("b",)])
    )
    assert [guard.admit(each) for each in (first, second, both, last)] == [
        *(Admission.QUEUE, Admission.QUEUE),
        *(Admission.WAIT, Admission.WAIT),
    ]
    assert (guard.waiting, guard.aside) == (2, 2)
    assert guard.release(first) == []
    assert guard.release_all([second]) == [both]
    assert both.successor
    assert guard.release(both) == [last]
    assert guard.waiting == 0
    assert guard.release(last) == []
    assert guard.admit(made(9, ("a", "b"), "x")) is Admission.QUEUE


def test_what_is_given_twice_is_done_once_unless_another_stands_between() -> None:
    guard = LockGuard(Duplicates.SERIAL, ROW)
    add, again, remove, later = (
        made(at, ("7",), identity) for at, identity in enumerate(["add", "add", "remove", "add"])
    )
    for each in (add, again, remove, later):
        guard.admit(each)
    assert add.followers == [again]
    assert guard.release(add) == [remove]
    assert guard.release(remove) == [later]
    assert later.followers is None


def test_an_object_at_both_ends_does_not_wait_for_itself() -> None:
    guard = LockGuard(Duplicates.SERIAL, MERGE)
    item = made(0, ("a", "a"), "x")
    assert guard.admit(item) is Admission.QUEUE
    assert guard.release(item) == []


def test_a_second_record_with_a_key_fails_if_duplicates_are_to_fail() -> None:
    guard = LockGuard(Duplicates.REFUSE, ROW)
    first, second, other = made(0, ("a",), "x"), made(1, ("a",), "x"), made(2, ("a",), "y")
    assert guard.admit(first) is Admission.QUEUE
    assert guard.admit(second) is Admission.INVALID
    assert guard.admit(other) is Admission.WAIT
    assert guard.release(first) == [other]
    guard.close()


@given(
    st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3), max_size=40),
    st.randoms(use_true_random=False),
)
def test_no_two_in_flight_share_a_key_and_all_are_sent(
    wanted: list[list[str]], chance: object
) -> None:
    guard = LockGuard(Duplicates.SERIAL, MERGE)
    items = [made(at, tuple(keys), str(at)) for at, keys in enumerate(wanted)]
    flying: list[Input] = [item for item in items if guard.admit(item) is Admission.QUEUE]
    settled: list[Input] = []
    while flying:
        held = [lock for item in flying for lock in set(item.record)]
        assert len(set(held)) == len(held)
        item = chance.choice(flying)  # type: ignore[attr-defined]
        flying.remove(item)
        settled.append(item)
        flying.extend(guard.release(item))
    assert len(settled) == len(items), "nobody waits for ever"
    assert guard.waiting == guard.aside == 0
    for lock in "abcdef":
        order = [item.index for item in settled if lock in item.record]
        assert order == sorted(order), "those who share a key go in the order of the source"
