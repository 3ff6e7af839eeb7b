"""The steps of a submission, and what getFeeds may prove."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sellerbus.feeds.settlement import Adopt, ListedFeed, Uncertain, Verdict, Window, judge
from sellerbus.feeds.submission import (
    State,
    Submission,
    WrongStateError,
    accepted,
    crashed,
    decided,
    not_done,
    opened,
    refused,
    settled,
    unknown,
    window,
)

OPEN = opened(Submission(), 1000.0, 60.0)
SETTLING = unknown(OPEN, 1, 1010.0, 300.0)
WINDOW = Window("JSON_LISTINGS_FEED", ("A", "B"), 1_700_000_000.0, 1_700_000_600.0)
CREATED = "2023-11-14T22:15:00+00:00"
AGAIN = opened(settled(SETTLING, None), 2000.0, 60.0)


def listed(feed_id: str = "1", **changes: Any) -> ListedFeed:
    return replace(ListedFeed(feed_id, "JSON_LISTINGS_FEED", CREATED, ("B", "A")), **changes)


def judged(*feeds: ListedFeed, bound: tuple[str, ...] = (), foreign: bool = False) -> Verdict:
    return judge([feeds], bound, WINDOW, complete=True, foreign_possible=foreign)


def test_the_good_way() -> None:
    assert (OPEN.state, OPEN.attempt, OPEN.lease_until) == (State.SUBMITTING, 1, 1060.0)
    done = accepted(OPEN, 1, "f1")
    assert (done.state, done.feed_id, done.lease_until) == (State.SUBMITTED, "f1", None)
    assert accepted(done, 1, "f1") is done


def test_only_a_pending_one_is_opened() -> None:
    for other in (OPEN, SETTLING, accepted(OPEN, 1, "f"), refused(OPEN, 1, "no")):
        with pytest.raises(WrongStateError, match="can't be opened"):
            opened(other, 1.0, 1.0)


def test_what_is_proved_not_to_be_done_is_done_again() -> None:
    back = not_done(OPEN, 1)
    assert (back.state, back.unknown_since) == (State.PENDING, None)
    assert opened(back, 5.0, 1.0).attempt == 2


def test_a_step_of_an_earlier_attempt_changes_nothing() -> None:
    steps: list[Callable[[], Submission]] = [
        lambda: not_done(AGAIN, 1),
        lambda: refused(AGAIN, 1, "no"),
        lambda: unknown(AGAIN, 1, 0.0, 0.0),
        lambda: accepted(AGAIN, 3, "f"),
        lambda: accepted(OPEN, 0, "f"),
    ]
    for step in steps:
        with pytest.raises(WrongStateError):
            step()


def test_a_crash_is_a_lease_that_is_over() -> None:
    assert [crashed(OPEN, now) for now in (1059.9, 1060.0)] == [False, True]
    assert not crashed(SETTLING, 9999.0)


def test_the_window_reaches_back_to_the_first_attempt_that_is_unknown() -> None:
    found = window(SETTLING, "T", ("A",), 1400.0, skew_seconds=60.0)
    assert (found.start, found.end) == (940.0, 1460.0)
    later = unknown(AGAIN, 2, 2100.0, 300.0)
    assert window(later, "T", ("A",), 2400.0, skew_seconds=0.0).start == 1000.0
    throttled = opened(not_done(OPEN, 1), 5000.0, 60.0)
    assert window(unknown(throttled, 2, 5000.0, 1.0), "T", ("A",), 5001.0, skew_seconds=0.0).start == 5000.0


def test_nothing_is_judged_before_it_settled() -> None:
    for submission, now in ((SETTLING, 1309.9), (OPEN, 2000.0)):
        with pytest.raises(WrongStateError, match="can't be judged"):
            window(submission, "T", ("A",), now)


def test_judge() -> None:
    assert judged() is None
    assert judged(listed()) == Adopt("1")
    assert judged(listed(), listed()) == Adopt("1")
    assert judged(listed(), bound=("1",)) is None
    assert judged(listed("1"), listed("2"), bound=("1",)) == Adopt("2")
    assert judged(listed("2"), listed("1")) == Uncertain("2 feeds can be the task's", ("1", "2"))
    assert judged(listed(), foreign=True) == Uncertain(
        "one feed can be the task's, or somebody else's", ("1",)
    )
    assert judged(foreign=True) is None


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({"feed_type": "POST_ORDER_FULFILLMENT_DATA"}, False),
        ({"marketplace_ids": ("A",)}, False),
        ({"marketplace_ids": ("A", "B", "C")}, False),
        ({"marketplace_ids": None}, True),
        ({"created_time": "2023-11-14T22:13:19Z"}, False),
        ({"created_time": "2023-11-14T22:13:20Z"}, True),
        ({"created_time": "2023-11-14T23:23:20+01:00"}, True),
        ({"created_time": "2023-11-14T22:23:21"}, False),
        ({"created_time": "yesterday"}, True),
    ],
)
def test_which_feeds_can_be_the_tasks(changes: dict[str, Any], fits: bool) -> None:
    assert judged(listed(**changes)) == (Adopt("1") if fits else None)


def test_pages_that_were_not_all_read_prove_nothing() -> None:
    verdict = judge([[]], (), WINDOW, complete=False, foreign_possible=False)
    assert isinstance(verdict, Uncertain)


def test_verdicts() -> None:
    assert settled(SETTLING, None).state is State.PENDING
    adopted = settled(SETTLING, Adopt("7"))
    assert (adopted.state, adopted.feed_id) == (State.SUBMITTED, "7")
    doubt = settled(SETTLING, Uncertain("two", ("1", "2")))
    assert (doubt.state, doubt.reason) == (State.UNCERTAIN, "two: 1, 2")
    with pytest.raises(WrongStateError):
        settled(OPEN, None)


def test_a_person_decides() -> None:
    doubt = settled(SETTLING, Uncertain("two", ("1", "2")))
    assert decided(doubt, "2").feed_id == "2"
    again = decided(doubt, None, submit_again=True)
    assert (again.state, again.unknown_since, again.reason) == (State.PENDING, None, None)
    given_up = decided(doubt, None)
    assert (given_up.state, given_up.reason) == (State.REFUSED, "given up by a person; two: 1, 2")
    for submission, feed_id in ((SETTLING, "1"), (doubt, "1")):
        with pytest.raises(WrongStateError):
            decided(submission, feed_id, submit_again=submission is doubt)


def test_a_late_answer() -> None:
    for waiting in (SETTLING, settled(SETTLING, None), settled(SETTLING, Uncertain("two"))):
        assert accepted(waiting, 1, "f1").feed_id == "f1"
    with pytest.raises(WrongStateError):
        accepted(settled(SETTLING, Adopt("f2")), 1, "f1")
    with pytest.raises(WrongStateError):
        accepted(refused(OPEN, 1, "no"), 1, "f1")


def test_a_late_answer_after_another_attempt_leaves_it_to_a_person() -> None:
    doubt = accepted(AGAIN, 1, "f1")
    assert (doubt.state, doubt.answered) == (State.UNCERTAIN, ("f1",))
    both = accepted(doubt, 2, "f2")
    assert (both.state, both.answered) == (State.UNCERTAIN, ("f1", "f2"))
    assert "f1 and f2" in str(both.reason)


def test_where_two_attempts_are_in_doubt_one_answer_does_not_end_it() -> None:
    doubt = settled(unknown(AGAIN, 2, 2100.0, 300.0), Uncertain("two", ("f1", "f2")))
    assert accepted(doubt, 2, "f2").state is State.UNCERTAIN
