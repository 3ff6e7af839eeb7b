"""Template properties become the public APIs' arguments, and none is dropped a second time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.dropped_settings import apply_dropped_settings, encryption_rule, lifecycle_rule


def test_a_reference_to_the_key_becomes_its_arn() -> None:
    rule = {
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Ref": "Key"}},
        "BucketKeyEnabled": True,
    }

    assert encryption_rule(rule, "arn:key") == {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "arn:key"},
        "BucketKeyEnabled": True,
    }


def test_a_lifecycle_rule_is_translated_whole() -> None:
    rule = {
        "Id": "expire",
        "Status": "Enabled",
        "Prefix": "payloads/",
        "ExpirationInDays": 30,
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
    }

    assert lifecycle_rule(rule) == {
        "ID": "expire",
        "Status": "Enabled",
        "Filter": {"Prefix": "payloads/"},
        "Expiration": {"Days": 30},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
    }


def test_names_whose_last_version_is_deleted_are_forgotten() -> None:
    rule = {"Id": "forget", "Status": "Enabled", "ExpiredObjectDeleteMarker": True}

    assert lifecycle_rule(rule)["Expiration"] == {"ExpiredObjectDeleteMarker": True}


def test_an_unknown_part_of_a_lifecycle_rule_is_refused_not_dropped() -> None:
    with pytest.raises(ValueError, match="ObjectSizeLessThan"):
        lifecycle_rule({"Status": "Enabled", "ObjectSizeLessThan": "5"})


class Recorder:
    """Stands in for any boto3 client: answers from a table, remembers what it was asked to set."""

    def __init__(self, **answers: Any) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._answers = answers

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls.append((operation, arguments))
            return self._answers.get(operation, {})

        return call


def write_assembly(folder: Path) -> None:
    template = {
        "Resources": {
            "Ledger": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    "TimeToLiveSpecification": {"AttributeName": "expiresAt", "Enabled": True},
                    "PointInTimeRecoverySpecification": {
                        "PointInTimeRecoveryEnabled": True,
                        "RecoveryPeriodInDays": 1,
                    },
                },
            },
            "Plain": {"Type": "AWS::DynamoDB::Table", "Properties": {}},
            "Absent": {"Type": "AWS::S3::Bucket", "Properties": {"LifecycleConfiguration": {"Rules": []}}},
        }
    }
    manifest = {
        "artifacts": {
            "Stack": {
                "type": "aws:cloudformation:stack",
                "properties": {"templateFile": "Stack.template.json", "stackName": "the-stack"},
            },
            "Tree": {"type": "cdk:tree"},
        }
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "Stack.template.json").write_text(json.dumps(template), encoding="utf-8")


def test_only_what_a_template_asks_for_and_what_exists_is_set(tmp_path: Path) -> None:
    write_assembly(tmp_path)
    cloudformation = Recorder(
        describe_stack_resources={
            "StackResources": [
                {"LogicalResourceId": "Ledger", "PhysicalResourceId": "ledger-1"},
                {"LogicalResourceId": "Plain", "PhysicalResourceId": "plain-1"},
            ]
        }
    )
    dynamodb = Recorder(describe_time_to_live={"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}})
    s3 = Recorder()

    done = apply_dropped_settings(
        tmp_path,
        {"cloudformation": cloudformation, "dynamodb": dynamodb, "s3": s3},
        lambda stack: f"arn:{stack}",
    )

    assert done == ["ledger-1: rows expire by expiresAt", "ledger-1: point-in-time recovery"]
    assert cloudformation.calls == [("describe_stack_resources", {"StackName": "the-stack"})]
    assert [operation for operation, _ in dynamodb.calls] == [
        "describe_time_to_live",
        "update_time_to_live",
        "update_continuous_backups",
    ]
    assert {arguments["TableName"] for _, arguments in dynamodb.calls} == {"ledger-1"}
    assert dynamodb.calls[-1][1]["PointInTimeRecoverySpecification"] == {
        "PointInTimeRecoveryEnabled": True,
        "RecoveryPeriodInDays": 1,
    }
    assert s3.calls == []
