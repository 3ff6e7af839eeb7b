"""`sellerbus messages list|show|settle|cancel`: what is told of tasks, and what a person decides."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import pytest

from sellerbus.messaging.task import Attempt, MessageState, iso
from tests.unit.ops.aws import DeployedStage, Finished, in_a_terminal, table_width
from tests.unit.ops.message_stage import ORDER, SELLER, STAGE, TEXT, MessageStage, message, sent

LIST = ("messages", "list", "--stage", STAGE)
TIMES = {each.name: time.time() - 600 for each in fields(Attempt) if each.type == "float"}
LOST = Attempt(token="token", number=1, **TIMES)
WARNING = {"rule": "language", "field": "text", "severity": "warning", "text": "seems to be English"}
ERROR = {"rule": "html", "field": "text", "severity": "error", "text": "has HTML", "limit": "none"}


@pytest.fixture
def messages(stage: DeployedStage) -> MessageStage:
    found = MessageStage(stage)
    found.deploy()
    return found


def uncertain(messages: MessageStage, task_id: str = "m-1", **changes: Any) -> None:
    given = {"state": MessageState.UNCERTAIN, "reason": "the answer was lost", "attempt": LOST}
    messages.put(message(task_id, **{**given, **changes}))


def words(finished: Finished) -> str:
    return " ".join((finished.out + finished.err).split())


def ids(finished: Finished) -> list[str]:
    return [row["taskId"] for row in finished.document]


def test_tasks_are_listed_the_newest_first(messages: MessageStage) -> None:
    now = time.time()
    messages.put(message("old", created_at=iso(now - 900)))
    messages.put(sent("new", created_at=iso(now - 10), seller_id="A9OTHERSELLER"))
    messages.put(sent("middle", created_at=iso(now - 100), message_type="invoice"))
    every = messages.stage.run(*LIST, "--json")
    assert ids(every) == ["new", "middle", "old"]
    assert ids(messages.stage.run(*LIST, "--json", "--seller", SELLER)) == ["middle", "old"]
    assert ids(messages.stage.run(*LIST, "--json", "--state", "sent", "--limit", "1")) == ["new"]
    assert ids(messages.stage.run(*LIST, "--json", "--type", "sendInvoice")) == ["middle"]
    assert ids(messages.stage.run(*LIST, "--json", "--since", "5m")) == ["new", "middle"]
    assert ids(messages.stage.run(*LIST, "--json", "--order", "111-1111111-1111111")) == []
    for arguments in (("--state", "GONE"), ("--type", "greeting"), ("--since", "soon")):
        assert messages.stage.run(*LIST, *arguments).code == 2


def test_other_rows_of_the_table_are_no_tasks(messages: MessageStage) -> None:
    messages.put(message())
    messages.stage.client("dynamodb").put_item(
        TableName="messages",
        Item={"pk": {"S": "orders/A/B"}, "sk": {"S": "recent"}, "readAt": {"S": "now"}},
    )
    assert ids(messages.stage.run(*LIST, "--json")) == ["m-1"]


def test_the_list_tells_the_state_and_why(messages: MessageStage, monkeypatch: pytest.MonkeyPatch) -> None:
    messages.put(message("refused", state=MessageState.REFUSED, content=None, findings=(ERROR,)))
    messages.put(sent("warned", findings=(WARNING,)))
    by_amazon = "createWarranty: 400 InvalidInput: the attachment is no document that can be read by anybody"
    messages.put(message("by-amazon", state=MessageState.REFUSED, content=None, reason=by_amazon))
    told = messages.stage.run(*LIST).out
    assert "REFUSED: html" in told
    assert "InvalidInput" in told
    assert "anybody" not in told
    assert "SENT (warning: language)" in told
    for columns in (80, 120):
        in_a_terminal(monkeypatch, columns)
        assert table_width(messages.stage.run(*LIST).out) <= columns


def test_nothing_to_list(messages: MessageStage) -> None:
    assert "no such task" in messages.stage.run(*LIST).err
    unknown = messages.stage.run(*LIST, "--seller", "A9UNKNOWN")
    assert (unknown.code, "A9UNKNOWN is not in" in unknown.err) == (3, True)


def test_everything_is_shown_of_a_task_but_the_message(messages: MessageStage) -> None:
    messages.put(
        message(
            waits={"reason": "for its turn at getMessagingActionsForOrder", "until": time.time() + 90},
            findings=(WARNING,),
            notes=("the order was looked at twice",),
        )
    )
    finished = messages.stage.run("messages", "show", "m-1", "--stage", STAGE)
    assert finished.code == 0
    told = words(finished)
    for each in (
        "ACCEPTED", "for its turn", "in 1 min", ORDER, SELLER, "seems to be English", "looked at twice",
        f"a text of {len(TEXT)} characters", "messages cancel m-1",
    ):  # fmt: skip
        assert each in told
    assert TEXT not in told
    document = messages.stage.run("messages", "show", "m-1", "--stage", STAGE, "--json").document
    assert (document["state"], document["contentKept"]) == ("ACCEPTED", True)
    assert document["waitsFor"] == "for its turn at getMessagingActionsForOrder"
    assert "content" not in document


def test_the_message_is_shown_where_it_is_asked_for(messages: MessageStage) -> None:
    attachment = {"key": "k", "fileName": "example.txt", "sizeBytes": 5}
    template = {"name": "late", "values": {"days": "three"}}
    messages.put(message("text", content={"text": TEXT, "attachments": [attachment]}))
    messages.put(message("template", content={"template": template}))
    messages.put(sent("gone"))
    show = ("messages", "show", "--stage", STAGE, "--content")
    assert TEXT in messages.stage.run(*show, "text").out
    assert "example.txt (5 bytes)" in messages.stage.run(*show, "text").out
    assert "three" in messages.stage.run(*show, "template").out
    assert messages.stage.run(*show, "template", "--json").document["content"] == {"template": template}
    gone = messages.stage.run(*show, "gone")
    assert (gone.code, "not kept any more" in gone.err) == (0, True)


def test_what_a_terminal_obeys_is_not_shown(messages: MessageStage) -> None:
    messages.put(message(content={"text": "a\x1b[2Jb"}))
    finished = messages.stage.run("messages", "show", "m-1", "--stage", STAGE, "--content")
    assert "\x1b" not in finished.out


def test_an_unknown_task(messages: MessageStage) -> None:
    for command in ("show", "cancel", "settle"):
        finished = messages.stage.run("messages", command, "m-9", "--stage", STAGE)
        assert (finished.code, "no message task m-9" in finished.err) == (3, True)
        assert "MessageTaskDeadLetterQueueUrl" in finished.err


@pytest.mark.parametrize(
    ("state", "advice"),
    [
        (MessageState.SENDING, "nothing yet"),
        (MessageState.UNCERTAIN, "--send-again"),
        (MessageState.REFUSED, "hand it over again"),
        (MessageState.NOT_ALLOWED, f"messages actions {ORDER} --seller {SELLER} --marketplace US"),
        (MessageState.FAILED, "read the reason"),
    ],
)
def test_each_state_has_its_advice(messages: MessageStage, state: MessageState, advice: str) -> None:
    messages.put(message(state=state))
    assert advice in messages.stage.run("messages", "show", "m-1", "--stage", STAGE).out


@pytest.mark.parametrize(
    ("changes", "said", "unsaid"),
    [
        (
            {"state": "FAILED", "decision": "give-up", "attempt": LOST},
            ("the buyer may have it", "--force", "Seller Central"),
            ("nothing was sent",),
        ),
        ({"state": "REFUSED", "decision": "send-again", "attempt": LOST}, ("may have it", "--force"), ()),
        (
            {"state": "FAILED", "decision": "cancel"},
            ("a person cancelled it", "nothing was sent", "if it was meant so"),
            ("given up", "gave it up", "mend its cause"),
        ),
        ({"state": "FAILED", "decision": "cancel", "attempt": LOST}, ("nothing was sent",), ("may have",)),
        (
            {"state": "FAILED", "decision": "cancel", "attempt": LOST, "notes": ("it is sent again",)},
            ("may have it", "--force"),
            ("nothing was sent",),
        ),
        (
            {"state": "FAILED", "reason": f"seller {SELLER} is not in the registry"},
            ("does not know the seller", f"sellers add {SELLER} --stage {STAGE} --marketplaces US"),
            ("given up",),
        ),
        ({"state": "FAILED", "reason": "403"}, ("could not be sent", "mend its cause"), ("given up",)),
        (
            {"state": "NOT_ALLOWED", "message_type": "negativeFeedbackRemoval"},
            ("has withdrawn", "take another type"),
            ("when the order allows it",),
        ),
        ({"state": "NOT_ALLOWED"}, ("when the order allows it",), ("withdrawn",)),
        (
            {"state": "REFUSED", "reason": "getMessagingActionsForOrder: 404 NotFound: no such order"},
            ("check the order id, the marketplace", f"({ORDER}, US, {SELLER})"),
            (),
        ),
        ({"state": "REFUSED", "reason": "text: has 404 signs"}, ("correct",), ("check the order id",)),
        (
            {"waits": {"reason": f"seller {SELLER} is paused"}},
            (f"sellers resume {SELLER} --stage {STAGE}", "cancel m-1"),
            (),
        ),
        ({"waits": {"reason": "for its turn"}}, ("cancel m-1",), ("resume",)),
    ],
)
def test_what_happened_is_told_and_what_can_be_done_about_that(
    messages: MessageStage, changes: dict[str, Any], said: tuple[str, ...], unsaid: tuple[str, ...]
) -> None:
    state = MessageState(changes.get("state", "ACCEPTED"))
    messages.put(message(**{**changes, "state": state}))
    told = words(messages.stage.run("messages", "show", "m-1", "--stage", STAGE))
    assert [each for each in said if each not in told] == []
    assert [each for each in unsaid if each in told] == []


def test_what_is_erased_can_not_be_sent_again(messages: MessageStage) -> None:
    uncertain(messages, content=None)
    told = messages.stage.run("messages", "show", "m-1", "--stage", STAGE).out
    assert "--give-up" in told
    assert "--send-again" not in told
    again = messages.stage.run("messages", "settle", "m-1", "--stage", STAGE, "--send-again", "--yes")
    assert (again.code, "not kept any more" in again.err) == (2, True)
    assert messages.stage.lambdas.calls == []


def answering(messages: MessageStage, answer: Mapping[str, Any]) -> None:
    messages.stage.lambdas.answers["operate-message-na"] = lambda request: answer


def test_without_a_decision_an_uncertain_task_is_explained(messages: MessageStage) -> None:
    uncertain(messages)
    finished = messages.stage.run("messages", "settle", "m-1", "--stage", STAGE)
    assert finished.code == 5
    assert "the answer was lost" in finished.out
    assert "Seller Central" in finished.out
    assert "--sent, --send-again or --give-up" in finished.err
    as_json = messages.stage.run("messages", "settle", "m-1", "--stage", STAGE, "--json")
    assert (as_json.code, as_json.document["state"]) == (5, "UNCERTAIN")


@pytest.mark.parametrize(
    ("option", "state"), [("sent", "SENT"), ("send-again", "ACCEPTED"), ("give-up", "FAILED")]
)
def test_a_decision_is_confirmed_and_carried_out(messages: MessageStage, option: str, state: str) -> None:
    uncertain(messages)
    answering(messages, {"state": state})
    settle = ("messages", "settle", "m-1", "--stage", STAGE, f"--{option}")
    assert messages.stage.run(*settle).code == 2
    assert messages.stage.run(*settle, typed=["n"]).code == 2
    assert messages.stage.lambdas.calls == []
    finished = messages.stage.run(*settle, typed=["y"])
    assert (finished.code, f"Task m-1: {state}" in finished.out) == (0, True)
    request = {"request": "settle", "taskId": "m-1", "decision": option}
    assert messages.stage.lambdas.calls == [("operate-message-na", request)]
    as_json = messages.stage.run(*settle, "--yes", "--json").document
    assert as_json == {"taskId": "m-1", "state": state, "decision": option}


def test_a_decision_may_be_repeated_without_a_question(messages: MessageStage) -> None:
    messages.put(message(decision="send-again"))
    answering(messages, {"state": "ACCEPTED"})
    assert messages.stage.run("messages", "settle", "m-1", "--stage", STAGE, "--send-again").code == 0
    other = messages.stage.run("messages", "settle", "m-1", "--stage", STAGE, "--sent", "--yes")
    assert (other.code, "nothing to decide" in other.err) == (2, True)
    assert len(messages.stage.lambdas.calls) == 1


def test_only_one_decision_is_taken(messages: MessageStage) -> None:
    finished = messages.stage.run("messages", "settle", "m-1", "--stage", STAGE, "--sent", "--give-up")
    assert (finished.code, "one decision" in finished.err) == (2, True)


def test_a_task_is_cancelled(messages: MessageStage) -> None:
    messages.put(message())
    answering(messages, {"state": "FAILED"})
    cancel = ("messages", "cancel", "m-1", "--stage", STAGE)
    assert "is cancelled" in messages.stage.run(*cancel).out
    assert messages.stage.run(*cancel, "--json").document == {"taskId": "m-1", "state": "FAILED"}
    assert messages.stage.lambdas.calls[0][1] == {"request": "cancel", "taskId": "m-1"}


def test_what_can_not_be_cancelled(messages: MessageStage) -> None:
    messages.put(sent())
    cancel = ("messages", "cancel", "m-1", "--stage", STAGE)
    ended = messages.stage.run(*cancel)
    assert (ended.code, "has ended already, SENT" in ended.err) == (2, True)
    uncertain(messages)
    assert "messages settle m-1" in messages.stage.run(*cancel).err
    assert messages.stage.lambdas.calls == []
    messages.put(message(state=MessageState.SENDING))
    answering(messages, {"error": {"kind": "busy", "message": "it is being sent", "seconds": 90}})
    busy = messages.stage.run(*cancel)
    assert (busy.code, "in about 1 min" in busy.err) == (1, True)
    answering(messages, {"error": {"kind": "wrong-state", "message": "it is SENT"}})
    assert messages.stage.run(*cancel).code == 2
    # Cancelled before: asking again is no mistake.
    messages.put(message(state=MessageState.FAILED, decision="cancel"))
    answering(messages, {"state": "FAILED"})
    assert messages.stage.run(*cancel).code == 0


def test_a_task_that_is_in_two_regions(messages: MessageStage) -> None:
    messages.deploy("eu")
    messages.put(message())
    messages.put(replace(message(), region="eu"), "eu")
    show = ("messages", "show", "m-1", "--stage", STAGE)
    assert (messages.stage.run(*show).code, "na and eu" in messages.stage.run(*show).err) == (2, True)
    assert messages.stage.run(*show, "--region", "eu", "--json").document["region"] == "eu"
    assert len(messages.stage.run(*LIST, "--json").document) == 2
