"""The parts of config/<stage>.yaml that a stage and each of its cells share.

Each field's description says what is allowed: errors quote it.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt
from pydantic.alias_generators import to_camel

LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
)  # fmt: skip
DEAD_LETTER_RETENTION_DAYS = 14
"""The longest SQS keeps a message: a dead letter is a person's work, and people have holidays."""
LONGEST_MESSAGES_DAYS = 28
"""What is written to a buyer is gone after 30 days, the backups of its table and S3's delays included."""


def number_as_text(value: object) -> object:
    """An account or a version that YAML reads as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _permitted_log_days(value: object) -> object:
    if value not in LOG_RETENTION_DAYS:
        raise ValueError("is not a retention CloudWatch Logs offers")
    return value


Text = Annotated[str, BeforeValidator(number_as_text)]


class Section(BaseModel):
    """A mapping of the file. Unknown keys are errors: a misspelt one must not become a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class AmazonSection(Section):
    """A mapping in Amazon's own words: camelCase, passed on as it stands."""

    model_config = ConfigDict(alias_generator=to_camel)


class AggregationSettings(AmazonSection):
    aggregation_time_period: Literal["FiveMinutes", "TenMinutes"] = Field(
        description="FiveMinutes or TenMinutes"
    )


class CarrierTracking(AmazonSection):
    tracking_number: Text = Field(description="the carrier's tracking number")
    carrier_code: Text | None = Field(default=None, description="the carrier's code")


class TrackingIdentifier(AmazonSection):
    id: Text | None = Field(default=None, description="Amazon's tracking identifier")
    acsin: Text | None = Field(default=None, description="an air cargo shipment identification number")
    aftn: Text | None = Field(default=None, description="an Amazon fulfilment tracking number")
    container_number: Text | None = Field(default=None, description="a container number")
    house_bill_of_lading_number: Text | None = Field(
        default=None, description="a house bill of lading number"
    )
    carrier_tracking: CarrierTracking | None = Field(
        default=None, description="a mapping with trackingNumber and carrierCode"
    )


class EventFilter(AmazonSection):
    """Amazon's eventFilter. Which keys a type takes stands in notification_types.py."""

    event_filter_type: str = Field(description="the notification's own type")
    marketplace_ids: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="a list of marketplace ids"
    )
    aggregation_settings: AggregationSettings | None = Field(
        default=None, description="a mapping with aggregationTimePeriod"
    )
    order_change_types: (
        tuple[Literal["BuyerRequestedChange", "DeliveryTipChange", "OrderStatusChange"], ...] | None
    ) = Field(
        default=None,
        min_length=1,
        description="a list of BuyerRequestedChange, DeliveryTipChange, OrderStatusChange",
    )
    tracking_identifier: TrackingIdentifier | None = Field(
        default=None, description="a mapping with exactly one identifier"
    )


class ProcessingDirective(AmazonSection):
    """Amazon's processingDirective: one of the two keys."""

    event_filter: EventFilter | None = Field(default=None, description="a mapping with eventFilterType")
    filter_expression: str | None = Field(default=None, description="a CEL expression as text")


class Notification(Section):
    """One subscription that every seller gets."""

    type: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$", description="a notificationType in capitals")
    payload_version: Text | None = Field(
        default=None, min_length=1, description="a payloadVersion of that type"
    )
    processing_directive: ProcessingDirective | None = Field(
        default=None, description="eventFilter or filterExpression"
    )


class Retention(Section):
    """How long things are kept, in days."""

    queue_days: StrictInt = Field(
        default=14, ge=1, le=14, description="a whole number of days from 1 to 14 (the most SQS keeps)"
    )
    logs_days: Annotated[StrictInt, BeforeValidator(_permitted_log_days)] = Field(
        default=30,
        description="one of " + ", ".join(map(str, LOG_RETENTION_DAYS)) + " (what CloudWatch Logs offers)",
    )
    archive_days: StrictInt = Field(
        default=30, ge=1, le=3653, description="a whole number of days from 1 to 3653"
    )
    completed_days: StrictInt = Field(
        default=35, ge=1, le=3653, description="a whole number of days from 1 to 3653"
    )
    payloads_days: StrictInt = Field(
        default=35, ge=1, le=3653, description="a whole number of days from 1 to 3653"
    )
    feeds_days: StrictInt = Field(
        default=30, ge=1, le=3653, description="a whole number of days from 1 to 3653"
    )
    messages_days: StrictInt = Field(
        default=28,
        ge=1,
        le=LONGEST_MESSAGES_DAYS,
        description=f"a whole number of days from 1 to {LONGEST_MESSAGES_DAYS} "
        "(texts and attachments are gone for good within 30)",
    )


class Processing(Section):
    """The function that takes notifications from the queue, and how it is fed."""

    # PutEvents and the completion may take 18 s with all their time-outs: with less left none is begun.
    timeout_seconds: StrictInt = Field(
        default=60, ge=30, le=900, description="a whole number of seconds from 30 to 900"
    )
    batch_size: StrictInt = Field(default=10, ge=1, le=10_000, description="a whole number from 1 to 10000")
    batching_window_seconds: StrictInt = Field(
        default=1, ge=0, le=300, description="a whole number of seconds from 0 to 300"
    )
    maximum_concurrency: StrictInt = Field(
        default=10, ge=2, le=1000, description="a whole number from 2 to 1000"
    )
    # A lease must outlive the function by how late a kill may come and by the clocks' difference (30 s).
    lease_margin_seconds: StrictInt = Field(
        default=35, ge=31, le=900, description="a whole number of seconds from 31 to 900"
    )
    memory_mb: StrictInt = Field(
        default=512, ge=128, le=10_240, description="a whole number of megabytes from 128 to 10240"
    )
    maximum_event_bytes: StrictInt = Field(
        default=262_144,
        ge=1024,
        le=262_144,
        description="a whole number of bytes from 1024 to 262144 (the most every target takes)",
    )


class Queue(Section):
    """The queue Amazon sends to."""

    fifo: StrictBool = Field(default=False, description="false: Amazon sends to standard queues only")
    # A copy that meets a live lease spends two receives on waiting for it. Retries wait 5 s, doubling up to
    # 15 minutes: twelve receives ride out an hour.
    maximum_receives: StrictInt = Field(
        default=12, ge=4, le=1000, description="a whole number from 4 to 1000"
    )
