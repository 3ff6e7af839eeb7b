"""The Messaging and Uploads APIs on the wire: the requests of Amazon's use case guide to the letter, and
answers that are not as the models say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from sellerbus.api import operations
from sellerbus.api.booking import Booking
from sellerbus.api.client import SellingPartnerClient
from sellerbus.api.errors import OutcomeUnknownError, RetryableError, ThrottledError, UnauthorizedError
from sellerbus.api.lwa import SellerGrant, TokenCache
from sellerbus.api.messaging import SENDING, MessageAttachment, MessagingApi, message_body, upload_resource
from sellerbus.api.pacing import Pace
from sellerbus.api.throttle import LocalThrottle
from sellerbus.api.uploads import UploadsApi, content_md5
from tests.unit.api.test_client import Credentials
from tests.unit.api.wire import Scripted, Sent, Time, Wire, reply

SELLER = SellerGrant("A1", lambda: "Atzr|A1", "v1")
ORDER = "902-6786204-8179805"
US, BR = "ATVPDKIKX0DER", "A2Q3Y263D00KWC"
NA = "https://sellingpartnerapi-na.amazon.com"
ACTIONS = {"_links": {"actions": [], "self": {"href": "/"}}, "_embedded": {"actions": []}}
DESTINATION: dict[str, Any] = {
    "uploadDestinationId": "u-1",
    "url": "https://s3.amazonaws.com/bucket/%2F067/u-1?X-Amz-Signature=5ec2e7",
    "headers": {"Content-MD5": "1jnGuPv7xwPiat6NesKL/w==", "x-amz-server-side-encryption": "aws:kms"},
}


class Scene:
    def __init__(self, *script: Scripted | Callable[[Sent], Scripted]) -> None:
        self.time, self.wire = Time(), Wire(list(script))
        lwa = Wire([reply(200, {"access_token": "token", "expires_in": 3600})])
        pace = Pace(clock=self.time.clock, sleep=self.time.sleep, chance=lambda: 1.0)
        self.client = SellingPartnerClient(
            endpoint=NA,
            session=self.wire.session(),
            tokens=TokenCache(
                endpoint="https://lwa.test/token",
                session=lwa.session(),
                credentials=Credentials(),
                pace=pace,
            ),
            throttle=LocalThrottle(self.time.clock),
            pace=pace,
            remaining_seconds=self.time.remaining,
        )
        self.messaging = MessagingApi(self.client, SELLER)
        self.uploads = UploadsApi(self.client, SELLER)

    @property
    def sent(self) -> Sent:
        (sent,) = self.wire.sent
        return sent


def test_the_guides_first_request_lists_the_orders_actions() -> None:
    it = Scene(reply(200, ACTIONS))
    assert it.messaging.actions(ORDER, US) == ACTIONS
    assert (it.sent.method, it.sent.body) == ("GET", "")
    assert it.sent.url == f"{NA}/messaging/v1/orders/902-6786204-8179805?marketplaceIds=ATVPDKIKX0DER"


def test_the_guides_second_request_makes_an_upload_destination() -> None:
    it = Scene(reply(201, {"payload": DESTINATION}))
    resource = upload_resource("invoice", "7XX-5XXXXX-8XXXXXX")
    made = it.uploads.create_destination(resource, BR, "qCcR3o+U0FUR1+gXhApNfQ==")
    assert (it.sent.method, it.sent.body) == ("POST", "")
    assert it.sent.url == (
        f"{NA}/uploads/2020-11-01/uploadDestinations/messaging/v1/orders/7XX-5XXXXX-8XXXXXX/messages/invoice"
        "?marketplaceIds=A2Q3Y263D00KWC&contentMD5=qCcR3o%2BU0FUR1%2BgXhApNfQ%3D%3D"
    )
    assert (made.destination_id, made.url, made.headers) == (
        DESTINATION["uploadDestinationId"], DESTINATION["url"], DESTINATION["headers"],
    )  # fmt: skip
    assert "5ec2e7" not in repr(made)
    assert "1jnGuPv7" not in repr(made)


def test_the_guides_third_request_sends_the_message() -> None:
    it = Scene(reply(201, {}))
    text = "This is the message from the seller to the buyer that will appear in the email to the buyer."
    attachment = MessageAttachment("4370d51b-2954-445c-9f30-EXAMPLE6b9de", "example.txt")
    it.messaging.send(
        "confirmCustomizationDetails", ORDER, US, message_body(text=text, attachments=[attachment])
    )
    assert it.sent.method == "POST"
    assert it.sent.url == (
        f"{NA}/messaging/v1/orders/902-6786204-8179805/messages/confirmCustomizationDetails"
        "?marketplaceIds=ATVPDKIKX0DER"
    )
    assert json.loads(it.sent.body) == {
        "text": text,
        "attachments": [
            {"uploadDestinationId": "4370d51b-2954-445c-9f30-EXAMPLE6b9de", "fileName": "example.txt"}
        ],
    }
    assert it.sent.headers["Content-Type"] == "application/json"


def test_every_type_has_an_operation_of_its_own() -> None:
    assert {name: operation.name for name, operation in SENDING.items()} == {
        "confirmCustomizationDetails": "confirmCustomizationDetails",
        "confirmDeliveryDetails": "createConfirmDeliveryDetails",
        "legalDisclosure": "createLegalDisclosure",
        "confirmOrderDetails": "createConfirmOrderDetails",
        "confirmServiceDetails": "createConfirmServiceDetails",
        "warranty": "CreateWarranty",
        "digitalAccessKey": "createDigitalAccessKey",
        "unexpectedProblem": "createUnexpectedProblem",
        "invoice": "sendInvoice",
    }


@pytest.mark.parametrize("message_type", SENDING)
def test_a_type_is_sent_to_its_own_path(message_type: str) -> None:
    it = Scene(reply(201, b""))
    it.messaging.send(message_type, ORDER, US, {})
    assert urlsplit(it.sent.url).path == f"/messaging/v1/orders/{ORDER}/messages/{message_type}"
    assert f"/{upload_resource(message_type, ORDER)}" == urlsplit(it.sent.url).path


@pytest.mark.parametrize("name", ["sendInvoice", "CreateWarranty", "negativeFeedbackRemoval", ""])
def test_what_no_operation_sends_is_a_defect_of_the_caller(name: str) -> None:
    it = Scene(reply(201, {}))
    with pytest.raises(ValueError, match="no operation sends"):
        it.messaging.send(name, ORDER, US, {})
    with pytest.raises(ValueError, match="no operation sends"):
        upload_resource(name, ORDER)
    assert it.wire.sent == []


@pytest.mark.parametrize("order_id", ["", "..", "1/2"])
def test_an_order_id_is_no_path(order_id: str) -> None:
    if order_id == "1/2":
        it = Scene(reply(200, ACTIONS))
        it.messaging.actions(order_id, US)
        assert urlsplit(it.sent.url).path == "/messaging/v1/orders/1%2F2"
        return
    with pytest.raises(ValueError, match="unusable path parameters"):
        upload_resource("invoice", order_id)


def test_a_body_has_only_what_is_given() -> None:
    assert message_body() == {}
    assert message_body(text="t") == {"text": "t"}
    assert message_body(text="t", attachments=[]) == {"text": "t", "attachments": []}
    dates = {"coverage_start": "2026-01-01T00:00:00Z", "coverage_end": "2027-01-01T00:00:00Z"}
    assert message_body(attachments=[MessageAttachment("u", "w.pdf")], **dates) == {
        "attachments": [{"uploadDestinationId": "u", "fileName": "w.pdf"}],
        "coverageStartDate": "2026-01-01T00:00:00Z",
        "coverageEndDate": "2027-01-01T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("body", "locale"),
    [
        ({"buyer": {"locale": "en-US"}}, "en-US"),
        ({"buyer": {"locale": None}}, None),
        ({"buyer": {"locale": ""}}, None),
        ({"buyer": {}}, None),
        ({"buyer": None}, None),
        ({}, None),
    ],
)
def test_the_buyers_locale(body: Mapping[str, object], locale: str | None) -> None:
    it = Scene(reply(200, body))
    assert it.messaging.locale(ORDER, US) == locale
    assert it.sent.url == f"{NA}/messaging/v1/orders/{ORDER}/attributes?marketplaceIds={US}"


@pytest.mark.parametrize("body", [{"buyer": "en-US"}, {"buyer": {"locale": 7}}])
def test_a_malformed_locale_is_no_guess(body: Mapping[str, object]) -> None:
    with pytest.raises(RetryableError, match="not as Amazon's model says"):
        Scene(reply(200, body)).messaging.locale(ORDER, US)


@pytest.mark.parametrize(
    "lost",
    [reply(500, {}), reply(503, b""), reply(201, b"<html>"), reply(200, {}), requests.ReadTimeout("late")],
)
def test_a_message_whose_answer_is_lost_is_not_sent_again(lost: Scripted) -> None:
    it = Scene(lost)
    with pytest.raises(OutcomeUnknownError):
        it.messaging.send("invoice", ORDER, US, {})
    assert len(it.wire.sent) == 1


def test_a_booked_turn_is_used_by_the_call_that_it_was_booked_for() -> None:
    it = Scene(reply(200, ACTIONS))
    first = it.messaging.book_actions(30.0)
    assert (first.operation, first.count) == (operations.GET_MESSAGING_ACTIONS_FOR_ORDER.key, 1)
    later = Booking.from_document(first.to_document())
    later.first_due = it.time.now + 30.0
    fresh = Scene(reply(200, ACTIONS))
    fresh.messaging.use(later)
    with pytest.raises(ThrottledError) as raised:
        fresh.messaging.actions(ORDER, US)
    assert raised.value.seconds == pytest.approx(30.0)
    assert fresh.wire.sent == []
    fresh.time.now += 30.0
    fresh.time.ends_at += 30.0
    assert fresh.messaging.actions(ORDER, US) == ACTIONS
    assert later.count == 0


def test_each_type_has_its_own_quota() -> None:
    it = Scene(reply(201, {}))
    assert it.messaging.book_sending("warranty", 1.0).operation == operations.CREATE_WARRANTY.key
    assert it.uploads.book(5, 1.0).operation == operations.CREATE_UPLOAD_DESTINATION.key


def test_a_wrong_resource_is_explained() -> None:
    denied = {"errors": [{"code": "Unauthorized", "message": "Access to requested resource is denied."}]}
    it = Scene(reply(403, denied))
    with pytest.raises(UnauthorizedError, match="without a leading slash"):
        it.uploads.create_destination("messaging/v1/orders/1/messages/wrong", US, "x")


@pytest.mark.parametrize(
    "payload",
    [
        None,
        {},
        {**DESTINATION, "url": None},
        {**DESTINATION, "uploadDestinationId": ""},
        {**DESTINATION, "headers": ["Content-MD5"]},
        {**DESTINATION, "headers": {"Content-MD5": 7}},
        {**DESTINATION, "headers": {"Content-MD5": "x\r\nHost: other"}},
        {**DESTINATION, "headers": {"Content MD5": "x"}},
    ],
)
def test_a_malformed_destination_is_no_guess(payload: object) -> None:
    it = Scene(reply(201, {"payload": payload}))
    with pytest.raises(RetryableError, match="not as Amazon's model says") as raised:
        it.uploads.create_destination("aplus/2020-11-01/contentDocuments", US, "x")
    assert "5ec2e7" not in str(raised.value)


def test_a_destination_may_have_no_headers() -> None:
    it = Scene(reply(201, {"payload": {**DESTINATION, "headers": None}}))
    assert it.uploads.create_destination("r", US, "x", "image/png").headers == {}
    assert parse_qs(urlsplit(it.sent.url).query)["contentType"] == ["image/png"]


def test_the_digest_is_base64_of_its_16_bytes() -> None:
    """RFC 1864's form; the hexadecimal one of these bytes is 5d41402abc4b2a76b9719d911017c592."""
    assert content_md5(b"hello") == "XUFAKrxLKna5cZ2REBfFkg=="
