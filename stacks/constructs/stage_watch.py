"""What looks at the stage every five minutes, and the alarms on what only such a look can see."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic, Severity
from stacks.constructs.alarms import AlarmText, alarm
from stacks.constructs.arrivals_table import ArrivalsTable
from stacks.constructs.customer_managed_key import TABLE_ACTIONS
from stacks.constructs.event_bus import NotificationBus
from stacks.constructs.lwa_credentials import LwaCredentials
from stacks.constructs.message_table import MessageTable
from stacks.constructs.metrics import metric
from stacks.constructs.python_function import FunctionDefaults, PythonFunction
from stacks.constructs.schedule import Schedule
from stacks.constructs.seller_registry import SellerRegistry
from stacks.constructs.task_table import STATE_INDEX, TaskTable

NAME = "watch_stage"
SELLERS_SOURCE = "sellerbus.sellers"
_TIMEOUT = cdk.Duration.minutes(2)
_MINUTES = 5
_TOPICS = "ALARM_TOPIC_ARNS"


@dataclass(frozen=True)
class Watched:
    """What is looked at, and the bus on which a silence is told."""

    arrivals: ArrivalsTable
    registry: SellerRegistry
    tasks: TaskTable
    messages: MessageTable
    credentials: LwaCredentials
    bus: NotificationBus
    topic: sns.ITopic


class StageWatch(Construct):
    """It reads no token, no secret, no text and no buyer's data: keys, states and times."""

    def __init__(
        self, scope: Construct, construct_id: str, *, watched: Watched, defaults: FunctionDefaults
    ) -> None:
        super().__init__(scope, construct_id)
        self._watched = watched
        types = sorted({entry.type for entry in defaults.settings.notifications})
        self.function = PythonFunction(
            self,
            "WatchStage",
            name=NAME,
            description="Measures the stage, and tells which sellers' notifications have fallen silent",
            defaults=defaults,
            timeout=_TIMEOUT,
            environment={
                "ARRIVALS_TABLE_NAME": watched.arrivals.table_name,
                "SELLER_TABLE_NAME": watched.registry.table_name,
                "TASK_TABLE_NAME": watched.tasks.table_name,
                "MESSAGE_TABLE_NAME": watched.messages.table_name,
                "STATE_INDEX_NAME": STATE_INDEX,
                "NOTIFICATION_TYPES": ",".join(types),
                "LWA_SECRET_ID": watched.credentials.secret_arn,
                _TOPICS: watched.topic.topic_arn,
                "EVENT_BUS_NAME": watched.bus.bus.event_bus_name,
            },
        )
        self._let_look(defaults)
        Schedule(
            self,
            "Schedule",
            every=cdk.Duration.minutes(_MINUTES),
            function=self.function,
            topic=defaults.alarm_topic,
            # What else goes off then waits for a person, and may have gone off days before.
            severity="page",
        )
        alarms = _Alarms(self, defaults)
        alarms.add()
        limits = defaults.alarm_topic.limits
        if defaults.settings.alarm_email or limits.page_email or limits.page_url:
            alarms.add_unconfirmed()

    def watch_pages(self, topic: sns.ITopic) -> None:
        """Also looks whether anybody hears what pages."""
        self._let_see_subscribers(topic, sid="SeeSubscribersOfPages")
        self.function.add_environment(_TOPICS, f"{self._watched.topic.topic_arn},{topic.topic_arn}")

    def _let_look(self, defaults: FunctionDefaults) -> None:
        role, watched = self.function.execution_role, self._watched
        watched.arrivals.let_watch(role)
        watched.registry.let_overview(role)
        watched.tasks.let_count(role)
        watched.messages.let_count(role)
        defaults.key.let_use(role, sid="UseTablesKey", actions=TABLE_ACTIONS, through="dynamodb")
        watched.bus.let_publish(role, sources=[SELLERS_SOURCE])
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid="SeeAgeOfSecret",
                actions=["secretsmanager:ListSecretVersionIds"],
                resources=[watched.credentials.secret_arn],
            )
        )
        self._let_see_subscribers(watched.topic, sid="SeeSubscribersOfAlarms")

    def _let_see_subscribers(self, topic: sns.ITopic, *, sid: str) -> None:
        self.function.execution_role.add_to_principal_policy(
            iam.PolicyStatement(
                sid=sid, actions=["sns:ListSubscriptionsByTopic"], resources=[topic.topic_arn]
            )
        )


