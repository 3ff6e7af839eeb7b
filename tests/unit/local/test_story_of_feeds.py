"""Each step of the story of feeds falls short when what it claims isn't so."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local import feed_scenes, story_of_feeds
from local.cast import INDIAN_SELLER, SELLERS, THIRD_SELLER
from local.commands import CommandError
from local.deployment import DONE_IN_PART
from local.feed_documents import bad_numbers, skus
from local.handing_over import (
    ACKNOWLEDGEMENTS,
    BAD,
    EASY_SHIP,
    EASY_SHIP_OPTIONS,
    MESSAGES,
    PRODUCTS,
    SHIPMENTS,
    hand_over,
)
from local.outcome import StoryError
from local.screen import Screen
from tests.unit.local.feed_story import (
    VERSION,
    FakeDeployment,
    ended_with,
    event_message,
    has_task,
    quiet_screen,
    said,
    scenes_of,
)

FIRST, SECOND, THIRD = SELLERS[0].seller_id, SELLERS[1].seller_id, THIRD_SELLER.seller_id
REMOVED = "Amazon has carried out no POST_PRODUCT_DATA since 2025-07-31"


@pytest.fixture
def deployment(tmp_path: Path) -> FakeDeployment:
    return FakeDeployment(tmp_path)


@pytest.fixture
def screen() -> Screen:
    return quiet_screen()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_scenes, "END_SECONDS", 0.0)
    monkeypatch.setattr(feed_scenes, "EVENT_SECONDS", 0.0)


def test_all_is_handed_over_in_its_way(deployment: FakeDeployment, screen: Screen) -> None:
    scenes = scenes_of(deployment)

    with ThreadPoolExecutor(2) as pool:
        hand_over(scenes, screen, pool)

    product, side_file, shipments = deployment.aws.put
    assert side_file["Key"] == f"{product['Key']}.options.json"
    assert json.loads(side_file["Body"])["taskId"] == f"demo-{VERSION}-products"
    assert shipments["Metadata"]["task-id"] == f"demo-{VERSION}-shipments"
    assert {put["Bucket"] for put in deployment.aws.put} == {"inbox"}
    details = [(event["DetailType"], json.loads(event["Detail"])) for event in deployment.aws.events]
    (asked,) = [detail for kind, detail in details if kind == "FeedRequested"]
    assert (asked["taskId"], asked["sellerId"]) == (f"demo-{VERSION}-lost-answer", THIRD)
    assert len(deployment.aws.messages) + len(details) - 1 == 500
    easy_ship = next(command for command in deployment.commands.commands if EASY_SHIP in command)
    assert f"--seller {INDIAN_SELLER.seller_id}" in easy_ship
    assert "--option AmazonOrderId=902-3159896-1390916 --option DocumentType=ShippingLabel" in easy_ship
    assert any(command.endswith("--wait") for command in deployment.commands.commands)
    assert [sorted(fate.keys() - {"feedType", "sellerId"}) for fate in deployment.simulator.fates] == [
        ["notifications"],
        ["answerLost"],
    ]


def test_a_task_that_does_not_end_names_the_function_it_is_at(
    deployment: FakeDeployment, screen: Screen
) -> None:
    deployment.aws.rows[f"demo-{VERSION}-products"] = {"state": "WAITING"}

    with pytest.raises(StoryError, match="should have ended") as caught:
        story_of_feeds.check_products(scenes_of(deployment), screen)

    assert caught.value.function == "TakeFeedTurn"


def test_a_refused_feed_type_is_counted_and_its_reason_shown(
    deployment: FakeDeployment, screen: Screen
) -> None:
    has_task(deployment, "products", "REFUSED", reason=REMOVED)
    scenes = scenes_of(deployment)

    story_of_feeds.check_products(scenes, screen)

    assert scenes.counts.refused == 1
    assert REMOVED in said(screen)


@pytest.mark.parametrize(("outcome", "reason"), [("COMPLETED", ""), ("REFUSED", "another")])
def test_a_feed_type_that_is_not_refused_for_its_end_falls_short(
    deployment: FakeDeployment, screen: Screen, outcome: str, reason: str
) -> None:
    has_task(deployment, "products", outcome, reason=reason)

    with pytest.raises(StoryError, match="should be refused as removed"):
        story_of_feeds.check_products(scenes_of(deployment), screen)


def test_a_refused_feed_that_amazon_has_falls_short(deployment: FakeDeployment, screen: Screen) -> None:
    has_task(deployment, "products", "REFUSED", reason=REMOVED)
    deployment.simulator.has_feed(SECOND, PRODUCTS)

    with pytest.raises(StoryError, match="Amazon has a feed of it"):
        story_of_feeds.check_products(scenes_of(deployment), screen)


def test_in_the_time_of_2020_09_04_the_feed_type_must_go_through(
    deployment: FakeDeployment, screen: Screen
) -> None:
    scenes = scenes_of(deployment)
    scenes.version = "2020-09-04"
    deployment.aws.rows["demo-2020-09-04-products"] = {"state": "ENDED", "outcome": "REFUSED"}

    with pytest.raises(StoryError, match="should be COMPLETED"):
        story_of_feeds.check_products(scenes, screen)


@pytest.mark.parametrize(
    "options", [[], [{}], [EASY_SHIP_OPTIONS, EASY_SHIP_OPTIONS]], ids=["no feed", "without", "two feeds"]
)
def test_options_that_do_not_reach_amazon_fall_short(
    deployment: FakeDeployment, screen: Screen, options: list[dict[str, str]]
) -> None:
    has_task(deployment, "easy-ship")
    for each in options:
        deployment.simulator.has_feed(INDIAN_SELLER.seller_id, EASY_SHIP, feedOptions=each)

    with pytest.raises(StoryError, match="one feed with the options"):
        story_of_feeds.check_easy_ship(scenes_of(deployment), screen)


def errors(prefix: str = f"CUP-{VERSION}", leave_out: int = 0) -> str:
    bad = bad_numbers(MESSAGES, BAD)
    names = [sku for number, sku in enumerate(skus(MESSAGES, prefix), start=1) if number in bad]
    messages = [{"sku": name, "code": "99022"} for name in names[leave_out:]]
    return "Said before\n" + json.dumps({"taskId": "t", "messages": messages})


def test_the_bad_messages_are_counted(deployment: FakeDeployment, screen: Screen) -> None:
    has_task(deployment, "listings", "COMPLETED_WITH_ERRORS")
    deployment.commands.said = errors()
    scenes = scenes_of(deployment)
    scenes.listings = ended_with(DONE_IN_PART)

    story_of_feeds.check_listings(scenes, screen)

    assert scenes.counts.errors_listed == 37


@pytest.mark.parametrize("listed", [errors(leave_out=1), errors("OTHER"), '{"messages": []}'])
def test_other_errors_fall_short(deployment: FakeDeployment, screen: Screen, listed: str) -> None:
    has_task(deployment, "listings", "COMPLETED_WITH_ERRORS")
    deployment.commands.said = listed

    with pytest.raises(StoryError, match="should be listed by their SKUs"):
        story_of_feeds.check_listings(scenes_of(deployment), screen)


def test_a_feed_without_errors_falls_short(deployment: FakeDeployment, screen: Screen) -> None:
    has_task(deployment, "listings")

    with pytest.raises(StoryError, match="COMPLETED_WITH_ERRORS"):
        story_of_feeds.check_listings(scenes_of(deployment), screen)


def test_a_submission_that_fails_is_no_part_of_the_story(deployment: FakeDeployment, screen: Screen) -> None:
    scenes = scenes_of(deployment)
    scenes.listings = ended_with(1)

    with pytest.raises(CommandError):
        story_of_feeds.check_listings(scenes, screen)


@pytest.mark.parametrize(
    ("feeds", "looks", "counted"),
    [([{"notifications": 0}], 1, True), ([{"notifications": 0}], 0, False), ([{}], 1, False), ([], 1, False)],
)
def test_only_a_feed_found_by_get_feed_alone_counts(
    deployment: FakeDeployment, screen: Screen, feeds: list[dict[str, Any]], looks: int, counted: bool
) -> None:
    has_task(deployment, "shipments")
    for feed in feeds:
        deployment.simulator.has_feed(FIRST, SHIPMENTS, **feed)
    for _ in range(looks):
        deployment.simulator.was_called("getFeed", FIRST)
    scenes = scenes_of(deployment)

    if counted:
        story_of_feeds.check_without_notification(scenes, screen)
    else:
        with pytest.raises(StoryError, match="by getFeed alone"):
            story_of_feeds.check_without_notification(scenes, screen)

    assert scenes.counts.without_notification == int(counted)


@pytest.mark.parametrize(
    ("feeds", "cuts", "adopted", "complaint"),
    [
        (1, ["after"], "feed1", None),
        (2, ["after"], "feed1", "called once"),
        (0, ["after"], "feed1", "called once"),
        (1, ["after", None], "feed1", "called once"),
        (1, [None], "feed1", "called once"),
        (1, ["after"], "feed9", "should have feed feed1"),
    ],
)
def test_a_lost_answer_makes_one_feed_by_one_call(
    deployment: FakeDeployment,
    screen: Screen,
    feeds: int,
    cuts: list[str | None],
    adopted: str,
    complaint: str | None,
) -> None:
    has_task(deployment, "lost-answer", feedId=adopted)
    for _ in range(feeds):
        deployment.simulator.has_feed(THIRD, ACKNOWLEDGEMENTS)
    for cut in cuts:
        deployment.simulator.was_called("createFeed", THIRD, cut=cut)
    scenes = scenes_of(deployment)

    if complaint is None:
        story_of_feeds.check_lost_answer(scenes, screen)
    else:
        with pytest.raises(StoryError, match=complaint):
            story_of_feeds.check_lost_answer(scenes, screen)

    assert (scenes.counts.lost_answer_feeds, scenes.counts.lost_answer_calls) == (feeds, len(cuts))


@pytest.mark.parametrize(
    ("told", "complete"),
    [
        ([("FeedCompleted", 1)], True),
        ([("FeedCompleted", 1), ("FeedCompleted", 1)], True),
        ([("FeedCompleted", 1), ("FeedCompleted", 2)], False),
        ([("FeedCompleted", 1), ("FeedStuck", 2)], False),
        ([("FeedFatal", 1)], False),
        ([], False),
    ],
)
def test_each_end_is_one_event(
    deployment: FakeDeployment, screen: Screen, told: list[tuple[str, int]], complete: bool
) -> None:
    has_task(deployment, "shipments")
    has_task(deployment, "easy-ship")
    deployment.aws.queue = [
        event_message("FeedRequested", 9, taskId=f"demo-{VERSION}-shipments"),
        *(event_message(kind, number, taskId=f"demo-{VERSION}-shipments") for kind, number in told),
    ]
    scenes = scenes_of(deployment)
    scenes.rows = {"shipments": {"outcome": "COMPLETED"}, "easy-ship": {"outcome": "COMPLETED"}}
    scenes.elsewhere = {"easy-ship"}

    if complete:
        story_of_feeds.check_all(scenes, screen)
        assert scenes.counts.completed == 2
    else:
        with pytest.raises(StoryError, match="the bus should have told"):
            story_of_feeds.check_all(scenes, screen)


@pytest.mark.parametrize(("version", "encrypted"), [("2020-09-04", 1), (VERSION, 2)])
def test_documents_encrypted_otherwise_than_the_version_asks_fall_short(
    deployment: FakeDeployment, screen: Screen, version: str, encrypted: int
) -> None:
    deployment.simulator.has_feed(FIRST, SHIPMENTS, apiVersion=version, encryptedDocuments=encrypted)
    scenes = scenes_of(deployment)
    scenes.version = version

    with pytest.raises(StoryError, match="should be encrypted"):
        story_of_feeds.check_all(scenes, screen)


@pytest.mark.parametrize(
    ("touched", "redefined"),
    [
        (["sellerbus-local-na-tasks/SubmitFeed"], []),
        (
            ["sellerbus-local-na-tasks/SubmitFeed", "sellerbus-local-na-notifications/Bus"],
            ["NaTasks/SubmitFeed"],
        ),
        (["sellerbus-local-na-tasks/SubmitFeed"], ["NaTasks/SubmitFeed", "NaOperations/RunCanary"]),
    ],
    ids=["nothing", "another stack", "a resource of another stack"],
)
def test_a_new_version_that_changes_others_than_the_tasks_falls_short(
    deployment: FakeDeployment, screen: Screen, touched: list[str], redefined: list[str]
) -> None:
    deployment.touched, deployment.redefined = touched, redefined

    with pytest.raises(StoryError, match="only resources of the Tasks stacks"):
        story_of_feeds.switch_version(deployment.for_story(), screen, deployment.folder)


def test_a_new_version_changes_the_tasks_and_what_tells_of_it(
    deployment: FakeDeployment, screen: Screen
) -> None:
    deployment.touched = ["sellerbus-local-na-tasks/SubmitFeed", "sellerbus-local-na-operations/RunCanary"]
    deployment.redefined = ["NaTasks/SubmitFeed", "NaOperations/MissedFindMissedEvents903A6D50"]

    story_of_feeds.switch_version(deployment.for_story(), screen, deployment.folder)
