"""What Amazon didn't notify is found once, whatever breaks off the look."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sellerbus.api.errors import PermanentError
from sellerbus.missed.change import feed_finished, iso, order_change
from sellerbus.missed.told import REMEMBERED
from sellerbus.notifications.envelope import parse_envelope
from sellerbus.notifications.origin import Origin
from stacks.settings_rules import REDRIVE_DAYS
from stacks.settings_sections import DEAD_LETTER_RETENTION_DAYS
from tests.unit.missed.world import NOON, SELLER_ID, KilledError, MissedWorld, feed, order

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def _ids(notifications: list[dict[str, Any]]) -> list[str]:
    found = []
    for notification in notifications:
        payload = notification.get("Payload") or notification["payload"]
        (inner,) = payload.values()
        found.append(inner.get("AmazonOrderId") or inner["feedId"])
    return found


def _notified(world: MissedWorld, *changes: Any) -> None:
    for change in changes:
        world.notify(change.notification("1.0", NOON))


def test_an_order_change_that_never_came_is_sent_and_then_found_no_more() -> None:
    world = MissedWorld(orders=[order("told", NOON - HOUR), order("missed", NOON - HOUR)])
    told = order_change(SELLER_ID, world.orders[0])
    assert told is not None
    _notified(world, told)
    found = world.look("orders")
    assert (found.checked, [change.entity_id for change in found.missed]) == (2, ["missed"])
    (sent,) = world.work_off()
    envelope = parse_envelope(json.dumps(sent))
    assert envelope.origin is Origin.RECONCILED
    assert (envelope.notification_type, envelope.event_time) == ("ORDER_CHANGE", world.orders[1].updated_at)
    world.marks.clear()
    assert world.look("orders").missed == []


def test_the_end_of_a_feed_that_was_never_told_is_sent() -> None:
    world = MissedWorld(
        feeds=[feed("told", NOON - HOUR, NOON - HOUR), feed("missed", NOON - HOUR, NOON - HOUR)]
    )
    _notified(world, feed_finished(SELLER_ID, world.feeds[0]))
    assert [change.entity_id for change in world.look("feeds").missed] == ["missed"]
    assert _ids(world.work_off()) == ["missed"]
    assert world.look("feeds").missed == []


def test_a_touch_that_changes_no_state_is_no_missed_notification() -> None:
    """Amazon's list gives it as an update; ORDER_CHANGE tells changes of state."""
    told = order_change(SELLER_ID, order("1", NOON - 20 * HOUR))
    assert told is not None
    world = MissedWorld(orders=[order("1", NOON - HOUR)])
    _notified(world, told)
    assert world.look("orders").missed == []


@pytest.mark.parametrize(
    ("told_later", "is_missed"),
    [(timedelta(), True), (4 * MINUTE, True), (6 * MINUTE, False)],
)
def test_another_state_is_older_news_unless_it_was_told_well_after(
    told_later: timedelta, is_missed: bool
) -> None:
    told = order_change(SELLER_ID, order("1", NOON - HOUR + told_later, status="Unshipped"))
    assert told is not None
    world = MissedWorld(orders=[order("1", NOON - HOUR)])
    _notified(world, told)
    assert bool(world.look("orders").missed) is is_missed


def test_the_word_of_version_0_for_shipped_without_invoice_is_the_same_state() -> None:
    told = order_change(SELLER_ID, order("1", NOON - 2 * HOUR, status="InvoiceUnconfirmed"))
    assert told is not None
    world = MissedWorld(orders=[order("1", NOON - HOUR)])
    _notified(world, told)
    assert world.look("orders").missed == []


@pytest.mark.parametrize(("told_earlier", "is_missed"), [(4 * MINUTE, False), (6 * MINUTE, True)])
def test_rows_without_a_state_go_by_the_time(told_earlier: timedelta, is_missed: bool) -> None:
    told = order_change(SELLER_ID, order("1", NOON - HOUR - told_earlier))
    assert told is not None
    world = MissedWorld(orders=[order("1", NOON - HOUR)])
    _notified(world, told)
    del world.told[told.key]["toldState"]
    assert bool(world.look("orders").missed) is is_missed


