"""The one customer managed key of a cell, and who may use it for what."""

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

AMAZON_NOTIFICATIONS_PRINCIPAL = "arn:aws:iam::437568002678:root"
"""The account from which Amazon sends SP-API notifications, in every region.

Source: developer-docs, "Set up notifications using the Amazon SQS workflow", step 1.
"""
PARTNER_EVENT_SOURCES = "aws.partner/sellingpartnerapi.amazon.com"
"""What the names of Amazon's partner event sources begin with, and so those of their event buses.

Source: developer-docs, "Set up notifications using the Amazon EventBridge workflow".
"""
VENDED_LOGS = "/aws/vendedlogs/states/"
"""What the names of log groups begin with to which state machines deliver."""

READ_ACTIONS = ("kms:Decrypt",)
WRITE_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
# What DynamoDB asks of a caller of a table under a customer managed key (Amazon DynamoDB Developer Guide,
# "Authorizing use of your customer managed key"), without kms:CreateGrant, which only creating a table needs.
TABLE_ACTIONS = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


class CustomerManagedKey(kms.Key):
    """Encrypts queues, tables, secret, topic, bus, buckets, state machine, logs and refresh tokens.

    The policy names buses and log groups by pattern, never by reference: the resources live in later stacks,
    and a reference would make the stacks depend on each other in a circle. `prefix`: the bus's name, and what
    the names of the log groups begin with.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description=f"{prefix}: everything at rest, and the refresh tokens of the sellers",
            enable_key_rotation=True,
            removal_policy=removal_policy,
        )
        stack = cdk.Stack.of(self)
        self._region = stack.region
        account = {"aws:SourceAccount": stack.account}
        bus_arn = stack.format_arn(service="events", resource="event-bus", resource_name=prefix)
        # No kms:ViaService here, though SQS is the only way in that is meant: a cross-account send that the
        # key refuses fails without an error to anybody, and Amazon documents no conditions for the statement.
        # What it opens is small: this principal can use the key, but has no ciphertext of ours to decrypt.
        self._allow(
            "AmazonEncryptsNotifications", iam.ArnPrincipal(AMAZON_NOTIFICATIONS_PRINCIPAL), WRITE_ACTIONS
        )
        self._allow(
            "AlarmsPublishToTheAlarmTopic",
            iam.ServicePrincipal("cloudwatch.amazonaws.com"),
            WRITE_ACTIONS,
            {"StringEquals": account},
        )
        events = iam.ServicePrincipal("events.amazonaws.com")
        self._allow("RulesSendToQueues", events, WRITE_ACTIONS, {"StringEquals": account})
        self._allow(
            "TheBusStoresEvents",
            events,
            WRITE_ACTIONS,
            {"StringEquals": {"kms:EncryptionContext:aws:events:event-bus:arn": bus_arn}},
        )
        # Also where there is no partner event bus: this stack is updated before the bus is deleted with the
        # last type that came by it, and until then the bus has rules and events to read.
        partner_buses = stack.format_arn(
            service="events",
            resource="event-bus",
            # The last part is the application's id, which only Amazon's answer tells.
            resource_name=f"{PARTNER_EVENT_SOURCES}/{stack.account}/*",
        )
        self._allow(
            "ThePartnerBusStoresEvents",
            events,
            WRITE_ACTIONS,
            {"ArnLike": {"kms:EncryptionContext:aws:events:event-bus:arn": partner_buses}},
        )
        # DescribeKey carries no encryption context, so it can't share the statement above.
        self._allow("TheBusReadsWhatKeyItHas", events, ("kms:DescribeKey",))
        log_groups = [
            stack.format_arn(
                service="logs",
                resource="log-group",
                resource_name=f"{beginning}{prefix}-*",
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
            for beginning in ("", VENDED_LOGS)
        ]
        self._allow(
            "LogGroupsOfThisCell",
            iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com"),
            (*WRITE_ACTIONS, "kms:DescribeKey", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"),
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
        )
        # What the state machine's role has encrypted for the delivery, with the same context.
        # Source: Step Functions developer guide, "Data at rest encryption in Step Functions", step 3.
        deliveries = stack.format_arn(service="logs", resource="*", arn_format=cdk.ArnFormat.NO_RESOURCE_NAME)
        self._allow(
            "StateMachinesDeliverLogs",
            iam.ServicePrincipal("delivery.logs.amazonaws.com"),
            READ_ACTIONS,
            {"StringEquals": {"kms:EncryptionContext:SourceArn": deliveries}},
        )

    def let_use(
        self,
        grantee: iam.IRole,
        *,
        sid: str,
        actions: Sequence[str],
        through: str | None = None,
        conditions: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Lets a role use the key, only as far as `through` (a service such as "sqs") and `conditions` reach.

        The grant methods of CDK's own queues, tables and buckets give the key without conditions: then
        whoever may read a queue may also decrypt every seller's refresh token.
        """
        limits: dict[str, Any] = {operator: dict(values) for operator, values in (conditions or {}).items()}
        if through:
            host = f"{through}.{self._region}.amazonaws.com"
            limits["StringEquals"] = {**limits.get("StringEquals", {}), "kms:ViaService": host}
        grantee.add_to_principal_policy(
            iam.PolicyStatement(sid=sid, actions=list(actions), resources=[self.key_arn], conditions=limits)
        )

    def _allow(
        self,
        sid: str,
        principal: iam.IPrincipal,
        actions: Sequence[str],
        conditions: Mapping[str, Any] | None = None,
    ) -> None:
        self.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                principals=[principal],
                actions=list(actions),
                # In a key policy, * means this key.
                resources=["*"],
                conditions=conditions,
            )
        )
