"""The key: rotation, who may use it for what, and that everything at rest is under it."""

import json
from typing import Any

import pytest

from tests.template.synthesis import Synthesis, listed

ACCOUNT = {"Ref": "AWS::AccountId"}

# What holds data, and where its key stands.
KEY_OF_TYPE = {
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::SecretsManager::Secret": ("KmsKeyId",),
    "AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::Events::EventBus": ("KmsKeyIdentifier",),
    "AWS::StepFunctions::StateMachine": ("EncryptionConfiguration", "KmsKeyId"),
    "AWS::S3::Bucket": (
        "BucketEncryption",
        "ServerSideEncryptionConfiguration",
        0,
        "ServerSideEncryptionByDefault",
        "KMSMasterKeyID",
    ),
}

# Types that hold nothing, or nothing that is secret (names, code, and the wanted subscriptions).
WITHOUT_DATA = {
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::Events::Rule",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::Logs::QueryDefinition",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "Custom::EmptyBucket",
    "AWS::SQS::QueuePolicy",
    "AWS::SSM::Parameter",
    "Custom::SpApiDestination",
    "Custom::SpApiSubscriptions",
    "Custom::StopExecutions",
}


@pytest.fixture
def statements(synthesis: Synthesis) -> dict[str, Any]:
    policy = synthesis.foundation.only("AWS::KMS::Key")["Properties"]["KeyPolicy"]
    return {statement.get("Sid", "Account"): statement for statement in policy["Statement"]}


def test_rotates(synthesis: Synthesis) -> None:
    assert synthesis.foundation.only("AWS::KMS::Key")["Properties"]["EnableKeyRotation"] is True


def test_lets_amazon_encrypt_what_it_sends(statements: dict[str, Any]) -> None:
    amazon = statements["AmazonEncryptsNotifications"]
    assert amazon["Principal"] == {"AWS": "arn:aws:iam::437568002678:root"}
    assert set(amazon["Action"]) == {"kms:GenerateDataKey", "kms:Decrypt"}
    assert amazon["Resource"] == "*"
    assert "Condition" not in amazon


def test_amazon_stands_in_one_statement_only(statements: dict[str, Any]) -> None:
    assert json.dumps(statements).count("437568002678") == 1


