"""What sends a marked notification the whole way to the bus, and measures that it arrives."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from stacks.constructs.alarms import AlarmText, alarm
from stacks.constructs.event_bus import CANARY_SOURCE, NotificationBus
from stacks.constructs.metrics import metric
from stacks.constructs.notification_queue import NotificationQueue
from stacks.constructs.python_function import FunctionDefaults, PythonFunction
from stacks.constructs.schedule import Schedule

NAME = "run_canary"
_TIMEOUT = cdk.Duration.seconds(30)
# An older canary would say of now what was then.
_MAXIMUM_AGE = cdk.Duration.minutes(5)


class Canary(Construct):
    """One function for both ends: the schedule has it send, a rule on the bus has it measure.

    What it sends has a source of its own on the bus, which no rule on notifications takes.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        queue: NotificationQueue,
        bus: NotificationBus,
        defaults: FunctionDefaults,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = PythonFunction(
            self,
            "RunCanary",
            name=NAME,
            description="Sends a marked notification through queue, ledger and bus, and measures its way",
            defaults=defaults,
            timeout=_TIMEOUT,
            environment={"NOTIFICATION_QUEUE_URL": queue.queue.queue_url},
            # That no canary arrives is what pages.
            severity="warn",
        )
        queue.let_send(self.function.execution_role, sid="SendCanary")
        Schedule(
            self,
            "Schedule",
            every=cdk.Duration.minutes(defaults.settings.canary.minutes),
            function=self.function,
            topic=defaults.alarm_topic,
        )
        events.Rule(
            self,
            "Arrivals",
            event_bus=bus.bus,
            description="Canaries that have come through to the bus",
            event_pattern=events.EventPattern(source=[CANARY_SOURCE]),
            targets=[targets.LambdaFunction(self.function, max_event_age=_MAXIMUM_AGE)],
        )
        topic = defaults.alarm_topic
        limit = topic.limits.canary
        alarm(
            self,
            "LostAlarm",
            metric=metric(
                defaults,
                "CanaryRoundTrips",
                service=NAME,
                period=cdk.Duration.seconds(limit.period_seconds),
            ),
            threshold=limit.at_least,
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            text=AlarmText(
                symptom="The canary doesn't come through from the queue to the bus.",
                impact="No seller's notifications reach the bus now. Those that Amazon sends wait in the "
                "queue or its dead-letter queue.",
                command="bin/sellerbus doctor",
                anchor="canary-lost",
            ),
            topic=topic,
            severity="page",
            points=limit.window,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )
