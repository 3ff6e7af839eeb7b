"""Faults, each seeded alone: the doctor names just that one, and what it prints clears it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer.main
from botocore.exceptions import NoCredentialsError

from ops import cli
from sellerbus.api.operations import NOTIFICATIONS_SCOPE, ROTATION_SCOPE
from tests.unit.ops.aws import DeployedStage
from tests.unit.ops.doctor_aws import refused
from tests.unit.ops.doctor_stage import AMAZON, SELLERS, TYPES, DoctorStage, stack

FIRST = SELLERS[0]


@dataclass(frozen=True)
class Fault:
    """What is broken and how; `says`: what the finding must hold for whoever reads it."""

    name: str
    check: str
    seed: Callable[[DoctorStage], object]
    says: str
    code: int = 1
    since: bool = False


def _attributes(world: DoctorStage, queue: str, **attributes: str) -> None:
    world.stage.client("sqs").set_queue_attributes(QueueUrl=world.urls[queue], Attributes=attributes)


def _deny(world: DoctorStage) -> None:
    deny = {"Sid": "Lockdown", "Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage"}
    policy = _policy(world, "notification")
    policy["Statement"].append({**deny, "Resource": world.queue_arn})
    _attributes(world, "notification", Policy=json.dumps(policy))


def _policy(world: DoctorStage, queue: str) -> dict[str, list[dict[str, object]]]:
    answer = world.stage.client("sqs").get_queue_attributes(
        QueueUrl=world.urls[queue], AttributeNames=["Policy"]
    )
    found: dict[str, list[dict[str, object]]] = json.loads(answer["Attributes"]["Policy"])
    return found


def _half_allowed(world: DoctorStage) -> None:
    policy = _policy(world, "notification")
    policy["Statement"][1]["Action"] = "sqs:GetQueueAttributes"
    _attributes(world, "notification", Policy=json.dumps(policy))


def _key_without_amazon(world: DoctorStage) -> None:
    kms = world.stage.client("kms")
    policy = json.loads(kms.get_key_policy(KeyId=world.key, PolicyName="default")["Policy"])
    policy["Statement"] = [row for row in policy["Statement"] if row["Principal"] != {"AWS": AMAZON}]
    kms.put_key_policy(KeyId=world.key, PolicyName="default", Policy=json.dumps(policy))


def _row(world: DoctorStage, **attributes: dict[str, object]) -> None:
    world.stage.client("dynamodb").update_item(
        TableName="sellers",
        Key={"sellerId": {"S": FIRST}},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
        ExpressionAttributeNames={f"#{name}": name for name in attributes},
        ExpressionAttributeValues={f":{name}": value for name, value in attributes.items()},
    )


def _others_token(world: DoctorStage) -> None:
    sealed = world.stage.client("kms").encrypt(
        KeyId=world.key, Plaintext=b"Atzr|x", EncryptionContext={"sellerId": SELLERS[1]}
    )
    _row(world, refreshToken={"B": sealed["CiphertextBlob"]})


def _nobody(world: DoctorStage) -> None:
    for seller in SELLERS:
        key = {"sellerId": {"S": seller}}
        world.stage.client("dynamodb").delete_item(TableName="sellers", Key=key)


def _wrong_secret(world: DoctorStage) -> None:
    wrong = json.dumps({"clientId": "amzn1.application-oa2-client.1", "clientSecret": "a" * 32})
    world.secrets.client.put_secret_value(SecretId=world.stage.secrets["na"], SecretString=wrong)


def _no_secret(world: DoctorStage) -> None:
    world.stage.secrets["na"] = world.secrets.client.create_secret(Name="empty")["ARN"]
    world.stacks.stacks[stack("foundation")]["LwaCredentialsSecretArn"] = world.stage.secrets["na"]


def _deleted_secret(world: DoctorStage) -> None:
    world.secrets.client.delete_secret(SecretId=world.stage.secrets["na"], RecoveryWindowInDays=7)


def _schedule_deletion(world: DoctorStage) -> None:
    world.stage.client("kms").schedule_key_deletion(KeyId=world.key.rpartition("/")[2], PendingWindowInDays=7)


def _disable_key(world: DoctorStage) -> None:
    # moto takes no ARN here.
    world.stage.client("kms").disable_key(KeyId=world.key.rpartition("/")[2])


def _dead(world: DoctorStage) -> None:
    world.stage.client("sqs").send_message(QueueUrl=world.urls["notification-dead"], MessageBody="{}")


def _waits(world: DoctorStage) -> None:
    world.stage.client("sqs").send_message(QueueUrl=world.urls["notification"], MessageBody="{}")
    world.cloudwatch.ages["notification"] = 1000.0


def _status(world: DoctorStage, part: str, status: str) -> None:
    world.stacks.statuses[stack(part)] = status
    world.stacks.events[stack(part)] = [
        {
            "ResourceStatus": "UPDATE_FAILED",
            "ResourceStatusReason": "Resource update cancelled",
            "LogicalResourceId": "Other",
            "ResourceType": "AWS::X",
        },
        {
            "ResourceStatus": "UPDATE_FAILED",
            "ResourceStatusReason": "Amazon lists no destination",
            "LogicalResourceId": "Destination",
            "ResourceType": "Custom::SpApiDestination",
        },
    ]


def _broken_destination(world: DoctorStage) -> None:
    world.amazon.destinations = {}


def _other_destination(world: DoctorStage) -> None:
    world.amazon.destinations = {"d-1": "arn:aws:sqs:eu-west-1:123456789012:notification"}


FAULTS = [
    Fault("cdk-missing", "SB-LOCAL-002", lambda w: _unlink(w, "node_modules/aws-cdk/package.json"), "2.", 0),
    Fault("stack-missing", "SB-STACK-001", lambda w: w.lose("operations"), "operations"),
    Fault(
        "rollback-failed",
        "SB-STACK-001",
        lambda w: _status(w, "tasks", "UPDATE_ROLLBACK_FAILED"),
        "Amazon lists no destination",
        since=True,
    ),
    Fault(
        "rolled-back",
        "SB-STACK-001",
        lambda w: _status(w, "tasks", "UPDATE_ROLLBACK_COMPLETE"),
        "failed",
        0,
        since=True,
    ),
    Fault("code-differs", "SB-STACK-002", lambda w: (w.root / "stacks" / "new.py").touch(), "code", 0),
    Fault("function-off", "SB-FUNC-001", lambda w: w.functions.reserved.update({"process-na": 0}), "is 0"),
    Fault("function-broken", "SB-FUNC-001", lambda w: w.functions.failed.add("queue-na"), "can't run"),
    Fault("function-gone", "SB-FUNC-001", lambda w: w.functions.services.pop("process-na"), "is gone"),
    Fault("key-disabled", "SB-KEY-001", lambda w: _disable_key(w), "is disabled"),
    Fault("key-about-to-go", "SB-KEY-001", _schedule_deletion, "about to be deleted"),
    Fault("key-policy", "SB-KEY-002", _key_without_amazon, "kms:GenerateDataKey"),
    Fault("secret-empty", "SB-SECRET-001", _no_secret, "not stored yet"),
    Fault("secret-deleted", "SB-SECRET-001", _deleted_secret, "about to be deleted"),
    Fault("secret-old", "SB-SECRET-002", lambda w: setattr(w.secrets, "days", 160), "20 more days", 0, True),
    Fault(
        "secret-nearly-over", "SB-SECRET-002", lambda w: setattr(w.secrets, "days", 175), "5 more", 1, True
    ),
    Fault(
        "rotation-stuck",
        "SB-SECRET-003",
        lambda w: setattr(w.secrets, "pending_days", 2.0),
        "not in force",
        since=True,
    ),
    Fault("secret-wrong", "SB-LWA-001", _wrong_secret, "refuses the application"),
    Fault("secret-before", "SB-LWA-001", lambda w: _stands_in(w, 3.0), "stands in"),
    Fault("secret-new", "SB-LWA-001", lambda w: _stands_in(w, 0.0), "within the hour", 0),
    Fault("row-unknown-status", "SB-SELLER-001", lambda w: _row(w, status={"S": "odd"}), "'odd'", since=True),
    Fault("nobody", "SB-SELLER-001", _nobody, "sends for nobody", 0),
    Fault("revoked", "SB-SELLER-002", lambda w: w.amazon.tokens.pop(FIRST), "invalid_grant"),
    Fault(
        "marked-revoked",
        "SB-SELLER-002",
        lambda w: _row(w, status={"S": "revoked"}),
        "marked as revoked",
        since=True,
    ),
    Fault("token-unreadable", "SB-SELLER-002", _others_token, "can't be decrypted"),
    Fault(
        "queue-policy-removed",
        "SB-QUEUE-002",
        lambda w: _attributes(w, "notification", Policy=""),
        "no policy",
        since=True,
    ),
    Fault("queue-policy-half", "SB-QUEUE-002", _half_allowed, "sqs:SendMessage", since=True),
    Fault("queue-policy-denies", "SB-QUEUE-002", _deny, "Lockdown", since=True),
    Fault(
        "queue-unencrypted",
        "SB-QUEUE-001",
        lambda w: _attributes(
            w,
            "notification",
            KmsMasterKeyId="alias/aws/sqs",
            Policy=json.dumps(_policy(w, "notification")),
        ),
        "alias/aws/sqs",
    ),
    Fault(
        "application-policy",
        "SB-QUEUE-003",
        lambda w: _attributes(w, "application", Policy=""),
        "client secret",
        since=True,
    ),
    Fault("destination-gone", "SB-DEST-001", _broken_destination, "d-1"),
    Fault("destination-elsewhere", "SB-DEST-001", _other_destination, "eu-west-1"),
    Fault(
        "subscription-deleted",
        "SB-SUBS-001",
        lambda w: w.amazon.subscriptions[FIRST].discard(TYPES[0]),
        "ORDER_CHANGE 1.0 is missing",
    ),
    Fault(
        "subscription-extra", "SB-SUBS-001", lambda w: w.amazon.extra.update({FIRST: {"B2B"}}), "too many", 0
    ),
    Fault(
        "run-failed",
        "SB-SUBS-002",
        lambda w: w.remember(FIRST, lastError={"S": "createSubscription: 500"}),
        "500",
        0,
        True,
    ),
    Fault(
        "mapping-disabled",
        "SB-MAP-001",
        lambda w: w.functions.update_event_source_mapping(UUID="m-1", Enabled=False),
        "process_notifications",
        since=True,
    ),
    Fault(
        "mapping-cannot-read",
        "SB-MAP-001",
        lambda w: w.functions.mappings["m-1"].update(
            LastProcessingResult="PROBLEM: Lambda failed to decrypt"
        ),
        "failed to decrypt",
        since=True,
    ),
    Fault("rule-disabled", "SB-MAP-002", lambda w: w.rules.rules.update(daily="DISABLED"), "disabled"),
    Fault("rule-gone", "SB-MAP-002", lambda w: w.rules.rules.clear(), "no rule daily"),
    Fault("dead-letters", "SB-DLQ-001", _dead, "notification-dead: 1"),
    Fault("alarms-unheard", "SB-ALARM-001", lambda w: _silence(w), "no subscription", 0),
    Fault("alarms-unconfirmed", "SB-ALARM-001", lambda w: _unconfirm(w), "has not confirmed", 0),
    Fault(
        "alarms-muted",
        "SB-ALARM-002",
        lambda w: w.cloudwatch.alarms["pages"].update(ActionsEnabled=False),
        "pages",
        0,
    ),
    Fault("alarm-gone", "SB-ALARM-002", lambda w: w.cloudwatch.alarms.pop("warns"), "warns", 0),
    Fault("few-functions", "SB-QUOTA-002", lambda w: setattr(w.functions, "free", 10), "lets 10", 0),
    Fault("clock", "SB-AWS-003", lambda w: setattr(w.sts, "off_seconds", 120.0), "behind AWS's", 0),
    Fault(
        "credentials-expired",
        "SB-AWS-001",
        lambda w: setattr(w.sts, "error", refused("ExpiredToken", "GetCallerIdentity", "expired")),
        "ExpiredToken",
        4,
    ),
    Fault(
        "credentials-missing", "SB-AWS-001", lambda w: setattr(w.sts, "error", NoCredentialsError()), "not", 4
    ),
    Fault("account", "SB-AWS-002", lambda w: setattr(w.sts, "account", "210987654321"), "210987654321", 4),
]
"""Those that the printed commands clear."""


def _stands_in(world: DoctorStage, days: float) -> None:
    world.amazon.notices.append("another version stands in")
    world.secrets.days = days


def _unlink(world: DoctorStage, path: str) -> None:
    (world.root / path).unlink()


def _silence(world: DoctorStage) -> None:
    next(iter(world.topics.held.values())).clear()


def _unconfirm(world: DoctorStage) -> None:
    held = next(iter(world.topics.held.values()))
    held["on-call@example.com"] = "PendingConfirmation"


def assert_there_is(command: str) -> None:
    """A command of this program that is printed is one that it has, with these options."""
    words = re.sub("<[^>]*>", "x", command).split()
    if words[0] != "bin/sellerbus":
        return
    found: Any = typer.main.get_command(cli.app)
    rest = iter(words[1:])
    while hasattr(found, "commands"):
        found = found.commands[next(rest)]
    known = {name for parameter in found.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert {word.partition("=")[0] for word in rest if word.startswith("--")} <= known, command


@pytest.fixture
def world(stage: DeployedStage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> DoctorStage:
    return DoctorStage(stage, monkeypatch, tmp_path)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_one_finding_whose_commands_clear_it(world: DoctorStage, fault: Fault) -> None:
    fault.seed(world)
    finished = world.doctor("--json")
    checks = finished.document["checks"]
    found = [(row["id"], finding) for row in checks for finding in row["findings"]]
    assert [check for check, _ in found] == [fault.check], json.dumps(found, indent=1)
    ((_, finding),) = found
    assert finished.code == fault.code
    assert fault.says in json.dumps(finding)
    assert finding["mend"]
    assert finding["whom"]
    assert finding["link"] == f"docs/doctor.md#{fault.check.lower()}"
    assert bool(finding["since"]) is fault.since
    for command in finding["mend"]:
        assert_there_is(command)
        world.mend(command)
    assert world.findings() == []


UNMENDED = [
    Fault("no-role", "SB-LWA-001", lambda w: w.amazon.scopes.discard(NOTIFICATIONS_SCOPE), "role"),
    Fault("no-rotation", "SB-LWA-001", lambda w: w.amazon.scopes.discard(ROTATION_SCOPE), "role", 0),
    Fault("amazon-down", "SB-LWA-001", lambda w: setattr(w.amazon, "down", True), "doesn't answer"),
    Fault(
        "type-refused",
        "SB-SUBS-001",
        lambda w: w.amazon.refused_types.update(PRICING_HEALTH="403 Unauthorized"),
        "403 Unauthorized",
        0,
    ),
    Fault(
        "silent",
        "SB-ARRIVE-001",
        lambda w: w.came(FIRST, "ORDER_CHANGE", days=10, ago=timedelta(hours=6)),
        "usual are pauses up to 1 h",
        0,
        True,
    ),
    Fault(
        "canary",
        "SB-ARRIVE-002",
        lambda w: w.cloudwatch.sums.pop(("CanaryRoundTrips", "run_canary")),
        "0",
        1,
        True,
    ),
    Fault("waits", "SB-BACKLOG-001", _waits, "1000 s old", 1, True),
    Fault(
        "rings",
        "SB-ALARM-003",
        lambda w: w.cloudwatch.alarms["warns"].update(StateValue="ALARM"),
        "docs/runbook.md#oldest-message",
        0,
        True,
    ),
    Fault(
        "pages",
        "SB-ALARM-003",
        lambda w: w.cloudwatch.alarms["pages"].update(StateValue="ALARM"),
        "bin/sellerbus status",
        1,
        True,
    ),
    Fault(
        "throttled",
        "SB-QUOTA-001",
        lambda w: w.cloudwatch.sums.update({("ApiThrottled", "getOrders"): 30.0}),
        "30 of 100",
        0,
    ),
]
"""Those that lie with somebody else, or have a cause that other checks would name."""


@pytest.mark.parametrize("fault", UNMENDED, ids=lambda fault: fault.name)
def test_what_no_command_mends_is_one_finding_too(world: DoctorStage, fault: Fault) -> None:
    fault.seed(world)
    finished = world.doctor("--json")
    found = [(row["id"], one) for row in finished.document["checks"] for one in row["findings"]]
    assert [check for check, _ in found] == [fault.check], json.dumps(found, indent=1)
    ((_, finding),) = found
    assert finished.code == fault.code
    assert fault.says in json.dumps(finding)
    for command in finding["mend"]:
        assert_there_is(command)
    assert finding["byHand"] or fault.name in ("canary", "waits")
    assert bool(finding["since"]) is fault.since
