"""Amazon's stand-in as a background process, and the client of its control API.

The stand-in is a program of its own (`python -m simulator`); this module knows its command line and its
HTTP interface, nothing of its inside.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests

from local import processes
from local.commands import ROOT, clean_environment
from local.emulator import Emulator

START_SECONDS = 20.0
CLIENT_ID = "amzn1.application-oa2-client.local"


class SimulatorError(Exception):
    """The simulator didn't start, or refused a request of its control API."""


@dataclass(frozen=True)
class Simulator:
    """A running simulator at `url`, with the application's credentials that it accepts."""

    process: processes.BackgroundProcess
    url: str
    client_secret: str = field(repr=False)
    client_id: str = CLIENT_ID

    @property
    def lwa_endpoint(self) -> str:
        """The full token URL, as LWA_ENDPOINT wants it."""
        return f"{self.url}/auth/o2/token"

    def environment(self) -> dict[str, str]:
        """The variables by which config/local.yaml finds this simulator."""
        return {"SP_API_ENDPOINT": self.url, "LWA_ENDPOINT": self.lwa_endpoint}

    def endpoint(self, region: str) -> str:
        """SP-API's endpoint in one of Amazon's regions; that of `environment` is na's."""
        return f"{self.url}/regions/{region}"

    def add_seller(self, seller_id: str, marketplace_ids: Sequence[str]) -> str:
        """Makes a seller that has authorised the application; returns the refresh token."""
        answer = self._call(
            "POST", "sellers", {"sellerId": seller_id, "marketplaceIds": list(marketplace_ids)}
        )
        return str(answer["refreshToken"])

    def publish(
        self, items: Sequence[Mapping[str, Any]], *, shuffle_seed: int | None = None
    ) -> list[dict[str, Any]]:
        """Publishes the items (the control API's publish requests), shuffled when there is a seed.

        Returns one {"notificationId", "sent"} per item, in the order given.
        """
        body: dict[str, Any] = {"items": [dict(item) for item in items]}
        if shuffle_seed is not None:
            body["shuffleSeed"] = shuffle_seed
        return [dict(result) for result in self._call("POST", "publish-batch", body)]

    def add_destination(self, name: str, queue_arn: str) -> str:
        """Somebody else with the application's credentials makes a destination; returns its id."""
        made = self._call("POST", "destinations", {"name": name, "queueArn": queue_arn})
        return str(made["destinationId"])

    def delete_subscription(self, subscription_id: str) -> None:
        """Somebody else deletes a subscription."""
        self._call("DELETE", f"subscriptions/{subscription_id}")

    def move_subscription(self, subscription_id: str, destination_id: str) -> str:
        """Somebody else points a subscription to another destination; returns its new id."""
        path = f"subscriptions/{subscription_id}/move"
        return str(self._call("POST", path, {"destinationId": destination_id})["subscriptionId"])

    def register_application_queue(self, queue_arn: str) -> None:
        """The application's owner registers a queue in the Developer Console, for all about its secret."""
        self._call("POST", "applications/only/queues", {"queueArn": queue_arn})

    def pace_secrets(self, **seconds: float) -> None:
        """How long Amazon takes with new client secrets: the fields of the control API's pace."""
        self._call("POST", "applications/only/pace", seconds)

    def announce_secret_expiry(self, *, of_previous: bool = False) -> None:
        """Amazon tells the application's owner when the client secret ends."""
        self._call("POST", "applications/only/announce-expiry", {"ofPrevious": of_previous})

    def client_secrets(self) -> list[dict[str, Any]]:
        """The times of the application's client secrets, oldest first."""
        (application,) = self._call("GET", "applications")
        return [dict(secret) for secret in application["secrets"]]

    def set_token_lifetime(self, seconds: int) -> None:
        """How long access tokens last that are given from now on."""
        self._call("POST", "tokens", {"expiresInSeconds": seconds})

    def revoke(self, seller_id: str) -> None:
        """A seller withdraws the authorisation; nobody tells the application."""
        self._call("POST", f"sellers/{seller_id}/revoke", {})

    def requests(self, operation: str | None = None, *, seller_id: str | None = None) -> list[dict[str, Any]]:
        """What the simulator was asked, oldest first; of one operation or for one seller, or of all."""
        wanted = {"operation": operation, "sellerId": seller_id}
        query = urlencode({name: value for name, value in wanted.items() if value is not None})
        return [dict(entry) for entry in self._call("GET", f"requests?{query}")]

    def feeds(self, seller_id: str, feed_type: str | None = None) -> list[dict[str, Any]]:
        """A seller's feeds, oldest first; `submissions` counts those with the same content."""
        wanted = {"sellerId": seller_id} | ({"feedType": feed_type} if feed_type else {})
        return [dict(feed) for feed in self._call("GET", f"feeds?{urlencode(wanted)}")]

    def decide_fate(self, **fate: Any) -> None:
        """What shall become of feeds to come: the fields of the control API's feeds/fates."""
        self._call("POST", "feeds/fates", fate)

    def delay_feeds(self, feed_type: str | None = None, *, queue: float, processing: float) -> None:
        """How many seconds feeds wait and are worked on, from now on; of one type, or of all others."""
        body = {"feedType": feed_type, "queueSeconds": queue, "processingSeconds": processing}
        self._call("POST", "feeds/delays", body)

    def change_feed(self, feed_id: str, change: str, seller_id: str, **more: Any) -> None:
        """Does to a feed what the control API's path ends with: release, end or notify."""
        self._call("POST", f"feeds/{feed_id}/{change}", {"sellerId": seller_id, **more})

    def add_order(self, seller_id: str, marketplace_id: str, order_id: str, **more: Any) -> None:
        """A customer orders from a seller; `more` are fields of the control API's orders."""
        order = {"sellerId": seller_id, "marketplaceId": marketplace_id, "amazonOrderId": order_id}
        self._call("POST", "orders", {**order, **more})

    def outbox(self, seller_id: str, order_id: str | None = None) -> list[dict[str, Any]]:
        """The messages that a seller's buyers have got, oldest first; of one order, or of all."""
        wanted = {"sellerId": seller_id} | ({"amazonOrderId": order_id} if order_id else {})
        return [dict(message) for message in self._call("GET", f"outbox?{urlencode(wanted)}")]

    def break_requests(self, operation: str, **fault: Any) -> None:
        """What shall go wrong with requests to come: the fields of the control API's faults."""
        self._call("POST", "faults", {"operation": operation, **fault})

    def clear_faults(self) -> None:
        """Nothing more shall go wrong."""
        self._call("DELETE", "faults")

    def set_rate(self, operation: str, *, per_second: float, burst: int) -> None:
        """Another usage plan for an operation, from now on."""
        self._call("POST", "rates", {"operation": operation, "ratePerSecond": per_second, "burst": burst})

    def state(self) -> dict[str, Any]:
        """The destinations and subscriptions that exist at the simulator."""
        return dict(self._call("GET", "state"))

    def to_json(self) -> dict[str, Any]:
        """What `from_json` needs to find this simulator again; holds the local client secret."""
        return {
            "process": self.process.to_json(),
            "url": self.url,
            "clientSecret": self.client_secret,
            "clientId": self.client_id,
        }

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> Simulator:
        """The simulator that `to_json` described; it may have ended since."""
        return Simulator(
            process=processes.BackgroundProcess.from_json(stored["process"]),
            url=str(stored["url"]),
            client_secret=str(stored["clientSecret"]),
            client_id=str(stored["clientId"]),
        )

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        url = f"{self.url}/_simulator/{path}"
        with requests.Session() as session:
            # A proxy of the user's environment has no business between two programs on this machine.
            session.trust_env = False
            try:
                answer = session.request(method, url, json=body, timeout=30)
            except requests.RequestException as error:
                raise SimulatorError(
                    f"The simulator doesn't answer {method} {url}: {error}\n"
                    f"The end of its log, {self.process.log}:\n{processes.tail(self.process.log)}"
                ) from error
        if not answer.ok:
            raise SimulatorError(
                f"The simulator refused {method} {url}: {answer.status_code} {answer.text[:500]}"
            )
        return answer.json()


