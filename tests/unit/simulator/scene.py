"""A seller with a subscription, and requests that succeed unless a test changes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from simulator.operations import OPERATIONS, PLANS, Grant
from tests.unit.simulator.amazon import QUEUE_ARN, Amazon
from tests.unit.simulator.model import MODEL_OPERATIONS


@dataclass
class Scene:
    """A seller with one subscription at one destination, and the tokens of both grants."""

    amazon: Amazon
    grantless: str
    seller: str
    destination_id: str = ""
    subscription_id: str = ""

    def send(
        self,
        operation: str,
        *,
        path: Mapping[str, str] | None = None,
        token: str | None = None,
        without: str | None = None,
        sandbox: bool | None = None,
        region: str | None = None,
        **changed: Any,
    ) -> requests.Response:
        """A request that succeeds, but for what is `changed`; `without` leaves a part of it out."""
        method, template, _ = MODEL_OPERATIONS[operation]
        names = {
            "notificationType": "ORDER_CHANGE",
            "subscriptionId": self.subscription_id,
            "destinationId": self.destination_id,
            **(path or {}),
        }
        request: dict[str, Any] = {**self._content(operation), **changed}
        request.pop(without or "", None)
        grant = OPERATIONS[operation].grant
        usual_token = self.grantless if grant is Grant.GRANTLESS else self.seller
        return self.amazon.call(
            method,
            template.format(**names),
            None if without == "token" else token or usual_token,
            sandbox=operation == "sendTestNotification" if sandbox is None else sandbox,
            region=region,
            **request,
        )

    def _content(self, operation: str) -> dict[str, Any]:
        if operation == "getSubscriptions":
            return {"query": {"notificationTypes": "ORDER_CHANGE"}}
        if operation == "createSubscription":
            return {"body": self.subscription()}
        if operation == "createDestination":
            return {"body": destination(QUEUE_ARN + "2")}
        if operation == "sendTestNotification":
            return {
                "body": {
                    "destinationId": self.destination_id,
                    "testNotification": {"payloadVersion": "1.0", "testScenario": "BuyerRequestedChange"},
                }
            }
        return {}

    def subscription(self, **changed: Any) -> dict[str, Any]:
        body = {"payloadVersion": "1.0", "destinationId": self.destination_id, **changed}
        return {name: value for name, value in body.items() if value is not None}


def destination(arn: str, **changed: Any) -> dict[str, Any]:
    body = {"name": "queue", "resourceSpecification": {"sqs": {"arn": arn}}, **changed}
    return {name: value for name, value in body.items() if value is not None}


def set_scene(simulated: Amazon) -> Scene:
    """Starts from nothing: rates that do not bind, then one destination with one subscription."""
    simulated.control("POST", "reset")
    simulated.queues.unreachable.clear()
    simulated.queues.sent.clear()
    simulated.event_sources.offered.clear()
    simulated.event_sources.sent.clear()
    simulated.event_sources.refused = ""
    for operation in PLANS:
        simulated.control("POST", "rates", {"operation": operation, "ratePerSecond": 1, "burst": 1000})
    scene = Scene(simulated, simulated.grantless_token(), simulated.seller_token())
    made = scene.send("createDestination", body=destination(QUEUE_ARN))
    scene.destination_id = made.json()["payload"]["destinationId"]
    subscribed = scene.send("createSubscription")
    scene.subscription_id = subscribed.json()["payload"]["subscriptionId"]
    return scene