def test_lets_alarms_of_this_account_publish_to_the_encrypted_topic(statements: dict[str, Any]) -> None:
    alarms = statements["AlarmsPublishToTheAlarmTopic"]
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert set(alarms["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_lets_rules_of_this_account_send_to_encrypted_queues(statements: dict[str, Any]) -> None:
    rules = statements["RulesSendToQueues"]
    assert rules["Principal"] == {"Service": "events.amazonaws.com"}
    assert set(rules["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert rules["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_lets_exactly_this_cells_bus_encrypt_events(synthesis: Synthesis, statements: dict[str, Any]) -> None:
    bus_id = synthesis.notifications.logical_id("AWS::Events::EventBus", "EventBus")
    bus = synthesis.notifications.of_type("AWS::Events::EventBus")[bus_id]["Properties"]["Name"]
    statement = statements["TheBusStoresEvents"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert set(statement["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    arn = statement["Condition"]["StringEquals"]["kms:EncryptionContext:aws:events:event-bus:arn"]
    region = synthesis.settings.aws_region
    assert arn == {"Fn::Join": ["", [f"arn:aws:events:{region}:", ACCOUNT, f":event-bus/{bus}"]]}
    assert statements["TheBusReadsWhatKeyItHas"]["Action"] == "kms:DescribeKey"


def test_lets_the_bus_of_amazons_event_source_encrypt_also_while_the_last_type_is_taken_away(
    synthesis: Synthesis, statements: dict[str, Any]
) -> None:
    """The key's stack is updated before the bus is deleted: so the right stays, whether there is a bus."""
    statement = statements["ThePartnerBusStoresEvents"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert set(statement["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    beginning = f"arn:aws:events:{synthesis.settings.aws_region}:"
    buses = ":event-bus/aws.partner/sellingpartnerapi.amazon.com/"
    assert statement["Condition"] == {
        "ArnLike": {
            "kms:EncryptionContext:aws:events:event-bus:arn": {
                "Fn::Join": ["", [beginning, ACCOUNT, buses, ACCOUNT, "/*"]]
            }
        }
    }


def test_lets_log_groups_of_this_cell_encrypt(synthesis: Synthesis, statements: dict[str, Any]) -> None:
    logs = statements["LogGroupsOfThisCell"]
    region = synthesis.settings.aws_region
    assert logs["Principal"] == {"Service": f"logs.{region}.amazonaws.com"}
    patterns = logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    assert patterns == [
        {"Fn::Join": ["", [f"arn:aws:logs:{region}:", ACCOUNT, f":log-group:{named}-*"]]}
        for named in (synthesis.prefix, f"/aws/vendedlogs/states/{synthesis.prefix}")
    ]


def test_lets_the_state_machines_logs_be_delivered(synthesis: Synthesis, statements: dict[str, Any]) -> None:
    deliveries = statements["StateMachinesDeliverLogs"]
    region = synthesis.settings.aws_region
    assert deliveries["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert deliveries["Action"] == "kms:Decrypt"
    account = {"Fn::Join": ["", [f"arn:aws:logs:{region}:", ACCOUNT, ":*"]]}
    assert deliveries["Condition"] == {"StringEquals": {"kms:EncryptionContext:SourceArn": account}}


def test_nobody_else_may_use_it(statements: dict[str, Any]) -> None:
    assert set(statements) == {
        "Account",
        "AlarmsPublishToTheAlarmTopic",
        "AmazonEncryptsNotifications",
        "LogGroupsOfThisCell",
        "RulesSendToQueues",
        "StateMachinesDeliverLogs",
        "TheBusReadsWhatKeyItHas",
        "TheBusStoresEvents",
        "ThePartnerBusStoresEvents",
    }
    own = {"Fn::Join": ["", ["arn:aws:iam::", ACCOUNT, ":root"]]}
    assert statements["Account"]["Principal"] == {"AWS": own}


def test_everything_at_rest_is_under_it(synthesis: Synthesis) -> None:
    key_id = synthesis.foundation.logical_id("AWS::KMS::Key", "Key")
    elsewhere = []
    for resource_type, path in KEY_OF_TYPE.items():
        for name, resource in synthesis.all_of_type(resource_type).items():
            value: Any = resource["Properties"]
            for part in path:
                value = value[part] if isinstance(part, int) else (value or {}).get(part)
            if key_id not in json.dumps(value):
                elsewhere.append(name)
    # A bus puts there what it could not encrypt: under the same key that could not be kept either.
    buses = ["EventBus", "PartnerEventsPartnerBus"] if synthesis.has_partner_events else ["EventBus"]
    assert sorted(name[:-8] for name in elsewhere) == [
        f"Notifications/{bus}UndeliverableQueue" for bus in buses
    ]
    for undeliverable in elsewhere:
        queue = synthesis.all_of_type("AWS::SQS::Queue")[undeliverable]["Properties"]
        assert queue["SqsManagedSseEnabled"] is True


def test_no_type_escapes_the_question_of_its_key(synthesis: Synthesis) -> None:
    types = {
        resource["Type"]
        for template in synthesis.templates.values()
        for resource in template.body["Resources"].values()
    }
    assert types <= KEY_OF_TYPE.keys() | WITHOUT_DATA


def test_functions_may_use_it_only_through_a_service_or_for_refresh_tokens(synthesis: Synthesis) -> None:
    rights = [
        (function, sid, statement)
        for template in synthesis.with_functions
        for function in template.functions()
        for sid, statement in template.rights(function).items()
    ]
    for function, sid, statement in rights:
        if not any(action.startswith("kms:") for action in listed(statement["Action"])):
            continue
        if sid == "DecryptRefreshTokens":
            assert statement["Action"] == "kms:Decrypt"
            assert statement["Condition"] == {
                "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["sellerId"]},
                "Null": {"kms:EncryptionContext:sellerId": "false"},
            }
        elif sid.startswith("HandOnTo"):
            # Another cell's key: tests/template/test_secret_rotation.py.
            assert "kms:ResourceAliases" in statement["Condition"]["ForAnyValue:StringEquals"]
        else:
            service = statement["Condition"]["StringEquals"]["kms:ViaService"]
            assert service.endswith(f".{synthesis.settings.aws_region}.amazonaws.com"), (function, sid)


def test_only_functions_that_call_for_sellers_decrypt_refresh_tokens(synthesis: Synthesis) -> None:
    may = {
        name
        for template in synthesis.with_functions
        for name in template.functions()
        if "DecryptRefreshTokens" in template.rights(name)
    }
    assert may == {
        *("inspect_amazon", "manage_subscriptions", "reconcile_subscriptions"),
        *("collect_feed_report", "follow_feed", "operate_feed", "submit_feed"),
        *("look_up_orders", "send_message"),
        *("find_missed_events", "rotate_secret"),
    }
