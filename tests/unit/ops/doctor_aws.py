"""The parts of AWS that moto lacks or is slow at, as far as the doctor and its mendings use them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from tests.unit.ops.aws import CloudFormation, Events, Lambda


def refused(code: str, operation: str, message: str = "not there") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class Stacks(CloudFormation):
    """Stacks with their resources, templates and states. parameters: what stacks were updated with."""

    def __init__(self) -> None:
        super().__init__()
        self.statuses: dict[str, str] = {}
        self.resources: dict[str, list[tuple[str, str, str]]] = {}
        self.templates: dict[str, dict[str, Any]] = {}
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.exports: dict[str, str] = {}
        self.updates: list[dict[str, Any]] = []

    def describe_stacks(self, *, StackName: str) -> Any:
        found = super().describe_stacks(StackName=StackName)
        found["Stacks"][0]["StackStatus"] = self.statuses.get(StackName, "UPDATE_COMPLETE")
        found["Stacks"][0]["LastUpdatedTime"] = datetime(2026, 11, 1, tzinfo=UTC)
        return found

    def list_stack_resources(self, *, StackName: str, NextToken: str = "0") -> Any:
        start = int(NextToken)
        rows = self.resources.get(StackName, [])
        page = [
            {
                "ResourceType": kind,
                "LogicalResourceId": logical_id,
                "PhysicalResourceId": physical_id,
                "ResourceStatus": "CREATE_COMPLETE",
            }
            for kind, logical_id, physical_id in rows[start : start + 5]
        ]
        more = {"NextToken": str(start + 5)} if start + 5 < len(rows) else {}
        return {"StackResourceSummaries": page, **more}

    def describe_stack_events(self, *, StackName: str) -> Any:
        return {"StackEvents": self.events.get(StackName, [])}

    def get_template(self, *, StackName: str) -> Any:
        return {"TemplateBody": {"Resources": self.templates[StackName]}}

    def list_exports(self) -> Any:
        return {"Exports": [{"Name": name, "Value": value} for name, value in self.exports.items()]}

    def continue_update_rollback(self, *, StackName: str) -> None:
        assert self.statuses[StackName] == "UPDATE_ROLLBACK_FAILED"
        self.statuses[StackName] = "UPDATE_ROLLBACK_COMPLETE"

    def delete_stack(self, *, StackName: str) -> None:
        del self.stacks[StackName]
        self.statuses.pop(StackName, None)

    def update_stack(self, **arguments: Any) -> None:
        self.updates.append(arguments)


class Functions(Lambda):
    """The functions, what feeds them, and how many may run at once."""

    class exceptions:  # noqa: N801
        class ResourceNotFoundException(Exception): ...  # noqa: N818

    def __init__(self) -> None:
        super().__init__()
        self.services: dict[str, str] = {}
        self.reserved: dict[str, int] = {}
        self.failed: set[str] = set()
        self.mappings: dict[str, dict[str, Any]] = {}
        self.free = 1000

    def get_function(self, *, FunctionName: str) -> Any:
        if FunctionName not in self.services:
            raise self.exceptions.ResourceNotFoundException
        state = "Failed" if FunctionName in self.failed else "Active"
        variables = {"POWERTOOLS_SERVICE_NAME": self.services[FunctionName]}
        concurrency = {}
        if FunctionName in self.reserved:
            concurrency = {"ReservedConcurrentExecutions": self.reserved[FunctionName]}
        return {
            "Configuration": {"State": state, "Environment": {"Variables": variables}},
            "Concurrency": concurrency,
        }

    def get_function_configuration(self, *, FunctionName: str) -> Any:
        return self.get_function(FunctionName=FunctionName)["Configuration"]

    def delete_function_concurrency(self, *, FunctionName: str) -> None:
        del self.reserved[FunctionName]

    def get_event_source_mapping(self, *, UUID: str) -> Any:
        if UUID not in self.mappings:
            raise self.exceptions.ResourceNotFoundException
        return self.mappings[UUID]

    def update_event_source_mapping(self, *, UUID: str, Enabled: bool) -> None:
        self.mappings[UUID]["State"] = "Enabled" if Enabled else "Disabled"

    def get_account_settings(self) -> Any:
        return {"AccountLimit": {"UnreservedConcurrentExecutions": self.free}}


class Rules(Events):
    """Rules by name, beside partner event sources."""

    class exceptions(Events.exceptions):  # noqa: N801
        ClientError = ClientError

    def __init__(self) -> None:
        super().__init__()
        self.rules: dict[str, str] = {}

    def describe_rule(self, *, Name: str, EventBusName: str = "default") -> Any:
        assert EventBusName == "the-bus"
        if Name not in self.rules:
            raise refused("ResourceNotFoundException", "DescribeRule")
        return {"Name": Name, "State": self.rules[Name], "Description": "Looks every day"}

    def enable_rule(self, *, Name: str, EventBusName: str = "default") -> None:
        self.rules[Name] = "ENABLED"


@dataclass
class Topics:
    """SNS topics by ARN, each with the ARNs of its subscriptions by address."""

    held: dict[str, dict[str, str]] = field(default_factory=dict)

    def list_subscriptions_by_topic(self, *, TopicArn: str) -> Any:
        rows = self.held[TopicArn].items()
        return {"Subscriptions": [{"Endpoint": name, "SubscriptionArn": arn} for name, arn in rows]}

    def subscribe(self, *, TopicArn: str, Protocol: str, NotificationEndpoint: str) -> None:
        """As if its owner followed the link in the message at once."""
        self.held[TopicArn][NotificationEndpoint] = f"{TopicArn}:1"


@dataclass
class CloudWatch:
    """Alarms by name, and the sums of metrics by name and value of their dimension."""

    alarms: dict[str, dict[str, Any]] = field(default_factory=dict)
    sums: dict[tuple[str, str], float] = field(default_factory=dict)
    ages: dict[str, float] = field(default_factory=dict)

    def describe_alarms(self, *, AlarmNames: list[str], AlarmTypes: list[str], MaxRecords: int) -> Any:
        assert len(AlarmNames) <= 100
        found = [self.alarms[name] for name in AlarmNames if name in self.alarms]
        return {
            "MetricAlarms": [row for row in found if "AlarmRule" not in row],
            "CompositeAlarms": [row for row in found if "AlarmRule" in row],
        }

    def enable_alarm_actions(self, *, AlarmNames: list[str]) -> None:
        for name in AlarmNames:
            self.alarms[name]["ActionsEnabled"] = True

    def get_metric_statistics(self, *, MetricName: str, Dimensions: Any, **_: Any) -> Any:
        total = self.sums.get((MetricName, Dimensions[0]["Value"]))
        return {"Datapoints": [] if total is None else [{"Sum": total}]}

    def list_metrics(self, *, Namespace: str, MetricName: str) -> Any:
        assert Namespace == "Sellerbus/example/na"
        rows = [value for name, value in self.sums if name == MetricName]
        return {"Metrics": [{"Dimensions": [{"Name": "operation", "Value": value}]} for value in rows]}

    def get_metric_data(self, *, MetricDataQueries: Any, **_: Any) -> Any:
        return {
            "MetricDataResults": [
                {"Id": query["Id"], "Values": [self.ages[name]] if name in self.ages else []}
                for query in MetricDataQueries
                for name in [query["MetricStat"]["Metric"]["Dimensions"][0]["Value"]]
            ]
        }


@dataclass
class Secrets:
    """Secrets Manager of moto, with versions that are older than they are; labels as they are."""

    client: Any
    days: float = 0.0
    pending_days: float | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def list_secret_version_ids(self, *, SecretId: str) -> Any:
        rows = self.client.list_secret_version_ids(SecretId=SecretId)["Versions"]
        now = datetime.now(UTC)
        versions = [
            {**row, "CreatedDate": now - timedelta(days=self.days)} for row in rows if row["VersionStages"]
        ]
        if self.pending_days is not None:
            at = now - timedelta(days=self.pending_days)
            versions.append({"VersionId": "new", "VersionStages": ["AWSPENDING"], "CreatedDate": at})
        return {"Versions": versions}


@dataclass
class Sts:
    """Who calls. error: what AWS says instead. off_seconds: by how much its clock differs from ours."""

    account: str = "123456789012"
    error: Exception | None = None
    off_seconds: float = 0.0

    def get_caller_identity(self) -> Any:
        if self.error is not None:
            raise self.error
        there = datetime.now(UTC) + timedelta(seconds=self.off_seconds)
        return {
            "Account": self.account,
            "Arn": f"arn:aws:iam::{self.account}:user/operator",
            "ResponseMetadata": {
                "HTTPHeaders": {"date": there.strftime("%a, %d %b %Y %H:%M:%S GMT")},
            },
        }
