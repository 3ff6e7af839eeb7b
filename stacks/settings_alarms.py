"""The part of config/<stage>.yaml about alarms: their limits, and whom those that page tell.

Each field's description says what is allowed: errors quote it.
"""

from collections.abc import Iterator

from pydantic import Field

from stacks.finding import Finding
from stacks.settings_alarm_limits import (
    MOST_SECONDS,
    AuthorizationsRevoked,
    BusFailures,
    Canary,
    ClientSecretDays,
    DeadLetters,
    FunctionDuration,
    FunctionErrors,
    FunctionThrottles,
    Limit,
    MissedEvents,
    NotificationFailures,
    NotificationsAbandoned,
    OldestMessage,
    OldestOpenFeed,
    SellerChangesLate,
    SellersSilent,
    Standstill,
    StateMachineFailures,
    SubscriptionsDrifted,
    TableThrottles,
    ThrottledCalls,
    TokenFailures,
    UncertainTasks,
    UnconfirmedAddresses,
)
from stacks.settings_sections import Section


class Alarms(Section):
    """Limits by the kind of alarm, and whom those that page tell."""

    page_email: str | None = Field(
        default=None, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", description="an e-mail address"
    )
    page_url: str | None = Field(
        default=None, pattern=r"^https://[^\s/]+\S*$", description="an https URL that takes SNS messages"
    )
    runbook_url: str | None = Field(
        default=None,
        pattern=r"^https://[^\s/]+\S*$",
        description="the https URL at which docs/runbook.md is read, for the dashboard's link",
    )
    dead_letters: DeadLetters = Field(default=DeadLetters(), description="a mapping")
    oldest_message: OldestMessage = Field(default=OldestMessage(), description="a mapping")
    standstill: Standstill = Field(default=Standstill(), description="a mapping")
    function_errors: FunctionErrors = Field(default=FunctionErrors(), description="a mapping")
    function_duration: FunctionDuration = Field(default=FunctionDuration(), description="a mapping")
    function_throttles: FunctionThrottles = Field(default=FunctionThrottles(), description="a mapping")
    state_machine_failures: StateMachineFailures = Field(
        default=StateMachineFailures(), description="a mapping"
    )
    table_throttles: TableThrottles = Field(default=TableThrottles(), description="a mapping")
    bus_failures: BusFailures = Field(default=BusFailures(), description="a mapping")
    oldest_open_feed: OldestOpenFeed = Field(default=OldestOpenFeed(), description="a mapping")
    uncertain_tasks: UncertainTasks = Field(default=UncertainTasks(), description="a mapping")
    throttled_calls: ThrottledCalls = Field(default=ThrottledCalls(), description="a mapping")
    token_failures: TokenFailures = Field(default=TokenFailures(), description="a mapping")
    client_secret_days: ClientSecretDays = Field(default=ClientSecretDays(), description="a mapping")
    canary: Canary = Field(default=Canary(), description="a mapping")
    sellers_silent: SellersSilent = Field(default=SellersSilent(), description="a mapping")
    subscriptions_drifted: SubscriptionsDrifted = Field(
        default=SubscriptionsDrifted(), description="a mapping"
    )
    authorizations_revoked: AuthorizationsRevoked = Field(
        default=AuthorizationsRevoked(), description="a mapping"
    )
    notification_failures: NotificationFailures = Field(
        default=NotificationFailures(), description="a mapping"
    )
    unconfirmed_addresses: UnconfirmedAddresses = Field(
        default=UnconfirmedAddresses(), description="a mapping"
    )
    notifications_abandoned: NotificationsAbandoned = Field(
        default=NotificationsAbandoned(), description="a mapping"
    )
    missed_events: MissedEvents = Field(default=MissedEvents(), description="a mapping")
    seller_changes_late: SellerChangesLate = Field(default=SellerChangesLate(), description="a mapping")


def alarm_findings(alarms: Alarms) -> Iterator[Finding]:
    """What the keys of the section demand of each other."""
    for name in Alarms.model_fields:
        limit = getattr(alarms, name)
        if isinstance(limit, Limit):
            yield from _window(name, limit)
    if alarms.oldest_message.page_seconds <= alarms.oldest_message.warn_seconds:
        fault = "pages no later than the warning comes"
        allowed = f"more than warn_seconds ({alarms.oldest_message.warn_seconds})"
        place = ("alarms", "oldest_message", "page_seconds")
        yield Finding(place, alarms.oldest_message.page_seconds, fault, allowed)
    if alarms.client_secret_days.page_below >= alarms.client_secret_days.warn_below:
        fault = "pages no later than the warning comes"
        allowed = f"less than warn_below ({alarms.client_secret_days.warn_below})"
        place = ("alarms", "client_secret_days", "page_below")
        yield Finding(place, alarms.client_secret_days.page_below, fault, allowed)


def _window(name: str, limit: Limit) -> Iterator[Finding]:
    m, n = limit.window
    if m > n:
        yield Finding(
            ("alarms", name, "points"), limit.points, "asks for more periods than it looks at", "m/n"
        )
    if n * limit.period_seconds > MOST_SECONDS:
        allowed = f"at most {MOST_SECONDS // limit.period_seconds} periods of {limit.period_seconds} seconds"
        yield Finding(("alarms", name, "points"), limit.points, "looks back for more than a day", allowed)
