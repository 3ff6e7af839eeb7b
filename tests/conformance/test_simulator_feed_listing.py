"""getFeeds: filters, pages, and what Amazon no longer keeps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.simulator.amazon import Amazon, amazon
from tests.unit.simulator.feed_scene import (
    CANADA,
    ORDERS,
    ROWS,
    US,
    FeedScene,
    set_feed_scene,
)
from tests.unit.simulator.feeds_model import VERSIONS, check


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture(params=VERSIONS)
def scene(simulated: Amazon, request: pytest.FixtureRequest) -> FeedScene:
    return set_feed_scene(simulated, request.param)


def test_feeds_are_gone_after_90_days_and_reports_after_28(scene: FeedScene) -> None:
    feed = scene.ended(scene.submitted())
    report = f"documents/{feed['resultFeedDocumentId']}"
    path = f"feeds/{feed['feedId']}"
    scene.amazon.control("POST", f"{path}/age", {"days": 27.9})
    assert scene.send("GET", report).status_code == 200
    scene.amazon.control("POST", f"{path}/age", {"days": 0.2})
    assert scene.send("GET", report).status_code == 404
    assert scene.send("GET", path).status_code == 200
    scene.amazon.control("POST", f"{path}/age", {"days": 62})
    assert scene.send("GET", path).status_code == 404
    assert listed(scene, feedTypes=ORDERS) == []


def listed(scene: FeedScene, **query: str) -> list[str]:
    answer = scene.send("GET", "feeds", query=query)
    body = check(scene.version, "getFeeds", answer)
    return [feed["feedId"] for feed in body["payload" if "payload" in body else "feeds"]]


def test_feeds_are_listed_by_every_filter(scene: FeedScene) -> None:
    scene.fate(stuckAt="IN_QUEUE", feedType="POST_ORDER_FULFILLMENT_DATA")
    orders = scene.submitted(ROWS, ORDERS, US)
    scene.amazon.clock.now += 60
    queued = scene.submitted(ROWS, "POST_ORDER_FULFILLMENT_DATA", CANADA)
    scene.ended(orders)
    both = f"{ORDERS},POST_ORDER_FULFILLMENT_DATA"

    assert listed(scene, feedTypes=both) == [queued, orders]
    assert listed(scene, feedTypes=ORDERS) == [orders]
    assert listed(scene, feedTypes=both, marketplaceIds=CANADA) == [queued]
    assert listed(scene, feedTypes=both, marketplaceIds=f"{US},{CANADA}") == [queued, orders]
    assert listed(scene, feedTypes=both, processingStatuses="DONE,FATAL") == [orders]
    assert listed(scene, feedTypes=both, createdSince="2023-11-14T22:13:21Z") == [queued]
    assert listed(scene, feedTypes=both, createdSince="2023-11-14T22:14:20Z") == [queued]
    assert listed(scene, feedTypes=both, createdUntil="2023-11-14T22:14:19+00:00") == [orders]
    assert listed(scene, feedTypes=both, createdUntil="2023-11-14T23:14:19+01:00") == [orders]


def test_pages_are_read_to_the_end(scene: FeedScene) -> None:
    document_id = scene.uploaded()
    made = [scene.payload(scene.create(document_id))["feedId"] for _ in range(7)]
    query = {"feedTypes": ORDERS, "pageSize": "3"}
    pages: list[list[str]] = []
    while query:
        body = check(scene.version, "getFeeds", scene.send("GET", "feeds", query=query))
        pages.append([feed["feedId"] for feed in body.get("feeds") or body.get("payload")])
        query = {"nextToken": body["nextToken"]} if "nextToken" in body else {}
        if len(pages) == 1:
            scene.create(document_id)
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [feed_id for page in pages for feed_id in page] == made[::-1], "the one made meanwhile is no part"


def test_a_page_is_of_ten_where_nothing_is_said(scene: FeedScene) -> None:
    document_id = scene.uploaded()
    for _ in range(11):
        scene.create(document_id)
    assert len(listed(scene, feedTypes=ORDERS)) == 10


def test_anothers_token_lists_nothing(scene: FeedScene) -> None:
    document_id = scene.uploaded()
    for _ in range(2):
        scene.create(document_id)
    token = scene.send("GET", "feeds", query={"feedTypes": ORDERS, "pageSize": "1"}).json()["nextToken"]
    other = scene.amazon.seller_token("SELLER2")
    assert scene.send("GET", "feeds", token=other, query={"nextToken": token}).status_code == 400