class _Alarms:
    """Each on a gauge, which stands as long as what it tells of does."""

    def __init__(self, scope: Construct, defaults: FunctionDefaults) -> None:
        self._scope = scope
        self._defaults = defaults
        self._topic: AlarmTopic = defaults.alarm_topic

    def add(self) -> None:
        limits = self._topic.limits
        silent = limits.sellers_silent
        alarm(
            self._scope,
            "SellersSilentAlarm",
            metric=self._gauge("SellersSilent", silent.period_seconds),
            threshold=silent.more_than,
            text=AlarmText(
                symptom="Sellers' notifications have not come for longer than is usual for them.",
                impact="What changes for these sellers is not seen: Amazon does not send it, or it does not "
                "arrive. The log of watch_stage and the events SellerSilent name them.",
                command="bin/sellerbus doctor",
                anchor="sellers-silent",
            ),
            topic=self._topic,
            severity="decide",
            points=silent.window,
            # The one of these that also tells that nobody looks any more.
            missing=cloudwatch.TreatMissingData.BREACHING,
        )
        oldest = limits.oldest_open_feed
        self._standing(
            "OldestOpenFeedAlarm",
            metric=self._gauge("OldestOpenFeed", oldest.period_seconds),
            threshold=oldest.hours * 3600,
            points=oldest.window,
            text=AlarmText(
                symptom=f"A feed has been under way for more than {oldest.hours} hours.",
                impact="The seller's changes are not in effect, and the next feeds of its type wait.",
                command="bin/sellerbus feeds list",
                anchor="feed-stuck",
            ),
        )
        uncertain = limits.uncertain_tasks
        for name, what, anchor in (
            ("UncertainFeeds", "Whether Amazon has a feed", "feed-uncertain"),
            ("UncertainMessages", "Whether a buyer got a message", "message-uncertain"),
        ):
            self._standing(
                f"{name}Alarm",
                metric=self._gauge(name, uncertain.period_seconds),
                threshold=uncertain.at_least - 1,
                points=uncertain.window,
                text=AlarmText(
                    symptom=f"{what} is not known, and waits for a person's decision.",
                    impact="It is not sent again, so that nothing happens twice, until somebody decides.",
                    command=f"bin/sellerbus {anchor.split('-')[0]}s list --state UNCERTAIN",
                    anchor=anchor,
                ),
            )

    def add_unconfirmed(self) -> None:
        unconfirmed = self._topic.limits.unconfirmed_addresses
        self._standing(
            "UnconfirmedAlarm",
            metric=self._gauge("AlarmTopicUnconfirmed", unconfirmed.period_seconds),
            threshold=unconfirmed.more_than,
            points=unconfirmed.window,
            text=AlarmText(
                symptom="An address that is to hear of alarms has not confirmed, or a topic has none.",
                impact="Whoever it belongs to is told of nothing that goes wrong.",
                command="bin/sellerbus doctor",
                anchor="alarms-unheard",
            ),
            severity="warn",
        )

    def _gauge(self, name: str, period_seconds: int) -> cloudwatch.Metric:
        return metric(
            self._defaults,
            name,
            service=NAME,
            statistic=cloudwatch.Stats.MAXIMUM,
            period=cdk.Duration.seconds(period_seconds),
        )

    def _standing(
        self,
        construct_id: str,
        *,
        metric: cloudwatch.Metric,
        threshold: float,
        points: tuple[int, int],
        text: AlarmText,
        severity: Severity = "decide",
    ) -> None:
        """An alarm that stays as it is while nobody looks: that is told by another one."""
        alarm(
            self._scope,
            construct_id,
            metric=metric,
            threshold=threshold,
            text=text,
            topic=self._topic,
            severity=severity,
            points=points,
            missing=cloudwatch.TreatMissingData.IGNORE,
        )
