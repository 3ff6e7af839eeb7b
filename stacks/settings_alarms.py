"""The part of config/<stage>.yaml about alarms: their limits, and whom the alarm that pages tells.

Each field's description says what is allowed: errors quote it.
"""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, StrictInt

from stacks.finding import Finding
from stacks.settings_sections import Section

_MOST_SECONDS = 86_400
"""How far CloudWatch looks back for an alarm. Source: PutMetricAlarm, EvaluationPeriods."""

Points = Annotated[
    str,
    Field(
        pattern=r"^[1-9][0-9]?/[1-9][0-9]?$",
        description="m/n, such as 2/3: how many of the last n periods are over the limit",
    ),
]
Period = Annotated[
    StrictInt,
    Field(ge=60, le=_MOST_SECONDS, multiple_of=60, description="whole minutes in seconds, 60 to 86400"),
]
Count = Annotated[StrictInt, Field(ge=0, description="a whole number from 0")]
AtLeast = Annotated[StrictInt, Field(ge=1, description="a whole number from 1")]
Percent = Annotated[StrictInt, Field(ge=0, le=99, description="a whole number from 0 to 99")]
Days = Annotated[StrictInt, Field(ge=1, le=180, description="a whole number of days from 1 to 180")]
Seconds = Annotated[StrictInt, Field(ge=60, description="a whole number of seconds from 60")]


class Limit(Section):
    """When something that was measured becomes an alarm: in m of the last n periods."""

    points: Points = "1/1"
    period_seconds: Period = 300

    @property
    def window(self) -> tuple[int, int]:
        """(m, n)."""
        m, n = self.points.split("/")
        return int(m), int(n)


class DeadLetters(Limit):
    more_than: Count = 0
    points: Points = "2/2"
    period_seconds: Period = 60


class OldestMessage(Limit):
    """A queue whose messages wait for a reason of their own warns later, and pages as much later again."""

    warn_seconds: Seconds = 300
    page_seconds: Seconds = 900
    points: Points = "3/3"
    period_seconds: Period = 60


class Standstill(Limit):
    """A queue from which messages are taken, and none is done. Retries come every quarter of an hour at the
    latest, so a period has to be longer than that.
    """

    points: Points = "2/2"
    period_seconds: Annotated[
        StrictInt,
        Field(ge=960, le=_MOST_SECONDS, multiple_of=60, description="whole minutes in seconds, 960 to 86400"),
    ] = 1200


class FunctionErrors(Limit):
    percent: Percent = 5
    points: Points = "2/3"
    period_seconds: Period = 60


class FunctionDuration(Limit):
    percent_of_timeout: Percent = 80
    points: Points = "5/5"
    period_seconds: Period = 60


class FunctionThrottles(Limit):
    more_than: Count = 0
    points: Points = "5/5"
    period_seconds: Period = 60


class StateMachineFailures(Limit):
    more_than: Count = 0
    points: Points = "1/2"


class TableThrottles(Limit):
    more_than: Count = 0
    points: Points = "3/5"
    period_seconds: Period = 60


class BusFailures(Limit):
    more_than: Count = 0
    points: Points = "1/3"
    period_seconds: Period = 60


class OldestOpenFeed(Limit):
    hours: AtLeast = 8


class UncertainTasks(Limit):
    at_least: AtLeast = 1


class ThrottledCalls(Limit):
    percent: Percent = 10
    points: Points = "3/5"


class TokenFailures(Limit):
    at_least: AtLeast = 1
    points: Points = "2/3"


class ClientSecretDays(Limit):
    """Measured every five minutes; nothing that is measured is an alarm too."""

    warn_below: Days = 30
    page_below: Days = 7
    points: Points = "2/2"
    period_seconds: Period = 900


class Canary(Limit):
    at_least: AtLeast = 1
    points: Points = "2/2"


class SellersSilent(Limit):
    more_than: Count = 0
    points: Points = "2/2"
    period_seconds: Period = 900


class SubscriptionsDrifted(Limit):
    more_than: Count = 0
    period_seconds: Period = 900


class AuthorizationsRevoked(Limit):
    more_than: Count = 0
    period_seconds: Period = 900


class NotificationsAbandoned(Limit):
    more_than: Count = 0
    period_seconds: Period = 900


class MissedEvents(Limit):
    """Found by asking Amazon, every `missed_events.minutes`."""

    more_than: Count = 0
    period_seconds: Period = 1800


class SellerChangesLate(Limit):
    minutes: AtLeast = 15
    # At the first deploy the sellers that were added before it are old, once.
    points: Points = "2/2"


class Alarms(Section):
    """Limits by the kind of alarm, and whom the one alarm tells that pages."""

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
    if n * limit.period_seconds > _MOST_SECONDS:
        allowed = f"at most {_MOST_SECONDS // limit.period_seconds} periods of {limit.period_seconds} seconds"
        yield Finding(("alarms", name, "points"), limit.points, "looks back for more than a day", allowed)
