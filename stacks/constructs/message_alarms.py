"""The alarm on what the functions of message tasks count: what needs a person."""

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.alarms import AlarmText, alarm
from stacks.constructs.metrics import metric


class MessageAlarms(Construct):
    """Only the function that sends can find out that it doesn't know."""

    def __init__(self, scope: Construct, construct_id: str, *, namespace: str, topic: AlarmTopic) -> None:
        super().__init__(scope, construct_id)
        alarm(
            self,
            "UncertainAlarm",
            metric=metric(namespace, "MessagesUncertain", service="send_message"),
            threshold=0,
            text=AlarmText(
                symptom="Whether a buyer got a message is not known.",
                impact="It is not sent again, so that no buyer gets it twice, until a person decides.",
                command="bin/sellerbus messages list --state UNCERTAIN",
                anchor="message-uncertain",
            ),
            topic=topic,
            severity="page",
            missing=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
