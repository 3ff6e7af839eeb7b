"""The quota in the table: what is granted, for how many calls, and what happens when things go wrong."""

from __future__ import annotations

import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from sellerbus.api.bounded_clock import BoundedClock
from sellerbus.api.errors import CredentialsError, RetryableError
from sellerbus.api.shared_throttle import KEPT_SECONDS, DynamoThrottle
from sellerbus.api.throttle import SECOND, Key, Throttle
from tests.unit.api.quota_table import QuotaTable
from tests.unit.api.wire import Time

KEY = ("feeds/2021-06-30 createFeed", "A1")
BUCKET = "app-1#feeds/2021-06-30 createFeed#A1"


class Scene:
    """A table, a true clock, and as many throttles as asked for, each with its own idea of the time."""

    def __init__(self) -> None:
        self.time = Time()
        self.table = QuotaTable(self.time.clock)

    def throttle(
        self, *, skew: float = 0.0, application: str = "app-1", slack: float = 0.0
    ) -> DynamoThrottle:
        return DynamoThrottle(
            self.table,
            "quota",
            application=lambda: application,
            clock=BoundedClock(lambda: self.time.now + skew, self.time.clock),
            slack_seconds=slack,
        )

    def item(self) -> dict[str, float]:
        return self.table.items[BUCKET]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def due(throttle: Throttle, *, most: float = 2.0, rate: float = 1.0, key: Key = KEY) -> float:
    """The seconds until one more turn is due; below 0 those after which asking again is worthwhile."""
    turn = throttle.reserve(key, rate=rate, burst=5, most_seconds=most)
    return max(0.0, turn.first_due - throttle.now()) if turn.granted else -turn.wait_seconds


def test_the_burst_then_the_rate_whoever_asks(scene: Scene) -> None:
    throttles = [scene.throttle() for _ in range(3)]
    turns = [due(throttles[number % 3]) for number in range(8)]
    assert turns == pytest.approx([0, 0, 0, 0, 0, 1, 2, -1])


def test_one_update_a_grant(scene: Scene) -> None:
    throttle = scene.throttle()
    due(throttle)
    scene.table.calls.clear()
    for _ in range(6):
        due(throttle)
    scene.time.now += 3600
    due(throttle)
    assert scene.table.calls == ["update_item"] * 7


def test_a_refusal_takes_one_call_and_changes_nothing(scene: Scene) -> None:
    throttle = scene.throttle()
    for _ in range(7):
        due(throttle)
    before = dict(scene.item())
    scene.table.calls.clear()
    assert due(throttle) == pytest.approx(-1)
    assert scene.table.calls == ["update_item"]
    assert scene.item() == before


def test_a_wrong_guess_takes_one_call_more(scene: Scene) -> None:
    first, second = scene.throttle(), scene.throttle()
    for _ in range(2):
        due(first)
        due(second)
    scene.time.now += 3600
    assert due(first) == 0
    scene.table.calls.clear()
    assert due(second) == 0
    assert scene.table.calls == ["update_item"] * 2


def test_slack_holds_back_part_of_the_burst(scene: Scene) -> None:
    throttle = scene.throttle(slack=0.5)
    assert [due(throttle) for _ in range(6)] == pytest.approx([0, 0, 0, 0, 0.5, 1.5])


def test_applications_operations_and_sellers_have_their_own_buckets(scene: Scene) -> None:
    throttle = scene.throttle()
    for _ in range(6):
        due(throttle)
    assert due(throttle, key=(KEY[0], "A2")) == 0
    assert due(throttle, key=("feeds/2020-09-04 createFeed", "A1")) == 0
    assert due(scene.throttle(application="app-2")) == 0
    assert set(scene.table.items) == {
        BUCKET,
        "app-1#feeds/2021-06-30 createFeed#A2",
        "app-1#feeds/2020-09-04 createFeed#A1",
        "app-2#feeds/2021-06-30 createFeed#A1",
    }


def test_turns_are_booked_together(scene: Scene) -> None:
    throttle = scene.throttle()
    turns = throttle.reserve(KEY, rate=1.0, burst=5, count=8, most_seconds=10)
    assert (turns.granted, turns.count, turns.interval_seconds) == (True, 8, 1.0)
    assert turns.first_due == pytest.approx(scene.time.now - 4)
    refused = throttle.reserve(KEY, rate=1.0, burst=5, count=8, most_seconds=10)
    assert not refused.granted
    assert refused.wait_seconds == pytest.approx(1)
    assert throttle.reserve(KEY, rate=1.0, burst=5, count=7, most_seconds=10).granted


