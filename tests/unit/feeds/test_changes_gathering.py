"""Listing changes become feeds by size, count and age: each is in one feed once, or is answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sellerbus.feeds.changes import gathering as changes_gathering
from sellerbus.feeds.changes.change import ListingChange, RefusedChange, read_change
from sellerbus.feeds.changes.document import Limits, OpenChange, choose
from sellerbus.feeds.checks import FeedRequest, Rules, check_feed
from sellerbus.feeds.task import Outcome, TaskState
from tests.unit.feeds.changes_world import WINDOW, World, change, number_of, sent_numbers
from tests.unit.feeds.tasks import MARKETPLACE, SELLER, TYPE

GROUP = (f"listing-changes/{SELLER}/{MARKETPLACE}", "group")


@dataclass(frozen=True)
class Seller:
    seller_id: str = SELLER
    region: str = "na"
    marketplace_ids: tuple[str, ...] = (MARKETPLACE,)


def numbers(world: World) -> list[list[int]]:
    return [[number_of(each) for each in messages] for messages in world.feeds.values()]


def test_the_changes_of_a_window_are_one_feed_handed_over_like_any_file() -> None:
    world = World()
    for number in range(1, 51):
        world.send(change(number))
        if number % 10 == 0:
            assert world.work()[0].kept == 10
            world.later(20)
    assert world.handed_over == []
    world.later(WINDOW - 100)
    (closed,) = world.work()
    ((task_id, content, told),) = world.handed_over
    assert numbers(world) == [list(range(1, 51))]
    assert [(batch.task_id, batch.changes) for batch in closed.batches] == [(task_id, 50)]
    assert told["key"] == f"feeds/{SELLER}/{TYPE}/{task_id}.json"
    assert told["Metadata"] == {"task-id": task_id, "marketplace-ids": MARKETPLACE, "origin": "changes"}
    request = FeedRequest(TYPE, (MARKETPLACE,), told["ContentType"], task_id=task_id)
    findings = check_feed(request, Seller(), [content], Rules(largest_bytes=1 << 20))
    assert findings.kept == ()
    assert [row["messageId"] for row in json.loads(content)["messages"]] == list(range(1, 51))


def test_nothing_is_left_behind_once_all_is_in_feeds() -> None:
    world = World()
    for number in range(1, 4):
        world.send(change(number))
    world.work()
    assert len(world.open_rows()) == 3
    world.later(WINDOW)
    world.work()
    ((task_id, _, _),) = world.handed_over
    assert world.open_rows() == []
    assert world.queue == {}
    assert not {"close", "closeSent", "batch", "held"} & world.table.rows[GROUP].keys()
    for number in range(1, 4):
        row = world.change_row(f"c{number:03d}")
        assert row is not None
        assert (row["state"], row["taskId"], row["messageId"]) == (
            {"S": "IN_FEED"},
            {"S": task_id},
            {"N": str(number)},
        )
        assert "expiresAt" not in row, "the row of a change without a result must not expire"


def test_one_message_has_the_group_looked_at_however_many_changes_come() -> None:
    world = World()
    for number in range(1, 51):
        world.send(change(number))
    world.work()
    assert world.calls.count("send_message") == 1
    (promise,) = world.queue.values()
    assert promise.visible_at == world.clock.now + WINDOW


def test_a_feed_of_as_many_changes_as_it_may_have_goes_at_once() -> None:
    world = World(most_changes=5)
    for number in range(1, 13):
        world.send(change(number))
    world.work(batch=4)
    assert numbers(world) == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]
    world.settle()
    assert numbers(world)[2:] == [[11, 12]]


def test_a_feed_as_large_as_it_may_be_goes_at_once() -> None:
    size = len(json.dumps(change(1), separators=(",", ":")))
    world = World(most_bytes=4 * size)
    for number in range(1, 8):
        world.send(change(number))
    world.work()
    (first, *_) = numbers(world)
    assert 3 <= len(first) < 7
    assert all(len(content) <= 4 * size + 200 for _, content, _ in world.handed_over)
    world.settle()
    assert [number for each in numbers(world) for number in each] == list(range(1, 8))


def test_a_feed_is_never_larger_than_it_may_be() -> None:
    size = len(json.dumps(change(1), separators=(",", ":")))
    for more in range(60):
        world = World(most_bytes=4 * size + more)
        for number in range(1, 8):
            world.send(change(number))
        world.settle()
        assert all(len(content) <= 4 * size + more for _, content, _ in world.handed_over)


def test_large_changes_of_one_sku_are_not_all_read_to_find_its_next() -> None:
    read: list[int] = []

    def changes() -> Iterator[OpenChange]:
        for number in range(1000):
            read.append(number)
            yield OpenChange(f"{number:013d}", f"c{number}", "A", "{" + "x" * 1000)

    chosen = choose(changes(), Limits(25_000, 20_000))
    assert (len(chosen.changes), chosen.full, len(read)) == (1, False, 40)


def test_a_change_larger_than_a_feed_should_be_still_goes() -> None:
    world = World(most_bytes=10)
    world.send(change(1))
    world.settle()
    assert numbers(world) == [[1]]


def test_later_changes_of_a_sku_wait_for_the_next_feed_in_their_order() -> None:
    world = World()
    for number, sku in enumerate(["A", "B", "A", "A", "B"], 1):
        world.send(change(number, sku), sent_at=world.clock.now + number / 1000)
    world.settle()
    assert numbers(world) == [[1, 2], [3, 5], [4]]


def test_the_order_is_when_the_queue_took_a_change_not_when_it_delivers_it() -> None:
    world = World()
    for number, sent_at in ((1, 30), (2, 10), (3, 20)):
        world.send(change(number), sent_at=world.clock.now - sent_at)
    world.later(WINDOW)
    world.settle()
    assert numbers(world) == [[1, 3, 2]]


def test_sellers_and_marketplaces_have_feeds_of_their_own() -> None:
    world = World()
    world.send(change(1))
    world.send(change(2, marketplaceId="CA"))
    world.send(change(3, sellerId="A3ANOTHER11"))
    world.send(change(4, marketplaceId="US"))
    world.settle()
    told = [(key["key"].split("/")[1], key["Metadata"]["marketplace-ids"]) for _, _, key in world.handed_over]
    assert sorted(told) == [
        (SELLER, "A2EUQ1WTGCTBG2"),
        (SELLER, MARKETPLACE),
        ("A3ANOTHER11", MARKETPLACE),
    ]
    assert sorted(numbers(world)) == [[1, 4], [2], [3]]


def test_a_change_that_cannot_be_right_is_answered_at_once_and_may_come_mended() -> None:
    world = World()
    world.send(change(1, operationType="PTCH", patches=None))
    (done,) = world.work()
    assert (done.kept, len(done.refused), world.queue) == (0, 1, {})
    (event,) = world.events
    assert event["detail-type"] == "ListingChangeFailed"
    assert event["source"] == "sellerbus.feeds"
    assert (event["changeId"], event["sku"], event["outcome"]) == ("c001", "SKU-1", "NOT_DONE")
    assert (event["taskId"], event["feedId"], event["feedOutcome"]) == (None, None, None)
    assert [(each["code"], each["severity"], each["attribute"]) for each in event["issues"]] == [
        ("operation-type", "ERROR", "operationType"),
        ("field-form", "ERROR", "patches"),
    ]
    assert "PTCH" in event["reason"]
    world.send(change(1))
    world.settle()
    assert numbers(world) == [[1]]


def test_a_refused_change_that_comes_again_is_told_with_the_same_event_id() -> None:
    world = World()
    world.send(change(1, sku=" " * 50))
    world.fate = lambda name, number: "error after" if name == "put_events" else "go on"
    (delivery,) = world.receive()
    done = world.invoke([delivery])
    assert done is not None
    assert "PutEvents" in done.failed[delivery.message.message_id]
    world.settle()
    first, second = world.events
    assert first["eventId"] == second["eventId"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("no json", "not-json"),
        ("[]", "not-json"),
        (json.dumps(change(1, sellerId="a/b")), "seller"),
        (json.dumps({"sku": "A"}), "seller"),
        (json.dumps({"detail-type": "FeedRequested", "detail": change(1)}), "other-event"),
    ],
)
def test_what_nobody_can_be_told_of_goes_to_the_dead_letters_with_its_reason(body: str, reason: str) -> None:
    world = World()
    world.send(body)
    world.send(change(2))
    (done,) = world.work()
    ((dead, attributes),) = world.dead
    assert dead == body
    assert attributes["reason"]["StringValue"] == reason
    assert (len(done.rejected), done.kept, done.failed) == (1, 1, {})


def test_the_same_change_again_is_nothing_new_before_and_after_its_feed() -> None:
    world = World()
    world.send(change(1))
    world.work()
    world.send(change(1))
    (again,) = world.work()
    assert (again.kept, again.copies) == (0, 1)
    world.settle()
    world.send(change(1))
    (after,) = world.work()
    assert (after.kept, after.copies) == (0, 1)
    world.settle()
    assert numbers(world) == [[1]]
    assert world.events == []


def test_an_id_with_other_content_is_refused_and_the_first_stays() -> None:
    world = World()
    world.send(change(1))
    world.work()
    world.send(change(1, sku="OTHER"))
    world.send({**change(2, sku="OTHER"), "changeId": "c001"})
    world.settle()
    assert numbers(world) == [[1]]
    assert [event["outcome"] for event in world.events] == ["NOT_DONE", "NOT_DONE"]
    assert len({event["eventId"] for event in world.events}) == 2
    assert "other content" in world.events[0]["reason"]


def test_an_id_twice_in_one_batch_is_judged_like_one_after_the_other() -> None:
    world = World()
    world.send(change(1), sent_at=world.clock.now - 2)
    world.send(change(1), sent_at=world.clock.now - 1)
    world.send(change(1, sku="OTHER"))
    (done,) = world.work()
    assert (done.kept, done.copies, len(done.refused)) == (1, 1, 1)
    world.settle()
    assert numbers(world) == [[1]]


def test_of_two_changes_with_one_id_the_one_that_the_queue_took_first_goes() -> None:
    world = World()
    world.send(change(1, sku="OTHER"))
    world.send(change(1), sent_at=world.clock.now - 1)
    world.settle()
    (messages,) = world.feeds.values()
    assert [each["sku"] for each in messages] == ["SKU-1"]
    assert [event["sku"] for event in world.events] == ["OTHER"]


def test_the_order_of_fields_does_not_make_another_change() -> None:
    world = World()
    world.send(change(1))
    world.send(dict(reversed(change(1).items())))
    world.settle()
    assert (numbers(world), world.events) == ([[1]], [])


def test_a_change_without_an_id_is_known_by_its_message_or_its_event() -> None:
    world = World()
    nameless = change(1)
    del nameless["changeId"]
    message_id = world.send(nameless)
    event = {"detail-type": "ListingChangeRequested", "source": "sellerbus.feeds", "id": "e-1"}
    world.send({**event, "detail": {**nameless, "sku": "OTHER"}})
    world.work()
    assert world.change_row(f"message-{message_id}") is not None
    assert world.change_row("event-e-1") is not None


def test_what_the_table_does_not_take_comes_again_and_nothing_is_sent_for_it() -> None:
    world = World()
    world.send(change(1))
    world.fate = lambda name, number: "error before" if name == "transact_write_items" else "go on"
    (delivery,) = world.receive()
    done = world.invoke([delivery])
    assert done is not None
    assert list(done.failed) == [delivery.message.message_id]
    assert "send_message" not in world.calls
    world.settle()
    assert numbers(world) == [[1]]


def test_a_promise_whose_message_is_gone_is_renewed_by_the_next_change() -> None:
    world = World()
    world.send(change(1))
    world.work()
    world.queue.clear()
    world.later(WINDOW + 14 * 60)
    world.send(change(2))
    world.work()
    assert world.queue == {}, "it may be late only"
    world.later(120)
    world.send(change(3))
    world.settle()
    assert sent_numbers(world) == {1: 1, 2: 1, 3: 1}


def test_a_window_longer_than_a_message_can_be_delayed_is_kept_all_the_same() -> None:
    world = World(window=2000)
    world.send(change(1))
    world.work()
    for _ in range(2):
        world.later(900)
        world.work()
        assert world.handed_over == []
    world.later(200)
    world.work()
    assert numbers(world) == [[1]]


def test_changes_that_come_while_the_group_is_closed_have_a_window_of_their_own() -> None:
    world = World()
    world.send(change(1))
    world.work()
    world.later(WINDOW)

    def arrive(name: str) -> None:
        if name == "copy_object":
            world.before_call = lambda name: None
            world.invoke(world.receive() if world.due() else [])

    world.before_call = arrive
    (close,) = world.receive()
    world.send(change(2))
    world.invoke([close])
    assert numbers(world) == [[1]]
    world.end_feeds()
    world.later(WINDOW - 2)
    world.work()
    assert numbers(world) == [[1]]
    world.later(2)
    world.work()
    assert numbers(world) == [[1], [2]]


def test_a_change_that_comes_just_before_its_promise_is_withdrawn_is_not_forgotten() -> None:
    world = World()
    world.send(change(1))
    world.work()
    world.later(WINDOW)
    (close,) = world.receive()
    world.send(change(2))

    def arrive(name: str) -> None:
        if name == "update_item" and "REMOVE #close" in world.asked["UpdateExpression"]:
            world.before_call = lambda name: None
            asked = world.asked
            world.invoke(world.receive())
            world.asked = asked

    world.before_call = arrive
    world.invoke([close])
    assert len(world.open_rows()) == 1
    assert len(world.queue) == 1
    world.settle()
    assert numbers(world) == [[1], [2]]


def test_another_group_is_closed_later_where_no_time_is_left() -> None:
    world = World()
    world.send(change(1))
    world.work()
    world.later(WINDOW)
    world.remaining = 5
    (close,) = world.receive()
    done = world.invoke([close])
    assert done is not None
    assert done.failed.keys() == {close.message.message_id}
    assert world.handed_over == []
    world.remaining = 60
    world.settle()
    assert numbers(world) == [[1]]


def test_each_further_full_feed_has_a_message_of_its_own() -> None:
    world = World(most_changes=2)
    for number in range(1, 7):
        world.send(change(number))
    world.invoke(world.receive())
    (close,) = world.receive()
    world.send(change(7, sellerId="A9OTHER"))
    done = world.invoke([close])
    assert done is not None
    assert [batch.changes for batch in done.batches] == [2]
    promise = list(world.queue.values())[-1]
    assert promise.visible_at == world.clock.now
    world.settle()
    assert numbers(world) == [[1, 2], [3, 4], [5, 6], [7]]


def test_no_group_is_begun_without_the_time_that_a_full_feed_takes() -> None:
    world = World()
    world.send(change(1))
    world.work()
    world.later(WINDOW)
    world.remaining = 59
    assert world.invoke(world.receive()) is not None
    assert world.handed_over == []


def test_a_flood_that_the_table_throttles_holds_up_its_own_group_only() -> None:
    world = World()
    for number in range(1, 4):
        world.send(change(number))
    world.send(change(9, sellerId="A9OTHER"))

    def fate(name: str, number: int) -> str:
        throttled = name == "transact_write_items" and SELLER in json.dumps(world.asked)
        return "error before" if throttled else "go on"

    world.fate = fate
    deliveries = world.receive()
    done = world.invoke(deliveries)
    assert done is not None
    assert done.failed.keys() == {each.message.message_id for each in deliveries[:3]}
    assert (done.kept, done.copies) == (1, 0)
    world.settle()
    assert sorted(numbers(world)) == [[1, 2, 3], [9]]


def test_where_the_table_takes_nothing_no_time_is_lost_on_each_group() -> None:
    world = World(remaining=30)
    for number in range(1, 4):
        world.send(change(number, sellerId=f"A{number}SELLER"))
    world.fate = lambda name, number: "error before"
    done = world.invoke(world.receive())
    assert done is not None
    assert (len(done.failed), world.calls) == (3, ["transact_write_items"])


@pytest.mark.parametrize("body", ['{"closeListingChanges":' + "[" * 100_000, '{"sellerId":' + "[" * 100_000])
def test_a_message_that_nests_too_deeply_costs_no_other(body: str) -> None:
    world = World()
    world.send(body)
    world.send(change(1))
    (done,) = world.work()
    assert (done.kept, done.failed, len(world.dead)) == (1, {}, 1)


def test_a_defect_costs_its_message_alone_and_tells_no_content(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(body: str, message_id: str, order: int) -> ListingChange | RefusedChange:
        if "SKU-1" in body:
            raise KeyError(body)
        return read_change(body, message_id, order)

    monkeypatch.setattr(changes_gathering, "read_change", broken)
    world = World()
    world.send(change(1))
    world.send(change(2))
    done = world.invoke(world.receive())
    assert done is not None
    assert done.kept == 1
    (why,) = done.failed.values()
    assert why.startswith("defect: KeyError at test_changes_gathering.py:")


def test_the_feed_waits_for_the_lane_and_grows_meanwhile() -> None:
    world = World()
    world.send(change(1))
    world.work()
    world.later(WINDOW)
    world.work()
    (first,) = world.feeds
    world.send(change(2))
    world.work()
    for number in range(3, 6):
        world.later(WINDOW)
        world.send(change(number))
        world.work()
    assert numbers(world) == [[1]], "the last feed waits for its turn: a second one would too"
    world.store.change(world.store.get(first), state=TaskState.PROCESSING)
    world.end(first, Outcome.COMPLETED)
    world.later(60)
    world.work()
    assert numbers(world) == [[1], [2, 3, 4, 5]]


def test_a_full_feed_does_not_wait_for_the_lane() -> None:
    world = World(most_changes=2)
    for number in range(1, 6):
        world.send(change(number))
    world.work()
    assert numbers(world) == [[1, 2], [3, 4]]


def test_many_changes_of_one_sku_are_not_taken_for_a_full_feed() -> None:
    world = World(most_changes=3)
    for number in range(1, 9):
        world.send(change(number, "A"), sent_at=world.clock.now + number / 1000)
    world.work()
    assert numbers(world) == []
    world.later(WINDOW)
    world.work()
    assert numbers(world) == [[1]]
    held = world.calls.count("query")
    for _ in range(5):
        world.later(10)
        world.send(change(99))
        world.work()
    assert world.calls.count("query") == held, "who holds a group on looks again by himself"
    world.settle()
    assert [number for each in numbers(world) for number in each if number < 99] == list(range(1, 9))
    assert sent_numbers(world)[99] == 1
