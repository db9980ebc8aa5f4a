"""What is noted of each record, against a model that has a word for each and knows nothing of pages."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from hubbatch import RecordStatus
from hubbatch.journal import RecordState
from hubbatch.journal._states import PAGE, RecordEvent, States, event_of, runs
from hubbatch.journal._tries import Try, first_tried, still_in_doubt

NEVER, DOUBT = RecordState.NEVER_SENT, RecordState.IN_DOUBT
OPEN = {NEVER, DOUBT, RecordState.RETRYABLE, RecordState.UNKNOWN}
POSITIONS = st.one_of(
    st.builds(
        lambda first, size: list(range(first, first + size)),
        st.sampled_from([0, 1, PAGE - 2, PAGE, 3 * PAGE - 1]),
        st.sampled_from([1, 2, 3, PAGE, 2 * PAGE + 1]),
    ),
    st.lists(st.integers(0, 3 * PAGE), min_size=1, max_size=5),
)


class Model:
    """Says in words what a record is after an event."""

    def __init__(self) -> None:
        self.states: dict[int, RecordState] = {}
        self.own: set[int] = set()
        """What this process alone has sent."""

    def note(self, event: RecordEvent, position: int) -> None:  # noqa: C901 (a branch for each event)
        state = self.states.get(position, NEVER)
        only_ours = position in self.own or state in {NEVER, RecordState.RETRYABLE}
        if event is RecordEvent.SUCCEEDED:
            state = RecordState.SUCCEEDED
        elif event is RecordEvent.FAILED and state in OPEN:
            state = RecordState.FAILED
        elif state not in OPEN:
            pass
        elif event is RecordEvent.SENT:
            if only_ours and state is not RecordState.UNKNOWN:
                self.own.add(position)
            state = DOUBT
        elif event is RecordEvent.UNKNOWN:
            state = RecordState.UNKNOWN
        elif event is RecordEvent.UNKNOWN_RETRYABLE:
            self.own.discard(position)
            state = DOUBT
        elif only_ours and state is not RecordState.UNKNOWN:
            if event is RecordEvent.FAILED_RETRYABLE:
                state = RecordState.RETRYABLE
            elif state is DOUBT:
                state = NEVER
        if state is not DOUBT:
            self.own.discard(position)
        self.states[position] = state

    def restart(self) -> None:
        self.own.clear()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(st.tuples(st.sampled_from(RecordEvent), POSITIONS), st.just(None)),
        max_size=12,
    )
)
def test_a_record_is_what_was_noted_of_it_over_all_processes(
    steps: list[tuple[RecordEvent, list[int]] | None],
) -> None:
    states, model = States(), Model()
    for step in steps:
        if step is None:
            reread = States()
            for page in range(6):
                assert reread.load(page, states.dump(page))
            states = reread
            model.restart()
            continue
        event, positions = step
        for first, last in runs(positions):
            states.note(event, first, last)
        for position in set(positions):
            model.note(event, position)
    end = 6 * PAGE
    expected = [model.states.get(position, NEVER) for position in range(end)]
    assert [states.state(position) for position in range(end)] == expected
    for state in RecordState:
        held = [
            position for first, last in states.ranges(state) for position in range(first, last + 1)
        ]
        wanted = [position for position, found in enumerate(expected) if found is state]
        if state is NEVER:
            assert set(held) <= set(wanted)
        else:
            assert held == wanted
            assert states.count(state) == len(wanted)
    all_ranges = list(states.ranges(*OPEN))
    assert all(before[1] + 1 < after[0] for before, after in pairwise(all_ranges))


@given(st.lists(st.integers(0, 30), max_size=20))
def test_positions_become_the_fewest_ranges(positions: list[int]) -> None:
    found = list(runs(positions))
    assert [at for first, last in found for at in range(first, last + 1)] == sorted(set(positions))
    assert all(before[1] + 1 < after[0] for before, after in pairwise(found))


def test_what_a_page_cannot_be_is_refused() -> None:
    for page, data in ((0, b""), (0, b"\1\1"), (0, bytes([7])), (0, b"\xff" * PAGE), (-1, b"\1")):
        assert not States().load(page, data)


def test_every_end_of_a_record_has_its_event() -> None:
    assert {
        event_of(status, retryable=retryable)
        for status in RecordStatus
        for retryable in (False, True)
    } == set(RecordEvent) - {RecordEvent.SENT}


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 25), st.integers(0, 5)), max_size=8),
    st.sets(st.integers(0, 30)),
)
def test_what_is_in_doubt_keeps_its_first_try(
    tries: list[tuple[int, int]], doubt: set[int]
) -> None:
    given_tries = [Try(first, first + more, float(at)) for at, (first, more) in enumerate(tries, 1)]
    kept = still_in_doubt(given_tries, runs(sorted(doubt)))
    for position in range(32):
        times = [each.at for each in given_tries if each.first <= position <= each.last]
        wanted = min(times, default=0.0) if position in doubt else 0.0
        assert first_tried(kept, position) == wanted
    assert all(before.last < after.first for before, after in pairwise(kept))
