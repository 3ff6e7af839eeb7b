"""`sellerbus messages actions`: what is possible now, with its limits, and what not and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ops.message_actions_answers import Action, Limits, UnreadableAnswerError, read_actions, read_orders
from ops.message_actions_words import fulfilled, ordered, spoken, takes
from tests.unit.ops.aws import STAGE, DeployedStage

SELLER = "A2BAZU3EXAMPLE"
US = "ATVPDKIKX0DER"
ORDER = "902-6786204-8179805"
FUNCTION = "look-up-na"


def action(name: str, **changes: Any) -> dict[str, Any]:
    """One action as look_up_orders answers it."""
    return {
        "name": name,
        "operation": name,
        "title": f"Title of {name}",
        "description": f"What {name} is for.",
        "allowed": True,
        "why": None,
        "hidden": False,
        "oncePerOrder": False,
        "text": {"minimum": 1, "maximum": 800, "required": True, "description": "800 character limit."},
        "attachments": None,
        "coverage": False,
        "coverageRequired": False,
        "schema": "embedded",
        **changes,
    }


ACTIONS: dict[str, Any] = {
    "locale": "de-DE",
    "actions": [
        action("legalDisclosure", allowed=False, why="it is not shipped yet"),
        action("confirmCustomizationDetails", oncePerOrder=True),
        action("warranty", text=None, coverage=True, coverageRequired=True),
        action("negativeFeedbackRemoval", hidden=True, allowed=False, operation=None),
    ],
}


@pytest.fixture
def shop(stage: DeployedStage) -> DeployedStage:
    """A stage with one seller, and look_up_orders that answers with ACTIONS."""
    stage.cloudformation.stacks[f"sellerbus-{STAGE}-na-tasks"] = {"LookUpOrdersFunctionName": FUNCTION}
    stage.lambdas.answers[FUNCTION] = lambda request: ACTIONS
    add(stage, SELLER, "US")
    return stage


def add(stage: DeployedStage, seller_id: str, countries: str) -> None:
    arguments = ("sellers", "add", seller_id, "--stage", STAGE, "--marketplaces", countries)
    assert stage.run(*arguments, piped="Atzr|token").code == 0


def ask(stage: DeployedStage, *more: str, order: str = ORDER) -> Any:
    return stage.run("messages", "actions", order, "--stage", STAGE, *more)


def asked(stage: DeployedStage) -> list[Mapping[str, Any]]:
    return [request for name, request in stage.lambdas.calls if name == FUNCTION]


def test_what_is_possible_comes_first_and_what_is_not_with_its_reason(shop: DeployedStage) -> None:
    finished = ask(shop)
    assert finished.code == 0
    assert asked(shop) == [
        {"request": "actions", "sellerId": SELLER, "marketplaceId": US, "amazonOrderId": ORDER}
    ]
    possible, impossible = (
        next(line for line in finished.out.splitlines() if name in line)
        for name in ("confirmCustomizationDetails", "legalDisclosure")
    )
    assert "yes" in possible
    assert "text up to 800" in possible
    assert "Once per order." in possible
    assert "it is not shipped yet" in impossible
    assert finished.out.index(possible) < finished.out.index(impossible)
    assert "The buyer's language is de-DE" in finished.err
    # Whole: a seller of several marketplaces is asked for one otherwise.
    (told,) = [each for each in finished.out.splitlines() if f"messages compose {ORDER}" in each]
    assert "--marketplace US" in told


def test_what_amazon_hides_is_shown_when_asked_for(shop: DeployedStage) -> None:
    assert "negativeFeedbackRemoval" not in ask(shop).out
    finished = ask(shop, "--all")
    assert "negativeFeedbackRemoval" in finished.out
    assert "Amazon does not offer it" in finished.out


def test_json_has_all_of_it(shop: DeployedStage) -> None:
    finished = ask(shop, "--json")
    assert finished.document["amazonOrderId"] == ORDER
    assert finished.document["marketplaceId"] == US
    told = {row["name"]: row for row in ACTIONS["actions"]}
    assert {row["name"]: row for row in finished.document["actions"]} == told
    assert [row["allowed"] for row in finished.document["actions"]] == [True, True, False, False]


def test_whose_order_it_is_must_be_said_where_there_are_several(shop: DeployedStage) -> None:
    add(shop, "A3OTHER", "US,CA")
    finished = ask(shop)
    assert (finished.code, asked(shop)) == (2, [])
    assert "--seller" in finished.err
    finished = ask(shop, "--seller", "A3OTHER")
    assert (finished.code, asked(shop)) == (2, [])
    assert "--marketplace" in finished.err
    assert "US, CA" in finished.err
    assert ask(shop, "--seller", "A3OTHER", "--marketplace", "ca").code == 0
    assert asked(shop)[0]["marketplaceId"] == "A2EUQ1WTGCTBG2"


def test_a_marketplace_that_the_seller_does_not_sell_in_is_refused(shop: DeployedStage) -> None:
    finished = ask(shop, "--marketplace", "MX")
    assert (finished.code, asked(shop)) == (2, [])
    assert "does not sell in MX" in finished.err


@pytest.mark.parametrize("order", ["", "../attributes", "902 6786204", "9" * 51, "902-é"])
def test_what_is_no_order_id_is_refused_before_anything_is_asked(shop: DeployedStage, order: str) -> None:
    finished = ask(shop, order=order)
    assert (finished.code, asked(shop)) == (2, [])
    assert "no Amazon order id" in finished.err


def test_an_order_that_amazon_does_not_know_is_not_found(shop: DeployedStage) -> None:
    shop.lambdas.answers[FUNCTION] = lambda request: {"error": {"kind": "not-found", "message": "no order"}}
    finished = ask(shop)
    assert finished.code == 3
    assert "no order" in finished.err
    assert "check the order id, the marketplace" in finished.err
    assert f"({ORDER}, US, {SELLER})" in finished.err


def test_of_a_paused_seller_it_is_told_that_nothing_is_sent(shop: DeployedStage) -> None:
    assert "is paused" not in ask(shop).err
    assert shop.run("sellers", "pause", SELLER, "--stage", STAGE).code == 0
    paused = ask(shop, "--seller", SELLER)
    assert (paused.code, f"sellers resume {SELLER} --stage {STAGE}" in paused.err) == (0, True)
    assert "messages compose" not in paused.out


def test_an_answer_of_another_version_says_what_to_do(shop: DeployedStage) -> None:
    shop.lambdas.answers[FUNCTION] = lambda request: {"actions": [{"title": "no name"}]}
    finished = ask(shop)
    assert finished.code == 1
    assert "make deploy STAGE=" in finished.err


def test_what_amazon_writes_does_not_reach_the_terminal_as_commands(shop: DeployedStage) -> None:
    shop.lambdas.answers[FUNCTION] = lambda request: {
        "actions": [action("invoice", title="\x1b]0;gotcha\x07Send")]
    }
    assert "\x1b" not in ask(shop).out


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"actions": {}},
        {"actions": ["invoice"]},
        {"actions": [{"name": ""}]},
        {"actions": [action("invoice", text=[])]},
        {"actions": [action("invoice", text={"maximum": True})]},
        {"actions": [action("invoice", title=5)]},
    ],
)
def test_an_answer_that_is_not_as_agreed_is_no_empty_one(answer: dict[str, Any]) -> None:
    with pytest.raises(UnreadableAnswerError):
        read_actions(answer)


def test_orders_are_read_with_what_is_not_known_left_out() -> None:
    read = read_orders(
        {
            "orders": [
                {"amazonOrderId": "1", "items": 2, "total": {"amount": "34.50", "currency": "USD"}},
                {"amazonOrderId": "2", "status": "SHIPPED", "total": "5.00 EUR", "fulfilledBy": "AMAZON"},
            ],
            "complete": False,
            "readAt": "2026-11-22T09:00:00Z",
        }
    )
    assert (read.complete, read.read_at) == (False, "2026-11-22T09:00:00Z")
    assert [ordered(row) for row in read.orders] == ["2 items, 34.50 USD", "5.00 EUR"]
    assert [fulfilled(row) for row in read.orders] == ["-", "by Amazon"]
    with pytest.raises(UnreadableAnswerError):
        read_orders({"orders": [{"items": 2}]})


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("PARTIALLY_SHIPPED", "partially shipped"),
        ("PartiallyShipped", "partially shipped"),
        ("UNSHIPPED", "unshipped"),
        (None, "-"),
    ],
)
def test_codes_are_read_as_words(code: str | None, words: str) -> None:
    assert spoken(code) == words


@pytest.mark.parametrize(
    ("minimum", "maximum", "with_text", "words"),
    [
        (None, 5, True, "up to 5 attachments"),
        (1, 5, True, "1 to 5 attachments"),
        # What has no text is its attachments.
        (0, 5, False, "1 to 5 attachments"),
        (1, 1, False, "1 attachment"),
        (None, None, True, "attachments"),
        (2, None, True, "at least 2 attachments"),
    ],
)
def test_how_many_attachments_a_type_takes(
    minimum: int | None, maximum: int | None, with_text: bool, words: str
) -> None:
    text = Limits(1, 800, True, "") if with_text else None
    # That the list must be there does not mean that something must be in it.
    listed = Limits(minimum, maximum, True, "")
    kind = Action("x", "x", "X", "", True, None, False, False, text, listed, True, "model")
    told = f"text up to 800, {words}" if with_text else words
    assert takes(kind) == f"{told}, the dates of the coverage, if you like"
    assert takes(replace(kind, coverage_required=True)) == f"{told}, the dates of the coverage"


def test_where_nothing_is_possible_nothing_is_said_of_the_language(shop: DeployedStage) -> None:
    nothing = {"locale": None, "actions": [action("warranty", allowed=False, why="nothing is possible")]}
    shop.lambdas.answers[FUNCTION] = lambda request: nothing
    finished = ask(shop)
    assert "nothing is possible" in finished.out
    assert "language" not in finished.err
