"""Alarms on what the functions of feed tasks count: what needs a person."""

from collections.abc import Mapping
from types import MappingProxyType

from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.constructs.alarms import alarm
from stacks.constructs.metrics import metric

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

    def __init__(self, scope: Construct, construct_id: str, *, namespace: str, topic: sns.ITopic) -> None:
        super().__init__(scope, construct_id)
        for alarm_id, (name, function, description) in _WATCHED.items():
            alarm(
                self,
                alarm_id,
                metric=metric(namespace, name, service=function),
                threshold=0,
                description=description,
                topic=topic,
            )
