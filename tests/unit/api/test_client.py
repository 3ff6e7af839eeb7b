"""One way to call Amazon: the right grant, no repeat that could do harm, no answer mistaken for success."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError, ReadTimeoutError

from sellerbus.api import errors, operations
from sellerbus.api.answers import Answer
from sellerbus.api.client import ATTEMPTS, SellingPartnerClient
from sellerbus.api.credentials import ClientCredentials
from sellerbus.api.lwa import SellerGrant, TokenCache
from sellerbus.api.operation import Operation
from sellerbus.api.pacing import Pace
from sellerbus.api.throttle import LocalThrottle
from tests.unit.api.wire import Scripted, Sent, Time, Wire, reply

SELLER = SellerGrant("A1", lambda: "Atzr|A1", "v1")
GOOD: dict[str, object] = {"payload": {"subscriptions": []}}
CREATED = {"payload": {"subscriptionId": "s", "payloadVersion": "1.0", "destinationId": "d"}}


class Credentials:
    client_id = "client-1"

    def current(self) -> ClientCredentials:
        return ClientCredentials(self.client_id, "s3cret")

    def instead_of(self, refused: ClientCredentials) -> Iterator[ClientCredentials]:
        return iter(())

    def keep(self, credentials: ClientCredentials) -> None:
        raise AssertionError("there is nothing to choose from")


@dataclass
class Setting:
    wire: Wire
    tokens: Wire
    time: Time
    credentials: Credentials
    client: SellingPartnerClient

    def listing(self) -> Answer:
        return self.client.call(
            operations.GET_SUBSCRIPTIONS, seller=SELLER, query={"notificationTypes": "ORDER_CHANGE"}
        )

    def creation(self) -> Answer:
        return self.client.call(
            operations.CREATE_SUBSCRIPTION,
            seller=SELLER,
            path={"notificationType": "ORDER_CHANGE"},
            body={"payloadVersion": "1.0", "destinationId": "d"},
        )


def setting(*script: Scripted | Callable[[Sent], Scripted], most_wait_seconds: float = 2.0) -> Setting:
    time, wire, credentials = Time(), Wire(list(script)), Credentials()
    count = iter(range(1, 1000))
    lwa = Wire([lambda _: reply(200, {"access_token": f"token-{next(count)}", "expires_in": 3600})])
    pace = Pace(clock=time.clock, sleep=time.sleep, chance=lambda: 1.0)
    client = SellingPartnerClient(
        endpoint="https://sp.test/",
        session=wire.session(),
        tokens=TokenCache(
            endpoint="https://lwa.test/token", session=lwa.session(), credentials=credentials, pace=pace
        ),
        throttle=LocalThrottle(time.clock),
        pace=pace,
        remaining_seconds=time.remaining,
        most_wait_seconds=most_wait_seconds,
    )
    return Setting(wire, lwa, time, credentials, client)


def test_sends_what_amazon_asks_for() -> None:
    it = setting(reply(200, CREATED, x_amzn_RequestId="r-1"))
    answer = it.creation()
    assert answer == Answer(200, CREATED, "r-1")
    (sent,) = it.wire.sent
    assert (sent.method, sent.url) == ("POST", "https://sp.test/notifications/v1/subscriptions/ORDER_CHANGE")
    assert sent.headers["x-amz-access-token"] == "token-1"
    assert sent.headers["accept"] == "application/json, application/hal+json"
    assert sent.headers["Content-Type"] == "application/json"
    assert "Authorization" not in sent.headers
    assert '"destinationId": "d"' in sent.body


def test_names_itself_as_amazon_asks() -> None:
    """Source: "Include a User-Agent header in all requests"."""
    it = setting(reply(200, GOOD))
    it.listing()
    form = r"[^/()\\;]+/[^/()\\; ]+ \(Language=[^()\\;]+(; \w+=[^()\\;]+)*\)"
    assert re.fullmatch(form, it.wire.sent[0].headers["user-agent"])


def test_an_upload_keeps_the_slashes_of_its_resource_and_encodes_its_digest_once() -> None:
    it = setting(reply(201, {"payload": {"uploadDestinationId": "u"}}))
    it.client.call(
        operations.CREATE_UPLOAD_DESTINATION,
        seller=SELLER,
        path={"resource": "messaging/v1/orders/1/messages/invoice"},
        query={"marketplaceIds": ["ATVPDKIKX0DER"], "contentMD5": "+/4BAgMEBQYHCAkKCwwNDg=="},
    )
    assert it.wire.sent[0].url == (
        "https://sp.test/uploads/2020-11-01/uploadDestinations/messaging/v1/orders/1/messages/invoice"
        "?marketplaceIds=ATVPDKIKX0DER&contentMD5=%2B%2F4BAgMEBQYHCAkKCwwNDg%3D%3D"
    )


def test_versions_of_an_operation_have_their_own_quota() -> None:
    it = setting(reply(200, {"feedId": "f"}))
    for _ in range(15):
        it.client.call(operations.GET_FEED, seller=SELLER, path={"feedId": "1"})
    it.client.call(operations.GET_FEED_2020_09_04, seller=SELLER, path={"feedId": "1"})
    assert it.time.slept == []


def test_path_parameters_are_encoded() -> None:
    it = setting(reply(200, {}))
    it.client.call(
        operations.DELETE_SUBSCRIPTION_BY_ID, path={"notificationType": "X/Y", "subscriptionId": "a b"}
    )
    assert it.wire.sent[0].url == "https://sp.test/notifications/v1/subscriptions/X%2FY/a%20b"


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_path_parameters_cannot_lead_to_another_path(value: str) -> None:
    it = setting(reply(200, {}))
    with pytest.raises(ValueError, match="destinationId"):
        it.client.call(operations.DELETE_DESTINATION, path={"destinationId": value})
    assert it.wire.sent == []


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        (operations.GET_SUBSCRIPTIONS, {}),
        (operations.GET_DESTINATIONS, {"seller": SELLER}),
        (operations.GET_DESTINATIONS, {"path": {"destinationId": "d"}}),
        (operations.GET_DESTINATION, {}),
        (operations.GET_DESTINATIONS, {"query": {"nextToken": "x"}}),
        (operations.GET_SUBSCRIPTIONS, {"seller": SELLER}),
    ],
)
def test_a_call_that_the_operation_does_not_allow_is_not_made(
    operation: Operation, arguments: Mapping[str, Any]
) -> None:
    it = setting(reply(200, GOOD))
    with pytest.raises(ValueError, match=operation.name):
        it.client.call(operation, **arguments)
    assert it.wire.sent == []


@pytest.mark.parametrize("value", [float("nan"), {1, 2}])
def test_a_body_that_is_no_json_is_not_taken_for_a_lost_answer(value: object) -> None:
    it = setting(reply(202, {"feedId": "f"}))
    with pytest.raises((ValueError, TypeError), match="JSON"):
        it.client.call(operations.CREATE_FEED, seller=SELLER, body={"feedType": value})
    assert it.wire.sent == []


def test_a_client_ends_with_the_application_that_it_began_as() -> None:
    """Where the secret becomes another application's, Amazon would call every seller revoked."""
    it = setting(reply(200, GOOD))
    it.listing()
    it.credentials.client_id = "client-2"
    with pytest.raises(errors.CredentialsError, match="client-1"):
        it.listing()
    with pytest.raises(errors.CredentialsError, match="client-1"):
        it.client.call(operations.DELETE_DESTINATION, path={"destinationId": "d"})
    assert (len(it.wire.sent), len(it.tokens.sent)) == (1, 1)


