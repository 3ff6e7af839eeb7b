"""What rotate_secret reads from its environment. See config.py for how."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import ClassVar

from sellerbus.runtime.config import SellerConfig, flag, positive_integer, variable


@dataclass(frozen=True)
class OtherCellQueue:
    """The application queue of another cell of the stage: found by its plain name in its AWS region."""

    region: str
    aws_region: str
    queue_name: str


def other_cells(value: str) -> tuple[OtherCellQueue, ...]:
    """Read a JSON list of {"region", "awsRegion", "queueName"}; [] where the stage has one cell."""
    try:
        return tuple(
            OtherCellQueue(row["region"], row["awsRegion"], row["queueName"]) for row in json.loads(value)
        )
    except (ValueError, TypeError, KeyError):
        raise ValueError("must be a JSON list of objects with region, awsRegion and queueName") from None


@dataclass(frozen=True, kw_only=True)
class RotateSecretConfig(SellerConfig):
    """asks: whether this cell calls Amazon for a new client secret."""

    function: ClassVar[str] = "rotate_secret"

    region: str = field(metadata=variable("SELLING_REGION"))
    event_bus_name: str = field(metadata=variable("EVENT_BUS_NAME"))
    rotation_table_name: str = field(metadata=variable("SECRET_ROTATION_TABLE_NAME"))
    application_queue_url: str = field(metadata=variable("APPLICATION_QUEUE_URL"))
    other_cells: tuple[OtherCellQueue, ...] = field(metadata=variable("OTHER_CELLS", other_cells))
    asks: bool = field(metadata=variable("ASKS_FOR_NEW_SECRETS", flag))
    days_before: int = field(metadata=variable("ROTATE_DAYS_BEFORE", positive_integer))
    answer_minutes: int = field(metadata=variable("ROTATION_ANSWER_MINUTES", positive_integer))
