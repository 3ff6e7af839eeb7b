"""What the functions that watch a stage read from their environment. See config.py for how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from sellerbus.runtime.config import FunctionConfig, variable


def names(value: str) -> tuple[str, ...]:
    """Read names with commas between them."""
    found = tuple(each.strip() for each in value.split(","))
    if not all(found):
        raise ValueError("must be names with commas between them")
    return found


@dataclass(frozen=True, kw_only=True)
class WatchStageConfig(FunctionConfig):
    function: ClassVar[str] = "watch_stage"

    arrivals_table_name: str = field(metadata=variable("ARRIVALS_TABLE_NAME"))
    seller_table_name: str = field(metadata=variable("SELLER_TABLE_NAME"))
    task_table_name: str = field(metadata=variable("TASK_TABLE_NAME"))
    message_table_name: str = field(metadata=variable("MESSAGE_TABLE_NAME"))
    state_index_name: str = field(metadata=variable("STATE_INDEX_NAME"))
    notification_types: tuple[str, ...] = field(metadata=variable("NOTIFICATION_TYPES", names))
    lwa_secret_id: str = field(metadata=variable("LWA_SECRET_ID"))
    alarm_topic_arns: tuple[str, ...] = field(metadata=variable("ALARM_TOPIC_ARNS", names))
    event_bus_name: str = field(metadata=variable("EVENT_BUS_NAME"))


@dataclass(frozen=True, kw_only=True)
class RunCanaryConfig(FunctionConfig):
    function: ClassVar[str] = "run_canary"

    notification_queue_url: str = field(metadata=variable("NOTIFICATION_QUEUE_URL"))
