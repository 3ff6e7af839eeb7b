"""`sellerbus messages send`: what is checked here, what is handed over, and how it is followed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from ops import console, message_files
from ops.message_drafts import Draft
from ops.message_findings import as_given
from ops.message_handing import Door
from ops.message_send import unhappy
from sellerbus.messaging.finding import Finding
from sellerbus.messaging.task import MessageState
from tests.unit.ops.aws import DeployedStage, Finished, in_a_terminal, table_width
from tests.unit.ops.feed_stage import steps
from tests.unit.ops.message_stage import BUCKET, ORDER, SELLER, STAGE, TEXT, TYPE, US, MessageStage, message

SEND = (
    "messages", "send", "--stage", STAGE, "--seller", SELLER, "--order", ORDER, "--marketplace", "US",
)  # fmt: skip
WORDS = (*SEND, "--type", TYPE, "--text", TEXT)
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50


@pytest.fixture
def messages(stage: DeployedStage, monkeypatch: pytest.MonkeyPatch) -> MessageStage:
    found = MessageStage(stage)
    found.deploy()
    found.add_seller()
    monkeypatch.setattr(console, "wait", steps(found.take_up))
    return found


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "Name of the buyer.png"
    file.write_bytes(PNG)
    return file


def words(finished: Finished) -> str:
    return " ".join((finished.out + finished.err).split())


def test_a_message_is_handed_over_to_the_queue_and_becomes_a_task(messages: MessageStage) -> None:
    finished = messages.stage.run(*WORDS, "--task-id", "gift-1", "--json")
    assert finished.code == 0
    assert messages.requests == [
        {
            "taskId": "gift-1",
            "sellerId": SELLER,
            "marketplaceId": "US",
            "amazonOrderId": ORDER,
            "messageType": TYPE,
            "text": TEXT,
        }
    ]
    told = finished.document
    assert (told["taskId"], told["state"], told["handedOver"]) == ("gift-1", "ACCEPTED", True)
    assert (told["marketplaceId"], told["contentKept"]) == (US, True)
    # So that one seller's thousand messages don't hold up another's.
    assert messages.groups == [SELLER]


def test_without_an_id_the_task_is_called_after_its_message(messages: MessageStage) -> None:
    finished = messages.stage.run(*WORDS)
    assert finished.code == 0
    task_id = finished.out.split()[1].rstrip(":")
    assert task_id.startswith("sqs-")
    assert messages.store().get(task_id).amazon_order_id == ORDER
    assert f"Next: bin/sellerbus messages show {task_id}" in finished.out


def test_the_text_is_shown_nowhere(messages: MessageStage) -> None:
    for finished in (
        messages.stage.run(*WORDS),
        messages.stage.run(*WORDS, "--json", "--wait", "--timeout", "0"),
    ):
        assert TEXT not in finished.out + finished.err


def test_the_text_may_be_a_file_or_piped_in(messages: MessageStage, tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_bytes(b"\xef\xbb\xbfIt was packed today.\r\n\r\nYours\r\n")
    assert messages.stage.run(*SEND, "--type", TYPE, "--text-file", str(file)).code == 0
    assert messages.stage.run(*SEND, "--type", TYPE, "--text-file", "-", piped="Packed.\n").code == 0
    assert [each["text"] for each in messages.requests] == ["It was packed today.\n\nYours", "Packed."]
    both = messages.stage.run(*WORDS, "--text-file", str(file))
    assert (both.code, "not both" in both.err) == (2, True)
    file.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in messages.stage.run(*SEND, "--type", TYPE, "--text-file", str(file)).err
    assert messages.stage.run(*SEND, "--type", TYPE, "--text-file", str(tmp_path)).code == 2


def test_attachments_are_uploaded_under_keys_that_tell_nothing(messages: MessageStage, picture: Path) -> None:
    arguments = ("--type", "confirmCustomizationDetails", "--text", TEXT, "--attach", str(picture))
    assert messages.stage.run(*SEND, *arguments).code == 0
    (request,) = messages.requests
    (attachment,) = request["attachments"]
    assert attachment["fileName"] == picture.name
    assert attachment["key"].startswith(f"attachments/{SELLER}/")
    assert "buyer" not in attachment["key"]
    assert messages.objects() == {attachment["key"]: PNG}
    s3 = messages.stage.client("s3")
    head = s3.head_object(Bucket=BUCKET.format("na"), Key=attachment["key"])
    assert attachment["versionId"] == head["VersionId"]


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (("--type", TYPE), "text-missing"),
        (("--type", TYPE, "--text", "x" * 2001), "text-too-long"),
        (("--type", TYPE, "--text", "<b>Hello</b> there"), "html"),
        (("--type", TYPE, "--text", "Write to me@example.com"), "email-address"),
        (("--type", "warranty"), "attachments-missing"),
        (("--type", "legalDisclosure", "--text", "Hello"), "text-not-taken"),
        (("--type", "updateFeedback", "--text", "Hello"), "type-withdrawn"),
        (("--type", "greeting", "--text", "Hello"), "request-form"),
        (("--type", TYPE, "--text", "Hello", "--order", "17"), "request-form"),
        (("--type", TYPE, "--text", "Hello", "--task-id", "-x"), "request-form"),
        (("--type", TYPE, "--text", "Hello", "--coverage-start", "2026-01-01"), "coverage-not-taken"),
    ],
)
def test_what_would_be_refused_does_not_leave_this_machine(
    messages: MessageStage, arguments: tuple[str, ...], rule: str
) -> None:
    messages.stage.cloudformation.fault = "NothingShallBeCalled"
    finished = messages.stage.run(*SEND, *arguments)
    assert finished.code == 2
    assert rule in finished.out
    assert "was not handed over" in finished.err
    as_json = messages.stage.run(*SEND, *arguments, "--json").document
    assert as_json["handedOver"] is False
    assert rule in [each["rule"] for each in as_json["refused"]["findings"]]


def test_findings_fit_their_terminal(messages: MessageStage, monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in (80, 120):
        in_a_terminal(monkeypatch, columns)
        finished = messages.stage.run(*SEND, "--type", TYPE, "--text", "<b>me@example.com</b>" * 200)
        assert table_width(finished.out) <= columns


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--marketplace", "XX"), "no marketplace"),
        (("--marketplace", "JP"), "has no region fe"),
        (("--value", "name=x"), "--value goes with --template"),
        (("--value", "nothing"), "name=value"),
        (("--attach", "no-such-file.png"), "cannot be read"),
    ],
)
def test_wrong_input_is_refused(messages: MessageStage, arguments: tuple[str, ...], told: str) -> None:
    finished = messages.stage.run(*WORDS, *arguments)
    assert finished.code == 2
    assert told in words(finished)
    assert messages.requests == []


def test_a_file_that_is_too_large_is_refused_and_not_held(messages: MessageStage, tmp_path: Path) -> None:
    file = tmp_path / "large.txt"
    with file.open("wb") as out:
        out.truncate(10_000_000)
    finished = messages.stage.run(*SEND, "--type", "invoice", "--attach", str(file))
    assert (finished.code, "attachments-too-large" in finished.out) == (2, True)


def test_a_seller_that_the_stage_does_not_work_for(messages: MessageStage) -> None:
    unknown = messages.stage.run(*WORDS, "--seller", "A9UNKNOWN")
    assert (unknown.code, "A9UNKNOWN is not in" in unknown.err) == (3, True)
    assert messages.stage.run("sellers", "pause", SELLER, "--stage", STAGE).code == 0
    paused = messages.stage.run(*WORDS)
    assert (paused.code, f"{SELLER} is paused" in paused.err) == (2, True)
    assert messages.requests == []


def test_without_the_right_to_read_sellers_the_stage_checks_them(messages: MessageStage) -> None:
    real = messages.stage.client

    def client(service: str, region: str = "na") -> Any:
        return _NoRegistry(real(service, region)) if service == "dynamodb" else real(service, region)

    messages.stage.client = client  # type: ignore[method-assign]
    finished = messages.stage.run(*WORDS)
    assert (finished.code, "checked by the stage" in words(finished)) == (0, True)


class _NoRegistry:
    """DynamoDB for somebody who may read the table of messages, and not that of sellers."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_item(self, **request: Any) -> Any:
        if request["TableName"] == "sellers":
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetItem")
        return self._client.get_item(**request)


