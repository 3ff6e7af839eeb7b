"""Tables of what the functions of tasks may do, and how they are held against the templates."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.template.synthesis import Synthesis, listed, refers_to

OF_ALL = {"WriteLogs", "XRay"}
OF_CALLS = {"ReadLwaCredentials", "ReadLwaCredentialsKey", "SpendQuota", "DecryptRefreshTokens"}
MACHINE = "FeedTasks-"
EXECUTIONS = "Executions"

PUBLISH = ({"events:PutEvents"}, "EventBus")
SELLERS = ({"dynamodb:GetItem"}, "SellerRegistry")
TAKE = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
TAKE_AND_HIDE = {*TAKE, "sqs:ChangeMessageVisibility"}
DEAD_LETTER = {"sqs:SendMessage", "sqs:GetQueueUrl"}
DELETE = {"s3:DeleteObject", "s3:DeleteObjectVersion"}
_ABOUT_NO_DATA = {"s3:ListBucket", "s3:ListBucketVersions", *DELETE}

Right = tuple[Any, ...]
"""The actions, what they are about, and where that is a bucket's objects their prefix."""


@dataclass(frozen=True)
class Rights:
    """The rights of functions by their names and the statements' Sids; `callers` may call Amazon beside."""

    by_function: Mapping[str, Mapping[str, Right]]
    callers: frozenset[str]

    def functions(self, synthesis: Synthesis) -> list[str]:
        """Those that are deployed."""
        return sorted(self.by_function.keys() & synthesis.tasks.functions().keys())

    def key_sids(self, function: str) -> set[str]:
        """The statements about the key that go with the others."""
        others = self.by_function[function]
        services = {sid: service_of(right[0]) for sid, right in others.items()}
        with_key = {f"{sid}Key" for sid, service in services.items() if service in ("s3", "sqs")}
        without_data = {f"{sid}Key" for sid, right in others.items() if right[0] <= _ABOUT_NO_DATA}
        tables = {"UseTablesKey"} if "dynamodb" in services.values() else set()
        return (with_key - without_data) | tables

    def check_sids(self, synthesis: Synthesis) -> None:
        for function in self.functions(synthesis):
            wanted = {*self.by_function[function], *self.key_sids(function), *OF_ALL}
            if function in self.callers:
                wanted |= OF_CALLS
            assert set(synthesis.tasks.rights(function)) == wanted, function

    def check_statements(self, synthesis: Synthesis) -> None:
        for function in self.functions(synthesis):
            rights = synthesis.tasks.rights(function)
            for sid, (actions, beginning, *prefix) in self.by_function[function].items():
                statement = rights[sid]
                # The emulator knows batches of messages by names of their own.
                named = {action for action in listed(statement["Action"]) if not action.endswith("Batch")}
                assert named == actions, (function, sid)
                assert _is_about(statement, synthesis, beginning), (function, sid)
                if prefix:
                    assert statement["Resource"]["Fn::Join"][1][-1] == prefix[0], (function, sid)

    def check_key(self, synthesis: Synthesis) -> None:
        """It is used through the service that holds the data, for new data keys only where it is written."""
        for function in self.functions(synthesis):
            rights = synthesis.tasks.rights(function)
            for sid in self.key_sids(function):
                actions = set() if sid == "UseTablesKey" else self.by_function[function][sid[:-3]][0]
                via = rights[sid]["Condition"]["StringEquals"]["kms:ViaService"]
                service = service_of(actions) if actions else "dynamodb"
                assert via.split(".")[0] == service, (function, sid)
                if actions:
                    writes = bool(actions & {"s3:PutObject", "sqs:SendMessage"})
                    makes = "kms:GenerateDataKey" in listed(rights[sid]["Action"])
                    assert makes == writes, (function, sid)

    def check_source(self, synthesis: Synthesis, source: str) -> None:
        for function in self.functions(synthesis):
            statement = synthesis.tasks.rights(function).get("PublishEvents")
            if statement:
                assert statement["Condition"] == {"StringEquals": {"events:source": [source]}}, function


def nobody_invokes(synthesis: Synthesis, beginning: str) -> None:
    """A function has no event source, and neither a service nor another function may invoke it."""
    function = synthesis.tasks.logical_id("AWS::Lambda::Function", beginning)
    policies = synthesis.tasks.of_type("AWS::IAM::Policy").values()
    invoked = [
        statement
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "lambda:InvokeFunction" in listed(statement["Action"])
    ]
    assert not refers_to(invoked, function)
    for resource_type in ("AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission", "AWS::Events::Rule"):
        for resource in synthesis.tasks.of_type(resource_type).values():
            assert not refers_to(resource["Properties"], function)


def service_of(actions: set[str]) -> str:
    (service,) = {action.split(":")[0] for action in actions}
    return service


def _is_about(statement: Any, synthesis: Synthesis, beginning: str) -> bool:
    resource = statement["Resource"]
    if beginning in (MACHINE, EXECUTIONS):
        # It is known by its name before it is there.
        kind = "stateMachine" if beginning == MACHINE else "execution"
        return f":{kind}:{synthesis.prefix}-tasks-{MACHINE}" in json.dumps(resource)
    return any(
        refers_to(resource, logical_id)
        for template in synthesis.templates.values()
        for logical_id, found in template.body["Resources"].items()
        if logical_id[:-8] == beginning and "Policy" not in found["Type"]
    )
