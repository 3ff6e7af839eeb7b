"""Sets by the public APIs what the emulator's CloudFormation accepts and drops.

In AWS the templates do this; here the templates are read and the same values set, so that expiry,
point-in-time recovery, encryption and lifecycle exist locally too. Only what a template asks for is set.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

_TABLES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")


def apply_dropped_settings(
    assembly: Path, clients: Mapping[str, Any], key_arn_of: Callable[[str], str]
) -> list[str]:
    """Sets what the templates in the folder `assembly` ask for; returns one line per setting made.

    `clients` has boto3 clients "cloudformation", "dynamodb" and "s3". `key_arn_of` tells by a stack's name
    the only key of its cell, which stands where a template refers to a key.
    """
    done: list[str] = []
    for stack, template in _templates(assembly):
        physical = {
            resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "")
            for resource in clients["cloudformation"].describe_stack_resources(StackName=stack)[
                "StackResources"
            ]
        }
        for logical_id, resource in template.get("Resources", {}).items():
            name, properties = physical.get(logical_id), resource.get("Properties", {})
            if not name:
                continue
            if resource["Type"] in _TABLES:
                done += _set_table(clients["dynamodb"], name, properties)
            elif resource["Type"] == "AWS::S3::Bucket":
                done += _set_bucket(clients["s3"], name, properties, key_arn_of(stack))
    return done


def _templates(assembly: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    for artifact_id, artifact in manifest["artifacts"].items():
        if artifact["type"] == "aws:cloudformation:stack":
            template = assembly / artifact["properties"]["templateFile"]
            name = artifact["properties"].get("stackName", artifact_id)
            yield name, json.loads(template.read_text(encoding="utf-8"))


def _set_table(dynamodb: Any, name: str, properties: Mapping[str, Any]) -> list[str]:
    done = []
    ttl = properties.get("TimeToLiveSpecification")
    if ttl:
        current = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        if current.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
            dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=dict(ttl))
        done.append(f"{name}: rows expire by {ttl['AttributeName']}")
    recovery = properties.get("PointInTimeRecoverySpecification")
    if recovery:
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=dict(recovery))
        done.append(f"{name}: point-in-time recovery")
    return done


def _set_bucket(s3: Any, name: str, properties: Mapping[str, Any], key_arn: str) -> list[str]:
    done = []
    encryption = properties.get("BucketEncryption")
    if encryption:
        rules = [encryption_rule(rule, key_arn) for rule in encryption["ServerSideEncryptionConfiguration"]]
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
        done.append(f"{name}: encryption")
    lifecycle = properties.get("LifecycleConfiguration")
    if lifecycle:
        rules = [lifecycle_rule(rule) for rule in lifecycle["Rules"]]
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
        done.append(f"{name}: lifecycle")
    return done


def encryption_rule(rule: Mapping[str, Any], key_arn: str) -> dict[str, Any]:
    """One rule of a template's BucketEncryption as PutBucketEncryption takes it."""
    default = dict(rule["ServerSideEncryptionByDefault"])
    if "KMSMasterKeyID" in default:
        default["KMSMasterKeyID"] = key_arn
    converted: dict[str, Any] = {"ApplyServerSideEncryptionByDefault": default}
    if "BucketKeyEnabled" in rule:
        converted["BucketKeyEnabled"] = rule["BucketKeyEnabled"]
    return converted


def lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """One rule of a template's LifecycleConfiguration as PutBucketLifecycleConfiguration takes it.

    Raises ValueError for a key that this conversion doesn't know, so that none is dropped a second time.
    """
    converted: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    for key, value in rule.items():
        if key == "Id":
            converted["ID"] = value
        elif key == "ExpirationInDays":
            converted["Expiration"] = {"Days": int(value)}
        elif key == "ExpiredObjectDeleteMarker":
            converted["Expiration"] = {"ExpiredObjectDeleteMarker": bool(value)}
        elif key in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
            converted[key] = dict(value)
        elif key == "NoncurrentVersionExpirationInDays":
            converted["NoncurrentVersionExpiration"] = {"NoncurrentDays": int(value)}
        elif key not in ("Status", "Prefix"):
            raise ValueError(f"a lifecycle rule has {key}, which local/dropped_settings.py can't set yet")
    return converted
