"""What the functions of message tasks read from their environment. See config.py for how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from sellerbus.api.endpoints import Marketplace, one_region
from sellerbus.runtime.config import FunctionConfig, SellerConfig, flag, positive_integer, variable
from sellerbus.runtime.task_config import document_hosts

ORDERS_API_VERSIONS = ("2026-01-01", "v0")


def orders_api_version(value: str) -> str:
    if value not in ORDERS_API_VERSIONS:
        raise ValueError(f"must be {' or '.join(ORDERS_API_VERSIONS)}")
    return value


def marketplaces(value: str) -> tuple[Marketplace, ...]:
    """Read the marketplaces of a cell, all of one selling region, by their ids with commas between them."""
    return one_region(value.split(","))[1]


@dataclass(frozen=True, kw_only=True)
class AcceptMessagesConfig(FunctionConfig):
    function: ClassVar[str] = "accept_messages"

    message_table_name: str = field(metadata=variable("MESSAGE_TABLE_NAME"))
    event_bus_name: str = field(metadata=variable("EVENT_BUS_NAME"))
    message_task_queue_url: str = field(metadata=variable("MESSAGE_TASK_QUEUE_URL"))
    message_send_queue_url: str = field(metadata=variable("MESSAGE_SEND_QUEUE_URL"))
    message_bucket_name: str = field(metadata=variable("MESSAGE_BUCKET_NAME"))
    same_message_hours: int = field(metadata=variable("SAME_MESSAGE_HOURS", positive_integer))
    content_days: int = field(metadata=variable("MESSAGE_CONTENT_DAYS", positive_integer))
    marketplaces: tuple[Marketplace, ...] = field(metadata=variable("MARKETPLACE_IDS", marketplaces))


@dataclass(frozen=True, kw_only=True)
class SendMessageConfig(SellerConfig):
    function: ClassVar[str] = "send_message"

    message_table_name: str = field(metadata=variable("MESSAGE_TABLE_NAME"))
    event_bus_name: str = field(metadata=variable("EVENT_BUS_NAME"))
    message_send_queue_url: str = field(metadata=variable("MESSAGE_SEND_QUEUE_URL"))
    message_bucket_name: str = field(metadata=variable("MESSAGE_BUCKET_NAME"))
    document_hosts: tuple[str, ...] = field(metadata=variable("DOCUMENT_HOSTS", document_hosts))
    settle_seconds: int = field(metadata=variable("SETTLE_SECONDS", positive_integer))
    other_senders: bool = field(metadata=variable("OTHER_MESSAGE_SENDERS", flag))
    give_up_hours: int = field(metadata=variable("GIVE_UP_HOURS", positive_integer))


@dataclass(frozen=True, kw_only=True)
class SweepMessagesConfig(FunctionConfig):
    function: ClassVar[str] = "sweep_messages"

    message_table_name: str = field(metadata=variable("MESSAGE_TABLE_NAME"))
    open_index_name: str = field(metadata=variable("OPEN_INDEX_NAME"))
    message_send_queue_url: str = field(metadata=variable("MESSAGE_SEND_QUEUE_URL"))


@dataclass(frozen=True, kw_only=True)
class OperateMessageConfig(FunctionConfig):
    function: ClassVar[str] = "operate_message"

    message_table_name: str = field(metadata=variable("MESSAGE_TABLE_NAME"))
    event_bus_name: str = field(metadata=variable("EVENT_BUS_NAME"))
    message_send_queue_url: str = field(metadata=variable("MESSAGE_SEND_QUEUE_URL"))


@dataclass(frozen=True, kw_only=True)
class LookUpOrdersConfig(SellerConfig):
    function: ClassVar[str] = "look_up_orders"

    message_table_name: str = field(metadata=variable("MESSAGE_TABLE_NAME"))
    orders_api_version: str = field(metadata=variable("ORDERS_API_VERSION", orders_api_version))
