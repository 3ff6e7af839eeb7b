"""The operator's window to Amazon: what stands there, and what a run would do. It changes nothing.

Refusals are answers, so that whoever asks can wait or tell a person; what is raised is a defect or an outage
of AWS.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from sellerbus.api.errors import SellingPartnerError
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.notifications import Destination
from sellerbus.api.refused import refused, refused_by_amazon
from sellerbus.notifications import dry_run
from sellerbus.notifications import inspection_documents as documents
from sellerbus.notifications.authorisations import MOST_SELLERS, Authorisations
from sellerbus.notifications.seller_reconciler import check_application
from sellerbus.notifications.seller_record import Record, StateView
from sellerbus.notifications.wanted import Wanted
from sellerbus.sellers.advice import REFUSED_BY_AMAZON
from sellerbus.sellers.registry import UnreadableTokenError
from sellerbus.sellers.rows import ACTIVE, PAUSED, REMOVING, REVOKED, Seller


class RefusedError(Exception):
    """The question can't be answered. kind: what the asker may do about it; see `Inspector.answer`."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(message)


class Api(dry_run.Listings, Protocol):
    """The part of the Notifications API that is used; only the test notification does anything."""

    def destinations(self) -> tuple[Destination, ...]: ...

    def get_destination(self, destination_id: str) -> Destination: ...

    def send_test_notification(
        self, *, destination_id: str, notification_type: str, payload_version: str, scenario: str
    ) -> None: ...


class Sellers(Protocol):
    """The part of the seller registry that is used."""

    def find(self, seller_id: str) -> Seller | None: ...

    def grant(self, seller: Seller) -> SellerGrant: ...

    def add_again(self, seller: Seller) -> str: ...


class States(Protocol):
    """The part of the subscription states that is used."""

    def record(self, seller_id: str) -> Record: ...

    def show(self, seller_id: str) -> StateView | None: ...


