"""FeedRequested: a feed handed over by an event, with its content or a pointer, once."""

from __future__ import annotations

from typing import Any

import pytest

from sellerbus.aws.message_queue import Message
from tests.fakes import client_error
from tests.unit.feeds.inbox_world import INBOX, KEY, World
from tests.unit.feeds.tasks import MARKETPLACE, SELLER, TYPE

CONTENT = '{"header": "é"}'


def verdicts(world: World, *messages: Message) -> list[str]:
    return [result.verdict.value for result in world.deliver(*messages)]


def reason(world: World) -> str:
    return str(world.only_task().reason)


def test_content_is_written_into_the_inbox_and_taken_from_there() -> None:
    world = World()
    message = world.requested(
        taskId="t-1", content=CONTENT, marketplaceIds=["us"], feedOptions={"a": "b"}, event_id="e-1"
    )
    assert verdicts(world, message) == ["nothing"]
    (event,) = world.inbox_events()
    assert verdicts(world, event) == ["taken"]
    task = world.only_task()
    assert (task.task_id, task.origin, task.reason) == ("t-1", "event", None)
    assert (task.marketplace_ids, task.feed_options) == ((MARKETPLACE,), {"a": "b"})
    assert task.content_type == "application/json; charset=UTF-8"
    assert task.source.key == f"feeds/{SELLER}/{TYPE}/t-1"
    assert world.inbox.versions[task.source.key][0].content == CONTENT.encode()


def test_content_is_written_in_the_charset_it_is_told_to_be_in() -> None:
    world = World()
    world.deliver(world.requested(content="é", contentType="text/plain; charset=windows-1252"))
    ((version,),) = world.inbox.versions.values()
    assert (version.content, version.content_type) == (b"\xe9", "text/plain; charset=windows-1252")


def test_without_an_id_of_its_own_it_has_the_events() -> None:
    world = World()
    message = world.requested(content=CONTENT, event_id="1c4d")
    assert verdicts(world, message, message) == ["nothing", "nothing"]
    assert verdicts(world, *world.inbox_events(), *world.inbox_events()) == ["taken", "known"]
    assert world.task_ids == ["event-1c4d"]


def test_the_same_id_and_content_by_another_event_is_the_first_task() -> None:
    world = World()
    messages = [world.requested(taskId="t-1", content=CONTENT, event_id=name) for name in ("e-1", "e-2")]
    assert verdicts(world, *messages) == ["nothing", "nothing"]
    assert len(world.inbox_events()) == 1


@pytest.mark.parametrize(
    ("changes", "others"),
    [
        ({"content": "other"}, "content"),
        ({"marketplaceIds": ["CA"]}, "marketplaceIds"),
        ({"feedOptions": {"a": "b"}, "content": "other"}, "content and feedOptions"),
        ({"contentType": "text/plain"}, "contentType"),
    ],
)
def test_the_same_id_with_something_else_is_refused(changes: dict[str, Any], others: str) -> None:
    world = World()
    world.deliver(world.requested(taskId="t-1", content=CONTENT))
    world.deliver(*world.inbox_events())
    other = world.requested(**{"taskId": "t-1", "content": CONTENT, "event_id": "e-2", **changes})
    assert verdicts(world, other, other) == ["taken", "known"]
    (refused,) = [task for task in world.all_tasks() if task.task_id != "t-1"]
    assert refused.asked_task_id == "t-1"
    assert f"the task id t-1 was given before: task t-1 has other {others}: choose" in str(refused.reason)
    assert world.executions == {"t-1": 1, refused.task_id: 1}


@pytest.mark.parametrize(("name", "text"), [("feedoptions", "is feed-options meant?"), ("shop", "not used")])
def test_the_metadata_of_a_document_that_is_pointed_to_is_told_of_too(name: str, text: str) -> None:
    world = World()
    metadata: dict[str, Any] = {name: "x"}
    world.put(**metadata)
    message = world.requested(taskId="t-1", document={"bucket": INBOX, "key": KEY})
    assert verdicts(world, message) == ["taken"]
    task = world.only_task()
    assert text in str([task.reason, task.notes])
    assert (task.reason is None) == (name == "shop")


