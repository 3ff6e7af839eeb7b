"""What counts as a change between two looks at CloudFormation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local.changes import Snapshot, changes_between, take_snapshot, template_differences

BEFORE = Snapshot(
    events={"1": "stack/Queue CREATE_COMPLETE"}, resources={"stack/Queue": "url AWS::SQS::Queue t1"}
)


def test_the_same_twice_is_no_change() -> None:
    assert changes_between(BEFORE, BEFORE) == []


def test_a_new_event_is_a_change_although_the_resource_looks_the_same() -> None:
    after = Snapshot(events={**BEFORE.events, "2": "stack/Queue UPDATE_COMPLETE"}, resources=BEFORE.resources)

    assert changes_between(BEFORE, after) == ["stack/Queue"]


def test_a_replaced_a_new_and_a_removed_resource_are_changes() -> None:
    after = Snapshot(
        events=BEFORE.events, resources={"stack/Queue": "other AWS::SQS::Queue t1", "stack/Topic": "arn t"}
    )

    assert changes_between(BEFORE, after) == ["stack/Queue", "stack/Topic"]
    assert changes_between(after, BEFORE) == ["stack/Queue", "stack/Topic"]


class FakePaginator:
    def __init__(self, pages: list[dict[str, Any]]) -> None:
        self._pages = pages

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return self._pages


class FakeCloudFormation:
    def get_paginator(self, operation: str) -> FakePaginator:
        if operation == "describe_stacks":
            return FakePaginator([{"Stacks": [{"StackName": "one"}]}])
        assert operation == "describe_stack_events"
        event = {"EventId": "e1", "LogicalResourceId": "Queue", "ResourceStatus": "CREATE_COMPLETE"}
        return FakePaginator([{"StackEvents": [event]}, {"StackEvents": [{**event, "EventId": "e2"}]}])

    def describe_stack_resources(self, **arguments: str) -> dict[str, Any]:
        assert arguments == {"StackName": "one"}
        return {
            "StackResources": [
                {
                    "LogicalResourceId": "Queue",
                    "PhysicalResourceId": "url",
                    "ResourceType": "AWS::SQS::Queue",
                    "Timestamp": "t1",
                }
            ]
        }


def test_a_snapshot_holds_every_page_of_events_and_every_resource() -> None:
    assert take_snapshot(FakeCloudFormation()) == Snapshot(
        events={"e1": "one/Queue CREATE_COMPLETE", "e2": "one/Queue CREATE_COMPLETE"},
        resources={"one/Queue": "url AWS::SQS::Queue t1"},
    )


def test_what_two_assemblies_define_differently_is_named(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, key in ((first, "a.zip"), (second, "b.zip")):
        folder.mkdir()
        resources = {"Layer": {"S3Key": key}, "Queue": {"Type": "AWS::SQS::Queue"}}
        (folder / "One.template.json").write_text(json.dumps({"Resources": resources}), encoding="utf-8")

    assert template_differences(first, second) == ["One/Layer"]
    assert template_differences(first, first) == []
