"""The alarms of an event bus: events that a rule's target did not get."""

from collections.abc import Mapping
from types import MappingProxyType

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.alarms import AlarmText, alarm

_METRICS: Mapping[str, str] = MappingProxyType(
    {
        "FailedInvocations": "Targets of rules on the bus {role} refused events for good.",
        "InvocationsFailedToBeSentToDlq": "Events on the bus {role} reached neither target nor dead letters.",
    }
)


def watch_bus(scope: Construct, *, bus_name: str, role: str, topic: AlarmTopic) -> None:
    """Adds the alarms of a bus. They see the rules of consumers too: by a query over all rules of the bus.

    EventBridge counts by bus and rule together only, and who adds which rules is not known here.
    Source: EventBridge user guide, "Monitoring Amazon EventBridge".
    """
    limit = topic.limits.bus_failures
    for metric_name, symptom in _METRICS.items():
        alarm(
            scope,
            f"{metric_name}Alarm",
            metric=cloudwatch.MathExpression(
                expression=" ".join(
                    [
                        f"SELECT SUM({metric_name})",
                        'FROM SCHEMA("AWS/Events", EventBusName, RuleName)',
                        f"WHERE EventBusName = '{bus_name}'",
                    ]
                ),
                using_metrics={},
                period=cdk.Duration.seconds(limit.period_seconds),
                label=f"{role}: {metric_name}",
            ),
            threshold=limit.more_than,
            text=AlarmText(
                symptom=symptom.format(role=role),
                impact="The consumers of those rules miss these events, until they are replayed.",
                command="bin/sellerbus doctor",
                anchor="bus-failed",
            ),
            topic=topic,
            severity="page",
            points=limit.window,
            missing=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
