"""The step about missed events falls short unless all are found, come once, and are found no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from local import story_of_missed
from local.cast import SELLERS, THIRD_SELLER
from local.handing_over import SHIPMENTS
from local.outcome import FeedCounts, Outcome, StoryError
from local.story_of_missed import ORDER, find_missed
from tests.unit.local.operating_story import FakeAws, FakeDeployment, notification, screen

FEED = "feed1"
ORDER_CAME = notification("n1", about=ORDER, origin="reconciled")
FEED_CAME = notification("n2", kind="FEED_PROCESSING_FINISHED", about=FEED, origin="reconciled")


@dataclass
class FakeSimulator:
    orders: list[tuple[Any, ...]] = field(default_factory=list)

    def add_order(self, *order: Any, **more: Any) -> None:
        self.orders.append((*order, more))

    def feeds(self, seller_id: str, feed_type: str) -> list[dict[str, str]]:
        assert (seller_id, feed_type) == (SELLERS[0].seller_id, SHIPMENTS)
        return [{"feedId": "of-before", "apiVersion": "v1"}, {"feedId": FEED, "apiVersion": "v2"}]

    def set_rate(self, operation: str, *, per_second: float, burst: int) -> None:
        assert (operation, per_second >= 1, burst > 10) == ("feeds/v2/getFeeds", True, True)


class Finder:
    """The function: each look's answer and what comes of it on the bus; the last answer stays."""

    def __init__(self, *looks: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
        self.looks = list(looks)
        self.deployment = FakeDeployment(FakeAws(self.look), FakeSimulator())

    def look(self, function: str, request: dict[str, Any]) -> Any:
        assert (function, request) == ("FindMissedEvents", {})
        answer, came = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        self.deployment.aws.queue += came
        return answer


def answer(missed: int, checked: int = 2, left: int = 0) -> dict[str, Any]:
    return {"missed": missed, "checked": checked, "left": left}


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story_of_missed, "FOUND_SECONDS", 0.0)


def told(finder: Finder) -> Outcome:
    outcome = Outcome(feeds={"v1": FeedCounts(), "v2": FeedCounts()})
    find_missed(finder.deployment.for_story(), screen(), outcome)
    return outcome


def test_what_was_missed_is_found_once() -> None:
    finder = Finder((answer(2), [ORDER_CAME, FEED_CAME]), (answer(0), []))
    outcome = told(finder)

    assert (outcome.operations.missed_found, outcome.operations.missed_again) == (2, 0)
    assert outcome.expected == {"n1", "n2"}
    marks = {(mark["sellerId"]["S"], mark["subject"]["S"]) for mark in finder.deployment.aws.marks}
    assert marks == {(SELLERS[0].seller_id, "feeds"), (THIRD_SELLER.seller_id, "orders")}
    assert len(finder.deployment.aws.marks) == 4, "each look begins an hour ago"


@pytest.mark.parametrize(
    ("looks", "complaint"),
    [
        ([(answer(0), [])], "should be found and come, but 0 were found"),
        ([(answer(1), [ORDER_CAME])], "should be found and come, but 1 were found"),
        ([(answer(2), [ORDER_CAME])], "should be found and come, but 2 were found"),
        ([(answer(3), [ORDER_CAME, FEED_CAME])], "should be found and come, but 3 were found"),
        (
            [(answer(2), [ORDER_CAME, notification("n3", about=FEED)]), (answer(0), [])],
            "should be found and come",
        ),
        ([(answer(2), [ORDER_CAME, FEED_CAME]), (answer(1), [])], "a second look"),
        ([(answer(2), [ORDER_CAME, FEED_CAME]), (answer(0, left=1), [])], "a second look"),
        ([(answer(2), [ORDER_CAME, FEED_CAME]), (answer(0, checked=1), [])], "a second look"),
        ([(answer(2), [ORDER_CAME, FEED_CAME]), (answer(0), [ORDER_CAME])], "come once each"),
    ],
    ids=[
        "none found",
        "one found",
        "one came",
        "too many found",
        "of another origin",
        "found again",
        "not all looked at",
        "not all compared",
        "published again",
    ],
)
def test_what_falls_short(looks: list[Any], complaint: str) -> None:
    with pytest.raises(StoryError, match=complaint):
        told(Finder(*looks))


def test_a_look_that_fails_is_told_with_its_function() -> None:
    deployment = FakeDeployment(FakeAws(lambda *_: 1 / 0), FakeSimulator())
    with pytest.raises(StoryError, match="division by zero") as caught:
        find_missed(deployment.for_story(), screen(), Outcome(feeds={"v2": FeedCounts()}))
    assert caught.value.function == "FindMissedEvents"
