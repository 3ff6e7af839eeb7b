"""Brings one seller's subscriptions to what is wanted: look at all types, tell of drift, then act.

Looking comes first for all types, because deletions are booked together: all sellers share their quota.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from sellerbus.api.booking import Booking
from sellerbus.api.errors import NotFoundError, PermanentError, SellingPartnerError
from sellerbus.api.lwa import SellerGrant
from sellerbus.notifications.deletion_turns import NEAR_SECONDS, DeletionTurns
from sellerbus.notifications.drift import Finding
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.outcome import Outcome
from sellerbus.notifications.seller_record import Record
from sellerbus.notifications.type_run import ENDING, SubscriptionsApi, TypeRun
from sellerbus.notifications.wanted import Wanted

_LISTING_SECONDS: Final = 1.0
"""What Amazon's usage plan gives one listing of a seller after the burst."""


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


class SellerRun:
    """One seller's types in one run.

    record is kept up to date, also where something raises. report tells of findings, or raises. begin notes
    durably that the given types are about to be changed. errors: one of each type that failed. drifted: what
    was told of, also where the run raises: the next one takes it for unfinished work.
    """

    def __init__(
        self,
        api: SubscriptionsApi,
        record: Record,
        turns: DeletionTurns,
        *,
        report: Callable[[Sequence[Finding]], None],
        begin: Callable[[Sequence[str]], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._api = api
        self._record = record
        self._turns = turns
        self._report = report
        self._begin = begin
        self._clock = clock
        self._listings: Booking | None = None
        self._brought: set[str] = set()
        self._began = 0.0
        self._creating_seconds = 0.0
        self.errors: dict[str, SellingPartnerError] = {}
        self.drifted: tuple[Finding, ...] = ()

    def bring_to(self, grant: SellerGrant, wanted: Wanted, job: SellerJob, *, clear: bool = False) -> Outcome:
        """Bring the seller to `wanted`, with `clear` to nothing at this deployment's destinations.

        All types are looked at that are wanted, retired or recorded. One type's failure does not keep the
        others from being done. What is merely missing of a type that never was settled is created before
        all are looked at; nothing else is. Drift is told before anything of the type is changed, and the type
        is noted as unsettled between the two: killed before that note, the next run tells the same again,
        killed after it, the next run finds its own unfinished work and tells nothing.
        Raises ThrottledError, OutOfTimeError, AuthorizationRevokedError, CredentialsError and
        DeletionsWaitError at once, and SubscriptionsIncompleteError at the end.
        """
        outcome = Outcome()
        runs: list[TypeRun] = []
        for run in self._types(grant, wanted, job, clear=clear):
            if self._tried(run.notification_type, run.look):
                runs.append(run)
                if run.only_creates:
                    self._create(run, outcome)
        self._turns.look_seconds = self._looked_seconds()
        # What was created early is settled by now, and what it lacked before was nobody's doing.
        left = [run for run in runs if not self._is_over(run)]
        drifted = [finding for run in left for finding in run.drift()]
        if drifted:
            self._report(drifted)
            self.drifted = tuple(drifted)
            outcome.drifted = drifted
        self._begin([run.notification_type for run in left if run.changes])
        self._bring(runs, outcome)
        told = {(finding.row, finding.drift) for finding in drifted}
        done = [run for run in runs if run.notification_type not in self.errors]
        blocked = [each for run in done for each in run.blocked() if (each.row, each.drift) not in told]
        if blocked:
            self._report(blocked)
        self._end(grant.seller_id)
        return outcome

    def delete_recorded(self, seller_id: str) -> Outcome:
        """Delete what is known by its id, without calling for the seller; for whom nothing can be listed.

        Raises what `bring_to` raises.
        """
        outcome = Outcome()
        record = self._record
        self._turns.want(len(record.subscriptions))
        for notification_type, subscription_id in sorted(record.subscriptions):
            delete = partial(self._delete, notification_type, subscription_id, outcome)
            self._tried(notification_type, delete)
        self._end(seller_id)
        for name in tuple(record.types):
            record.forget(name)
        return outcome

    def look(self, grant: SellerGrant, wanted: Wanted, job: SellerJob, *, clear: bool) -> list[TypeRun]:
        """Find and plan, changing nothing; the types that could not be looked at are in `errors`."""
        runs = self._types(grant, wanted, job, clear=clear)
        return [run for run in runs if self._tried(run.notification_type, run.look)]

    def _types(self, grant: SellerGrant, wanted: Wanted, job: SellerJob, *, clear: bool) -> list[TypeRun]:
        """Book the listings of all types together, and return what looks at them."""
        self._began = self._clock()
        recorded = sorted(self._record.types | {name for name, _ in self._record.subscriptions})
        types = tuple(dict.fromkeys((*wanted.types, *job.retired_types, *recorded)))
        if len(types) > 1:
            most = NEAR_SECONDS + (len(types) - 1) * _LISTING_SECONDS
            self._listings = self._api.book_listings(grant, len(types), most)
        own = frozenset((*job.retired_destination_ids, *wanted.destinations.ids))
        return [
            TypeRun(
                self._api,
                grant,
                wanted,
                self._record,
                self._turns,
                name,
                own_destination_ids=own,
                clear=clear,
            )
            for name in types
        ]

    def _create(self, run: TypeRun, outcome: Outcome) -> None:
        """Create what is merely missing between two listings.

        Both have quotas of their own, and a full one gains nothing: with eight types, listing first and then
        creating would wait for each in turn.
        """
        began = self._clock()
        self._tried(run.notification_type, partial(self._bring_one, run, outcome))
        self._creating_seconds += self._clock() - began

    def _bring(self, runs: Sequence[TypeRun], outcome: Outcome) -> None:
        """Bring all types; those that Amazon's refusals show to need further deletions get turns together."""
        while left := [run for run in runs if not self._is_over(run)]:
            self._turns.want(sum(run.deletions for run in left))
            for run in left:
                self._tried(run.notification_type, partial(self._bring_one, run, outcome))

    def _bring_one(self, run: TypeRun, outcome: Outcome) -> None:
        if run.bring(outcome):
            self._brought.add(run.notification_type)

    def _is_over(self, run: TypeRun) -> bool:
        return run.notification_type in self._brought or run.notification_type in self.errors

    def _looked_seconds(self) -> float:
        """What looking takes by itself: the next run has less to create."""
        return self._clock() - self._began - self._creating_seconds

    def _delete(self, notification_type: str, subscription_id: str, outcome: Outcome) -> None:
        self._turns.take()
        try:
            self._api.delete_subscription(notification_type, subscription_id)
            outcome.deleted += 1
        except NotFoundError:
            pass
        self._record.subscriptions.discard((notification_type, subscription_id))

    def _tried(self, notification_type: str, work: Callable[[], None]) -> bool:
        try:
            work()
        except ENDING:
            raise
        except SellingPartnerError as error:
            self.errors[notification_type] = error
            return False
        return True

    def _end(self, seller_id: str) -> None:
        if self.errors:
            raise SubscriptionsIncompleteError(seller_id, self.errors)
