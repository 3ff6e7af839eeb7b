"""One run of one seller: what the row's status means, that no two runs overlap, what a kill leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sellerbus.api import errors
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.notifications import Subscription
from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.notifications.deletion_turns import DeletionsWaitError
from sellerbus.notifications.jobs import SellerJob
from sellerbus.notifications.outcome import Outcome
from sellerbus.notifications.reconciliation import SubscriptionsIncompleteError
from sellerbus.notifications.seller_record import Record
from sellerbus.notifications.seller_work import SellerChangedError
from sellerbus.notifications.subscription_state import SellerBusyError
from sellerbus.notifications.wanted import KEEP, REPLACE, Destinations, Wanted, WantedSubscription
from sellerbus.sellers.registry import UnknownStatusError, UnreadableTokenError
from sellerbus.sellers.rows import ACTIVE, PAUSED, REMOVING, REVOKED
from tests.unit.subscriptions.fake_amazon import FakeAmazon, KilledError, Moment, kill_at, no_fault
from tests.unit.subscriptions.fake_registry import FakeRegistry, row
from tests.unit.subscriptions.fake_states import FakeEvents, FakeStates, Row, reconciler

WANTED = Wanted(
    Destinations("ours"),
    REPLACE,
    (WantedSubscription("ORDER_CHANGE", "1.0"), WantedSubscription("PRICING_HEALTH", "1.0")),
)
JOB = SellerJob("A1")


class Setting:
    def __init__(self, status: str = ACTIVE) -> None:
        self.amazon = FakeAmazon()
        self.registry = FakeRegistry.of(row("A1", status))
        self.states = FakeStates()
        self.events = FakeEvents()

    def run(
        self,
        wanted: Wanted = WANTED,
        *,
        clear: bool | None = None,
        job: SellerJob = JOB,
        patient: bool = False,
    ) -> Outcome | None:
        one = reconciler(self.registry, self.amazon, self.states, events=self.events, patient=patient)
        return one.run(job, lambda: wanted, clear=clear)

    @property
    def record(self) -> Record:
        return self.states.rows["A1"].record

    def revoke(self) -> None:
        """From now on nothing can be listed or created for the seller."""
        self.amazon.fault = lambda number, operation, moment: (
            errors.AuthorizationRevokedError("LWA token", "revoked")
            if operation in ("getSubscriptions", "createSubscription")
            else None
        )

    @property
    def held(self) -> int:
        return sum(map(len, self.amazon.held.values()))


def test_an_active_seller_gets_all_and_it_is_recorded() -> None:
    it = Setting()
    outcome = it.run()
    assert outcome is not None
    assert outcome.in_place == it.held == 2
    state = it.states.rows["A1"]
    assert state.holder is None
    assert state.record == Record(
        {"ORDER_CHANGE", "PRICING_HEALTH"}, {("ORDER_CHANGE", "new-1"), ("PRICING_HEALTH", "new-2")}
    )


def test_the_types_are_recorded_before_anything_is_created() -> None:
    it = Setting()

    def kill() -> None:
        raise KilledError

    it.states.on_begin = kill
    with pytest.raises(KilledError):
        it.run()
    assert it.amazon.changes == []


def test_a_paused_seller_keeps_the_row_only() -> None:
    it = Setting()
    it.run()
    it.registry.change("A1", PAUSED)
    it.run()
    assert it.held == 0
    assert it.registry.rows["A1"].status == PAUSED
    assert it.states.rows == {}


def test_a_seller_to_be_removed_leaves_nothing() -> None:
    it = Setting()
    it.run()
    it.registry.change("A1", REMOVING)
    it.run()
    assert (it.held, it.registry.rows, it.states.rows) == (0, {}, {})


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(5))
def test_a_removal_killed_anywhere_is_completed(number: int, moment: Moment) -> None:
    it = Setting()
    it.run()
    it.registry.change("A1", REMOVING)
    it.amazon.fault = kill_at(len(it.amazon.calls) + number, moment)
    try:
        it.run()
    except KilledError:
        assert "A1" in it.registry.rows
        it.amazon.fault = no_fault
        it.states.wait_for_leases()
        it.run()
    assert (it.held, it.registry.rows, it.states.rows) == (0, {}, {})


def test_a_removal_killed_after_its_row_went_leaves_no_state_for_ever() -> None:
    it = Setting()
    it.run()
    it.registry.change("A1", REMOVING)

    def kill() -> None:
        it.states.on_leave = lambda: None
        raise KilledError

    it.states.on_leave = kill
    with pytest.raises(KilledError):
        it.run()
    assert it.registry.rows == {}
    it.states.wait_for_leases()
    it.run()
    assert it.states.rows == {}


def test_while_one_run_works_no_other_begins() -> None:
    """Removed while the subscriptions are being made: the removal waits, and then finds all of them."""
    it = Setting()
    refused: list[float] = []

    def fault(number: int, operation: str, moment: Moment) -> BaseException | None:
        if (operation, moment) == ("createSubscription", "before") and not refused:
            it.registry.change("A1", REMOVING)
            with pytest.raises(SellerBusyError) as caught:
                it.run()
            refused.append(caught.value.seconds)
        return None

    it.amazon.fault = fault
    it.run()
    assert 240 < refused[0] <= 300
    it.run()
    assert (it.held, it.registry.rows, it.states.rows) == (0, {}, {})


def test_a_run_killed_after_a_creation_holds_the_removal_until_its_lease_is_over() -> None:
    it = Setting()
    it.amazon.fault = kill_at(1, "after")
    with pytest.raises(KilledError):
        it.run()
    it.amazon.fault = no_fault
    it.registry.change("A1", REMOVING)
    with pytest.raises(SellerBusyError):
        it.run()
    it.states.wait_for_leases()
    it.run()
    assert (it.held, it.registry.rows, it.states.rows) == (0, {}, {})


def test_a_run_that_fails_gives_its_lease_back() -> None:
    it = Setting()
    it.amazon.fault = lambda number, operation, moment: errors.ThrottledError(operation, 5)
    for _ in range(2):
        with pytest.raises(errors.ThrottledError):
            it.run()


def test_the_first_error_is_told_where_the_lease_cannot_be_given_back_either() -> None:
    it = Setting()
    it.amazon.fault = lambda number, operation, moment: errors.ThrottledError(operation, 5)

    def fail() -> None:
        raise RuntimeError("DynamoDB is down")

    it.states.on_leave = fail
    with pytest.raises(errors.ThrottledError) as caught:
        it.run()
    assert "DynamoDB is down" in caught.value.__notes__[0]


def test_a_type_that_is_no_longer_wanted_goes_without_being_told() -> None:
    it = Setting()
    it.run()
    it.run(Wanted(Destinations("ours"), REPLACE, WANTED.subscriptions[:1]))
    assert it.held == 1


def test_clearing_takes_types_that_are_no_longer_wanted() -> None:
    it = Setting()
    it.run()
    it.run(Wanted(Destinations("ours"), REPLACE, WANTED.subscriptions[:1]), clear=True)
    assert it.held == 0
    assert it.registry.rows["A1"].status == ACTIVE


def test_a_job_that_was_on_its_way_makes_nothing_for_a_cleared_seller() -> None:
    """Its lease comes after the clearing's: what it would make, nobody would delete."""
    it = Setting()
    it.run()
    it.run(clear=True)
    it.amazon.calls.clear()
    assert it.run() is None
    assert it.run(clear=True) is None
    assert it.amazon.calls == []
    outcome = it.run(clear=False)
    assert outcome is not None
    assert outcome.in_place == 2
    assert not it.states.rows["A1"].record.closed


