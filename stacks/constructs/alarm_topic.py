"""The topic that tells people about alarms."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.constructs.customer_managed_key import CustomerManagedKey


class AlarmTopic(sns.Topic):
    """Encrypted, TLS only; sends e-mail where an address is configured (its owner confirms it once).

    prefix: what the names of the cell's alarms begin with.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, prefix: str, key: CustomerManagedKey, email: str | None
    ) -> None:
        super().__init__(scope, construct_id, master_key=key, enforce_ssl=True)
        stack = cdk.Stack.of(self)
        alarms = stack.format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name=f"{prefix}-*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        # A topic policy replaces the default one, which would have let alarms of the account publish.
        self.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisCellPublish",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": alarms},
                },
            )
        )
        if email:
            self.add_subscription(subscriptions.EmailSubscription(email))
