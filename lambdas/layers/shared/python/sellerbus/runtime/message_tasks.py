"""Puts together the functions of message tasks, from the clients of bootstrap.

What calls Amazon is imported where it is made: only send_message does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from sellerbus.aws.event_publisher import OperationalEvents
from sellerbus.aws.message_queue import MessageQueue
from sellerbus.aws.task_table import TaskTable
from sellerbus.messaging.ending import Teller
from sellerbus.messaging.send_queue import SendQueue
from sellerbus.messaging.task_store import MessageStore
from sellerbus.runtime import bootstrap
from sellerbus.runtime.observability import MetricUnit, count

if TYPE_CHECKING:
    from sellerbus.api.messaging import MessagingApi
    from sellerbus.api.uploads import UploadsApi
    from sellerbus.messaging.accepting import MessageAcceptor
    from sellerbus.messaging.operating import MessageOperator
    from sellerbus.messaging.sending import MessageSender
    from sellerbus.messaging.sweeping import MessageSweeper
    from sellerbus.runtime.message_config import (
        AcceptMessagesConfig,
        OperateMessageConfig,
        SendMessageConfig,
        SweepMessagesConfig,
    )
    from sellerbus.sellers.registry import SellerRegistry
    from sellerbus.sellers.rows import Seller

_HOUR_SECONDS: Final = 3600
_BYTES: Final = frozenset({"MessageAttachmentBytes"})
_AT_ONCE_SECONDS: Final = 0.25
"""What the client that sends waits through: its turn is due, and where Amazon refuses it, the task waits."""


@cache
def task_queue(config: AcceptMessagesConfig) -> MessageQueue:
    """Return the queue of what is handed over."""
    return MessageQueue(bootstrap.aws("sqs"), config.message_task_queue_url)


@cache
def send_queue(config: SendMessageConfig) -> MessageQueue:
    """Return the queue of tasks to be worked on, as its reader has it."""
    return MessageQueue(bootstrap.aws("sqs"), config.message_send_queue_url)


@cache
def message_acceptor(config: AcceptMessagesConfig) -> MessageAcceptor:
    """Return what makes tasks of what is handed over."""
    from sellerbus.messaging.accepting import AcceptSettings, MessageAcceptor
    from sellerbus.messaging.attachment_files import AttachmentFiles

    store, events = _store(config.message_table_name), _events(config.event_bus_name)
    return MessageAcceptor(
        files=AttachmentFiles(bootstrap.aws("s3")),
        store=store,
        queue=SendQueue(bootstrap.aws("sqs"), config.message_send_queue_url),
        dead_letters=task_queue(config),
        events=events,
        teller=Teller(store=store, events=events, count=_count),
        settings=AcceptSettings(
            bucket=config.message_bucket_name,
            same_message_seconds=config.same_message_hours * _HOUR_SECONDS,
            content_days=config.content_days,
            region=config.marketplaces[0].region,
            countries=tuple(each.country for each in config.marketplaces),
        ),
        count=_count,
        now=time.time,
    )


def message_sender(config: SendMessageConfig, remaining_seconds: Callable[[], float]) -> MessageSender:
    """Return what sends messages, for one invocation."""
    from sellerbus.documents.destinations import DestinationStorage
    from sellerbus.documents.presigned import DocumentHosts
    from sellerbus.documents.storage import PresignedStorage
    from sellerbus.messaging.answers import AnswerKeeper
    from sellerbus.messaging.attachment_files import AttachmentFiles
    from sellerbus.messaging.attempting import Attempts
    from sellerbus.messaging.preparing import Preparer
    from sellerbus.messaging.sending import MessageSender
    from sellerbus.messaging.settling import Settler
    from sellerbus.messaging.template_texts import TemplateTexts
    from sellerbus.messaging.uploading import Uploader

    s3 = bootstrap.aws("s3")
    store, amazon = _store(config.message_table_name), _Amazon(config)
    give_up_seconds = config.give_up_hours * _HOUR_SECONDS
    storage = PresignedStorage(bootstrap.http(), DocumentHosts(config.document_hosts))
    answers = AnswerKeeper(
        store=store,
        now=time.time,
        sleep=time.sleep,
        settle_seconds=None if config.other_senders else config.settle_seconds,
    )
    return MessageSender(
        store=store,
        amazon=amazon,
        attempts=Attempts(
            store=store,
            amazon=amazon,
            preparer=Preparer(
                files=AttachmentFiles(s3),
                bucket=config.message_bucket_name,
                texts=TemplateTexts(s3, config.message_bucket_name),
                uploader=Uploader(DestinationStorage(storage), now=time.time, count=_count),
                store=store,
                count=_count,
            ),
            answers=answers,
            count=_count,
            now=time.time,
            sleep=time.sleep,
            remaining_seconds=remaining_seconds,
        ),
        answers=answers,
        settler=Settler(
            store=store, answers=answers, longest_seconds=give_up_seconds, count=_count, now=time.time
        ),
        teller=Teller(store=store, events=_events(config.event_bus_name), count=_count),
        give_up_seconds=give_up_seconds,
        now=time.time,
        remaining_seconds=remaining_seconds,
    )


def message_operator(config: OperateMessageConfig) -> MessageOperator:
    """Return what does what operators ask."""
    from sellerbus.messaging.operating import MessageOperator

    store = _store(config.message_table_name)
    return MessageOperator(
        store=store,
        queue=SendQueue(bootstrap.aws("sqs"), config.message_send_queue_url),
        teller=Teller(store=store, events=_events(config.event_bus_name), count=_count),
        now=time.time,
    )


def message_sweeper(config: SweepMessagesConfig, remaining_seconds: Callable[[], float]) -> MessageSweeper:
    """Return what looks after tasks that nothing moves on, for one invocation."""
    from sellerbus.messaging.sweeping import MessageSweeper, OpenTasks

    return MessageSweeper(
        store=_store(config.message_table_name),
        tasks=OpenTasks(bootstrap.aws("dynamodb"), config.message_table_name, config.open_index_name),
        queue=SendQueue(bootstrap.aws("sqs"), config.message_send_queue_url),
        now=time.time,
        remaining_seconds=remaining_seconds,
    )


@dataclass(frozen=True)
class _Amazon:
    """See sellerbus.messaging.steps.Amazon."""

    config: SendMessageConfig

    def of_seller(self, seller_id: str) -> _SellersAmazon:
        from sellerbus.messaging.steps import EndsError, TryLaterError
        from sellerbus.messaging.task import MessageState
        from sellerbus.runtime import selling_partner
        from sellerbus.sellers.rows import PAUSED, REMOVING, REVOKED

        registry = selling_partner.seller_registry(self.config)
        seller = registry.find(seller_id)
        if seller is None:
            raise EndsError(MessageState.FAILED, f"seller {seller_id} is not in the registry")
        if seller.status == PAUSED:
            raise TryLaterError(f"seller {seller_id} is paused", mend=True)
        if seller.status in (REVOKED, REMOVING):
            raise EndsError(MessageState.FAILED, f"seller {seller_id} is {seller.status}")
        return _SellersAmazon(self.config, registry, seller)


@dataclass(frozen=True)
class _SellersAmazon:
    """See sellerbus.messaging.steps.SellersAmazon."""

    config: SendMessageConfig
    registry: SellerRegistry
    seller: Seller

    def messages(self, remaining_seconds: Callable[[], float]) -> MessagingApi:
        from sellerbus.api.messaging import MessagingApi
        from sellerbus.runtime import selling_partner

        client = selling_partner.amazon_client(self.config, remaining_seconds)
        return MessagingApi(client, self.registry.grant(self.seller))

    def uploads(self, remaining_seconds: Callable[[], float]) -> UploadsApi:
        from sellerbus.api.uploads import UploadsApi
        from sellerbus.runtime import selling_partner

        client = selling_partner.amazon_client(self.config, remaining_seconds)
        return UploadsApi(client, self.registry.grant(self.seller))

    def sending(self, remaining_seconds: Callable[[], float]) -> MessagingApi:
        from sellerbus.api.messaging import MessagingApi
        from sellerbus.runtime import selling_partner

        client = selling_partner.amazon_client(
            self.config, remaining_seconds, most_wait_seconds=_AT_ONCE_SECONDS
        )
        return MessagingApi(client, self.registry.grant(self.seller))


def _store(table_name: str) -> MessageStore:
    # What waits for longer holds a lease for nothing.
    table = TaskTable(bootstrap.aws("dynamodb", bootstrap.BRISK), table_name, sleep=time.sleep)
    return MessageStore(table, now=time.time)


def _events(bus_name: str) -> OperationalEvents:
    return OperationalEvents(bootstrap.aws("events", bootstrap.BRISK), bus_name, now=time.time)


def _count(metric: str, value: float) -> None:
    count(metric, value, MetricUnit.Bytes if metric in _BYTES else MetricUnit.Count)
