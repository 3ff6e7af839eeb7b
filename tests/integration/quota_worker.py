"""One of several processes that call Amazon as fast as their shared quota allows.

    python quota_worker.py '{"sp_api", "lwa", "client_id", "client_secret", "refresh_token", "table"}'

Prints "ready", reads until when it shall call (s since 1970), and prints {"calls", "refusals"} at the end:
successes, and the times that Amazon answered 429.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping

import boto3
import requests

from sellerbus.api import operations
from sellerbus.api.bounded_clock import BoundedClock
from sellerbus.api.client import SellingPartnerClient
from sellerbus.api.credentials import ClientCredentials
from sellerbus.api.errors import ThrottledError
from sellerbus.api.lwa import SellerGrant, TokenCache
from sellerbus.api.pacing import Pace
from sellerbus.api.shared_throttle import DynamoThrottle

SELLER_ID = "AQUOTATEST001"
QUERY = {"notificationTypes": "ORDER_CHANGE"}


class Credentials:
    def __init__(self, settings: Mapping[str, str]) -> None:
        self._credentials = ClientCredentials(settings["client_id"], settings["client_secret"])

    def current(self) -> ClientCredentials:
        return self._credentials

    def instead_of(self, refused: ClientCredentials) -> Iterator[ClientCredentials]:
        return iter(())

    def keep(self, credentials: ClientCredentials) -> None:
        raise AssertionError("there is nothing to choose from")


def make_client(settings: Mapping[str, str]) -> tuple[SellingPartnerClient, SellerGrant]:
    """A client as the functions have it, reaching the emulator by the environment's variables."""
    session = requests.Session()
    session.trust_env = False
    pace = Pace()
    tokens = TokenCache(
        endpoint=settings["lwa"], session=session, credentials=Credentials(settings), pace=pace
    )
    throttle = DynamoThrottle(
        boto3.client("dynamodb"),
        settings["table"],
        application=lambda: settings["client_id"],
        clock=BoundedClock(time.time),
    )
    client = SellingPartnerClient(
        endpoint=settings["sp_api"],
        session=session,
        tokens=tokens,
        throttle=throttle,
        pace=pace,
        remaining_seconds=lambda: 60.0,
    )
    return client, SellerGrant(SELLER_ID, lambda: settings["refresh_token"])


def main() -> None:
    settings = json.loads(sys.argv[1])
    client, seller = make_client(settings)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    until = float(sys.stdin.readline())
    calls = refusals = 0
    while time.time() < until:
        try:
            client.call(operations.GET_SUBSCRIPTIONS, seller=seller, query=QUERY)
            calls += 1
        except ThrottledError as error:
            refusals += error.status == 429
            time.sleep(min(error.seconds, 0.5))
    sys.stdout.write(json.dumps({"calls": calls, "refusals": refusals}))


if __name__ == "__main__":
    main()
