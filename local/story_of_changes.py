"""The part of the story in which listing changes are handed over one by one, and go to Amazon as one feed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.cast import SELLERS
from local.deployment import Deployment
from local.feed_documents import LISTINGS, bad_numbers, price_change, skus
from local.feed_tasks import FeedTasks
from local.outcome import Outcome, StoryError
from local.queues import drain
from local.screen import Step

CHANGES, BAD = 500, 12
RESULT_SECONDS = 90.0
SELLER = SELLERS[1].seller_id
MARKETPLACE = SELLERS[1].marketplace_ids[0]
_TOLD = {"ListingChangeSucceeded": True, "ListingChangeFailed": False}


@dataclass(frozen=True)
class Changes:
    """What was handed over: by changeId, whether Amazon will take the change."""

    wanted: Mapping[str, bool]


def hand_over_changes(deployment: Deployment, version: str) -> Changes:
    """One half of the changes by the bus, the other by the queue."""
    bad = bad_numbers(CHANGES, BAD)
    changes = [
        {
            "changeId": f"demo-{version}-{sku}",
            "sellerId": SELLER,
            "marketplaceId": MARKETPLACE,
            **price_change(sku, bad=number in bad),
        }
        for number, sku in enumerate(skus(CHANGES, "MUG"), start=1)
    ]
    tasks = FeedTasks.of(deployment)
    tasks.request("ListingChangeRequested", changes[::2])
    tasks.send_changes(changes[1::2])
    return Changes(
        {str(change["changeId"]): number not in bad for number, change in enumerate(changes, start=1)}
    )


def check_changes(
    deployment: Deployment, version: str, outcome: Outcome, changes: Changes | None, step: Step
) -> None:
    """Each change has one result, that of its own message, and Amazon has one feed with all of them."""
    wanted = changes.wanted if changes else {}
    results = _await_results(deployment, outcome, wanted, step)
    counts = outcome.feeds[version]
    counts.listing_changes = len(wanted)
    counts.listing_changes_succeeded = sum(results.values())
    counts.listing_changes_failed = len(results) - counts.listing_changes_succeeded
    wrong = sorted(change_id for change_id in wanted if results.get(change_id) != wanted[change_id])
    if wrong:
        raise StoryError(f"listing changes with another result than their own: {wrong[:5]}", "Changes")
    feeds = [feed for feed in deployment.simulator.feeds(SELLER, LISTINGS) if feed["apiVersion"] == version]
    counts.listing_change_feeds = len(feeds)
    if len(feeds) != 1:
        raise StoryError(
            f"{CHANGES} listing changes should be one feed, they are {len(feeds)}", "GatherListing"
        )
    step.result = (
        f"1 feed, {counts.listing_changes_succeeded} succeeded, {counts.listing_changes_failed} failed"
    )


def _await_results(
    deployment: Deployment, outcome: Outcome, wanted: Mapping[str, bool], step: Step
) -> dict[str, bool]:
    """The results by changeId; raises StoryError where some don't come, or one is told in two ways."""
    sqs, queue_url = deployment.client("sqs"), deployment.outputs["ExampleConsumerQueueUrl"]
    deadline = time.monotonic() + RESULT_SECONDS
    while True:
        told = {
            (str(event.detail["changeId"]), str(event.detail["eventId"])): _TOLD[event.kind]
            for event in outcome.received.operational
            if event.kind in _TOLD and _change_id(event.detail) in wanted
        }
        results = {change_id: succeeded for (change_id, _), succeeded in told.items()}
        if len(told) != len(results):
            raise StoryError("listing changes were told of in events of several ids", "ReportListing")
        if len(results) == len(wanted):
            return results
        step.progress(f"{len(results)} of {len(wanted)}")
        if not drain(sqs, queue_url, outcome.received) and time.monotonic() > deadline:
            raise StoryError(
                f"{len(wanted)} listing changes should have a result within {RESULT_SECONDS:g} seconds, "
                f"{len(results)} have",
                "Listing",
            )


def _change_id(detail: dict[str, Any]) -> str:
    return str(detail.get("changeId"))
