"""What becomes of a task at each answer of Amazon's; what is sent is counted on the wire."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from urllib3.exceptions import NewConnectionError

from sellerbus.api.operations import GET_MESSAGING_ACTIONS_FOR_ORDER
from sellerbus.messaging.steps import TryLaterError, seconds_until_next_try
from sellerbus.messaging.task import Attempt, MessageState
from sellerbus.sellers.rows import SellerError
from tests.unit.api.wire import reply
from tests.unit.documents.wire import Answer as Stored
from tests.unit.messaging.message_scene import (
    BUCKET,
    FUNCTION_SECONDS,
    NOW,
    ORDER,
    SELLER,
    TEXT,
    Amazon,
    Behaviour,
    Scene,
)

NOT_ALLOWED = {
    "errors": [{"code": "Unauthorized", "message": "Invalid amazonOrderId and template combination."}]
}


def raising(error: Exception) -> Behaviour:
    return lambda _: error


def no_connection() -> Exception:
    refused = requests.ConnectionError()
    refused.args = (type("Pool", (), {"reason": NewConnectionError(None, "refused")})(),)  # type: ignore[arg-type]
    return refused


def carried_out(answer: Behaviour) -> Behaviour:
    """Amazon sends the message, and what comes back is another thing."""

    def behaviour(amazon: Amazon) -> Any:
        amazon.deliver()
        return answer(amazon)

    return behaviour


def test_a_message_is_sent_by_one_call_and_told() -> None:
    scene = Scene()
    task = scene.accepted()
    step = scene.send(task)
    task = scene.task(task)
    assert (step.wait_seconds, step.state, task.state) == (None, MessageState.SENT, MessageState.SENT)
    assert scene.amazon.inbox == [("confirmOrderDetails", {"text": TEXT})]
    assert [name for name, _, _ in scene.amazon.sent] == ["attributes", "actions", "send"]
    ((detail_type, detail),) = scene.told
    assert detail_type == "MessageSent"
    assert (detail["taskId"], detail["sentAt"], detail["attempts"]) == (task.task_id, task.sent_at, 1)
    assert (task.content, task.untold, task.sweep, task.sweep_at) == (None, None, None, None)
    assert task.expires_at == NOW + 100 * 86_400
    assert scene.counted == {"MessagesAccepted": 1, "MessagesSent": 1}


def test_a_message_that_was_sent_is_not_sent_by_another_delivery() -> None:
    scene = Scene()
    task = scene.accepted()
    for _ in range(3):
        scene.send(task)
    assert scene.amazon.count("send") == 1
    assert scene.types_told() == ["MessageSent"]


def test_attachments_are_uploaded_and_named_in_the_body() -> None:
    scene = Scene()
    key = scene.attach()
    task = scene.accepted(messageType="confirmCustomizationDetails", attachments=[{"key": key}])
    scene.send(task)
    body = {"text": TEXT, "attachments": [{"uploadDestinationId": "upload-1", "fileName": "example.txt"}]}
    assert scene.amazon.inbox == [("confirmCustomizationDetails", body)]
    _, path, query = next(each for each in scene.amazon.sent if each[0] == "destination")
    assert path.endswith(f"/messaging/v1/orders/{ORDER}/messages/confirmCustomizationDetails")
    assert query["marketplaceIds"] == ["ATVPDKIKX0DER"]
    assert [sent.body for sent in scene.storage.sent] == [b"An example."]
    assert scene.task(task).uploads == ()


@pytest.mark.parametrize(("required", "listed"), [(["attachments"], {"attachments": []}), ([], {})])
def test_an_empty_list_of_attachments_is_sent_where_the_order_asks_for_the_list(
    required: list[str], listed: dict[str, object]
) -> None:
    scene = Scene()
    scene.amazon.offer("confirmCustomizationDetails", required=["rawMessageBody", *required])
    scene.send(scene.accepted(messageType="confirmCustomizationDetails"))
    assert scene.amazon.inbox == [("confirmCustomizationDetails", {"text": TEXT, **listed})]


def test_what_was_uploaded_is_used_again_by_the_next_try() -> None:
    scene = Scene()
    task = scene.accepted(messageType="invoice", text=None, attachments=[{"key": scene.attach("i.txt")}])
    scene.amazon.script["send"] = [lambda _: reply(429)]
    step = scene.send(task)
    assert (step.state, scene.task(task).uploads[0]["uploadDestinationId"]) == ("ACCEPTED", "upload-1")
    scene.clock.now += step.wait_seconds or 0
    scene.send(task)
    assert (scene.task(task).state, scene.amazon.destinations) == ("SENT", 1)


def test_what_was_uploaded_too_long_ago_is_uploaded_anew() -> None:
    scene = Scene()
    task = scene.accepted(messageType="invoice", text=None, attachments=[{"key": scene.attach("i.txt")}])
    scene.amazon.script["send"] = [lambda _: reply(429)]
    scene.send(task)
    scene.clock.now += 900
    scene.send(task)
    assert scene.amazon.inbox[0][1]["attachments"][0]["uploadDestinationId"] == "upload-2"


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        (lambda _: reply(500), "UNCERTAIN"),
        (lambda _: reply(503, b"<html>"), "UNCERTAIN"),
        (lambda _: reply(200, {}), "UNCERTAIN"),
        (lambda _: reply(302), "UNCERTAIN"),
        (lambda _: reply(201, b"{"), "UNCERTAIN"),
        (raising(requests.ReadTimeout()), "UNCERTAIN"),
        (raising(requests.ConnectionError("reset")), "UNCERTAIN"),
        (lambda _: reply(201, b""), "SENT"),
        (lambda _: reply(400, {"errors": [{"message": "no"}]}), "REFUSED"),
        (lambda _: reply(404), "REFUSED"),
        (lambda _: reply(413), "REFUSED"),
        (lambda _: reply(415), "REFUSED"),
        (lambda _: reply(403, {"errors": [{"message": "Access denied"}]}), "FAILED"),
        (lambda _: reply(403, NOT_ALLOWED), "NOT_ALLOWED"),
        (lambda _: reply(429), "ACCEPTED"),
    ],
)
def test_each_answer_ends_the_task_as_it_must_after_one_call(answer: Behaviour, after: str) -> None:
    scene = Scene()
    task = scene.accepted()
    scene.amazon.script["send"] = [answer]
    step = scene.send(task)
    assert scene.task(task).state == after
    assert scene.amazon.count("send") == 1
    assert (step.wait_seconds is not None) == (after == "ACCEPTED")
    told = {"ACCEPTED": []}.get(after, [f"Message{after.title().replace('_A', 'A')}"])
    assert scene.types_told() == told


@pytest.mark.parametrize("error", [requests.ConnectTimeout(), no_connection()])
def test_what_was_never_sent_is_tried_again(error: Exception) -> None:
    scene = Scene()
    task = scene.accepted()
    scene.amazon.script["send"] = [raising(error)] * 10
    step = scene.send(task)
    assert (scene.task(task).state, scene.types_told()) == ("ACCEPTED", [])
    scene.amazon.script.clear()
    scene.clock.now += step.wait_seconds or 0
    scene.send(task)
    assert (scene.task(task).state, len(scene.amazon.inbox)) == ("SENT", 1)


def test_a_lost_answer_is_never_followed_by_another_call() -> None:
    scene = Scene()
    task = scene.accepted()
    scene.amazon.script["send"] = [carried_out(raising(requests.ReadTimeout()))]
    for _ in range(5):
        scene.send(task)
        scene.clock.now += 3600
    assert (scene.amazon.count("send"), len(scene.amazon.inbox)) == (1, 1)
    found = scene.task(task)
    assert found.state == "UNCERTAIN"
    assert found.content is not None
    assert scene.counted["MessagesUncertain"] == 1
    ((_, detail),) = scene.told
    assert "ReadTimeout" in detail["reason"]


def test_a_throttled_call_is_made_again_by_another_attempt_when_its_time_has_come() -> None:
    scene = Scene()
    task = scene.accepted()
    scene.amazon.script["send"] = [lambda _: reply(429, Retry_After="40")]
    step = scene.send(task)
    found = scene.task(task)
    assert (found.state, found.attempts, scene.counted["MessagesThrottled"]) == ("ACCEPTED", 1, 1)
    assert step.wait_seconds is not None
    assert step.wait_seconds >= 40
    assert found.waits is not None
    assert "quota" in found.waits["reason"]
    scene.clock.now += step.wait_seconds
    scene.send(task)
    assert (scene.task(task).state, scene.task(task).attempts) == ("SENT", 2)
    assert len(scene.amazon.inbox) == 1


def test_not_allowed_tells_what_the_order_offers_now() -> None:
    scene = Scene()
    task = scene.accepted()

    def refuse(amazon: Amazon) -> requests.Response:
        amazon.actions.pop("invoice")
        return reply(403, NOT_ALLOWED)

    scene.amazon.script["send"] = [refuse]
    scene.send(task)
    found = scene.task(task)
    assert (found.state, found.allowed) == ("NOT_ALLOWED", ("confirmCustomizationDetails",))
    assert found.reason is not None
    assert "order's state" in found.reason
    assert scene.told[0][1]["allowed"] == ["confirmCustomizationDetails"]


def test_not_allowed_is_kept_though_the_order_can_not_be_looked_at_again() -> None:
    scene = Scene()
    task = scene.accepted()
    scene.amazon.script["send"] = [lambda _: reply(403, NOT_ALLOWED)]
    scene.amazon.script["actions"] = [
        lambda amazon: reply(200, {"_embedded": {"actions": list(amazon.actions.values())}}),
        *[lambda _: reply(500)] * 10,
    ]
    scene.send(task)
    found = scene.task(task)
    assert (found.state, found.allowed) == ("NOT_ALLOWED", ("confirmCustomizationDetails", "invoice"))


def test_what_the_order_does_not_offer_is_not_sent() -> None:
    scene = Scene()
    task = scene.accepted(messageType="unexpectedProblem")
    scene.send(task)
    found = scene.task(task)
    assert (found.state, scene.amazon.count("send")) == ("NOT_ALLOWED", 0)
    assert found.allowed == ("confirmOrderDetails", "confirmCustomizationDetails", "invoice")


def test_what_is_disabled_is_not_sent_and_amazons_reason_is_told() -> None:
    scene = Scene()
    scene.amazon.offer("unexpectedProblem", disabled=True, disabledReason="The order is old.")
    task = scene.accepted(messageType="unexpectedProblem")
    scene.send(task)
    found = scene.task(task)
    assert found.state == "NOT_ALLOWED"
    assert str(found.reason).endswith("Amazon says: The order is old.")


def test_an_order_that_offers_nothing_says_so() -> None:
    scene = Scene()
    scene.amazon.script["actions"] = [lambda _: reply(200, {"_links": {"actions": []}, "_embedded": {}})]
    task = scene.accepted()
    scene.send(task)
    assert scene.task(task).allowed == ()
    assert scene.told[0][1]["allowed"] == []


@pytest.mark.parametrize("name", ["actions", "attributes"])
def test_an_order_of_which_amazon_says_so_by_a_refusal_offers_nothing(name: str) -> None:
    scene = Scene()
    scene.amazon.script["actions"] = [lambda _: reply(403, NOT_ALLOWED)]
    scene.amazon.script[name] = [lambda _: reply(403, NOT_ALLOWED)]
    task = scene.accepted()
    scene.send(task)
    found = scene.task(task)
    assert (found.state, found.allowed, scene.amazon.count("send")) == ("NOT_ALLOWED", (), 0)
    assert scene.told[0][1]["allowed"] == []


def test_another_refusal_of_the_look_fails() -> None:
    scene = Scene()
    scene.amazon.script["actions"] = [lambda _: reply(403, {"errors": [{"message": "Access denied"}]})]
    task = scene.accepted()
    scene.send(task)
    assert (scene.task(task).state, scene.task(task).allowed) == ("FAILED", None)


@pytest.mark.parametrize("name", ["createNegativeFeedbackRemoval", "CreateAmazonMotors"])
@pytest.mark.parametrize("is_offered", [True, False])
def test_a_withdrawn_type_ends_with_its_reason_whatever_the_order_lists(name: str, is_offered: bool) -> None:
    scene = Scene()
    if is_offered:
        scene.amazon.offer({"CreateAmazonMotors": "amazonMotors"}.get(name, "negativeFeedbackRemoval"))
    task = scene.accepted(messageType=name)
    scene.send(task)
    found = scene.task(task)
    assert (found.state, found.allowed, scene.amazon.sent) == ("NOT_ALLOWED", None, [])
    assert "Amazon has withdrawn" in str(found.reason)
    assert scene.types_told() == ["MessageNotAllowed"]


def test_a_hidden_type_may_be_named() -> None:
    scene = Scene()
    scene.amazon.offer("confirmOrderDetails", **{"x-ui-hidden": True})
    task = scene.accepted()
    scene.send(task)
    assert scene.task(task).state == "SENT"


def test_all_findings_are_told_at_once_and_nothing_is_called() -> None:
    scene = Scene()
    task = scene.accepted(text="<b>Write to me@example.com</b>" + "x" * 900)
    scene.send(task)
    found = scene.task(task)
    assert (found.state, scene.amazon.count("send")) == ("REFUSED", 0)
    rules = {finding["rule"] for finding in found.findings}
    assert {"text-too-long", "html", "email-address"} <= rules
    assert scene.told[0][1]["findings"] == [dict(each) for each in found.findings]
    assert "me@example.com" not in json.dumps(scene.told)


def test_warnings_are_told_of_a_message_that_was_sent() -> None:
    scene = Scene()
    task = scene.accepted(text="Please see https://example.com/colours for the colours.")
    scene.send(task)
    assert scene.task(task).state == "SENT"
    assert [each["rule"] for each in scene.told[0][1]["findings"]] == ["link"]


def test_an_attachment_that_is_gone_by_now_refuses_the_message() -> None:
    scene = Scene()
    key = scene.attach("i.txt")
    task = scene.accepted(messageType="invoice", text=None, attachments=[{"key": key}])
    scene.s3.objects.clear()
    scene.send(task)
    found = scene.task(task)
    assert found.state == "REFUSED"
    assert [(each["rule"], each["field"]) for each in found.findings] == [
        ("attachment-not-found", "attachments[0]")
    ]


def test_a_template_is_filled_in_the_buyers_language() -> None:
    scene = Scene()
    scene.amazon.locale = "de-DE"
    template = {
        "messageType": "confirmOrderDetails",
        "texts": {"en-US": "Order {orderId}, colour {colour}?", "de-DE": "Farbe {colour} zu {orderId}?"},
        "placeholders": ["colour"],
    }
    scene.s3.objects[(BUCKET, "templates/colour.json")] = json.dumps(template).encode()
    task = scene.accepted(text=None, template={"name": "colour", "values": {"colour": "blau"}})
    scene.send(task)
    assert scene.amazon.inbox == [("confirmOrderDetails", {"text": f"Farbe blau zu {ORDER}?"})]


def test_a_template_that_is_not_there_refuses_the_message() -> None:
    scene = Scene()
    task = scene.accepted(text=None, template={"name": "colour"})
    scene.send(task)
    found = scene.task(task)
    assert (found.state, found.findings[0]["rule"]) == ("REFUSED", "template-unknown")


def test_a_task_waits_for_its_booked_turn_and_takes_it() -> None:
    scene = Scene()
    tasks = [scene.accepted(text=f"{TEXT} {number}") for number in range(6)]
    operation = GET_MESSAGING_ACTIONS_FOR_ORDER
    # Others of the seller's are before them.
    key = (operation.key, SELLER)
    scene.throttle.reserve(key, rate=1.0, burst=5, count=40, most_seconds=60)
    waits = [scene.send(task).wait_seconds or 0 for task in tasks]
    assert scene.amazon.sent == []
    # Each has a turn of its own, a second after the one before.
    assert [after - before for before, after in itertools.pairwise(waits)] == [1] * 5
    assert waits[0] > 30
    for task, wait in zip(tasks, waits, strict=True):
        scene.clock.now = max(scene.clock.now, NOW + wait)
        assert scene.send(task).wait_seconds is None
    assert {scene.task(task).state for task in tasks} == {"SENT"}
    assert scene.amazon.count("actions") == 6


def test_a_booked_turn_is_kept_where_the_locale_can_not_be_asked() -> None:
    scene = Scene()
    task = scene.accepted()
    scene.amazon.script["attributes"] = [lambda _: reply(500)] * 10
    step = scene.send(task)
    assert step.wait_seconds is not None
    booking = scene.task(task).booking
    assert booking is not None
    assert booking["count"] == 1
    scene.amazon.script.clear()
    scene.clock.now += step.wait_seconds
    scene.send(task)
    assert (scene.task(task).state, scene.amazon.count("actions")) == ("SENT", 1)


def test_no_call_is_made_in_too_little_time() -> None:
    scene = Scene()
    task = scene.accepted()
    assert scene.send(task, 40).wait_seconds == 1
    assert (scene.amazon.count("send"), scene.task(task).state) == (0, "ACCEPTED")


def test_no_call_is_made_where_writing_the_gate_took_too_long() -> None:
    scene = Scene()
    task = scene.accepted()

    def slow(name: str, call: Callable[[], Any]) -> Any:
        answer = call()
        if name == "write" and scene.task(task).state == "SENDING":
            scene.clock.now += 20
        return answer

    scene.around = slow
    scene.send(task)
    assert (scene.amazon.count("send"), scene.task(task).state) == (0, "ACCEPTED")


def test_a_live_lease_hides_the_task_until_it_ends_and_an_expired_one_is_a_lost_answer() -> None:
    scene = Scene()
    task = scene.accepted()
    left = scene.store.change(
        scene.task(task), state=MessageState.SENDING, attempt=an_attempt(lease_until=NOW + 90)
    )
    step = scene.send(left)
    assert (step.wait_seconds, scene.amazon.sent) == (90, [])
    scene.clock.now += 90
    scene.send(left)
    assert (scene.task(task).state, scene.amazon.sent) == ("UNCERTAIN", [])


def test_the_lease_outlasts_the_function() -> None:
    scene = Scene()
    task = scene.accepted()
    scene.send(task)
    attempt = scene.task(task).attempt
    assert attempt is not None
    assert attempt.lease_until >= NOW + FUNCTION_SECONDS + 30


def test_what_waits_too_long_fails_with_what_it_waited_for() -> None:
    scene = Scene()
    task = scene.accepted()
    scene.amazon.script["actions"] = [lambda _: reply(500)] * 5000
    for _ in range(2000):
        step = scene.send(task)
        if step.wait_seconds is None:
            break
        scene.clock.now += step.wait_seconds
    found = scene.task(task)
    assert found.state == "FAILED"
    assert "24 hours: getMessagingActionsForOrder does not answer well" in str(found.reason)
    assert scene.types_told() == ["MessageFailed"]
    assert scene.counted["MessagesFailed"] == 1
    # The less often, the longer it has been tried in vain.
    assert len([name for name, _, _ in scene.amazon.sent if name == "actions"]) < 2000


def test_an_order_that_amazon_does_not_know_is_refused_in_amazons_words() -> None:
    scene = Scene()
    scene.amazon.script["actions"] = [lambda _: reply(404, {"errors": [{"message": "No such order."}]})]
    task = scene.accepted()
    scene.send(task)
    found = scene.task(task)
    assert (found.state, "No such order." in str(found.reason)) == ("REFUSED", True)


def test_a_seller_that_can_not_be_called_for_ends_the_task() -> None:
    scene = Scene()
    task = scene.accepted()
    scene.end(MessageState.FAILED, f"seller {SELLER} is revoked")
    scene.send(task)
    assert scene.task(task).state == "FAILED"


def test_a_revoked_authorisation_fails() -> None:
    scene = Scene()
    scene.lwa.script = [reply(400, {"error": "invalid_grant"})]
    task = scene.accepted()
    scene.send(task)
    assert scene.task(task).state == "FAILED"


def test_missing_credentials_are_waited_for() -> None:
    scene = Scene()
    scene.lwa.script = [reply(401, {"error": "invalid_client"})]
    task = scene.accepted()
    step = scene.send(task)
    assert (scene.task(task).state, step.wait_seconds) == ("ACCEPTED", 300)


def test_amazons_words_never_quote_the_message() -> None:
    scene = Scene()
    told = {"errors": [{"code": "InvalidInput", "message": f"The text '{TEXT}' is not good"}]}
    scene.amazon.script["send"] = [lambda _: reply(400, told)]
    task = scene.accepted()
    scene.send(task)
    assert TEXT not in str(scene.task(task).reason)
    assert "is not good" in str(scene.task(task).reason)


@pytest.mark.parametrize("quoted", [slice(None), slice(40, None), slice(0, 300)])
def test_a_quotation_that_is_cut_short_is_none_either(quoted: slice) -> None:
    scene = Scene()
    # One line, longer than what is kept of Amazon's words; and lines that come joined.
    text = (
        " ".join(f"Colour {number} or {number * 7}?" for number in range(35))
        + "\nThank you for\nyour answer!"
    )
    told = {"errors": [{"code": "InvalidInput", "message": f"Not good: '{' '.join(text[quoted].split())}'"}]}
    scene.amazon.script["send"] = [lambda _: reply(400, told)]
    task = scene.accepted(text=text)
    scene.send(task)
    reason = str(scene.task(task).reason)
    assert "InvalidInput: Not good: '[of the message]" in reason
    assert not [part for part in windows(text, 12) if part in reason + repr(scene.told)]


def test_what_a_template_became_is_not_quoted() -> None:
    scene = Scene()
    template = {"messageType": "confirmOrderDetails", "texts": {"en-US": "Which colour, blue or {colour}?"}}
    template["placeholders"] = ["colour"]
    scene.s3.objects[(BUCKET, "templates/colour.json")] = json.dumps(template).encode()
    told = {"errors": [{"message": "Not good: Which colour, blue or red?"}]}
    scene.amazon.script["send"] = [lambda _: reply(400, told)]
    task = scene.accepted(text=None, template={"name": "colour", "values": {"colour": "red"}})
    scene.send(task)
    assert "Not good: [of the message]" in str(scene.task(task).reason)


def windows(text: str, size: int) -> list[str]:
    """All parts of a text of a length."""
    line = " ".join(text.split())
    return [line[start : start + size] for start in range(len(line) - size)]


def test_a_token_that_can_not_be_read_at_the_call_is_nothing_that_was_sent() -> None:
    scene = Scene()
    task = scene.accepted()
    of_seller = scene.of_seller

    def unreadable(*given: Any) -> None:
        raise SellerError("the refresh token of the seller cannot be decrypted")

    def seller(seller_id: str) -> Any:
        found = of_seller(seller_id)
        api = found.sending(scene.remaining)
        sending = SimpleNamespace(book_sending=api.book_sending, send=unreadable)
        return SimpleNamespace(messages=found.messages, uploads=found.uploads, sending=lambda _: sending)

    scene.of_seller = seller  # type: ignore[method-assign]
    step = scene.send(task)
    assert (scene.task(task).state, step.wait_seconds, scene.told) == ("ACCEPTED", 300, [])


@pytest.mark.parametrize(
    "later",
    [TryLaterError("fault"), TryLaterError("429", 1.0), TryLaterError("paused", mend=True)],
    ids=["fault", "throttled", "mend"],
)
def test_the_receives_of_the_queue_last_for_the_longest_time_that_is_tried(later: TryLaterError) -> None:
    tried, receives = 0.0, 0
    while tried < 168 * 3600:
        tried += seconds_until_next_try(later, tried)
        receives += 1
    # SQS gives a message up after 1000.
    assert receives < 800


def test_a_refused_upload_fails_without_the_files_name() -> None:
    scene = Scene()
    scene.storage.answers = [Stored(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")]
    key = scene.attach("secret-name.txt")
    task = scene.accepted(messageType="invoice", text=None, attachments=[{"key": key}])
    scene.send(task)
    found = scene.task(task)
    assert (found.state, scene.amazon.count("send")) == ("FAILED", 0)
    assert "SignatureDoesNotMatch" in str(found.reason)
    assert "secret-name" not in repr(found) + repr(scene.told)


def test_a_row_that_is_not_there_is_done_with() -> None:
    assert Scene().send("nobody").state is None


def test_a_task_whose_content_was_erased_fails() -> None:
    scene = Scene()
    task = scene.store.change(scene.accepted(), content=None)
    scene.send(task)
    assert "erased" in str(scene.task(task).reason)
    assert scene.task(task).state == "FAILED"


def an_attempt(**changes: Any) -> Attempt:
    return Attempt(
        **{
            "token": "mine",
            "number": 1,
            "looked_at": NOW,
            "started_at": NOW,
            "lease_until": NOW + 100,
            **changes,
        }
    )