def test_grant_is_the_operations() -> None:
    it = setting(reply(200, {"payload": []}))
    it.client.call(operations.GET_DESTINATIONS)
    assert it.tokens.sent[0].form["scope"] == ["sellingpartnerapi::notifications"]
    it.listing()
    assert it.tokens.sent[1].form["grant_type"] == ["refresh_token"]


@pytest.mark.parametrize(
    "fault",
    [
        reply(500, b"<html>oops</html>"),
        reply(503, {"errors": [{"code": "InternalFailure", "message": "x"}]}),
        reply(200, b"<html>sign in</html>"),
        reply(200, b'{"payload": {"subscr'),
        reply(200, b""),
        reply(200, [1]),
        requests.ConnectionError("reset"),
        requests.ReadTimeout("slow"),
        requests.exceptions.ChunkedEncodingError("cut"),
    ],
)
def test_a_repeatable_call_is_repeated_a_few_times(fault: Scripted) -> None:
    it = setting(fault, fault, reply(200, GOOD))
    assert it.listing().body == GOOD
    assert len(it.wire.sent) == 3

    lasting = setting(fault)
    with pytest.raises(errors.RetryableError):
        lasting.listing()
    assert len(lasting.wire.sent) == ATTEMPTS
    assert max(lasting.time.slept) <= 2.0


