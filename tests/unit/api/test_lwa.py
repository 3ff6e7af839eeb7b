"""Access tokens: which one, how long, how often asked for, and what a refusal means."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
import requests

from sellerbus.api.credentials import ClientCredentials
from sellerbus.api.errors import (
    AuthorizationRevokedError,
    CredentialsError,
    OutOfTimeError,
    PermanentError,
    RetryableError,
)
from sellerbus.api.lwa import ATTEMPTS, Grant, SellerGrant, TokenCache
from sellerbus.api.pacing import Pace
from tests.unit.api.wire import Scripted, Sent, Time, Wire, reply

ENDPOINT = "https://api.amazon.test/auth/o2/token"
SCOPE = "sellingpartnerapi::notifications"


@dataclass
class Credentials:
    kept: ClientCredentials = field(default_factory=lambda: ClientCredentials("client-1", "s3cret-1"))
    others: tuple[ClientCredentials, ...] = ()

    def current(self) -> ClientCredentials:
        return self.kept

    def instead_of(self, refused: ClientCredentials) -> Iterator[ClientCredentials]:
        assert refused == self.kept
        return iter(self.others)

    def keep(self, credentials: ClientCredentials) -> None:
        self.kept = credentials


@dataclass
class Setting:
    wire: Wire
    time: Time
    cache: TokenCache

    def token(self, grant: Grant = SCOPE) -> str:
        return self.cache.token(grant, self.time.remaining)


def setting(
    *script: Scripted | Callable[[Sent], Scripted], credentials: Credentials | None = None
) -> Setting:
    time, wire = Time(), Wire(list(script))
    pace = Pace(clock=time.clock, sleep=time.sleep, chance=lambda: 1.0)
    cache = TokenCache(
        endpoint=ENDPOINT, session=wire.session(), credentials=credentials or Credentials(), pace=pace
    )
    return Setting(wire, time, cache)


def counted(expires_in: object = 3600) -> Callable[[Sent], Scripted]:
    count = iter(range(1, 1000))
    return lambda _: reply(200, {"access_token": f"token-{next(count)}", "expires_in": expires_in})


def seller(name: str = "A1", version: str = "v1") -> SellerGrant:
    return SellerGrant(name, lambda: f"Atzr|{name}{version}", version)


def test_a_scope_is_asked_for_with_client_credentials() -> None:
    it = setting(counted())
    assert it.token() == "token-1"
    (sent,) = it.wire.sent
    assert (sent.method, sent.url) == ("POST", ENDPOINT)
    assert sent.form == {
        "grant_type": ["client_credentials"],
        "scope": [SCOPE],
        "client_id": ["client-1"],
        "client_secret": ["s3cret-1"],
    }


def test_a_seller_is_asked_for_with_the_refresh_token() -> None:
    it = setting(counted())
    it.token(seller())
    assert it.wire.sent[0].form["grant_type"] == ["refresh_token"]
    assert it.wire.sent[0].form["refresh_token"] == ["Atzr|A1v1"]
    assert "scope" not in it.wire.sent[0].form


def test_secrets_are_in_the_body_never_in_the_url() -> None:
    it = setting(counted())
    it.token(seller())
    assert urlsplit(it.wire.sent[0].url).query == ""


def test_every_scope_seller_and_version_has_its_own_token() -> None:
    it = setting(counted())
    grants: list[Grant] = [SCOPE, "other::scope", seller("A1"), seller("A2"), seller("A1", "v2")]
    assert [it.token(grant) for grant in grants] == [f"token-{n}" for n in range(1, 6)]
    assert [it.token(grant) for grant in grants] == [f"token-{n}" for n in range(1, 6)]
    assert len(it.wire.sent) == 5


def test_another_client_id_has_its_own_tokens() -> None:
    credentials = Credentials()
    it = setting(counted(), credentials=credentials)
    assert it.token() == "token-1"
    credentials.kept = ClientCredentials("client-2", "s3cret-2")
    assert it.token() == "token-2"


def test_the_refresh_token_is_not_opened_for_a_kept_token() -> None:
    opened: list[int] = []

    def refresh_token() -> str:
        opened.append(1)
        return "Atzr|x"

    it = setting(counted())
    for _ in range(3):
        it.token(SellerGrant("A1", refresh_token, "v"))
    assert len(opened) == 1


@pytest.mark.parametrize(("expires_in", "used_seconds"), [(3600, 3540), (100, 80), (300, 240), (10, 8)])
def test_replaced_before_it_ends(expires_in: int, used_seconds: int) -> None:
    it = setting(counted(expires_in))
    it.time.ends_at += 10_000
    it.token()
    it.time.now += used_seconds - 0.5
    assert it.token() == "token-1"
    it.time.now += 1
    assert it.token() == "token-2"


@pytest.mark.parametrize("expires_in", [None, 0, -5, "3600", float("inf"), float("nan")])
def test_without_a_usable_lifetime_it_is_used_once(expires_in: object) -> None:
    it = setting(counted(expires_in))
    assert [it.token(), it.token()] == ["token-1", "token-2"]


def test_forgotten_when_amazon_refused_it() -> None:
    it = setting(counted())
    it.cache.forget(SCOPE, it.token())
    assert it.token() == "token-2"


def test_a_refusal_that_comes_late_does_not_cost_the_token_that_came_after() -> None:
    it = setting(counted())
    refused = it.token()
    it.cache.forget(SCOPE, refused)
    renewed = it.token()
    it.cache.forget(SCOPE, refused)
    assert it.token() == renewed
    assert len(it.wire.sent) == 2


def test_what_one_application_began_no_other_one_goes_on_with() -> None:
    it = setting(reply(400, {"error": "invalid_grant"}), credentials=Credentials())
    with pytest.raises(CredentialsError, match=r"begun as the application client-0.*of client-1 by now"):
        it.cache.token(seller(), it.time.remaining, application="client-0")
    assert it.wire.sent == []


def test_another_application_does_not_stand_in_for_refused_credentials() -> None:
    """Its invalid_grant would be taken for the seller's."""
    credentials = Credentials(others=(ClientCredentials("client-2", "s3cret-2"),))

    def answer(sent: Sent) -> Scripted:
        mine = sent.form["client_id"] == ["client-1"]
        return reply(401, {"error": "invalid_client"}) if mine else reply(400, {"error": "invalid_grant"})

    it = setting(answer, credentials=credentials)
    with pytest.raises(CredentialsError, match="invalid_client"):
        it.cache.token(seller(), it.time.remaining, application="client-1")
    assert len(it.wire.sent) == 1


