"""Listing changes on the deployed stacks: many become one feed, each has its result, a crash loses none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from local.cast import SELLERS
from local.feed_documents import LISTINGS, bad_numbers, price_change, skus
from tests.integration.feed_crashes import proxied
from tests.integration.function_proxy import Crash, FunctionProxy
from tests.integration.system import System

pytestmark = pytest.mark.usefixtures("crashed")

SELLER = SELLERS[1].seller_id
US = "ATVPDKIKX0DER"
COUNT, BAD = 60, 5
RESULTS = {"ListingChangeSucceeded": True, "ListingChangeFailed": False}


def changes(
    prefix: str, count: int, bad: int, marketplace_id: str, seller_id: str = SELLER
) -> Iterator[tuple[dict[str, Any], bool]]:
    """(change, whether Amazon will take it)."""
    numbers = bad_numbers(count, bad)
    for number, sku in enumerate(skus(count, prefix), start=1):
        change = price_change(sku, bad=number in numbers)
        yield (
            {"changeId": f"change-{sku}", "sellerId": seller_id, "marketplaceId": marketplace_id, **change},
            number not in numbers,
        )


def results(system: System, wanted: dict[str, bool]) -> dict[str, bool]:
    """The result of each change; fails where one was told in several events."""
    told: dict[str, dict[str, bool]] = {}
    for kind, succeeded in RESULTS.items():
        for event in system.operational(kind):
            if event.detail["changeId"] in wanted:
                told.setdefault(event.detail["changeId"], {})[event.detail["eventId"]] = succeeded
    assert [events for events in told.values() if len(events) > 1] == []
    return {change_id: next(iter(events.values())) for change_id, events in told.items()}


def test_changes_of_both_ways_are_one_feed_and_each_has_its_own_result(system: System) -> None:
    pairs = list(changes("CHANGE", COUNT, BAD, US))
    wanted = {str(change["changeId"]): succeeds for change, succeeds in pairs}

    system.feeds.send_changes([change for change, _ in pairs[::2]])
    system.feeds.request("ListingChangeRequested", [change for change, _ in pairs[1::2]])

    found: dict[str, bool] = {}

    def all_told() -> bool:
        found.update(results(system, wanted))
        return len(found) == COUNT

    system.wait_for(all_told, "every change's result", found=found, within_seconds=120)
    assert found == wanted
    feeds = system.deployment.simulator.feeds(SELLER, LISTINGS)
    assert len([feed for feed in feeds if feed["marketplaceIds"] == [US]]) == 1


def test_a_change_that_is_wrong_is_answered_and_holds_up_no_other(system: System) -> None:
    ((good, _),) = changes("BESIDE", 1, 0, US)
    wrong = {**good, "changeId": "change-wrong", "sku": "WRONG", "operationType": "REPLACE"}

    system.feeds.send_changes([wrong, good])

    failed = system.await_operational("ListingChangeFailed", changeId="change-wrong")
    assert "operationType" in failed.detail["reason"]
    system.await_operational("ListingChangeSucceeded", changeId=good["changeId"])


GROUP = re.compile(r"listing-changes/([A-Z0-9]+/[A-Z0-9]+)")
GROUPS = [
    (seller.seller_id, marketplace_id)
    for seller in SELLERS
    for marketplace_id in ("A2EUQ1WTGCTBG2", "A1AM78C64UM0Y8", "A2Q3Y263D00KWC")
]
REDELIVERY_SECONDS = 5


@pytest.fixture
def gathering(system: System) -> Iterator[FunctionProxy]:
    """The gathering function makes its calls through a proxy, one message an invocation."""
    functions, sqs = system.client("lambda"), system.client("sqs")
    (name,) = system.function_names("GatherListingChange")
    (mapping,) = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    queue = system.outputs["ListingChangeQueueUrl"]
    visibility = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    with proxied(system, "GatherListingChange", GROUP) as proxy:
        try:
            functions.update_event_source_mapping(UUID=mapping["UUID"], BatchSize=1)
            # What a killed function held comes back soon.
            sqs.set_queue_attributes(
                QueueUrl=queue, Attributes={"VisibilityTimeout": str(REDELIVERY_SECONDS)}
            )
            yield proxy
        finally:
            functions.update_event_source_mapping(UUID=mapping["UUID"], BatchSize=mapping["BatchSize"])
            sqs.set_queue_attributes(QueueUrl=queue, Attributes=visibility)


def test_a_crash_while_changes_are_gathered_loses_none_and_makes_no_second_feed(
    system: System, gathering: FunctionProxy
) -> None:
    (undisturbed, *disturbed) = GROUPS
    told = gather(system, [undisturbed])
    calls = len(gathering.calls["/".join(undisturbed)])
    assert calls >= 2, "a change is written, and later its feed"
    for place, group in enumerate(disturbed):
        gathering.plan["/".join(group)] = Crash(place * (calls - 1) // (len(disturbed) - 1), "before")
    planned = dict(gathering.plan)

    told |= gather(system, disturbed)

    assert gathering.kills == planned, "not every crash happened"
    assert told == dict.fromkeys(GROUPS, True)
    for seller_id, marketplace_id in GROUPS:
        feeds = system.deployment.simulator.feeds(seller_id, LISTINGS)
        assert len([feed for feed in feeds if feed["marketplaceIds"] == [marketplace_id]]) == 1


def gather(system: System, groups: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bool]:
    """Hands one change over for each group of seller and marketplace; their results."""
    handed_over = {
        f"change-GATHER-{'-'.join(group)}-00001": (group, change)
        for group in groups
        for change, _ in changes(f"GATHER-{'-'.join(group)}", 1, 0, group[1], group[0])
    }
    for change_id, (_, change) in handed_over.items():
        change.update(changeId=change_id, sku="CUP")
    system.feeds.send_changes([change for _, change in handed_over.values()])
    wanted = dict.fromkeys(handed_over, True)
    system.wait_for(
        lambda: len(results(system, wanted)) == len(wanted),
        "the results of gathered changes",
        within_seconds=90,
    )
    return {handed_over[change_id][0]: result for change_id, result in results(system, wanted).items()}
