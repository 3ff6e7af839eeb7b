"""What each function reads from its environment, validated before anything is done.

One frozen dataclass per function. A field's metadata names its environment variable, so that a template test
can compare a function's synthesised environment with what its class demands (`variables(cls)`).
No field has a default: a default would mean some deployment that nobody chose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit


class ConfigurationError(Exception):
    """The environment of a function lacks or garbles variables; the message names all of them at once."""


def text(value: str) -> str:
    return value


def positive_integer(value: str) -> int:
    if not (value.isascii() and value.isdigit()) or int(value) == 0:
        raise ValueError("must be a whole number above 0")
    return int(value)


def url(value: str) -> str:
    """Accept https, and plain http only to this machine: tokens and secrets travel over it."""
    parts = urlsplit(value)
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not parts.hostname or not (parts.scheme == "https" or local):
        raise ValueError("must be an https URL (http only to 127.0.0.1 or localhost)")
    return value.rstrip("/")


def flag(value: str) -> bool:
    if value not in ("true", "false"):
        raise ValueError("must be true or false")
    return value == "true"


def variable(name: str, parse: Callable[[str], object] = text) -> dict[str, Any]:
    """Metadata of a dataclass field: the environment variable it is read from and how it is read."""
    return {"variable": name, "parse": parse}


@dataclass(frozen=True, kw_only=True)
class FunctionConfig:
    """What every function has. `function` is the folder under lambdas/ whose handler reads the class."""

    function: ClassVar[str] = ""

    service_name: str = field(metadata=variable("POWERTOOLS_SERVICE_NAME"))
    metrics_namespace: str = field(metadata=variable("POWERTOOLS_METRICS_NAMESPACE"))
    log_level: str = field(metadata=variable("LOG_LEVEL"))
    stage: str = field(metadata=variable("STAGE"))


@dataclass(frozen=True, kw_only=True)
class ApplicationConfig(FunctionConfig):
    """What a function needs that calls Amazon for the application itself (grantless)."""

    sp_api_endpoint: str = field(metadata=variable("SP_API_ENDPOINT", url))
    lwa_endpoint: str = field(metadata=variable("LWA_ENDPOINT", url))
    lwa_secret_id: str = field(metadata=variable("LWA_SECRET_ID"))
    quota_table_name: str = field(metadata=variable("QUOTA_TABLE_NAME"))


@dataclass(frozen=True, kw_only=True)
class SellerConfig(ApplicationConfig):
    """What a function needs that calls Amazon for sellers, with their refresh tokens."""

    key_id: str = field(metadata=variable("KEY_ID"))
    seller_table_name: str = field(metadata=variable("SELLER_TABLE_NAME"))


@dataclass(frozen=True, kw_only=True)
class ManageDestinationConfig(ApplicationConfig):
    function: ClassVar[str] = "manage_destination"


@dataclass(frozen=True, kw_only=True)
class ManageSubscriptionsConfig(SellerConfig):
    function: ClassVar[str] = "manage_subscriptions"

    subscription_state_table_name: str = field(metadata=variable("SUBSCRIPTION_STATE_TABLE_NAME"))
    subscription_queue_url: str = field(metadata=variable("SUBSCRIPTION_QUEUE_URL"))
    event_bus_name: str = field(metadata=variable("EVENT_BUS_NAME"))


@dataclass(frozen=True, kw_only=True)
class ReconcileSubscriptionsConfig(SellerConfig):
    function: ClassVar[str] = "reconcile_subscriptions"

    subscription_state_table_name: str = field(metadata=variable("SUBSCRIPTION_STATE_TABLE_NAME"))
    event_bus_name: str = field(metadata=variable("EVENT_BUS_NAME"))
    subscription_queue_url: str = field(metadata=variable("SUBSCRIPTION_QUEUE_URL"))
    subscription_dead_letter_queue_url: str = field(metadata=variable("SUBSCRIPTION_DEAD_LETTER_QUEUE_URL"))
    wanted_parameter_name: str = field(metadata=variable("WANTED_PARAMETER_NAME"))


@dataclass(frozen=True, kw_only=True)
class InspectAmazonConfig(SellerConfig):
    function: ClassVar[str] = "inspect_amazon"

    subscription_state_table_name: str = field(metadata=variable("SUBSCRIPTION_STATE_TABLE_NAME"))
    wanted_parameter_name: str = field(metadata=variable("WANTED_PARAMETER_NAME"))
    sandbox: bool = field(metadata=variable("SP_API_SANDBOX", flag))


@dataclass(frozen=True, kw_only=True)
class QueueEverySellerConfig(FunctionConfig):
    function: ClassVar[str] = "queue_every_seller"

    seller_table_name: str = field(metadata=variable("SELLER_TABLE_NAME"))
    subscription_state_table_name: str = field(metadata=variable("SUBSCRIPTION_STATE_TABLE_NAME"))
    subscription_queue_url: str = field(metadata=variable("SUBSCRIPTION_QUEUE_URL"))


@dataclass(frozen=True, kw_only=True)
class ProcessNotificationsConfig(FunctionConfig):
    function: ClassVar[str] = "process_notifications"

    ledger_table_name: str = field(metadata=variable("LEDGER_TABLE_NAME"))
    arrivals_table_name: str = field(metadata=variable("ARRIVALS_TABLE_NAME"))
    arrivals_interval_seconds: int = field(metadata=variable("ARRIVALS_INTERVAL_SECONDS", positive_integer))
    event_bus_name: str = field(metadata=variable("EVENT_BUS_NAME"))
    notification_queue_url: str = field(metadata=variable("NOTIFICATION_QUEUE_URL"))
    dead_letter_queue_url: str = field(metadata=variable("DEAD_LETTER_QUEUE_URL"))
    payload_bucket_name: str = field(metadata=variable("PAYLOAD_BUCKET_NAME"))
    maximum_event_bytes: int = field(metadata=variable("MAXIMUM_EVENT_BYTES", positive_integer))
    lease_margin_seconds: int = field(metadata=variable("LEASE_MARGIN_SECONDS", positive_integer))
    completed_retention_days: int = field(metadata=variable("COMPLETED_RETENTION_DAYS", positive_integer))


@dataclass(frozen=True, kw_only=True)
class EmptyBucketConfig(FunctionConfig):
    function: ClassVar[str] = "empty_bucket"


@dataclass(frozen=True, kw_only=True)
class StopExecutionsConfig(FunctionConfig):
    function: ClassVar[str] = "stop_executions"


@dataclass(frozen=True, kw_only=True)
class SweepLedgerConfig(FunctionConfig):
    function: ClassVar[str] = "sweep_ledger"

    ledger_table_name: str = field(metadata=variable("LEDGER_TABLE_NAME"))
    pending_index_name: str = field(metadata=variable("PENDING_INDEX_NAME"))
    maximum_message_lifetime_days: int = field(
        metadata=variable("MAXIMUM_MESSAGE_LIFETIME_DAYS", positive_integer)
    )


@dataclass(frozen=True, kw_only=True)
class QueueSellerChangesConfig(FunctionConfig):
    function: ClassVar[str] = "queue_seller_changes"

    subscription_queue_url: str = field(metadata=variable("SUBSCRIPTION_QUEUE_URL"))


Config = TypeVar("Config", bound=FunctionConfig)


def variables(cls: type[FunctionConfig]) -> frozenset[str]:
    """Return the names of the environment variables that `cls` demands."""
    return frozenset(item.metadata["variable"] for item in fields(cls))


def load(cls: type[Config], environment: Mapping[str, str]) -> Config:
    """Read `cls` from `environment`.

    Raises ConfigurationError naming every variable that is missing, empty or not usable.
    """
    values: dict[str, Any] = {}
    missing: list[str] = []
    unusable: list[str] = []
    for item in fields(cls):
        name = item.metadata["variable"]
        raw = environment.get(name, "").strip()
        if not raw:
            missing.append(name)
            continue
        try:
            values[item.name] = item.metadata["parse"](raw)
        except ValueError as error:
            unusable.append(f"{name}={raw!r} {error}")
    if missing or unusable:
        found = [f"missing: {', '.join(sorted(missing))}"] if missing else []
        found += unusable
        raise ConfigurationError(
            f"The environment of {cls.function or cls.__name__} is not complete: {'; '.join(found)}. "
            "It is written by the stack: deploy the stage again."
        )
    return cls(**values)