def start_simulator(folder: Path, emulator: Emulator, client_secret: str) -> Simulator:
    """Starts the simulator, which publishes into `emulator`'s queues, and waits until it answers.

    Raises SimulatorError with the end of its log when it doesn't within START_SECONDS.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ready = folder / "simulator-ready.json"
    ready.unlink(missing_ok=True)
    environment = clean_environment(os.environ) | {
        "PYTHONPATH": str(ROOT),
        "LWA_CLIENT_SECRET": client_secret,
    }
    if emulator.certificate:
        environment["AWS_CA_BUNDLE"] = str(emulator.certificate)
    process = processes.start(
        "simulator",
        [
            *(sys.executable, "-m", "simulator", "serve", "--port", "0"),
            *("--aws-endpoint", emulator.endpoint, "--region", "us-east-1", "--ready-file", str(ready)),
        ],
        environment=environment,
        log=folder / "simulator.log",
        folder=ROOT,
    )
    try:
        return Simulator(process=process, url=_url_when_ready(process, ready), client_secret=client_secret)
    except BaseException:
        processes.stop(process)
        raise


def stop_simulator(simulator: Simulator) -> None:
    """Stops the simulator."""
    processes.stop(simulator.process)


def _url_when_ready(process: processes.BackgroundProcess, ready: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and processes.is_running(process):
        text = ready.read_text(encoding="utf-8") if ready.exists() else ""
        if text.endswith("}") or text.endswith("}\n"):
            return str(json.loads(text)["url"])
        time.sleep(0.05)
    raise SimulatorError(
        f"The simulator didn't start within {START_SECONDS:g} seconds.\n"
        f"The end of its log, {process.log}:\n{processes.tail(process.log)}"
    )
