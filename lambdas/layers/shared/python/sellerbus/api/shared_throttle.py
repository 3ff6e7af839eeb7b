"""The quota that all functions of a deployment spend together, through one DynamoDB table.

    row          meaning
    bucket       key: "<client id>#<operation's key>#<seller id, or nothing for the application>"
    tat          whole microseconds since 1970; see throttle
    learnedRate  requests per second as Amazon told them; absent while they are as in the table of operations
    expiresAt    s since 1970 (time to live)

Every grant is one conditional update. DynamoDB knows no maximum in an update, so it has two forms: for a
bucket that is full (tat behind the clock) and for one in use. Each holds the rate that it reckons with as
part of its condition. Which one fits is guessed from the row as last seen. A wrong guess brings the row
along and costs one more call; a refusal is told from the row that the failed condition brought.

Slack. Calls reach Amazon later than they are due, some more than others, and Amazon's bucket gains nothing
while it is full. Where a burst on a full bucket arrives d late, Amazon's bucket lacks d * rate of what is
reckoned here, and the calls behind it that are less late draw 429. With a capacity of burst * interval - d
any delay up to d is forgiven: within w seconds arrive only turns that were due within w + d, and those are
at most burst + rate * w. That takes some turns from a burst and none from the rate. With a burst of 1
nothing is left to take.

Clocks. `tat` grows by an interval a turn, and nobody moves it further than the own clock allows: a clock
that is s ahead lets pass s * rate turns too many once, not again and again; one that is behind waits
longer. BoundedClock keeps s below two seconds, and before it knows the time the row is read, so that
nothing wrong is written.

A lost answer. botocore repeats an update whose answer was lost. Where the first was carried out, its turns
are paid for twice. They are lost as turns are that nobody uses; neither ever overdraws.

Without the table no call is made: calling on unchecked would draw 429 for all, waiting for it would hang.
RetryableError is raised, and the work goes back to where it came from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from sellerbus.api.bounded_clock import BoundedClock
from sellerbus.api.errors import RetryableError, SellingPartnerError
from sellerbus.api.throttle import SECOND, Key, Plan, Reservation, believable, rescaled

SLACK_SECONDS: Final = 0.5
"""The difference in delay, between due and arriving, that draws no 429."""

KEPT_SECONDS: Final = 30 * 86_400
"""How long an unused bucket keeps what was learned."""

_ATTEMPTS: Final = 5
_MOST_SEEN: Final = 5_000

_FULL: Final = "(attribute_not_exists(tat) OR tat <= :now)"
_IN_USE: Final = "tat > :now AND tat <= :latest"
_LESS_EMPTY: Final = "(attribute_not_exists(tat) OR tat < :tat)"


class DynamoDb(Protocol):
    """The part of the boto3 client that is used."""

    def get_item(self, **arguments: Any) -> Any: ...

    def update_item(self, **arguments: Any) -> Any: ...


@dataclass(frozen=True)
class _Row:
    """A row as it was seen at `at`. tat is 0 where there is none."""

    tat: int = 0
    learned: float | None = None
    at: int = 0

    def probably_in_use(self, now: int) -> bool:
        # Whoever is waiting for a turn comes back when `tat` as seen by it is nearly over; under contention
        # others have moved it on meanwhile. So what was in use is taken for in use for as long again.
        return now < self.tat + max(0, self.tat - self.at)


class DynamoThrottle:
    """A throttle shared by all that use the table. Safe for threads: what is kept here are guesses only.

    application: returns the client id that Amazon is called as.
    """

    def __init__(
        self,
        dynamodb: DynamoDb,
        table_name: str,
        *,
        application: Callable[[], str],
        clock: BoundedClock,
        slack_seconds: float = SLACK_SECONDS,
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table_name
        self._application = application
        self._clock = clock
        self._slack = slack_seconds
        self._seen: dict[str, _Row] = {}

    def now(self) -> float:
        return self._clock.now()

    def reserve(
        self, key: Key, *, rate: float, burst: int, count: int = 1, most_seconds: float
    ) -> Reservation:
        most = round(most_seconds * SECOND)
        for _ in range(_ATTEMPTS):
            row, now = self._look(key)
            plan = self._plan(row, rate, burst)
            turns = plan.attainable(count, most)
            cost = turns * plan.interval
            if row.probably_in_use(now):
                latest = plan.latest(now, most, turns)
                change, condition = "tat = tat + :cost", _IN_USE
                values = {":cost": cost, ":now": now, ":latest": latest}
            else:
                change, condition, values = "tat = :tat", _FULL, {":tat": now + cost, ":now": now}
            granted, row = self._update(key, row, change, condition, values)
            if granted:
                return plan.granted(row.tat, turns, now)
            plan = self._plan(row, rate, burst)
            early = row.tat - plan.latest(now, most, plan.attainable(count, most))
            if row.tat > now and early > 0:
                return Reservation(granted=False, wait_seconds=early / SECOND)
        # Others were quicker each time: the bucket is in use, but not empty.
        return Reservation(granted=False, wait_seconds=plan.interval / SECOND)

    def refused(self, key: Key, *, rate: float, burst: int, retry_after: float = 0.0) -> float:
        # Where the table or the application can't be asked nothing is lost: no call is made before both can.
        with suppress(SellingPartnerError):
            for _ in range(_ATTEMPTS):
                row, now = self._look(key)
                plan = self._plan(row, rate, burst)
                empty = plan.empty(now, retry_after)
                written, seen = self._update(key, row, "tat = :tat", _LESS_EMPTY, {":tat": empty})
                if written or (seen.learned == row.learned and seen.tat >= empty):
                    return plan.seconds_to_turn(seen.tat, now)
        return max(1 / rate, retry_after)

    def learn(self, key: Key, told: float, *, rate: float) -> None:
        if not believable(told):
            return
        # The call whose answer told the rate was a success and stays one; the next success tells it again.
        with suppress(SellingPartnerError):
            for _ in range(_ATTEMPTS):
                row, now = self._look(key)
                known = row.learned or rate
                if told == known:
                    return
                values: dict[str, float] = {":told": told, ":tat": rescaled(row.tat, now, known, told)}
                condition = "attribute_not_exists(tat)"
                if row.tat:
                    condition, values[":seen"] = "tat = :seen", row.tat
                written, _ = self._update(key, row, "tat = :tat, learnedRate = :told", condition, values)
                if written:
                    return

    def _bucket(self, key: Key) -> str:
        return f"{self._application()}#{key[0]}#{key[1]}"

    def _plan(self, row: _Row, rate: float, burst: int) -> Plan:
        return Plan.of(row.learned or rate, burst, self._slack)

    def _look(self, key: Key) -> tuple[_Row, int]:
        """Return the row as last seen and the time."""
        bucket = self._bucket(key)
        if not self._clock.trusted:
            with self._asking(key):
                sent_at = self._clock.own()
                answer = self._dynamodb.get_item(
                    TableName=self._table, Key={"bucket": {"S": bucket}}, ConsistentRead=True
                )
                self._note(bucket, sent_at, answer, answer.get("Item"))
        return self._seen.get(bucket, _Row()), self._microseconds()

    def _update(
        self, key: Key, row: _Row, change: str, condition: str, values: Mapping[str, float]
    ) -> tuple[bool, _Row]:
        """Change the row where `condition` holds and its rate is as in `row`; return whether, and the row."""
        bucket = self._bucket(key)
        numbers = {**values, ":expiresAt": round(self._clock.now()) + KEPT_SECONDS}
        rate = "attribute_not_exists(learnedRate)"
        if row.learned is not None:
            rate, numbers[":learned"] = "learnedRate = :learned", row.learned
        with self._asking(key):
            sent_at = self._clock.own()
            try:
                answer = self._dynamodb.update_item(
                    TableName=self._table,
                    Key={"bucket": {"S": bucket}},
                    UpdateExpression=f"SET {change}, expiresAt = :expiresAt",
                    ConditionExpression=f"{condition} AND {rate}",
                    ExpressionAttributeValues={name: {"N": repr(value)} for name, value in numbers.items()},
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    raise
                return False, self._note(bucket, sent_at, error.response, error.response.get("Item"))
            return True, self._note(bucket, sent_at, answer, answer["Attributes"])

    @contextmanager
    def _asking(self, key: Key) -> Iterator[None]:
        """Turn what botocore raises into RetryableError."""
        try:
            yield
        except (BotoCoreError, ClientError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            raise RetryableError(
                key[0].split()[-1],
                f"not called: the quota table {self._table} could not be asked ({code})",
                hint="Where this lasts: is the table there, and may the function read and write it?",
            ) from error

    def _note(
        self, bucket: str, sent_at: float, answer: Mapping[str, Any], item: Mapping[str, Any] | None
    ) -> _Row:
        self._clock.saw(sent_at, answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}))
        item = item or {}
        row = _Row(
            int(item["tat"]["N"]) if "tat" in item else 0,
            float(item["learnedRate"]["N"]) if "learnedRate" in item else None,
            self._microseconds(),
        )
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen[bucket] = row
        return row

    def _microseconds(self) -> int:
        return round(self._clock.now() * SECOND)
