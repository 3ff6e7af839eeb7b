"""A Lambda function with the defaults of the house."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.bundling import DOCUMENT_REQUIREMENTS, PROJECT_FOLDER, dependency_layer_code
from stacks.constructs.alarm_topic import AlarmTopic, Severity
from stacks.constructs.customer_managed_key import CustomerManagedKey
from stacks.constructs.function_alarms import WatchedFunction
from stacks.constructs.metrics import metrics_namespace
from stacks.nag import accept
from stacks.settings_model import Settings
from stacks.settings_names import stack_prefix

_FUNCTIONS_FOLDER = PROJECT_FOLDER / "lambdas"
_SHARED_FOLDER = _FUNCTIONS_FOLDER / "layers" / "shared"
# Bytecode depends on who ran the code before: it would change the asset, and so redeploy what didn't change.
_EXCLUDED = ["**/__pycache__", "**/*.pyc", "**/.mypy_cache", "**/.ruff_cache", "**/.pytest_cache"]


@dataclass(frozen=True)
class FunctionDefaults:
    """What all functions of a cell share."""

    stage: str
    settings: Settings
    key: CustomerManagedKey
    alarm_topic: AlarmTopic
    layers: tuple[lambda_.ILayerVersion, ...]

    @property
    def prefix(self) -> str:
        """What names of the cell begin with."""
        return stack_prefix(self.stage, self.settings.region)

    @property
    def metrics_namespace(self) -> str:
        """Where the cell's functions write their metrics."""
        return metrics_namespace(self.stage, self.settings.region)


def function_layers(scope: Construct, *, settings: Settings) -> tuple[lambda_.ILayerVersion, ...]:
    """The two layers of every function: third-party code, and the code that the functions share."""
    codes: Mapping[str, lambda_.Code] = {
        "DependencyLayer": dependency_layer_code(
            runtime=settings.runtime, architecture=settings.architecture
        ),
        "SharedLayer": _folder(_SHARED_FOLDER),
    }
    return tuple(_layer(scope, construct_id, code, settings) for construct_id, code in codes.items())


def documents_layer(scope: Construct, *, settings: Settings) -> lambda_.ILayerVersion:
    """The layer of the functions that read or write documents: ciphers and streaming parsers."""
    code = dependency_layer_code(
        runtime=settings.runtime, architecture=settings.architecture, requirements=DOCUMENT_REQUIREMENTS
    )
    return _layer(scope, "DocumentsLayer", code, settings)


def _layer(
    scope: Construct, construct_id: str, code: lambda_.Code, settings: Settings
) -> lambda_.LayerVersion:
    return lambda_.LayerVersion(
        scope,
        construct_id,
        code=code,
        compatible_runtimes=[lambda_.Runtime(settings.runtime, lambda_.RuntimeFamily.PYTHON)],
        compatible_architectures=[lambda_.Architecture.custom(settings.architecture)],
    )


class PythonFunction(lambda_.Function):
    """lambdas/<name>/handler.py, with its own role, its encrypted log group, tracing, and an alarm on errors.

    `execution_role` has no managed policy: those allow writing to every log group of the account.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        description: str,
        defaults: FunctionDefaults,
        timeout: cdk.Duration,
        environment: Mapping[str, str],
        memory_mb: int = 256,
        recursive_loop: lambda_.RecursiveLoop | None = None,
        severity: Severity = "page",
    ) -> None:
        settings = defaults.settings
        # What its metrics and log lines call it; `function_name` is CloudFormation's.
        self.service = name
        self.purpose = description
        log_group = logs.LogGroup(
            scope,
            f"{construct_id}Logs",
            encryption_key=defaults.key,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        set_retention(log_group, settings.retention.logs_days)
        self.execution_role = iam.Role(
            scope, f"{construct_id}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
        )
        self.execution_role.add_to_principal_policy(
            iam.PolicyStatement(
                sid="WriteLogs",
                actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                resources=[log_group.log_group_arn],
            )
        )
        super().__init__(
            scope,
            construct_id,
            description=description,
            code=_folder(_FUNCTIONS_FOLDER / name),
            handler="handler.handler",
            runtime=lambda_.Runtime(settings.runtime, lambda_.RuntimeFamily.PYTHON),
            architecture=lambda_.Architecture.custom(settings.architecture),
            layers=list(defaults.layers),
            role=self.execution_role,
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE,
            timeout=timeout,
            memory_size=memory_mb,
            recursive_loop=recursive_loop,
            environment={
                "POWERTOOLS_SERVICE_NAME": name,
                "POWERTOOLS_METRICS_NAMESPACE": defaults.metrics_namespace,
                "LOG_LEVEL": settings.log_level,
                "STAGE": defaults.stage,
                **environment,
            },
        )
        accept(
            self,
            "AwsSolutions-L1",
            "The runtime is the Python that the layer's wheels are built for and that the tests run on",
        )
        accept(
            self.execution_role,
            "AwsSolutions-IAM5[Resource::*]",
            "X-Ray's PutTraceSegments and PutTelemetryRecords take no resource; other statements with * are "
            "refused by tests/template",
        )
        watched = WatchedFunction(
            name=name,
            purpose=description,
            timeout=timeout,
            log_group_name=log_group.log_group_name,
            namespace=defaults.metrics_namespace,
            severity=severity,
        )
        watched.watch(self, defaults.alarm_topic)
        if "SP_API_ENDPOINT" in environment:
            watched.watch_calls(self, defaults.alarm_topic)


def _folder(path: Path) -> lambda_.Code:
    return lambda_.Code.from_asset(str(path), exclude=_EXCLUDED, ignore_mode=cdk.IgnoreMode.GLOB)


def set_retention(log_group: logs.LogGroup, days: int) -> None:
    """Sets how long a log group keeps what is written.

    CDK's enum has names such as ONE_MONTH; the settings and CloudFormation count days.
    """
    resource = log_group.node.default_child
    if not isinstance(resource, logs.CfnLogGroup):
        raise TypeError("A LogGroup's default child is its CfnLogGroup.")
    resource.retention_in_days = days
