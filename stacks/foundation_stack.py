"""What must be in place, and filled, before anything can be asked of Amazon."""

import aws_cdk as cdk
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.constructs.lwa_credentials import LwaCredentials
from stacks.constructs.quota_table import QuotaTable
from stacks.constructs.seller_registry import SellerRegistry
from stacks.removal import data_removal_policy
from stacks.settings_model import Settings
from stacks.settings_names import FOUNDATION, stack_name, stack_prefix


class FoundationStack(cdk.Stack):
    """Key, credentials, sellers, shared rate limits and the topic for alarms.

    A stack of its own, so that a first deployment can stop here: `sellerbus secrets set` fills the secret,
    then the other stacks find it.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: str, settings: Settings, env: cdk.Environment
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=stack_name(stage, settings.region, FOUNDATION),
            description=f"Sellerbus {stage} {settings.region}: key, credentials, sellers, alarm topic",
            env=env,
            tags=settings.tags,
        )
        removal_policy = data_removal_policy(settings)
        prefix = stack_prefix(stage, settings.region)
        self.key = CustomerManagedKey(
            self,
            "Key",
            prefix=prefix,
            removal_policy=removal_policy,
        )
        self.alarm_topic = AlarmTopic(
            self,
            "AlarmTopic",
            stage=stage,
            region=settings.region,
            key=self.key,
            limits=settings.alarms,
            email=settings.alarm_email,
        )
        self.credentials = LwaCredentials(
            self, "LwaCredentials", prefix=prefix, key=self.key, removal_policy=removal_policy
        )
        self.registry = SellerRegistry(
            self,
            "SellerRegistry",
            key=self.key,
            alarm_topic=self.alarm_topic,
            removal_policy=removal_policy,
        )
        self.quota = QuotaTable(self, "Quota", key=self.key, alarm_topic=self.alarm_topic)
        cdk.CfnOutput(self, "KeyArn", value=self.key.key_arn)
        cdk.CfnOutput(self, "LwaCredentialsSecretArn", value=self.credentials.secret_arn)
        cdk.CfnOutput(self, "SellerRegistryTableName", value=self.registry.table_name)
        cdk.CfnOutput(self, "QuotaTableName", value=self.quota.table_name)
        cdk.CfnOutput(self, "AlarmTopicArn", value=self.alarm_topic.topic_arn)
