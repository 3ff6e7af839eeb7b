"""FEED_PROCESSING_FINISHED, as the simulator publishes it, by Amazon's schema."""

from __future__ import annotations

from collections.abc import Iterator

import jsonschema
import pytest

from tests.unit.simulator.amazon import QUEUE_ARN, Amazon, amazon
from tests.unit.simulator.feed_scene import (
    ORDERS,
    FeedScene,
    set_feed_scene,
)
from tests.unit.simulator.feeds_model import NOTIFICATION_SCHEMA, VERSIONS


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture(params=VERSIONS)
def scene(simulated: Amazon, request: pytest.FixtureRequest) -> FeedScene:
    return set_feed_scene(simulated, request.param)


@pytest.fixture
def plain(simulated: Amazon) -> FeedScene:
    return set_feed_scene(simulated, "2021-06-30")


@pytest.mark.parametrize("payload_version", ["1.0", "2020-09-04"])
def test_the_end_of_a_feed_is_published(scene: FeedScene, payload_version: str) -> None:
    scene.subscribe(payload_version)
    feed = scene.ended(scene.submitted())
    scene.until(lambda: len(scene.notifications()) == 1)
    [notification] = scene.notifications()
    jsonschema.Draft7Validator(NOTIFICATION_SCHEMA).validate(notification)
    assert notification["payloadVersion"] == payload_version
    assert notification["payload"]["feedProcessingFinishedNotification"] == {
        "sellerId": "SELLER1",
        "accountId": "amzn1.merchant.o.SELLER1",
        "feedId": feed["feedId"],
        "feedType": ORDERS,
        "processingStatus": "DONE",
        "resultFeedDocumentId": feed["resultFeedDocumentId"],
    }
    assert scene.amazon.queues.sent[0][0] == QUEUE_ARN


def test_the_notification_of_a_feed_without_a_report_names_none(plain: FeedScene) -> None:
    plain.subscribe()
    plain.fate(stuckAt="IN_QUEUE")
    feed_id = plain.submitted()
    assert plain.send("DELETE", f"feeds/{feed_id}").content == b""
    plain.until(lambda: len(plain.notifications()) == 1)
    [notification] = plain.notifications()
    jsonschema.Draft7Validator(NOTIFICATION_SCHEMA).validate(notification)
    told = notification["payload"]["feedProcessingFinishedNotification"]
    assert (told["processingStatus"], "resultFeedDocumentId" in told) == ("CANCELLED", False)
