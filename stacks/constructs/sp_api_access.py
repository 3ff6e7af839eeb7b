"""What a function needs to call the Selling Partner API: endpoints, credentials, rights to read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_iam as iam

from stacks.constructs.customer_managed_key import READ_ACTIONS, TABLE_ACTIONS, CustomerManagedKey
from stacks.constructs.lwa_credentials import LwaCredentials
from stacks.constructs.quota_table import QuotaTable
from stacks.constructs.seller_registry import SellerRegistry
from stacks.marketplaces import LWA_TOKEN_ENDPOINT, sp_api_endpoint
from stacks.settings_model import Settings


@dataclass(frozen=True)
class SpApiAccess:
    """Environment and rights for calls for the application itself (grantless), and for calls for sellers.

    Whoever calls shares the rate limits, and so uses tables: the key's right to that is in both.
    """

    settings: Settings
    key: CustomerManagedKey
    credentials: LwaCredentials
    registry: SellerRegistry
    quota: QuotaTable

    @property
    def application_environment(self) -> Mapping[str, str]:
        sp_api = self.settings.sp_api
        return {
            "SP_API_ENDPOINT": sp_api.endpoint or sp_api_endpoint(sp_api.region, sandbox=sp_api.sandbox),
            "LWA_ENDPOINT": sp_api.lwa_endpoint or LWA_TOKEN_ENDPOINT,
            "LWA_SECRET_ID": self.credentials.secret_arn,
            "QUOTA_TABLE_NAME": self.quota.table_name,
        }

    @property
    def seller_environment(self) -> Mapping[str, str]:
        return {
            **self.application_environment,
            "KEY_ID": self.key.key_arn,
            "SELLER_TABLE_NAME": self.registry.table_name,
        }

    def let_call_for_application(self, grantee: iam.IRole) -> None:
        """Lets a role read the application's Login with Amazon credentials and spend the shared quota."""
        grantee.add_to_principal_policy(
            iam.PolicyStatement(
                sid="ReadLwaCredentials",
                actions=["secretsmanager:GetSecretValue"],
                resources=[self.credentials.secret_arn],
            )
        )
        self.key.let_use(
            grantee,
            sid="ReadLwaCredentialsKey",
            actions=READ_ACTIONS,
            through="secretsmanager",
            conditions={
                "StringEquals": {"kms:EncryptionContext:SecretARN": self.credentials.secret_arn},
            },
        )
        self.quota.let_spend(grantee)
        self.key.let_use(grantee, sid="UseTablesKey", actions=TABLE_ACTIONS, through="dynamodb")

    def let_call_for_sellers(self, grantee: iam.IRole, *, registry_actions: Sequence[str]) -> None:
        """Lets a role do that, use the registry as said, and decrypt refresh tokens."""
        self.let_call_for_application(grantee)
        grantee.add_to_principal_policy(
            iam.PolicyStatement(
                sid="UseSellerRegistry", actions=list(registry_actions), resources=[self.registry.table_arn]
            )
        )
        # Which seller a token belongs to is bound into it. The values are data: only the name is fixed here.
        self.key.let_use(
            grantee,
            sid="DecryptRefreshTokens",
            actions=READ_ACTIONS,
            # ForAllValues alone would also take a call without any context, so Null demands the name.
            conditions={
                "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["sellerId"]},
                "Null": {"kms:EncryptionContext:sellerId": "false"},
            },
        )
