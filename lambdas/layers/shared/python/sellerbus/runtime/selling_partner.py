"""Puts together what the functions that call Amazon need, from the clients of bootstrap.

A module of its own, so that the functions that never call Amazon don't load it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Final

from sellerbus.api.bounded_clock import BoundedClock
from sellerbus.api.client import MOST_WAIT_SECONDS, SellingPartnerClient
from sellerbus.api.credentials import SecretCredentials
from sellerbus.api.lwa import TokenCache
from sellerbus.api.notifications import NotificationsApi
from sellerbus.api.pacing import Pace
from sellerbus.api.shared_throttle import DynamoThrottle
from sellerbus.notifications.fleet import SellerFleet
from sellerbus.notifications.seller_reconciler import SellerReconciler
from sellerbus.notifications.subscription_state import SubscriptionStates
from sellerbus.notifications.wanted import Wanted, parse_wanted
from sellerbus.runtime import bootstrap
from sellerbus.runtime.config import (
    ApplicationConfig,
    ManageSubscriptionsConfig,
    ReconcileSubscriptionsConfig,
    SellerConfig,
)
from sellerbus.runtime.observability import warn
from sellerbus.sellers.registry import SellerRegistry

DEPLOYMENT_WAIT_SECONDS: Final = 30.0
"""CloudFormation waits anyway, and there is nothing to give a deployment's work back to."""

_PACE: Final = Pace()


def notifications_api(
    config: ApplicationConfig,
    remaining_seconds: Callable[[], float],
    *,
    secret_set_command: str = "",
    most_wait_seconds: float = MOST_WAIT_SECONDS,
) -> NotificationsApi:
    """Return the Notifications API for one invocation.

    secret_set_command: named in the error where the application's credentials are missing.
    """
    command = secret_set_command or _secret_set_command(config)
    client = SellingPartnerClient(
        endpoint=config.sp_api_endpoint,
        session=bootstrap.http(),
        tokens=_tokens(config.lwa_endpoint, config.lwa_secret_id, command),
        throttle=_throttle(config.quota_table_name, config.lwa_secret_id, command),
        pace=_PACE,
        remaining_seconds=remaining_seconds,
        most_wait_seconds=most_wait_seconds,
    )
    return NotificationsApi(client)


def seller_fleet(config: ManageSubscriptionsConfig, remaining_seconds: Callable[[], float]) -> SellerFleet:
    return SellerFleet(
        registry=seller_registry(config),
        states=subscription_states(config),
        reconciler=lambda seconds: seller_reconciler(
            config, seconds, most_wait_seconds=DEPLOYMENT_WAIT_SECONDS
        ),
        queue=bootstrap.subscription_queue(config.subscription_queue_url),
        remaining_seconds=remaining_seconds,
    )


def seller_reconciler(
    config: ManageSubscriptionsConfig | ReconcileSubscriptionsConfig,
    remaining_seconds: Callable[[], float],
    *,
    most_wait_seconds: float = MOST_WAIT_SECONDS,
) -> SellerReconciler:
    return SellerReconciler(
        registry=seller_registry(config),
        states=subscription_states(config),
        api=lambda seconds: notifications_api(config, seconds, most_wait_seconds=most_wait_seconds),
        application=lambda: client_id(config),
        remaining_seconds=remaining_seconds,
        clock=time.time,
    )


def client_id(config: ApplicationConfig) -> str:
    """The application that Amazon is called as. Raises CredentialsError."""
    return _credentials(config.lwa_secret_id, _secret_set_command(config)).current().client_id


def wanted_subscriptions(config: ReconcileSubscriptionsConfig) -> Wanted:
    """Read what is wanted now. Raises WantedError and what the client raises."""
    parameter = bootstrap.aws("ssm").get_parameter(Name=config.wanted_parameter_name)
    return parse_wanted(parameter["Parameter"]["Value"])


def subscription_states(
    config: ManageSubscriptionsConfig | ReconcileSubscriptionsConfig,
) -> SubscriptionStates:
    return SubscriptionStates(bootstrap.aws("dynamodb"), config.subscription_state_table_name, now=time.time)


def seller_registry(config: SellerConfig) -> SellerRegistry:
    return SellerRegistry(
        dynamodb=bootstrap.aws("dynamodb"),
        kms=bootstrap.aws("kms"),
        table_name=config.seller_table_name,
        key_id=config.key_id,
        clock=lambda: datetime.now(UTC),
    )


def _secret_set_command(config: ApplicationConfig) -> str:
    return f"sellerbus secrets set --stage {config.stage}"


@cache
def _credentials(secret_id: str, command: str) -> SecretCredentials:
    return SecretCredentials(
        secrets=bootstrap.aws("secretsmanager"),
        secret_id=secret_id,
        mend=command,
        clock=time.time,
        notice=lambda text: warn(text, metric="ClientSecretRefused"),
    )


@cache
def _tokens(endpoint: str, secret_id: str, command: str) -> TokenCache:
    credentials = _credentials(secret_id, command)
    return TokenCache(endpoint=endpoint, session=bootstrap.http(), credentials=credentials, pace=_PACE)


@cache
def _throttle(table_name: str, secret_id: str, command: str) -> DynamoThrottle:
    return DynamoThrottle(
        # A turn that is waited for longer than a few seconds is worth less than the work's going back.
        bootstrap.aws("dynamodb", bootstrap.BRISK),
        table_name,
        application=lambda: _credentials(secret_id, command).current().client_id,
        clock=BoundedClock(time.time),
    )
