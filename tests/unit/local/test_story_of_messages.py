"""Each step of the story of messages falls short when what it claims isn't so."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local import message_scenes, story_of_messages
from local.commands import CommandError
from local.message_requests import GUIDES_ORDER, GUIDES_TEXT, OTHER_TYPES, REFUSED
from local.message_scenes import MessageScenes
from local.outcome import StoryError
from local.screen import Screen
from local.sending_messages import (
    GUIDES_NAME,
    LOST,
    LOST_OPERATION,
    MINUTES,
    ONCE_NOT_SENT,
    ONCE_SENT,
    OPEN_ORDERS,
    SAME_MESSAGE,
    SAME_TASK,
    SECOND,
    SHIPPED_ORDER,
    THIRD,
    TOO_LATE,
    WITH_TEMPLATE,
    hand_over,
)
from sellerbus.messaging.catalogue import MESSAGE_TYPES
from tests.unit.local.message_story import (
    FakeDeployment,
    ended_with,
    is_received,
    quiet_screen,
    said,
    scenes_of,
    stands,
)


@pytest.fixture
def deployment(tmp_path: Path) -> FakeDeployment:
    return FakeDeployment(tmp_path)


@pytest.fixture
def screen() -> Screen:
    return quiet_screen()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (message_scenes, story_of_messages):
        monkeypatch.setattr(module, "END_SECONDS", 0.0)
    monkeypatch.setattr(message_scenes, "EVENT_SECONDS", 0.0)


@pytest.fixture
def scenes(deployment: FakeDeployment) -> MessageScenes:
    """All is handed over."""
    found = scenes_of(deployment)
    with ThreadPoolExecutor(2) as pool:
        hand_over(found, quiet_screen(), pool)
    return found


def all_is_well(scenes: MessageScenes, deployment: FakeDeployment) -> None:
    """Every message has got to where the story wants it."""
    sent = [name for name in scenes.planned if name not in (*REFUSED, TOO_LATE, LOST, SAME_MESSAGE)]
    for name in sent:
        stands(scenes, name, "SENT", attempt={"number": 2 if name == ONCE_NOT_SENT else 1})
        if name != WITH_TEMPLATE:
            is_received(scenes, name)
    text = f"When may we deliver order {OPEN_ORDERS[SECOND]}? It takes the driver {MINUTES} minutes."
    is_received(scenes, WITH_TEMPLATE, text=text)
    is_received(scenes, SAME_MESSAGE)
    same = f"event-{scenes.same_message_ids[1]}"
    deployment.aws.rows[same] = {"taskId": same, "sellerId": SECOND, "state": "SENT"}
    for rule in REFUSED:
        stands(scenes, rule, "REFUSED", findings=[finding(rule), finding("language", "warning")])
    stands(scenes, TOO_LATE, "NOT_ALLOWED", reason="not offered", allowed=["legalDisclosure", "warranty"])
    stands(scenes, LOST, "UNCERTAIN", reason="no answer")
    is_received(scenes, LOST)
    deployment.simulator.journal.append({"operation": LOST_OPERATION, "sellerId": THIRD})
    deployment.commands.does = lambda: stands(scenes, LOST, "SENT")


def finding(rule: str, severity: str = "error") -> dict[str, str]:
    return {"rule": rule, "field": "text", "text": "words", "severity": severity}


def test_all_is_handed_over_in_its_way(deployment: FakeDeployment, scenes: MessageScenes) -> None:
    requested = [json.loads(event["Detail"]) for event in deployment.aws.events]
    assert {event["DetailType"] for event in deployment.aws.events} == {"MessageRequested"}
    assert {event["Source"] for event in deployment.aws.events} == {"sellerbus.messages"}
    by_event = {request.get("taskId") for request in requested}
    by_queue = [request["taskId"] for request in deployment.aws.sent]
    assert by_queue.count(scenes.task_id(SAME_TASK)) == 2
    assert [request.get("taskId") for request in requested].count(None) == 2
    others = set(scenes.planned) - {GUIDES_NAME, WITH_TEMPLATE, SAME_MESSAGE}
    assert {scenes.task_id(name) for name in others} == {*by_queue, *by_event} - {None}
    assert deployment.aws.groups == [request["sellerId"] for request in deployment.aws.sent]
    guides = next(command for command in deployment.commands.commands if GUIDES_ORDER in command)
    assert f"--text {GUIDES_TEXT} " in guides
    assert "example.txt" in guides
    assert {cut["cut"] for _, cut in deployment.simulator.faults} == {"after", "before"}
    assert "offered" not in deployment.simulator.orders[SHIPPED_ORDER]


def test_an_attachment_is_pointed_at_by_its_version_and_the_forgotten_one_is_not_there(
    deployment: FakeDeployment, scenes: MessageScenes
) -> None:
    requests = [*deployment.aws.sent, *(json.loads(event["Detail"]) for event in deployment.aws.events)]
    pointers = {
        pointer["key"]: pointer
        for request in requests
        for pointer in request.get("attachments", ())
        if pointer["key"].startswith(f"attachments/{request['sellerId']}/")
    }
    forgotten = {key for key, pointer in pointers.items() if "versionId" not in pointer}
    assert len(forgotten) == 1
    assert pointers.keys() - forgotten == {key for key in deployment.aws.objects if "attachments/" in key}


def test_there_is_a_message_of_each_type() -> None:
    types = {asked.message_type for asked in OTHER_TYPES} | {"confirmCustomizationDetails"}
    assert types == set(MESSAGE_TYPES)


def test_the_whole_story_is_counted(
    deployment: FakeDeployment, scenes: MessageScenes, screen: Screen
) -> None:
    all_is_well(scenes, deployment)

    for check in (
        story_of_messages.check_lost_answer,
        story_of_messages.check_types,
        story_of_messages.check_same,
        story_of_messages.check_refused,
        story_of_messages.check_not_allowed,
        story_of_messages.check_guides,
        story_of_messages.check_template,
        story_of_messages.check_once,
    ):
        check(scenes, screen)
    tell_all(deployment, scenes)
    story_of_messages.check_all(scenes, screen)

    numbers = scenes.counts.numbers()
    wanted = {
        "messages_sent": 15,
        "messages_refused": len(REFUSED),
        "messages_not_allowed": 1,
        "messages_uncertain": 1,
        "settled_by_person": 1,
        "settled_by_itself": 2,
        "message_types_sent": 9,
        "rules_refused": len(REFUSED),
        "lost_answer_in_outbox": 1,
        "lost_answer_calls": 1,
        "same_task_in_outbox": 1,
        "same_message_in_outbox": 1,
        "in_outbox": 15,
        "attachments_received": 6,
        "events": 15 + len(REFUSED) + 2,
    }
    assert {name: numbers[name] for name in wanted} == wanted
    assert "legalDisclosure, warranty" in said(screen)


def tell_all(deployment: FakeDeployment, scenes: MessageScenes) -> None:
    for row in scenes.rows.values():
        deployment.aws.is_told(message_scenes.KINDS[row["state"]], row["taskId"])
    deployment.aws.is_told("MessageUncertain", scenes.task_id(LOST))


Change = Callable[[MessageScenes, FakeDeployment], object]
Check = Callable[[MessageScenes, Screen], None]


def outbox_without(text_of: str) -> Change:
    def change(scenes: MessageScenes, deployment: FakeDeployment) -> None:
        text = scenes.planned[text_of].asked.fields.get("text")
        messages = deployment.simulator.messages
        messages[:] = [message for message in messages if message["text"] != text]

    return change


def spoil_files(scenes: MessageScenes, deployment: FakeDeployment) -> None:
    for message in deployment.simulator.messages:
        for attachment in message["attachments"]:
            attachment["sha256"] = "0" * 64


def leave_unrendered(_: MessageScenes, deployment: FakeDeployment) -> None:
    for message in deployment.simulator.messages:
        if (message["text"] or "").startswith("When may we deliver"):
            message["text"] = "When may we deliver order {orderId}?"


def call_again(_: MessageScenes, deployment: FakeDeployment) -> None:
    deployment.simulator.journal *= 2


@pytest.mark.parametrize(
    ("check", "change", "complaint"),
    [
        (
            story_of_messages.check_types,
            lambda scenes, _: stands(scenes, "type-invoice", "ACCEPTED"),
            "should be SENT",
        ),
        (story_of_messages.check_types, outbox_without("type-confirmOrderDetails"), "once, but has 0"),
        (
            story_of_messages.check_types,
            lambda scenes, _: is_received(scenes, "type-confirmOrderDetails"),
            "once, but has 2",
        ),
        (story_of_messages.check_types, spoil_files, "should have got the files"),
        (story_of_messages.check_guides, spoil_files, "should have got the files"),
        (
            story_of_messages.check_refused,
            lambda scenes, _: stands(scenes, "html", "REFUSED", findings=[finding("link")]),
            "refused for other rules",
        ),
        (
            story_of_messages.check_refused,
            lambda scenes, _: is_received(scenes, "html"),
            "buyers got what was refused",
        ),
        (
            story_of_messages.check_not_allowed,
            lambda scenes, _: stands(scenes, TOO_LATE, "NOT_ALLOWED", reason="no", allowed=[]),
            "what is allowed",
        ),
        (
            story_of_messages.check_not_allowed,
            lambda scenes, _: is_received(scenes, TOO_LATE),
            "the order does not take",
        ),
        (story_of_messages.check_same, lambda scenes, _: is_received(scenes, SAME_TASK), "has 2 of it"),
        (story_of_messages.check_same, lambda scenes, _: is_received(scenes, SAME_MESSAGE), "has 2 of it"),
        (
            story_of_messages.check_same,
            lambda scenes, deployment: deployment.aws.rows.pop(f"event-{scenes.same_message_ids[1]}"),
            "one should have ended",
        ),
        (
            story_of_messages.check_template,
            leave_unrendered,
            "template's text once",
        ),
        (story_of_messages.check_lost_answer, call_again, "sent 2 times"),
        (story_of_messages.check_lost_answer, outbox_without(LOST), "there 0 times"),
        (
            story_of_messages.check_lost_answer,
            lambda scenes, _: stands(scenes, LOST, "SENT"),
            "should be UNCERTAIN",
        ),
        (
            story_of_messages.check_lost_answer,
            lambda _, deployment: setattr(deployment.commands, "does", None),
            "should be SENT",
        ),
        (
            story_of_messages.check_once,
            lambda scenes, _: stands(scenes, ONCE_SENT, "SENT", attempt={"number": 2}),
            "at attempt 1",
        ),
        (
            story_of_messages.check_once,
            lambda scenes, _: stands(scenes, ONCE_NOT_SENT, "UNCERTAIN"),
            "should be SENT",
        ),
    ],
)
def test_what_is_otherwise_falls_short(
    deployment: FakeDeployment,
    scenes: MessageScenes,
    screen: Screen,
    check: Check,
    change: Change,
    complaint: str,
) -> None:
    all_is_well(scenes, deployment)
    change(scenes, deployment)

    with pytest.raises(StoryError, match=complaint):
        check(scenes, screen)


def test_a_command_that_fails_is_no_part_of_the_story(
    deployment: FakeDeployment, scenes: MessageScenes, screen: Screen
) -> None:
    all_is_well(scenes, deployment)
    scenes.commands[GUIDES_NAME] = ended_with(2)

    with pytest.raises(CommandError):
        story_of_messages.check_guides(scenes, screen)


def keep_text(scenes: MessageScenes, deployment: FakeDeployment) -> None:
    deployment.aws.rows[scenes.task_id(SAME_TASK)]["notes"] = [
        f"said: {scenes.planned[SAME_TASK].asked.fields['text']}"
    ]


def keep_content(scenes: MessageScenes, deployment: FakeDeployment) -> None:
    deployment.aws.rows[scenes.task_id(SAME_TASK)]["content"] = {"coverageEndDate": "2028"}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            lambda scenes, deployment: deployment.aws.is_told("MessageFailed", scenes.task_id(SAME_TASK)),
            "should have told",
        ),
        (
            lambda scenes, deployment: deployment.aws.is_told(
                "MessageSent", scenes.task_id(SAME_TASK), event_id="another"
            ),
            "should have told",
        ),
        (lambda _, deployment: deployment.aws.queue.clear(), "should have told"),
        (lambda scenes, _: is_received(scenes, SAME_TASK), "buyers got 2 messages"),
        (keep_text, "still in the table"),
        (keep_content, "still in the table"),
    ],
)
def test_an_end_told_otherwise_and_a_text_that_is_kept_fall_short(
    deployment: FakeDeployment, scenes: MessageScenes, screen: Screen, change: Change, complaint: str
) -> None:
    stands(scenes, SAME_TASK, "SENT")
    stands(scenes, LOST, "REFUSED")
    is_received(scenes, SAME_TASK)
    scenes.rows = {name: deployment.aws.rows[scenes.task_id(name)] for name in (SAME_TASK, LOST)}
    tell_all(deployment, scenes)
    change(scenes, deployment)

    with pytest.raises(StoryError, match=complaint):
        story_of_messages.check_all(scenes, screen)


def test_a_bus_that_refuses_a_request_is_an_error(deployment: FakeDeployment, scenes: MessageScenes) -> None:
    deployment.aws.refuses = True
    request: dict[str, Any] = {}

    with pytest.raises(RuntimeError, match="Throttled"):
        scenes.tasks.request(request)
