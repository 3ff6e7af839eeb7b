"""What CloudFormation made of a cell's templates: stacks, their resources, and the functions among these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from botocore.exceptions import ClientError

from ops.doctor.facts import Facts
from ops.stage import FOUNDATION, NOTIFICATIONS, OPERATIONS, TASKS

PARTS: Final = (FOUNDATION, NOTIFICATIONS, TASKS, OPERATIONS)

FUNCTION: Final = "AWS::Lambda::Function"
MAPPING: Final = "AWS::Lambda::EventSourceMapping"
RULE: Final = "AWS::Events::Rule"
QUEUE: Final = "AWS::SQS::Queue"
ALARM: Final = "AWS::CloudWatch::Alarm"
COMPOSITE: Final = "AWS::CloudWatch::CompositeAlarm"

_AT_ONCE: Final = 8

Item = TypeVar("Item")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Resource:
    """logical_id: its name in the template; physical_id: what AWS calls it."""

    part: str
    kind: str
    logical_id: str
    physical_id: str


def resources(facts: Facts, *kinds: str) -> list[Resource]:
    """Return the cell's resources of these CloudFormation types, in the order of the stacks."""
    return [row for part in PARTS for row in _of(facts, part) if row.kind in kinds]


def _of(facts: Facts, part: str) -> list[Resource]:
    def look() -> list[Resource]:
        return list(_pages(facts, part)) if facts.stack(part) is not None else []

    return facts.once(f"resources {part}", look)


def _pages(facts: Facts, part: str) -> Iterator[Resource]:
    start: dict[str, str] = {}
    while True:
        page = facts.client("cloudformation").list_stack_resources(
            StackName=facts.cell.stack_name(part), **start
        )
        for row in page["StackResourceSummaries"]:
            # A resource under a condition that is false has no physical id.
            if row.get("PhysicalResourceId") and row["ResourceStatus"] != "DELETE_COMPLETE":
                yield Resource(part, row["ResourceType"], row["LogicalResourceId"], row["PhysicalResourceId"])
        if not page.get("NextToken"):
            return
        start = {"NextToken": page["NextToken"]}


@dataclass(frozen=True)
class Function:
    """A Lambda function as it is now; `found` is False where it is gone."""

    part: str
    name: str
    service: str
    found: bool
    answer: Mapping[str, Any]

    @property
    def configuration(self) -> Mapping[str, Any]:
        configuration: Mapping[str, Any] = self.answer.get("Configuration", {})
        return configuration

    @property
    def log_group(self) -> str:
        told = self.configuration.get("LoggingConfig", {}).get("LogGroup")
        return str(told or f"/aws/lambda/{self.name}")


def functions(facts: Facts) -> dict[str, Function]:
    """Return the cell's functions by their names in AWS."""

    def look(resource: Resource) -> Function:
        client = facts.client("lambda")
        try:
            answer = client.get_function(FunctionName=resource.physical_id)
        except client.exceptions.ResourceNotFoundException:
            return Function(resource.part, resource.physical_id, resource.logical_id, False, {})
        variables = answer["Configuration"].get("Environment", {}).get("Variables", {})
        service = str(variables.get("POWERTOOLS_SERVICE_NAME") or resource.logical_id)
        return Function(resource.part, resource.physical_id, service, True, answer)

    def make() -> dict[str, Function]:
        return {row.name: row for row in each(resources(facts, FUNCTION), look)}

    return facts.once("functions", make)


def each(items: Iterable[Item], work: Callable[[Item], Value], *, at_once: int = _AT_ONCE) -> list[Value]:
    """Return what `work` gives for each item, in their order; several at once. Raises what `work` raises."""
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(work, items))


def is_missing(error: ClientError) -> bool:
    """Whether AWS says that what was asked for is not there."""
    code = str(error.response["Error"]["Code"])
    return any(word in code for word in ("NotFound", "NonExistent", "DoesNotExist"))


def name_of_queue(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]
