"""Brings one seller's subscriptions to what is wanted: look, plan, act, look again where Amazon disagrees.

Every step can be interrupted: the next run starts from what Amazon has, not from what was to be done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from sellerbus.api.errors import (
    AuthorizationRevokedError,
    ConflictError,
    CredentialsError,
    NotFoundError,
    OutcomeUnknownError,
    OutOfTimeError,
    SellingPartnerError,
    ThrottledError,
)
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.notifications import Subscription
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.subscriptions import Delete, Step, TypePlan, Wanted, plan_type
from sellerbus.sellers.registry import ACTIVE, PAUSED, REMOVING, REVOKED, Seller

_LOOKS: Final = 4
_PASSES: Final = 3

# What ends a seller's run at once: the next call would fare the same.
_ENDING = (ThrottledError, OutOfTimeError, AuthorizationRevokedError, CredentialsError)


class SubscriptionsIncompleteError(Exception):
    """Some types of a seller are not as wanted; the others are. `errors` has one error per type."""

    def __init__(self, seller_id: str, errors: Mapping[str, SellingPartnerError]) -> None:
        self.seller_id = seller_id
        self.errors = dict(errors)
        listed = "; ".join(f"{name}: {error}" for name, error in self.errors.items())
        super().__init__(f"seller {seller_id}: {len(self.errors)} types are not as wanted: {listed}")


class UnsettledError(Exception):
    """The seller's row or the wanted subscriptions changed during the run, again and again; run later."""


class SubscriptionsApi(Protocol):
    def subscriptions(self, seller: SellerGrant, notification_type: str) -> tuple[Subscription, ...]: ...

    def create_subscription(
        self,
        seller: SellerGrant,
        notification_type: str,
        *,
        payload_version: str,
        destination_id: str,
        directive: Mapping[str, object] | None,
    ) -> Subscription: ...

    def delete_subscription(self, notification_type: str, subscription_id: str) -> None: ...


class Sellers(Protocol):
    """The part of the seller registry that is used."""

    def find(self, seller_id: str) -> Seller | None: ...

    def grant(self, seller: Seller) -> SellerGrant: ...

    def set_status(self, seller_id: str, status: str, *, seen: Seller | None = None) -> Seller: ...

    def delete_removed(self, seller_id: str) -> bool: ...


@dataclass
class Outcome:
    """What one run found and did. in_place: wanted subscriptions that are there now.

    foreign and blocked name what was left alone, as "TYPE subscriptionId" and "TYPE payloadVersion".
    """

    in_place: int = 0
    created: int = 0
    deleted: int = 0
    foreign: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.created or self.deleted)


def bring_to(
    api: SubscriptionsApi, grant: SellerGrant, wanted: Wanted, job: SellerJob, *, clear: bool = False
) -> Outcome:
    """Bring one seller's subscriptions to `wanted`, with `clear` to none at this deployment's destinations.

    One type's failure does not keep the others from being done.
    Raises ThrottledError, OutOfTimeError, AuthorizationRevokedError and CredentialsError at once, and
    SubscriptionsIncompleteError at the end.
    """
    outcome = Outcome()
    errors: dict[str, SellingPartnerError] = {}
    for notification_type in dict.fromkeys((*wanted.types, *job.retired_types)):
        try:
            _bring_type(api, grant, wanted, job, notification_type, outcome, clear=clear)
        except _ENDING:
            raise
        except SellingPartnerError as error:
            errors[notification_type] = error
    if errors:
        raise SubscriptionsIncompleteError(grant.seller_id, errors)
    return outcome


def _bring_type(
    api: SubscriptionsApi,
    grant: SellerGrant,
    wanted: Wanted,
    job: SellerJob,
    notification_type: str,
    outcome: Outcome,
    *,
    clear: bool,
) -> None:
    conflict: ConflictError | None = None
    doubt: SellingPartnerError | None = None
    for _ in range(_LOOKS):
        plan = plan_type(
            notification_type,
            () if clear else wanted.of_type(notification_type),
            _actual(api, grant, notification_type),
            destination_id=wanted.destination_id,
            own_destination_ids=frozenset(job.retired_destination_ids),
            existing_subscriptions=wanted.existing_subscriptions,
            strict=conflict is not None,
        )
        try:
            for step in plan.steps:
                _take(api, grant, plan, step, wanted.destination_id, outcome)
        except ConflictError as error:
            if conflict is not None:
                raise
            conflict = doubt = error
        except OutcomeUnknownError as error:
            doubt = error
        else:
            _note(plan, outcome)
            return
    raise doubt if doubt is not None else AssertionError("left the loop without a doubt")


