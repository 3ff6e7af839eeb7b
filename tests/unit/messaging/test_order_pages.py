"""Orders that Amazon lists oldest first, within its quota: none is missed, and the newest come first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sellerbus.api.errors import PermanentError, ThrottledError
from sellerbus.api.orders import OrderPage
from sellerbus.messaging.order_pages import recent_orders
from tests.unit.messaging.look_up import US, order

NOW = datetime(2026, 6, 21, tzinfo=UTC)
SINCE = NOW - timedelta(days=30)
PAGE = 100
MOST = 5_000


@dataclass
class Shop:
    """Amazon: lists what was created at or after, and at or before, a time, oldest first, a page a call."""

    ages_seconds: list[float]
    quota: int = 20
    calls: int = 0
    ends: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        times = sorted(NOW - timedelta(seconds=age) for age in self.ages_seconds)
        self.orders = [order(number, time.isoformat()) for number, time in enumerate(times)]

    def page(
        self, marketplace_id: str, created_after: str, token: str = "", *, created_before: str = ""
    ) -> OrderPage:
        assert marketplace_id == US
        if self.calls == self.quota:
            raise ThrottledError("searchOrders", 178.0)
        self.calls += 1
        self.ends.append(created_before)
        first, last = (datetime.fromisoformat(text) for text in (created_after, created_before or f"{NOW}"))
        fitting = [each for each in self.orders if first <= datetime.fromisoformat(each.purchased_at) <= last]
        start = int(token or "0")
        rest = fitting[start:]
        return OrderPage(tuple(rest[:PAGE]), str(start + PAGE) if len(rest) > PAGE else "")

    def read(self) -> tuple[list[str], bool]:
        found, complete = recent_orders(self, US, SINCE, NOW, MOST)
        return sorted({each.order_id for each in found}), complete


def evenly(count: int) -> list[float]:
    """Ages of orders over thirty days."""
    return [(number + 0.5) * 30 * 86_400 / count for number in range(count)]


@pytest.mark.parametrize(("count", "calls"), [(0, 1), (1, 1), (100, 1), (101, 2), (400, 5), (1_500, 18)])
def test_what_the_quota_holds_is_read_whole_for_few_calls_more_than_it_has_pages(
    count: int, calls: int
) -> None:
    shop = Shop(evenly(count))
    assert shop.read() == ([each.order_id for each in shop.orders], True)
    assert shop.calls <= calls


def test_of_more_orders_than_the_quota_holds_the_newest_are_there() -> None:
    shop = Shop(evenly(6_000))
    found, complete = shop.read()
    assert not complete
    assert shop.calls == 20
    newest = [each.order_id for each in shop.orders[-1_000:]]
    assert set(newest) <= set(found)


def test_orders_that_come_oftener_of_late_do_not_hide_the_newest() -> None:
    shop = Shop([*evenly(1_000), *(age / 30 for age in evenly(1_000))])
    found, _ = shop.read()
    assert {each.order_id for each in shop.orders[-900:]} <= set(found)


def test_the_end_of_a_part_is_an_hour_ago_at_least() -> None:
    shop = Shop([number / 100 for number in range(1_000)])
    shop.read()
    ends = [datetime.fromisoformat(end) for end in shop.ends if end]
    assert all(NOW - end >= timedelta(hours=1) for end in ends)


@pytest.mark.parametrize("step", [-1, 0])
def test_a_list_in_another_order_is_read_page_by_page(step: int) -> None:
    orders = [order(number, (NOW + timedelta(hours=number * step)).isoformat()) for number in range(250)]

    class Newest(Shop):
        def __post_init__(self) -> None:
            self.orders = orders

    shop = Newest([])
    assert shop.read() == (sorted(each.order_id for each in orders), True)
    assert (shop.calls, set(shop.ends)) == (3, {""})


def test_no_more_is_read_than_is_enough() -> None:
    shop = Shop(evenly(6_000), quota=1_000)
    found, complete = recent_orders(shop, US, SINCE, NOW, 1_000)
    assert 1_000 <= len(found) < 1_000 + PAGE
    assert not complete


def test_a_page_that_is_refused_for_good_is_no_end() -> None:
    class Refusing(Shop):
        def page(
            self, marketplace_id: str, created_after: str, token: str = "", *, created_before: str = ""
        ) -> OrderPage:
            if self.calls:
                raise PermanentError("searchOrders", "the token is of another listing", status=400)
            return super().page(marketplace_id, created_after, token, created_before=created_before)

    with pytest.raises(PermanentError):
        Refusing(evenly(200)).read()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 30 * 86_400), max_size=700))
def test_whenever_orders_came_none_is_missed(ages: list[float]) -> None:
    shop = Shop(ages, quota=1_000)
    assert shop.read() == (sorted(each.order_id for each in shop.orders), True)