class Inspector:
    """application: tells the client id that Amazon is called with. sandbox: whether that is the sandbox."""

    def __init__(
        self,
        *,
        registry: Sellers,
        states: States,
        api: Api,
        application: Callable[[], str],
        wanted: Callable[[], Wanted],
        authorisations: Callable[[], Authorisations],
        sandbox: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._registry = registry
        self._states = states
        self._api = api
        self._application = application
        self._wanted = wanted
        self._authorisations = authorisations
        self._sandbox = sandbox
        self._clock = clock

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one question, a JSON object whose `request` says which.

        subscriptions (sellerId, notificationTypes: further ones to list), destinations, destination
        (destinationId), authorisations (sellerIds, 50 at the most; scopes: whether to look at the
        application's own grants too; answered as `Authorisations.answer` says), test-notification
        (notificationType, testScenario, payloadVersion, destinationId; the last two as configured where they
        are absent).

        What is refused is {"error": {"kind", "message", "seconds"}}, kind being throttled (ask again after
        `seconds`), retryable (ask again later), permanent, not-found, unknown-seller, revoked, not-sandbox.
        An answer that would be too large for Lambda has shorter lists and "cut": true.
        Raises WantedError, and what registry and states raise.
        """
        try:
            return documents.fitting(self._asked(request))
        except RefusedError as error:
            return refused(error.kind, error)
        except UnreadableTokenError as error:
            return refused("permanent", error)
        except SellingPartnerError as error:
            return refused_by_amazon(error)

    def _asked(self, request: Mapping[str, Any]) -> dict[str, Any]:
        questions: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "subscriptions": self._subscriptions,
            "destinations": self._destinations,
            "destination": self._destination,
            "authorisations": self._authorised,
            "test-notification": self._test_notification,
        }
        question = questions.get(_text(request, "request"))
        if question is None:
            raise RefusedError("permanent", f"request must be one of {', '.join(questions)}")
        return question(request)

    def _subscriptions(self, request: Mapping[str, Any]) -> dict[str, Any]:
        seller_id = _text(request, "sellerId")
        further = _texts(request, "notificationTypes")
        seller = self._listable(seller_id)
        record = self._states.record(seller_id)
        if record.closed:
            raise RefusedError("permanent", "the stack is being deleted: nothing is made any more")
        check_application(seller_id, record, self._application())
        wanted = self._wanted()
        clear = seller.status != ACTIVE
        working = self._working(seller_id)
        looked = dry_run.look(
            self._api,
            self._registry.grant(seller),
            wanted if clear else wanted.limited_to(seller.notification_types),
            record,
            clear=clear,
            further_types=further,
        )
        return {
            "sellerId": seller_id,
            "region": seller.region,
            "status": seller.status,
            "working": working or self._working(seller_id),
            "plan": [
                *(documents.type_plan(each, wanted) for each in looked.types),
                *(documents.unlistable_type(name, error) for name, error in looked.refused.items()),
            ],
            "actual": documents.actual(looked, wanted),
        }

    def _working(self, seller_id: str) -> bool:
        """Whether a run is at work on the seller: what is seen then is already changing."""
        view = self._states.show(seller_id)
        return view is not None and view.busy_until is not None and view.busy_until > self._clock()

    def _listable(self, seller_id: str) -> Seller:
        """Return the row of a seller for whom Amazon can be asked; raises RefusedError."""
        seller = self._registry.find(seller_id)
        if seller is None:
            raise RefusedError("unknown-seller", f"seller {seller_id} is not in the registry")
        if seller.status == REVOKED:
            raise RefusedError(
                "revoked",
                f"nothing can be listed for seller {seller_id}: {REFUSED_BY_AMAZON}. Let the seller "
                f"authorise the application again, then: {self._registry.add_again(seller)}",
            )
        if seller.status not in (ACTIVE, PAUSED, REMOVING):
            raise RefusedError("permanent", f"seller {seller_id} has the unknown status {seller.status!r}")
        return seller

    def _destinations(self, _: Mapping[str, Any]) -> dict[str, Any]:
        ids = self._wanted().destinations.ids
        return {"destinations": [documents.destination(row, ids) for row in self._api.destinations()]}

    def _destination(self, request: Mapping[str, Any]) -> dict[str, Any]:
        found = self._api.get_destination(_text(request, "destinationId"))
        return {"destination": documents.destination(found, self._wanted().destinations.ids)}

    def _authorised(self, request: Mapping[str, Any]) -> dict[str, Any]:
        sellers = _texts(request, "sellerIds")
        if len(sellers) > MOST_SELLERS:
            raise RefusedError("permanent", f"sellerIds names more than {MOST_SELLERS} sellers: ask in parts")
        return self._authorisations().answer(sellers, scopes=request.get("scopes") is True)

    def _test_notification(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if not self._sandbox:
            raise RefusedError(
                "not-sandbox", "Amazon sends test notifications in its sandbox only: sp_api.sandbox is false"
            )
        notification_type = _text(request, "notificationType")
        scenario = _text(request, "testScenario")
        version = _text(request, "payloadVersion", "")
        destination_id = _text(request, "destinationId", "")
        wanted = self._wanted()
        rows = wanted.of_type(notification_type)
        versions = {row.payload_version for row in rows}
        if not rows and not (version and destination_id):
            raise RefusedError(
                "permanent",
                f"{notification_type} is not configured: name --payload-version and --destination",
            )
        if not version and len(versions) > 1:
            raise RefusedError(
                "permanent", f"{notification_type} is configured with several payloadVersions: name one"
            )
        sent = {
            "payloadVersion": version or rows[0].payload_version,
            "destinationId": destination_id or wanted.destinations.of(rows[0]),
        }
        self._api.send_test_notification(
            destination_id=sent["destinationId"],
            notification_type=notification_type,
            payload_version=sent["payloadVersion"],
            scenario=scenario,
        )
        return {"sent": True, **sent}


def _text(request: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = request.get(key, default)
    if not isinstance(value, str) or (not value and default is None):
        raise RefusedError("permanent", f"{key} is missing or no text")
    return value


def _texts(request: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = request.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise RefusedError("permanent", f"{key} is not a list of texts")
    return tuple(values)
