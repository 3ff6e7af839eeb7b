"""Messages on the deployed stacks: each way of handing one over, each end that it can have, each once."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from local.commands import CommandError
from local.message_tasks import rules_of
from tests.integration.messages import FIRST, SECOND, TYPE, US, Messages
from tests.integration.system import System

# Those with a call open need two minutes, in which these tests run.
pytestmark = pytest.mark.usefixtures("message_crashed")

POST = "messaging/v1/createConfirmOrderDetails"


def sellerbus(system: System, *arguments: str) -> str:
    return system.deployment.commands.sellerbus(
        "messages", *arguments, "--stage", system.deployment.stage
    ).output


def message_calls(messages: Messages, seller_id: str, order_id: str) -> list[dict[str, Any]]:
    return [
        entry for entry in messages.amazon.requests(POST, seller_id=seller_id) if order_id in entry["path"]
    ]


def test_an_event_the_queue_and_the_command_line_each_lead_to_one_message(
    system: System, messages: Messages
) -> None:
    requests = {name: messages.request(name) for name in ("way-event", "way-queue", "way-command")}
    messages.tasks.request(requests["way-event"])
    messages.tasks.send(requests["way-queue"], group=FIRST)
    asked = requests["way-command"]
    said = sellerbus(
        system,
        *("send", "--seller", FIRST, "--order", asked["amazonOrderId"], "--marketplace", "US"),
        *("--type", TYPE, "--text", asked["text"], "--task-id", "way-command", "--wait"),
    )

    rows = messages.await_stand(*requests)

    assert {row["state"] for row in rows.values()} == {"SENT"}
    assert "SENT" in said
    assert asked["text"] not in said
    for name, request in requests.items():
        (message,) = messages.outbox(request)
        assert (message["messageType"], message["text"]) == (TYPE, request["text"]), name
    messages.await_told({name: ["MessageSent"] for name in requests})


def test_an_event_without_a_task_id_is_a_task_of_the_events_id(messages: Messages) -> None:
    event_id = messages.tasks.request(messages.request(None, text="In which colour shall the cup be?"))

    assert messages.states(f"event-{event_id}") == {f"event-{event_id}": "SENT"}


def test_a_country_code_names_the_marketplace(messages: Messages) -> None:
    messages.tasks.send(messages.request("country", marketplaceId="US"))

    row = messages.await_stand("country")["country"]
    assert (row["state"], row["marketplaceId"]) == ("SENT", US)


def test_a_request_that_is_delivered_twice_is_one_task_and_another_text_under_its_id_is_refused(
    system: System, messages: Messages
) -> None:
    request = messages.request("twice")
    for _ in range(3):
        messages.tasks.send(request)
    first = messages.told_row("twice")
    assert first["state"] == "SENT"

    messages.tasks.send({**request, "text": "Would you like another cup?"})

    def refused() -> list[str]:
        return [
            str(event.detail["taskId"])
            for event in system.operational("MessageRefused", amazonOrderId=request["amazonOrderId"])
        ]

    system.wait_for(lambda: bool(refused()), "the other text to be refused")
    (task_id,) = set(refused())
    row = messages.tasks.task(task_id)
    assert (row["state"], row["askedTaskId"]) == ("REFUSED", "twice")
    assert messages.tasks.task("twice") == first
    assert len(messages.outbox(request)) == 1


def test_the_same_message_without_an_id_is_sent_once_unless_it_is_forced(
    system: System, messages: Messages
) -> None:
    request = messages.request(None, text="Shall we wrap the cup as a gift?")
    first = messages.tasks.request(request)
    messages.states(f"event-{first}")

    again = messages.tasks.request(request)
    forced = messages.tasks.request({**request, "force": True})

    assert messages.states(f"event-{forced}") == {f"event-{forced}": "SENT"}
    system.wait_for(lambda: system.queue_depth("MessageTaskQueueUrl") == 0, "all requests to be taken")
    assert messages.tasks.task(f"event-{again}") == {}
    assert len(messages.outbox(request)) == 2


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_sent(messages: Messages) -> None:
    request = messages.request("faulty", text="<b>Write to shop@example.com</b>", coverageStartDate="2026")
    messages.tasks.send(request)

    row = messages.await_stand("faulty")["faulty"]

    assert row["state"] == "REFUSED"
    assert rules_of(row) == ["coverage-not-taken", "email-address", "html"]
    assert "shop@example.com" not in json.dumps(row, default=str)
    assert messages.outbox(request) == []
    messages.await_told({"faulty": ["MessageRefused"]})


def test_what_an_order_does_not_offer_is_not_allowed_and_says_what_is(messages: Messages) -> None:
    request = messages.request("not-offered", order_id=messages.order(offered=["warranty"]))
    messages.tasks.send(request)

    row = messages.await_stand("not-offered")["not-offered"]

    assert (row["state"], row["allowed"]) == ("NOT_ALLOWED", ["warranty"])
    assert messages.outbox(request) == []
    messages.await_told({"not-offered": ["MessageNotAllowed"]})


def test_a_message_that_is_throttled_goes_through_later(system: System, messages: Messages) -> None:
    request = messages.request("throttled", seller_id=SECOND)
    system.throttled.append(request["amazonOrderId"])
    messages.amazon.break_requests(POST, sellerId=SECOND, status=429, count=1)
    messages.tasks.send(request)

    row = messages.await_stand("throttled")["throttled"]

    assert row["state"] == "SENT"
    assert len(message_calls(messages, SECOND, request["amazonOrderId"])) == 2
    assert len(messages.outbox(request)) == 1


@pytest.mark.parametrize(
    ("name", "fault", "in_outbox"),
    [
        ("lost-after", {"cut": "after"}, 1),
        ("lost-before", {"cut": "before"}, 0),
        ("lost-500", {"status": 500}, 0),
        ("lost-500-sent", {"status": 500, "carriedOut": True}, 1),
    ],
)
def test_a_lost_answer_is_never_called_again_and_waits_for_a_person(
    system: System, messages: Messages, name: str, fault: dict[str, Any], in_outbox: int
) -> None:
    request = messages.request(name, seller_id=SECOND)
    messages.amazon.break_requests(POST, sellerId=SECOND, **fault)
    messages.tasks.send(request)

    assert messages.states(name) == {name: "UNCERTAIN"}
    messages.await_told({name: ["MessageUncertain"]})
    assert len(message_calls(messages, SECOND, request["amazonOrderId"])) == 1
    assert len(messages.outbox(request)) == in_outbox

    decision, state = ("sent", "SENT") if in_outbox else ("send-again", "ACCEPTED")
    answer = system.invoke(
        "OperateMessageFunctionName", {"request": "settle", "taskId": name, "decision": decision}
    )

    assert answer == {"state": state}
    assert messages.states(name) == {name: "SENT"}
    assert len(messages.outbox(request)) == 1
    messages.await_told({name: ["MessageSent", "MessageUncertain"]})


@pytest.mark.parametrize(("name", "cut", "calls"), [("once-after", "after", 1), ("once-before", "before", 2)])
@pytest.mark.parametrize("gone", [False, True], ids=["disabled", "gone"])
def test_what_can_be_sent_once_only_proves_itself_whether_it_was(
    messages: Messages, name: str, cut: str, calls: int, gone: bool
) -> None:
    task_id = f"{name}-{gone}"
    order_id = messages.order(SECOND, once=[TYPE], goneWhenSent=gone)
    request = messages.request(task_id, seller_id=SECOND, order_id=order_id)
    messages.amazon.break_requests(POST, sellerId=SECOND, cut=cut)
    messages.tasks.send(request)

    row = messages.await_stand(task_id)[task_id]

    assert row["state"] == "SENT"
    assert len(message_calls(messages, SECOND, order_id)) == calls
    assert len(messages.outbox(request)) == 1
    messages.await_told({task_id: ["MessageSent"]})


def test_a_waiting_message_can_be_cancelled_and_then_is_not_sent(system: System, messages: Messages) -> None:
    request = messages.request("cancelled", seller_id=SECOND)
    messages.amazon.break_requests(
        "messaging/v1/getMessagingActionsForOrder", sellerId=SECOND, status=503, count=6
    )
    messages.tasks.send(request)
    system.wait_for(
        lambda: messages.tasks.task("cancelled").get("state") == "ACCEPTED", "the task to be there"
    )

    answer = system.invoke("OperateMessageFunctionName", {"request": "cancel", "taskId": "cancelled"})

    assert answer == {"state": "FAILED"}
    messages.await_told({"cancelled": ["MessageFailed"]})
    assert messages.outbox(request) == []
    messages.amazon.clear_faults()


def test_a_template_is_rendered_in_the_buyers_language(messages: Messages) -> None:
    template = {
        "messageType": TYPE,
        "texts": {"en": "Which colour for {orderId}? {note}", "de-DE": "Welche Farbe für {orderId}? {note}"},
        "placeholders": ["note"],
    }
    messages.tasks.put_template("colour", template)
    use = {"name": "colour", "values": {"note": "Sent {orderId} {{once}}"}}
    english = messages.request("template-en", text=None, template=use)
    german = messages.request(
        "template-de", text=None, template=use, order_id=messages.order(FIRST, locale="de-DE")
    )
    for request in (english, german):
        messages.tasks.send(request)

    assert set(messages.states("template-en", "template-de").values()) == {"SENT"}
    for request, words in ((english, "Which colour for"), (german, "Welche Farbe für")):
        (message,) = messages.outbox(request)
        # A value is not looked through for placeholders of its own.
        assert message["text"] == f"{words} {request['amazonOrderId']}? Sent {{orderId}} {{{{once}}}}"


def test_texts_are_erased_from_the_table_with_the_end(system: System, messages: Messages) -> None:
    request = messages.request("erased", text="Shall we engrave Quetzalcoatlus into the cup?")
    messages.tasks.send(request)
    messages.await_stand("erased")

    pages = (
        system.client("dynamodb").get_paginator("scan").paginate(TableName=system.outputs["MessageTableName"])
    )
    items = [item for page in pages for item in page["Items"]]

    assert items
    assert "Quetzalcoatlus" not in json.dumps(items, default=str)
    assert "content" not in messages.tasks.task("erased")


def test_what_is_no_request_lies_in_the_dead_letter_queue_with_its_reason(
    system: System, messages: Messages
) -> None:
    messages.tasks.send("no JSON")

    letters = system.take_dead_letters(1, queue="MessageTaskDeadLetterQueueUrl")

    assert [(bool(letter.reason), letter.body) for letter in letters] == [(True, "no JSON")]


def test_a_file_of_messages_is_checked_then_sent_and_sent_again_goes_on_where_it_was(
    system: System, messages: Messages, tmp_path: Path
) -> None:
    orders = [messages.order() for _ in range(3)]
    rows = [
        {
            "sellerId": FIRST,
            "amazonOrderId": order_id,
            "marketplace": "US",
            "messageType": TYPE,
            "text": f"Shall we add a card to order {order_id}?",
        }
        for order_id in orders
    ]
    file = tmp_path / "messages.csv"
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

    sellerbus(system, "send-many", str(file), "--dry-run")
    assert [messages.amazon.outbox(FIRST, order_id) for order_id in orders] == [[], [], []]
    for _ in range(2):
        sellerbus(system, "send-many", str(file))
        system.wait_for(
            lambda: all(len(messages.amazon.outbox(FIRST, order_id)) == 1 for order_id in orders),
            "each of the messages to be sent",
        )

    system.wait_for(lambda: system.queue_depth("MessageTaskQueueUrl") == 0, "all requests to be taken")
    assert [len(messages.amazon.outbox(FIRST, order_id)) for order_id in orders] == [1, 1, 1]


def test_a_faulty_file_of_messages_changes_nothing(
    system: System, messages: Messages, tmp_path: Path
) -> None:
    order_id = messages.order()
    file = tmp_path / "faulty.csv"
    file.write_text(
        "sellerId,amazonOrderId,marketplace,messageType,text\n"
        f"{FIRST},{order_id},US,{TYPE},Which colour?\n"
        f"{FIRST},{order_id},US,{TYPE},<b>Which</b> colour?\n",
        encoding="utf-8",
    )

    with pytest.raises(CommandError) as refused:
        sellerbus(system, "send-many", str(file), "--dry-run")

    assert "html" in refused.value.output
    assert messages.amazon.outbox(FIRST, order_id) == []