def test_the_same_id_with_the_same_message_is_the_first_task(messages: MessageStage) -> None:
    first = messages.stage.run(*WORDS, "--task-id", "gift-1", "--json")
    second = messages.stage.run(*WORDS, "--task-id", "gift-1", "--json")
    assert (first.document["handedOver"], second.document["handedOver"]) == (True, False)
    assert len(messages.requests) == 1
    # Forcing it would not help: the id is taken.
    assert "--force" not in messages.stage.run(*WORDS, "--task-id", "gift-1").out
    other = messages.stage.run(*WORDS, "--task-id", "gift-1", "--text", "Another text")
    assert (other.code, "another message" in other.err) == (4, True)
    assert len(messages.requests) == 1


def test_the_same_message_within_a_day_is_not_handed_over_again(messages: MessageStage) -> None:
    first = messages.stage.run(*WORDS, "--json").document
    second = messages.stage.run(*WORDS, "--json").document
    assert (second["handedOver"], second["taskId"]) == (False, first["taskId"])
    assert len(messages.requests) == 1
    assert "--force sends it once more" in messages.stage.run(*WORDS).out
    forced = messages.stage.run(*WORDS, "--force", "--json").document
    assert (forced["handedOver"], forced["taskId"] == first["taskId"]) == (True, False)
    assert [each.get("force") for each in messages.requests] == [None, True]
    # SQS may have taken a forced one twice: by its id it is one task all the same.
    assert messages.requests[1]["taskId"].startswith("cli-")
    # One that was refused was not sent: it may be handed over again.
    for task_id in (first["taskId"], forced["taskId"]):
        messages.store().change(messages.store().get(task_id), state=MessageState.REFUSED)
    assert messages.stage.run(*WORDS, "--json").document["handedOver"] is True


