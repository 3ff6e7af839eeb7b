"""The code that calls Amazon for messages, against the simulator, which is held to Amazon's models: two
readings of the same documents, made apart.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sellerbus.api.client import SellingPartnerClient
from sellerbus.api.errors import UnauthorizedError
from sellerbus.api.lwa import SellerGrant, TokenCache
from sellerbus.api.messaging import MessageAttachment, MessagingApi, message_body, upload_resource
from sellerbus.api.orders import V0, V2026, OrdersApi
from sellerbus.api.pacing import Pace
from sellerbus.api.throttle import LocalThrottle
from sellerbus.api.uploads import UploadsApi, content_md5
from sellerbus.documents.destinations import DestinationStorage
from sellerbus.documents.errors import StorageRefusedError, UrlExpiredError
from sellerbus.documents.objects import ObjectLocation
from sellerbus.documents.presigned import DocumentHosts
from sellerbus.documents.storage import PresignedStorage
from sellerbus.messaging.actions import read_actions
from sellerbus.messaging.attachment_files import AttachmentFiles, AttachmentSource
from sellerbus.messaging.offer import offer_documents
from sellerbus.messaging.uploading import LIFE_SECONDS, Uploader
from tests.unit.api.test_client import Credentials as FakeCredentials
from tests.unit.documents.fake_s3 import FakeS3
from tests.unit.simulator.amazon import CLIENT_ID, CLIENT_SECRET, Amazon, amazon

SELLER, US, ORDER = "A1MESSAGES", "ATVPDKIKX0DER", "902-6786204-8179805"
APLUS = "aplus/2020-11-01/contentDocuments"
URL_SECONDS = 900
"""Of Amazon's URLs for the attachments of messages."""


class Credentials(FakeCredentials):
    def current(self) -> Any:
        return type(super().current())(CLIENT_ID, CLIENT_SECRET)


class Scene:
    def __init__(self, simulated: Amazon) -> None:
        self.amazon = simulated
        simulated.control("POST", "reset")
        refresh = simulated.control("POST", "sellers", {"sellerId": SELLER})["refreshToken"]
        seller = SellerGrant(SELLER, lambda: str(refresh), "v1")
        pace = Pace()
        client = SellingPartnerClient(
            endpoint=simulated.url,
            session=simulated.session,
            tokens=TokenCache(
                endpoint=f"{simulated.url}/auth/o2/token",
                session=simulated.session,
                credentials=Credentials(),
                pace=pace,
            ),
            throttle=LocalThrottle(time.time),
            pace=pace,
            remaining_seconds=lambda: 30.0,
        )
        self.orders = {version: OrdersApi(client, seller, version) for version in (V2026, V0)}
        self.messaging, self.uploads = MessagingApi(client, seller), UploadsApi(client, seller)
        hosts = DocumentHosts([simulated.url.partition("://")[2]])
        self.storage = DestinationStorage(PresignedStorage(simulated.session, hosts))
        self.s3 = FakeS3()

    def order(self, order_id: str = ORDER, **more: Any) -> None:
        body = {"sellerId": SELLER, "marketplaceId": US, "amazonOrderId": order_id, "daysAgo": 1, **more}
        self.amazon.control("POST", "orders", body)

    def outbox(self) -> Any:
        return self.amazon.control("GET", f"outbox?sellerId={SELLER}")


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def scene(simulated: Amazon) -> Scene:
    return Scene(simulated)


def test_both_versions_list_the_same_orders_on_all_pages(scene: Scene) -> None:
    scene.order(items=[{"price": "10.00", "quantity": 2}], status="UNSHIPPED")
    scene.amazon.control(
        "POST", "orders", {"sellerId": SELLER, "marketplaceId": US, "count": 120, "daysAgo": 2}
    )
    found = {}
    for version, api in scene.orders.items():
        first = api.page(US, "2023-01-01T00:00:00Z")
        second = api.page(US, "2023-01-01T00:00:00Z", first.next_token)
        assert (len(first.orders), len(second.orders), second.next_token) == (100, 21, "")
        found[version] = {order.order_id: order for order in (*first.orders, *second.orders)}
    assert set(found[V2026]) == set(found[V0])
    new, old = found[V2026][ORDER], found[V0][ORDER]
    assert (new.purchased_at, new.status, new.fulfilled_by, new.items) == (
        old.purchased_at, old.status, old.fulfilled_by, old.items,
    )  # fmt: skip
    assert (new.status, new.items) == ("UNSHIPPED", 2)
    assert new.total is not None
    assert old.total is not None
    assert new.total.currency == old.total.currency == "USD"


