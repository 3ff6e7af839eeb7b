"""Alarms on what the functions of feed tasks count: what needs a person."""

from collections.abc import Mapping
from types import MappingProxyType

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.alarms import AlarmText, alarm
from stacks.constructs.metrics import metric

_UNCERTAIN = AlarmText(
    symptom="Whether Amazon has a feed is not known.",
    impact="The feed is neither followed nor submitted again, and the seller's next feeds of its type wait, "
    "until a person decides.",
    command="bin/sellerbus feeds list --state UNCERTAIN",
    anchor="feed-uncertain",
)
# Metric and function, by the alarm's id: the same metric has another dimension in every function.
_WATCHED: Mapping[str, tuple[str, str, AlarmText]] = MappingProxyType(
    {
        "UncertainAlarm": ("FeedsUncertain", "submit_feed", _UNCERTAIN),
        "UncertainAfterFailureAlarm": ("FeedsUncertain", "end_feed_task", _UNCERTAIN),
        "StuckAlarm": (
            "FeedsStuck",
            "follow_feed",
            AlarmText(
                symptom="Amazon has not processed a feed for eight hours.",
                impact="The seller's changes are not in effect, and the next feeds of its type wait.",
                command="bin/sellerbus feeds list --state PROCESSING",
                anchor="feed-stuck",
            ),
        ),
    }
)


class FeedAlarms(Construct):
    """One alarm per metric and function that counts it."""

    def __init__(self, scope: Construct, construct_id: str, *, namespace: str, topic: AlarmTopic) -> None:
        super().__init__(scope, construct_id)
        for alarm_id, (name, function, text) in _WATCHED.items():
            alarm(
                self,
                alarm_id,
                metric=metric(namespace, name, service=function),
                threshold=0,
                text=text,
                topic=topic,
                severity="page",
                missing=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
