"""What the function that looks for missed events reads from its environment. See config.py for how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from sellerbus.api.feeds import V2020, V2021
from sellerbus.runtime.config import SellerConfig, positive_integer, variable
from sellerbus.runtime.message_config import orders_api_version


def feeds_api_version(value: str) -> str:
    if value not in (V2020, V2021):
        raise ValueError(f"must be {V2021} or {V2020}")
    return value


@dataclass(frozen=True, kw_only=True)
class FindMissedEventsConfig(SellerConfig):
    function: ClassVar[str] = "find_missed_events"

    ledger_table_name: str = field(metadata=variable("LEDGER_TABLE_NAME"))
    arrivals_table_name: str = field(metadata=variable("ARRIVALS_TABLE_NAME"))
    marks_table_name: str = field(metadata=variable("MARKS_TABLE_NAME"))
    notification_queue_url: str = field(metadata=variable("NOTIFICATION_QUEUE_URL"))
    wanted_parameter_name: str = field(metadata=variable("WANTED_PARAMETER_NAME"))
    orders_api_version: str = field(metadata=variable("ORDERS_API_VERSION", orders_api_version))
    feeds_api_version: str = field(metadata=variable("FEEDS_API_VERSION", feeds_api_version))
    settle_seconds: int = field(metadata=variable("SETTLE_SECONDS", positive_integer))
