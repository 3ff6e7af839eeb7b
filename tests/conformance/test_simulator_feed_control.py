"""What becomes of feeds by will of the control API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.unit.simulator.amazon import QUEUE_ARN, Amazon, amazon
from tests.unit.simulator.feed_scene import LISTINGS, ORDERS, FeedScene, listing, listings, set_feed_scene

CREATE = "feeds/2021-06-30/createFeed"


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def scene(simulated: Amazon) -> FeedScene:
    return set_feed_scene(simulated, "2021-06-30")


def held(scene: FeedScene, feed_id: str) -> Any:
    [found] = [feed for feed in scene.amazon.control("GET", "feeds") if feed["feedId"] == feed_id]
    return found


@pytest.mark.parametrize(
    ("fate", "status", "document"),
    [
        ({"status": "FATAL"}, "FATAL", False),
        ({"status": "FATAL", "document": True}, "FATAL", True),
        ({"status": "DONE"}, "DONE", True),
        ({"document": False}, "DONE", False),
        ({"status": "CANCELLED"}, "CANCELLED", False),
        ({"status": "FATAL", "report": "why"}, "FATAL", True),
    ],
)
def test_how_a_feed_ends(scene: FeedScene, fate: dict[str, Any], status: str, document: bool) -> None:
    scene.fate(**fate)
    feed = scene.ended(scene.submitted())
    assert feed["processingStatus"] == status
    assert ("resultFeedDocumentId" in feed) is document
    assert ("processingStartTime" in feed) is (status != "CANCELLED")
    assert scene.ended(scene.submitted())["processingStatus"] == "DONE", "the fate was for one"


def test_fates_befall_what_they_fit(scene: FeedScene) -> None:
    scene.fate(status="FATAL", feedType=LISTINGS, count=2)
    scene.fate(status="CANCELLED", sellerId="ANOTHER")
    feed_types = [ORDERS, LISTINGS, LISTINGS, LISTINGS]
    content = {ORDERS: "order-id\tquantity\n1\t1\n", LISTINGS: listings(listing(1))}
    ends = [scene.ended(scene.submitted(content[name], name))["processingStatus"] for name in feed_types]
    assert ends == ["DONE", "FATAL", "FATAL", "DONE"]
    scene.fate(status="FATAL", lasting=True)
    assert {scene.ended(scene.submitted())["processingStatus"] for _ in range(3)} == {"FATAL"}
    assert scene.amazon.control("GET", "state")["feedFates"] == 2
    assert scene.amazon.control("GET", "feeds/fates") == [
        {"sellerId": "ANOTHER", "status": "CANCELLED", "count": 1, "lasting": False},
        {"status": "FATAL", "count": None, "lasting": True},
    ]
    assert scene.amazon.control("DELETE", "feeds/fates") == {"cleared": 2}
    assert scene.amazon.control("GET", "feeds/fates") == []
    assert scene.ended(scene.submitted())["processingStatus"] == "DONE"


def test_a_report_can_be_given(scene: FeedScene) -> None:
    scene.fate(report="漢", reportContentType="text/plain; charset=windows-31j", gzip=True)
    feed = scene.ended(scene.submitted())
    assert scene.report_document(feed)["compressionAlgorithm"] == "GZIP"
    assert scene.report_text(feed, "cp932") == "漢"


def test_a_stuck_feed_stays_until_it_is_released(scene: FeedScene) -> None:
    scene.fate(stuckAt="IN_PROGRESS")
    feed_id = scene.submitted()
    scene.until(lambda: bool(held(scene, feed_id)["stuck"]))
    scene.amazon.control("POST", f"feeds/{feed_id}/release", {})
    assert scene.ended(feed_id)["processingStatus"] == "DONE"
    again = refused(scene, f"feeds/{feed_id}/release", {})
    assert again == (409, f"feed {feed_id} is not stuck, it is DONE")


def test_a_stuck_feed_can_be_ended(scene: FeedScene) -> None:
    scene.subscribe()
    scene.fate(stuckAt="IN_QUEUE", count=2)
    done, fatal = scene.submitted(), scene.submitted()
    scene.amazon.control("POST", f"feeds/{done}/end", {"status": "DONE"})
    scene.amazon.control("POST", f"feeds/{fatal}/end", {"status": "FATAL"})
    assert "resultFeedDocumentId" in scene.feed(done)
    assert "resultFeedDocumentId" not in scene.feed(fatal)
    assert statuses_told(scene) == ["DONE", "FATAL"]
    assert refused(scene, f"feeds/{done}/end", {"status": "FATAL"})[0] == 409


def statuses_told(scene: FeedScene) -> list[str]:
    payloads = [told["payload"]["feedProcessingFinishedNotification"] for told in scene.notifications()]
    return [payload["processingStatus"] for payload in payloads]


def refused(scene: FeedScene, path: str, body: object) -> tuple[int, str]:
    answer = scene.amazon.session.post(f"{scene.amazon.url}/_simulator/{path}", json=body, timeout=20)
    return answer.status_code, answer.json()["error"]


@pytest.mark.parametrize("copies", [0, 2])
def test_the_notification_comes_as_often_as_it_shall(scene: FeedScene, copies: int) -> None:
    scene.subscribe()
    scene.fate(notifications=copies)
    feed_id = scene.submitted()
    scene.ended(feed_id)
    scene.until(lambda: held(scene, feed_id)["notifications"] == copies)
    assert len({told["notificationMetadata"]["notificationId"] for told in scene.notifications()}) == min(
        copies, 1
    )
    scene.amazon.control("POST", f"feeds/{feed_id}/notify", {})
    assert len(scene.notifications()) == copies + 1


def test_the_notification_can_come_before_the_answer_of_create_feed(scene: FeedScene) -> None:
    scene.subscribe()
    scene.amazon.control("POST", "feeds/delays", {"queueSeconds": 60, "processingSeconds": 60})
    scene.fate(early=True)
    scene.amazon.control("POST", "faults", {"operation": CREATE, "cut": "after"})
    with pytest.raises(requests.ConnectionError):
        scene.create(scene.uploaded())
    assert statuses_told(scene) == ["DONE"]


def test_a_queue_that_refuses_is_told_of(scene: FeedScene) -> None:
    scene.subscribe()
    scene.amazon.queues.unreachable.add(QUEUE_ARN)
    feed_id = scene.submitted()
    scene.until(lambda: bool(held(scene, feed_id)["notificationErrors"]))
    assert "cannot be reached" in held(scene, feed_id)["notificationErrors"][0]


def test_create_feed_whose_answer_is_lost_has_made_one(scene: FeedScene) -> None:
    first, second = scene.uploaded(), scene.uploaded()
    scene.amazon.control("POST", "faults", {"operation": CREATE, "cut": "after"})
    scene.amazon.control("POST", "faults", {"operation": CREATE, "status": 429})
    with pytest.raises(requests.ConnectionError):
        scene.create(first)
    [feed] = scene.amazon.control("GET", "state")["feeds"]
    assert feed["submissions"] == 1
    assert scene.create(second).status_code == 429
    assert scene.create(second).status_code == 202
    assert [feed["submissions"] for feed in scene.amazon.control("GET", "feeds")] == [2, 2]
    scene.submitted("order-id\tquantity\n2\t1\n")
    assert [feed["submissions"] for feed in scene.amazon.control("GET", "feeds")] == [2, 2, 1]


def test_the_answer_of_one_feed_can_be_lost(scene: FeedScene) -> None:
    scene.fate(answerLost=True, feedType=LISTINGS)
    scene.submitted()
    document_id = scene.uploaded(listings(listing(1)))
    with pytest.raises(requests.ConnectionError):
        scene.create(document_id, LISTINGS)
    [lost] = scene.amazon.control("GET", f"feeds?feedType={LISTINGS}")
    assert scene.ended(lost["feedId"])["processingStatus"] == "DONE"
    made = scene.amazon.control("GET", f"requests?operation={CREATE}&sellerId=SELLER1")
    assert [(entry["status"], entry["cut"]) for entry in made] == [(202, None), (None, "after")]


def test_a_fault_can_befall_one_seller(scene: FeedScene) -> None:
    scene.amazon.control("POST", "faults", {"operation": CREATE, "status": 429, "sellerId": "SELLER2"})
    other = FeedScene(scene.amazon, scene.version, scene.amazon.seller_token("SELLER2"), "SELLER2")
    assert scene.create(scene.uploaded()).status_code == 202
    assert other.create(other.uploaded()).status_code == 429
    assert other.create(other.uploaded()).status_code == 202


@pytest.mark.parametrize(("version", "encrypted"), [("2021-06-30", 0), ("2020-09-04", 2)])
def test_it_is_told_how_many_documents_of_a_feed_are_encrypted(
    simulated: Amazon, version: str, encrypted: int
) -> None:
    scene = set_feed_scene(simulated, version)
    feed_id = scene.submitted()
    scene.ended(feed_id)
    assert held(scene, feed_id)["encryptedDocuments"] == encrypted


def test_submissions_are_counted_by_what_was_written_and_not_by_ciphertext(simulated: Amazon) -> None:
    scene = set_feed_scene(simulated, "2020-09-04")
    scene.submitted()
    scene.submitted()
    assert [feed["submissions"] for feed in simulated.control("GET", "feeds")] == [2, 2]


def test_a_feed_can_be_listed_late(scene: FeedScene) -> None:
    scene.fate(listedAfterSeconds=30)
    feed_id = scene.submitted()
    query = {"feedTypes": ORDERS}
    assert scene.send("GET", "feeds", query=query).json()["feeds"] == []
    assert scene.send("GET", f"feeds/{feed_id}").status_code == 200
    scene.amazon.clock.now += 30
    assert len(scene.send("GET", "feeds", query=query).json()["feeds"]) == 1


def test_delays_are_per_type(scene: FeedScene) -> None:
    slow = {"feedType": LISTINGS, "queueSeconds": 60, "processingSeconds": 0}
    assert scene.amazon.control("POST", "feeds/delays", slow) == slow
    waiting = scene.submitted(listings(listing(1)), LISTINGS)
    scene.ended(scene.submitted())
    assert scene.feed(waiting)["processingStatus"] == "IN_QUEUE"


def test_a_reset_forgets_feeds_that_are_on_their_way(scene: FeedScene) -> None:
    scene.amazon.control("POST", "feeds/delays", {"queueSeconds": 0.2, "processingSeconds": 0})
    scene.submitted()
    scene.amazon.control("POST", "reset")
    state = scene.amazon.control("GET", "state")
    assert (state["feeds"], state["feedFates"]) == ([], 0)


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("feeds/fates", {"status": "IN_QUEUE"}, 400, "DONE, FATAL, CANCELLED"),
        ("feeds/fates", {"stuckAt": "DONE"}, 400, "IN_QUEUE, IN_PROGRESS"),
        ("feeds/fates", {"early": True, "stuckAt": "IN_QUEUE"}, 400, "early"),
        ("feeds/fates", {"report": "x", "document": False}, 400, "document: false"),
        ("feeds/fates", {"count": 0}, 400, "count"),
        ("feeds/fates", {"count": 1, "lasting": True}, 400, "lasting"),
        ("feeds/fates", {"notifications": -1}, 400, "notifications"),
        ("feeds/fates", {"feedType": "POST_X"}, 400, "feedType"),
        ("feeds/fates", {"outcome": "FATAL"}, 400, "unknown field outcome"),
        ("feeds/delays", {"queueSeconds": -1}, 400, "queueSeconds"),
        ("feeds/1/release", {}, 404, "no feed 1"),
        ("feeds/1/end", {}, 404, "no feed 1"),
        ("documents/url-lifetime", {"seconds": 0}, 400, "at least 1"),
    ],
)
def test_control_requests_that_are_refused(
    scene: FeedScene, path: str, body: object, status: int, words: str
) -> None:
    answered = refused(scene, path, body)
    assert answered[0] == status
    assert words in answered[1]


def test_requests_on_a_feed_that_make_no_sense(scene: FeedScene) -> None:
    scene.fate(stuckAt="IN_QUEUE")
    feed_id = scene.submitted()
    assert refused(scene, f"feeds/{feed_id}/notify", {})[0] == 409
    assert refused(scene, f"feeds/{feed_id}/age", {"days": 0})[0] == 400
    assert refused(scene, f"feeds/{feed_id}/end", {}) == (400, "status is required")
    other = FeedScene(scene.amazon, scene.version, scene.amazon.seller_token("SELLER2"), "SELLER2")
    assert other.submitted() == feed_id
    status, words = refused(scene, f"feeds/{feed_id}/end", {"status": "DONE"})
    assert status == 400
    assert "SELLER1 in na, SELLER2 in na" in words
    scene.amazon.control("POST", f"feeds/{feed_id}/end", {"status": "DONE", "sellerId": "SELLER1"})
    assert scene.feed(feed_id)["processingStatus"] == "DONE"
