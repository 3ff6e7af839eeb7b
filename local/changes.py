"""What a deployment really changed, read from CloudFormation and not from what the CDK says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Snapshot:
    """The identities of all events and resources of all stacks at one moment."""

    events: Mapping[str, str]
    """Event id -> "stack/resource status"."""
    resources: Mapping[str, str]
    """"stack/logical id" -> physical id, type and time of the last update."""


def take_snapshot(cloudformation: Any) -> Snapshot:
    """Reads every stack that exists; `cloudformation` is a boto3 client."""
    events: dict[str, str] = {}
    resources: dict[str, str] = {}
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            name = stack["StackName"]
            for event_page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=name):
                for event in event_page["StackEvents"]:
                    where = f"{name}/{event['LogicalResourceId']}"
                    events[event["EventId"]] = f"{where} {event.get('ResourceStatus', '')}"
            for resource in cloudformation.describe_stack_resources(StackName=name)["StackResources"]:
                resources[f"{name}/{resource['LogicalResourceId']}"] = " ".join(
                    str(resource.get(key, "")) for key in ("PhysicalResourceId", "ResourceType", "Timestamp")
                )
    return Snapshot(events=events, resources=resources)


def changes_between(before: Snapshot, after: Snapshot) -> list[str]:
    """The resources touched between two snapshots, as "stack/logical id", sorted; empty when none was.

    An event counts although the resource looks the same afterwards: CloudFormation did something to it.
    """
    touched = {what.split(" ")[0] for event_id, what in after.events.items() if event_id not in before.events}
    for name in before.resources.keys() | after.resources.keys():
        if before.resources.get(name) != after.resources.get(name):
            touched.add(name)
    return sorted(touched)


def template_differences(first: Path, second: Path) -> list[str]:
    """The resources that two assemblies of one app define differently, as "template/logical id", sorted."""
    before, after = _definitions(first), _definitions(second)
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _definitions(assembly: Path) -> dict[str, Any]:
    return {
        f"{file.name.removesuffix('.template.json')}/{logical_id}": definition
        for file in assembly.glob("*.template.json")
        for logical_id, definition in json.loads(file.read_text(encoding="utf-8"))["Resources"].items()
    }
