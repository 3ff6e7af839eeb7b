"""Whether Login with Amazon gives tokens now: for each scope of the application, and for sellers.

Asked anew each time: a token that is kept from before a revocation would say that all is well for an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol

from sellerbus.api.errors import (
    AuthorizationRevokedError,
    CredentialsError,
    RetryableError,
    SellingPartnerError,
)
from sellerbus.api.lwa import Grant, SellerGrant
from sellerbus.api.operations import NOTIFICATIONS_SCOPE, ROTATION_SCOPE
from sellerbus.api.redaction import redact
from sellerbus.sellers.registry import UnreadableTokenError
from sellerbus.sellers.rows import Seller

SCOPES: Final = (NOTIFICATIONS_SCOPE, ROTATION_SCOPE)
"""The grantless scopes that Sellerbus calls Amazon with."""

MOST_SELLERS: Final = 50
"""Of one question: with ten at once, and half a second each, it is answered in seconds."""

_AT_ONCE: Final = 10


class Tokens(Protocol):
    """Asks for tokens; see `api.lwa.TokenCache`."""

    def token(self, grant: Grant, remaining_seconds: Callable[[], float]) -> str: ...


class Sellers(Protocol):
    """The part of the seller registry that is used."""

    def find(self, seller_id: str) -> Seller | None: ...

    def grant(self, seller: Seller) -> SellerGrant: ...


class Authorisations:
    """One question's look. tokens: keeps none from before. notices: what was told of stand-in secrets."""

    def __init__(
        self,
        *,
        tokens: Tokens,
        registry: Sellers,
        remaining_seconds: Callable[[], float],
        notices: Callable[[], Sequence[str]],
    ) -> None:
        self._tokens = tokens
        self._registry = registry
        self._remaining_seconds = remaining_seconds
        self._notices = notices

    def answer(self, seller_ids: Sequence[str], *, scopes: bool) -> dict[str, Any]:
        """Ask for a token for each of `seller_ids`, and with `scopes` for each of SCOPES, side by side.

        Returns {"scopes": [{"scope", "given", "kind", "message"}], "sellers": [{"sellerId", "given", "kind",
        "message"}], "notices"}. kind, where none was given: credentials (client id or secret is missing or
        refused), revoked, unreadable (the row's token can't be decrypted), unknown-seller, retryable
        (ask again), permanent.
        """
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            asked = [pool.submit(self._scope, scope) for scope in (SCOPES if scopes else ())]
            sought = [pool.submit(self._seller, seller_id) for seller_id in seller_ids]
            return {
                "scopes": [future.result() for future in asked],
                "sellers": [future.result() for future in sought],
                "notices": [redact(text) for text in self._notices()],
            }

    def _scope(self, scope: str) -> dict[str, Any]:
        return {"scope": scope, **self._asked(scope)}

    def _seller(self, seller_id: str) -> dict[str, Any]:
        seller = self._registry.find(seller_id)
        if seller is None:
            return {"sellerId": seller_id, **_refused("unknown-seller", "it is not in the registry")}
        return {"sellerId": seller_id, **self._asked(self._registry.grant(seller))}

    def _asked(self, grant: Grant) -> dict[str, Any]:
        try:
            self._tokens.token(grant, self._remaining_seconds)
        except UnreadableTokenError as error:
            return _refused("unreadable", error)
        except SellingPartnerError as error:
            return _refused(_kind(error), error)
        return {"given": True, "kind": None, "message": None}


def _kind(error: SellingPartnerError) -> str:
    match error:
        case CredentialsError():
            return "credentials"
        case AuthorizationRevokedError():
            return "revoked"
        case RetryableError():
            return "retryable"
    return "permanent"


def _refused(kind: str, reason: object) -> dict[str, Any]:
    return {"given": False, "kind": kind, "message": redact(str(reason))}