def test_no_more_turns_than_an_untouched_bucket_yields(scene: Scene) -> None:
    assert scene.throttle().reserve(KEY, rate=1.0, burst=5, count=99, most_seconds=3).count == 8


def test_a_learned_rate_is_everybodys(scene: Scene) -> None:
    first, second = scene.throttle(), scene.throttle()
    for _ in range(5):
        due(first)
    first.learn(KEY, 10.0, rate=1.0)
    assert scene.item()["learnedRate"] == 10.0
    assert due(second) == pytest.approx(0.1)
    assert due(first) == pytest.approx(0.2)


@pytest.mark.parametrize(("told", "then"), [(10.0, [0, 0, 0, 0.1]), (0.5, [0, 0, 0, 2])])
def test_a_change_of_the_rate_leaves_as_many_turns_as_there_were(
    scene: Scene, told: float, then: list[float]
) -> None:
    throttle = scene.throttle()
    due(throttle)
    due(throttle)
    throttle.learn(KEY, told, rate=1.0)
    assert [due(throttle) for _ in range(4)] == pytest.approx(then)


def test_a_rate_is_written_only_when_it_is_another(scene: Scene) -> None:
    first, second = scene.throttle(), scene.throttle()
    due(second)
    due(first)
    scene.table.calls.clear()
    first.learn(KEY, 1.0, rate=1.0)
    assert scene.table.calls == []
    first.learn(KEY, 2.0, rate=1.0)
    first.learn(KEY, 2.0, rate=1.0)
    assert scene.table.calls == ["update_item"]
    # The other one has not seen it yet: its attempt tells it, and it leaves it at that.
    second.learn(KEY, 2.0, rate=1.0)
    second.learn(KEY, 2.0, rate=1.0)
    assert scene.table.calls == ["update_item"] * 2


def test_a_rate_is_learned_by_who_never_reserved(scene: Scene) -> None:
    for _ in range(5):
        due(scene.throttle())
    scene.throttle().learn(KEY, 0.5, rate=1.0)
    assert due(scene.throttle()) == pytest.approx(2)


@pytest.mark.parametrize("nonsense", [0.0, -1.0, 1e-9, 1e9, float("inf"), float("nan")])
def test_nonsense_is_not_learned(scene: Scene, nonsense: float) -> None:
    throttle = scene.throttle()
    due(throttle)
    throttle.learn(KEY, nonsense, rate=1.0)
    assert "learnedRate" not in scene.item()


def test_amazons_refusal_empties_the_bucket_for_all(scene: Scene) -> None:
    first, second = scene.throttle(), scene.throttle()
    assert first.refused(KEY, rate=0.5, burst=5) == pytest.approx(2)
    assert due(second, rate=0.5) == pytest.approx(2)
    assert second.refused(KEY, rate=0.5, burst=5) == pytest.approx(4)


def test_amazons_refusal_reckons_with_the_learned_rate(scene: Scene) -> None:
    first, second = scene.throttle(), scene.throttle()
    due(first)
    first.learn(KEY, 0.1, rate=1.0)
    assert second.refused(KEY, rate=1.0, burst=5) == pytest.approx(10)


def test_a_refusal_that_names_a_time_closes_the_bucket_until_then(scene: Scene) -> None:
    assert scene.throttle().refused(KEY, rate=1.0, burst=5, retry_after=30) == pytest.approx(30)
    assert due(scene.throttle()) == pytest.approx(-28)


def test_rows_expire_long_after_their_last_use(scene: Scene) -> None:
    throttle = scene.throttle()
    due(throttle)
    assert scene.item()["expiresAt"] == pytest.approx(scene.time.now + KEPT_SECONDS, abs=1)
    scene.time.now += 5000
    due(throttle)
    assert scene.item()["expiresAt"] == pytest.approx(scene.time.now + KEPT_SECONDS, abs=1)


@pytest.mark.parametrize("skew", [3600.0, -3600.0])
def test_a_clock_that_is_wrong_writes_nothing_wrong(scene: Scene, skew: float) -> None:
    due(scene.throttle(skew=skew))
    assert scene.item()["tat"] / SECOND == pytest.approx(scene.time.now + 1, abs=2.01)
    assert scene.table.calls == ["get_item", "update_item"]


