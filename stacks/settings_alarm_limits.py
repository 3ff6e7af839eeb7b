"""When what is measured becomes an alarm: the limits of each kind, as the section `alarms` has them.

Each field's description says what is allowed: errors quote it.
"""

from typing import Annotated

from pydantic import Field, StrictInt

from stacks.settings_sections import Section

MOST_SECONDS = 86_400
"""How far CloudWatch looks back at periods under an hour; at longer ones it would for seven days.

Source: PutMetricAlarm, Period.
"""

Points = Annotated[
    str,
    Field(
        pattern=r"^[1-9][0-9]?/[1-9][0-9]?$",
        description="m/n, such as 2/3: how many of the last n periods are over the limit",
    ),
]
Period = Annotated[
    StrictInt,
    Field(ge=60, le=MOST_SECONDS, multiple_of=60, description="whole minutes in seconds, 60 to 86400"),
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
        Field(ge=960, le=MOST_SECONDS, multiple_of=60, description="whole minutes in seconds, 960 to 86400"),
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


class NotificationFailures(Limit):
    """Of those that come again and again. They do at least every quarter of an hour."""

    more_than: Count = 0
    points: Points = "3/4"
    period_seconds: Period = 900


class UnconfirmedAddresses(Limit):
    """Long: a person has to find the mail."""

    more_than: Count = 0
    points: Points = "2/2"
    period_seconds: Period = 3600


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
