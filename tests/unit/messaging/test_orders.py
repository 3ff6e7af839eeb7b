"""Recent orders: newest first, all pages as far as quota and time go, and kept for five minutes."""

from __future__ import annotations

import gzip
import json
import random

import pytest

from sellerbus.api.errors import OutOfTimeError, PermanentError, RetryableError, ThrottledError
from sellerbus.api.orders import Order, Total
from sellerbus.aws.items import plain_item
from sellerbus.messaging.orders import KEPT_SECONDS, MOST_ORDERS
from tests.unit.messaging.look_up import NOW, SELLER, US, Scene, order

KEY = (f"orders/{SELLER}/{US}", "recent")


def test_orders_are_told_newest_first_and_each_once() -> None:
    old, new, late = order(1), order(2, "2026-06-20T12:00:00+01:00"), order(3, "2026-06-20T11:30:00Z")
    it = Scene([new, old], [late, new])
    answer = it.ask("orders")
    assert [each["amazonOrderId"] for each in answer["orders"]] == [late.order_id, new.order_id, old.order_id]
    assert answer["orders"][0] == {
        "amazonOrderId": late.order_id,
        "purchasedAt": "2026-06-20T11:30:00Z",
        "status": "UNSHIPPED",
        "fulfilledBy": "MERCHANT",
        "items": 1,
        "total": {"amount": "12.50", "currency": "USD"},
    }
    assert (answer["complete"], answer["readAt"]) == (True, "2026-06-21T00:00:00Z")
    assert it.amazon.calls == [(US, "2026-05-22T00:00:00Z", ""), (US, "2026-05-22T00:00:00Z", "1")]


def test_a_time_that_cannot_be_read_hides_no_order() -> None:
    assert Scene([order(1, "yesterday"), order(2)]).ids() == [order(2).order_id, order(1).order_id]


def test_what_was_read_is_kept_for_five_minutes() -> None:
    it = Scene([order(1)])
    first = it.ask("orders")
    it.now += KEPT_SECONDS - 1
    assert it.ask("orders") == first
    assert len(it.amazon.calls) == 1
    assert it.amazon.sellers == [SELLER]
    it.now += 1
    assert it.ask("orders")["readAt"] == "2026-06-21T00:05:00Z"
    assert len(it.amazon.calls) == 2


def test_a_fresh_answer_is_amazons_and_kept_for_the_next() -> None:
    it = Scene([order(1)])
    it.ask("orders")
    it.amazon.pages = [[order(2)]]
    assert it.ids() == [order(1).order_id]
    assert it.ids(fresh=True) == [order(2).order_id]
    assert it.ids() == [order(2).order_id]


def test_fewer_days_are_taken_from_what_is_kept_and_more_are_not() -> None:
    it = Scene([order(1), order(2, "2026-06-01T00:00:00Z")])
    assert len(it.ids(days=30)) == 2
    assert it.ids(days=7) == [order(1).order_id]
    assert len(it.amazon.calls) == 1
    it.ids(days=31)
    assert it.amazon.calls[-1] == (US, "2026-05-21T00:00:00Z", "")


def test_what_is_kept_is_small_goes_by_itself_and_belongs_to_one_seller_and_marketplace() -> None:
    it = Scene([order(1)])
    it.ask("orders")
    row = plain_item(it.dynamodb.rows[KEY])
    assert (row["expiresAt"], row["days"], row["complete"]) == (int(NOW) + KEPT_SECONDS, 30, True)
    # createdAt would bring it into the index of tasks.
    assert set(row) == {"pk", "sk", "orders", "days", "complete", "readAt", "expiresAt"}
    it.ask("orders", marketplaceId="CA")
    assert len(it.dynamodb.rows) == 2
    assert len(it.amazon.calls) == 2


@pytest.mark.parametrize(
    "error",
    [
        ThrottledError("searchOrders", 178.0),
        OutOfTimeError("searchOrders", "not called"),
        RetryableError("searchOrders", "503"),
    ],
)
def test_what_was_read_before_quota_or_time_ended_is_the_answer(error: Exception) -> None:
    it = Scene([order(1)], [order(2)], error, [order(3)])
    answer = it.ask("orders")
    assert [each["amazonOrderId"] for each in answer["orders"]] == [order(1).order_id, order(2).order_id]
    assert answer["complete"] is False
    assert it.ask("orders") == answer
    assert len(it.amazon.calls) == 3


def test_without_a_first_page_there_is_no_answer() -> None:
    it = Scene(ThrottledError("searchOrders", 178.2))
    assert it.ask("orders")["error"] | {"message": ""} == {
        "kind": "throttled", "message": "", "seconds": 179,
    }  # fmt: skip
    assert it.dynamodb.rows == {}


def test_a_later_page_that_is_refused_for_good_is_no_end_of_the_list() -> None:
    it = Scene([order(1)], PermanentError("searchOrders", "the token is expired", status=400))
    assert it.ask("orders")["error"]["kind"] == "permanent"
    assert it.dynamodb.rows == {}


def test_the_most_that_is_listed_fits_into_a_row_and_an_answer() -> None:
    chance = random.Random(7)  # noqa: S311 - made-up orders, the same at every run

    def some() -> Order:
        number = f"{chance.randrange(10**7):07}"
        at = f"2026-06-{chance.randint(1, 20):02}T{chance.randrange(24):02}:{chance.randrange(60):02}:07Z"
        total = Total(f"{chance.randrange(9_999)}.{chance.randrange(100):02}", "USD")
        return Order(f"{chance.randint(100, 999)}-{number}-{number[::-1]}", at, "SHIPPED", "AMAZON", 2, total)

    pages = [[some() for _ in range(100)] for _ in range(MOST_ORDERS // 100 + 2)]
    it = Scene(*pages)
    answer = it.ask("orders")
    assert len(it.amazon.calls) == MOST_ORDERS // 100
    assert MOST_ORDERS * 0.99 < len(answer["orders"]) <= MOST_ORDERS
    assert answer["complete"] is False
    kept = it.dynamodb.rows[KEY]["orders"]["B"]
    assert len(kept) < 200_000
    assert json.loads(gzip.decompress(kept)) == answer["orders"]
    assert len(json.dumps(answer)) < 2_000_000