def test_a_clock_that_was_set_writes_nothing_wrong(scene: Scene) -> None:
    skew = 0.0
    clock = BoundedClock(lambda: scene.time.now + skew, scene.time.clock)
    throttle = DynamoThrottle(scene.table, "quota", application=lambda: "app-1", clock=clock)
    due(throttle)
    skew = 3600.0
    due(throttle)
    assert scene.table.calls == ["get_item", "update_item"] * 2
    assert scene.item()["tat"] / SECOND == pytest.approx(scene.time.now + 2, abs=2.01)


def test_answers_without_a_date_cost_a_reading_each(scene: Scene) -> None:
    scene.table.dateless = True
    throttle = scene.throttle()
    assert [due(throttle) for _ in range(6)] == pytest.approx([0, 0, 0, 0, 0, 1])
    assert scene.table.calls == ["get_item", "update_item"] * 6


def test_an_update_that_was_repeated_costs_its_turns_again_and_no_more(scene: Scene) -> None:
    throttle = scene.throttle()
    due(throttle)
    scene.table.doubled = 1
    assert due(throttle) == 0
    assert scene.item()["tat"] / SECOND == pytest.approx(scene.time.now + 3)
    scene.time.now += 3600
    scene.table.doubled = 1
    assert due(throttle) == 0
    assert scene.item()["tat"] / SECOND == pytest.approx(scene.time.now + 2)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (ClientError({"Error": {"Code": "InternalServerError"}}, "UpdateItem"), "InternalServerError"),
        (ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "UpdateItem"), "ResourceNotFound"),
        (EndpointConnectionError(endpoint_url="https://dynamodb.test"), "EndpointConnectionError"),
    ],
)
def test_without_the_table_no_turn_is_given(scene: Scene, fault: Exception, code: str) -> None:
    throttle = scene.throttle()
    scene.table.faults = [fault]
    with pytest.raises(RetryableError, match=f"createFeed: not called: the quota table quota .*{code}"):
        due(throttle)
    assert due(throttle) == 0


def test_without_the_table_an_answer_of_amazon_is_none_the_less_one(scene: Scene) -> None:
    throttle = scene.throttle()
    due(throttle)
    down = ClientError({"Error": {"Code": "InternalServerError"}}, "UpdateItem")
    scene.table.faults = [down, down]
    throttle.learn(KEY, 2.0, rate=1.0)
    assert throttle.refused(KEY, rate=0.5, burst=5) == pytest.approx(2)
    assert scene.table.faults == []


@pytest.mark.parametrize("fault", [RetryableError, CredentialsError])
def test_without_the_application_an_answer_of_amazon_is_none_the_less_one(
    scene: Scene, fault: type[Exception]
) -> None:
    def application() -> str:
        raise fault("LWA credentials", "the secret could not be read")

    clock = BoundedClock(scene.time.clock, scene.time.clock)
    throttle = DynamoThrottle(scene.table, "quota", application=application, clock=clock)
    throttle.learn(KEY, 2.0, rate=1.0)
    assert throttle.refused(KEY, rate=0.5, burst=5) == pytest.approx(2)
    with pytest.raises(fault):
        due(throttle)


def test_lost_races_end(scene: Scene) -> None:
    throttle = scene.throttle()
    due(throttle)

    def race(**arguments: Any) -> Any:
        scene.item()["learnedRate"] = len(scene.table.calls) + 2.0
        return QuotaTable.update_item(scene.table, **arguments)

    scene.table.update_item = race  # type: ignore[method-assign]
    turn = throttle.reserve(KEY, rate=1.0, burst=5, most_seconds=2)
    assert not turn.granted
    assert 0 < turn.wait_seconds <= 1
    assert len(scene.table.calls) < 10


def test_dynamodb_takes_the_expressions(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        dynamodb.create_table(
            TableName="quota",
            AttributeDefinitions=[{"AttributeName": "bucket", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "bucket", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        throttles = [
            DynamoThrottle(dynamodb, "quota", application=lambda: "app-1", clock=BoundedClock(time.time))
            for _ in range(2)
        ]
        # So slow a rate that the time which the test takes is none.
        turns = [due(throttles[number % 2], rate=0.001, most=2001.0) for number in range(8)]
        assert turns == pytest.approx([0, 0, 0, 0, 0, 1000, 2000, -1000], abs=5)
        throttles[0].learn(KEY, 0.002, rate=0.001)
        assert due(throttles[1], rate=0.001, most=2001.0) == pytest.approx(1500, abs=5)
        assert throttles[1].refused(KEY, rate=0.001, burst=5) == pytest.approx(2000, abs=5)
