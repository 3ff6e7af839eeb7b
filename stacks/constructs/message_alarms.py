"""The alarm on what the functions of message tasks count: what needs a person."""

from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.constructs.alarms import alarm
from stacks.constructs.metrics import metric


class MessageAlarms(Construct):
    """Only the function that sends can find out that it doesn't know."""

    def __init__(self, scope: Construct, construct_id: str, *, namespace: str, topic: sns.ITopic) -> None:
        super().__init__(scope, construct_id)
        alarm(
            self,
            "UncertainAlarm",
            metric=metric(namespace, "MessagesUncertain", service="send_message"),
            threshold=0,
            description="Whether a buyer got a message is not known: a person decides, with "
            "`sellerbus messages settle`.",
            topic=topic,
        )
