"""The alarm on what the functions of message tasks count: what needs a person."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.constructs.alarms import alarm
from stacks.constructs.python_function import METRICS_NAMESPACE


class MessageAlarms(Construct):
    """Only the function that sends can find out that it doesn't know."""

    def __init__(self, scope: Construct, construct_id: str, *, topic: sns.ITopic) -> None:
        super().__init__(scope, construct_id)
        alarm(
            self,
            "UncertainAlarm",
            metric=cloudwatch.Metric(
                namespace=METRICS_NAMESPACE,
                metric_name="MessagesUncertain",
                dimensions_map={"service": "send_message"},
                period=cdk.Duration.minutes(5),
                statistic="Sum",
            ),
            threshold=0,
            description="Whether a buyer got a message is not known: a person decides, with "
            "`sellerbus messages settle`.",
            topic=topic,
        )