@pytest.mark.parametrize(
    "fault",
    [
        reply(500, b"<html>oops</html>"),
        reply(503, {"errors": [{"code": "InternalFailure", "message": "x"}]}),
        reply(408, b""),
        reply(200, b'{"payload": {"subscr'),
        requests.ConnectionError("reset"),
        requests.ConnectionError(MaxRetryError(None, "/", ReadTimeoutError(None, "/", "slow"))),  # type: ignore[arg-type]
        requests.ReadTimeout("slow"),
        requests.exceptions.ChunkedEncodingError("cut"),
        requests.exceptions.SSLError("bad record"),
    ],
)
def test_a_creation_whose_answer_is_lost_is_sent_once(fault: Scripted) -> None:
    it = setting(fault, reply(200, CREATED))
    with pytest.raises(errors.OutcomeUnknownError):
        it.creation()
    assert len(it.wire.sent) == 1


@pytest.mark.parametrize(
    "fault",
    [
        requests.ConnectTimeout("no route"),
        requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(None, "refused"))),  # type: ignore[arg-type]
        reply(429, {"errors": [{"code": "QuotaExceeded", "message": "x"}]}),
    ],
)
def test_a_creation_that_cannot_have_happened_is_repeated(fault: Scripted) -> None:
    it = setting(fault, reply(200, CREATED))
    assert it.creation().body == CREATED
    assert len(it.wire.sent) == 2


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, errors.PermanentError), (404, errors.NotFoundError), (409, errors.ConflictError)],
)
def test_permanent_refusals_are_not_repeated(status: int, kind: type[Exception]) -> None:
    it = setting(reply(status, {"errors": [{"code": "C", "message": "m"}]}, x_amzn_RequestId="r"))
    with pytest.raises(kind, match="request id r"):
        it.creation()
    assert len(it.wire.sent) == 1


def test_a_success_that_lists_errors_is_none() -> None:
    it = setting(reply(200, {"errors": [{"code": "InvalidInput", "message": "bad"}]}))
    with pytest.raises(errors.PermanentError, match="InvalidInput: bad"):
        it.listing()
    # Whether the status or the list is right is not known: it may have been made.
    with pytest.raises(errors.OutcomeUnknownError, match="InvalidInput: bad"):
        it.creation()
    assert len(it.wire.sent) == 2


def test_a_success_that_lists_no_errors_is_one() -> None:
    assert setting(reply(200, {**CREATED, "errors": []})).creation().body["payload"] == CREATED["payload"]


def test_another_success_than_the_operations_is_none() -> None:
    it = setting(reply(202, CREATED))
    with pytest.raises(errors.OutcomeUnknownError, match="not the one"):
        it.creation()
    with pytest.raises(errors.RetryableError, match="not the one"):
        it.listing()


def test_a_message_is_answered_by_nothing() -> None:
    it = setting(reply(201, b""), reply(201, {}))
    for _ in range(2):
        answer = it.client.call(
            operations.SEND_INVOICE,
            seller=SELLER,
            path={"amazonOrderId": "1"},
            query={"marketplaceIds": "ATVPDKIKX0DER"},
            body={"attachments": []},
        )
        assert (answer.status, answer.body) == (201, {})


def test_redirects_are_not_followed() -> None:
    it = setting(reply(302, b"", location="https://elsewhere.test/"))
    with pytest.raises(errors.PermanentError, match="endpoint"):
        it.listing()
    assert len(it.wire.sent) == 1


def test_an_operation_without_answer_may_come_back_empty() -> None:
    it = setting(reply(200, b""))
    assert it.client.call(operations.DELETE_DESTINATION, path={"destinationId": "d"}).body == {}


def test_an_html_page_is_no_deletion() -> None:
    it = setting(reply(200, b"<html>sign in</html>"))
    with pytest.raises(errors.RetryableError):
        it.client.call(operations.DELETE_DESTINATION, path={"destinationId": "d"})


def test_a_stale_token_is_replaced_once() -> None:
    stale = reply(403, {"errors": [{"code": "Unauthorized", "message": "The access token has expired."}]})
    it = setting(stale, reply(200, CREATED))
    it.creation()
    assert [sent.headers["x-amz-access-token"] for sent in it.wire.sent] == ["token-1", "token-2"]

    lasting = setting(stale)
    with pytest.raises(errors.UnauthorizedError):
        lasting.listing()
    assert len(lasting.wire.sent) == 2


def test_a_missing_role_is_not_tried_again() -> None:
    it = setting(
        reply(
            403, {"errors": [{"code": "Unauthorized", "message": "Access to requested resource is denied."}]}
        )
    )
    with pytest.raises(errors.UnauthorizedError, match="role"):
        it.listing()
    assert len(it.wire.sent) == 1


def test_throttled_waits_when_the_wait_is_short() -> None:
    it = setting(reply(429, b""), reply(200, GOOD))
    it.listing()
    assert sum(it.time.slept) == pytest.approx(1.0)


