"""The simulator's Feeds API, in both versions, against Amazon's models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.operations import OPERATIONS
from tests.unit.simulator import feeds_model
from tests.unit.simulator.amazon import Amazon, amazon
from tests.unit.simulator.feed_scene import (
    CANADA,
    GERMANY,
    LISTINGS,
    ORDERS,
    ROWS,
    US,
    FeedScene,
    listing,
    listings,
    set_feed_scene,
)
from tests.unit.simulator.feeds_model import VERSIONS, check
from tests.unit.simulator.model import RATE_HEADER

# Of Feeds 2020-09-04 only its last whole model states usage plans, and that is not among the models.
STATED_PLANS = {
    name: held for (version, name), held in feeds_model.OPERATIONS.items() if version == VERSIONS[0]
}


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture(params=VERSIONS)
def scene(simulated: Amazon, request: pytest.FixtureRequest) -> FeedScene:
    return set_feed_scene(simulated, request.param)


def test_the_operations_are_those_of_the_models() -> None:
    ours = {
        (held.api.removeprefix("feeds/"), held.name): (held.method, held.path, held.success)
        for held in OPERATIONS.values()
        if held.api.startswith("feeds/")
    }
    assert len(ours) == 12
    assert ours == {
        key: (method, path, int(next(code for code in said["responses"] if code[0] == "2")))
        for key, (method, path, said) in feeds_model.OPERATIONS.items()
    }


@pytest.mark.parametrize("name", sorted(STATED_PLANS))
def test_usage_plans_are_those_that_the_descriptions_state(name: str) -> None:
    plan = re.search(r"\| ---- \| ---- \|\n\| ([\d.]+) \| (\d+) \|", STATED_PLANS[name][2]["description"])
    assert plan, "the description has no usage plan"
    ours = OPERATIONS[f"feeds/2021-06-30/{name}"].rate
    assert (ours.per_second, ours.burst) == (float(plan[1]), int(plan[2]))


def test_a_feed_from_its_document_to_its_report(scene: FeedScene) -> None:
    made = scene.send("POST", "documents", body={"contentType": "text/plain; charset=UTF-8"})
    check(scene.version, "createFeedDocument", made)
    created = scene.create(scene.uploaded(), ORDERS, US, CANADA, feedOptions={"a": "b"})
    check(scene.version, "createFeed", created)
    assert created.headers[RATE_HEADER] == "1.0"
    feed_id = scene.payload(created)["feedId"]

    ended = scene.ended(feed_id)

    check(scene.version, "getFeed", scene.send("GET", f"feeds/{feed_id}"))
    assert (ended["processingStatus"], ended["feedType"]) == ("DONE", ORDERS)
    assert ended["marketplaceIds"] == [US, CANADA]
    assert ended["createdTime"] == ended["processingStartTime"] == "2023-11-14T22:13:20+00:00"
    told = scene.send("GET", f"documents/{ended['resultFeedDocumentId']}")
    check(scene.version, "getFeedDocument", told)
    assert "Number of records successful\t\t1" in scene.report_text(ended)


def test_what_a_feed_shows_on_its_way(scene: FeedScene) -> None:
    scene.fate(stuckAt="IN_QUEUE")
    queued = scene.submitted()
    scene.until(lambda: bool(held(scene, queued)["stuck"]))
    assert not {"processingStartTime", "processingEndTime", "resultFeedDocumentId"} & set(scene.feed(queued))
    scene.fate(stuckAt="IN_PROGRESS")
    started = scene.submitted()
    scene.until(lambda: bool(held(scene, started)["stuck"]))
    feed = scene.feed(started)
    assert feed["processingStatus"] == "IN_PROGRESS"
    assert "processingStartTime" in feed
    assert not {"processingEndTime", "resultFeedDocumentId"} & set(feed)
    check(scene.version, "getFeed", scene.send("GET", f"feeds/{started}"))


def held(scene: FeedScene, feed_id: str) -> Any:
    [found] = [feed for feed in scene.amazon.control("GET", "feeds") if feed["feedId"] == feed_id]
    return found


def test_a_feed_in_the_queue_can_be_cancelled_and_no_other(scene: FeedScene) -> None:
    scene.fate(stuckAt="IN_QUEUE")
    feed_id = scene.submitted()
    check(scene.version, "cancelFeed", scene.send("DELETE", f"feeds/{feed_id}"))
    ended = scene.feed(feed_id)
    assert ended["processingStatus"] == "CANCELLED"
    assert "resultFeedDocumentId" not in ended
    again = scene.send("DELETE", f"feeds/{feed_id}")
    assert again.status_code == 400
    check(scene.version, "cancelFeed", again)
    assert "CANCELLED" in again.json()["errors"][0]["details"]


@pytest.mark.parametrize(
    ("operation", "method", "path"),
    [
        ("getFeed", "GET", "feeds/1"),
        ("cancelFeed", "DELETE", "feeds/1"),
        ("getFeedDocument", "GET", "documents/nowhere"),
    ],
)
def test_what_does_not_exist(scene: FeedScene, operation: str, method: str, path: str) -> None:
    answer = scene.send(method, path)
    assert answer.status_code == 404
    check(scene.version, operation, answer)


def test_feeds_and_documents_are_their_sellers_own(scene: FeedScene) -> None:
    mine = scene.ended(scene.submitted())
    document_id = scene.uploaded()
    other = FeedScene(scene.amazon, scene.version, scene.amazon.seller_token("SELLER2"), "SELLER2")
    assert other.send("GET", f"feeds/{mine['feedId']}").status_code == 404
    assert other.send("GET", f"documents/{mine['resultFeedDocumentId']}").status_code == 404
    assert other.create(document_id).status_code == 400
    assert other.payload(other.create(other.uploaded()))["feedId"] == mine["feedId"], "ids are per seller"


def test_a_version_knows_its_own_only(scene: FeedScene) -> None:
    feed_id = scene.submitted()
    [another] = set(VERSIONS) - {scene.version}
    elsewhere = FeedScene(scene.amazon, another, scene.token)
    assert elsewhere.send("GET", f"feeds/{feed_id}").status_code == 404


def test_regions_are_apart(simulated: Amazon) -> None:
    scene = set_feed_scene(simulated, "2021-06-30", "eu")
    feed = scene.ended(scene.submitted(ROWS, ORDERS, GERMANY))
    assert feed["processingStatus"] == "DONE"
    at_home = simulated.call("GET", f"/feeds/2021-06-30/feeds/{feed['feedId']}", scene.token)
    assert at_home.status_code == 403
    assert scene.create(scene.uploaded(), ORDERS, US).status_code == 400


def _feed(**changed: Any) -> dict[str, Any]:
    body = {"feedType": ORDERS, "marketplaceIds": [US], "inputFeedDocumentId": "ready", **changed}
    return {"body": {name: value for name, value in body.items() if value is not None}}


# (name, operation, method and path, request, words of the details)
REFUSED: list[tuple[str, str, str, dict[str, Any], str]] = [
    ("no type", "createFeedDocument", "POST documents", {"body": {}}, "contentType is required"),
    (
        "no media type",
        "createFeedDocument",
        "POST documents",
        {"body": {"contentType": "text"}},
        "media type",
    ),
    ("no feedType", "createFeed", "POST feeds", _feed(feedType=None), "feedType is required"),
    ("unknown feedType", "createFeed", "POST feeds", _feed(feedType="POST_X"), "Invalid feedType POST_X"),
    ("no marketplaces", "createFeed", "POST feeds", _feed(marketplaceIds=None), "marketplaceIds is required"),
    ("empty marketplaces", "createFeed", "POST feeds", _feed(marketplaceIds=[]), "from 1 to 25"),
    ("26 marketplaces", "createFeed", "POST feeds", _feed(marketplaceIds=[US] * 26), "from 1 to 25"),
    ("foreign marketplace", "createFeed", "POST feeds", _feed(marketplaceIds=[US, GERMANY]), GERMANY),
    ("no document", "createFeed", "POST feeds", _feed(inputFeedDocumentId=None), "inputFeedDocumentId"),
    ("unknown document", "createFeed", "POST feeds", _feed(inputFeedDocumentId="x"), "does not exist"),
    ("numbers as options", "createFeed", "POST feeds", _feed(feedOptions={"a": 1}), "feedOptions"),
    ("no object", "createFeed", "POST feeds", {"body": [1]}, "object"),
    ("no filter", "getFeeds", "GET feeds", {}, "Either feedTypes or nextToken"),
    ("unknown type", "getFeeds", "GET feeds", {"query": {"feedTypes": "POST_X"}}, "POST_X"),
    ("11 types", "getFeeds", "GET feeds", {"query": {"feedTypes": ",".join([ORDERS] * 11)}}, "from 1 to 10"),
    ("a gap", "getFeeds", "GET feeds", {"query": {"feedTypes": f"{ORDERS},"}}, "feedTypes"),
    ("token and more", "getFeeds", "GET feeds", {"query": {"nextToken": "a", "pageSize": "1"}}, "only"),
    ("made-up token", "getFeeds", "GET feeds", {"query": {"nextToken": "bm8="}}, "nextToken"),
    (
        "odd status",
        "getFeeds",
        "GET feeds",
        {"query": {"feedTypes": ORDERS, "processingStatuses": "READY"}},
        "CANCELLED, DONE",
    ),
    ("page of 0", "getFeeds", "GET feeds", {"query": {"feedTypes": ORDERS, "pageSize": "0"}}, "pageSize"),
    ("page of 101", "getFeeds", "GET feeds", {"query": {"feedTypes": ORDERS, "pageSize": "101"}}, "pageSize"),
    (
        "no time",
        "getFeeds",
        "GET feeds",
        {"query": {"feedTypes": ORDERS, "createdSince": "yesterday"}},
        "createdSince",
    ),
]


@pytest.mark.parametrize(
    ("operation", "request_line", "request_", "words"),
    [pytest.param(*row[1:], id=f"{row[1]}: {row[0]}") for row in REFUSED],
)
def test_invalid_input(
    scene: FeedScene, operation: str, request_line: str, request_: dict[str, Any], words: str
) -> None:
    method, path = request_line.split(" ")
    answer = scene.send(method, path, **request_)
    assert answer.status_code == 400, answer.text
    check(scene.version, operation, answer)
    assert answer.json()["errors"][0]["code"] == "InvalidInput"
    assert words in answer.json()["errors"][0]["details"]


def test_a_document_must_be_uploaded_before_its_feed(scene: FeedScene) -> None:
    answer = scene.create(scene.document()["feedDocumentId"])
    assert answer.status_code == 400
    assert "has not been uploaded" in answer.json()["errors"][0]["details"]


@pytest.mark.parametrize("operation", sorted({name for _, name in feeds_model.OPERATIONS}))
def test_without_a_right_or_a_turn(scene: FeedScene, operation: str) -> None:
    method, path, _ = feeds_model.OPERATIONS[scene.version, operation]
    path = path.removeprefix(f"/feeds/{scene.version}/").format(feedId="1", feedDocumentId="1")
    body: dict[str, Any] = {"body": {}} if method == "POST" else {}
    denied = scene.send(method, path, token=scene.amazon.grantless_token(), **body)
    assert denied.status_code == 403
    check(scene.version, operation, denied)
    key = f"feeds/{scene.version}/{operation}"
    scene.amazon.control("POST", "rates", {"operation": key, "ratePerSecond": 0.001, "burst": 1})
    answers = [scene.send(method, path, **body) for _ in range(2)]
    assert answers[1].status_code == 429
    check(scene.version, operation, answers[1])


def test_listings_feeds_have_a_plan_of_their_own(scene: FeedScene) -> None:
    plan = {"operation": "feeds/JSON_LISTINGS_FEED", "ratePerSecond": 5 / 300, "burst": 5}
    scene.amazon.control("POST", "rates", plan)
    document_id = scene.uploaded(listings(listing(1)))
    statuses = [scene.create(document_id, LISTINGS).status_code for _ in range(6)]
    assert statuses == [202] * 5 + [429]
    assert scene.create(scene.uploaded()).status_code == 202
    scene.amazon.clock.now += 61
    assert scene.create(document_id, LISTINGS).status_code == 202
