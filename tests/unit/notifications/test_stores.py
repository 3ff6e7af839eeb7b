"""Ledger, ordering guard and sweeper on moto's DynamoDB; and the fake, held against moto."""

import itertools
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.transactions import Applied, Refused, write_each
from sellerbus.notifications.ledger import (
    PENDING_SHARDS,
    AlreadyComplete,
    Claim,
    Claimed,
    ContentDiffers,
    HeldByOther,
    Ledger,
    event_id,
    new_token,
)
from sellerbus.notifications.ordering import OrderingGuard, Sighting
from sellerbus.notifications.sweeping import LedgerSweeper
from tests.fakes import FakeDynamoDb, client_error

TABLE = "ledger"
NOW = 1_800_000_000_000
DAY_MS = 86_400_000


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield _table()


def _table() -> Any:
    client = boto3.client(
        "dynamodb", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "pendingShard", "AttributeType": "N"},
            {"AttributeName": "leaseUntil", "AttributeType": "N"},
        ],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "pending",
                "KeySchema": [
                    {"AttributeName": "pendingShard", "KeyType": "HASH"},
                    {"AttributeName": "leaseUntil", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return client


class Clock:
    """A clock that is set by hand; ms."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


def _ledger(client: Any, clock: Clock) -> Ledger:
    return Ledger(client, TABLE, completed_retention_seconds=3600, now=clock, sleep=_never)


def _never(seconds: float) -> None:
    raise AssertionError(f"slept {seconds}")


def _claim(name: str = "n-1", *, content: str = "hash-1", message: str = "m-1") -> Claim:
    return Claim(name, "ORDER_CHANGE", content, message, new_token(NOW))


def _row(client: Any, name: str) -> dict[str, Any]:
    row: dict[str, Any] = client.get_item(TableName=TABLE, Key={"pk": {"S": f"notification#{name}"}})["Item"]
    return row


def test_the_life_of_a_row(dynamodb: Any) -> None:
    clock = Clock()
    ledger = _ledger(dynamodb, clock)
    claim = _claim()
    assert ledger.claim([claim], NOW + 60_000) == [Claimed()]
    pending = _row(dynamodb, "n-1")
    assert pending["status"] == {"S": "PENDING"}
    assert pending["eventId"] == {"S": event_id("n-1")}
    assert pending["messageIds"] == {"SS": ["m-1"]}
    assert 0 <= int(pending["pendingShard"]["N"]) < PENDING_SHARDS
    assert "expiresAt" not in pending, "a PENDING row must never expire"

    copy = _claim(message="m-2")
    assert ledger.claim([copy], NOW + 60_000) == [HeldByOther(until=NOW + 60_000)]
    assert ledger.complete([(claim, "bus-1")]) == [True]
    complete = _row(dynamodb, "n-1")
    assert complete["status"] == {"S": "COMPLETE"}
    assert complete["busEventId"] == {"S": "bus-1"}
    assert complete["expiresAt"] == {"N": str(NOW // 1000 + 3600)}
    assert "pendingShard" not in complete
    assert ledger.claim([copy], NOW + 60_000) == [AlreadyComplete()]
    assert ledger.complete([(claim, "bus-1")]) == [True], "completing again is success"


def test_a_lapsed_lease_is_taken_over_and_its_old_holder_can_release_nothing(dynamodb: Any) -> None:
    clock = Clock()
    ledger = _ledger(dynamodb, clock)
    first, second, third = _claim(), _claim(message="m-2"), _claim(message="m-3")
    ledger.claim([first], NOW + 1000)
    clock.now += 1000
    assert ledger.claim([second], NOW + 9000) == [HeldByOther(until=NOW + 1000)], "until includes that ms"
    clock.now += 1
    assert ledger.claim([second], NOW + 9000) == [Claimed()]
    ledger.release([first])
    assert ledger.claim([third], NOW + 9000) == [HeldByOther(until=NOW + 9000)]
    row = _row(dynamodb, "n-1")
    assert row["attempts"] == {"N": "2"}
    assert row["messageIds"] == {"SS": ["m-1", "m-2"]}
    ledger.release([second])
    clock.now += 1
    assert ledger.claim([third], NOW + 9000) == [Claimed()]


def test_only_what_was_left_is_abandoned(dynamodb: Any) -> None:
    clock = Clock()
    ledger = _ledger(dynamodb, clock)
    names = ["given-back", "complete", "left", "held", "again"]
    claims = {name: _claim(name) for name in names}
    ledger.claim([claims[name] for name in names if name != "held"], NOW + 1000)
    ledger.release([claims["given-back"], claims["again"]])
    ledger.complete([(claims["complete"], "bus-1")])
    clock.now += 1
    # What was given back once and then left is left.
    ledger.claim([_claim("again", message="m-2")], NOW + 1000)
    ledger.claim([claims["held"]], NOW + 9000)
    assert ledger.abandoned([*names, "new"]) == set()
    clock.now = NOW + 1001
    assert ledger.abandoned([*names, "new"]) == {"left", "again"}
    assert ledger.abandoned([]) == set()
    many = [f"n-{number}" for number in range(250)]
    assert ledger.abandoned([*many, "left"]) == {"left"}


def test_other_content_under_the_same_id(dynamodb: Any) -> None:
    clock = Clock()
    ledger = _ledger(dynamodb, clock)
    ledger.claim([_claim()], NOW + 1000)
    other = _claim(content="hash-2")
    assert ledger.claim([other], NOW + 9000) == [ContentDiffers()]
    clock.now += 5000
    assert ledger.claim([other], NOW + 9000) == [ContentDiffers()]
    assert ledger.complete([(other, "bus-1")]) == [False]
    assert _row(dynamodb, "n-1")["status"] == {"S": "PENDING"}


def test_an_own_claim_is_recognised_after_a_lost_answer(dynamodb: Any) -> None:
    ledger = _ledger(dynamodb, Clock())
    claim = _claim()
    assert ledger.claim([claim], NOW + 1000) == [Claimed()]
    assert ledger.claim([claim], NOW + 1000) == [Claimed()]


def test_a_batch_costs_one_round_trip_and_two_where_some_are_copies() -> None:
    client = FakeDynamoDb()
    ledger = _ledger(client, Clock())
    claims = [_claim(f"n-{index}") for index in range(100)]
    assert ledger.claim(claims, NOW + 1000) == [Claimed()] * 100
    assert client.requests == 1
    assert ledger.complete([(claim, "bus") for claim in claims]) == [True] * 100
    assert client.requests == 2
    mixed = [_claim("n-7"), _claim("new-1"), _claim("n-8"), _claim("new-2")]
    assert ledger.claim(mixed, NOW + 1000) == [AlreadyComplete(), Claimed(), AlreadyComplete(), Claimed()]
    assert client.requests == 4
    assert ledger.claim([_claim(f"x-{index}") for index in range(101)], NOW + 1000) == [Claimed()] * 101
    assert client.requests == 6


class _Answers:
    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.sent: list[int] = []
        self.tokens: list[str] = []

    def transact_write_items(self, **request: Any) -> Any:
        self.sent.append(len(request["TransactItems"]))
        self.tokens.append(request["ClientRequestToken"])
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def _cancelled(*codes: str) -> ClientError:
    reasons = [{"Code": code, **({"Item": {"pk": {"S": code}}} if "Cond" in code else {})} for code in codes]
    return client_error("TransactWriteItems", "TransactionCanceledException", CancellationReasons=reasons)


def test_a_cancelled_transaction_is_sent_again_without_the_refused() -> None:
    client = _Answers(_cancelled("None", "ConditionalCheckFailed", "None"), {})
    assert write_each(client, [{}, {}, {}], sleep=_never) == [
        Applied(),
        Refused({"pk": {"S": "ConditionalCheckFailed"}}),
        Applied(),
    ]
    assert client.sent == [3, 2]
    assert len(set(client.tokens)) == 2, "another request must not carry the token of the first"


def test_conflicts_are_tried_again_with_growing_pauses_and_an_end() -> None:
    pauses: list[float] = []
    client = _Answers(_cancelled("TransactionConflict", "None"), {})
    assert write_each(client, [{}, {}], sleep=pauses.append) == [Applied(), Applied()]
    assert len(pauses) == 1
    assert 0 <= pauses[0] <= 0.04
    client = _Answers(*[_cancelled("TransactionConflict", "ThrottlingError")] * 10)
    with pytest.raises(StoreUnavailableError, match="ThrottlingError,TransactionConflict"):
        write_each(client, [{}, {}], sleep=pauses.append)
    assert len(client.sent) == 6
    assert sum(pauses) < 2


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (_cancelled("ValidationError", "None"), "ValidationError"),
        (client_error("TransactWriteItems", "AccessDeniedException"), "AccessDeniedException"),
    ],
)
def test_what_no_retry_can_help_is_said_at_once(fault: ClientError, code: str) -> None:
    with pytest.raises(StoreUnavailableError, match=f"TransactWriteItems failed with {code}"):
        write_each(_Answers(fault), [{}, {}], sleep=_never)


def _guard(client: Any) -> OrderingGuard:
    return OrderingGuard(client, TABLE, retention_seconds=3600, now=Clock(), sleep=_never)


def test_the_newest_event_time_wins_and_the_late_is_stale(dynamodb: Any) -> None:
    guard = _guard(dynamodb)
    a10, a20, a15 = Sighting("entity#a", 10), Sighting("entity#a", 20), Sighting("entity#a", 15)
    b5 = Sighting("entity#b", 5)
    assert guard.stale([a10, b5, None]) == [False, False, False]
    assert guard.stale([a20]) == [False]
    assert guard.stale([a15, b5]) == [True, False]
    assert guard.stale([a20]) == [False], "seen again, nothing newer: not stale"
    assert guard.stale([a10, a20, Sighting("entity#a", 30)]) == [True, True, False]
    assert guard.stale([]) == []


@given(st.lists(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9)), max_size=5), max_size=6))
def test_stale_means_that_something_newer_was_seen(batches: list[list[tuple[str, int]]]) -> None:
    guard = _guard(FakeDynamoDb())
    newest: dict[str, int] = {}
    for batch in batches:
        for name, time in batch:
            newest[name] = max(newest.get(name, time), time)
        expected = [time < newest[name] for name, time in batch]
        assert guard.stale([Sighting(name, time) for name, time in batch]) == expected


def test_the_sweeper_counts_what_waits_and_gives_up_what_cannot_come_again(dynamodb: Any) -> None:
    clock = Clock()
    ledger = _ledger(dynamodb, clock)
    sweeper = LedgerSweeper(dynamodb, TABLE, "pending", lifetime_seconds=28 * 86_400, now=clock)
    lost, done = _claim("lost"), _claim("done")
    ledger.claim([lost, done], NOW + 1000)
    ledger.complete([(done, "bus-1")])
    assert (sweeper.sweep().waiting, sweeper.sweep().abandoned) == (0, 0), "its lease still runs"
    clock.now += DAY_MS
    report = sweeper.sweep()
    assert (report.waiting, report.waiting_ids) == (1, ("lost",))
    assert report.oldest_seconds == 86_400
    clock.now += 28 * DAY_MS
    report = sweeper.sweep()
    assert (report.waiting, report.abandoned, report.abandoned_ids) == (0, 1, ("lost",))
    assert sweeper.sweep().abandoned == 0
    assert "expiresAt" in _row(dynamodb, "lost")
    assert ledger.claim([_claim("lost")], clock.now + 1000) == [Claimed()], "should it come after all"
    assert "expiresAt" not in _row(dynamodb, "lost")


def test_the_sweeper_leaves_a_row_that_is_claimed_under_its_hands(dynamodb: Any) -> None:
    clock = Clock()
    ledger = _ledger(dynamodb, clock)
    ledger.claim([_claim("late")], NOW + 1000)
    clock.now += 29 * DAY_MS

    class ClaimedMeanwhile:
        def query(self, **request: Any) -> Any:
            answer = dynamodb.query(**request)
            if answer["Items"]:
                ledger.claim([_claim("late")], clock.now + 60_000)
            return answer

        def update_item(self, **request: Any) -> Any:
            return dynamodb.update_item(**request)

    report = LedgerSweeper(
        ClaimedMeanwhile(), TABLE, "pending", lifetime_seconds=28 * 86_400, now=clock
    ).sweep()
    assert (report.waiting, report.abandoned) == (0, 0)
    assert "pendingShard" in _row(dynamodb, "late")


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("claim", "complete", "release", "wait", "guard")),
        st.sampled_from(("n-1", "n-2")),
        st.sampled_from(("hash-1", "hash-2")),
        st.integers(0, 3),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_the_fake_judges_as_moto_does(steps: list[tuple[str, str, str, int]]) -> None:
    """Any sequence of store operations ends in the same answers and the same rows on both."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        moto_client, fake = _table(), FakeDynamoDb()
        clock = Clock()
        stores = [(_ledger(client, clock), _guard(client)) for client in (moto_client, fake)]
        claims = [
            Claim(name, "ORDER_CHANGE", content, f"m-{number}", f"{NOW:013d}-{name}{content}{number}")
            for name, content, number in itertools.product(("n-1", "n-2"), ("hash-1", "hash-2"), range(4))
        ]
        for action, name, content, number in steps:
            claim = next(
                c
                for c in claims
                if (c.notification_id, c.content_hash, c.message_id) == (name, content, f"m-{number}")
            )
            if action == "wait":
                clock.now += 400 * (number + 1)
                continue
            answers = [_act(action, ledger, guard, claim, number, clock) for ledger, guard in stores]
            assert answers[0] == answers[1], (action, claim)
        rows = {item["pk"]["S"]: item for item in moto_client.scan(TableName=TABLE)["Items"]}
        assert _comparable(rows) == _comparable(fake.items)


def _act(
    action: str, ledger: Ledger, guard: OrderingGuard, claim: Claim, number: int, clock: Clock
) -> object:
    match action:
        case "claim":
            return ledger.claim([claim], clock.now + 1000)
        case "complete":
            return ledger.complete([(claim, "bus-1")])
        case "release":
            ledger.release([claim])
            return "released"
        case _:
            return guard.stale([Sighting(f"entity#{claim.notification_id}", number)])


def _comparable(rows: dict[str, Any]) -> dict[str, Any]:
    def plain(value: dict[str, Any]) -> object:
        return sorted(value["SS"]) if "SS" in value else tuple(value.items())

    return {key: {name: plain(value) for name, value in row.items()} for key, row in rows.items()}
