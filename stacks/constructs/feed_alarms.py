"""Alarms on what the functions of feed tasks count: what needs a person."""

from collections.abc import Mapping
from types import MappingProxyType

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.constructs.alarms import alarm
from stacks.constructs.python_function import METRICS_NAMESPACE

# Metric and function, by the alarm's id: the same metric has another dimension in every function.
_WATCHED: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "UncertainAlarm": (
            "FeedsUncertain",
            "submit_feed",
            "Whether Amazon has a feed is not known: a person decides, with `sellerbus feeds settle`.",
        ),
        "UncertainAfterFailureAlarm": (
            "FeedsUncertain",
            "end_feed_task",
            "A step failed while a feed was being submitted, so whether Amazon has it is not known: a person "
            "decides, with `sellerbus feeds settle`.",
        ),
        "StuckAlarm": (
            "FeedsStuck",
            "follow_feed",
            "Amazon has not processed a feed for eight hours. It is still followed, for 90 days.",
        ),
    }
)


class FeedAlarms(Construct):
    """One alarm per metric and function that counts it."""

    def __init__(self, scope: Construct, construct_id: str, *, topic: sns.ITopic) -> None:
        super().__init__(scope, construct_id)
        for alarm_id, (metric, function, description) in _WATCHED.items():
            alarm(
                self,
                alarm_id,
                metric=cloudwatch.Metric(
                    namespace=METRICS_NAMESPACE,
                    metric_name=metric,
                    dimensions_map={"service": function},
                    period=cdk.Duration.minutes(5),
                    statistic="Sum",
                ),
                threshold=0,
                description=description,
                topic=topic,
            )