def test_throttled_waits_as_long_as_amazon_asks() -> None:
    it = setting(reply(429, b"", Retry_After="1.5"), reply(200, GOOD))
    it.listing()
    assert sum(it.time.slept) == pytest.approx(1.5)

    longer = setting(reply(429, b"", Retry_After="40"), reply(200, GOOD))
    with pytest.raises(errors.ThrottledError) as caught:
        longer.listing()
    assert caught.value.seconds == pytest.approx(40)
    assert longer.time.slept == []


def test_unavailable_waits_as_long_as_amazon_asks() -> None:
    it = setting(reply(503, b"", Retry_After="1"), reply(200, GOOD))
    it.listing()
    assert it.time.slept == pytest.approx([1.3])

    longer = setting(reply(503, b"", Retry_After="40"), reply(200, GOOD))
    with pytest.raises(errors.RetryableError) as caught:
        longer.listing()
    assert caught.value.retry_after == 40
    assert len(longer.wire.sent) == 1


@pytest.mark.parametrize("value", ["soon", "-5", "nan", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_what_is_no_number_of_seconds_is_no_time_to_wait(value: str) -> None:
    it = setting(reply(503, b"", Retry_After=value), reply(200, GOOD))
    it.listing()
    assert it.time.slept == pytest.approx([0.3])


def test_throttled_again_and_again_is_given_back() -> None:
    it = setting(reply(429, {"errors": [{"code": "QuotaExceeded", "message": "x"}]}, x_amzn_RequestId="r"))
    with pytest.raises(errors.ThrottledError) as caught:
        it.listing()
    assert (caught.value.status, caught.value.code, caught.value.request_id) == (429, "QuotaExceeded", "r")
    assert len(it.wire.sent) == ATTEMPTS


def test_a_long_wait_is_not_slept_through() -> None:
    it = setting(reply(200, GOOD, x_amzn_RateLimit_Limit="0.1"))
    for _ in range(5):
        it.listing()
    with pytest.raises(errors.ThrottledError) as caught:
        it.listing()
    assert caught.value.seconds == pytest.approx(10, rel=0.01)
    assert len(it.wire.sent) == 5
    assert it.time.slept == []


def test_a_429_with_a_long_wait_is_raised_at_once() -> None:
    it = setting(reply(200, GOOD, x_amzn_RateLimit_Limit="0.1"), reply(429, b""))
    it.listing()
    with pytest.raises(errors.ThrottledError) as caught:
        it.listing()
    assert caught.value.seconds > 9
    assert len(it.wire.sent) == 2


def test_a_deployment_may_wait_longer() -> None:
    it = setting(reply(200, GOOD, x_amzn_RateLimit_Limit="0.1"), most_wait_seconds=30.0)
    for _ in range(6):
        it.listing()
    assert it.time.slept == pytest.approx([2.0] * 5)


def test_the_rate_is_learned_from_successes_only() -> None:
    it = setting(reply(404, b"", x_amzn_RateLimit_Limit="100"), reply(200, GOOD))
    with pytest.raises(errors.NotFoundError):
        it.listing()
    for _ in range(5):
        it.listing()
    assert it.time.slept == pytest.approx([1.0])


@pytest.mark.parametrize("limit", ["", "many", "nan"])
def test_an_unreadable_rate_is_ignored(limit: str) -> None:
    it = setting(reply(200, GOOD, x_amzn_RateLimit_Limit=limit))
    for _ in range(6):
        it.listing()
    assert it.time.slept == pytest.approx([1.0])


def test_no_call_begins_after_the_end() -> None:
    it = setting(reply(200, GOOD))
    it.time.ends_at = it.time.now + 0.1
    booking = it.client.book(operations.GET_SUBSCRIPTIONS, seller=SELLER, count=2, most_seconds=0)
    with pytest.raises(errors.OutOfTimeError):
        it.listing()
    assert it.wire.sent == []
    assert booking.count == 2


def test_repeats_end_with_the_time() -> None:
    it = setting(reply(503, b""))
    it.time.ends_at = it.time.now + 0.8
    with pytest.raises(errors.RetryableError):
        it.listing()
    assert it.time.now <= it.time.ends_at
    for sent in it.wire.sent:
        assert sum(sent.timeout) <= 0.8 + 1e-6


def test_a_lost_connection_shows_neither_token_nor_query() -> None:
    it = setting(requests.ConnectionError("GET /?nextToken=SECRET token-1"))
    with pytest.raises(errors.RetryableError) as caught:
        it.listing()
    assert "SECRET" not in str(caught.value)
    assert caught.value.__suppress_context__
