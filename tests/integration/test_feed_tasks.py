"""Feeds on the deployed stacks: each way of handing one over, each end that it can have, each once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.cast import SELLERS
from local.feed_documents import FLAT_FILE_TYPE, XML_TYPE, document
from local.feed_tasks import FeedTasks
from tests.integration.system import System

# Those with a createFeed open need a minute, in which these tests run.
pytestmark = pytest.mark.usefixtures("crashed")

FIRST, SECOND = (seller.seller_id for seller in SELLERS)
US = "ATVPDKIKX0DER"
SHIPMENTS = "POST_FLAT_FILE_FULFILLMENT_DATA"
ACKNOWLEDGEMENTS = "POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA"
ADJUSTMENTS = "POST_FLAT_FILE_PAYMENT_ADJUSTMENT_DATA"
ORDERS = "POST_ORDER_ACKNOWLEDGEMENT_DATA"


def rows_of(name: str) -> str:
    return f"order-id\tquantity\n{name}\t1\n"


@dataclass(frozen=True)
class Ending:
    """What shall become of a feed at Amazon, and of its task."""

    name: str
    feed_type: str
    outcome: str
    event: str
    fate: dict[str, Any] = field(default_factory=dict)


ENDINGS = (
    Ending("end-early", SHIPMENTS, "COMPLETED", "FeedCompleted", {"early": True, "notifications": 2}),
    Ending("end-twice", ACKNOWLEDGEMENTS, "COMPLETED", "FeedCompleted", {"notifications": 2}),
    Ending("end-untold", ADJUSTMENTS, "COMPLETED", "FeedCompleted", {"notifications": 0}),
    Ending(
        "end-no-report", "POST_PAYMENT_ADJUSTMENT_DATA", "COMPLETED", "FeedCompleted", {"document": False}
    ),
    Ending("end-fatal", "POST_ORDER_FULFILLMENT_DATA", "FATAL", "FeedFatal", {"status": "FATAL"}),
    Ending(
        "end-fatal-report",
        "POST_INVOICE_CONFIRMATION_DATA",
        "FATAL",
        "FeedFatal",
        {"status": "FATAL", "document": True},
    ),
    Ending(
        "end-cancelled", "POST_EXPECTED_SHIP_DATE_SOD", "CANCELLED", "FeedCancelled", {"status": "CANCELLED"}
    ),
)
XML = document("product.xml").replace(b"Product", b"Anything").decode()


def hand_over_endings(system: System) -> None:
    details = []
    for ending in ENDINGS:
        system.deployment.simulator.decide_fate(feedType=ending.feed_type, sellerId=FIRST, **ending.fate)
        flat = "FLAT_FILE" in ending.feed_type
        details.append(
            {
                "taskId": ending.name,
                "sellerId": FIRST,
                "feedType": ending.feed_type,
                "marketplaceIds": [US],
                "contentType": FLAT_FILE_TYPE if flat else XML_TYPE,
                "content": rows_of(ending.name) if flat else XML,
            }
        )
    system.feeds.request("FeedRequested", details)


def hand_over_in_each_way(feeds: FeedTasks) -> None:
    metadata = {"task-id": "way-metadata", "marketplace-ids": US, "feed-options": json.dumps({})}
    content = rows_of("way").encode()
    feeds.put(SECOND, SHIPMENTS, "metadata.txt", content, content_type=FLAT_FILE_TYPE, metadata=metadata)
    options = {"marketplaceIds": ["US"], "contentType": FLAT_FILE_TYPE}
    feeds.put_options(f"feeds/{SECOND}/{ACKNOWLEDGEMENTS}/first.txt", **options, taskId="way-side-file-first")
    feeds.put(SECOND, ACKNOWLEDGEMENTS, "first.txt", content)
    key = feeds.put(SECOND, ADJUSTMENTS, "later.txt", content)
    feeds.put_options(key, **options, taskId="way-side-file-later")
    key = feeds.put(SECOND, ORDERS, "pointed-at.xml", XML.encode(), content_type=XML_TYPE)
    pointer = {
        "taskId": "way-pointer",
        "sellerId": SECOND,
        "feedType": ORDERS,
        "marketplaceIds": [US],
        "document": {"bucket": feeds.outputs["InboxBucketName"], "key": key},
    }
    feeds.request("FeedRequested", [pointer])


WAYS = ("way-metadata", "way-side-file-first", "way-side-file-later", "way-pointer")


@pytest.fixture(scope="module", autouse=True)
def handed_over(system: System, crashed: object) -> None:
    """Everything of this module, at once: one waits while another is worked on."""
    hand_over_endings(system)
    hand_over_in_each_way(system.feeds)
    product = {"task-id": "removed", "marketplace-ids": US}
    system.feeds.put(
        SECOND, "POST_PRODUCT_DATA", "p.xml", document("product.xml"), content_type=XML_TYPE, metadata=product
    )


@pytest.mark.parametrize("task_id", WAYS)
def test_each_way_leads_to_one_task_that_is_submitted_once(system: System, task_id: str) -> None:
    row = system.await_tasks(task_id)[task_id]

    assert (row["outcome"], row["sellerId"], row["marketplaceIds"]) == ("COMPLETED", SECOND, [US])
    feeds = system.deployment.simulator.feeds(SECOND, row["feedType"])
    (feed,) = [feed for feed in feeds if feed["feedId"] == row["feedId"]]
    assert feed["contentSha256"] == row["contentSha256"]
    assert system.await_ends(task_id)[task_id] == ["FeedCompleted"]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.name)
def test_each_end_at_amazon_is_an_outcome_and_an_event(system: System, ending: Ending) -> None:
    row = system.await_tasks(ending.name)[ending.name]

    assert row["outcome"] == ending.outcome
    assert system.await_ends(ending.name)[ending.name] == [ending.event]
    has_report = ending.fate.get("document", ending.outcome == "COMPLETED")
    assert ("report" in row) is has_report
    if has_report:
        stored = system.client("s3").get_object(Bucket=row["report"]["bucket"], Key=row["report"]["key"])
        assert len(stored["Body"].read()) == row["report"]["bytes"] > 0


def test_a_refused_feed_is_kept_with_its_reason_and_never_reaches_amazon(system: System) -> None:
    row = system.await_tasks("removed")["removed"]

    assert row["outcome"] == "REFUSED"
    assert "2025-07-31" in row["reason"]
    assert row["findings"]["errors"] == 1
    assert system.await_ends("removed")["removed"] == ["FeedRefused"]
    assert system.deployment.simulator.feeds(SECOND, "POST_PRODUCT_DATA") == []
    source = row["source"]
    kept = system.client("s3").get_object(
        Bucket=source["bucket"], Key=source["key"], VersionId=source["versionId"]
    )
    assert kept["Body"].read() == document("product.xml")


def test_the_same_task_id_again_is_the_first_task_and_with_other_content_is_refused(system: System) -> None:
    first = system.await_tasks("way-metadata")["way-metadata"]
    # The file that an event pointed at: its own message still waits for a side file.
    before = system.queue_depth("FeedRequestQueueUrl")
    metadata = {"task-id": "way-metadata", "marketplace-ids": US, "feed-options": json.dumps({})}

    for name, content in (("again.txt", rows_of("way")), ("other.txt", rows_of("other"))):
        system.feeds.put(
            SECOND, SHIPMENTS, name, content.encode(), content_type=FLAT_FILE_TYPE, metadata=metadata
        )

    def refused() -> list[str]:
        return [
            str(event.detail["taskId"])
            for event in system.operational("FeedRefused", sellerId=SECOND, feedType=SHIPMENTS)
        ]

    system.wait_for(lambda: bool(refused()), "the other content to be refused")
    (task_id,) = set(refused())
    row = system.feeds.task(task_id)
    assert (row["outcome"], row["askedTaskId"]) == ("REFUSED", "way-metadata")
    assert row["source"]["key"].endswith("/other.txt")
    system.wait_for(lambda: system.queue_depth("FeedRequestQueueUrl") <= before, "both to be taken")
    assert system.feeds.task("way-metadata") == first
    made = system.deployment.simulator.feeds(SECOND, SHIPMENTS)
    assert [feed["feedId"] for feed in made if feed["contentSha256"] == first["contentSha256"]] == [
        first["feedId"]
    ]


def test_what_is_no_request_lies_in_the_dead_letter_queue_with_its_reason(system: System) -> None:
    system.feeds.request("FeedRequested", [{"feedType": SHIPMENTS, "content": "x"}])

    letters = system.take_dead_letters(1, queue="FeedRequestDeadLetterQueueUrl")

    assert [bool(letter.reason and letter.detail) for letter in letters] == [True]
    assert "sellerId" in letters[0].detail
