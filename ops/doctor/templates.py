"""Policies as a deployed stack's own template has them, so that one that was changed can be put back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ops.doctor.facts import Facts
from ops.doctor.resources import Resource, resources

_QUEUE_POLICY: Final = "AWS::SQS::QueuePolicy"
_QUEUE: Final = "AWS::SQS::Queue"
_KEY: Final = "AWS::KMS::Key"
_RULE: Final = "AWS::Events::Rule"


class UnresolvedError(Exception):
    """The template says it in a way that can't be worked out here; a deploy puts it right."""


def queue_policy(facts: Facts, part: str, queue_url: str) -> str:
    """Return the policy of a queue as the template of `part` has it. Raises UnresolvedError."""
    template = _Template(facts, part)
    logical_id = template.logical_id(_QUEUE, queue_url)
    for row in template.rows(_QUEUE_POLICY):
        if {"Ref": logical_id} in row["Properties"]["Queues"]:
            return json.dumps(template.resolved(row["Properties"]["PolicyDocument"]))
    raise UnresolvedError(f"the template of {part} has no policy for the queue {logical_id}")


def key_policy(facts: Facts, part: str, key_arn: str) -> str:
    """Return the policy of a key as the template of `part` has it. Raises UnresolvedError."""
    template = _Template(facts, part)
    key_id = key_arn.rpartition("/")[2]
    for row in facts_rows(facts, part, _KEY):
        if row.physical_id in (key_id, key_arn):
            return json.dumps(template.resolved(template.body[row.logical_id]["Properties"]["KeyPolicy"]))
    raise UnresolvedError(f"the stack {part} has no key {key_id}")


def queue_settings(facts: Facts, part: str, queue_url: str) -> dict[str, str]:
    """Return key and redrive policy of a queue, as SetQueueAttributes takes them. Raises UnresolvedError."""
    template = _Template(facts, part)
    properties = template.body[template.logical_id(_QUEUE, queue_url)]["Properties"]
    return {
        "KmsMasterKeyId": str(template.resolved(properties["KmsMasterKeyId"])),
        "RedrivePolicy": json.dumps(template.resolved(properties["RedrivePolicy"])),
    }


def event_bus(facts: Facts, rule: Resource) -> str:
    """Return the bus of a rule, "" for the account's default one. Raises UnresolvedError."""
    template = _Template(facts, rule.part)
    return str(template.resolved(template.body[rule.logical_id]["Properties"].get("EventBusName", "")))


def facts_rows(facts: Facts, part: str, kind: str) -> list[Resource]:
    return [row for row in resources(facts, kind) if row.part == part]


def _rule(physical_id: str) -> str:
    """Return a rule's name; CloudFormation's id of one on a bus of one's own is "bus|rule"."""
    return physical_id.rpartition("|")[2]


class _Template:
    """The template that a stack was last deployed with."""

    def __init__(self, facts: Facts, part: str) -> None:
        self._facts = facts
        self._part = part
        body = facts.once(f"template {part}", self._fetched)
        # boto3 makes an object of JSON, but not of what an emulator gives.
        template = json.loads(body) if isinstance(body, str) else body
        self.body: Mapping[str, Any] = template["Resources"]

    def _fetched(self) -> Any:
        name = self._facts.cell.stack_name(self._part)
        return self._facts.client("cloudformation").get_template(StackName=name)["TemplateBody"]

    def rows(self, kind: str) -> list[Mapping[str, Any]]:
        return [row for row in self.body.values() if row["Type"] == kind]

    def logical_id(self, kind: str, physical_id: str) -> str:
        for row in facts_rows(self._facts, self._part, kind):
            if row.physical_id == physical_id:
                return row.logical_id
        raise UnresolvedError(f"the stack {self._part} has made no {kind} {physical_id}")

    def resolved(self, value: Any) -> Any:
        """Return a value of the template with its references worked out."""
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, given),) = value.items()
            if name == "Ref":
                return self._ref(given)
            if name == "Fn::Join":
                return str(given[0]).join(str(self.resolved(part)) for part in given[1])
            if name == "Fn::Select":
                return self.resolved(given[1])[int(given[0])]
            if name == "Fn::Split":
                return str(self.resolved(given[1])).split(given[0])
            if name == "Fn::GetAtt":
                return self._attribute(*given)
            if name == "Fn::ImportValue":
                return self._imported(str(self.resolved(given)))
            if name.startswith("Fn::"):
                raise UnresolvedError(f"{name} in the template of {self._part}")
        return {key: self.resolved(item) for key, item in value.items()}

    def _ref(self, name: str) -> str:
        arn = self._stack_id
        pseudo = {
            "AWS::AccountId": arn[4],
            "AWS::Region": arn[3],
            "AWS::Partition": arn[1],
            "AWS::URLSuffix": "amazonaws.com",
        }
        return pseudo[name] if name in pseudo else self._physical_id(name)

    def _attribute(self, logical_id: str, attribute: str) -> str:
        kind = self.body[logical_id]["Type"]
        physical_id = self._physical_id(logical_id)
        _, partition, _, region, account, *_ = self._stack_id
        if (kind, attribute) == (_QUEUE, "Arn"):
            return f"arn:{partition}:sqs:{region}:{account}:{physical_id.rpartition('/')[2]}"
        if (kind, attribute) == (_KEY, "Arn"):
            return f"arn:{partition}:kms:{region}:{account}:key/{physical_id}"
        if (kind, attribute) == (_RULE, "Arn"):
            bus = str(self.resolved(self.body[logical_id]["Properties"].get("EventBusName", "")))
            # Of a bus that is named by its ARN only the name is part of the rule's.
            name = "/".join(
                part for part in (bus.partition("event-bus/")[2] or bus, _rule(physical_id)) if part
            )
            return f"arn:{partition}:events:{region}:{account}:rule/{name}"
        raise UnresolvedError(f"{attribute} of {logical_id} ({kind}) in the template of {self._part}")

    def _physical_id(self, logical_id: str) -> str:
        kind = self.body[logical_id]["Type"]
        for row in facts_rows(self._facts, self._part, kind):
            if row.logical_id == logical_id:
                return row.physical_id
        raise UnresolvedError(f"{logical_id} of {self._part} was not made")

    def _imported(self, name: str) -> str:
        exports = self._facts.once("exports", self._exports)
        if name not in exports:
            raise UnresolvedError(f"no stack exports {name}")
        return exports[name]

    def _exports(self) -> dict[str, str]:
        start: dict[str, str] = {}
        found: dict[str, str] = {}
        while True:
            page = self._facts.client("cloudformation").list_exports(**start)
            found |= {row["Name"]: row["Value"] for row in page["Exports"]}
            if not page.get("NextToken"):
                return found
            start = {"NextToken": page["NextToken"]}

    @property
    def _stack_id(self) -> list[str]:
        stack = self._facts.stack(self._part)
        if stack is None:
            raise UnresolvedError(f"{self._part} is not deployed")
        return str(stack["StackId"]).split(":")