def test_a_pointer_to_a_document_in_the_inbox() -> None:
    world = World()
    by_s3 = world.put(content_type="application/json; charset=utf-8")
    message = world.requested(taskId="t-1", document={"bucket": INBOX, "key": KEY})
    assert verdicts(world, by_s3, message, message, by_s3) == ["waits", "taken", "known", "known"]
    task = world.only_task()
    assert (task.task_id, task.origin, task.reason) == ("t-1", "event", None)
    assert (task.source.key, task.source.version_id) == (KEY, "v1")
    assert world.executions == {"t-1": 1}


def test_a_pointer_may_name_an_older_version() -> None:
    world = World()
    world.put(content=b"old")
    world.put(content=b"new")
    world.deliver(world.requested(document={"bucket": INBOX, "key": KEY, "versionId": "v1"}))
    assert world.only_task().source.version_id == "v1"


def test_a_document_that_the_inbox_has_handed_over_already_is_no_second_feed() -> None:
    world = World()
    world.deliver(world.put(marketplace_ids="US"))
    (first,) = world.task_ids
    same = world.requested(document={"bucket": INBOX, "key": KEY})
    other = world.requested(taskId="t-2", document={"bucket": INBOX, "key": KEY}, event_id="e-2")
    assert verdicts(world, same, other) == ["known", "taken"]
    assert f"was handed over before, as task {first}" in str(world.tasks.get("t-2").reason)


def test_an_event_may_say_what_a_refused_document_lacked_once() -> None:
    world = World()
    by_s3 = world.put()
    world.clock.sleep(901)
    world.deliver(by_s3)
    pointer = {"bucket": INBOX, "key": KEY}
    first = world.requested(taskId="t-1", document=pointer)
    second = world.requested(taskId="t-2", document=pointer, event_id="e-2")
    same = world.requested(document=pointer, event_id="e-3")
    assert verdicts(world, first, first, second, same, by_s3) == ["taken", "known", "taken", "known", "known"]
    assert world.tasks.get("t-1").reason is None
    assert "handed over before, as task t-1" in str(world.tasks.get("t-2").reason)
    assert len(world.task_ids) == 3


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"bucket": "elsewhere", "key": KEY}, "must be in the inbox bucket"),
        ({"bucket": INBOX, "key": f"{KEY}.gone"}, "there is no object"),
        ({"bucket": INBOX, "key": KEY, "versionId": "v9"}, "in version 'v9'"),
        ({"bucket": INBOX, "key": f"{KEY}.options.json"}, "side file"),
        ({"bucket": INBOX, "key": "x"}, "a feed is put to feeds/"),
        ({"bucket": INBOX, "key": f"feeds/A3OTHERSELLER/{TYPE}/x"}, "of seller A3OTHERSELLER by its key"),
        ({"bucket": INBOX}, "document must have key"),
        ({"bucket": INBOX, "key": KEY, "versionId": 7}, "versionId must be a text"),
        ({"bucket": INBOX, "key": KEY, "region": "x"}, "known are bucket, key, versionId"),
        ("s3://inbox/x", "document must be an object"),
    ],
)
def test_a_pointer_that_can_not_be_followed_is_refused(document: object, text: str) -> None:
    world = World()
    world.put(marketplace_ids="US")
    assert verdicts(world, world.requested(taskId="t-1", document=document)) == ["taken"]
    assert text in reason(world)
    assert world.only_task().task_id == "t-1"