def test_a_clearing_that_failed_closes_nothing() -> None:
    it = Setting()
    it.run()
    it.amazon.fault = lambda number, operation, moment: errors.ThrottledError(operation, 5)
    with pytest.raises(errors.ThrottledError):
        it.run(clear=True)
    it.amazon.fault = no_fault
    outcome = it.run(clear=True)
    assert outcome is not None
    assert outcome.deleted == 2


def test_nobody_calls_for_a_seller_that_is_revoked() -> None:
    it = Setting(REVOKED)
    assert it.run() is None
    assert it.amazon.calls == []


def test_a_seller_whose_row_is_gone_loses_what_is_on_record_without_a_token() -> None:
    it = Setting()
    it.run()
    it.registry.rows.clear()
    it.amazon.calls.clear()
    outcome = it.run()
    assert outcome is not None
    assert outcome.deleted == 2
    assert it.amazon.calls == ["deleteSubscriptionById"] * 2
    assert it.states.rows == {}
    assert it.run() is None
    assert it.states.rows == {}


@pytest.mark.parametrize("known", [True, False])
def test_clearing_a_revoked_seller_deletes_what_is_on_record(*, known: bool) -> None:
    """Whether the revocation is known already or is met in clearing."""
    it = Setting()
    it.run()
    it.revoke()
    if known:
        it.registry.change("A1", REVOKED)
    outcome = it.run(clear=True)
    assert outcome is not None
    assert outcome.revoked
    assert (it.held, it.states.records) == (0, {"A1": Record(closed=True)})
    assert it.registry.rows["A1"].status == REVOKED


