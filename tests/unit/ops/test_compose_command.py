"""`sellerbus messages compose` on a deployed stage: what is asked of it, handed over, and told at the end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ops import compose_terminal, console
from sellerbus.messaging.task import MessageState
from tests.unit.ops.aws import STAGE, DeployedStage
from tests.unit.ops.compose_screen import Person, at_terminal
from tests.unit.ops.feed_stage import steps
from tests.unit.ops.message_stage import ORDER, SELLER, US, MessageStage, tasks_stack
from tests.unit.ops.test_message_actions import action

FUNCTION = "look-up-na"
ORDERS = {
    "orders": [{"amazonOrderId": ORDER, "status": "UNSHIPPED", "purchasedAt": "2026-11-20T09:00:00Z"}],
    "complete": True,
    "readAt": "2026-11-22T09:00:00Z",
}
ENDED = {"ended_at": "2026-11-22T09:01:00+00:00", "content": None}


@pytest.fixture
def shop(stage: DeployedStage) -> MessageStage:
    """A stage with one seller whose order allows one type."""
    made = MessageStage(stage)
    made.deploy()
    made.add_seller()
    stage.cloudformation.stacks[tasks_stack()]["LookUpOrdersFunctionName"] = FUNCTION
    stage.lambdas.answers[FUNCTION] = lambda request: (
        ORDERS
        if request["request"] == "orders"
        else {"locale": "en-US", "actions": [action("confirmOrderDetails")]}
    )
    return made


@contextmanager
def composing(
    shop: MessageStage, monkeypatch: pytest.MonkeyPatch, *arguments: str, **taken_up: Any
) -> Iterator[Person]:
    """Somebody who runs the command; what is handed over is taken up with these changes."""

    def run(terminal: Any) -> Any:
        monkeypatch.setattr(compose_terminal, "opened", lambda stage: terminal)
        return shop.stage.run("messages", "compose", "--stage", STAGE, *arguments)

    monkeypatch.setattr(console, "wait", steps(lambda: shop.take_up(**taken_up)))
    with at_terminal(run) as person:
        yield person


def write(person: Person, text: str = "Is the address complete?") -> None:
    person.sees("What is the message for?")
    person.press("Enter")
    person.sees("What do you want to tell the buyer?")
    person.press(text, "Ctrl-S")
    send(person)


def send(person: Person) -> None:
    person.sees("Is this what the buyer shall get?")
    person.press("Enter")
    person.sees("Send this message to the buyer now?")
    person.press("Up", "Enter")


def test_it_is_handed_over_and_followed_until_it_is_sent(
    shop: MessageStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = {"state": MessageState.SENT, "sent_at": "2026-11-22T09:01:00+00:00", **ENDED}
    with composing(shop, monkeypatch, **sent) as person:
        person.sees("Which order", ORDER, "unshipped")
        person.press("Enter")
        write(person)
        finished = person.result()
    assert finished.code == 0
    assert "Title of confirmOrderDetails" in finished.out
    assert "SENT" in finished.out
    # The buyer's text is on nobody's screen afterwards, nor in a file.
    assert "address" not in finished.out + finished.err
    assert shop.requests == [
        {
            "sellerId": SELLER,
            "marketplaceId": US,
            "amazonOrderId": ORDER,
            "messageType": "confirmOrderDetails",
            "text": "Is the address complete?",
        }
    ]
    assert shop.groups == [SELLER]


def test_an_order_that_is_named_is_not_asked_for(shop: MessageStage, monkeypatch: pytest.MonkeyPatch) -> None:
    with composing(shop, monkeypatch, ORDER) as person:
        person.sees("What is the message for?", ORDER)
        assert [request["request"] for _, request in shop.stage.lambdas.calls] == ["actions"]
        # Going back leads to the orders all the same.
        person.press("Esc")
        person.sees("Which order")


def test_an_order_that_amazon_does_not_know_ends_the_command(
    shop: MessageStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.stage.lambdas.answers[FUNCTION] = lambda request: {"error": {"kind": "not-found", "message": "no"}}
    with composing(shop, monkeypatch, ORDER) as person:
        assert person.result().code == 3


def test_what_amazon_refuses_can_be_changed_and_sent_again(
    shop: MessageStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = {"state": MessageState.REFUSED, "reason": "Amazon wants another text", **ENDED}
    with composing(shop, monkeypatch, ORDER, **refused) as person:
        write(person, "First.")
        person.sees("It was not sent: REFUSED: Amazon wants another text", "│ First.")
        person.press(*["Down"] * 3, "Enter")
        person.sees("What do you want to tell the buyer?")
        person.press(" Second.", "Ctrl-S")
        send(person)
        person.sees("It was not sent", "First. Second.")
        assert [request["text"] for request in shop.requests] == ["First.", "First. Second."]
        person.press(*["Down"] * 4, "Enter")
        person.sees("Leave without sending?")
        person.press("Down", "Enter")
        finished = person.result()
    assert finished.code == 1
    assert "ended REFUSED" in finished.err


def test_what_the_order_does_not_allow_any_more_is_looked_up_again(
    shop: MessageStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = {"state": MessageState.NOT_ALLOWED, "reason": "the order was shipped", "allowed": (), **ENDED}
    with composing(shop, monkeypatch, ORDER, **gone) as person:
        write(person)
        person.sees("It was not sent: NOT_ALLOWED")
        assert [request["request"] for _, request in shop.stage.lambdas.calls] == ["actions", "actions"]


def test_what_is_uncertain_is_left_to_a_person_and_not_offered_again(
    shop: MessageStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with composing(shop, monkeypatch, ORDER, state=MessageState.UNCERTAIN, reason="lost") as person:
        write(person)
        finished = person.result()
    assert finished.code == 5
    assert "a person decides" in finished.err


def test_what_nobody_took_up_may_be_on_its_way_and_is_not_offered_again(
    shop: MessageStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with composing(shop, monkeypatch, ORDER) as person:
        monkeypatch.setattr(console, "wait", lambda seconds: False)
        write(person)
        finished = person.result()
    assert finished.code == 5
    assert "don't hand it over again yet" in finished.err
    assert len(list(shop.waiting())) == 1


def test_the_same_message_is_sent_again_only_on_demand(
    shop: MessageStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = {"state": MessageState.SENT, "sent_at": "2026-11-22T09:01:00+00:00", **ENDED}
    for again in (False, True):
        with composing(shop, monkeypatch, ORDER, **sent) as person:
            if again:
                person.sees("What is the message for?")
                person.press("Enter")
                person.sees("What do you want to tell the buyer?")
                person.press("Is the address complete?", "Ctrl-S")
                person.sees("The same message was handed over before, as task sqs-", "Send it again")
                send(person)
            else:
                write(person)
            assert person.result().code == 0
    assert [request.get("force") for request in shop.requests] == [None, True]


def test_leaving_sends_nothing(shop: MessageStage, monkeypatch: pytest.MonkeyPatch) -> None:
    with composing(shop, monkeypatch) as person:
        person.sees("Which order")
        person.press("Ctrl-C")
        finished = person.result()
    assert finished.code == 130
    assert "Nothing was sent." in finished.err
    assert list(shop.waiting()) == []


def test_what_aws_refuses_at_the_end_loses_nothing_that_was_written(
    shop: MessageStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with composing(shop, monkeypatch, ORDER) as person:
        shop.stage.refusals["sqs", "na"] = ("send_message", "AccessDenied")
        write(person, "Hello.")
        person.sees("AWS refused", "AccessDenied", "│ Hello.")


@pytest.mark.parametrize("arguments", [(), (ORDER,)])
def test_nobody_writes_for_a_seller_whose_messages_the_stage_does_not_send(
    shop: MessageStage, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    shop.stage.client("dynamodb").update_item(
        TableName="sellers",
        Key={"sellerId": {"S": SELLER}},
        UpdateExpression="SET #status = :paused",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":paused": {"S": "paused"}},
    )
    with composing(shop, monkeypatch, *arguments, "--seller", SELLER) as person:
        finished = person.result()
    assert finished.code == 2
    assert "is paused" in finished.err


def test_stopping_while_it_is_handed_over_says_where_to_look(
    shop: MessageStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(seconds: float) -> bool:
        raise KeyboardInterrupt

    with composing(shop, monkeypatch, ORDER) as person:
        monkeypatch.setattr(console, "wait", stop)
        write(person)
        finished = person.result()
    assert finished.code == 130
    assert f"messages list --stage {STAGE} --seller {SELLER}" in finished.err


def test_no_other_command_waits_for_what_draws() -> None:
    said = "import sys, ops.cli; sys.exit('prompt_toolkit' in sys.modules)"
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", said], env=environment, check=False).returncode == 0
