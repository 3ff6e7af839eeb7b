"""What holds for every resource: TLS, no wildcards, cdk-nag, cfn-lint, stable assets."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3

from stacks.application import add_stacks
from stacks.settings_model import StageSettings
from tests.template.synthesis import Synthesis, listed, make_app, settings_of, synthesise

WILDCARD_RESOURCE_ALLOWED = {
    # X-Ray's actions, ListStreams and those for log deliveries take no resource.
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
    "dynamodb:ListStreams",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}


def identity_statements(synthesis: Synthesis) -> list[tuple[str, Any]]:
    return [
        (name, statement)
        for name, policy in synthesis.all_of_type("AWS::IAM::Policy").items()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def test_no_right_reaches_every_resource_but_where_none_can_be_named(synthesis: Synthesis) -> None:
    for name, statement in identity_statements(synthesis):
        if "*" in listed(statement["Resource"]):
            assert set(listed(statement["Action"])) <= WILDCARD_RESOURCE_ALLOWED, name


def test_no_right_names_actions_by_a_wildcard(synthesis: Synthesis) -> None:
    for name, statement in identity_statements(synthesis):
        assert not [action for action in listed(statement["Action"]) if "*" in action], name


# Objects are named at run time, partner event sources by Amazon.
NAMES_MADE_BY_OTHERS = {
    # Ids of keys in other regions, which a condition on their alias tells apart.
    *("HandOnToNaKey", "HandOnToEuKey", "HandOnToFeKey"),
    "SeePartnerEventSources",
    "StopExecutions",
    *("StoreLargePayloads", "WriteArchive"),
    *("ArchiveDelete", "InboxDelete", "MessagesDelete", "ResourceDelete", "ResultsDelete"),
    *("KeepChanges", "KeepFeeds", "KeepFindings", "KeepReports"),
    *("ReadAttachments", "ReadChanges", "ReadFeeds", "ReadResults", "ReadTemplates"),
}


def test_resources_end_in_a_wildcard_where_others_make_the_names_only(synthesis: Synthesis) -> None:
    for name, statement in identity_statements(synthesis):
        for resource in listed(statement["Resource"]):
            if resource != "*" and "*" in json.dumps(resource):
                assert statement["Sid"] in NAMES_MADE_BY_OTHERS, name


def test_rights_only_allow(synthesis: Synthesis) -> None:
    assert {statement["Effect"] for _, statement in identity_statements(synthesis)} == {"Allow"}


RESOURCE_POLICIES = {
    "AWS::SQS::Queue": ("AWS::SQS::QueuePolicy", "Queues"),
    "AWS::SNS::Topic": ("AWS::SNS::TopicPolicy", "Topics"),
    "AWS::S3::Bucket": ("AWS::S3::BucketPolicy", "Bucket"),
}


@pytest.mark.parametrize("resource_type", sorted(RESOURCE_POLICIES))
def test_plain_transport_is_denied(synthesis: Synthesis, resource_type: str) -> None:
    policy_type, key = RESOURCE_POLICIES[resource_type]
    resources = {name.split("/")[1] for name in synthesis.all_of_type(resource_type)}
    denied = {
        reference["Ref"]
        for policy in synthesis.all_of_type(policy_type).values()
        for reference in listed(policy["Properties"][key])
        if any(
            statement["Effect"] == "Deny"
            and statement["Principal"] in ("*", {"AWS": "*"})
            and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        )
    }
    assert resources
    assert denied == resources


def test_nobody_is_allowed_by_a_wildcard_principal(synthesis: Synthesis) -> None:
    for policy_type, _ in RESOURCE_POLICIES.values():
        for name, policy in synthesis.all_of_type(policy_type).items():
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Allow":
                    assert "*" not in json.dumps(statement["Principal"]), name


def test_the_checks_of_the_synthesis_find_nothing(synthesis: Synthesis) -> None:
    report = json.loads((synthesis.folder / "validation-report.json").read_text(encoding="utf-8"))
    assert [entry for entry in report["pluginReports"] if entry["violations"]] == []


def test_cdk_nag_would_stop_a_synthesis(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    cells = add_stacks(app, stage="example", settings=StageSettings((settings_of("example"),)))
    s3.Bucket(cells["na"].notifications, "Careless")
    with pytest.raises(RuntimeError, match="AwsSolutions-S10"):
        app.synth()


# CDK states dependencies that references imply too (W3005). The emulator's stage leaves resources out by a
# condition that is never true (W8003) and names actions as the emulator does (W3037).
LINT_IGNORED = {"example": ["W3005"], "local": ["W3005", "W8003", "W3037"]}


def lint(files: list[Path], ignored: list[str]) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "from cfnlint.runner import main; main()",
        "--non-zero-exit-code",
        "warning",
    ]
    command += ["--ignore-checks", *ignored, "--", *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_cfn_lint_finds_nothing(synthesis: Synthesis) -> None:
    result = lint(synthesis.files, LINT_IGNORED[synthesis.stage])
    assert result.returncode == 0, result.stdout + result.stderr


def test_cfn_lint_would_find_something(synthesis: Synthesis, tmp_path: Path) -> None:
    body = json.loads(json.dumps(synthesis.notifications.body))
    queue = synthesis.notifications.logical_id("AWS::SQS::Queue", "NotificationQueue")
    body["Resources"][queue]["Properties"]["VisibilityTimeout"] = 5
    careless = tmp_path / "Notifications.template.json"
    careless.write_text(json.dumps(body), encoding="utf-8")
    result = lint([careless], LINT_IGNORED[synthesis.stage])
    assert "E3505" in result.stdout


def assets(synthesis: Synthesis) -> set[str]:
    listing = json.loads(synthesis.file("Notifications", "assets").read_text(encoding="utf-8"))
    return set(listing["files"]) - {
        identifier
        for identifier, file in listing["files"].items()
        if file["source"]["path"].endswith(".template.json")
    }


def test_who_ran_the_code_before_changes_no_asset(
    example: Synthesis, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Path(__file__).resolve().parents[2] / "lambdas" / "sweep_ledger" / "__pycache__"
    made = not cache.exists()
    cache.mkdir(exist_ok=True)
    trace = cache / "trace-of-a-test.pyc"
    trace.write_bytes(b"bytecode")
    try:
        again = synthesise("example", example.settings, tmp_path_factory.mktemp("again"))
    finally:
        trace.unlink()
        if made:
            cache.rmdir()
    assert assets(again) == assets(example)


def test_stages_on_one_architecture_share_their_assets(tmp_path: Path) -> None:
    settings = settings_of("example")
    first = synthesise("one", settings, tmp_path / "one")
    second = synthesise("two", settings, tmp_path / "two")
    assert assets(first) == assets(second)


def test_an_account_is_fixed_where_one_is_configured(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    settings = settings_of("example").model_copy(update={"account": "123456789012"})
    cell = add_stacks(app, stage="example", settings=StageSettings((settings,)))["na"]
    for stack in (cell.foundation, cell.notifications, cell.tasks):
        assert (stack.account, stack.region) == ("123456789012", "us-east-1")
    anywhere = StageSettings((settings_of("example"),))
    cell = add_stacks(make_app(tmp_path), stage="example", settings=anywhere)["na"]
    assert cdk.Token.is_unresolved(cell.foundation.account)


def test_the_checks_find_nothing_where_the_account_is_fixed_either(tmp_path: Path) -> None:
    """Findings name the account then, in place of a reference to it. A finding stops the synthesis."""
    settings = settings_of("local").model_copy(update={"account": "123456789012"})
    assert synthesise("local", settings, tmp_path).has_partner_events