@pytest.mark.parametrize("form", ["embedded", "payload", "links"])
def test_a_message_with_attachments_reaches_the_buyer(scene: Scene, form: str) -> None:
    scene.order(form=form, locale="fr-FR", offered=["confirmCustomizationDetails", "updateFeedback"])
    offered = offer_documents(read_actions(scene.messaging.actions(ORDER, US)))
    assert [each["name"] for each in offered if each["allowed"]] == ["confirmCustomizationDetails"]
    assert scene.messaging.locale(ORDER, US) == "fr-FR"
    contents = {"example.txt": b"Text of the file", "photo.png": b"\x89PNG" + bytes(300_000)}
    sources = []
    for name, content in contents.items():
        scene.s3.objects["bucket", name] = content
        sources.append(AttachmentSource(ObjectLocation("bucket", name), name))
    files = AttachmentFiles(scene.s3.client).read(sources)
    uploader = Uploader(scene.storage, now=lambda: 1_000.0, count=lambda metric, value: None)
    resource = upload_resource("confirmCustomizationDetails", ORDER)
    uploaded = uploader.upload(scene.uploads, resource, US, files)
    assert uploaded.failure is None
    again = uploader.upload(scene.uploads, resource, US, files, uploaded.kept)
    assert again == uploaded
    body = message_body(
        text="This is the message from the seller to the buyer.",
        attachments=[
            MessageAttachment(each.upload_destination_id, file.file_name)
            for each, file in zip(uploaded.kept, files, strict=True)
        ],
    )
    scene.messaging.send("confirmCustomizationDetails", ORDER, US, body)
    (message,) = scene.outbox()
    assert message["text"] == body["text"]
    assert {each["fileName"]: each["sha256"] for each in message["attachments"]} == {
        name: hashlib.sha256(content).hexdigest() for name, content in contents.items()
    }


def test_what_is_not_allowed_now_is_told_as_that(scene: Scene) -> None:
    scene.order(offered=["confirmOrderDetails"])
    with pytest.raises(UnauthorizedError, match="Invalid amazonOrderId and template combination") as raised:
        scene.messaging.send("unexpectedProblem", ORDER, US, message_body(text="We are late."))
    assert "Not a matter of rights" in str(raised.value)
    assert scene.outbox() == []


def test_a_form_is_taken_by_a_storage_that_checks_its_policy(scene: Scene) -> None:
    content = b"\x89PNG\r\n" + bytes(range(256)) * 50
    # One of many policies holds a plus sign.
    for _ in range(5):
        made = scene.uploads.create_destination(APLUS, US, content_md5(content), "image/png")
        assert "policy=" in made.url
        scene.storage.upload(made.url, made.headers, content, "photo.png")
    uploads = scene.amazon.control("GET", f"uploads?sellerId={SELLER}")
    assert {each["sha256"] for each in uploads} == {hashlib.sha256(content).hexdigest()}
    scene.amazon.clock.now += 4 * 3600
    with pytest.raises(UrlExpiredError):
        scene.storage.upload(made.url, made.headers, content, "photo.png")


def test_a_url_that_has_expired_is_told_as_that(scene: Scene) -> None:
    scene.order()
    made = scene.uploads.create_destination(upload_resource("invoice", ORDER), US, content_md5(b"x"))
    # An upload that is used again is younger than the URL by a minute in which its message is sent.
    assert LIFE_SECONDS == URL_SECONDS - 60
    scene.amazon.clock.now += URL_SECONDS
    with pytest.raises(UrlExpiredError):
        scene.storage.upload(made.url, made.headers, b"x", "invoice.pdf")


@pytest.mark.parametrize(
    ("changes", "content", "code"),
    [
        ({}, b"other", "BadDigest"),
        ({"Content-MD5": "other"}, b"x", "SignatureDoesNotMatch"),
        ({"x-amz-server-side-encryption": "AES256"}, b"x", "SignatureDoesNotMatch"),
    ],
)
def test_s3s_refusals_are_told_with_their_codes(
    scene: Scene, changes: dict[str, str], content: bytes, code: str
) -> None:
    scene.order()
    made = scene.uploads.create_destination(upload_resource("invoice", ORDER), US, content_md5(b"x"))
    with pytest.raises(StorageRefusedError) as raised:
        scene.storage.upload(made.url, {**made.headers, **changes}, content, "invoice.pdf")
    assert raised.value.code == code


def test_a_digest_in_hexadecimal_is_refused(scene: Scene) -> None:
    """So the model's own example has it."""
    scene.order()
    resource = upload_resource("invoice", ORDER)
    made = scene.uploads.create_destination(
        resource, US, hashlib.md5(b"x", usedforsecurity=False).hexdigest()
    )
    with pytest.raises(StorageRefusedError) as raised:
        scene.storage.upload(made.url, made.headers, b"x", "invoice.pdf")
    assert raised.value.code == "InvalidDigest"
