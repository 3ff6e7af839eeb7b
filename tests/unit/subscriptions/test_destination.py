"""The destination: one per queue, whatever was interrupted, lost, refused or there before."""

from __future__ import annotations

import pytest

from sellerbus.api.errors import ConflictError, OutcomeUnknownError, RetryableError, UnauthorizedError
from sellerbus.api.notifications import Destination, EventBridgeResource
from sellerbus.notifications import destination
from sellerbus.notifications.destination import EventBridge, Queue, Target
from tests.unit.subscriptions.fake_amazon import FakeAmazon, KilledError, Moment, kill_at, no_fault

ARN = "arn:aws:sqs:us-east-1:123456789012:queue"
OTHER = "arn:aws:sqs:us-east-1:123456789012:other"


BRIDGE = EventBridge("123456789012", "us-east-1")
TARGETS = [Queue(ARN), BRIDGE]


def ensure(amazon: FakeAmazon, name: str = "sellerbus-dev", target: Target | None = None) -> Destination:
    return destination.ensure(amazon, target or Queue(ARN), name=name)


def of_bridge(destination_id: str, name: str, account: str = "123456789012") -> Destination:
    source = f"aws.partner/sellingpartnerapi.amazon.com/{account}/application"
    return Destination(destination_id, name, event_bridge=EventBridgeResource(source, account, "us-east-1"))


def test_created_where_there_is_none() -> None:
    amazon = FakeAmazon()
    assert ensure(amazon) == Destination("destination-1", "sellerbus-dev", ARN)
    made = ensure(amazon, "sellerbus-dev-events", BRIDGE)
    assert made == of_bridge("destination-2", "sellerbus-dev-events")
    assert ensure(amazon, "sellerbus-dev-events", BRIDGE) == made


def test_adopted_where_there_is_one_whatever_its_name() -> None:
    amazon = FakeAmazon(destination_rows=[Destination("d9", "somebody-made-it", ARN)])
    assert ensure(amazon).destination_id == "d9"
    assert amazon.changes == []


def test_another_queues_or_an_eventbridge_destination_is_not_adopted() -> None:
    amazon = FakeAmazon(destination_rows=[Destination("d1", "a", OTHER), of_bridge("d2", "b")])
    assert ensure(amazon).destination_id == "destination-1"


def test_another_accounts_or_a_queues_destination_is_not_adopted_for_eventbridge() -> None:
    rows = [Destination("d1", "a", ARN), of_bridge("d2", "b", "999999999999"), Destination("d3", "c")]
    amazon = FakeAmazon(destination_rows=rows)
    assert ensure(amazon, target=BRIDGE).destination_id == "destination-1"


def test_the_destination_of_account_and_region_is_adopted_whoever_made_it() -> None:
    amazon = FakeAmazon(destination_rows=[of_bridge("d9", "another-stage")])
    assert ensure(amazon, target=BRIDGE).destination_id == "d9"
    assert amazon.changes == []


def test_of_several_every_run_chooses_the_same() -> None:
    rows = [Destination("d2", "b", ARN), Destination("d1", "a", ARN)]
    assert ensure(FakeAmazon(destination_rows=rows)).destination_id == "d1"
    assert ensure(FakeAmazon(destination_rows=rows[::-1])).destination_id == "d1"


def test_a_name_that_another_queue_has_gets_a_suffix() -> None:
    amazon = FakeAmazon(destination_rows=[Destination("d1", "sellerbus-dev", OTHER)])
    made = ensure(amazon)
    assert made.queue_arn == ARN
    assert made.name.startswith("sellerbus-dev-")
    assert ensure(amazon) == made


def test_a_long_name_is_cut_and_a_suffix_still_fits() -> None:
    assert len(ensure(FakeAmazon(), "n" * 100).name) == 64
    amazon = FakeAmazon(destination_rows=[Destination("d1", "n" * 64, OTHER)])
    assert len(ensure(amazon, "n" * 100).name) == 64


def test_a_conflict_that_the_listing_shows_late_is_adopted() -> None:
    amazon = FakeAmazon(destination_rows=[Destination("d1", "x", ARN)], lagging_listings=1)
    assert ensure(amazon).destination_id == "d1"


