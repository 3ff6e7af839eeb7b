"""What the doctor judges and puts back, on the templates as they are synthesised."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ops.doctor import templates
from ops.doctor.catalogue import CHECKS
from ops.doctor.facts import Facts
from ops.doctor.key_checks import AMAZON
from ops.doctor.policies import faults
from ops.doctor.resources import RULE, Resource
from ops.stage import FOUNDATION, NOTIFICATIONS, OPERATIONS, Cell
from stacks import settings_digest
from tests.template.synthesis import Synthesis, Template, settings_of
from tests.unit.ops.doctor_aws import Stacks

KEY = "arn:aws:kms:us-east-1:123456789012:key/0a1b"
SENDS = ("sqs:SendMessage", "sqs:GetQueueAttributes")
ENCRYPTS = ("kms:GenerateDataKey", "kms:Decrypt")


def url(logical_id: str) -> str:
    return f"https://sqs.us-east-1.amazonaws.com/123456789012/{logical_id}"


def arn(logical_id: str) -> str:
    return f"arn:aws:sqs:us-east-1:123456789012:{logical_id}"


def physical(logical_id: str, kind: str) -> str:
    if kind == "AWS::SQS::Queue":
        return url(logical_id)
    return KEY.rpartition("/")[2] if kind == "AWS::KMS::Key" else f"the-{logical_id}"


def exports(template: Template) -> dict[str, str]:
    """The values that other stacks import; only that of the key is real."""
    outputs: Mapping[str, Any] = template.body.get("Outputs", {})
    key = next(iter(template.of_type("AWS::KMS::Key")), "")
    return {
        row["Export"]["Name"]: KEY if row["Value"] == {"Fn::GetAtt": [key, "Arn"]} else f"value-of-{name}"
        for name, row in outputs.items()
        if "Export" in row
    }


@pytest.fixture
def facts(synthesis: Synthesis) -> Facts:
    stacks = Stacks()
    cell = Cell(synthesis.stage, synthesis.settings, lambda service, region: stacks)
    for part in (FOUNDATION, NOTIFICATIONS, OPERATIONS):
        template = synthesis.templates[part.capitalize()]
        name = cell.stack_name(part)
        stacks.stacks[name] = {}
        stacks.templates[name] = dict(template.body["Resources"])
        stacks.resources[name] = [
            (row["Type"], logical_id, physical(logical_id, row["Type"]))
            for logical_id, row in template.body["Resources"].items()
        ]
        stacks.exports |= exports(template)
    return Facts(synthesis.stage, cell.clients, given_cell=cell)


def test_the_queue_policies_of_the_templates_let_amazon_send(synthesis: Synthesis, facts: Facts) -> None:
    for part, beginning in (
        (NOTIFICATIONS, "NotificationQueue"),
        (OPERATIONS, "SecretRotationApplicationQueue"),
    ):
        queue = synthesis.templates[part.capitalize()].logical_id("AWS::SQS::Queue", beginning)
        policy = templates.queue_policy(facts, part, url(queue))
        assert "Fn::" not in policy
        assert '"Ref"' not in policy
        assert faults(policy, account=AMAZON, actions=SENDS, resource=arn(queue)) == []
        assert faults(policy, account="210987654321", actions=SENDS, resource=arn(queue)) != []


def test_so_does_the_key_policy(facts: Facts) -> None:
    policy = templates.key_policy(facts, FOUNDATION, KEY)
    assert "Fn::" not in policy
    assert faults(policy, account=AMAZON, actions=ENCRYPTS, resource=KEY) == []
    assert faults(policy, account="210987654321", actions=ENCRYPTS, resource=KEY) != []


def test_key_and_dead_letter_queue_can_be_put_back(synthesis: Synthesis, facts: Facts) -> None:
    queue = synthesis.notifications.logical_id("AWS::SQS::Queue", "NotificationQueue")
    dead = synthesis.notifications.logical_id("AWS::SQS::Queue", "NotificationQueueDeadLetterQueue")
    settings = templates.queue_settings(facts, NOTIFICATIONS, url(queue))
    assert settings["KmsMasterKeyId"] == KEY
    assert json.loads(settings["RedrivePolicy"])["deadLetterTargetArn"] == arn(dead)


def test_every_rules_bus_is_known(synthesis: Synthesis, facts: Facts) -> None:
    for part in (NOTIFICATIONS, OPERATIONS):
        rules = synthesis.templates[part.capitalize()].of_type(RULE)
        assert rules
        for logical_id, row in rules.items():
            bus = templates.event_bus(facts, Resource(part, RULE, logical_id, "x"))
            assert bool(bus) is ("EventBusName" in row["Properties"])


def test_the_outputs_that_are_looked_for_are_there(synthesis: Synthesis) -> None:
    outputs = {part: template.outputs for part, template in synthesis.templates.items()}
    assert {"KeyArn", "LwaCredentialsSecretArn", "SellerRegistryTableName", "AlarmTopicArn"} <= outputs[
        "Foundation"
    ]
    assert {
        "NotificationQueueUrl",
        "NotificationQueueArn",
        "DestinationId",
        "InspectAmazonFunctionName",
        "SubscriptionQueueUrl",
        "SubscriptionStateTableName",
        "ArrivalsTableName",
    } <= outputs["Notifications"]
    assert {
        "ApplicationQueueUrl",
        "ApplicationQueueArn",
        "PageTopicArn",
        settings_digest.SETTINGS,
        settings_digest.CODE,
    } <= outputs["Operations"]


def test_the_destination_is_made_again_by_another_revision(synthesis: Synthesis) -> None:
    template = synthesis.notifications
    assert "DestinationRevision" in template.body["Parameters"]
    resources = template.of_type("Custom::SpApiDestination").values()
    assert {"Ref": "DestinationRevision"} in [row["Properties"].get("Revision") for row in resources]


def test_the_digests_tell_configurations_and_code_apart(synthesis: Synthesis, tmp_path: Any) -> None:
    settings = synthesis.settings
    digest = settings_digest.of_settings(settings)
    values = {name: row["Value"] for name, row in synthesis.operations.body["Outputs"].items()}
    assert values[settings_digest.SETTINGS] == digest
    changed = settings.model_copy(update={"log_level": "DEBUG"})
    assert settings_digest.of_settings(changed) != digest
    for name in ("app.py", "cdk.json", "requirements.txt"):
        (tmp_path / name).write_text("x")
    for folder in ("stacks", "lambdas/__pycache__"):
        (tmp_path / folder).mkdir(parents=True)
    empty = settings_digest.of_code(tmp_path)
    (tmp_path / "lambdas" / "__pycache__" / "a.py").write_text("x")
    assert settings_digest.of_code(tmp_path) == empty
    (tmp_path / "stacks" / "a.py").write_text("x")
    one = settings_digest.of_code(tmp_path)
    (tmp_path / "stacks" / "a.py").rename(tmp_path / "stacks" / "b.py")
    assert len({empty, one, settings_digest.of_code(tmp_path)}) == 3


def test_the_digest_is_the_same_in_another_process() -> None:
    assert settings_digest.of_settings(settings_of("example")) == settings_digest.of_settings(
        settings_of("example")
    )


def test_there_are_as_many_checks_as_a_night_needs() -> None:
    assert len(CHECKS) >= 30
