"""The application queue, what its function may do, and who of a stage's cells asks Amazon and hands on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.template.synthesis import Resource, Synthesis, listed, refers_to, synthesise

AMAZON = "arn:aws:iam::437568002678:root"
FUNCTION = "rotate_secret"
OWN_RIGHTS = {
    *("WriteLogs", "XRay"),
    *("ReadLwaCredentials", "ReadLwaCredentialsKey", "SpendQuota", "UseTablesKey"),
    *("UseSellerRegistry", "DecryptRefreshTokens"),
    *("RotateLwaCredentials", "RotateLwaCredentialsKey"),
    *("RememberRotations", "PublishEvents"),
    *("TakeApplicationMessages", "TakeApplicationMessagesKey", "SendDeadLetters", "SendDeadLettersKey"),
}
# Logical ids begin with the construct's path.
DEAD_LETTERS = "SecretRotationApplicationQueueDeadLetterQueue"


def queue_id(synthesis: Synthesis, name: str = "SecretRotationApplicationQueue") -> str:
    return synthesis.operations.logical_id("AWS::SQS::Queue", name)


def queue(synthesis: Synthesis, name: str = "SecretRotationApplicationQueue") -> Resource:
    found: Resource = synthesis.operations.body["Resources"][queue_id(synthesis, name)]
    return found


def variables(synthesis: Synthesis) -> dict[str, Any]:
    found: dict[str, Any] = synthesis.operations.functions()[FUNCTION]["Properties"]["Environment"]
    return dict(found["Variables"])


def changed(synthesis: Synthesis, folder: Any, **update: Any) -> Synthesis:
    return synthesise("example", synthesis.settings.model_copy(update=update), folder)


def test_the_queue_has_a_plain_name_that_is_free_again_with_its_stack(synthesis: Synthesis) -> None:
    found = queue(synthesis)
    assert found["Properties"]["QueueName"] == f"{synthesis.prefix}-application"
    assert (found["DeletionPolicy"], found["UpdateReplacePolicy"]) == ("Delete", "Delete")
    assert "FifoQueue" not in found["Properties"]


def test_both_queues_are_under_the_key_and_keep_as_long_as_sqs_can(synthesis: Synthesis) -> None:
    key_id = synthesis.foundation.logical_id("AWS::KMS::Key", "Key")
    for found in (queue(synthesis), queue(synthesis, DEAD_LETTERS)):
        properties = found["Properties"]
        assert key_id in properties["KmsMasterKeyId"]["Fn::ImportValue"]
        assert properties["MessageRetentionPeriod"] == 14 * 86_400


def test_a_secret_is_no_dead_letter_for_having_been_tried_often(synthesis: Synthesis) -> None:
    redrive = queue(synthesis)["Properties"]["RedrivePolicy"]
    assert redrive["maxReceiveCount"] == 1000
    assert refers_to(redrive["deadLetterTargetArn"], queue_id(synthesis, DEAD_LETTERS))


def test_a_message_stays_hidden_while_the_function_may_work_on_it(synthesis: Synthesis) -> None:
    function = synthesis.operations.functions()[FUNCTION]["Properties"]
    assert queue(synthesis)["Properties"]["VisibilityTimeout"] == 6 * function["Timeout"]


def test_amazon_may_send_and_nobody_else_outside(synthesis: Synthesis) -> None:
    logical_id = queue_id(synthesis)
    statements = [
        statement
        for policy in synthesis.operations.of_type("AWS::SQS::QueuePolicy").values()
        if {"Ref": logical_id} in policy["Properties"]["Queues"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    allowing = [each for each in statements if each["Effect"] == "Allow"]
    (allowed,) = allowing
    assert allowed["Principal"] == {"AWS": AMAZON}
    assert set(allowed["Action"]) == {"sqs:SendMessage", "sqs:GetQueueAttributes"}
    assert "Condition" not in allowed
    assert any(
        each["Effect"] == "Deny" and each["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for each in statements
    )


def test_one_message_at_a_time_and_what_failed_comes_again(synthesis: Synthesis) -> None:
    mappings = [
        each["Properties"]
        for each in synthesis.operations.of_type("AWS::Lambda::EventSourceMapping").values()
        if refers_to(each["Properties"]["EventSourceArn"], queue_id(synthesis))
    ]
    (mapping,) = mappings
    assert mapping["BatchSize"] == 1
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_it_looks_every_five_minutes(synthesis: Synthesis) -> None:
    rules = [
        each["Properties"]
        for each in synthesis.operations.of_type("AWS::Events::Rule").values()
        if any(
            json.loads(target.get("Input", "{}")) == {"request": "look"}
            for target in each["Properties"]["Targets"]
        )
    ]
    (rule,) = rules
    assert rule["ScheduleExpression"] == "rate(5 minutes)"


def test_it_may_do_what_it_does_and_no_more(synthesis: Synthesis) -> None:
    others = {
        f"HandOnTo{cell.region.capitalize()}{part}"
        for cell in synthesis.settings.other_cells
        for part in ("", "Key")
    }
    assert set(synthesis.operations.rights(FUNCTION)) == OWN_RIGHTS | others


@pytest.mark.parametrize(
    ("sid", "actions", "stack", "resource"),
    [
        (
            "RotateLwaCredentials",
            {
                "secretsmanager:ListSecretVersionIds",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            },
            "Foundation",
            "LwaCredentials",
        ),
        (
            "RememberRotations",
            {"dynamodb:GetItem", "dynamodb:PutItem"},
            "Operations",
            "SecretRotationRotations",
        ),
        ("UseSellerRegistry", {"dynamodb:Scan"}, "Foundation", "SellerRegistry"),
        (
            "TakeApplicationMessages",
            {
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ChangeMessageVisibility",
            },
            "Operations",
            "SecretRotationApplicationQueue",
        ),
        ("SendDeadLetters", {"sqs:SendMessage", "sqs:GetQueueUrl"}, "Operations", DEAD_LETTERS),
    ],
)
def test_each_right_names_its_actions_and_resource(
    example: Synthesis, sid: str, actions: set[str], stack: str, resource: str
) -> None:
    statement = example.operations.rights(FUNCTION)[sid]
    assert set(listed(statement["Action"])) == actions
    (target,) = (
        logical_id
        for logical_id, found in example.templates[stack].body["Resources"].items()
        if logical_id[:-8] == resource and "Policy" not in found["Type"]
    )
    assert refers_to(statement["Resource"], target)


def test_nobody_else_may_write_the_secret(synthesis: Synthesis) -> None:
    writing = {"secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"}
    may = {
        name
        for template in synthesis.templates.values()
        for name in template.functions()
        for statement in template.rights(name).values()
        if writing & set(listed(statement["Action"]))
    }
    assert may == {FUNCTION}


def test_its_events_are_its_own(synthesis: Synthesis) -> None:
    statement = synthesis.operations.rights(FUNCTION)["PublishEvents"]
    assert statement["Condition"] == {"StringEquals": {"events:source": ["sellerbus.secrets"]}}


def test_one_cell_of_a_stage_asks_and_each_hands_on_to_all_others(regions: dict[str, Synthesis]) -> None:
    asks = {name: variables(cell)["ASKS_FOR_NEW_SECRETS"] for name, cell in regions.items()}
    assert asks == {"na": "true", "eu": "false", "fe": "false"}
    for name, cell in regions.items():
        others = {row["region"]: row for row in json.loads(variables(cell)["OTHER_CELLS"])}
        assert set(others) == set(regions) - {name}
        for region, row in others.items():
            assert row["queueName"] == queue(regions[region])["Properties"]["QueueName"]
            assert row["awsRegion"] == regions[region].settings.aws_region


def test_handing_on_reaches_one_queue_and_its_key_by_its_alias(regions: dict[str, Synthesis]) -> None:
    rights = regions["na"].operations.rights(FUNCTION)
    send, key = rights["HandOnToEu"], rights["HandOnToEuKey"]
    assert set(listed(send["Action"])) == {"sqs:SendMessage", "sqs:GetQueueUrl"}
    arn = json.dumps(send["Resource"])
    assert ":sqs:eu-west-1:" in arn
    assert arn.endswith(':sellerbus-example-eu-application"]]}')
    alias = regions["eu"].operations.only("AWS::KMS::Alias")
    assert key["Condition"] == {
        "StringEquals": {"kms:ViaService": "sqs.eu-west-1.amazonaws.com"},
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": [alias["Properties"]["AliasName"]]},
    }
    assert set(listed(key["Action"])) == {"kms:Decrypt", "kms:GenerateDataKey"}
    key_id = regions["eu"].foundation.logical_id("AWS::KMS::Key", "Key")
    assert key_id in json.dumps(alias["Properties"]["TargetKeyId"])


def test_a_stage_of_one_cell_hands_nothing_on(example: Synthesis) -> None:
    assert variables(example)["OTHER_CELLS"] == "[]"
    assert example.operations.of_type("AWS::KMS::Alias") == {}


def test_nothing_is_asked_of_the_sandbox_nor_where_another_stage_asks(
    example: Synthesis, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sandbox = example.settings.sp_api.model_copy(update={"sandbox": True})
    not_here = example.settings.client_secret.model_copy(update={"rotate": False})
    for update in ({"sp_api": sandbox}, {"client_secret": not_here}):
        there = changed(example, tmp_path_factory.mktemp("changed"), **update)
        assert variables(there)["ASKS_FOR_NEW_SECRETS"] == "false"
    assert variables(example)["ASKS_FOR_NEW_SECRETS"] == "true"


def test_alarms_page(synthesis: Synthesis) -> None:
    alarms = {
        each["Properties"]["MetricName"]: each["Properties"]
        for each in synthesis.operations.of_type("AWS::CloudWatch::Alarm").values()
        if {"Name": "service", "Value": FUNCTION} in each["Properties"].get("Dimensions", [])
    }
    failed, refused = alarms["SecretRotationsFailed"], alarms["ClientSecretRefused"]
    assert failed["AlarmDescription"].endswith("docs/runbook.md#secret-rotation-failed")
    assert (failed["Statistic"], failed["TreatMissingData"]) == ("Maximum", "breaching")
    assert refused["AlarmDescription"].endswith("docs/runbook.md#client-secret-refused")
    assert refused["TreatMissingData"] == "notBreaching"


def test_outputs(synthesis: Synthesis) -> None:
    outputs = synthesis.operations.body["Outputs"]
    for name, logical_id in (
        ("ApplicationQueueUrl", queue_id(synthesis)),
        ("ApplicationQueueArn", queue_id(synthesis)),
        ("ApplicationDeadLetterQueueUrl", queue_id(synthesis, DEAD_LETTERS)),
    ):
        assert refers_to(outputs[name]["Value"], logical_id)
    assert "RotateSecretFunctionName" in outputs
