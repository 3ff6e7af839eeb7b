"""What the functions of feed tasks read from their environment. See config.py for how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar

from sellerbus.runtime.config import FunctionConfig, SellerConfig, flag, positive_integer, variable

API_VERSIONS = ("2021-06-30", "2020-09-04")


def api_version(value: str) -> str:
    if value not in API_VERSIONS:
        raise ValueError(f"must be {' or '.join(API_VERSIONS)}")
    return value


def document_hosts(value: str) -> tuple[str, ...]:
    """Accept "amazon", or that and hosts of the stage's own as host:port; return the stage's own."""
    first, *own = (each.strip() for each in value.split(","))
    if first != "amazon" or not all(own):
        raise ValueError("must be amazon, or amazon,<host:port>,...")
    return tuple(own)


def seconds_by_type(value: str) -> Mapping[str, int]:
    """Accept a JSON object of feed types, `default` among them, and whole seconds from 0."""
    found = json.loads(value)
    if not isinstance(found, dict) or "default" not in found:
        raise ValueError("must be a JSON object with the key default")
    for seconds in found.values():
        if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds < 0:
            raise ValueError("must have whole seconds from 0 as its values")
    return MappingProxyType(found)


def formats_by_type(value: str) -> Mapping[str, str]:
    """Accept a JSON object of feed types and their formats: json, xml, flat_file or pdf."""
    found = json.loads(value)
    if not isinstance(found, dict) or not {*found.values()} <= {"json", "xml", "flat_file", "pdf"}:
        raise ValueError("must be a JSON object of feed types and json, xml, flat_file or pdf")
    return MappingProxyType(found)


@dataclass(frozen=True, kw_only=True)
class AcceptFeedsConfig(FunctionConfig):
    function: ClassVar[str] = "accept_feeds"

    task_table_name: str = field(metadata=variable("TASK_TABLE_NAME"))
    inbox_bucket_name: str = field(metadata=variable("INBOX_BUCKET_NAME"))
    feed_request_queue_url: str = field(metadata=variable("FEED_REQUEST_QUEUE_URL"))
    feed_state_machine_arn: str = field(metadata=variable("FEED_STATE_MACHINE_ARN"))
    event_bus_name: str = field(metadata=variable("EVENT_BUS_NAME"))


@dataclass(frozen=True, kw_only=True)
class CheckFeedConfig(FunctionConfig):
    function: ClassVar[str] = "check_feed"

    task_table_name: str = field(metadata=variable("TASK_TABLE_NAME"))
    seller_table_name: str = field(metadata=variable("SELLER_TABLE_NAME"))
    result_bucket_name: str = field(metadata=variable("RESULT_BUCKET_NAME"))
    event_bus_name: str = field(metadata=variable("EVENT_BUS_NAME"))
    feeds_api_version: str = field(metadata=variable("FEEDS_API_VERSION", api_version))
    largest_feed_bytes: int = field(metadata=variable("LARGEST_FEED_BYTES", positive_integer))
    custom_feed_types: Mapping[str, str] = field(metadata=variable("CUSTOM_FEED_TYPES", formats_by_type))


@dataclass(frozen=True, kw_only=True)
class TakeFeedTurnConfig(FunctionConfig):
    function: ClassVar[str] = "take_feed_turn"

    task_table_name: str = field(metadata=variable("TASK_TABLE_NAME"))
    seconds_between: Mapping[str, int] = field(metadata=variable("SECONDS_BETWEEN_FEEDS", seconds_by_type))
    wait_for_previous: bool = field(metadata=variable("WAIT_FOR_PREVIOUS_FEED", flag))


@dataclass(frozen=True, kw_only=True)
class SubmitFeedConfig(SellerConfig):
    function: ClassVar[str] = "submit_feed"

    task_table_name: str = field(metadata=variable("TASK_TABLE_NAME"))
    event_bus_name: str = field(metadata=variable("EVENT_BUS_NAME"))
    document_hosts: tuple[str, ...] = field(metadata=variable("DOCUMENT_HOSTS", document_hosts))
    feeds_api_version: str = field(metadata=variable("FEEDS_API_VERSION", api_version))
    settle_seconds: int = field(metadata=variable("SETTLE_SECONDS", positive_integer))
    silence_seconds: int = field(metadata=variable("SILENCE_SECONDS", positive_integer))
    other_feed_creators: bool = field(metadata=variable("OTHER_FEED_CREATORS", flag))


@dataclass(frozen=True, kw_only=True)
class FollowFeedConfig(SellerConfig):
    function: ClassVar[str] = "follow_feed"

    task_table_name: str = field(metadata=variable("TASK_TABLE_NAME"))
    event_bus_name: str = field(metadata=variable("EVENT_BUS_NAME"))
    silence_seconds: int = field(metadata=variable("SILENCE_SECONDS", positive_integer))


@dataclass(frozen=True, kw_only=True)
class NoteFeedProcessedConfig(FunctionConfig):
    function: ClassVar[str] = "note_feed_processed"

    task_table_name: str = field(metadata=variable("TASK_TABLE_NAME"))


@dataclass(frozen=True, kw_only=True)
class CollectFeedReportConfig(SellerConfig):
    function: ClassVar[str] = "collect_feed_report"

    task_table_name: str = field(metadata=variable("TASK_TABLE_NAME"))
    result_bucket_name: str = field(metadata=variable("RESULT_BUCKET_NAME"))
    event_bus_name: str = field(metadata=variable("EVENT_BUS_NAME"))
    document_hosts: tuple[str, ...] = field(metadata=variable("DOCUMENT_HOSTS", document_hosts))


@dataclass(frozen=True, kw_only=True)
class EndFeedTaskConfig(FunctionConfig):
    function: ClassVar[str] = "end_feed_task"

    task_table_name: str = field(metadata=variable("TASK_TABLE_NAME"))
    feed_state_machine_arn: str = field(metadata=variable("FEED_STATE_MACHINE_ARN"))
    event_bus_name: str = field(metadata=variable("EVENT_BUS_NAME"))


@dataclass(frozen=True, kw_only=True)
class OperateFeedConfig(SellerConfig):
    function: ClassVar[str] = "operate_feed"

    task_table_name: str = field(metadata=variable("TASK_TABLE_NAME"))
    event_bus_name: str = field(metadata=variable("EVENT_BUS_NAME"))


@dataclass(frozen=True, kw_only=True)
class GatherListingChangesConfig(FunctionConfig):
    function: ClassVar[str] = "gather_listing_changes"

    task_table_name: str = field(metadata=variable("TASK_TABLE_NAME"))
    inbox_bucket_name: str = field(metadata=variable("INBOX_BUCKET_NAME"))
    event_bus_name: str = field(metadata=variable("EVENT_BUS_NAME"))
    listing_change_queue_url: str = field(metadata=variable("LISTING_CHANGE_QUEUE_URL"))
    window_seconds: int = field(metadata=variable("CHANGES_WINDOW_SECONDS", positive_integer))
    most_changes: int = field(metadata=variable("MOST_CHANGES", positive_integer))
    most_bytes: int = field(metadata=variable("MOST_CHANGES_BYTES", positive_integer))


@dataclass(frozen=True, kw_only=True)
class ReportListingChangesConfig(FunctionConfig):
    function: ClassVar[str] = "report_listing_changes"

    task_table_name: str = field(metadata=variable("TASK_TABLE_NAME"))
    inbox_bucket_name: str = field(metadata=variable("INBOX_BUCKET_NAME"))
    result_bucket_name: str = field(metadata=variable("RESULT_BUCKET_NAME"))
    event_bus_name: str = field(metadata=variable("EVENT_BUS_NAME"))
