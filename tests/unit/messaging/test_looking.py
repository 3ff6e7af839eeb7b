"""What an operator asks about orders: what can be sent and why not, and refusals as answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sellerbus.api.errors import (
    AuthorizationRevokedError,
    NotFoundError,
    RetryableError,
    ThrottledError,
    UnauthorizedError,
)
from sellerbus.messaging.catalogue import MESSAGE_TYPES
from sellerbus.messaging.offer import NOT_OFFERED
from sellerbus.sellers.registry import UnreadableTokenError
from sellerbus.sellers.rows import PAUSED, REMOVING, REVOKED
from tests.unit.messaging.look_up import ORDER_ID, US, Scene

LIVE = (
    Path(__file__).resolve().parents[4]
    / "shared/sp-api-models/messaging/getMessagingActionsForOrder.live-example.json"
)


def offering(*actions: dict[str, Any]) -> dict[str, Any]:
    return {
        "_links": {
            "self": {"href": "/"},
            "actions": [{"name": each["name"], "href": "/"} for each in actions],
        },
        "_embedded": {"actions": [{"name": each["name"], "_embedded": {"schema": each}} for each in actions]},
    }


def shown(it: Scene) -> dict[str, dict[str, Any]]:
    answer = it.ask("actions", amazonOrderId=ORDER_ID)
    rows = answer["actions"]
    assert len({row["name"] for row in rows}) == len(rows)
    return {row["name"]: row for row in rows}


def test_an_action_is_told_with_its_live_limits() -> None:
    it = Scene()
    it.amazon.offered = offering(
        {
            "name": "confirmCustomizationDetails",
            "title": "Confirm customization details",
            "description": "Ask your customer. You may only send this once per order.",
            "required": ["rawMessageBody"],
            "properties": {
                "rawMessageBody": {"minLength": 1, "maxLength": 700, "description": "No HTML."},
                "attachments": {"maxItems": 4, "description": "Less than 10 MB."},
            },
        }
    )
    answer = it.ask("actions", amazonOrderId=ORDER_ID)
    assert answer["locale"] == "en-US"
    assert answer["actions"][0] == {
        "name": "confirmCustomizationDetails",
        "operation": "confirmCustomizationDetails",
        "title": "Confirm customization details",
        "description": "Ask your customer. You may only send this once per order.",
        "allowed": True,
        "why": None,
        "hidden": False,
        "oncePerOrder": True,
        "text": {"minimum": 1, "maximum": 700, "required": True, "description": "No HTML."},
        "attachments": {"minimum": 0, "maximum": 4, "required": False, "description": "Less than 10 MB."},
        "coverage": False,
        "coverageRequired": False,
        "schema": "embedded",
    }
    assert it.amazon.calls == [(ORDER_ID, US)]


def test_every_type_is_there_and_says_why_it_is_not_possible() -> None:
    it = Scene()
    it.amazon.offered = offering(
        {"name": "sendInvoice", "title": "Send invoice", "disabled": True, "disabledReason": "Sent already."},
        {"name": "warranty", "title": "Warranty", "disabled": True},
        {"name": "updateFeedback", "title": "Feedback", "x-ui-hidden": True},
        {"name": "somethingNew", "title": "Something new"},
        {"name": "unexpectedProblem", "title": "Problem", "x-ui-hidden": True},
    )
    rows = shown(it)
    assert list(rows)[:5] == [
        "invoice", "warranty", "negativeFeedbackRemoval", "somethingNew", "unexpectedProblem",
    ]  # fmt: skip
    assert set(MESSAGE_TYPES) < set(rows)
    assert [name for name, row in rows.items() if row["allowed"]] == ["unexpectedProblem"]
    assert rows["unexpectedProblem"]["hidden"] is True
    assert rows["invoice"]["why"] == "Sent already."
    assert rows["invoice"]["operation"] == "sendInvoice"
    assert "tells no reason" in rows["warranty"]["why"]
    assert rows["warranty"]["coverage"] is True
    assert "withdrawn" in rows["negativeFeedbackRemoval"]["why"]
    assert rows["negativeFeedbackRemoval"]["operation"] is None
    assert "no operation" in rows["somethingNew"]["why"]
    assert rows["somethingNew"]["operation"] is None
    assert "does not offer" in rows["confirmOrderDetails"]["why"]
    assert rows["confirmOrderDetails"]["text"]["maximum"] == 2000
    assert rows["confirmOrderDetails"]["schema"] == "model"


def test_a_type_that_is_offered_by_two_names_is_one() -> None:
    it = Scene()
    it.amazon.offered = offering({"name": "sendInvoice", "disabled": True}, {"name": "invoice"})
    rows = shown(it)
    assert rows["invoice"]["allowed"] is True


def test_an_order_without_actions_allows_nothing() -> None:
    it = Scene()
    it.amazon.offered = offering()
    check_nothing_is_possible(it)


def test_an_order_of_which_amazon_says_that_nothing_is_possible_allows_nothing() -> None:
    it = Scene()
    it.amazon.error = UnauthorizedError(
        "getMessagingActionsForOrder",
        "Invalid amazonOrderId and template combination.",
        status=403,
        code="Unauthorized",
    )
    check_nothing_is_possible(it)


def check_nothing_is_possible(it: Scene) -> None:
    answer = it.ask("actions", amazonOrderId=ORDER_ID)
    assert answer["locale"] is None
    assert {(row["allowed"], row["why"]) for row in answer["actions"]} == {(False, NOT_OFFERED)}
    assert len(answer["actions"]) == len(MESSAGE_TYPES)
    assert it.amazon.locales == 0


def test_the_dates_that_an_order_asks_for_are_told() -> None:
    it = Scene()
    dates: dict[str, Any] = {"coverageStartDate": {}, "coverageEndDate": {}}
    it.amazon.offered = offering(
        {"name": "warranty", "properties": dates, "required": list(dates)},
        {"name": "sendInvoice", "properties": {}, "required": list(dates)},
    )
    rows = shown(it)
    assert [rows[name]["coverageRequired"] for name in ("warranty", "invoice")] == [True, False]
    assert it.amazon.locales == 1


def test_amazons_own_live_answer() -> None:
    if not LIVE.exists():
        pytest.skip(f"Amazon's example is not here ({LIVE.name})")
    it = Scene()
    it.amazon.offered = json.loads(LIVE.read_text(encoding="utf-8"))
    rows = shown(it)
    assert rows["invoice"]["operation"] == "sendInvoice"
    assert rows["negativeFeedbackRemoval"]["allowed"] is False
    assert rows["unexpectedProblem"]["schema"] == "embedded"


def test_an_answer_that_cannot_be_read_says_where() -> None:
    it = Scene()
    it.amazon.offered = {"_embedded": {"actions": [{"name": "invoice", "_embedded": {"schema": "secret"}}]}}
    error = it.ask("actions", amazonOrderId=ORDER_ID)["error"]
    assert error["kind"] == "permanent"
    assert "_embedded.actions[0]._embedded.schema" in error["message"]
    assert "secret" not in error["message"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ThrottledError("getMessagingActionsForOrder", 7.1), "throttled"),
        (RetryableError("getMessagingActionsForOrder", "503"), "retryable"),
        (NotFoundError("getMessagingActionsForOrder", "no such order", status=404), "not-found"),
        (AuthorizationRevokedError("token", "invalid_grant"), "revoked"),
        (UnauthorizedError("getMessagingActionsForOrder", "denied", status=403), "permanent"),
        (UnreadableTokenError("another seller's"), "permanent"),
    ],
)
def test_refusals_are_answers(error: Exception, kind: str) -> None:
    it = Scene()
    it.amazon.error = error
    for answer in (it.ask("actions", amazonOrderId=ORDER_ID), it.ask("orders")):
        assert answer["error"]["kind"] == kind
        assert answer["error"].get("seconds") == (8 if kind == "throttled" else None)


@pytest.mark.parametrize(
    ("request_", "kind", "words"),
    [
        ({"request": "everything"}, "permanent", "orders, actions"),
        ({"request": None}, "permanent", "request is missing"),
        ({"sellerId": ""}, "permanent", "sellerId is missing"),
        ({"sellerId": "A9OTHER"}, "unknown-seller", "not in the registry"),
        ({"marketplaceId": "XX"}, "permanent", "no marketplace"),
        ({"marketplaceId": "DE"}, "permanent", "of the region eu"),
        ({"amazonOrderId": "12"}, "permanent", "no order id"),
        ({"request": "orders", "days": 0}, "permanent", "days must be"),
        ({"request": "orders", "days": 366}, "permanent", "days must be"),
        ({"request": "orders", "days": True}, "permanent", "days must be"),
        ({"request": "orders", "days": "30"}, "permanent", "days must be"),
        ({"request": "orders", "fresh": "yes"}, "permanent", "fresh must be"),
    ],
)
def test_a_question_that_is_none_costs_no_call(request_: dict[str, Any], kind: str, words: str) -> None:
    it = Scene()
    answer = it.ask(**{"request": "actions", "amazonOrderId": ORDER_ID, **request_})
    assert answer["error"]["kind"] == kind
    assert words in answer["error"]["message"]
    assert it.amazon.calls == []


@pytest.mark.parametrize(("status", "kind"), [(REVOKED, "revoked"), (REMOVING, "permanent"), (PAUSED, None)])
def test_a_sellers_status_decides(status: str, kind: str | None) -> None:
    it = Scene([])
    it.registry.becomes(status=status)
    answer = it.ask("orders")
    assert answer.get("error", {}).get("kind") == kind
    assert bool(it.amazon.calls) is (kind is None)
    if kind == "revoked":
        assert "add A1SELLER again" in answer["error"]["message"]
