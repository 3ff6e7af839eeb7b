"""Access tokens from Login with Amazon: one per (client id, grant, seller or scope), kept while they live.

Source: "Connect to the Selling Partner API" (grants refresh_token and client_credentials).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import requests

from sellerbus.api.credentials import ClientCredentials
from sellerbus.api.errors import (
    AuthorizationRevokedError,
    CredentialsError,
    OutOfTimeError,
    RetryableError,
    SellingPartnerError,
    body_object,
)
from sellerbus.api.lwa_refusals import OPERATION, refused
from sellerbus.api.observing import Observer, Unobserved
from sellerbus.api.pacing import Pace, attempt_timeouts

ATTEMPTS = 3
EARLY_SECONDS = 60.0
"""A token is replaced this long before it ends, or after four fifths of a life under five minutes."""


@dataclass(frozen=True)
class SellerGrant:
    """A seller on whose behalf Amazon is called.

    refresh_token is only called when an access token has to be asked for: decrypting it costs a call.
    version changes with the refresh token, so that a token of the old one is not used after a change.
    """

    seller_id: str
    refresh_token: Callable[[], str] = field(repr=False, compare=False)
    version: str = ""


Grant = SellerGrant | str
"""A seller, or the scope of a grantless token."""

_Key = tuple[str, str, str, str]


class Credentials(Protocol):
    def current(self) -> ClientCredentials: ...

    def instead_of(self, refused: ClientCredentials) -> Iterator[ClientCredentials]: ...

    def keep(self, credentials: ClientCredentials) -> None: ...


@dataclass(frozen=True)
class _Token:
    value: str = field(repr=False)
    ends_at: float


class TokenCache:
    """Asks for tokens and keeps them. Safe for threads; one request in flight per key.

    The clock must be the wall clock: a monotonic one may stand still while a function is frozen, and would
    keep a token for valid that ended meanwhile.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        session: requests.Session,
        credentials: Credentials,
        pace: Pace,
        observer: Observer | None = None,
    ) -> None:
        self._observer = observer or Unobserved()
        self._endpoint = endpoint
        self._session = session
        self._credentials = credentials
        self._pace = pace
        self._lock = threading.Lock()
        self._tokens: dict[_Key, _Token] = {}
        self._in_flight: dict[_Key, threading.Lock] = {}

    def application(self) -> str:
        """Return the client id that tokens are asked for with now. Raises what `token` raises."""
        return self._credentials.current().client_id

    def token(self, grant: Grant, remaining_seconds: Callable[[], float], *, application: str = "") -> str:
        """Return an access token for `grant`.

        application: the only client id to ask with. To another one Amazon answers that the seller's
            authorisation is revoked and that nothing of the first one's is there.
        Raises CredentialsError, AuthorizationRevokedError and PermanentError, which a repeat does not mend,
        and RetryableError.
        """
        credentials = self._credentials.current()
        _check_application(credentials, application)
        key = _key(credentials.client_id, grant)
        kept = self._kept(key)
        if kept is not None:
            return kept
        with self._lock:
            flight = self._in_flight.setdefault(key, threading.Lock())
        if not flight.acquire(timeout=max(0.0, remaining_seconds())):
            raise OutOfTimeError(OPERATION, "another thread's request for this token takes too long")
        try:
            kept = self._kept(key)
            return kept if kept is not None else self._renew(grant, remaining_seconds, application)
        finally:
            flight.release()

    def forget(self, grant: Grant, refused: str) -> None:
        """Drop the token of `grant` that Amazon refused, unless another thread has replaced it already."""
        key = _key(self._credentials.current().client_id, grant)
        with self._lock:
            kept = self._tokens.get(key)
            if kept is not None and kept.value == refused:
                del self._tokens[key]

    def _kept(self, key: _Key) -> str | None:
        with self._lock:
            token = self._tokens.get(key)
        return token.value if token is not None and self._pace.clock() < token.ends_at else None

    def _renew(self, grant: Grant, remaining_seconds: Callable[[], float], application: str) -> str:
        try:
            credentials, asked_at, body = self._ask_as_accepted(grant, remaining_seconds, application)
        except (AuthorizationRevokedError, OutOfTimeError):
            # The seller's, and our own: Login with Amazon is well.
            raise
        except SellingPartnerError as error:
            self._observer.no_token(grant.seller_id if isinstance(grant, SellerGrant) else grant, error)
            raise
        value = str(body["access_token"])
        token = _Token(value, asked_at + _lifetime_seconds(body.get("expires_in")))
        with self._lock:
            now = self._pace.clock()
            self._tokens = {key: kept for key, kept in self._tokens.items() if kept.ends_at > now}
            self._tokens[_key(credentials.client_id, grant)] = token
        return value

    def _ask_as_accepted(
        self, grant: Grant, remaining_seconds: Callable[[], float], application: str
    ) -> tuple[ClientCredentials, float, dict[str, object]]:
        """Ask with the current credentials; where those are refused, with what may stand in for them."""
        credentials = self._credentials.current()
        _check_application(credentials, application)
        try:
            return credentials, *self._ask(grant, credentials, remaining_seconds)
        except CredentialsError:
            for other in self._credentials.instead_of(credentials):
                try:
                    _check_application(other, application)
                    asked_at, body = self._ask(grant, other, remaining_seconds)
                except CredentialsError:
                    continue
                self._credentials.keep(other)
                return other, asked_at, body
            raise

    def _ask(
        self, grant: Grant, credentials: ClientCredentials, remaining_seconds: Callable[[], float]
    ) -> tuple[float, dict[str, object]]:
        form = {"client_id": credentials.client_id, "client_secret": credentials.client_secret}
        if isinstance(grant, SellerGrant):
            form |= {"grant_type": "refresh_token", "refresh_token": grant.refresh_token()}
        else:
            form |= {"grant_type": "client_credentials", "scope": grant}
        failures = 0
        while True:
            asked_at = self._pace.clock()
            try:
                return asked_at, self._post(form, grant, remaining_seconds)
            except OutOfTimeError:
                raise
            except RetryableError:
                failures += 1
                if failures >= ATTEMPTS or not self._pace.back_off(failures, remaining_seconds):
                    raise

    def _post(
        self, form: dict[str, str], grant: Grant, remaining_seconds: Callable[[], float]
    ) -> dict[str, object]:
        try:
            response = self._session.post(
                self._endpoint,
                data=form,
                headers={"accept": "application/json"},
                timeout=attempt_timeouts(OPERATION, remaining_seconds),
                allow_redirects=False,
            )
            content = response.content
        except requests.RequestException as error:
            # The exception's own text may hold the request.
            raise RetryableError(
                OPERATION, f"Login with Amazon was not reached or did not answer ({type(error).__name__})"
            ) from None
        body = body_object(content)
        request_id = response.headers.get("x-amzn-RequestId")
        if response.status_code == 200 and body is not None:
            value = body.get("access_token")
            if isinstance(value, str) and value:
                return dict(body)
        raise refused(
            response.status_code,
            body,
            request_id,
            seller_id=grant.seller_id if isinstance(grant, SellerGrant) else "",
            scope=grant if isinstance(grant, str) else "",
        )


def _key(client_id: str, grant: Grant) -> _Key:
    if isinstance(grant, SellerGrant):
        return (client_id, "refresh_token", grant.seller_id, grant.version)
    return (client_id, "client_credentials", grant, "")


def _check_application(credentials: ClientCredentials, application: str) -> None:
    if application and credentials.client_id != application:
        raise CredentialsError(
            OPERATION,
            f"begun as the application {application}, but the secret holds the credentials of "
            f"{credentials.client_id} by now",
            hint="Begin again, or write the right ones with `bin/sellerbus secrets set --stage <stage>`.",
        )


def _lifetime_seconds(expires_in: object) -> float:
    """Return how long a token is used; one whose life is not told is used once."""
    if not isinstance(expires_in, int | float) or not math.isfinite(expires_in) or expires_in <= 0:
        return 0.0
    return expires_in - min(EARLY_SECONDS, expires_in / 5)
