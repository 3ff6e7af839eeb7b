"""The operator's window to a seller's orders: which there are, and what each one's buyer can be sent now.

It changes nothing at Amazon. Refusals are answers, so that whoever asks can wait or tell a person; what is
raised is a defect or an outage of AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from sellerbus.api.endpoints import UnknownMarketplaceError, marketplace
from sellerbus.api.errors import SellingPartnerError, UnauthorizedError
from sellerbus.api.refused import refused, refused_by_amazon
from sellerbus.messaging.actions import OfferedAction, read_actions
from sellerbus.messaging.offer import offer_documents
from sellerbus.messaging.order_pages import Orders
from sellerbus.messaging.orders import RecentOrders
from sellerbus.messaging.request import ORDER_ID
from sellerbus.messaging.steps import not_allowed_now
from sellerbus.sellers.advice import REFUSED_BY_AMAZON
from sellerbus.sellers.registry import UnreadableTokenError
from sellerbus.sellers.rows import REMOVING, REVOKED, Seller

DAYS: Final = 30
MOST_DAYS: Final = 365


class Messaging(Protocol):
    """The part of sellerbus.api.messaging.MessagingApi used here."""

    def actions(self, order_id: str, marketplace_id: str) -> Mapping[str, object]: ...

    def locale(self, order_id: str, marketplace_id: str) -> str | None: ...


class Sellers(Protocol):
    """The part of the seller registry used here."""

    def find(self, seller_id: str) -> Seller | None: ...

    def add_again(self, seller: Seller) -> str: ...


class Amazon(Protocol):
    """Amazon's APIs for one seller. Raises UnreadableTokenError."""

    def orders(self, seller: Seller) -> Orders: ...

    def messaging(self, seller: Seller) -> Messaging: ...


class RefusedError(Exception):
    """The question can't be answered. kind: what the asker may do about it; see `OrderLookUp.answer`."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(message)


class OrderLookUp:
    def __init__(self, *, registry: Sellers, amazon: Amazon, recent: RecentOrders) -> None:
        self._registry = registry
        self._amazon = amazon
        self._recent = recent

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one question, a JSON object whose `request` says which; sellerId and marketplaceId belong to
        each.

        orders (days: 1 to 365, 30 where absent; fresh: not those kept): {"orders", "complete", "readAt"}, see
        `Listing`. actions (amazonOrderId): {"locale", "actions"}, see sellerbus.messaging.offer; where the
        order offers nothing, the locale is not asked for.

        What is refused is {"error": {"kind", "message", "seconds"}}, kind being throttled (ask again after
        `seconds`), retryable (ask again later), permanent, not-found, unknown-seller, revoked.
        Raises StoreUnavailableError, and what the registry raises.
        """
        try:
            return self._asked(request)
        except RefusedError as error:
            return refused(error.kind, error)
        except UnreadableTokenError as error:
            return refused("permanent", error)
        except SellingPartnerError as error:
            return refused_by_amazon(error)

    def _asked(self, request: Mapping[str, Any]) -> dict[str, Any]:
        questions: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "orders": self._orders,
            "actions": self._actions,
        }
        question = questions.get(_text(request, "request"))
        if question is None:
            raise RefusedError("permanent", f"request must be one of {', '.join(questions)}")
        return question(request)

    def _orders(self, request: Mapping[str, Any]) -> dict[str, Any]:
        days, fresh = request.get("days", DAYS), request.get("fresh", False)
        if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= MOST_DAYS:
            raise RefusedError("permanent", f"days must be a whole number from 1 to {MOST_DAYS}")
        if not isinstance(fresh, bool):
            raise RefusedError("permanent", "fresh must be true or false")
        seller, marketplace_id = self._whose(request)
        listing = self._recent.read(
            lambda: self._amazon.orders(seller), seller.seller_id, marketplace_id, days, fresh=fresh
        )
        return listing.to_document()

    def _actions(self, request: Mapping[str, Any]) -> dict[str, Any]:
        order_id = _text(request, "amazonOrderId")
        if not ORDER_ID.fullmatch(order_id):
            raise RefusedError("permanent", "amazonOrderId is no order id: it looks like 902-6786204-8179805")
        seller, marketplace_id = self._whose(request)
        api = self._amazon.messaging(seller)
        offered = _offered(api, order_id, marketplace_id)
        locale = api.locale(order_id, marketplace_id) if offered else None
        return {"locale": locale, "actions": offer_documents(offered)}

    def _whose(self, request: Mapping[str, Any]) -> tuple[Seller, str]:
        """Return the seller for whom Amazon can be asked, and the marketplace's id."""
        seller_id, name = _text(request, "sellerId"), _text(request, "marketplaceId")
        try:
            wanted = marketplace(name)
        except UnknownMarketplaceError as error:
            raise RefusedError("permanent", str(error)) from error
        seller = self._registry.find(seller_id)
        if seller is None:
            raise RefusedError("unknown-seller", f"seller {seller_id} is not in the registry")
        if seller.status == REVOKED:
            raise RefusedError(
                "revoked",
                f"nothing can be looked up for seller {seller_id}: {REFUSED_BY_AMAZON}. Let the seller "
                f"authorise the application again, then: {self._registry.add_again(seller)}",
            )
        if seller.status == REMOVING:
            raise RefusedError("permanent", f"seller {seller_id} is being removed")
        if wanted.region != seller.region:
            raise RefusedError(
                "permanent",
                f"marketplace {wanted.country} is of the region {wanted.region}, seller {seller_id} of "
                f"{seller.region}",
            )
        return seller, wanted.marketplace_id


def _offered(api: Messaging, order_id: str, marketplace_id: str) -> tuple[OfferedAction, ...]:
    try:
        return read_actions(api.actions(order_id, marketplace_id))
    except UnauthorizedError as error:
        # So Amazon answers where nothing is possible, in place of an empty list.
        if not not_allowed_now(error):
            raise
        return ()
    except ValueError as error:
        raise RefusedError(
            "permanent", f"Amazon's list of actions for the order can't be read: {error}"
        ) from error


def _text(request: Mapping[str, Any], key: str) -> str:
    value = request.get(key)
    if not isinstance(value, str) or not value:
        raise RefusedError("permanent", f"{key} is missing or no text")
    return value
