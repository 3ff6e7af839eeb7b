"""Which sellers' notifications have fallen silent, against each one's own rhythm; each silence is told once.

Published first, then marked: a crash in between tells it again, with the same eventId, instead of never.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from sellerbus.aws.errors import aws_call
from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.aws.items import attribute
from sellerbus.notifications.arrivals import ArrivalRow, Key, iso, row_key
from sellerbus.notifications.operational_events import SELLERS_SOURCE
from sellerbus.notifications.rhythm import Standing, State, has_rhythm, standing
from sellerbus.sellers.rows import ACTIVE, SellerOverview
from sellerbus.watching.gauges import Gauge

SILENT: Final = "SellerSilent"
MOST_TOLD: Final = 100
"""Silences that one run tells; where there are more, the next runs tell them."""

_NAMESPACE: Final = uuid.UUID("0d8f6a51-6f0b-5a34-8f3e-9f2a5b1c7d42")


@dataclass(frozen=True, slots=True)
class Silence:
    """That a seller's notifications of a type have not come for longer than is usual."""

    seller: SellerOverview
    row: ArrivalRow
    standing: Standing

    @property
    def is_told(self) -> bool:
        return self.row.silence_told_of == self.row.last_at


@dataclass(frozen=True, slots=True)
class Heard:
    """silences: the longest first. learning: how many sellers have no type whose rhythm is known."""

    silences: tuple[Silence, ...]
    learning: int

    @property
    def gauges(self) -> list[Gauge]:
        silent = {each.seller.seller_id for each in self.silences}
        return [Gauge("SellersSilent", len(silent)), Gauge("SellersLearning", self.learning)]


def listen(
    sellers: Iterable[SellerOverview], rows: Iterable[ArrivalRow], types: Collection[str], now: datetime
) -> Heard:
    """Judge every active seller's notifications of the types that are wanted for it.

    types: what is configured for sellers without an own list.
    """
    by_key = {row.key: row for row in rows}
    silences: list[Silence] = []
    learning = 0
    for seller in sellers:
        wanted = _wanted(seller, types)
        if seller.status != ACTIVE or not wanted:
            continue
        found = [(row, standing(row, now)) for row in _rows(by_key, seller, wanted)]
        silences += (Silence(seller, row, each) for row, each in found if each.state is State.SILENT)
        learning += all(each.state is State.LEARNING for _, each in found)
    return Heard(tuple(sorted(silences, key=lambda each: each.row.last_at)), learning)


def _wanted(seller: SellerOverview, types: Collection[str]) -> list[str]:
    own = seller.notification_types
    return sorted(name for name in types if has_rhythm(name) and (own is None or name in own))


def _rows(
    by_key: Mapping[Key, ArrivalRow], seller: SellerOverview, wanted: Sequence[str]
) -> list[ArrivalRow]:
    return [row for name in wanted if (row := by_key.get((seller.seller_id, name))) is not None]


def silent(silence: Silence) -> OperationalEvent:
    """The event that tells a silence; its id is the same for as long as the silence lasts."""
    row, found = silence.row, silence.standing
    usual, allowed = found.usual, found.allowed
    assert usual is not None, "who is silent has a rhythm"  # noqa: S101
    assert allowed is not None, "who is silent has a rhythm"  # noqa: S101
    last_at = iso(row.last_at)
    identity = " ".join((*row.key, last_at))
    return OperationalEvent(
        SELLERS_SOURCE,
        SILENT,
        {
            "eventId": str(uuid.uuid5(_NAMESPACE, identity)),
            "sellerId": row.seller_id,
            "region": silence.seller.region,
            "notificationType": row.notification_type,
            "lastArrivalAt": last_at,
            "usualSeconds": round(usual.total_seconds()),
            "allowedSeconds": round(allowed.total_seconds()),
        },
    )


class Events(Protocol):
    """event_publisher.OperationalEvents."""

    def publish(self, events: Sequence[OperationalEvent]) -> None: ...


class MarkingDynamoDb(Protocol):
    """The part of boto3's DynamoDB client used here."""

    def update_item(self, **request: Any) -> Mapping[str, Any]: ...


class SilenceTeller:
    """Tells silences on the bus and marks them in the table Arrivals. now: seconds since 1970."""

    def __init__(
        self, events: Events, client: MarkingDynamoDb, table_name: str, *, now: Callable[[], float]
    ) -> None:
        self._events = events
        self._client = client
        self._table = table_name
        self._now = now

    def tell(self, silences: Iterable[Silence]) -> int:
        """Tell what is not told yet, MOST_TOLD at a time; return how many. Raises StoreUnavailableError."""
        untold = list(islice((each for each in silences if not each.is_told), MOST_TOLD))
        self._events.publish([silent(each) for each in untold])
        for each in untold:
            self._mark(each.row)
        return len(untold)

    def _mark(self, row: ArrivalRow) -> None:
        values = {"last": iso(row.last_at), "now": iso(datetime.fromtimestamp(self._now(), UTC))}
        with aws_call("UpdateItem"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=row_key(row.key),
                    UpdateExpression="SET silenceToldOf = :last, updatedAt = :now",
                    ConditionExpression="lastArrivalAt = :last",
                    ExpressionAttributeValues={f":{name}": attribute(each) for name, each in values.items()},
                )
            except ClientError as error:
                # One has come meanwhile, and the silence is over.
                if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    raise