def test_a_revoked_authorisation_marks_the_seller_and_keeps_the_record() -> None:
    it = Setting()
    it.run()
    it.revoke()
    with pytest.raises(errors.AuthorizationRevokedError):
        it.run()
    assert it.registry.rows["A1"].status == REVOKED
    assert len(it.states.rows["A1"].record.subscriptions) == 2


def test_a_seller_authorised_again_meanwhile_is_not_marked() -> None:
    it = Setting()

    def fault(number: int, operation: str, moment: Moment) -> BaseException | None:
        it.registry.change("A1", ACTIVE)
        return errors.AuthorizationRevokedError("LWA token", "revoked")

    it.amazon.fault = fault
    with pytest.raises(SellerChangedError, match="A1"):
        it.run()
    assert it.registry.rows["A1"].status == ACTIVE
    assert it.events.published == [], "the old authorisation's end is no news"


def test_a_revoked_seller_can_still_be_removed_with_all_that_is_on_record() -> None:
    it = Setting()
    it.run()
    it.revoke()
    it.registry.change("A1", REMOVING)
    it.run()
    assert (it.held, it.registry.rows, it.states.rows) == (0, {}, {})


def test_brought_back_during_the_removal_the_seller_has_its_subscriptions() -> None:
    """Bringing it back queues a job, which waits for the removal to end."""
    it = Setting()
    it.run()
    it.registry.change("A1", REMOVING)

    def fault(number: int, operation: str, moment: Moment) -> BaseException | None:
        if it.registry.rows["A1"].status == REMOVING:
            it.registry.change("A1", ACTIVE)
        return None

    it.amazon.fault = fault
    it.run()
    assert it.registry.rows["A1"].status == ACTIVE
    it.run()
    assert it.held == 2


def test_an_unknown_status_is_an_error() -> None:
    with pytest.raises(UnknownStatusError, match="'asleep'"):
        Setting("asleep").run()


def refuse_listing(it: Setting, *types: str) -> None:
    """Amazon refuses to list these types, as where the application lacks their role."""
    listing = it.amazon.subscriptions

    def subscriptions(seller: SellerGrant, notification_type: str) -> tuple[Subscription, ...]:
        if notification_type in types:
            raise errors.UnauthorizedError("getSubscriptions", "denied", status=403)
        return listing(seller, notification_type)

    it.amazon.subscriptions = subscriptions  # type: ignore[method-assign]


