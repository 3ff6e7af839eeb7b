"""One run for one seller: under the seller's lease, as the seller's row in the registry says then.

No two runs of a seller overlap, whoever starts them: the deploy, a deletion, a job of the queue. Row and
wanted subscriptions are read under the lease; what changes later is followed by a run that begins after this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from sellerbus.api.errors import AuthorizationRevokedError, CredentialsError
from sellerbus.api.lwa import SellerGrant
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.reconciliation import Outcome, SubscriptionsApi, bring_to, delete_recorded
from sellerbus.notifications.subscription_state import Lease
from sellerbus.notifications.wanted import Wanted
from sellerbus.sellers.registry import (
    ACTIVE,
    PAUSED,
    REMOVING,
    REVOKED,
    Seller,
    UnknownStatusError,
    UnreadableTokenError,
)

LONGEST_RUN_SECONDS: Final = 240.0
"""So that a run that is killed doesn't hold its seller for the quarter of an hour that a deploy may take."""

ApiFactory = Callable[[Callable[[], float]], SubscriptionsApi]
"""Makes a client that calls no longer than the time (seconds) that it is given."""


class Sellers(Protocol):
    """The part of the seller registry that is used."""

    def find(self, seller_id: str) -> Seller | None: ...

    def grant(self, seller: Seller) -> SellerGrant: ...

    def set_status(self, seller_id: str, status: str, *, seen: Seller | None = None) -> Seller: ...

    def delete_removed(self, seller_id: str) -> bool: ...


class States(Protocol):
    """The part of the subscription states that is used."""

    def take(self, seller_id: str, seconds: float) -> Lease: ...

    def begin(self, lease: Lease, types: Iterable[str]) -> None: ...

    def leave(self, lease: Lease) -> None: ...


class SellerReconciler:
    """Does one seller's job as the seller's row says: active, paused, removing; revoked is left alone.

    application: tells the client id that Amazon is called with.
    """

    def __init__(
        self,
        *,
        registry: Sellers,
        states: States,
        api: ApiFactory,
        application: Callable[[], str],
        remaining_seconds: Callable[[], float],
        clock: Callable[[], float],
    ) -> None:
        self._application = application
        self._registry = registry
        self._states = states
        self._api = api
        self._remaining = remaining_seconds
        self._clock = clock

    def run(
        self, job: SellerJob, wanted: Callable[[], Wanted], *, clear: bool | None = None
    ) -> Outcome | None:
        """Return what was done; None where there is nothing to do for the seller (gone, revoked, closed).

        clear: True deletes the subscriptions whatever the row says, of a revoked or unknown seller those on
        record, and closes the seller: jobs of the queue (None) that were on their way make nothing more for
        it. The deploy's False opens it again.
        Raises SellerBusyError, what `bring_to` raises, and what registry and states raise.
        """
        seconds = min(self._remaining(), LONGEST_RUN_SECONDS)
        ends_at = self._clock() + seconds
        lease = self._states.take(job.seller_id, seconds)
        try:
            if lease.record.closed and clear is not False:
                outcome = None
            else:
                self._check_application(lease)
                api = self._api(lambda: min(self._remaining(), ends_at - self._clock()))
                outcome = self._work(api, lease, job, wanted, clear=bool(clear))
                lease.record.closed = bool(clear)
        except Exception as error:
            try:
                self._states.leave(lease)
            except Exception as second:  # noqa: BLE001 - the first error is the one to tell; the lease ends by itself
                error.add_note(f"The seller's state could not be written either: {second}")
            raise
        self._states.leave(lease)
        return outcome

    def _check_application(self, lease: Lease) -> None:
        """Refuse to work with another application's credentials than those that made what is on record.

        Amazon would answer that every seller has revoked the authorisation, and that nothing on record is
        there: every seller would be marked, and the record of what still stands be lost.
        """
        current = self._application()
        known = lease.record.application
        if known and known != current and (lease.record.types or lease.record.subscriptions):
            raise CredentialsError(
                "LWA token",
                f"seller {lease.seller_id}'s subscriptions were made by the application {known}, but the "
                f"secret holds the credentials of {current}",
                hint="Write the right ones with `sellerbus secrets set`. To change the application, let the "
                "old one remove its sellers first.",
            )
        lease.record.application = current

    def _work(
        self,
        api: SubscriptionsApi,
        lease: Lease,
        job: SellerJob,
        wanted: Callable[[], Wanted],
        *,
        clear: bool,
    ) -> Outcome | None:
        seller = self._registry.find(job.seller_id)
        if seller is None:
            known = bool(lease.record.subscriptions)
            outcome = delete_recorded(api, job.seller_id, lease.record)
            return outcome if known else None
        if seller.status == REVOKED:
            return self._without_listing(api, lease) if clear else None
        if seller.status not in (ACTIVE, PAUSED, REMOVING) and not clear:
            raise UnknownStatusError(seller.seller_id, seller.status)
        if seller.status == ACTIVE and not clear:
            return self._marked(seller, lambda: self._bring(api, lease, seller, job, wanted()))
        outcome = self._cleared(api, lease, seller, job, wanted())
        if seller.status == REMOVING:
            # Last but for the state: killed before it, the next run finds the row and begins again.
            self._registry.delete_removed(seller.seller_id)
        elif outcome.revoked:
            self._registry.set_status(seller.seller_id, REVOKED, seen=seller)
        return outcome

    def _bring(
        self, api: SubscriptionsApi, lease: Lease, seller: Seller, job: SellerJob, wanted: Wanted
    ) -> Outcome:
        new = set(wanted.types) - lease.record.types
        if new:
            self._states.begin(lease, new)
        return bring_to(api, self._registry.grant(seller), wanted, job, lease.record)

    def _cleared(
        self, api: SubscriptionsApi, lease: Lease, seller: Seller, job: SellerJob, wanted: Wanted
    ) -> Outcome:
        try:
            return bring_to(api, self._registry.grant(seller), wanted, job, lease.record, clear=True)
        except AuthorizationRevokedError:
            return self._without_listing(api, lease)
        except UnreadableTokenError:
            # Nothing can be listed with it, and no repeat mends it: what is on record goes all the same.
            return delete_recorded(api, seller.seller_id, lease.record)

    def _without_listing(self, api: SubscriptionsApi, lease: Lease) -> Outcome:
        outcome = delete_recorded(api, lease.seller_id, lease.record)
        outcome.revoked = True
        return outcome

    def _marked(self, seller: Seller, run: Callable[[], Outcome]) -> Outcome:
        """Mark a seller whose authorisation is revoked: nothing calls for it until it is added anew."""
        try:
            return run()
        except AuthorizationRevokedError:
            self._registry.set_status(seller.seller_id, REVOKED, seen=seller)
            raise
