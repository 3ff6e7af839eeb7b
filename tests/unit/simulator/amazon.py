"""Collaborators and a driver for tests of the simulator."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from simulator.app import create_app
from simulator.event_sources import EventSourceError, PartnerEvent
from simulator.mint import Mint
from simulator.operations import NOTIFICATIONS_SCOPE
from simulator.queues import QueueError
from simulator.server import running
from simulator.world import Application, World

CLIENT_ID = "amzn1.application-oa2-client.test"
CLIENT_SECRET = "the-secret-of-the-test"
QUEUE_ARN = "arn:aws:sqs:us-east-1:111122223333:notifications"
START = 1_700_000_000.0


@dataclass
class FakeClock:
    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeQueues:
    """Queues that keep what was sent; those in `unreachable` refuse everything."""

    unreachable: set[str] = field(default_factory=set)
    sent: list[tuple[str, str]] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)

    def check(self, arn: str) -> None:
        self.checked.append(arn)
        self._refuse_unreachable(arn)

    def send(self, arn: str, bodies: Sequence[str]) -> None:
        self._refuse_unreachable(arn)
        self.sent.extend((arn, body) for body in bodies)

    def _refuse_unreachable(self, arn: str) -> None:
        if arn in self.unreachable:
            raise QueueError(f"{arn} cannot be reached")


@dataclass
class FakeEventSources:
    """Event sources that keep what was sent; `refused` is what EventBridge says to everything."""

    offered: set[tuple[str, str, str]] = field(default_factory=set)
    sent: list[tuple[str, str, PartnerEvent]] = field(default_factory=list)
    refused: str = ""

    def create(self, name: str, account_id: str, region: str) -> None:
        self._refuse()
        self.offered.add((name, account_id, region))

    def delete(self, name: str, account_id: str, region: str) -> None:
        self._refuse()
        self.offered.remove((name, account_id, region))

    def send(self, name: str, region: str, events: Sequence[PartnerEvent]) -> None:
        self._refuse()
        self.sent.extend((name, region, event) for event in events)

    def _refuse(self) -> None:
        if self.refused:
            raise EventSourceError(self.refused)


def repeatable_randomness() -> random.Random:
    return random.Random(7)  # noqa: S311 - the same identifiers and jitter in every run


def make_world(clock: FakeClock, *applications: Application) -> World:
    mint = Mint(repeatable_randomness(), clock)
    return World(mint=mint, clock=clock, applications=applications or [Application(CLIENT_ID, CLIENT_SECRET)])


@dataclass
class Amazon:
    """A simulator that runs, and a client of it that has every right it asks for."""

    url: str
    clock: FakeClock
    queues: FakeQueues
    event_sources: FakeEventSources
    session: requests.Session

    def control(self, method: str, path: str, body: object = None) -> Any:
        answer = self.session.request(method, f"{self.url}/_simulator/{path}", json=body, timeout=20)
        assert answer.ok, answer.text
        return answer.json()

    def token(self, **form: str) -> str:
        answer = self.session.post(
            f"{self.url}/auth/o2/token",
            data={"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **form},
            timeout=20,
        )
        assert answer.ok, answer.text
        return str(answer.json()["access_token"])

    def grantless_token(self) -> str:
        return self.token(grant_type="client_credentials", scope=NOTIFICATIONS_SCOPE)

    def seller_token(self, seller_id: str = "SELLER1", region: str | None = None) -> str:
        seller = {"sellerId": seller_id, "region": region}
        refresh_token = self.control("POST", "sellers", seller)["refreshToken"]
        return self.token(grant_type="refresh_token", refresh_token=refresh_token)

    def call(
        self,
        method: str,
        path: str,
        token: str | None,
        *,
        body: object = None,
        query: Mapping[str, str] | None = None,
        data: bytes | None = None,
        content_type: str | None = None,
        sandbox: bool = False,
        region: str | None = None,
    ) -> requests.Response:
        headers = {"x-amz-access-token": token} if token else {}
        if content_type:
            headers["content-type"] = content_type
        url = self.url + (f"/regions/{region}" if region else "") + ("/sandbox" if sandbox else "") + path
        return self.session.request(
            method, url, json=body, params=query, data=data, headers=headers, timeout=20
        )


@contextmanager
def amazon() -> Iterator[Amazon]:
    """Starts a simulator with a clock that stands still, queues and event sources in memory."""
    clock, queues, event_sources = FakeClock(), FakeQueues(), FakeEventSources()
    app = create_app(
        applications=[Application(CLIENT_ID, CLIENT_SECRET)],
        queues=queues,
        event_sources=event_sources,
        clock=clock,
        randomness=repeatable_randomness(),
    )
    with running(app) as url, requests.Session() as session:
        session.trust_env = False
        yield Amazon(url, clock, queues, event_sources, session)