def test_who_is_second_by_a_moment_is_told_of_the_first(
    messages: MessageStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = messages.stage.client("sqs")
    url = messages.stage.cloudformation.stacks[f"sellerbus-{STAGE}-na-tasks"]["MessageTaskQueueUrl"]

    def another_first() -> None:
        (body,) = [each.body for each in messages.waiting()]
        for _ in range(2):
            client.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=SELLER)
        messages.take_up()

    monkeypatch.setattr(console, "wait", steps(another_first, lambda: None))
    finished = messages.stage.run(*WORDS, "--json")
    assert (finished.code, finished.document["handedOver"]) == (0, False)


def test_an_id_that_somebody_takes_meanwhile(messages: MessageStage, monkeypatch: pytest.MonkeyPatch) -> None:
    client = messages.stage.client("sqs")
    url = messages.stage.cloudformation.stacks[f"sellerbus-{STAGE}-na-tasks"]["MessageTaskQueueUrl"]

    def another_first() -> None:
        (body,) = [each.body for each in messages.waiting()]
        other = body.replace(TEXT, "Somebody else's text")
        client.send_message(QueueUrl=url, MessageBody=other, MessageGroupId=SELLER)
        messages.take_up()
        client.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=SELLER)
        messages.take_up()

    monkeypatch.setattr(console, "wait", steps(another_first, lambda: None))
    finished = messages.stage.run(*WORDS, "--task-id", "gift-1")
    assert (finished.code, "another message" in finished.err) == (4, True)


def test_what_nobody_takes_up_is_not_lost(messages: MessageStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "wait", lambda seconds: False)
    finished = messages.stage.run(*WORDS)
    assert finished.code == 5
    assert "don't hand it over again yet" in words(finished)


@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [
        ({"state": MessageState.SENT, "sent_at": "2026-11-04T12:00:00+00:00"}, 0, "SENT"),
        ({"state": MessageState.NOT_ALLOWED, "allowed": ("confirmOrderDetails",)}, 1, "ended NOT_ALLOWED"),
        ({"state": MessageState.UNCERTAIN, "reason": "the answer was lost"}, 5, "a person decides"),
        ({"waits": {"reason": "for its turn", "until": 4_000_000_000}}, 5, "has not ended within 15 minutes"),
    ],
)
def test_a_task_is_followed_to_its_end(
    messages: MessageStage, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], code: int, told: str
) -> None:
    monkeypatch.setattr(console, "wait", steps(lambda: messages.take_up(**changes)))
    finished = messages.stage.run(*WORDS, "--wait")
    assert finished.code == code
    assert told in words(finished)


