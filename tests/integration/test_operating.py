"""The operator's commands on the deployed stacks: send, tail, show, replay, dead letters, status."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from local.commands import ROOT, STAGE
from local.queues import NOTIFICATIONS
from tests.integration.system import System

SECRET = "the-secret-of-tomorrow"


def sellerbus(system: System, *arguments: str, code: int = 0) -> str:
    """What a command prints on stdout."""
    done = subprocess.run(
        [str(ROOT / "bin" / "sellerbus"), *arguments, "--stage", STAGE],
        env=dict(system.deployment.commands.environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout


def document(system: System, *arguments: str, code: int = 0) -> Any:
    return json.loads(sellerbus(system, *arguments, "--json", code=code))


def replays_of(system: System, event_id: str) -> list[str | None]:
    """For each time that an event has come to the consumer: which replay it was, None for the first."""
    system.take()
    return [
        (delivery.event["detail"].get("replay") or {}).get("id")
        for delivery in system.received.deliveries
        if delivery.event_id == event_id
    ]


def test_a_notification_is_sent_seen_shown_and_replayed(system: System) -> None:
    sent = document(system, "notifications", "send", "PRICING_HEALTH", "--seller", "A1OPERATED", "--wait")
    (one,) = sent["notifications"]
    assert one["archived"] is True
    mine = ("--since", "10m", "--seller", "A1OPERATED")
    (line,) = sellerbus(system, "notifications", "tail", *mine, "--count", "1", "--json").splitlines()
    assert (json.loads(line)["eventId"], json.loads(line)["origin"]) == (one["eventId"], "synthetic")
    for identity in (one["notificationId"], one["eventId"]):
        shown = document(system, "notifications", "show", identity)
        assert (shown["ledger"]["status"], shown["event"]["eventId"]) == ("COMPLETE", one["eventId"])
    system.await_deliveries([one["notificationId"]])
    assert replays_of(system, one["eventId"]) == [None]

    replayed = document(system, "notifications", "replay", *mine, "--yes")
    assert (replayed["total"], replayed["sent"], replayed["failed"]) == (1, 1, [])
    system.wait_for(lambda: len(replays_of(system, one["eventId"])) == 2, "the replay at the consumer")
    assert replays_of(system, one["eventId"]) == [None, replayed["replayId"]]
    # What is replayed is not archived: the next replay has it once.
    again = document(system, "notifications", "replay", *mine, "--dry-run")
    assert (again["total"], again["sent"]) == (1, None)


def test_one_queue_alone_can_be_replayed_to(system: System, sqs: Any) -> None:
    document(system, "notifications", "send", "PRICING_HEALTH", "--seller", "A1LATE", "--wait")
    url = sqs.create_queue(QueueName="a-new-consumer")["QueueUrl"]
    try:
        mine = ("--since", "10m", "--seller", "A1LATE", "--to", url, "--yes")
        replayed = document(system, "notifications", "replay", *mine)
        (message,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    finally:
        sqs.delete_queue(QueueUrl=url)
    event = json.loads(message["Body"])
    assert (event["source"], event["detail-type"]) == (NOTIFICATIONS, "PRICING_HEALTH")
    assert event["detail"]["replay"]["id"] == replayed["replayId"]


def test_dead_letters_are_told_put_back_and_taken_out(system: System, tmp_path: Path) -> None:
    system.publish_body("nonsense of the operator's")
    queue = ("--queue", "notification")

    def causes() -> list[dict[str, Any]]:
        (found,) = document(system, "dead-letters", "list", *queue)
        return [cause for cause in found["causes"] if cause["reason"] == "not-json"]

    system.wait_for(lambda: bool(causes()), "the dead letter")
    (identity,) = causes()[0]["ids"]
    shown = document(system, "dead-letters", "show", identity, "--body")
    assert (shown["body"].strip(), shown["queue"]) == ("nonsense of the operator's", "notification")
    # It is put back, fails again, and lies there under another id.
    (done,) = document(system, "dead-letters", "redrive", "--id", identity, "--yes")
    assert (done["moved"], done["by"]) == (1, "letter")
    system.wait_for(lambda: bool(causes()) and causes()[0]["ids"] != [identity], "the letter again")
    output = tmp_path / "letters.jsonl"
    export = (
        "dead-letters",
        "export",
        *queue,
        "--reason",
        "not-json",
        "-o",
        str(output),
        "--delete",
        "--yes",
    )
    assert document(system, *export)["deleted"] == 1
    assert json.loads(output.read_text(encoding="utf-8"))["body"].strip() == "nonsense of the operator's"
    assert causes() == []


def test_a_request_that_is_put_back_is_the_same_task(system: System, sqs: Any) -> None:
    # Without an id of its own the task is named by the message's first id. Amazon knows no such order.
    request = {
        "sellerId": "A2EW6EXAMPLE11",
        "marketplaceId": "ATVPDKIKX0DER",
        "amazonOrderId": "902-0000000-0000001",
        "messageType": "confirmOrderDetails",
        "text": "We made a note of your gift wrap.",
    }
    url = system.outputs["MessageTaskDeadLetterQueueUrl"]
    identity = sqs.send_message(QueueUrl=url, MessageBody=json.dumps(request))["MessageId"]
    document(system, "dead-letters", "redrive", "--id", identity, "--yes")

    def task() -> bool:
        listed = document(system, "messages", "list", "--seller", "A2EW6EXAMPLE11")
        return f"sqs-{identity}" in {each["taskId"] for each in listed}

    system.wait_for(task, "the task with the first id")


def test_a_client_secret_is_shown_by_no_command(system: System, sqs: Any) -> None:
    url = system.outputs["ApplicationDeadLetterQueueUrl"]
    body = json.dumps({"newClientSecret": SECRET})
    identity = sqs.send_message(QueueUrl=url, MessageBody=body)["MessageId"]
    try:
        printed = [
            sellerbus(system, "dead-letters", "list", "--json"),
            sellerbus(system, "dead-letters", "show", identity, "--body", "--json"),
            sellerbus(system, "dead-letters", "export", "--id", identity, code=3),
            sellerbus(system, "status", "--json"),
        ]
    finally:
        sqs.purge_queue(QueueUrl=url)
    assert not [text for text in printed if SECRET in text]
    assert json.loads(printed[1])["withheld"] is True


def test_a_stage_tells_where_one_is_and_what_it_has(system: System) -> None:
    found = document(system, "status")
    assert (found["stage"], found["production"], found["credentials"]["method"]) == (STAGE, False, "env")
    (cell,) = found["cells"]
    parts = {stack["part"]: stack["status"] for stack in cell["stacks"]}
    assert {"foundation", "notifications", "tasks", "operations"} <= parts.keys()
    assert cell["unread"] == {}
    queues = {queue["name"]: queue for queue in cell["queues"]}
    assert {"notification", "message-task", "archive", "application"} <= queues.keys()
