"""The secret that holds the application's Login with Amazon credentials."""

import aws_cdk as cdk
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.nag import accept


class LwaCredentials(Construct):
    """Made empty: `sellerbus secrets set` writes {"clientId", "clientSecret"} into it after the first deploy.

    CDK's own Secret always generates a value; a value made up by CloudFormation would look like credentials
    and fail at Amazon instead of being reported as missing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        key: CustomerManagedKey,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        secret = secretsmanager.CfnSecret(
            self,
            "Resource",
            description=f"{prefix}: clientId and clientSecret of Login with Amazon",
            kms_key_id=key.key_arn,
        )
        secret.apply_removal_policy(removal_policy)
        accept(
            secret,
            "AwsSolutions-SMG4",
            "Amazon makes the client secret: only a call to Amazon can rotate it, not a schedule here",
        )
        # Its ARN, on AWS and on the emulator; Ref differs between them.
        self.secret_arn = secret.attr_id
