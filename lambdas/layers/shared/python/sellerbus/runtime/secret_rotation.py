"""Puts together what rotate_secret works with, from the clients of bootstrap."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sellerbus.api.application_management import ApplicationManagementApi
from sellerbus.api.credentials import ClientCredentials, SecretCredentials
from sellerbus.api.lwa import Grant, SellerGrant, TokenCache
from sellerbus.api.operations import NOTIFICATIONS_SCOPE, ROTATION_SCOPE
from sellerbus.api.pacing import Pace
from sellerbus.aws.errors import aws_call
from sellerbus.aws.event_publisher import OperationalEvents
from sellerbus.aws.message_queue import MessageQueue
from sellerbus.aws.task_table import TaskTable
from sellerbus.rotation.asking import Asker
from sellerbus.rotation.keeping import Keeper
from sellerbus.rotation.looking import Looker, LookSettings
from sellerbus.rotation.promoting import Promoter
from sellerbus.rotation.proving import AskToken, Prover
from sellerbus.rotation.rows import RotationStore
from sellerbus.rotation.versions import SecretVersions
from sellerbus.runtime import bootstrap, selling_partner
from sellerbus.runtime.observability import count, warn
from sellerbus.runtime.rotation_config import OtherCellQueue, RotateSecretConfig
from sellerbus.sellers.rows import ACTIVE

FORWARDED_FROM: Final = "forwardedFrom"
"""The message attribute of what another cell has handed on; such a message is not handed on again."""


@dataclass(frozen=True)
class SecretRotation:
    """What one invocation works with."""

    keeper: Keeper
    looker: Looker
    asker: Asker


def secret_rotation(config: RotateSecretConfig, remaining_seconds: Callable[[], float]) -> SecretRotation:
    """Return all parts for one invocation."""
    store = RotationStore(TaskTable(bootstrap.aws("dynamodb"), config.rotation_table_name, sleep=time.sleep))
    versions = SecretVersions(bootstrap.aws("secretsmanager"), config.lwa_secret_id)
    events = OperationalEvents(bootstrap.aws("events"), config.event_bus_name, now=time.time)
    prover = Prover(
        token_asker(config, remaining_seconds),
        scopes=(NOTIFICATIONS_SCOPE, ROTATION_SCOPE),
        sellers=lambda: _active_sellers(config),
    )
    asker = Asker(
        store=store,
        versions=versions,
        api=ApplicationManagementApi(selling_partner.amazon_client(config, remaining_seconds)),
        events=events,
        region=config.region,
        count=_count,
        now=time.time,
    )
    return SecretRotation(
        keeper=Keeper(
            store=store,
            versions=versions,
            asker=asker,
            others=[_QueueOfOtherCell(cell, config.region) for cell in config.other_cells],
            asks=config.asks,
            count=_count,
            now=time.time,
        ),
        looker=Looker(
            store=store,
            versions=versions,
            promoter=Promoter(
                store=store,
                versions=versions,
                prover=prover,
                events=events,
                region=config.region,
                count=_count,
                now=time.time,
            ),
            asker=asker,
            prover=prover,
            events=events,
            check=lambda: _check(config, remaining_seconds),
            settings=LookSettings(
                region=config.region,
                asks=config.asks,
                days_before=config.days_before,
                answer_seconds=config.answer_minutes * 60.0,
            ),
            now=time.time,
        ),
        asker=asker,
    )


@cache
def application_queue(config: RotateSecretConfig) -> MessageQueue:
    """Return the queue to which Amazon sends, as its reader has it."""
    return MessageQueue(bootstrap.aws("sqs"), config.application_queue_url)


def token_asker(config: RotateSecretConfig, remaining_seconds: Callable[[], float]) -> AskToken:
    """Return what asks for one token with given credentials and no others, and keeps none."""

    def ask(credentials: ClientCredentials, grant: Grant) -> None:
        TokenCache(
            endpoint=config.lwa_endpoint,
            session=bootstrap.http(),
            credentials=_Only(credentials),
            pace=Pace(),
        ).token(grant, remaining_seconds)

    return ask


def _check(config: RotateSecretConfig, remaining_seconds: Callable[[], float]) -> None:
    """Ask for a token as every function does, but anew: one that is kept says nothing of the secret."""
    TokenCache(
        endpoint=config.lwa_endpoint,
        session=bootstrap.http(),
        credentials=SecretCredentials(
            secrets=bootstrap.aws("secretsmanager"),
            secret_id=config.lwa_secret_id,
            mend=f"bin/sellerbus secrets set --stage {config.stage}",
            clock=time.time,
            notice=lambda text: warn(text, metric="ClientSecretRefused"),
        ),
        pace=Pace(),
    ).token(NOTIFICATIONS_SCOPE, remaining_seconds)


@dataclass(frozen=True)
class _Only:
    """Credentials that nothing stands in for."""

    credentials: ClientCredentials

    def current(self) -> ClientCredentials:
        return self.credentials

    def instead_of(self, refused: ClientCredentials) -> Iterator[ClientCredentials]:
        del refused
        return iter(())

    def keep(self, credentials: ClientCredentials) -> None:
        del credentials


class _QueueOfOtherCell:
    def __init__(self, cell: OtherCellQueue, own_region: str) -> None:
        self.name = cell.region
        self._cell = cell
        self._own_region = own_region

    def send(self, body: str) -> None:
        sqs: Any = bootstrap.aws("sqs", region=self._cell.aws_region)
        with aws_call("GetQueueUrl"):
            url = sqs.get_queue_url(QueueName=self._cell.queue_name)["QueueUrl"]
        with aws_call("SendMessage"):
            sqs.send_message(
                QueueUrl=url,
                MessageBody=body,
                MessageAttributes={FORWARDED_FROM: {"DataType": "String", "StringValue": self._own_region}},
            )


def _active_sellers(config: RotateSecretConfig) -> Iterator[SellerGrant]:
    registry = selling_partner.seller_registry(config)
    return (registry.grant(seller) for seller in registry.sellers() if seller.status == ACTIVE)


def _count(metric: str) -> None:
    count(metric, 1)
