"""The function by which an operator looks at what stands at Amazon."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.constructs.python_function import FunctionDefaults, PythonFunction
from stacks.constructs.sp_api_access import SpApiAccess
from stacks.constructs.subscription_state_table import SubscriptionStateTable


class AmazonInspector(Construct):
    """Invoked by `sellerbus` only. It may read the tables and call Amazon, and change nothing here."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        state: SubscriptionStateTable,
        wanted: ssm.IStringParameter,
        access: SpApiAccess,
        defaults: FunctionDefaults,
    ) -> None:
        super().__init__(scope, construct_id)
        sandbox = defaults.settings.sp_api.sandbox
        self.function = PythonFunction(
            self,
            "InspectAmazon",
            name="inspect_amazon",
            severity="warn",
            description="Answers an operator what stands at Amazon and what a run would do",
            defaults=defaults,
            # All types of a seller, one call a second each where the burst is spent.
            timeout=cdk.Duration.minutes(1),
            environment={
                **access.seller_environment,
                "SUBSCRIPTION_STATE_TABLE_NAME": state.table_name,
                "WANTED_PARAMETER_NAME": wanted.parameter_name,
                "SP_API_SANDBOX": "true" if sandbox else "false",
            },
        )
        role = self.function.execution_role
        access.let_call_for_sellers(role, registry_actions=["dynamodb:GetItem"])
        state.let_read(role)
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid="ReadWanted", actions=["ssm:GetParameter"], resources=[wanted.parameter_arn]
            )
        )
