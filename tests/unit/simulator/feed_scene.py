"""A seller who submits feeds, in either version, and reads the reports."""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from simulator.operations import PLANS
from tests.unit.simulator.amazon import QUEUE_ARN, START, Amazon

US, CANADA, GERMANY, JAPAN = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1PA6795UKMFR9", "A1VC38T7YXB528"
ORDERS = "POST_FLAT_FILE_FULFILLMENT_DATA"
LISTINGS = "JSON_LISTINGS_FEED"
TEXT = "text/tab-separated-values; charset=UTF-8"
ROWS = "order-id\tquantity\n111-1111111-1111111\t1\n"


def aes(details: Mapping[str, str]) -> Cipher[modes.CBC]:
    key, vector = (base64.b64decode(details[name]) for name in ("key", "initializationVector"))
    return Cipher(algorithms.AES(key), modes.CBC(vector))


def encrypted(content: bytes, details: Mapping[str, str]) -> bytes:
    padder, encryptor = PKCS7(128).padder(), aes(details).encryptor()
    return encryptor.update(padder.update(content) + padder.finalize()) + encryptor.finalize()


def decrypted(content: bytes, details: Mapping[str, str]) -> bytes:
    unpadder, decryptor = PKCS7(128).unpadder(), aes(details).decryptor()
    return unpadder.update(decryptor.update(content) + decryptor.finalize()) + unpadder.finalize()


@dataclass
class FeedScene:
    amazon: Amazon
    version: str
    token: str
    seller_id: str = "SELLER1"
    region: str | None = None

    def send(self, method: str, path: str, *, token: str | None = None, **request: Any) -> requests.Response:
        return self.amazon.call(
            method, f"/feeds/{self.version}/{path}", token or self.token, region=self.region, **request
        )

    def payload(self, answer: requests.Response) -> Any:
        """What an answer of success carries, wrapped or not."""
        assert answer.ok, answer.text
        return answer.json()["payload"] if self.version == "2020-09-04" else answer.json()

    def document(self, content_type: str = TEXT) -> dict[str, Any]:
        made: dict[str, Any] = self.payload(
            self.send("POST", "documents", body={"contentType": content_type})
        )
        return made

    def put(self, document: Mapping[str, Any], content: bytes, content_type: str = TEXT) -> requests.Response:
        details = document.get("encryptionDetails")
        return self.amazon.session.put(
            document["url"],
            data=encrypted(content, details) if details else content,
            headers={"Content-Type": content_type},
            timeout=20,
        )

    def uploaded(self, content: str | bytes = ROWS, content_type: str = TEXT) -> str:
        """The id of a document with this content."""
        document = self.document(content_type)
        answer = self.put(document, content.encode() if isinstance(content, str) else content, content_type)
        assert answer.status_code == 200, answer.text
        return str(document["feedDocumentId"])

    def create(self, document_id: str, feed_type: str = ORDERS, *marketplaces: str, **more: Any) -> Any:
        body = {
            "feedType": feed_type,
            "marketplaceIds": list(marketplaces) or [US],
            "inputFeedDocumentId": document_id,
            **more,
        }
        return self.send("POST", "feeds", body=body)

    def submitted(
        self,
        content: str | bytes = ROWS,
        feed_type: str = ORDERS,
        *marketplaces: str,
        content_type: str = TEXT,
        **more: Any,
    ) -> str:
        """The id of a feed with this content."""
        answer = self.create(self.uploaded(content, content_type), feed_type, *marketplaces, **more)
        return str(self.payload(answer)["feedId"])

    def feed(self, feed_id: str) -> Any:
        return self.payload(self.send("GET", f"feeds/{feed_id}"))

    def ended(self, feed_id: str) -> Any:
        """The feed when it has ended."""
        ends = ("DONE", "FATAL", "CANCELLED")
        self.until(lambda: self.feed(feed_id)["processingStatus"] in ends)
        return self.feed(feed_id)

    def report(self, feed: Mapping[str, Any]) -> requests.Response:
        """The answer to the GET of a feed's report, as it comes."""
        return self.amazon.session.get(self.report_document(feed)["url"], timeout=20)

    def report_document(self, feed: Mapping[str, Any]) -> Any:
        return self.payload(self.send("GET", f"documents/{feed['resultFeedDocumentId']}"))

    def report_text(self, feed: Mapping[str, Any], codec: str = "utf-8") -> str:
        document = self.report_document(feed)
        content = self.amazon.session.get(document["url"], timeout=20).content
        if "encryptionDetails" in document:
            content = decrypted(content, document["encryptionDetails"])
        return (gzip.decompress(content) if "compressionAlgorithm" in document else content).decode(codec)

    def subscribe(self, payload_version: str = "2020-09-04") -> None:
        grantless = self.amazon.grantless_token()
        body = {"name": "n", "resourceSpecification": {"sqs": {"arn": QUEUE_ARN}}}
        made = self.amazon.call(
            "POST", "/notifications/v1/destinations", grantless, body=body, region=self.region
        )
        subscription = {
            "payloadVersion": payload_version,
            "destinationId": made.json()["payload"]["destinationId"],
        }
        path = "/notifications/v1/subscriptions/FEED_PROCESSING_FINISHED"
        answer = self.amazon.call("POST", path, self.token, body=subscription, region=self.region)
        assert answer.ok, answer.text

    def notifications(self) -> list[Any]:
        return [json.loads(body) for _, body in self.amazon.queues.sent]

    def fate(self, **fate: Any) -> None:
        self.amazon.control("POST", "feeds/fates", fate)

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not holds():
            assert time.monotonic() < deadline, "it did not come about within 10 s"
            time.sleep(0.01)


def set_feed_scene(simulated: Amazon, version: str, region: str | None = None) -> FeedScene:
    """Starts from nothing: rates that do not bind, feeds that take no time, one seller."""
    simulated.control("POST", "reset")
    simulated.clock.now = START
    simulated.queues.unreachable.clear()
    simulated.queues.sent.clear()
    for operation in PLANS:
        simulated.control("POST", "rates", {"operation": operation, "ratePerSecond": 1, "burst": 1000})
    simulated.control("POST", "feeds/delays", {"queueSeconds": 0, "processingSeconds": 0})
    return FeedScene(simulated, version, simulated.seller_token(region=region), region=region)


def listings(*messages: Mapping[str, Any], seller_id: str = "SELLER1", **header: Any) -> str:
    return json.dumps(
        {"header": {"sellerId": seller_id, "version": "2.0", **header}, "messages": list(messages)}
    )


def listing(message_id: object, sku: object = "A", price: float = 10, **changed: Any) -> dict[str, Any]:
    message = {
        "messageId": message_id,
        "sku": sku,
        "operationType": "PARTIAL_UPDATE",
        "productType": "LUGGAGE",
        "attributes": {
            "purchasable_offer": [{"our_price": [{"schedule": [{"value_with_tax": price}]}]}],
        },
        **changed,
    }
    return {name: value for name, value in message.items() if value is not None}
