"""The subscriptions of all sellers: made on deploy, on a seller's change, removed with the stack."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.constructs.daily_reconciliation import DailyReconciliation
from stacks.constructs.event_bus import OPERATIONAL_SOURCES, NotificationBus
from stacks.constructs.python_function import FunctionDefaults, PythonFunction
from stacks.constructs.sp_api_access import SpApiAccess
from stacks.constructs.subscription_alarms import SubscriptionAlarms
from stacks.constructs.subscription_queue import SubscriptionQueue
from stacks.constructs.subscription_state_table import SubscriptionStateTable
from stacks.removal import keep_at_amazon
from stacks.wanted_subscriptions import wanted_subscriptions

_RECONCILE_TIMEOUT = cdk.Duration.minutes(5)
# CloudFormation's wait and the function's own end must not meet: the function answers first.
_MANAGE_TIMEOUT = cdk.Duration.minutes(14)
_SERVICE_TIMEOUT = cdk.Duration.minutes(15)
_BATCHES_AT_ONCE = 5
# Of a seller's row in the registry: read it, mark it as revoked, delete it when the seller is removed.
_ROW_ACTIONS = ("dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
# They run side by side, a thread each: Amazon's limits are per seller, and most of a run is waiting.
_SELLERS_A_BATCH = 10
_RECONCILE_MEMORY_MB = 512


class SpApiSubscriptions(Construct):
    """Wanted = configured types x sellers in the registry. `summary` says what is in place after a deploy.

    destinations: see stacks.wanted_subscriptions.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        destinations: Mapping[str, str],
        bus: NotificationBus,
        access: SpApiAccess,
        defaults: FunctionDefaults,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self._access = access
        self._defaults = defaults
        self._bus = bus
        self.queue = SubscriptionQueue(
            self,
            "SubscriptionQueue",
            consumer_timeout=_RECONCILE_TIMEOUT,
            key=defaults.key,
            alarm_topic=defaults.alarm_topic,
        )
        self.state = SubscriptionStateTable(
            self,
            "State",
            key=defaults.key,
            alarm_topic=defaults.alarm_topic,
            removal_policy=removal_policy,
        )
        wanted = wanted_subscriptions(defaults.settings, destinations)
        text = cdk.Stack.of(self).to_json_string(wanted)
        self.wanted = parameter = ssm.StringParameter(
            self,
            "Wanted",
            # No ARN can be made of a name by CloudFormation: whether it begins with / is not known.
            parameter_name=f"/{defaults.prefix}/wanted-subscriptions",
            description="The subscriptions that every seller shall have",
            string_value=text,
            # Standard (free) up to 4 KB, advanced above. Systems Manager takes that step by itself, and takes
            # none back, so a tier that is named here could not shrink again.
            tier=ssm.ParameterTier.INTELLIGENT_TIERING,
        )
        reconcile = self._reconcile_function(parameter)
        seller_changes = self._seller_changes_function()
        manage = self._manage_function()
        resource = cdk.CustomResource(
            self,
            "Resource",
            resource_type="Custom::SpApiSubscriptions",
            service_token=manage.function_arn,
            service_timeout=_SERVICE_TIMEOUT,
            properties={"Wanted": text},
        )
        keep_at_amazon(resource, removal_policy)
        # On delete all of these must still work: CloudFormation removes them after what depends on them.
        resource.node.add_dependency(
            self.queue, self.state, parameter, _itself(reconcile), _itself(seller_changes)
        )
        # And these must have gone by then: a job that is begun meanwhile makes again what was cleared. On
        # create they come last, and what waits in queue and stream is taken then.
        for source in (self._take_jobs(reconcile), self._take_changes(seller_changes)):
            source.node.add_dependency(resource)
        daily = DailyReconciliation(
            self,
            "Daily",
            registry=access.registry,
            state=self.state,
            queue=self.queue,
            defaults=defaults,
        )
        daily.schedule.node.add_dependency(resource)
        self.queue_every_seller = daily.function
        self.resource = resource
        self.summary = resource.get_att_string("Summary")

    def _manage_function(self) -> PythonFunction:
        function = PythonFunction(
            self,
            "ManageSubscriptions",
            name="manage_subscriptions",
            severity="warn",
            description="Puts the sellers' subscriptions in place on deploy, and removes them with the stack",
            defaults=self._defaults,
            timeout=_MANAGE_TIMEOUT,
            environment={
                **self._access.seller_environment,
                "SUBSCRIPTION_STATE_TABLE_NAME": self.state.table_name,
                "SUBSCRIPTION_QUEUE_URL": self.queue.queue.queue_url,
                "EVENT_BUS_NAME": self._bus.bus.event_bus_name,
            },
        )
        # Lambda would deliver an unanswered event again minutes later, beside what CloudFormation asks then.
        function.configure_async_invoke(retry_attempts=0)
        self._access.let_call_for_sellers(
            function.execution_role, registry_actions=["dynamodb:Scan", *_ROW_ACTIONS]
        )
        self.state.let_work(function.execution_role, find_all=True)
        self.queue.let_send(function.execution_role, sid="QueueSellers")
        self._bus.let_publish(function.execution_role, sources=OPERATIONAL_SOURCES)
        return function

    def _reconcile_function(self, parameter: ssm.StringParameter) -> PythonFunction:
        function = PythonFunction(
            self,
            "ReconcileSubscriptions",
            name="reconcile_subscriptions",
            description="Compares one seller's subscriptions with the wanted ones and mends them",
            defaults=self._defaults,
            timeout=_RECONCILE_TIMEOUT,
            memory_mb=_RECONCILE_MEMORY_MB,
            # It sends on to its own queue what waits for quota. Lambda takes that for a runaway loop and
            # stops it after about 16 times; the code ends it by itself, by attempts and by days.
            recursive_loop=lambda_.RecursiveLoop.ALLOW,
            environment={
                **self._access.seller_environment,
                "SUBSCRIPTION_STATE_TABLE_NAME": self.state.table_name,
                "SUBSCRIPTION_QUEUE_URL": self.queue.queue.queue_url,
                "SUBSCRIPTION_DEAD_LETTER_QUEUE_URL": self.queue.dead_letter_queue.queue_url,
                "WANTED_PARAMETER_NAME": parameter.parameter_name,
                "EVENT_BUS_NAME": self._bus.bus.event_bus_name,
            },
        )
        role = function.execution_role
        self._access.let_call_for_sellers(role, registry_actions=_ROW_ACTIONS)
        self.state.let_work(role)
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid="ReadWanted", actions=["ssm:GetParameter"], resources=[parameter.parameter_arn]
            )
        )
        self.queue.let_consume(role, sid="TakeSellers")
        self.queue.let_send(role, sid="QueueSellers")
        self.queue.let_send_dead_letters(role, sid="SendDeadLetters")
        self._bus.let_publish(role, sources=OPERATIONAL_SOURCES)
        return function

    def _take_jobs(self, function: PythonFunction) -> lambda_.EventSourceMapping:
        return lambda_.EventSourceMapping(
            function,
            "SubscriptionQueueSource",
            target=function,
            event_source_arn=self.queue.queue.queue_arn,
            batch_size=_SELLERS_A_BATCH,
            max_concurrency=_BATCHES_AT_ONCE,
            report_batch_item_failures=True,
        )

    def _seller_changes_function(self) -> PythonFunction:
        function = PythonFunction(
            self,
            "QueueSellerChanges",
            name="queue_seller_changes",
            description="Queues each seller whose row in the registry changed",
            defaults=self._defaults,
            timeout=cdk.Duration.minutes(1),
            environment={"SUBSCRIPTION_QUEUE_URL": self.queue.queue.queue_url},
        )
        role = function.execution_role
        self.queue.let_send(role, sid="QueueSellers")
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid="ReadRegistryStream",
                actions=["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
                resources=[self._stream_arn],
            )
        )
        # Lambda's poller demands it, and it takes no narrower resource.
        role.add_to_principal_policy(
            iam.PolicyStatement(sid="ListStreams", actions=["dynamodb:ListStreams"], resources=["*"])
        )
        self._defaults.key.let_use(
            role, sid="ReadRegistryStreamKey", actions=["kms:Decrypt"], through="dynamodb"
        )
        SubscriptionAlarms(
            self,
            "Alarms",
            seller_changes=function,
            namespace=self._defaults.metrics_namespace,
            topic=self._defaults.alarm_topic,
        )
        return function

    @property
    def _stream_arn(self) -> str:
        arn = self._access.registry.table_stream_arn
        if arn is None:
            raise ValueError("The seller registry has no stream.")
        return arn

    def _take_changes(self, function: PythonFunction) -> lambda_.EventSourceMapping:
        return lambda_.EventSourceMapping(
            function,
            "SellerRegistrySource",
            target=function,
            event_source_arn=self._stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=100,
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            max_batching_window=cdk.Duration.seconds(1),
        )


def _itself(function: PythonFunction) -> cdk.CfnResource:
    """The function with what it needs, but without the event source in its scope."""
    resource = function.node.default_child
    if not isinstance(resource, cdk.CfnResource):
        raise TypeError(f"{function.node.path} is not a function.")
    return resource