def test_a_type_that_amazon_refuses_to_list_stands_in_the_way_only_while_it_is_wanted() -> None:
    it = Setting()
    it.run()
    refuse_listing(it, "PRICING_HEALTH")
    with pytest.raises(SubscriptionsIncompleteError):
        it.run()
    only_orders = Wanted(Destinations("ours"), REPLACE, WANTED.subscriptions[:1])
    it.run(only_orders)
    assert it.held == 1, "the one on record was deleted without a listing"
    assert it.states.rows["A1"].record.types == {"ORDER_CHANGE"}


def test_a_seller_for_whom_nothing_can_be_listed_can_be_cleared_and_removed() -> None:
    it = Setting()
    it.run()
    refuse_listing(it, "ORDER_CHANGE", "PRICING_HEALTH")
    it.registry.change("A1", REMOVING)
    it.run()
    assert it.held == 0
    assert it.registry.rows == {}


def test_one_on_record_that_a_listing_lacks_is_deleted_all_the_same() -> None:
    it = Setting()
    it.run()
    it.amazon.subscriptions = lambda *_: ()  # type: ignore[method-assign]
    it.run(clear=True)
    assert it.held == 0


def test_a_token_that_cannot_be_read_does_not_keep_what_is_on_record() -> None:
    it = Setting()
    it.run()

    def unreadable(seller: SellerGrant, notification_type: str) -> tuple[Subscription, ...]:
        raise UnreadableTokenError("A1")

    it.amazon.subscriptions = unreadable  # type: ignore[method-assign]
    it.run(clear=True)
    assert it.held == 0
    assert it.registry.rows["A1"].status == ACTIVE


def test_another_applications_credentials_mark_nobody_and_forget_nothing() -> None:
    it = Setting()
    it.run()
    before = it.states.records["A1"]
    it.revoke()
    for clear in (None, True):
        other = reconciler(it.registry, it.amazon, it.states, application="application-2")
        with pytest.raises(errors.CredentialsError, match=r"application-1.*application-2"):
            other.run(JOB, lambda: WANTED, clear=clear)
    assert it.registry.rows["A1"].status == ACTIVE
    assert it.states.records["A1"] == before
    assert it.states.records["A1"].application == "application-1"


def test_a_seller_with_an_own_list_has_only_those_and_loses_the_others() -> None:
    it = Setting()
    it.run()
    it.registry.rows["A1"] = replace(
        it.registry.rows["A1"], notification_types=("PRICING_HEALTH", "NOT_CONFIGURED")
    )
    outcome = it.run()
    assert outcome is not None
    assert (outcome.deleted, outcome.in_place) == (1, 1)
    assert outcome.not_configured == ["NOT_CONFIGURED"]
    assert [name for (_, name), rows in it.amazon.held.items() if rows] == ["PRICING_HEALTH"]
    assert it.events.published == []


def test_drift_is_told_with_the_sellers_region() -> None:
    it = Setting()
    it.run()
    it.amazon.held[("A1", "ORDER_CHANGE")].clear()
    it.run()
    assert it.events.drifts == ["ORDER_CHANGE missing restoring"]
    assert it.events.published[0].detail["region"] == "na"
    assert it.held == 2


def test_a_run_that_cannot_tell_of_drift_changes_nothing_and_tells_it_next_time() -> None:
    it = Setting()
    it.run()
    it.amazon.held[("A1", "ORDER_CHANGE")].clear()
    it.events.fault = StoreUnavailableError("PutEvents", "InternalFailure")
    it.amazon.calls.clear()
    with pytest.raises(StoreUnavailableError):
        it.run()
    assert it.amazon.changes == []
    it.events.fault = None
    it.run()
    assert it.events.drifts == ["ORDER_CHANGE missing restoring"]


def test_killed_between_telling_and_noting_it_the_next_run_tells_the_same_event_again() -> None:
    it = Setting()
    it.run()
    it.amazon.held[("A1", "ORDER_CHANGE")].clear()

    def kill() -> None:
        it.states.on_begin = lambda: None
        raise KilledError

    it.states.on_begin = kill
    with pytest.raises(KilledError):
        it.run()
    it.states.wait_for_leases()
    it.run()
    one, two = it.events.published
    assert one == two
    assert it.held == 2


