"""What one run does for one seller while it holds the lease: as the seller's row in the registry says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sellerbus.api.errors import AuthorizationRevokedError
from sellerbus.api.lwa import SellerGrant
from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.notifications.deletion_turns import DeletionTurns
from sellerbus.notifications.drift import Finding
from sellerbus.notifications.error_texts import brief, whole
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.operational_events import drifted, revoked
from sellerbus.notifications.outcome import Outcome
from sellerbus.notifications.reconciliation import SellerRun
from sellerbus.notifications.subscription_state import Lease
from sellerbus.notifications.type_run import SubscriptionsApi
from sellerbus.notifications.wanted import Wanted
from sellerbus.sellers.registry import UnknownStatusError, UnreadableTokenError
from sellerbus.sellers.rows import ACTIVE, PAUSED, REMOVING, REVOKED, Seller


class SellerChangedError(Exception):
    """The seller's row was changed while its run was on the way; a run of its own follows the change."""


class Sellers(Protocol):
    """The part of the seller registry that is used."""

    def find(self, seller_id: str) -> Seller | None: ...

    def grant(self, seller: Seller) -> SellerGrant: ...

    def add_again(self, seller: Seller) -> str: ...

    def set_status(self, seller_id: str, status: str, *, seen: Seller | None = None) -> Seller: ...

    def delete_removed(self, seller_id: str) -> bool: ...


class States(Protocol):
    """The part of the subscription states that is used."""

    def take(self, seller_id: str, seconds: float) -> Lease: ...

    def begin(self, lease: Lease, types: Iterable[str] = (), *, unsettled: Iterable[str] = ()) -> None: ...

    def leave(self, lease: Lease) -> None: ...


class Events(Protocol):
    def publish(self, events: Sequence[OperationalEvent]) -> None: ...


@dataclass
class SellerWork:
    """One seller's run. `work` is called once. drifted gets what it told of, also where it raises."""

    registry: Sellers
    states: States
    events: Events
    api: SubscriptionsApi
    turns: DeletionTurns
    lease: Lease
    job: SellerJob
    clock: Callable[[], float]
    drifted: list[Finding]

    def work(self, wanted: Callable[[], Wanted], *, clear: bool) -> Outcome | None:
        seller = self.registry.find(self.job.seller_id)
        if seller is not None and seller.status == REVOKED and not clear:
            # The last error stays: it is what Amazon said when it refused the authorisation.
            return None
        outcome = self._worked(seller, wanted, clear=clear)
        if not (outcome and outcome.marked):
            self.lease.record.succeeded()
        return outcome

    def _worked(self, seller: Seller | None, wanted: Callable[[], Wanted], *, clear: bool) -> Outcome | None:
        if seller is None:
            known = bool(self.lease.record.subscriptions)
            outcome = self._without_listing()
            return outcome if known else None
        if seller.status == REVOKED:
            return self._revoked(self._without_listing())
        if seller.status not in (ACTIVE, PAUSED, REMOVING) and not clear:
            raise UnknownStatusError(seller.seller_id, seller.status, self.registry.add_again(seller))
        if seller.status == ACTIVE and not clear:
            return self._brought(seller, wanted())
        return self._cleared(seller, wanted())

    def _brought(self, seller: Seller, everything: Wanted) -> Outcome:
        own = seller.notification_types
        wanted = everything.limited_to(own)
        self.states.begin(self.lease, set(wanted.types) - self.lease.record.types)
        grant = self.registry.grant(seller)
        run = self._seller_run(seller)
        try:
            outcome = run.bring_to(grant, wanted, self.job)
        except AuthorizationRevokedError as error:
            self._mark_revoked(seller, grant, error)
            raise
        finally:
            self.drifted += run.drifted
        outcome.not_configured = [name for name in own or () if name not in everything.types]
        return outcome

    def _cleared(self, seller: Seller, wanted: Wanted) -> Outcome:
        grant = self.registry.grant(seller)
        try:
            outcome = self._seller_run(seller).bring_to(grant, wanted, self.job, clear=True)
        except AuthorizationRevokedError as error:
            outcome = self._revoked(self._without_listing())
            if seller.status != REMOVING:
                self._mark_revoked(seller, grant, error)
                self.lease.record.failed(whole(error), brief(error))
                outcome.marked = True
        except UnreadableTokenError:
            # Nothing can be listed with it, and no repeat mends it: what is on record goes all the same.
            outcome = self._without_listing()
        if seller.status == REMOVING:
            # Last but for the state: killed before it, the next run finds the row and begins again.
            self.registry.delete_removed(seller.seller_id)
        return outcome

    def _without_listing(self) -> Outcome:
        return self._seller_run(None).delete_recorded(self.lease.seller_id)

    def _revoked(self, outcome: Outcome) -> Outcome:
        outcome.revoked = True
        return outcome

    def _mark_revoked(self, seller: Seller, grant: SellerGrant, error: AuthorizationRevokedError) -> None:
        """Tell of a revoked authorisation, then mark the seller: nothing calls for it until it is added anew.

        Killed between the two, the next run meets the same refusal and tells the same event again.
        """
        current = self.registry.find(seller.seller_id)
        if current is None or current.updated_at != seller.updated_at:
            raise SellerChangedError(
                f"seller {seller.seller_id} was changed while Amazon refused its old authorisation"
            ) from error
        self.events.publish([revoked(seller, grant.version, str(error))])
        # What stands at Amazon when the seller authorises again is not known. Before the mark: a run that is
        # killed after it is followed by none that looks here.
        self.states.begin(self.lease, unsettled=tuple(self.lease.record.settled))
        self.registry.set_status(seller.seller_id, REVOKED, seen=seller)

    def _seller_run(self, seller: Seller | None) -> SellerRun:
        """seller: None where nothing is compared, and so nothing can have drifted."""

        def report(findings: Sequence[Finding]) -> None:
            if seller is not None:
                self.events.publish([drifted(seller, finding) for finding in findings])

        return SellerRun(
            self.api,
            self.lease.record,
            self.turns,
            report=report,
            begin=lambda types: self.states.begin(self.lease, unsettled=types),
            clock=self.clock,
        )
