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
    PermanentError,
    RetryableError,
    SellingPartnerError,
    body_object,
)
from sellerbus.api.pacing import Pace, attempt_timeouts

ATTEMPTS = 3
EARLY_SECONDS = 60.0
"""A token is replaced this long before it ends, or after four fifths of a life under five minutes."""

_OPERATION = "LWA token"


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
    value: str
    ends_at: float


class TokenCache:
    """Asks for tokens and keeps them. Safe for threads; one request in flight per key.

    The clock must be the wall clock: a monotonic one may stand still while a function is frozen, and would
    keep a token for valid that ended meanwhile.
    """

    def __init__(
        self, *, endpoint: str, session: requests.Session, credentials: Credentials, pace: Pace
    ) -> None:
        self._endpoint = endpoint
        self._session = session
        self._credentials = credentials
        self._pace = pace
        self._lock = threading.Lock()
        self._tokens: dict[_Key, _Token] = {}
        self._in_flight: dict[_Key, threading.Lock] = {}

    def token(self, grant: Grant, remaining_seconds: Callable[[], float]) -> str:
        """Return an access token for `grant`.

        Raises CredentialsError, AuthorizationRevokedError and PermanentError, which a repeat does not mend,
        and RetryableError.
        """
        key = _key(self._credentials.current().client_id, grant)
        kept = self._kept(key)
        if kept is not None:
            return kept
        with self._lock:
            flight = self._in_flight.setdefault(key, threading.Lock())
        if not flight.acquire(timeout=max(0.0, remaining_seconds())):
            raise OutOfTimeError(_OPERATION, "another thread's request for this token takes too long")
        try:
            kept = self._kept(key)
            return kept if kept is not None else self._renew(grant, remaining_seconds)
        finally:
            flight.release()

    def forget(self, grant: Grant) -> None:
        """Drop the token of `grant`: Amazon refused it."""
        key = _key(self._credentials.current().client_id, grant)
        with self._lock:
            self._tokens.pop(key, None)

    def _kept(self, key: _Key) -> str | None:
        with self._lock:
            token = self._tokens.get(key)
        return token.value if token is not None and self._pace.clock() < token.ends_at else None

    def _renew(self, grant: Grant, remaining_seconds: Callable[[], float]) -> str:
        credentials, asked_at, body = self._ask_as_accepted(grant, remaining_seconds)
        value = str(body["access_token"])
        token = _Token(value, asked_at + _lifetime_seconds(body.get("expires_in")))
        with self._lock:
            now = self._pace.clock()
            self._tokens = {key: kept for key, kept in self._tokens.items() if kept.ends_at > now}
            self._tokens[_key(credentials.client_id, grant)] = token
        return value

    def _ask_as_accepted(
        self, grant: Grant, remaining_seconds: Callable[[], float]
    ) -> tuple[ClientCredentials, float, dict[str, object]]:
        """Ask with the current credentials; where those are refused, with what may stand in for them."""
        credentials = self._credentials.current()
        try:
            return credentials, *self._ask(grant, credentials, remaining_seconds)
        except CredentialsError:
            for other in self._credentials.instead_of(credentials):
                try:
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
                timeout=attempt_timeouts(_OPERATION, remaining_seconds),
                allow_redirects=False,
            )
            content = response.content
        except requests.RequestException as error:
            # The exception's own text may hold the request.
            raise RetryableError(
                _OPERATION, f"Login with Amazon was not reached or did not answer ({type(error).__name__})"
            ) from None
        body = body_object(content)
        request_id = response.headers.get("x-amzn-RequestId")
        if response.status_code == 200 and body is not None:
            value = body.get("access_token")
            if isinstance(value, str) and value:
                return dict(body)
        raise _refused(response.status_code, body, grant, request_id)


def _key(client_id: str, grant: Grant) -> _Key:
    if isinstance(grant, SellerGrant):
        return (client_id, "refresh_token", grant.seller_id, grant.version)
    return (client_id, "client_credentials", grant, "")


def _lifetime_seconds(expires_in: object) -> float:
    """Return how long a token is used; one whose life is not told is used once."""
    if not isinstance(expires_in, int | float) or not math.isfinite(expires_in) or expires_in <= 0:
        return 0.0
    return expires_in - min(EARLY_SECONDS, expires_in / 5)


def _refused(status: int, body: object, grant: Grant, request_id: str | None) -> SellingPartnerError:
    answer = body if isinstance(body, dict) else {}
    code = answer.get("error") if isinstance(answer.get("error"), str) else None
    described = answer.get("error_description")
    message = described if isinstance(described, str) and described else "no description was given"
    subject = f"seller {grant.seller_id}" if isinstance(grant, SellerGrant) else f"scope {grant}"

    def error(kind: type[SellingPartnerError], hint: str) -> SellingPartnerError:
        return kind(
            _OPERATION, f"{subject}: {message}", status=status, code=code, request_id=request_id, hint=hint
        )

    if status >= 500 or status == 429 or status == 200 or code in ("server_error", "temporarily_unavailable"):
        return error(RetryableError, "")
    # A 401 is about the client alone (RFC 6749, 5.2), also where its body is not readable.
    if code == "invalid_client" or (status == 401 and code is None):
        return error(
            CredentialsError,
            "The client id or secret is not good: write the current one with `sellerbus secrets set`.",
        )
    if code == "invalid_grant" and isinstance(grant, SellerGrant):
        return error(
            AuthorizationRevokedError,
            "The refresh token is revoked, expired or another application's: let the seller authorise again "
            f"and run `sellerbus sellers add {grant.seller_id} --replace`.",
        )
    if code == "unauthorized_client" and isinstance(grant, SellerGrant):
        # Not taken for a revoked authorisation: with another application's credentials in the secret, every
        # seller would be.
        return error(
            PermanentError,
            "The refresh token is another application's: it was given to another client id than that in the "
            "secret.",
        )
    if code in ("unauthorized_client", "invalid_scope"):
        return error(PermanentError, f"The application lacks the role for {subject}.")
    return error(PermanentError, "Check the application's registration and the token endpoint.")