def test_one_request_in_flight_for_many_threads() -> None:
    started, let_go = threading.Event(), threading.Event()

    def slow(_: Sent) -> Scripted:
        started.set()
        let_go.wait(5)
        return reply(200, {"access_token": "token-1", "expires_in": 3600})

    it = setting(slow)
    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(it.token())) for _ in range(8)]
    for thread in threads:
        thread.start()
    started.wait(5)
    let_go.set()
    for thread in threads:
        thread.join(5)
    assert results == ["token-1"] * 8
    assert len(it.wire.sent) == 1


def test_one_sellers_slow_token_does_not_hold_up_another() -> None:
    started, let_go = threading.Event(), threading.Event()

    def answer(sent: Sent) -> Scripted:
        if sent.form.get("refresh_token") == ["Atzr|A1v1"]:
            started.set()
            let_go.wait(5)
        return reply(200, {"access_token": sent.form["refresh_token"][0], "expires_in": 3600})

    it = setting(answer)
    thread = threading.Thread(target=lambda: it.token(seller("A1")))
    thread.start()
    started.wait(5)
    try:
        assert it.token(seller("A2")) == "Atzr|A2v1"
        it.time.ends_at = it.time.now
        with pytest.raises(OutOfTimeError):
            it.token(seller("A1"))
    finally:
        let_go.set()
        thread.join(5)


def test_temporary_faults_are_repeated_with_jitter_a_few_times() -> None:
    it = setting(reply(503, b"<html>"), requests.ConnectionError("reset"), counted())
    assert it.token() == "token-1"
    assert it.time.slept == pytest.approx([0.3, 0.6])