def test_what_is_too_young_is_left_to_amazon_and_looked_at_next_time() -> None:
    world = MissedWorld(
        orders=[order("1", NOON - 20 * MINUTE)], feeds=[feed("2", NOON - HOUR, NOON - 20 * MINUTE)]
    )
    assert world.look("orders").checked == world.look("feeds").checked == 0
    world.now += 15 * MINUTE
    assert [change.entity_id for change in world.look("orders").missed] == ["1"]
    assert [change.entity_id for change in world.look("feeds").missed] == ["2"]


def test_a_feed_that_takes_long_is_not_forgotten() -> None:
    world = MissedWorld(feeds=[feed("slow", NOON - HOUR, None)])
    for _ in range(5):
        assert world.look("feeds").missed == []
        world.now += HOUR
    world.feeds = [feed("slow", NOON - HOUR, world.now - HOUR)]
    assert [change.entity_id for change in world.look("feeds").missed] == ["slow"]


def test_a_feed_that_never_ends_holds_the_look_back_for_three_days_only() -> None:
    world = MissedWorld(feeds=[feed("stuck", NOON - HOUR, None)])
    world.look("feeds")
    world.now += timedelta(days=4)
    world.look("feeds")
    mark = world.marks[(SELLER_ID, "feeds")]
    assert mark.since == world.now - timedelta(minutes=30) - timedelta(days=3)


def test_a_first_look_only_sets_the_mark() -> None:
    world = MissedWorld(orders=[order("old", NOON - HOUR)])
    assert world.look("orders", since=NOON).checked == 0
    assert world.calls == ["PutItem"]
    assert world.marks[(SELLER_ID, "orders")].since == NOON


def test_without_spare_quota_the_look_goes_on_where_it_was() -> None:
    world = MissedWorld(orders=[order(str(number), NOON - HOUR) for number in range(5)], turns=1)
    first = world.look("orders")
    assert (first.checked, bool(first.cut_off)) == (2, True)
    world.turns, world.now = 1, world.now + HOUR
    assert (world.look("orders").checked, bool(world.look("orders").cut_off)) == (2, True)
    world.turns, world.now = 1, world.now + HOUR
    last = world.look("orders")
    assert (last.checked, last.cut_off) == (1, "")
    assert sorted(_ids(world.work_off())) == ["0", "1", "2", "3", "4"]
    assert world.marks[(SELLER_ID, "orders")].since == NOON - timedelta(minutes=30)


def test_a_page_token_that_amazon_takes_no_more_begins_the_look_anew() -> None:
    world = MissedWorld(orders=[order(str(number), NOON - 2 * HOUR) for number in range(4)], turns=1)
    world.look("orders")
    world.turns, world.tokens_end = 10, True
    with pytest.raises(PermanentError):
        world.look("orders")
    # It began anew, found the same page, and ended at the next token: never in a circle.
    assert world.calls.count("searchOrders") == 2
    world.tokens_end = False
    world.look("orders")
    assert sorted(_ids(world.work_off())) == ["0", "1", "2", "3"]


def test_what_is_older_than_a_week_is_given_up_and_told() -> None:
    world = MissedWorld(orders=[order("old", NOON - timedelta(days=8)), order("new", NOON - HOUR)])
    found = world.look("orders", since=NOON - timedelta(days=10))
    assert [change.entity_id for change in found.missed] == ["new"]
    assert found.given_up == timedelta(days=3)


def test_a_look_for_which_a_token_does_not_live_long_enough_ends_all_the_same() -> None:
    """Each run has quota for three calls, and the token of the one before has expired by then."""

    class Slow(MissedWorld):
        has_old_token = False

        def asked(self, name: str, token: str, act: Callable[[], Any]) -> Any:
            if token and self.has_old_token:
                self.has_old_token = False
                self.turns -= 1
                raise PermanentError(name, "the token has expired", status=400)
            return super().asked(name, token, act)

    times = [NOON - 2 * HOUR + number * 5 * MINUTE for number in range(16)]
    world = Slow(orders=[order(str(number), at) for number, at in enumerate(times)])
    for _ in range(60):
        world.turns, world.has_old_token = 3, True
        world.look("orders")
    assert sorted(_ids(world.work_off()), key=int) == [str(number) for number in range(16)]