def test_a_conflict_that_nothing_explains_says_what_to_do() -> None:
    amazon = FakeAmazon(destination_rows=[Destination("d1", "x", ARN)], lagging_listings=99)
    with pytest.raises(ConflictError, match=r"lists no destination for arn:aws:sqs"):
        ensure(amazon)
    assert len(amazon.destination_rows) == 1


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_lost_answer_is_settled_by_looking(target: Target, moment: Moment) -> None:
    lost: list[int] = []

    def fault(number: int, operation: str, when: Moment) -> BaseException | None:
        if operation == "createDestination" and when == moment and not lost:
            lost.append(number)
            return OutcomeUnknownError(operation, "lost")
        return None

    amazon = FakeAmazon(fault=fault)
    made = ensure(amazon, target=target)
    assert amazon.destination_rows == [made]


def test_answers_that_are_always_lost_end_retryable() -> None:
    def fault(number: int, operation: str, when: Moment) -> BaseException | None:
        return (
            OutcomeUnknownError(operation, "lost")
            if (operation, when) == ("createDestination", "before")
            else None
        )

    with pytest.raises(RetryableError, match="Deploy again"):
        ensure(FakeAmazon(fault=fault))


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("number", range(2))
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_anywhere_the_next_run_ends_with_one(target: Target, number: int, moment: Moment) -> None:
    amazon = FakeAmazon(fault=kill_at(number, moment))
    try:
        ensure(amazon, target=target)
    except KilledError:
        amazon.fault = no_fault
    assert ensure(amazon, target=target) == amazon.destination_rows[0]
    assert len(amazon.destination_rows) == 1


def test_other_refusals_are_raised() -> None:
    amazon = FakeAmazon(fault=lambda _n, operation, _m: UnauthorizedError(operation, "no", status=403))
    with pytest.raises(UnauthorizedError):
        ensure(amazon)


def test_deleted_and_deleted_again() -> None:
    amazon = FakeAmazon(destination_rows=[Destination("d1", "x", ARN)])
    destination.delete(amazon, "d1")
    destination.delete(amazon, "d1")
    assert amazon.destination_rows == []


def release(amazon: FakeAmazon, destination_id: str = "d1") -> str | None:
    return destination.release(amazon, destination_id, BRIDGE, name="sellerbus-dev")


def test_the_own_destination_of_eventbridge_is_deleted_and_deleted_again() -> None:
    amazon = FakeAmazon(destination_rows=[of_bridge("d1", "sellerbus-dev")])
    assert release(amazon) is None
    assert release(amazon) is None
    assert amazon.destination_rows == []


def test_one_that_got_a_suffix_is_the_own_as_well() -> None:
    amazon = FakeAmazon(destination_rows=[Destination("d1", "sellerbus-dev", OTHER)])
    made = ensure(amazon, target=BRIDGE)
    assert made.name != "sellerbus-dev"
    assert release(amazon, made.destination_id) is None
    assert [row.destination_id for row in amazon.destination_rows] == ["d1"]


def test_one_that_another_stage_has_made_stays_and_its_name_is_told() -> None:
    amazon = FakeAmazon(destination_rows=[of_bridge("d1", "sellerbus-other")])
    assert "sellerbus-other" in str(release(amazon))
    assert amazon.changes == []


@pytest.mark.parametrize(
    "refusal",
    [
        ConflictError("deleteDestination", "The resource specified conflicts", status=409),
        UnauthorizedError("deleteDestination", "forbidden. Destination has subscriptions", status=403),
    ],
    ids=["409", "403"],
)
def test_one_in_use_by_others_stays(refusal: Exception) -> None:
    amazon = FakeAmazon(destination_rows=[of_bridge("d1", "sellerbus-dev")])
    amazon.fault = lambda _n, operation, _m: refusal if operation == "deleteDestination" else None
    assert "subscriptions use it" in str(release(amazon))


def test_any_other_refusal_to_delete_is_raised() -> None:
    amazon = FakeAmazon(destination_rows=[of_bridge("d1", "sellerbus-dev")])
    amazon.fault = lambda _n, operation, _m: UnauthorizedError(operation, "Access is denied", status=403)
    with pytest.raises(UnauthorizedError):
        release(amazon)
