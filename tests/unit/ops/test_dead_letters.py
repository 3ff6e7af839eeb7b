"""`sellerbus dead-letters`: causes, what is withheld, and that nothing is lost whenever it is killed."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from ops import console
from ops.dead_letter_moving import steady
from sellerbus.aws.message_queue import Message
from tests.unit.ops.aws import DeployedStage, notifications
from tests.unit.ops.dead_letter_stage import DeadLetterStage, Killed
from tests.unit.ops.notification_stage import Bus

SECRET = "the-new-client-secret-of-tomorrow"


@pytest.fixture
def letters(stage: DeployedStage) -> DeadLetterStage:
    return DeadLetterStage(stage)


def first_id(message: dict[str, Any]) -> str:
    return str(message["MessageAttributes"]["originalMessageId"]["StringValue"])


def test_letters_are_grouped_by_their_cause(letters: DeadLetterStage) -> None:
    ids = [
        letters.put(
            "Notification", f"n{n}", reason="not-json", detail=f"the body of {n} characters is no JSON"
        )
        for n in range(4)
    ]
    worn = letters.put("Notification", "worn")
    found = letters.run("list", "--json").document
    (queue,) = [each for each in found if each["queue"] == "notification"]
    assert (queue["messages"], queue["complete"], queue["region"]) == (5, True, "na")
    most, least = queue["causes"]
    assert (most["reason"], most["count"], len(set(most["ids"]) & set(ids))) == ("not-json", 4, 3)
    assert (least["reason"], least["ids"]) == ("received-too-often", [worn])
    table = letters.run("list")
    assert ("process_notifications did not finish" in table.out, "dead-letters show" in table.err) == (
        True,
        True,
    )
    only = letters.run("list", "--queue", "notification", "--reason", "not-json", "--json").document
    assert [[cause["count"] for cause in each["causes"]] for each in only] == [[4]]


def test_looking_leaves_everything_where_it_lies(letters: DeadLetterStage) -> None:
    for number in range(23):
        letters.put("Notification", str(number))
    letters.run("list")
    letters.run("list", "--limit", "5")
    assert sorted(int(each["Body"]) for each in letters.lying(letters.dead["Notification"])) == list(
        range(23)
    )


def test_a_stage_without_letters_says_so(letters: DeadLetterStage) -> None:
    assert letters.run("list").out == "There are no dead letters.\n"
    assert [each["causes"] for each in letters.run("list", "--json").document] == [[]] * 4


def test_an_unknown_queue_is_refused_with_those_that_there_are(letters: DeadLetterStage) -> None:
    finished = letters.run("list", "--queue", "nobodys")
    assert (finished.code, "notification, undeliverable, message-task, application" in finished.err) == (
        2,
        True,
    )


def test_a_body_is_shown_only_when_asked_for_and_without_tokens(letters: DeadLetterStage) -> None:
    identity = letters.put("MessageTask", '{"text": "Dear Ann, Atzr|IwEB012345"}', reason="request-form")
    plain = letters.run("show", identity, "--json").document
    assert (plain["body"], plain["withheld"], plain["reason"]) == (None, False, "request-form")
    finished = letters.run("show", identity, "--body")
    assert ("Dear Ann" in finished.out, "IwEB" in finished.out, "buyer's data" in finished.err) == (
        True,
        False,
        True,
    )
    assert letters.run("show", "nobody").code == 3


def test_a_client_secret_is_never_shown_or_exported(letters: DeadLetterStage, tmp_path: Path) -> None:
    identity = letters.put("Application", json.dumps({"clientSecret": SECRET}))
    output = tmp_path / "letters.jsonl"
    seen = [
        letters.run("list"),
        letters.run("list", "--json"),
        letters.run("show", identity, "--body"),
        letters.run("show", identity, "--body", "--json"),
        letters.run("export", "--json", "--output", str(output)),
        letters.run("export"),
    ]
    assert [each.code for each in seen] == [0, 0, 0, 0, 3, 3]
    assert not any(SECRET in each.out + each.err for each in seen)
    assert not output.exists()
    assert seen[3].document["withheld"] is True


def test_an_output_of_a_kind_that_nobody_knows_is_withheld_too(letters: DeadLetterStage) -> None:
    letters._deploy("SomethingNew", "operations")
    identity = letters.put("SomethingNew", SECRET)
    assert letters.run("show", identity, "--body", "--json").document["body"] is None


def test_a_letter_that_is_put_back_is_known_by_its_first_id(letters: DeadLetterStage) -> None:
    identity = letters.put("MessageTask", "body")
    document = letters.run("redrive", "--queue", "message-task", "--yes", "--json").document
    assert [(each["moved"], each["by"]) for each in document] == [(1, "letter")]
    (message,) = letters.lying(letters.urls["MessageTask"])
    assert (message["Body"], first_id(message)) == ("body", identity)
    told = {
        name: {"stringValue": value["StringValue"]} for name, value in message["MessageAttributes"].items()
    }
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": "r",
        "body": "body",
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "9999999999999"},
        "messageAttributes": told,
    }
    again = Message.of_record(record)
    assert (again.identity, again.sent_at is not None and again.sent_at < 9e9) == (identity, True)
    assert not letters.lying(letters.dead["MessageTask"])


def test_what_said_why_it_lay_there_does_not_come_along(letters: DeadLetterStage) -> None:
    letters.put("Notification", "body", reason="not-json", detail="why", sourceMessageId="m1", mine="kept")
    assert letters.run("redrive", "--all", "--yes").code == 0
    (message,) = letters.lying(letters.urls["Notification"])
    assert (first_id(message), set(message["MessageAttributes"])) == ("m1", {"originalMessageId", "mine"})


def test_only_what_is_wanted_is_put_back(letters: DeadLetterStage) -> None:
    wanted = letters.put("Notification", "a", reason="not-json")
    other = letters.put("Notification", "b", reason="not-json")
    letters.put("Notification", "c", reason="missing-payload")
    assert letters.run("redrive", "--id", wanted, "--yes").code == 0
    assert [each["Body"] for each in letters.lying(letters.urls["Notification"])] == ["a"]
    assert letters.run("redrive", "--queue", "notification", "--reason", "not-json", "--yes").code == 0
    assert {each["Body"] for each in letters.lying(letters.urls["Notification"])} == {"a", "b"}
    assert [each["Body"] for each in letters.lying(letters.dead["Notification"])] == ["c"]
    gone = letters.run("redrive", "--id", other, "--yes")
    assert (gone.code, other in gone.err) == (3, True)


def test_a_dry_run_only_says_what_would_be_done(letters: DeadLetterStage) -> None:
    letters.put("Notification", "a", reason="not-json")
    letters.put("Notification", "b")
    document = letters.run("redrive", "--all", "--dry-run", "--json").document
    assert [(each["would"], each["reasons"]) for each in document] == [
        (2, {"not-json": 1, "received-too-often": 1})
    ]
    assert len(letters.lying(letters.dead["Notification"])) == 2
    assert not letters.lying(letters.urls["Notification"])


def test_without_saying_which_nothing_is_put_back(letters: DeadLetterStage) -> None:
    letters.put("Notification", "a")
    assert (letters.run("redrive", "--yes").code, letters.run("redrive", "--all").code) == (2, 2)
    assert letters.run("redrive", "--all", typed=["n"]).code == 2
    assert not letters.lying(letters.urls["Notification"])


def test_what_fails_again_meanwhile_is_left(letters: DeadLetterStage) -> None:
    """A letter that its function rejects at once would go round for ever."""
    letters.put("MessageTask", "bad")

    def rejected(name: str) -> None:
        if name == "delete_message":
            letters.sqs.after = lambda name: None
            for message in letters.lying(letters.urls["MessageTask"]):
                letters.put("MessageTask", "bad", reason="request-form", originalMessageId=first_id(message))

    letters.sqs.after = rejected
    document = letters.run("redrive", "--queue", "message-task", "--yes", "--json").document
    assert [(each["moved"], each["failedAgain"]) for each in document] == [(1, 1)]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", ["receive_message", "send_message", "delete_message"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_killed_at_any_call_no_letter_is_lost(
    letters: DeadLetterStage, operation: str, when: str, nth: int
) -> None:
    bodies = [f"letter {number}" for number in range(4)]
    ids = {body: letters.put("MessageTask", body) for body in bodies}
    calls = 0

    def kill(name: str) -> None:
        nonlocal calls
        calls += name == operation
        if name == operation and calls == nth:
            raise Killed

    setattr(letters.sqs, when, kill)
    # The last receive of all is the third at the most; where there is none, nothing is killed.
    try:
        letters.run("redrive", "--queue", "message-task", "--yes", "--per-second", "500")
        killed = False
    except Killed:
        killed = True
    letters.sqs.before = letters.sqs.after = lambda name: None
    assert killed or (operation == "receive_message" and nth == 3)
    there = letters.lying(letters.urls["MessageTask"])
    found = {first_id(each): each["Body"] for each in there}
    left = letters.sqs.get_queue_attributes(QueueUrl=letters.dead["MessageTask"], AttributeNames=["All"])
    lying = sum(int(left["Attributes"][f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "NotVisible"))
    # One at the most is in both; and no first id came twice.
    assert len(bodies) <= len(found) + lying <= len(bodies) + 1
    assert (len(found), found) == (len(there), {ids[body]: body for body in found.values()})


def test_sqs_moves_a_whole_queue_where_it_can(
    letters: DeadLetterStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "wait", lambda seconds: False)
    letters.put("Notification", "a")
    letters.sqs.has_move_task = True
    letters.sqs.states = [
        {"Status": "RUNNING", "TaskHandle": "handle-1", "ApproximateNumberOfMessagesMoved": 0},
        {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 1},
    ]
    document = letters.run("redrive", "--all", "--yes", "--per-second", "7", "--json").document
    assert [(each["queue"], each["by"], each["moved"]) for each in document] == [("notification", "sqs", 1)]
    (task,) = letters.sqs.tasks
    assert task == {
        "SourceArn": "arn:aws:sqs:us-east-1:123456789012:Notification-dead",
        # Said, since SQS does not know where a letter came from that a function sent.
        "DestinationArn": "arn:aws:sqs:us-east-1:123456789012:Notification",
        "MaxNumberOfMessagesPerSecond": 7,
    }


def test_sqs_moves_nothing_whose_ids_are_derived(letters: DeadLetterStage) -> None:
    letters.put("MessageTask", "a")
    letters.sqs.has_move_task = True
    assert letters.run("redrive", "--queue", "message-task", "--yes").code == 0
    assert not letters.sqs.tasks
    assert len(letters.lying(letters.urls["MessageTask"])) == 1


def test_a_move_task_that_fails_or_is_interrupted(
    letters: DeadLetterStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters.put("Notification", "a")
    letters.sqs.has_move_task = True
    letters.sqs.states = [{"Status": "FAILED", "FailureReason": "AWS.SimpleQueueService.NonExistentQueue"}]
    finished = letters.run("redrive", "--all", "--yes")
    assert (finished.code, "NonExistentQueue" in finished.err) == (5, True)

    def interrupted(seconds: float) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(console, "wait", interrupted)
    letters.sqs.states = [{"Status": "RUNNING", "TaskHandle": "handle-1"}]
    assert letters.run("redrive", "--all", "--yes").code == 130
    assert letters.sqs.cancelled == ["handle-1"]


def test_a_production_stage_wants_its_name(letters: DeadLetterStage) -> None:
    letters.stage.configure(("removal_policy: retain", "removal_policy: retain\nproduction: true"))
    letters.put("MessageTask", "a")
    redrive = ("redrive", "--queue", "message-task", "--yes")
    refused = letters.run(*redrive)
    assert (refused.code, "--confirm=example" in refused.err) == (2, True)
    assert letters.run(*redrive, "--confirm", "another").code == 2
    assert letters.run(*redrive, typed=["wrong"]).code == 2
    assert not letters.lying(letters.urls["MessageTask"])
    assert letters.run("redrive", "--queue", "message-task", "--dry-run").code == 0
    assert letters.run(*redrive, typed=["example"]).code == 0
    letters.put("MessageTask", "b")
    assert letters.run("redrive", "--queue", "message-task", "--confirm=example").code == 0


def test_an_export_is_for_its_owner_alone_and_takes_nothing_away(
    letters: DeadLetterStage, tmp_path: Path
) -> None:
    identity = letters.put("Notification", "half a\ud7ff {", reason="not-json", detail="why")
    output = tmp_path / "letters.jsonl"
    finished = letters.run("export", "--queue", "notification", "--output", str(output), "--json")
    assert finished.document == {"output": str(output), "letters": 1, "withheld": 0, "deleted": 0}
    assert "buyers' data" in finished.err
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    (line,) = map(json.loads, output.read_text(encoding="utf-8").splitlines())
    assert (line["messageId"], line["body"], line["reason"]) == (identity, "half a\ud7ff {", "not-json")
    assert len(letters.lying(letters.dead["Notification"])) == 1
    again = letters.run("export", "--queue", "notification", "--output", str(output))
    assert (again.code, "there already" in again.err) == (4, True)
    piped = letters.run("export", "--queue", "notification")
    assert json.loads(piped.out)["body"] == "half a\ud7ff {"


def test_only_what_was_written_is_deleted(letters: DeadLetterStage, tmp_path: Path) -> None:
    letters.put("Notification", "bad", reason="not-json")
    letters.put("Notification", "good")
    output = tmp_path / "letters.jsonl"
    export = ("export", "--reason", "not-json", "--output", str(output), "--delete")
    assert letters.run(*export, typed=["n"]).code == 2
    assert len(letters.lying(letters.dead["Notification"])) == 2
    assert letters.run(*export, "--yes").code == 0
    assert [each["Body"] for each in letters.lying(letters.dead["Notification"])] == ["good"]
    assert letters.run("export", "--delete").code == 2


def test_a_pace_is_kept() -> None:
    clock = [0.0]
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(round(seconds, 6))
        clock[0] += seconds

    pace = steady(4, now=lambda: clock[0], wait=wait)
    for _ in range(3):
        pace()
    clock[0] += 10
    pace()
    pace()
    # A pause earns no burst beyond one letter.
    assert waits == [0.25, 0.25]


def test_an_event_that_the_bus_could_not_encrypt_goes_on_the_bus_again(letters: DeadLetterStage) -> None:
    bus = Bus()
    letters.stage.events = bus  # type: ignore[assignment]
    letters.stage.cloudformation.stacks[notifications()]["EventBusName"] = "bus"
    detail = {"eventId": "e1", "notificationId": "n1", "payload": {"Name": "\u00e4"}}
    event = {"id": "b1", "source": "sellerbus.notifications", "detail-type": "ORDER_CHANGE", "detail": detail}
    letters.put("Undeliverable", json.dumps(event))
    letters.sqs.has_move_task = True
    assert letters.run("redrive", "--all", "--yes").code == 0
    (entry,) = bus.entries
    assert (entry["EventBusName"], entry["Source"], entry["DetailType"]) == (
        "bus",
        "sellerbus.notifications",
        "ORDER_CHANGE",
    )
    assert bus.details == [detail]
    assert not letters.lying(letters.dead["Undeliverable"])


@pytest.mark.parametrize("refusal", ["no event", "InternalFailure"])
def test_an_event_that_the_bus_does_not_take_stays(letters: DeadLetterStage, refusal: str) -> None:
    bus = Bus()
    bus.refusals = {"n1": ["InternalFailure"]}
    letters.stage.events = bus  # type: ignore[assignment]
    letters.stage.cloudformation.stacks[notifications()]["EventBusName"] = "bus"
    event = {"source": "s", "detail-type": "t", "detail": {"notificationId": "n1"}}
    letters.put("Undeliverable", "nonsense" if refusal == "no event" else json.dumps(event))
    finished = letters.run("redrive", "--queue", "undeliverable", "--yes")
    assert (finished.code, refusal in finished.err) == (5, True)
    assert len(letters.lying(letters.dead["Undeliverable"])) == 1
