"""Amazon's Notifications API behind the client's HTTP session, on a simulated clock, with its real quotas."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bench.simulation import Simulation

RATE = 1.0
BURST = 5.0

CALL_SECONDS = 0.25
"""What a call takes on average, there and back."""


@dataclass
class Response:
    status_code: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Bucket:
    tokens: float
    filled_at: float


class Amazon:
    """Stands for requests.Session. A call takes CALL_SECONDS, more or less.

    The token bucket of each operation is the seller's, but for deletions, whose bucket is the application's.
    """

    def __init__(self, simulation: Simulation, seed: int = 1) -> None:
        self._simulation = simulation
        self._chance = random.Random(seed)  # noqa: S311 - a measurement, not a secret
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self.held: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        self._owner: dict[str, tuple[str, str]] = {}
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def put(self, seller_id: str, notification_type: str, destination_id: str) -> str:
        """Place a subscription and return its id."""
        subscription_id = f"s{len(self._owner)}"
        row = {"subscriptionId": subscription_id, "payloadVersion": "1.0", "destinationId": destination_id}
        self._owner[subscription_id] = (seller_id, notification_type)
        self.held.setdefault((seller_id, notification_type), {})[subscription_id] = row
        return subscription_id

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None,
        data: bytes | None,
        headers: Mapping[str, str],
        **_: Any,
    ) -> Response:
        parts = urlsplit(url).path.split("/")[4:]
        party = headers["x-amz-access-token"]
        self._travel()
        if method == "GET":
            response = self._list(party, (params or {})["notificationTypes"])
        elif method == "POST":
            response = self._create(party, parts[0], json.loads(data or b"")["destinationId"])
        else:
            response = self._delete(parts[1])
        self._travel()
        return response

    def _travel(self) -> None:
        self._simulation.sleep(CALL_SECONDS / 2 * self._chance.uniform(0.64, 1.36))

    def _list(self, seller_id: str, name: str) -> Response:
        def answer() -> Response:
            rows = self.held.get((seller_id, name), {})
            return _answered({"subscriptions": list(rows.values())})

        return self._with_turn("getSubscriptions", seller_id, answer)

    def _create(self, seller_id: str, name: str, destination_id: str) -> Response:
        def answer() -> Response:
            if self.held.get((seller_id, name)):
                return _refused(409, "Subscription already exist")
            made = self.put(seller_id, name, destination_id)
            return _answered(self.held[(seller_id, name)][made])

        return self._with_turn("createSubscription", seller_id, answer)

    def _delete(self, subscription_id: str) -> Response:
        def answer() -> Response:
            owner = self._owner.get(subscription_id, ("", ""))
            gone = self.held.get(owner, {}).pop(subscription_id, None)
            return _refused(404, "no such subscription") if gone is None else Response(200, b"{}")

        return self._with_turn("deleteSubscriptionById", "", answer)

    def _with_turn(self, operation: str, party: str, answer: Callable[[], Response]) -> Response:
        self.calls[operation] += 1
        now = self._simulation.now
        bucket = self._buckets.setdefault((operation, party), _Bucket(BURST, now))
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.filled_at) * RATE)
        bucket.filled_at = now
        if bucket.tokens < 1:
            self.refused[operation] += 1
            return _refused(429, "You exceeded your quota for the requested resource.")
        bucket.tokens -= 1
        response = answer()
        return Response(response.status_code, response.content, {"x-amzn-RateLimit-Limit": str(RATE)})


def _answered(payload: object) -> Response:
    return Response(200, json.dumps({"payload": payload}).encode())


def _refused(status: int, message: str) -> Response:
    return Response(status, json.dumps({"errors": [{"code": "X", "message": message}]}).encode())
