"""One notification type of one seller: look, plan, act, look again where Amazon disagrees.

Every step can be interrupted: the next run starts from what Amazon has, not from what was to be done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from sellerbus.api.booking import Booking
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
from sellerbus.notifications.deletion_turns import DeletionTurns
from sellerbus.notifications.drift import Finding, find_blocked, find_drift
from sellerbus.notifications.outcome import Outcome
from sellerbus.notifications.seller_record import Record
from sellerbus.notifications.subscriptions import Delete, TypePlan, plan_type
from sellerbus.notifications.wanted import Wanted

# A refused creation, then a lost answer or two: each costs a look.
_LOOKS: Final = 6

ENDING: Final = (ThrottledError, OutOfTimeError, AuthorizationRevokedError, CredentialsError)
"""What ends a seller's run at once: the next call would fare the same."""


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

    def book_listings(self, seller: SellerGrant, count: int, most_seconds: float) -> Booking: ...

    def book_deletions(self, count: int, most_seconds: float) -> Booking: ...

    def use(self, booking: Booking) -> None: ...


class TypeRun:
    """What a run does for one type. own_destination_ids: this deployment's, also its earlier ones."""

    def __init__(
        self,
        api: SubscriptionsApi,
        grant: SellerGrant,
        wanted: Wanted,
        record: Record,
        turns: DeletionTurns,
        notification_type: str,
        *,
        own_destination_ids: frozenset[str],
        clear: bool,
    ) -> None:
        self._api = api
        self._grant = grant
        self._wanted = wanted
        self._own = own_destination_ids
        self._record = record
        self._turns = turns
        self.notification_type = notification_type
        self._rows = () if clear else wanted.of_type(notification_type)
        # Foreign subscriptions that Amazon doesn't let us delete.
        self._untouchable: set[str] = set()
        # What was made or found for just this wish.
        self._trusted = record.ids(notification_type) if self._is_settled else frozenset()
        self._conflict = False
        self._doubt: SellingPartnerError | None = None
        self._looks = 0
        self.plan = TypePlan(notification_type, ())
        self._lost: frozenset[str] = frozenset()
        self._seen: set[str] | frozenset[str] = frozenset()

    def look(self) -> None:
        """Find what is there and plan what to do. Raises what the API raises."""
        self.plan = self._planned(strict=False)

    @property
    def deletions(self) -> int:
        """How many there are to do, as far as the look has shown."""
        return len(self._listed) + len(self.unlisted)

    @property
    def unlisted(self) -> list[str]:
        """The ids that are deleted though Amazon does not list them: on record, where none is wanted."""
        return [] if self._rows else sorted(self._record.ids(self.notification_type) - self._listed)

    @property
    def _listed(self) -> set[str]:
        return {step.subscription.subscription_id for step in self.plan.steps if isinstance(step, Delete)}

    @property
    def _is_settled(self) -> bool:
        if not self._rows:
            return False
        digest = self._wanted.digest_of(self.notification_type)
        return self._record.settled.get(self.notification_type) == digest

    @property
    def changes(self) -> bool:
        return bool(self.plan.steps or self.deletions)

    @property
    def only_creates(self) -> bool:
        """Whether it can be brought before the others are looked at: nothing to tell, nothing to book."""
        return self.changes and not self.deletions and self.notification_type not in self._record.settled

    def drift(self) -> tuple[Finding, ...]:
        """Return what was changed behind our back; nothing where the type was not settled."""
        if not self._is_settled:
            return ()
        return find_drift(self.plan, self._wanted, lost=self._lost, known_blocked=self._record.blocked)

    def blocked(self) -> tuple[Finding, ...]:
        """Return what others keep out, once `bring` is done."""
        return find_blocked(self.plan)

    def bring(self, outcome: Outcome) -> bool:
        """Act on what `look` has found, until all is as wanted; False where that takes turns not held yet.

        Raises DeletionsWaitError and what the API raises.
        """
        if not self._looks:
            self._record.saw(self.notification_type, self._seen)
        while True:
            try:
                finished = self._take(self.plan, outcome)
            except ConflictError as error:
                # Once everything of ours was cleared out of the way, another's may be left that is in it.
                if self._conflict and not any(isinstance(step, Delete) for step in self.plan.steps):
                    raise
                self._conflict = True
                self._doubt = error
            except OutcomeUnknownError as error:
                self._doubt = error
            else:
                if finished:
                    if not self._rows:
                        self._delete_unlisted(outcome)
                    self._note(outcome)
                    return True
            self._looks += 1
            if self._looks >= _LOOKS and self._doubt is not None:
                raise self._doubt
            self.plan = self._planned(strict=self._conflict)
            if self.deletions > self._turns.left:
                return False

    def _planned(self, *, strict: bool) -> TypePlan:
        actual = self._actual()
        self._record.answered()
        known = self._record.ids(self.notification_type)
        ours = {
            item.subscription_id
            for item in actual
            if item.destination_id in self._own or item.subscription_id in known
        }
        self._lost = known - ours
        # One on record that the listing lacks: where none are wanted, it is deleted all the same, for the
        # listing may lag; and before it is told of, a run that fails must leave it to the next one to tell.
        unsure = known if not self._rows or not self._looks else frozenset()
        self._seen = ours | unsure
        # What has drifted is noted only when the type is unsettled: whoever is on record of a settled one is
        # trusted.
        if self._looks or not self._is_settled:
            self._record.saw(self.notification_type, self._seen)
        return plan_type(
            self.notification_type,
            self._rows,
            actual,
            destinations=self._wanted.destinations,
            own_subscription_ids=frozenset(ours),
            existing_subscriptions=self._wanted.existing_subscriptions,
            untouchable=frozenset(self._untouchable),
            trusted=self._trusted,
            strict=strict,
        )

    def _actual(self) -> tuple[Subscription, ...]:
        try:
            return self._api.subscriptions(self._grant, self.notification_type)
        except NotFoundError:
            return ()
        except PermanentError as error:
            if self._rows or isinstance(error, ENDING):
                raise
            # A type that nobody wants and that Amazon refuses to list (its role is missing, it was withdrawn)
            # must not stand in the way for ever: what is on record can be deleted without a listing.
            return ()

    def _delete_unlisted(self, outcome: Outcome) -> None:
        for subscription_id in sorted(self._record.ids(self.notification_type)):
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
                self.notification_type,
                payload_version=step.wanted.payload_version,
                destination_id=self._wanted.destinations.of(step.wanted),
                directive=step.wanted.directive,
            )
            self._record.subscriptions.add((self.notification_type, made.subscription_id))
            self._trusted |= {made.subscription_id}
            outcome.created += 1
        return True

    def _delete(self, subscription_id: str, outcome: Outcome) -> bool:
        ours = subscription_id in self._record.ids(self.notification_type)
        self._turns.take()
        try:
            self._api.delete_subscription(self.notification_type, subscription_id)
        except (NotFoundError, UnauthorizedError) as error:
            if not ours:
                # Amazon lists the seller's subscriptions, perhaps also those of other applications: theirs.
                self._untouchable.add(subscription_id)
                return False
            if isinstance(error, UnauthorizedError):
                raise
        else:
            outcome.deleted += 1
        self._record.subscriptions.discard((self.notification_type, subscription_id))
        return True

    def _note(self, outcome: Outcome) -> None:
        plan = self.plan
        created = sum(1 for step in plan.steps if not isinstance(step, Delete))
        outcome.in_place += len(plan.kept) + created
        outcome.foreign += [f"{self.notification_type} {item.subscription_id}" for item in plan.foreign]
        blocked = [f"{self.notification_type} {row.payload_version}" for row in plan.blocked]
        outcome.blocked += blocked
        if self._rows:
            self._record.subscriptions -= {(self.notification_type, known) for known in self._lost}
            self._record.settled[self.notification_type] = self._wanted.digest_of(self.notification_type)
            self._record.settle_blocked(self.notification_type, blocked)
        else:
            self._record.forget(self.notification_type)