@pytest.mark.parametrize(
    "fault",
    [
        reply(500, b"<html>oops</html>"),
        reply(429, {"error": "throttled"}),
        reply(400, {"error": "temporarily_unavailable"}),
        reply(200, b"<html>sign in</html>"),
        reply(200, b'{"access_token": "Atza|cut'),
        reply(200, {"token_type": "bearer"}),
        reply(200, {"access_token": ""}),
        requests.ReadTimeout("slow"),
    ],
)
def test_a_lasting_temporary_fault_ends_retryable(fault: Scripted) -> None:
    it = setting(fault)
    with pytest.raises(RetryableError):
        it.token()
    assert len(it.wire.sent) == ATTEMPTS


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "invalid_client", CredentialsError),
        (400, "invalid_client", CredentialsError),
        (401, None, CredentialsError),
        (400, "invalid_request", PermanentError),
        (400, "invalid_grant", PermanentError),
        (400, "invalid_scope", PermanentError),
        (400, "unauthorized_client", PermanentError),
        (302, None, PermanentError),
    ],
)
def test_permanent_refusals_are_not_repeated(status: int, code: str | None, kind: type[Exception]) -> None:
    it = setting(reply(status, {"error": code, "error_description": "because"} if code else b""))
    with pytest.raises(kind) as caught:
        it.token()
    assert type(caught.value) is kind
    assert len(it.wire.sent) == 1
    assert it.time.slept == []


def test_a_revoked_seller_is_told_with_what_to_do() -> None:
    it = setting(reply(400, {"error": "invalid_grant", "error_description": "revoked"}, x_amzn_RequestId="r"))
    with pytest.raises(
        AuthorizationRevokedError, match=r"seller A1: revoked.*replace the seller's refresh token"
    ) as caught:
        it.token(seller())
    assert (caught.value.code, caught.value.status, caught.value.request_id) == ("invalid_grant", 400, "r")
    assert len(it.wire.sent) == 1


def test_for_refused_credentials_others_are_tried_in_turn_and_the_good_ones_kept() -> None:
    second, third, fourth = (ClientCredentials("client-1", f"s3cret-{number}") for number in (2, 3, 4))
    credentials = Credentials(others=(second, third, fourth))

    def answer(sent: Sent) -> Scripted:
        if sent.form["client_secret"] == ["s3cret-3"]:
            return reply(200, {"access_token": "token", "expires_in": 3600})
        return reply(401, {"error": "invalid_client"})

    it = setting(answer, credentials=credentials)
    assert it.token() == "token"
    assert [sent.form["client_secret"] for sent in it.wire.sent] == [["s3cret-1"], ["s3cret-2"], ["s3cret-3"]]
    assert credentials.kept == third
    assert it.token() == "token"
    assert len(it.wire.sent) == 3


def test_where_all_are_refused_the_first_refusal_is_told_and_nothing_is_kept() -> None:
    first = ClientCredentials("client-1", "s3cret-1")
    credentials = Credentials(first, (ClientCredentials("client-1", "s3cret-2"),))

    def answer(sent: Sent) -> Scripted:
        described = f"of {sent.form['client_secret'][0][-1]}"
        return reply(401, {"error": "invalid_client", "error_description": described})

    with pytest.raises(CredentialsError, match="of 1"):
        setting(answer, credentials=credentials).token()
    assert credentials.kept == first


def test_a_fault_of_the_stand_in_is_not_taken_for_a_refusal() -> None:
    credentials = Credentials(others=(ClientCredentials("client-1", "s3cret-2"),))
    it = setting(reply(401, {"error": "invalid_client"}), reply(503, b""), credentials=credentials)
    with pytest.raises(RetryableError):
        it.token()


def test_a_refresh_token_of_another_application_marks_no_seller_as_revoked() -> None:
    it = setting(reply(400, {"error": "unauthorized_client", "error_description": "Not authorized"}))
    with pytest.raises(PermanentError, match=r"seller A1: Not authorized.*another application's") as caught:
        it.token(seller())
    assert type(caught.value) is PermanentError
    with pytest.raises(PermanentError, match=f"lacks the role for scope {SCOPE}"):
        it.token()


def test_texts_repeat_no_secret_that_came_back() -> None:
    it = setting(reply(400, {"error": "invalid_grant", "error_description": "bad Atzr|IwSECRET"}))
    with pytest.raises(PermanentError) as caught:
        it.token(seller())
    assert "IwSECRET" not in str(caught.value)


def test_a_lost_connection_does_not_show_the_request() -> None:
    it = setting(requests.ConnectionError("client_secret=s3cret-1 refused"))
    with pytest.raises(RetryableError) as caught:
        it.token()
    assert "s3cret-1" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_time_limits_never_pass_the_remaining_time() -> None:
    it = setting(counted())
    it.time.ends_at = it.time.now + 1.0
    it.token()
    connect, read = it.wire.sent[0].timeout
    assert connect + read <= 1.0


def test_without_time_nothing_is_sent() -> None:
    it = setting(counted())
    it.time.ends_at = it.time.now
    with pytest.raises(OutOfTimeError):
        it.token()
    assert it.wire.sent == []
