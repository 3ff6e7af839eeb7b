"""The story of listing changes falls short unless each change has its own result, out of one feed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local import story_of_changes
from local.feed_documents import LISTINGS
from local.feed_tasks import FeedTasks
from local.outcome import StoryError
from local.story_of_changes import SELLER, Changes, check_changes, hand_over_changes
from tests.unit.local.feed_story import VERSION, FakeDeployment, event_message, scenes_of, shown

WANTED = Changes({"a": True, "b": False})
RESULTS = [("ListingChangeSucceeded", 1, "a"), ("ListingChangeFailed", 2, "b")]


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDeployment:
    monkeypatch.setattr(story_of_changes, "RESULT_SECONDS", 0.0)
    return FakeDeployment(tmp_path)


def tell(deployment: FakeDeployment, told: list[tuple[str, int, str]], feeds: int = 1) -> Any:
    deployment.aws.queue = [event_message(kind, number, changeId=name) for kind, number, name in told]
    for _ in range(feeds):
        deployment.simulator.has_feed(SELLER, LISTINGS)
    deployment.simulator.has_feed(SELLER, LISTINGS, apiVersion="2020-09-04")
    scenes = scenes_of(deployment)
    check_changes(deployment.for_story(), VERSION, scenes.outcome, WANTED, shown())
    return scenes.outcome.feeds[VERSION]


def test_half_of_the_changes_takes_each_way_and_some_are_bad(deployment: FakeDeployment) -> None:
    changes = hand_over_changes(deployment.for_story(), VERSION)

    assert (len(deployment.aws.events), len(deployment.aws.messages)) == (250, 250)
    assert len(changes.wanted) == 500
    assert list(changes.wanted.values()).count(False) == 12


@pytest.mark.parametrize("told", [RESULTS, [*RESULTS, RESULTS[0]]], ids=["once", "delivered twice"])
def test_results_are_counted(deployment: FakeDeployment, told: list[tuple[str, int, str]]) -> None:
    counts = tell(deployment, told)

    assert (counts.listing_changes, counts.listing_change_feeds) == (2, 1)
    assert (counts.listing_changes_succeeded, counts.listing_changes_failed) == (1, 1)


@pytest.mark.parametrize(
    ("told", "feeds", "complaint"),
    [
        (RESULTS[:1], 1, "1 have"),
        ([RESULTS[0], ("ListingChangeSucceeded", 2, "b")], 1, "another result than their own: .'b'"),
        ([*RESULTS, ("ListingChangeSucceeded", 3, "a")], 1, "events of several ids"),
        (RESULTS, 2, "should be one feed, they are 2"),
        (RESULTS, 0, "should be one feed, they are 0"),
    ],
)
def test_other_results_fall_short(
    deployment: FakeDeployment, told: list[tuple[str, int, str]], feeds: int, complaint: str
) -> None:
    with pytest.raises(StoryError, match=complaint):
        tell(deployment, told, feeds)


def test_what_bus_or_queue_do_not_take_is_no_handing_over(deployment: FakeDeployment) -> None:
    deployment.aws.refuses = True
    tasks = FeedTasks.of(deployment.for_story())

    with pytest.raises(RuntimeError, match="the bus refused"):
        tasks.request("FeedRequested", [{}])
    with pytest.raises(RuntimeError, match="the queue refused"):
        tasks.send_changes([{}])