def test_killed_while_mending_the_next_run_tells_nothing_of_its_own_unfinished_work() -> None:
    it = Setting()
    it.run()
    it.amazon.held[("A1", "ORDER_CHANGE")] = [Subscription("s9", "1.0", "ours", {"eventFilter": {"x": 1}})]
    start = len(it.amazon.calls)
    it.amazon.fault = kill_at(start + 2, "after")
    with pytest.raises(KilledError):
        it.run()
    assert it.held == 1, "killed after the deletion"
    it.amazon.fault = no_fault
    it.states.wait_for_leases()
    it.run()
    assert it.events.drifts == ["ORDER_CHANGE altered restoring"]
    assert it.held == 2


def test_a_revoked_authorisation_is_told_before_the_seller_is_marked() -> None:
    it = Setting()
    it.run()
    it.revoke()
    status = []
    it.events.on_publish = lambda: status.append(it.registry.rows["A1"].status)
    with pytest.raises(errors.AuthorizationRevokedError):
        it.run()
    assert status == [ACTIVE]
    assert [event.detail_type for event in it.events.published] == ["SellerAuthorizationRevoked"]
    assert it.registry.rows["A1"].status == REVOKED
    assert it.record.settled == {}, "what stands when it is authorised again is not known"
    it.amazon.calls.clear()
    assert it.run() is None
    assert it.amazon.calls == []
    assert len(it.events.published) == 1


def test_killed_before_the_mark_the_revocation_is_told_again_with_the_same_id() -> None:
    it = Setting()
    it.revoke()

    def kill() -> None:
        it.events.on_publish = lambda: None
        raise KilledError

    it.events.on_publish = kill
    with pytest.raises(KilledError):
        it.run()
    it.states.wait_for_leases()
    with pytest.raises(errors.AuthorizationRevokedError):
        it.run()
    one, two = it.events.published
    assert one.detail["eventId"] == two.detail["eventId"]


def test_a_revocation_that_cannot_be_told_marks_nobody() -> None:
    it = Setting()
    it.revoke()
    it.events.fault = StoreUnavailableError("PutEvents", "InternalFailure")
    with pytest.raises(StoreUnavailableError):
        it.run()
    assert it.registry.rows["A1"].status == ACTIVE


def test_a_revocation_met_in_clearing_is_told_once() -> None:
    it = Setting()
    it.run()
    it.revoke()
    first = it.run(clear=True)
    assert first is not None
    assert (first.revoked, first.marked) == (True, True)
    second = it.run(clear=False)
    assert second is None
    assert len(it.events.published) == 1


def test_how_a_run_ended_is_kept_and_a_wait_changes_nothing_of_it() -> None:
    it = Setting()
    it.amazon.fault = lambda _, operation, moment: errors.RetryableError(operation, "Amazon is down")
    with pytest.raises(SubscriptionsIncompleteError):
        it.run()
    assert "Amazon is down" in it.record.last_error
    it.amazon.fault = lambda _, operation, moment: errors.ThrottledError(operation, 5)
    with pytest.raises(errors.ThrottledError):
        it.run()
    assert "Amazon is down" in it.record.last_error
    it.amazon.fault = no_fault
    it.run()
    assert it.record.last_error == ""
    assert set(it.record.settled) == set(WANTED.types)


MOVED = Wanted(Destinations("newer"), KEEP, WANTED.subscriptions)
TO_MOVE = SellerJob("A1", retired_destination_ids=("ours",))


def test_all_types_are_looked_at_and_the_deletions_booked_together_before_anything_goes() -> None:
    it = Setting()
    it.run()
    it.amazon.calls.clear()
    it.run(MOVED, job=TO_MOVE)
    assert it.amazon.calls[:3] == ["getSubscriptions", "getSubscriptions", "deleteSubscriptionById"]
    assert it.amazon.listings_booked == [2, 2]
    assert len(it.amazon.bookings) == 1


