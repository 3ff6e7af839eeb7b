"""Brings one seller's subscriptions to what is wanted: look, plan, act, look again where Amazon disagrees.

Every step can be interrupted: the next run starts from what Amazon has, not from what was to be done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from sellerbus.api.errors import (
    AuthorizationRevokedError,
    ConflictError,
    CredentialsError,
    NotFoundError,
    OutcomeUnknownError,
    OutOfTimeError,
    PermanentError,
    SellingPartnerError,
    ThrottledError,
    UnauthorizedError,
)
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.notifications import Subscription
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.seller_record import Record
from sellerbus.notifications.subscriptions import Delete, TypePlan, plan_type
from sellerbus.notifications.wanted import Wanted

# A refused creation, then a lost answer or two: each costs a look.
_LOOKS: Final = 6

# What ends a seller's run at once: the next call would fare the same.
_ENDING = (ThrottledError, OutOfTimeError, AuthorizationRevokedError, CredentialsError)


class SubscriptionsIncompleteError(Exception):
    """Some types of a seller are not as wanted; the others are. `errors` has one error per type.

    permanent: no repeat mends any of them.
    """

    def __init__(self, seller_id: str, errors: Mapping[str, SellingPartnerError]) -> None:
        self.seller_id = seller_id
        self.errors = dict(errors)
        listed = "; ".join(f"{name}: {error}" for name, error in self.errors.items())
        super().__init__(f"seller {seller_id}: {len(self.errors)} types are not as wanted: {listed}")

    @property
    def permanent(self) -> bool:
        return all(isinstance(error, PermanentError) for error in self.errors.values())


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


@dataclass
class Outcome:
    """What one run found and did. in_place: wanted subscriptions that are there now.

    foreign and blocked name what was left alone, as "TYPE subscriptionId" and "TYPE payloadVersion".
    revoked: the seller's authorisation is revoked, so only what was recorded could be deleted.
    """

    in_place: int = 0
    created: int = 0
    deleted: int = 0
    foreign: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    revoked: bool = False

    @property
    def changed(self) -> bool:
        return bool(self.created or self.deleted)


def bring_to(
    api: SubscriptionsApi,
    grant: SellerGrant,
    wanted: Wanted,
    job: SellerJob,
    record: Record,
    *,
    clear: bool = False,
) -> Outcome:
    """Bring one seller's subscriptions to `wanted`, with `clear` to none at this deployment's destinations.

    All types are looked at that are wanted, retired or recorded; `record` is kept up to date, also where
    this raises. One type's failure does not keep the others from being done.
    Raises ThrottledError, OutOfTimeError, AuthorizationRevokedError and CredentialsError at once, and
    SubscriptionsIncompleteError at the end.
    """
    outcome = Outcome()
    errors: dict[str, SellingPartnerError] = {}
    recorded = sorted(record.types | {name for name, _ in record.subscriptions})
    for notification_type in dict.fromkeys((*wanted.types, *job.retired_types, *recorded)):
        run = _TypeRun(api, grant, wanted, job, record, notification_type, clear=clear)
        try:
            run.bring(outcome)
        except _ENDING:
            raise
        except SellingPartnerError as error:
            errors[notification_type] = error
    if errors:
        raise SubscriptionsIncompleteError(grant.seller_id, errors)
    return outcome


def delete_recorded(api: SubscriptionsApi, seller_id: str, record: Record) -> Outcome:
    """Delete what is known by its id, without calling for the seller; for whom nothing can be listed.

    Raises what `bring_to` raises.
    """
    outcome = Outcome()
    errors: dict[str, SellingPartnerError] = {}
    for notification_type, subscription_id in sorted(record.subscriptions):
        try:
            api.delete_subscription(notification_type, subscription_id)
            outcome.deleted += 1
        except NotFoundError:
            pass
        except _ENDING:
            raise
        except SellingPartnerError as error:
            errors[notification_type] = error
            continue
        record.subscriptions.discard((notification_type, subscription_id))
    if errors:
        raise SubscriptionsIncompleteError(seller_id, errors)
    record.types.clear()
    return outcome


class _TypeRun:
    """One type of one seller. untouchable: foreign subscriptions that Amazon doesn't let us delete."""

    def __init__(
        self,
        api: SubscriptionsApi,
        grant: SellerGrant,
        wanted: Wanted,
        job: SellerJob,
        record: Record,
        notification_type: str,
        *,
        clear: bool,
    ) -> None:
        self._api = api
        self._grant = grant
        self._wanted = wanted
        self._own = frozenset((*job.retired_destination_ids, *wanted.destinations.ids))
        self._record = record
        self._type = notification_type
        self._rows = () if clear else wanted.of_type(notification_type)
        self._untouchable: set[str] = set()

    def bring(self, outcome: Outcome) -> None:
        conflict: ConflictError | None = None
        doubt: SellingPartnerError | None = None
        for _ in range(_LOOKS):
            plan = self._plan(strict=conflict is not None)
            try:
                finished = self._take(plan, outcome)
            except ConflictError as error:
                # Once everything of ours was cleared out of the way, another's may be left that is in it.
                if conflict is not None and not any(isinstance(step, Delete) for step in plan.steps):
                    raise
                conflict = doubt = error
            except OutcomeUnknownError as error:
                doubt = error
            else:
                if finished:
                    if not self._rows:
                        self._delete_unlisted(outcome)
                    self._note(plan, outcome)
                    return
        raise doubt if doubt is not None else AssertionError("left the loop without a doubt")

    def _plan(self, *, strict: bool) -> TypePlan:
        actual = self._actual()
        known = self._record.ids(self._type)
        ours = {
            item.subscription_id
            for item in actual
            if item.destination_id in self._own or item.subscription_id in known
        }
        # Where none are wanted, one on record that the listing lacks is deleted all the same: it may lag.
        self._record.saw(self._type, ours if self._rows else ours | known)
        return plan_type(
            self._type,
            self._rows,
            actual,
            destinations=self._wanted.destinations,
            own_subscription_ids=frozenset(ours),
            existing_subscriptions=self._wanted.existing_subscriptions,
            untouchable=frozenset(self._untouchable),
            strict=strict,
        )

    def _actual(self) -> tuple[Subscription, ...]:
        try:
            return self._api.subscriptions(self._grant, self._type)
        except NotFoundError:
            return ()
        except PermanentError as error:
            if self._rows or isinstance(error, _ENDING):
                raise
            # A type that nobody wants and that Amazon refuses to list (its role is missing, it was withdrawn)
            # must not stand in the way for ever: what is on record can be deleted without a listing.
            return ()

    def _delete_unlisted(self, outcome: Outcome) -> None:
        for subscription_id in sorted(self._record.ids(self._type)):
            self._delete(subscription_id, outcome)

    def _take(self, plan: TypePlan, outcome: Outcome) -> bool:
        """Take the steps; False where one showed that the plan must be another."""
        for step in plan.steps:
            if isinstance(step, Delete):
                if not self._delete(step.subscription.subscription_id, outcome):
                    return False
                continue
            made = self._api.create_subscription(
                self._grant,
                self._type,
                payload_version=step.wanted.payload_version,
                destination_id=self._wanted.destinations.of(step.wanted),
                directive=step.wanted.directive,
            )
            self._record.subscriptions.add((self._type, made.subscription_id))
            outcome.created += 1
        return True

    def _delete(self, subscription_id: str, outcome: Outcome) -> bool:
        ours = subscription_id in self._record.ids(self._type)
        try:
            self._api.delete_subscription(self._type, subscription_id)
        except (NotFoundError, UnauthorizedError) as error:
            if not ours:
                # Amazon lists the seller's subscriptions, perhaps also those of other applications: theirs.
                self._untouchable.add(subscription_id)
                return False
            if isinstance(error, UnauthorizedError):
                raise
        else:
            outcome.deleted += 1
        self._record.subscriptions.discard((self._type, subscription_id))
        return True

    def _note(self, plan: TypePlan, outcome: Outcome) -> None:
        created = sum(1 for step in plan.steps if not isinstance(step, Delete))
        outcome.in_place += len(plan.kept) + created
        outcome.foreign += [f"{self._type} {item.subscription_id}" for item in plan.foreign]
        outcome.blocked += [f"{self._type} {row.payload_version}" for row in plan.blocked]
        if not self._rows:
            self._record.forget(self._type)
