"""The state machine in which every feed is one execution."""

import json
from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.constructs.alarm_topic import AlarmTopic
from stacks.constructs.alarms import AlarmText, alarm
from stacks.constructs.customer_managed_key import VENDED_LOGS, WRITE_ACTIONS, CustomerManagedKey
from stacks.constructs.python_function import FunctionDefaults, PythonFunction, set_retention
from stacks.feed_task_definition import definition
from stacks.nag import accept
from stacks.unique_name import unique_name

_DELIVERY_ACTIONS = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
_TRACE_ACTIONS = (
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)
# One data key serves this long: the longest that Step Functions offers.
_DATA_KEY_REUSE_SECONDS = 900


class FeedStateMachine(Construct):
    """Encrypted with the key, history and logs; the logs tell steps and errors, not what passes between.

    It has a name that is known beforehand: its own role and its functions' roles name it, and by references
    alone that is a circle.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        steps: Mapping[str, PythonFunction],
        defaults: FunctionDefaults,
    ) -> None:
        super().__init__(scope, construct_id)
        name = unique_name(self, construct_id)
        self.arn = state_machine_arn(self, construct_id)
        log_group = logs.LogGroup(
            self,
            "Logs",
            # Under any other name Step Functions writes the group into the account's one resource policy for
            # log deliveries, which has room for a few dozen.
            log_group_name=f"{VENDED_LOGS}{name}",
            encryption_key=defaults.key,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        set_retention(log_group, defaults.settings.retention.logs_days)
        role = self._role(defaults.key, steps)
        machine = sfn.CfnStateMachine(
            self,
            "Machine",
            state_machine_name=name,
            role_arn=role.role_arn,
            definition_string=json.dumps(definition(), indent=1),
            definition_substitutions={step: function.function_arn for step, function in steps.items()},
            encryption_configuration=sfn.CfnStateMachine.EncryptionConfigurationProperty(
                type="CUSTOMER_MANAGED_KMS_KEY",
                kms_key_id=defaults.key.key_arn,
                kms_data_key_reuse_period_seconds=_DATA_KEY_REUSE_SECONDS,
            ),
            logging_configuration=sfn.CfnStateMachine.LoggingConfigurationProperty(
                level="ALL",
                include_execution_data=False,
                destinations=[
                    sfn.CfnStateMachine.LogDestinationProperty(
                        cloud_watch_logs_log_group=sfn.CfnStateMachine.CloudWatchLogsLogGroupProperty(
                            log_group_arn=log_group.log_group_arn
                        )
                    )
                ],
            ),
            tracing_configuration=sfn.CfnStateMachine.TracingConfigurationProperty(enabled=True),
        )
        machine.node.add_dependency(role)
        # References to it order what needs it; its ARN alone, made of the name, would not.
        self.reference = machine.attr_arn
        self._watch(machine, defaults.alarm_topic)

    def _watch(self, machine: sfn.CfnStateMachine, topic: AlarmTopic) -> None:
        limit = topic.limits.state_machine_failures
        ends = {"ExecutionsFailed": "fail for good", "ExecutionsTimedOut": "run out of time"}
        for ended, words in ends.items():
            alarm(
                self,
                f"{ended}Alarm",
                metric=cloudwatch.Metric(
                    namespace="AWS/States",
                    metric_name=ended,
                    dimensions_map={"StateMachineArn": machine.attr_arn},
                    period=cdk.Duration.seconds(limit.period_seconds),
                    statistic=cloudwatch.Stats.SUM,
                ),
                threshold=limit.more_than,
                text=AlarmText(
                    symptom=f"Feed tasks {words}.",
                    impact="What the seller handed over did not reach Amazon, or its result is not known.",
                    command="bin/sellerbus feeds list --outcome FAILED",
                    anchor="feed-task-failed",
                ),
                topic=topic,
                severity="page",
                points=limit.window,
                missing=cloudwatch.TreatMissingData.NOT_BREACHING,
            )

    def _role(self, key: CustomerManagedKey, steps: Mapping[str, PythonFunction]) -> iam.Role:
        stack = cdk.Stack.of(self)
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "states.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnEquals": {"aws:SourceArn": self.arn},
                },
            ),
        )
        functions = {function.node.path: function for function in steps.values()}.values()
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid="InvokeSteps",
                actions=["lambda:InvokeFunction"],
                resources=[function.function_arn for function in functions],
            )
        )
        role.add_to_principal_policy(
            iam.PolicyStatement(sid="DeliverLogs", actions=list(_DELIVERY_ACTIONS), resources=["*"])
        )
        role.add_to_principal_policy(
            iam.PolicyStatement(sid="Trace", actions=list(_TRACE_ACTIONS), resources=["*"])
        )
        # Without `through`: an execution uses the key itself, and with kms:ViaService it would not start.
        key.let_use(
            role,
            sid="EncryptExecutions",
            actions=WRITE_ACTIONS,
            conditions={"StringEquals": {"kms:EncryptionContext:aws:states:stateMachineArn": self.arn}},
        )
        log_groups = stack.format_arn(service="logs", resource="*", arn_format=cdk.ArnFormat.NO_RESOURCE_NAME)
        key.let_use(
            role,
            sid="EncryptLogs",
            actions=["kms:GenerateDataKey"],
            conditions={"StringEquals": {"kms:EncryptionContext:SourceArn": log_groups}},
        )
        accept(
            role,
            "AwsSolutions-IAM5[Resource::*]",
            "The actions for log deliveries and for traces take no resource; other statements with * are "
            "refused by tests/template",
        )
        return role


def state_machine_arn(scope: Construct, construct_id: str) -> str:
    """The ARN of the state machine that has, or will have, this id in a scope's stack."""
    return cdk.Stack.of(scope).format_arn(
        service="states",
        resource="stateMachine",
        resource_name=unique_name(scope, construct_id),
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )


def let_start(grantee: iam.IRole, arn: str) -> None:
    """Lets a role start executions of a state machine."""
    grantee.add_to_principal_policy(
        iam.PolicyStatement(sid="StartTasks", actions=["states:StartExecution"], resources=[arn])
    )


def let_answer(grantee: iam.IRole, arn: str) -> None:
    """Lets a role answer the steps of a state machine that wait for their task token.

    The Service Authorization Reference names no resource for it; what Step Functions denies is about the
    token's state machine, and CDK's own grants name that too.
    """
    grantee.add_to_principal_policy(
        iam.PolicyStatement(sid="AnswerSteps", actions=["states:SendTaskSuccess"], resources=[arn])
    )