def test_findings_of_a_refused_task_are_told(messages: MessageStage, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = {"rule": "language", "field": "text", "severity": "error", "text": "is not in German"}
    changes: dict[str, Any] = {"state": MessageState.REFUSED, "reason": "text: no", "findings": (finding,)}
    monkeypatch.setattr(console, "wait", steps(lambda: messages.take_up(**changes)))
    finished = messages.stage.run(*WORDS, "--wait")
    assert (finished.code, "is not in German" in finished.out) == (1, True)


def test_who_stops_waiting_is_told_that_it_goes_on(
    messages: MessageStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(console, "wait", steps(messages.take_up, interrupt))
    finished = messages.stage.run(*WORDS, "--wait")
    assert (finished.code, "goes on by itself" in finished.err) == (130, True)
    monkeypatch.setattr(console, "wait", steps(interrupt))
    finished = messages.stage.run(*WORDS, "--force")
    assert (finished.code, "all the same" in finished.err) == (130, True)


@pytest.mark.parametrize("cause", [KeyboardInterrupt(), ReadTimeoutError(endpoint_url="https://sqs")])
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "Send it again, without --force: within 24 hours"),
        (("--task-id", "mine"), "If it was, it is task mine"),
        (("--force",), "If it was, it is task cli-"),
    ],
)
def test_who_cannot_know_whether_it_was_handed_over_is_told_what_is_safe(
    messages: MessageStage,
    monkeypatch: pytest.MonkeyPatch,
    cause: BaseException,
    options: tuple[str, ...],
    told: str,
) -> None:
    def hand_in(door: Door, draft: Draft) -> str:
        raise cause

    monkeypatch.setattr(Door, "hand_in", hand_in)
    finished = messages.stage.run(*WORDS, *options)
    assert finished.code == (130 if isinstance(cause, KeyboardInterrupt) else 1)
    assert told in " ".join(finished.err.split())


def test_findings_name_the_files_and_options_that_were_given(
    messages: MessageStage, picture: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.pdf"
    empty.touch()
    attached = ("--attach", str(picture), "--attach", str(empty))
    finished = messages.stage.run(*SEND, "--type", "confirmCustomizationDetails", *attached)
    told = "".join(re.sub(r"[│┃\s]", "", finished.out).split())
    assert finished.code == 2
    assert "empty-attachment" in told
    assert "attachments[" not in finished.out
    for option in ("--text,", "--text-file", "--template"):
        assert option in finished.out
    # What else is wrong is told with what can't be read.
    gone = messages.stage.run(
        *SEND, "--type", "confirmCustomizationDetails", *attached, "--attach", str(tmp_path / "gone.pdf")
    )
    assert (gone.code, "gone.pdf cannot be read" in gone.err) == (2, True)
    assert "empty-attachment" in gone.out
    assert "text-missing" in gone.out
    assert messages.requests == []


def test_files_go_by_their_paths_in_findings(picture: Path) -> None:
    files = (message_files.read(picture),)
    found = as_given([Finding("attachment-name", "attachments[0].fileName", "as attachments[1]")], files)
    assert (found[0]["field"], found[0]["text"]) == (str(picture), "as attachments[1]")


def test_what_is_uncertain_in_the_end_leads_to_the_decision() -> None:
    told = unhappy(message(state=MessageState.UNCERTAIN), STAGE, 15)
    assert f"messages settle m-1 --stage {STAGE}" in told


def test_a_state_and_its_reason_are_told_once(
    messages: MessageStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = {"state": MessageState.FAILED, "reason": "the seller is gone"}
    monkeypatch.setattr(console, "wait", steps(lambda: messages.take_up(**ends)))
    finished = messages.stage.run(*WORDS, "--wait")
    told = finished.out + finished.err
    assert finished.code == 1
    assert told.count("the seller is gone") == 1
    assert "ACCEPTED" not in finished.out


def test_a_paused_seller_can_be_resumed(messages: MessageStage) -> None:
    assert messages.stage.run("sellers", "pause", SELLER, "--stage", STAGE).code == 0
    paused = messages.stage.run(*WORDS)
    assert f"bin/sellerbus sellers resume {SELLER} --stage {STAGE}" in words(paused)
