"""Puts together the function that looks for missed events, from the clients of bootstrap."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sellerbus.api.changed_orders import ChangedOrdersApi
from sellerbus.api.recent_feeds import RecentFeedsApi
from sellerbus.api.spare import AT_ONCE_SECONDS, SpareCaller
from sellerbus.missed.finding import MissedEvents
from sellerbus.missed.looking import Looker
from sellerbus.missed.marks import Marks
from sellerbus.missed.sending import NotificationSender
from sellerbus.missed.subjects import FeedSubject, OrderSubject, Subject
from sellerbus.missed.told import ToldThings
from sellerbus.notifications.arrivals import ArrivalRows
from sellerbus.notifications.wanted import Wanted, parse_wanted
from sellerbus.runtime import bootstrap, selling_partner
from sellerbus.runtime.missed_config import FindMissedEventsConfig
from sellerbus.sellers.registry import SellerRegistry
from sellerbus.sellers.rows import Seller


def missed_events(config: FindMissedEventsConfig, remaining_seconds: Callable[[], float]) -> MissedEvents:
    """Return what looks for all sellers, for one invocation; its clients are made before its threads."""
    dynamodb, sqs = bootstrap.aws("dynamodb"), bootstrap.aws("sqs")
    bootstrap.aws("kms")
    selling_partner.spare_quota(config)
    marks = Marks(dynamodb, config.marks_table_name, now=time.time)
    arrivals = ArrivalRows(dynamodb, config.arrivals_table_name)

    def last_arrival(seller_id: str, notification_type: str) -> datetime | None:
        row = arrivals.find(seller_id, notification_type)
        return row.last_at if row else None

    return MissedEvents(
        sellers=selling_partner.seller_registry(config),
        marks=marks,
        looker=Looker(
            told=ToldThings(dynamodb, config.ledger_table_name, sleep=time.sleep),
            sender=NotificationSender(sqs, config.notification_queue_url),
            marks=marks,
            settle=timedelta(seconds=config.settle_seconds),
            now=time.time,
        ),
        subjects=_Subjects(config, selling_partner.seller_registry(config), remaining_seconds),
        last_arrival=last_arrival,
        remaining_seconds=remaining_seconds,
        now=time.time,
    )


def waiting_notifications(config: FindMissedEventsConfig) -> int:
    """Return how many notifications are in the queue, not worked on yet. Raises StoreUnavailableError."""
    return NotificationSender(bootstrap.aws("sqs"), config.notification_queue_url).waiting()


def wanted_subscriptions(config: FindMissedEventsConfig) -> Wanted:
    """Read what is wanted now. Raises WantedError and what the client raises."""
    parameter = bootstrap.aws("ssm").get_parameter(Name=config.wanted_parameter_name)
    return parse_wanted(parameter["Parameter"]["Value"])


@dataclass(frozen=True)
class _Subjects:
    """See sellerbus.missed.finding.Subjects."""

    config: FindMissedEventsConfig
    registry: SellerRegistry
    remaining_seconds: Callable[[], float]

    def orders(self, seller: Seller, marketplace_ids: tuple[str, ...]) -> Subject:
        api = ChangedOrdersApi(self._caller(seller), self.config.orders_api_version)
        return OrderSubject(api, seller.seller_id, marketplace_ids)

    def feeds(self, seller: Seller) -> Subject:
        return FeedSubject(
            RecentFeedsApi(self._caller(seller), self.config.feeds_api_version), seller.seller_id
        )

    def _caller(self, seller: Seller) -> SpareCaller:
        # A client of its own for each look: turns that are booked are the thread's.
        client = selling_partner.amazon_client(
            self.config, self.remaining_seconds, most_wait_seconds=AT_ONCE_SECONDS
        )
        quota = selling_partner.spare_quota(self.config)
        return SpareCaller(client, quota, self.registry.grant(seller))
