"""Whoever counts calls is told of each attempt, of each turn that was refused, and of each missing token."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import requests

from sellerbus.api import operations
from sellerbus.api.client import SellingPartnerClient
from sellerbus.api.errors import (
    AuthorizationRevokedError,
    CredentialsError,
    OutOfTimeError,
    RetryableError,
    SellingPartnerError,
    ThrottledError,
)
from sellerbus.api.lwa import TokenCache
from sellerbus.api.observing import ApiCall
from sellerbus.api.pacing import Pace
from sellerbus.api.throttle import LocalThrottle
from tests.unit.api.test_lwa import Credentials, seller
from tests.unit.api.wire import Scripted, Time, Wire, reply

GOOD = {"payload": {"subscriptionId": "s"}}
TOKEN = reply(200, {"access_token": "token-1", "expires_in": 3600})


@dataclass
class Told:
    calls: list[ApiCall] = field(default_factory=list)
    waits: list[tuple[str, str, float]] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)

    def called(self, call: ApiCall) -> None:
        self.calls.append(call)

    def withheld(self, operation: str, seller_id: str, wait_seconds: float) -> None:
        self.waits.append((operation, seller_id, wait_seconds))

    def no_token(self, grant: str, error: SellingPartnerError) -> None:
        self.failures.append((grant, type(error).__name__))


@dataclass
class Setting:
    client: SellingPartnerClient
    time: Time
    told: Told

    def listing(self) -> None:
        self.client.call(
            operations.GET_SUBSCRIPTIONS, seller=seller(), query={"notificationTypes": "ORDER_CHANGE"}
        )


def setting(*script: Scripted, lwa: tuple[Scripted, ...] = (TOKEN,), most_wait: float = 2.0) -> Setting:
    time, told = Time(), Told()
    pace = Pace(clock=time.clock, sleep=time.sleep, chance=lambda: 1.0)
    client = SellingPartnerClient(
        endpoint="https://sp.test/",
        session=Wire(list(script)).session(),
        tokens=TokenCache(
            endpoint="https://lwa.test/token",
            session=Wire(list(lwa)).session(),
            credentials=Credentials(),
            pace=pace,
            observer=told,
        ),
        throttle=LocalThrottle(time.clock),
        pace=pace,
        remaining_seconds=time.remaining,
        most_wait_seconds=most_wait,
        observer=told,
    )
    return Setting(client, time, told)


def test_a_success() -> None:
    it = setting(reply(200, GOOD, x_amzn_RequestId="r-1"))
    it.listing()
    (call,) = it.told.calls
    assert (call.operation, call.seller_id, call.status) == (operations.GET_SUBSCRIPTIONS.name, "A1", 200)
    assert (call.request_id, call.code, call.quota_used) == ("r-1", None, 0.0)


def test_every_attempt_of_one_call_is_told() -> None:
    throttled = reply(429, {"errors": [{"code": "QuotaExceeded", "message": "x"}]})
    it = setting(throttled, reply(503, b""), requests.ReadTimeout("slow"), reply(200, GOOD))
    it.listing()
    assert [(call.status, call.code) for call in it.told.calls] == [
        (429, "QuotaExceeded"),
        (503, None),
        (None, None),
        (200, None),
    ]
    assert it.told.failures == []


def test_amazons_code_is_told_without_what_it_may_hold() -> None:
    it = setting(reply(400, {"errors": [{"code": "InvalidInput Atza|SECRET", "message": "x"}]}))
    with pytest.raises(SellingPartnerError):
        it.listing()
    assert it.told.calls[0].code == "InvalidInput [token]"


def test_how_much_of_the_quota_was_used_before_each_call() -> None:
    it = setting(reply(200, GOOD), most_wait=0.0)
    burst = operations.GET_SUBSCRIPTIONS.burst
    for _ in range(burst):
        it.listing()
    used = [call.quota_used for call in it.told.calls]
    assert used == pytest.approx([number / burst for number in range(burst)])
    with pytest.raises(ThrottledError) as refused:
        it.listing()
    assert it.told.waits == [(operations.GET_SUBSCRIPTIONS.name, "A1", refused.value.seconds)]
    assert len(it.told.calls) == burst, "a turn that is not granted is no call"


def test_a_booked_turn_tells_the_quota_once() -> None:
    it = setting(reply(200, GOOD))
    it.client.book(operations.GET_SUBSCRIPTIONS, seller=seller(), count=2, most_seconds=60)
    it.listing()
    it.listing()
    assert [call.quota_used for call in it.told.calls] == [0.0, None]


def test_a_booking_that_is_refused_is_told() -> None:
    it = setting(reply(200, GOOD), most_wait=0.0)
    operation = operations.GET_SUBSCRIPTIONS
    it.client.book(operation, seller=seller(), count=operation.burst, most_seconds=0)
    with pytest.raises(ThrottledError):
        it.client.book(operation, seller=seller(), count=1, most_seconds=0)
    ((name, seller_id, _),) = it.told.waits
    assert (name, seller_id) == (operations.GET_SUBSCRIPTIONS.name, "A1")


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (reply(401, {"error": "invalid_client"}), CredentialsError),
        (reply(400, {"error": "invalid_scope"}), SellingPartnerError),
        (reply(503, b""), RetryableError),
        (requests.ConnectionError("reset"), RetryableError),
    ],
)
def test_a_token_that_was_not_given_is_told_once(answer: Scripted, raised: type[SellingPartnerError]) -> None:
    it = setting(reply(200, GOOD), lwa=(answer,))
    with pytest.raises(raised) as caught:
        it.listing()
    assert it.told.failures == [("A1", type(caught.value).__name__)]
    assert it.told.calls == []


def test_a_revoked_seller_is_no_failure_of_tokens() -> None:
    it = setting(reply(200, GOOD), lwa=(reply(400, {"error": "invalid_grant"}),))
    with pytest.raises(AuthorizationRevokedError):
        it.listing()
    assert it.told.failures == []


def test_time_that_was_over_before_is_no_failure_of_tokens() -> None:
    it = setting(reply(200, GOOD))
    it.time.now += 10_000
    with pytest.raises(OutOfTimeError):
        it.listing()
    assert it.told.failures == []
