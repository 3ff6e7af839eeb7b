"""The environment of a function: all that is wrong is told at once."""

from __future__ import annotations

import pytest

from sellerbus.runtime import config
from sellerbus.runtime.config import (
    ConfigurationError,
    FunctionConfig,
    ManageDestinationConfig,
    ManageSubscriptionsConfig,
    ReconcileSubscriptionsConfig,
    load,
    variables,
)

COMPLETE = {
    "POWERTOOLS_SERVICE_NAME": "manage_subscriptions",
    "POWERTOOLS_METRICS_NAMESPACE": "Sellerbus",
    "LOG_LEVEL": "INFO",
    "STAGE": "dev",
    "SP_API_ENDPOINT": "https://sellingpartnerapi-na.amazon.com/",
    "LWA_ENDPOINT": "http://127.0.0.1:8123/auth/o2/token",
    "LWA_SECRET_ID": "arn:aws:secretsmanager:x",
    "KEY_ID": "arn:aws:kms:x",
    "SELLER_TABLE_NAME": "sellers",
    "QUOTA_TABLE_NAME": "quota",
    "EVENT_BUS_NAME": "bus",
    "SUBSCRIPTION_QUEUE_URL": "https://sqs/queue",
    "SUBSCRIPTION_STATE_TABLE_NAME": "states",
}


def classes(cls: type[FunctionConfig] = FunctionConfig) -> list[type[FunctionConfig]]:
    return [cls, *(found for child in cls.__subclasses__() for found in classes(child))]


def test_reads_all_and_trims() -> None:
    loaded = load(ManageSubscriptionsConfig, COMPLETE | {"STAGE": " dev "})
    assert loaded.stage == "dev"
    assert loaded.sp_api_endpoint == "https://sellingpartnerapi-na.amazon.com"
    assert loaded.subscription_queue_url == "https://sqs/queue"


def test_names_all_missing_and_unusable_variables_at_once() -> None:
    environment = {**COMPLETE, "STAGE": " ", "SP_API_ENDPOINT": "sellingpartnerapi-na.amazon.com"}
    del environment["KEY_ID"]
    with pytest.raises(
        ConfigurationError, match=r"manage_subscriptions.*missing: KEY_ID, STAGE; SP_API_ENDPOINT=.*https URL"
    ):
        load(ManageSubscriptionsConfig, environment)


@pytest.mark.parametrize(
    "url", ["http://api.amazon.com", "ftp://x", "https://", "http://localhost.evil.test"]
)
def test_tokens_travel_encrypted_or_on_this_machine(url: str) -> None:
    with pytest.raises(ConfigurationError, match="LWA_ENDPOINT"):
        load(ManageDestinationConfig, COMPLETE | {"LWA_ENDPOINT": url})


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "x", "\u0661"])
def test_positive_integers(value: str) -> None:
    with pytest.raises(ValueError, match="above 0"):
        config.positive_integer(value)


def test_variables_names_what_the_template_must_have() -> None:
    assert variables(ManageSubscriptionsConfig) == set(COMPLETE)
    assert variables(ReconcileSubscriptionsConfig) - set(COMPLETE) == {
        "SUBSCRIPTION_DEAD_LETTER_QUEUE_URL",
        "WANTED_PARAMETER_NAME",
    }
    assert "KEY_ID" not in variables(ManageDestinationConfig)


def test_every_function_has_its_own_class_without_defaults() -> None:
    functions = [cls.function for cls in classes() if cls.function]
    assert len(functions) == len(set(functions))
    for cls in classes():
        with pytest.raises(ConfigurationError) as caught:
            load(cls, {})
        for name in variables(cls):
            assert name in str(caught.value)