def _actual(api: SubscriptionsApi, grant: SellerGrant, notification_type: str) -> tuple[Subscription, ...]:
    try:
        return api.subscriptions(grant, notification_type)
    except NotFoundError:
        return ()


def _take(
    api: SubscriptionsApi,
    grant: SellerGrant,
    plan: TypePlan,
    step: Step,
    destination_id: str,
    outcome: Outcome,
) -> None:
    if isinstance(step, Delete):
        try:
            api.delete_subscription(plan.notification_type, step.subscription.subscription_id)
        except NotFoundError:
            return
        outcome.deleted += 1
        return
    api.create_subscription(
        grant,
        plan.notification_type,
        payload_version=step.wanted.payload_version,
        destination_id=destination_id,
        directive=step.wanted.directive,
    )
    outcome.created += 1


def _note(plan: TypePlan, outcome: Outcome) -> None:
    created = sum(1 for step in plan.steps if not isinstance(step, Delete))
    outcome.in_place += len(plan.kept) + created
    outcome.foreign += [f"{plan.notification_type} {item.subscription_id}" for item in plan.foreign]
    outcome.blocked += [f"{plan.notification_type} {row.payload_version}" for row in plan.blocked]


class SellerReconciler:
    """Does one seller's job as the seller's row says: active, paused, removing; revoked is left alone."""

    def __init__(self, *, registry: Sellers, api: SubscriptionsApi, wanted: Callable[[], Wanted]) -> None:
        self._registry = registry
        self._api = api
        self._wanted = wanted

    def run(self, job: SellerJob) -> Outcome | None:
        """Return what was done; None where there is nothing to do for the seller (gone, or revoked).

        Row and wanted subscriptions are read again afterwards: a run that overlapped with a change would
        otherwise end with what was wanted before it.
        Raises what `bring_to` raises, and UnsettledError.
        """
        seller = self._registry.find(job.seller_id)
        wanted = self._wanted()
        for _ in range(_PASSES):
            if seller is None or seller.status == REVOKED:
                return None
            outcome = self._bring(seller, wanted, job)
            seller_then, wanted_then = seller, wanted
            seller, wanted = self._registry.find(job.seller_id), self._wanted()
            if seller is None or (seller.updated_at, wanted) == (seller_then.updated_at, wanted_then):
                return outcome
        raise UnsettledError(f"seller {job.seller_id} or the wanted subscriptions changed during the run")

    def _bring(self, seller: Seller, wanted: Wanted, job: SellerJob) -> Outcome:
        grant = self._registry.grant(seller)
        if seller.status == ACTIVE:
            return self._marked(seller, lambda: bring_to(self._api, grant, wanted, job))
        if seller.status == PAUSED:
            return self._marked(seller, lambda: bring_to(self._api, grant, wanted, job, clear=True))
        if seller.status != REMOVING:
            raise ValueError(f"seller {seller.seller_id} has the unknown status {seller.status!r}")
        try:
            outcome = bring_to(self._api, grant, wanted, job, clear=True)
        except AuthorizationRevokedError:
            # Nothing can be listed any more, so nothing can be deleted; Amazon sends nothing for it either.
            outcome = Outcome()
        self._registry.delete_removed(seller.seller_id)
        return outcome

    def _marked(self, seller: Seller, run: Callable[[], Outcome]) -> Outcome:
        """Mark a seller whose authorisation is revoked: nothing calls for it until it is added anew."""
        try:
            return run()
        except AuthorizationRevokedError:
            self._registry.set_status(seller.seller_id, REVOKED, seen=seller)
            raise