@pytest.mark.parametrize(
    ("detail", "text"),
    [
        ({"content": None}, "either document, a pointer into the inbox bucket, or content"),
        ({"document": {"bucket": INBOX, "key": KEY}}, "either document"),
        ({"content": 7}, "content must be a text"),
        ({"content": "é" * 102_401}, "more than 204800 bytes"),
        ({"marketplaceIds": None}, "has no marketplaceIds"),
        ({"marketplaceIds": "US"}, "must be a list"),
        ({"marketplaceIds": []}, "must be a list"),
        ({"marketplaceIds": ["US,CA"]}, "must be a list"),
        ({"marketplaceIds": ["Ü"]}, "plain letters"),
        ({"marketplaces": ["US"]}, "unknown fields 'marketplaces'"),
        ({"feedOptions": {"a": 1}}, "must be a text, in quotes"),
        ({"feedOptions": {"a": "b" * 2000}}, "too long"),
        ({"contentType": "text/plain; charset=klingon"}, "klingon"),
        ({"contentType": "text/plain; charset=us-ascii"}, "character 13 of the content"),
        ({"taskId": "a b"}, "must be 1 to 64 letters"),
        ({"taskId": "a" * 100_000}, "taskId of the event must be"),
        ({"marketplaceIds": ["US"] * 60_000}, "too many or too long"),
        ({"feedOptions": {"a": "é" * 100_000}}, "16384 are allowed"),
    ],
)
def test_a_request_that_can_not_be_taken_is_refused_and_kept(detail: dict[str, Any], text: str) -> None:
    world = World()
    message = world.requested(**{"content": CONTENT, **detail})
    assert verdicts(world, message, message) == ["taken", "known"]
    assert text in reason(world)
    assert world.only_task().task_id == "event-e-1"
    assert world.inbox.versions == {}
    assert world.executions == {"event-e-1": 1}


@pytest.mark.parametrize(
    ("detail", "text"),
    [
        ({"sellerId": None}, "no sellerId"),
        ({"sellerId": "../x"}, "no seller id"),
        ({"feedType": 7}, "no feedType"),
        ({"feedType": "A/B"}, "no feed type"),
    ],
)
def test_a_request_of_no_seller_or_type_is_a_dead_letter_and_an_event(
    detail: dict[str, Any], text: str
) -> None:
    world = World()
    good = world.put(marketplace_ids="US")
    bad = world.requested(**{"taskId": "t-1", "content": CONTENT, **detail})
    assert verdicts(world, bad, good) == ["rejected", "taken"]
    (letter,) = world.dead_letters
    assert letter["reason"] == "request-form"
    assert text in letter["detail"]
    (event,) = world.events
    assert (event["type"], event["taskId"], event["sellerId"]) == ("FeedRefused", "t-1", None)
    assert text in event["reason"]


def test_without_an_id_nobody_is_told_by_an_event() -> None:
    world = World()
    message = world.event("FeedRequested", "sellerbus.feeds", "text")
    unnamed = world.requested(content=CONTENT, event_id="")
    assert verdicts(world, message, unnamed) == ["rejected", "rejected"]
    assert [letter["reason"] for letter in world.dead_letters] == ["not-an-object", "no-event-id"]
    assert world.events == []


def test_an_event_id_that_is_no_task_id_is_hashed() -> None:
    world = World()
    world.deliver(world.requested(content=CONTENT, event_id="e" * 80), *world.inbox_events())
    world.deliver(*world.inbox_events())
    assert len(world.only_task().task_id) == len("event-") + 32


def test_an_id_by_which_the_document_would_be_a_side_file_is_refused() -> None:
    world = World()
    assert verdicts(world, world.requested(content=CONTENT, taskId="t-1.options.json")) == ["taken"]
    assert "must be 1 to 64 letters, digits, _ or -" in reason(world)
    assert world.inbox.versions == {}


def test_an_event_that_comes_twice_with_spaces_that_s3_leaves_out_is_one_task() -> None:
    world = World()
    message = world.requested(content=CONTENT, contentType=" text/plain ", marketplaceIds=[" US"])
    assert verdicts(world, message, message) == ["nothing", "nothing"]
    (versions,) = world.inbox.versions.values()
    assert (versions[0].content_type, versions[0].metadata["marketplace-ids"]) == ("text/plain", MARKETPLACE)


def test_two_writers_at_once_come_again() -> None:
    world = World()

    def fault(operation: str) -> None:
        if operation == "PutObject":
            raise client_error(operation, "ConditionalRequestConflict")

    world.fault = fault
    (result,) = world.deliver(world.requested(content=CONTENT))
    assert (result.verdict.value, result.reason) == (
        "failed",
        "PutObject failed with ConditionalRequestConflict",
    )


def test_a_feed_type_of_the_deployments_own_gets_its_content_type_from_the_check() -> None:
    world = World()
    world.deliver(world.requested(feedType="MY_FEED", content=CONTENT))
    world.deliver(*world.inbox_events())
    assert world.only_task().content_type == ""
    again = world.requested(feedType="MY_FEED", content=CONTENT)
    assert verdicts(world, again) == ["nothing"]
