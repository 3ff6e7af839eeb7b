"""A seller with the order of Amazon's guide, who uploads attachments and writes to the buyer."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import requests

from simulator.operations import PLANS
from tests.unit.simulator.amazon import START, Amazon

US, BRAZIL, GERMANY = "ATVPDKIKX0DER", "A2Q3Y263D00KWC", "A1PA6795UKMFR9"
ORDER_ID = "902-6786204-8179805"
CUSTOMIZATION = "confirmCustomizationDetails"
TEXT = b"Text of the file"


def md5(content: bytes) -> str:
    """As Content-MD5 wants it: base64 of the sixteen bytes."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


@dataclass
class MessageScene:
    amazon: Amazon
    token: str
    seller_id: str = "SELLER1"
    region: str | None = None
    marketplace_id: str = US

    def order(self, order_id: str | None = None, **more: Any) -> str:
        """The id of a new order; one of a customized item unless the items are given."""
        body = {
            "sellerId": self.seller_id,
            "marketplaceId": self.marketplace_id,
            "items": [{"customized": True}],
            **({"amazonOrderId": order_id} if order_id else {}),
            **more,
        }
        [made] = self.amazon.control("POST", "orders", body)
        return str(made["amazonOrderId"])

    def change(self, order_id: str = ORDER_ID, **more: Any) -> Any:
        return self.amazon.control("POST", f"orders/{order_id}", {"sellerId": self.seller_id, **more})

    def call(self, method: str, path: str, *, token: str | None = None, **request: Any) -> requests.Response:
        request.setdefault("query", {"marketplaceIds": self.marketplace_id})
        return self.amazon.call(method, path, token or self.token, region=self.region, **request)

    def actions(self, order_id: str = ORDER_ID, **request: Any) -> requests.Response:
        return self.call("GET", f"/messaging/v1/orders/{order_id}", **request)

    def names(self, order_id: str = ORDER_ID) -> list[str]:
        """What Amazon lists as possible now."""
        answer = self.actions(order_id)
        assert answer.status_code == 200, answer.text
        return [
            action["name"]
            for action in answer.json()["_embedded"]["actions"]
            if not action["_embedded"]["schema"]["disabled"]
        ]

    def destination(
        self,
        content: bytes = TEXT,
        segment: str = CUSTOMIZATION,
        order_id: str = ORDER_ID,
        *,
        resource: str | None = None,
        content_md5: str | None = None,
        **more: str,
    ) -> requests.Response:
        resource = resource or f"messaging/v1/orders/{order_id}/messages/{segment}"
        query = {
            "marketplaceIds": self.marketplace_id,
            "contentMD5": md5(content) if content_md5 is None else content_md5,
            **more,
        }
        # As text, so that requests leaves an encoded slash of the resource alone.
        path = f"/uploads/2020-11-01/uploadDestinations/{resource}?{urlencode(query, quote_via=quote)}"
        return self.call("POST", path, query=None)

    def invited(self, content: bytes = TEXT, segment: str = CUSTOMIZATION, order_id: str = ORDER_ID) -> Any:
        answer = self.destination(content, segment, order_id)
        assert answer.status_code == 201, answer.text
        return answer.json()["payload"]

    def put(
        self, invitation: Mapping[str, Any], content: bytes = TEXT, **changed: str | None
    ) -> requests.Response:
        """The upload with the headers that were answered, but for what is changed; None leaves one out."""
        headers = {
            **invitation["headers"],
            **{name.replace("_", "-"): held for name, held in changed.items()},
        }
        given = {name: value for name, value in headers.items() if value is not None}
        return self.amazon.session.put(invitation["url"], data=content, headers=given, timeout=20)

    def uploaded(self, content: bytes = TEXT, segment: str = CUSTOMIZATION, order_id: str = ORDER_ID) -> str:
        """The id of a destination that holds the content."""
        invitation = self.invited(content, segment, order_id)
        answer = self.put(invitation, content)
        assert answer.status_code == 200, answer.text
        return str(invitation["uploadDestinationId"])

    def attachment(
        self, content: bytes = TEXT, segment: str = CUSTOMIZATION, name: str = "example.txt"
    ) -> Any:
        return {"uploadDestinationId": self.uploaded(content, segment), "fileName": name}

    def send(self, segment: str, body: object, order_id: str = ORDER_ID, **request: Any) -> requests.Response:
        path = f"/messaging/v1/orders/{order_id}/messages/{segment}"
        return self.call("POST", path, body=body, **request)

    def uploads(self) -> list[Any]:
        found: list[Any] = self.amazon.control("GET", "uploads")
        return found

    def outbox(self, **wanted: str) -> list[Any]:
        found: list[Any] = self.amazon.control("GET", f"outbox?{urlencode(wanted)}")
        return found


def refusal(answer: requests.Response) -> tuple[int, str, str]:
    """Status, code and message of what the storage refuses."""
    assert answer.headers["content-type"].startswith("application/xml")
    error = ElementTree.fromstring(answer.content)  # noqa: S314 - written by the simulator under test
    assert error.tag == "Error"
    return answer.status_code, str(error.findtext("Code")), str(error.findtext("Message"))


def set_message_scene(simulated: Amazon, *, rates: bool = True) -> MessageScene:
    """Starts from nothing: rates that do not bind, one seller, the guide's order of a customized item."""
    simulated.control("POST", "reset")
    simulated.clock.now = START
    for operation in PLANS if rates else ():
        simulated.control("POST", "rates", {"operation": operation, "ratePerSecond": 1, "burst": 1000})
    scene = MessageScene(simulated, simulated.seller_token())
    scene.order(ORDER_ID)
    return scene
