"""Rotates the application's client secret: its queue, the function that keeps what comes, and its alarms."""

import json

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.application_queue import ApplicationQueue, application_queue_name
from stacks.constructs.customer_managed_key import WRITE_ACTIONS
from stacks.constructs.encrypted_table import EncryptedTable
from stacks.constructs.event_bus import NotificationBus
from stacks.constructs.python_function import FunctionDefaults, PythonFunction
from stacks.constructs.schedule import Schedule
from stacks.constructs.secret_alarms import SecretAlarms
from stacks.constructs.sp_api_access import SpApiAccess
from stacks.emulator import queue_actions
from stacks.marketplaces import SellingRegion
from stacks.nag import accept
from stacks.settings_model import OtherCell
from stacks.settings_names import stack_prefix

SECRETS_SOURCE = "sellerbus.secrets"
_TIMEOUT = cdk.Duration.minutes(2)
_LOOK = {"request": "look"}


class SecretRotation(Construct):
    """`queue` and `function`. Every cell has both; one of a stage is registered at Amazon and asks there."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bus: NotificationBus,
        access: SpApiAccess,
        defaults: FunctionDefaults,
    ) -> None:
        super().__init__(scope, construct_id)
        settings = defaults.settings
        self._defaults = defaults
        self._access = access
        self.queue = ApplicationQueue(
            self,
            "ApplicationQueue",
            defaults=defaults,
            visibility_timeout=cdk.Duration.seconds(6 * int(_TIMEOUT.to_seconds())),
        )
        # What it holds is of use while a rotation is under way only, and no secret is in it.
        table = EncryptedTable(
            self,
            "Rotations",
            partition_key="pk",
            sort_key="sk",
            key=defaults.key,
            alarm_topic=defaults.alarm_topic,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        secret = settings.client_secret
        # Amazon has no sandbox of the operation: sandbox credentials are of a production application.
        asks = settings.has_application_queue and secret.rotate and not settings.sp_api.sandbox
        self.function = PythonFunction(
            self,
            "RotateSecret",
            name="rotate_secret",
            description="Keeps each new client secret that Amazon sends, proves it and puts it to use",
            defaults=defaults,
            timeout=_TIMEOUT,
            environment={
                **access.seller_environment,
                "SELLING_REGION": settings.region,
                "EVENT_BUS_NAME": bus.bus.event_bus_name,
                "SECRET_ROTATION_TABLE_NAME": table.table_name,
                "APPLICATION_QUEUE_URL": self.queue.queue.queue_url,
                "OTHER_CELLS": json.dumps([self._found(cell) for cell in settings.other_cells]),
                "ASKS_FOR_NEW_SECRETS": "true" if asks else "false",
                "ROTATE_DAYS_BEFORE": str(secret.days_before),
                "ROTATION_ANSWER_MINUTES": str(secret.answer_minutes),
            },
        )
        role = self.function.execution_role
        # The first also lets it use tables' key and read the secret; Scan finds a seller to ask a token for.
        access.let_call_for_sellers(role, registry_actions=["dynamodb:Scan"])
        self._let_write_the_secret(role)
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid="RememberRotations",
                actions=["dynamodb:GetItem", "dynamodb:PutItem"],
                resources=[table.table_arn],
            )
        )
        bus.let_publish(role, sources=[SECRETS_SOURCE])
        self.queue.let_consume(role, sid="TakeApplicationMessages", also=["sqs:ChangeMessageVisibility"])
        self.queue.let_send_dead_letters(role, sid="SendDeadLetters", found_by_name=True)
        if settings.other_cells:
            self._be_found_by_other_cells()
            for cell in settings.other_cells:
                self._let_hand_on(role, cell)
        lambda_.EventSourceMapping(
            self.function,
            "ApplicationSource",
            target=self.function,
            event_source_arn=self.queue.queue.queue_arn,
            # One by one: a message goes when its secret is stored, and waits for no other.
            batch_size=1,
            max_concurrency=2,
            report_batch_item_failures=True,
        )
        Schedule(
            self,
            "Schedule",
            every=cdk.Duration.minutes(5),
            function=self.function,
            topic=defaults.alarm_topic,
            event=events.RuleTargetInput.from_object(_LOOK),
        )
        SecretAlarms(self, "Alarms", namespace=defaults.metrics_namespace, topic=defaults.alarm_topic)

    def _let_write_the_secret(self, role: iam.IRole) -> None:
        secret_arn = self._access.credentials.secret_arn
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid="RotateLwaCredentials",
                actions=[
                    "secretsmanager:ListSecretVersionIds",
                    "secretsmanager:PutSecretValue",
                    "secretsmanager:UpdateSecretVersionStage",
                ],
                resources=[secret_arn],
            )
        )
        self._defaults.key.let_use(
            role,
            sid="RotateLwaCredentialsKey",
            actions=WRITE_ACTIONS,
            through="secretsmanager",
            conditions={"StringEquals": {"kms:EncryptionContext:SecretARN": secret_arn}},
        )

    def _found(self, cell: OtherCell) -> dict[str, str]:
        return {
            "region": cell.region,
            "awsRegion": cell.aws_region,
            "queueName": application_queue_name(self._defaults.stage, cell.region),
        }

    def _be_found_by_other_cells(self) -> None:
        """The key's own id is known in its region only; by this name the other cells' rights can mean it."""
        kms.CfnAlias(
            self,
            "KeyAlias",
            alias_name=_alias(self._defaults.stage, self._defaults.settings.region),
            target_key_id=self._defaults.key.key_arn,
        )

    def _let_hand_on(self, role: iam.IRole, cell: OtherCell) -> None:
        """Lets the function send to the application queue of another cell, under that cell's key."""
        stack = cdk.Stack.of(self)
        name = cell.region.capitalize()
        queue_arn = stack.format_arn(
            service="sqs",
            region=cell.aws_region,
            resource=application_queue_name(self._defaults.stage, cell.region),
        )
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid=f"HandOnTo{name}",
                actions=queue_actions(self, "sqs:SendMessage", "sqs:GetQueueUrl"),
                resources=[queue_arn],
            )
        )
        keys = stack.format_arn(service="kms", region=cell.aws_region, resource="key", resource_name="*")
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid=f"HandOnTo{name}Key",
                actions=list(WRITE_ACTIONS),
                resources=[keys],
                conditions={
                    "StringEquals": {"kms:ViaService": f"sqs.{cell.aws_region}.amazonaws.com"},
                    "ForAnyValue:StringEquals": {
                        "kms:ResourceAliases": [_alias(self._defaults.stage, cell.region)]
                    },
                },
            )
        )
        # As cdk-nag writes what is not known before the deployment.
        account = "<AWS::AccountId>" if cdk.Token.is_unresolved(stack.account) else stack.account
        accept(
            role,
            f"AwsSolutions-IAM5[Resource::arn:aws:kms:{cell.aws_region}:{account}:key/*]",
            "The id of a key in another region is not known here: the condition on its alias names it",
        )


def _alias(stage: str, region: SellingRegion) -> str:
    return f"alias/{stack_prefix(stage, region)}-application"