def test_whose_turns_come_later_goes_back_with_them_unchanged_and_goes_on_when_they_are_due() -> None:
    it = Setting()
    it.run()
    it.amazon.clock, it.amazon.turns_after, it.amazon.interval = it.states.time.clock, 90.0, 1.0
    it.amazon.calls.clear()
    with pytest.raises(DeletionsWaitError) as caught:
        it.run(MOVED, job=TO_MOVE)
    assert it.amazon.changes == []
    assert it.states.rows["A1"].holder is None
    it.states.time.now += 89.0
    job = TO_MOVE.waiting(0.0, deletions=2, booked=caught.value.booking)
    it.amazon.bookings.clear()
    outcome = it.run(MOVED, job=job)
    assert outcome is not None
    assert (outcome.deleted, outcome.created) == (2, 2)
    assert len(it.amazon.bookings) == 1, "those that the job carried, and no others"


def test_who_got_no_turns_asks_for_them_again_without_calling_amazon_or_taking_the_lease() -> None:
    it = Setting()
    it.run()
    it.amazon.clock, it.amazon.turns_after = it.states.time.clock, None
    with pytest.raises(DeletionsWaitError) as caught:
        it.run(MOVED, job=TO_MOVE)
    assert caught.value.booking is None
    it.amazon.calls.clear()
    it.states.taken.clear()
    job = TO_MOVE.waiting(0.0, deletions=caught.value.count)
    for after in (None, 120.0):
        it.amazon.turns_after = after
        with pytest.raises(DeletionsWaitError) as caught:
            it.run(MOVED, job=job)
    assert caught.value.booking is not None
    assert (it.amazon.calls, it.states.taken) == ([], [])


def test_who_must_clear_waits_for_the_turns() -> None:
    it = Setting()
    it.run()
    it.amazon.clock, it.amazon.turns_after, it.amazon.interval = it.states.time.clock, 20.0, 1.0
    outcome = it.run(clear=True, patient=True)
    assert outcome is not None
    assert outcome.deleted == 2
    assert max(it.states.time.slept) <= 2.0


def test_what_others_deletions_need_is_booked_together_too() -> None:
    """Under `replace`, once Amazon has refused creations because of them."""
    it = Setting()
    for name in WANTED.types:
        it.amazon.put("A1", name, Subscription(f"theirs-{name}", "1.0", "foreign"))
    it.run()
    assert it.held == 2
    assert len(it.amazon.bookings) == 1


@pytest.mark.parametrize(
    "error",
    [
        errors.CredentialsError("LWA token", "no such client"),
        errors.AuthorizationRevokedError("LWA token", "another application's"),
        errors.RetryableError("LWA token", "down"),
    ],
)
def test_a_client_id_that_amazon_never_answered_keeps_the_right_one_not_out(error: Exception) -> None:
    """Mistyped, or another application's, while the seller was added: once mended, all goes on."""
    it = Setting()
    it.amazon.fault = lambda *_: error
    wrong = reconciler(it.registry, it.amazon, it.states, application="mistyped")
    with pytest.raises(Exception, match=r"no such client|another application's|down"):
        wrong.run(JOB, lambda: WANTED)
    assert it.record.application == ""
    it.amazon.fault = no_fault
    it.registry.change("A1", ACTIVE)
    outcome = it.run()
    assert outcome is not None
    assert outcome.in_place == 2
    assert it.record.application == "application-1"


def test_an_application_that_has_nothing_on_record_is_forgotten_before_another_begins() -> None:
    it = Setting()
    it.states.rows["A1"] = Row(Record(application="application-0", last_error="refused"))
    it.amazon.fault = lambda *_: errors.ThrottledError("getSubscriptions", 5)
    for _ in range(2):
        with pytest.raises(errors.ThrottledError):
            it.run()
    assert it.record.application == ""


