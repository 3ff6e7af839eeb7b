"""What must be in place, and filled, before anything can be asked of Amazon."""

import aws_cdk as cdk
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.customer_managed_key import CustomerManagedKey, stack_prefix
from stacks.constructs.lwa_credentials import LwaCredentials
from stacks.constructs.seller_registry import SellerRegistry
from stacks.removal import data_removal_policy
from stacks.settings_model import Settings


class FoundationStack(cdk.Stack):
    """Key, credentials, sellers and the topic for alarms.

    A stack of its own, so that a first deployment can stop here: `sellerbus secrets set` fills the secret,
    then the other stacks find it.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: str, settings: Settings, env: cdk.Environment
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=f"{stack_prefix(stage)}-foundation",
            description=f"Sellerbus {stage}: key, credentials, sellers, alarm topic",
            env=env,
            tags=settings.tags,
        )
        removal_policy = data_removal_policy(settings)
        self.key = CustomerManagedKey(self, "Key", stage=stage, removal_policy=removal_policy)
        self.credentials = LwaCredentials(
            self, "LwaCredentials", stage=stage, key=self.key, removal_policy=removal_policy
        )
        self.registry = SellerRegistry(self, "SellerRegistry", key=self.key, removal_policy=removal_policy)
        self.alarm_topic = AlarmTopic(
            self, "AlarmTopic", stage=stage, key=self.key, email=settings.alarm_email
        )
        cdk.CfnOutput(self, "KeyArn", value=self.key.key_arn)
        cdk.CfnOutput(self, "LwaCredentialsSecretArn", value=self.credentials.secret_arn)
        cdk.CfnOutput(self, "SellerRegistryTableName", value=self.registry.table_name)
        cdk.CfnOutput(self, "AlarmTopicArn", value=self.alarm_topic.topic_arn)