@pytest.mark.parametrize(("days", "found"), [(20, True), (22, False)])
def test_a_touch_of_an_order_that_the_guard_has_forgotten_is_no_missed_change(days: int, found: bool) -> None:
    """Such as a refund, weeks after the order was shipped, and told to be."""
    at = NOON - HOUR
    world = MissedWorld(orders=[order("1", at, purchased_at=iso(at - timedelta(days=days)))])
    assert bool(world.look("orders").missed) is found
    assert bool(world.queue) is found


def test_an_old_order_that_the_guard_remembers_is_compared() -> None:
    at = NOON - HOUR
    world = MissedWorld(orders=[order("1", at, purchased_at=iso(at - timedelta(days=90)))])
    told = order_change(SELLER_ID, order("1", at - timedelta(days=2), status="Unshipped"))
    assert told is not None
    _notified(world, told)
    assert [change.state for change in world.look("orders").missed] == ["Shipped"]


def test_no_settings_let_the_guard_forget_sooner() -> None:
    least_days_in_a_queue = 1
    assert REMEMBERED.days < least_days_in_a_queue + DEAD_LETTER_RETENTION_DAYS + REDRIVE_DAYS


def test_an_order_that_amazon_tells_too_little_of_is_counted() -> None:
    world = MissedWorld(orders=[order("1", NOON - HOUR, fulfilled_by="")])
    found = world.look("orders")
    assert (found.checked, found.left_out, world.queue) == (0, 1, [])


def test_of_several_changes_of_one_order_the_newest_is_told() -> None:
    world = MissedWorld(
        page_size=10,
        orders=[order("1", NOON - HOUR), order("1", NOON - 2 * HOUR, status="Unshipped")],
    )
    (change,) = world.look("orders").missed
    assert change.state == "Shipped"


def _crowded() -> MissedWorld:
    world = MissedWorld(
        orders=[order(str(number), NOON - HOUR) for number in range(5)],
        feeds=[feed(f"f{number}", NOON - HOUR, NOON - HOUR) for number in range(3)],
    )
    told = order_change(SELLER_ID, world.orders[1])
    assert told is not None
    _notified(world, told, feed_finished(SELLER_ID, world.feeds[1]))
    return world


@pytest.mark.parametrize("subject", ["orders", "feeds"])
def test_killed_at_any_call_nothing_is_lost_and_nothing_published_twice(subject: str) -> None:
    whole = _crowded()
    whole.look(subject)
    wanted = sorted(_ids(whole.work_off()))
    assert len(wanted) == (4 if subject == "orders" else 2)
    for number in range(len(whole.calls)):
        for after in (False, True):
            world = _crowded()
            world.kill_at, world.after = number, after
            with pytest.raises(KilledError):
                world.look(subject)
            # Meanwhile what was sent is published, or lies in the queue still.
            for works_off in (True, False):
                again = MissedWorld(
                    orders=world.orders,
                    feeds=world.feeds,
                    told=dict(world.told),
                    queue=list(world.queue),
                    marks=dict(world.marks),
                )
                published = again.work_off() if works_off else []
                again.look(subject)
                published += again.work_off()
                assert sorted(_ids(published)) == wanted, (number, after, works_off)


def test_of_two_runs_beside_each_other_one_goes_on() -> None:
    world = _crowded()
    world.look("orders")
    mark = world.marks[(SELLER_ID, "orders")]
    world.now += HOUR
    world.orders.append(order("9", NOON))

    class Overtaken(MissedWorld):
        def write(self, mark: Any) -> None:
            return None

    late = Overtaken(now=world.now, orders=world.orders, told=world.told, marks={mark.key: mark})
    assert late.look("orders").cut_off == "another run looks for the same seller"