def test_killed_after_a_revoked_seller_was_marked_nothing_is_drift_when_it_comes_back() -> None:
    it = Setting()
    it.run()
    it.revoke()

    def kill() -> None:
        raise KilledError

    it.states.on_leave = kill
    with pytest.raises(KilledError):
        it.run()
    assert it.registry.rows["A1"].status == REVOKED
    it.states.on_leave, it.amazon.fault = lambda: None, no_fault
    # Amazon ends the subscriptions of who revokes the authorisation.
    it.amazon.held.clear()
    it.states.wait_for_leases()
    it.registry.change("A1", ACTIVE)
    it.run()
    assert it.events.drifts == []
    assert it.held == 2


REQUESTED = SellerJob("A1", request_id="r1")


def ends(it: Setting) -> dict[str, str]:
    return {each.request_id: each.error for each in it.record.requests}


def test_the_run_that_does_a_request_notes_its_end_and_no_other_does() -> None:
    it = Setting()
    it.run()
    assert ends(it) == {}
    it.run(job=REQUESTED)
    it.run(job=SellerJob("A1", request_id="r2"))
    it.run()
    assert ends(it) == {"r1": "", "r2": ""}


def test_a_run_that_is_put_back_to_wait_has_not_ended_the_request() -> None:
    it = Setting()
    it.run()
    it.record.failed("an older error", "older")
    it.amazon.fault = lambda number, operation, moment: errors.ThrottledError(operation, 5)
    with pytest.raises(errors.ThrottledError):
        it.run(job=REQUESTED)
    assert ends(it) == {}


def test_a_request_that_failed_is_told_until_its_repetition_succeeds() -> None:
    it = Setting()
    it.amazon.fault = lambda number, operation, moment: errors.RetryableError(operation, "down")
    with pytest.raises(SubscriptionsIncompleteError):
        it.run(job=REQUESTED)
    assert "2 types are not as wanted" in ends(it)["r1"]
    assert it.record.last_error_brief == "no answer: getSubscriptions ORDER_CHANGE and 1 more"
    it.amazon.fault = no_fault
    it.run(job=REQUESTED.next_attempt)
    assert ends(it) == {"r1": ""}
    assert (it.record.last_error, it.record.last_error_brief) == ("", "")


@pytest.mark.parametrize("status", [PAUSED, REVOKED, REMOVING])
def test_a_request_ends_although_nothing_else_is_to_be_remembered(status: str) -> None:
    it = Setting(status)
    it.run(job=REQUESTED)
    assert ends(it) == {"r1": ""}
    it.states.time.now += 3601
    it.run()
    assert it.states.rows == {}


def test_a_request_for_a_seller_that_wants_nothing_or_is_gone_ends() -> None:
    it = Setting()
    it.run(Wanted(Destinations("ours"), REPLACE, ()), job=REQUESTED)
    assert ends(it) == {"r1": ""}
    it.registry.rows.clear()
    it.run(job=SellerJob("A1", request_id="r2"))
    assert ends(it) == {"r1": "", "r2": ""}


def test_a_request_says_that_a_closed_seller_gets_nothing() -> None:
    it = Setting()
    it.run(clear=True)
    it.run(job=REQUESTED)
    assert "being deleted" in ends(it)["r1"]


def test_what_amazon_said_of_a_revoked_seller_stays_until_it_is_added_anew() -> None:
    it = Setting()
    it.revoke()
    with pytest.raises(errors.AuthorizationRevokedError):
        it.run()
    # As the stream of the registry has it run once more.
    it.run()
    assert it.record.last_error == "LWA token: revoked"
    assert it.record.last_error_brief == "authorisation refused: LWA token"
    it.amazon.fault = no_fault
    it.registry.change("A1", ACTIVE)
    it.run()
    assert it.record.last_error == ""


def test_what_amazon_said_of_a_paused_seller_is_remembered_too() -> None:
    it = Setting()
    it.run()
    it.registry.change("A1", PAUSED)
    it.revoke()
    it.run()
    assert it.registry.rows["A1"].status == REVOKED
    assert it.record.last_error == "LWA token: revoked"
