"""The composition root of the functions: the only place that constructs boto3 and HTTP clients.

Everything is made on first use and kept for warm starts. What depends on one invocation (its remaining time)
is made per invocation out of these.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config

from sellerbus.notifications.arrival_recorder import ArrivalRecorder
from sellerbus.notifications.jobs import DeadJobs, SubscriptionQueue
from sellerbus.notifications.ledger import Ledger
from sellerbus.notifications.ordering import OrderingGuard
from sellerbus.notifications.processing import NotificationProcessor
from sellerbus.notifications.publishing import EventBus, PayloadStore
from sellerbus.notifications.queues import DeadLetterQueue, NotificationQueue
from sellerbus.notifications.subscription_state import SubscriptionStates
from sellerbus.notifications.sweeping import LedgerSweeper
from sellerbus.runtime.config import ProcessNotificationsConfig, SweepLedgerConfig
from sellerbus.sellers.rows import SellerRows

if TYPE_CHECKING:
    import requests

CONNECT_TIMEOUT_SECONDS = 2.0
READ_TIMEOUT_SECONDS = 5.0
AWS_ATTEMPTS = 3

_DAY_SECONDS: Final = 86_400


@dataclass(frozen=True)
class CallLimits:
    """How long one AWS call may take: time-outs in seconds, of each of its attempts."""

    connect_seconds: float
    read_seconds: float
    attempts: int

    @property
    def worst_seconds(self) -> float:
        """All attempts timing out, with a second of back-off before each repetition."""
        return self.attempts * (self.connect_seconds + self.read_seconds) + (self.attempts - 1)


PATIENT: Final = CallLimits(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS, AWS_ATTEMPTS)
# PutEvents and a transaction answer within tens of milliseconds; what waits longer holds a lease for nothing.
BRISK: Final = CallLimits(connect_seconds=1.0, read_seconds=3.0, attempts=2)
# For what the batch can do without: a repetition of it comes with the next batch.
AT_ONCE: Final = CallLimits(connect_seconds=1.0, read_seconds=1.0, attempts=1)


@cache
def aws(service: str, limits: CallLimits = PATIENT, *, region: str | None = None) -> Any:
    """Return the boto3 client of `service`, whose calls take no longer than `limits` allow.

    region: the AWS region; the function's own where none is named.
    """
    return boto3.client(
        service,
        region_name=region,
        config=Config(
            connect_timeout=limits.connect_seconds,
            read_timeout=limits.read_seconds,
            retries={"mode": "standard", "total_max_attempts": limits.attempts},
            max_pool_connections=16,
        ),
    )


@cache
def notification_processor(config: ProcessNotificationsConfig) -> NotificationProcessor:
    """Return the processor of notification batches, with all it works on."""
    retention_seconds = config.completed_retention_days * _DAY_SECONDS
    dynamodb = aws("dynamodb", BRISK)
    sqs = aws("sqs", BRISK)
    return NotificationProcessor(
        ledger=Ledger(
            dynamodb,
            config.ledger_table_name,
            completed_retention_seconds=retention_seconds,
            now=_milliseconds,
            sleep=time.sleep,
        ),
        guard=OrderingGuard(
            dynamodb,
            config.ledger_table_name,
            retention_seconds=retention_seconds,
            now=_milliseconds,
            sleep=time.sleep,
        ),
        bus=EventBus(aws("events", BRISK), config.event_bus_name),
        payloads=PayloadStore(aws("s3", BRISK), config.payload_bucket_name),
        queue=NotificationQueue(sqs, config.notification_queue_url),
        dead_letters=DeadLetterQueue(sqs, config.dead_letter_queue_url),
        now=_milliseconds,
        lease_margin_ms=config.lease_margin_seconds * 1000,
        # PutEvents, then the completion.
        publish_budget_ms=round(2 * BRISK.worst_seconds * 1000),
        maximum_event_bytes=config.maximum_event_bytes,
    )


@cache
def arrival_recorder(config: ProcessNotificationsConfig) -> ArrivalRecorder:
    """Return what notes when notifications came; AT_ONCE says how long one of its calls takes at worst."""
    return ArrivalRecorder(
        aws("dynamodb", AT_ONCE),
        config.arrivals_table_name,
        interval_seconds=config.arrivals_interval_seconds,
        now=time.time,
    )


@cache
def ledger_sweeper(config: SweepLedgerConfig) -> LedgerSweeper:
    """Return the sweeper of rows whose message is gone."""
    return LedgerSweeper(
        aws("dynamodb"),
        config.ledger_table_name,
        config.pending_index_name,
        lifetime_seconds=config.maximum_message_lifetime_days * _DAY_SECONDS,
        now=_milliseconds,
    )


def seller_rows(table_name: str) -> SellerRows:
    """Return the seller registry as it can be read without the key."""
    return SellerRows(aws("dynamodb"), table_name)


def subscription_states(table_name: str) -> SubscriptionStates:
    """Return what is remembered of each seller beside the registry."""
    return SubscriptionStates(aws("dynamodb"), table_name, now=time.time)


def subscription_queue(queue_url: str) -> SubscriptionQueue:
    """Return the queue of sellers to reconcile."""
    return SubscriptionQueue(aws("sqs"), queue_url)


def dead_jobs(queue_url: str) -> DeadJobs:
    """Return the dead-letter queue of sellers that could not be reconciled."""
    return DeadJobs(aws("sqs"), queue_url)


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


@cache
def http() -> requests.Session:
    """Return the session for calls to Amazon and to CloudFormation, keep-alive across invocations."""
    # Here and not above: the functions that never call Amazon shall not pay for it at each cold start.
    from http.cookiejar import DefaultCookiePolicy

    import requests

    from sellerbus.api.keep_alive import KeepAliveAdapter

    session = requests.Session()
    # One seller's cookies are not for another's calls, nor Login with Amazon's for the Selling Partner API.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = KeepAliveAdapter(pool_connections=4, pool_maxsize=16)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
