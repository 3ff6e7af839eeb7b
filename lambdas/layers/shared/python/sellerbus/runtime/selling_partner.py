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
from sellerbus.aws.event_publisher import OperationalEvents
from sellerbus.notifications.authorisations import Authorisations
from sellerbus.notifications.fleet import SellerFleet
from sellerbus.notifications.inspection import Inspector
from sellerbus.notifications.job_runner import JobRunner
from sellerbus.notifications.seller_reconciler import SellerReconciler
from sellerbus.notifications.wanted import Wanted, parse_wanted
from sellerbus.runtime import bootstrap
from sellerbus.runtime.api_calls import ApiCalls
from sellerbus.runtime.config import (
    ApplicationConfig,
    InspectAmazonConfig,
    ManageSubscriptionsConfig,
    ReconcileSubscriptionsConfig,
    SellerConfig,
)
from sellerbus.runtime.observability import warn
from sellerbus.sellers.registry import SellerRegistry

_PACE: Final = Pace()
_OBSERVER: Final = ApiCalls()


def notifications_api(
    config: ApplicationConfig,
    remaining_seconds: Callable[[], float],
    *,
    secret_set_command: str = "",
) -> NotificationsApi:
    """Return the Notifications API for one invocation.

    secret_set_command: named in the error where the application's credentials are missing.
    """
    return NotificationsApi(amazon_client(config, remaining_seconds, secret_set_command=secret_set_command))


def amazon_client(
    config: ApplicationConfig,
    remaining_seconds: Callable[[], float],
    *,
    secret_set_command: str = "",
    most_wait_seconds: float = MOST_WAIT_SECONDS,
) -> SellingPartnerClient:
    """Return what calls Amazon for one invocation, for the application and for its sellers.

    most_wait_seconds: the longest wait for quota that is slept through.
    """
    command = secret_set_command or _secret_set_command(config)
    return SellingPartnerClient(
        endpoint=config.sp_api_endpoint,
        session=bootstrap.http(),
        tokens=_tokens(config.lwa_endpoint, config.lwa_secret_id, command),
        throttle=_throttle(config.quota_table_name, config.lwa_secret_id, command),
        pace=_PACE,
        remaining_seconds=remaining_seconds,
        most_wait_seconds=most_wait_seconds,
        observer=_OBSERVER,
    )


def seller_fleet(config: ManageSubscriptionsConfig, remaining_seconds: Callable[[], float]) -> SellerFleet:
    """Return what does all sellers at once, in threads: all clients are made here, before these begin."""
    notifications_api(config, remaining_seconds)
    bootstrap.aws("events")
    return SellerFleet(
        registry=seller_registry(config),
        states=bootstrap.subscription_states(config.subscription_state_table_name),
        reconciler=lambda seconds, patient: seller_reconciler(config, seconds, patient=patient),
        queue=bootstrap.subscription_queue(config.subscription_queue_url),
        remaining_seconds=remaining_seconds,
    )


def job_runner(config: ReconcileSubscriptionsConfig, remaining_seconds: Callable[[], float]) -> JobRunner:
    """Return what does the jobs of one batch, in threads: all clients are made here, before these begin."""
    bootstrap.aws("ssm")
    notifications_api(config, remaining_seconds)
    return JobRunner(
        reconciler=seller_reconciler(config, remaining_seconds),
        wanted=lambda: wanted_subscriptions(config),
        queue=bootstrap.subscription_queue(config.subscription_queue_url),
        dead=bootstrap.dead_jobs(config.subscription_dead_letter_queue_url),
    )


def seller_reconciler(
    config: ManageSubscriptionsConfig | ReconcileSubscriptionsConfig,
    remaining_seconds: Callable[[], float],
    *,
    patient: bool = False,
) -> SellerReconciler:
    return SellerReconciler(
        registry=seller_registry(config),
        states=bootstrap.subscription_states(config.subscription_state_table_name),
        events=OperationalEvents(bootstrap.aws("events"), config.event_bus_name, now=time.time),
        api=lambda seconds: notifications_api(config, seconds),
        application=lambda: client_id(config),
        remaining_seconds=remaining_seconds,
        patient=patient,
    )


def inspector(config: InspectAmazonConfig, remaining_seconds: Callable[[], float]) -> Inspector:
    """Return what answers an operator; its clients are made here, before it begins threads."""
    for service in ("secretsmanager", "dynamodb", "kms"):
        bootstrap.aws(service)
    return Inspector(
        registry=seller_registry(config),
        states=bootstrap.subscription_states(config.subscription_state_table_name),
        api=notifications_api(config, remaining_seconds),
        application=lambda: client_id(config),
        wanted=lambda: wanted_subscriptions(config),
        authorisations=lambda: authorisations(config, remaining_seconds),
        sandbox=config.sandbox,
    )


def authorisations(config: InspectAmazonConfig, remaining_seconds: Callable[[], float]) -> Authorisations:
    """Return a look at Login with Amazon that knows no token and no credentials from before."""
    notices: list[str] = []
    credentials = SecretCredentials(
        secrets=bootstrap.aws("secretsmanager"),
        secret_id=config.lwa_secret_id,
        mend=_secret_set_command(config),
        clock=time.time,
        notice=notices.append,
    )
    return Authorisations(
        tokens=TokenCache(
            endpoint=config.lwa_endpoint, session=bootstrap.http(), credentials=credentials, pace=_PACE
        ),
        registry=seller_registry(config),
        remaining_seconds=remaining_seconds,
        notices=lambda: notices,
    )


def spare_quota(config: ApplicationConfig) -> DynamoThrottle:
    """Return the throttle that all functions share, for what spends only what is left over."""
    return _throttle(config.quota_table_name, config.lwa_secret_id, _secret_set_command(config))


def client_id(config: ApplicationConfig) -> str:
    """The application that Amazon is called as. Raises CredentialsError."""
    return _credentials(config.lwa_secret_id, _secret_set_command(config)).current().client_id


def wanted_subscriptions(config: ReconcileSubscriptionsConfig | InspectAmazonConfig) -> Wanted:
    """Read what is wanted now. Raises WantedError and what the client raises."""
    parameter = bootstrap.aws("ssm").get_parameter(Name=config.wanted_parameter_name)
    return parse_wanted(parameter["Parameter"]["Value"])


def seller_registry(config: SellerConfig) -> SellerRegistry:
    return SellerRegistry(
        dynamodb=bootstrap.aws("dynamodb"),
        kms=bootstrap.aws("kms"),
        table_name=config.seller_table_name,
        key_id=config.key_id,
        stage=config.stage,
        clock=lambda: datetime.now(UTC),
    )


def _secret_set_command(config: ApplicationConfig) -> str:
    return f"bin/sellerbus secrets set --stage {config.stage}"


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
    return TokenCache(
        endpoint=endpoint,
        session=bootstrap.http(),
        credentials=credentials,
        pace=_PACE,
        observer=_OBSERVER,
    )


@cache
def _throttle(table_name: str, secret_id: str, command: str) -> DynamoThrottle:
    return DynamoThrottle(
        # A turn that is waited for longer than a few seconds is worth less than the work's going back.
        bootstrap.aws("dynamodb", bootstrap.BRISK),
        table_name,
        application=lambda: _credentials(secret_id, command).current().client_id,
        clock=BoundedClock(time.time),
    )
