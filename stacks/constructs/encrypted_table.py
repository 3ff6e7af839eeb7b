"""A DynamoDB table with the defaults of the house."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.alarms import AlarmText, alarm
from stacks.constructs.customer_managed_key import CustomerManagedKey


class EncryptedTable(dynamodb.Table):
    """Paid per request, under the cell's key, recoverable to any second of the last `recovery_days`.

    None of them: 35, the most that DynamoDB offers. Fewer, where what is erased must be gone sooner.

    No deletion protection: it would keep a failed first deploy from cleaning up after itself.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        partition_key: str,
        key: CustomerManagedKey,
        alarm_topic: AlarmTopic,
        removal_policy: cdk.RemovalPolicy,
        sort_key: str | None = None,
        stream: dynamodb.StreamViewType | None = None,
        time_to_live_attribute: str | None = None,
        recovery_days: int | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            partition_key=dynamodb.Attribute(name=partition_key, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=sort_key, type=dynamodb.AttributeType.STRING)
            if sort_key
            else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True, recovery_period_in_days=recovery_days
            ),
            stream=stream,
            time_to_live_attribute=time_to_live_attribute,
            removal_policy=removal_policy,
        )
        self._alarm_topic = alarm_topic
        self._watch("Table", {"TableName": self.table_name}, self.node.id)

    def watch_index(self, name: str) -> None:
        """Adds the alarms of an index: what it throttles is not counted as the table's."""
        beginning = f"{name[0].upper()}{name[1:]}Index"
        dimensions = {"TableName": self.table_name, "GlobalSecondaryIndexName": name}
        self._watch(beginning, dimensions, f"the index {name} of {self.node.id}")

    def _watch(self, beginning: str, dimensions: Mapping[str, str], what: str) -> None:
        limit = self._alarm_topic.limits.table_throttles
        for kind in ("Read", "Write"):
            alarm(
                self,
                f"{beginning}{kind}ThrottlesAlarm",
                metric=cloudwatch.Metric(
                    namespace="AWS/DynamoDB",
                    metric_name=f"{kind}ThrottleEvents",
                    dimensions_map=dict(dimensions),
                    period=cdk.Duration.seconds(limit.period_seconds),
                    statistic=cloudwatch.Stats.SUM,
                ),
                threshold=limit.more_than,
                text=AlarmText(
                    symptom=f"DynamoDB throttles {kind.lower()}s of {what}.",
                    impact="What needs the table is tried again and late; if it lasts, functions fail.",
                    command="bin/sellerbus status",
                    anchor="table-throttled",
                ),
                topic=self._alarm_topic,
                severity="warn",
                points=limit.window,
                missing=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
