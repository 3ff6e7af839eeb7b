"""Tables, secret and bucket; and what of the data outlives its stack."""

from typing import Any

import pytest

from tests.template.synthesis import Resource, Synthesis

# Renaming a construct would make CloudFormation replace the resource: an empty queue that Amazon doesn't
# know, an empty registry, a key that opens nothing. A change here is a migration, not a refactoring.
KEPT = {
    "Foundation/Key961B73FD",
    "Foundation/LwaCredentialsC83131AE",
    "Foundation/SellerRegistry0D0F8D2D",
    "Notifications/ArchiveBucket49F1AC64",
    "Notifications/LedgerB7379752",
    "Notifications/NotificationQueue9098CA41",
    "Notifications/SubscriptionsState75F3E325",
    "Notifications/NotificationQueueDeadLetterQueueC19F5598",
    "Notifications/PayloadBucket357F5869",
    "Tasks/InboxA8E05DC3",
    "Tasks/MessagesBucket5D8C74D6",
    "Tasks/MessagesTable9E4E97A0",
    "Tasks/Results25575328",
    "Tasks/Tasks0BA6A452",
}
# Without its policy a queue that is kept refuses Amazon, and nobody is told.
KEPT_POLICIES = {
    "Notifications/ArchiveBucketPolicy13E3D5ED",
    "Notifications/NotificationQueueDeadLetterQueuePolicy12272E6B",
    "Notifications/NotificationQueuePolicyC274D66D",
    "Notifications/PayloadBucketPolicy68AC3959",
    "Tasks/InboxPolicy63A7501F",
    "Tasks/MessagesBucketPolicy59D756CF",
    "Tasks/ResultsPolicy9F4743DA",
}
# The queue's destination and the subscriptions.
AT_AMAZON = ("/Destination920A3C57", "/Subscriptions1F71F6D8")


def policies(synthesis: Synthesis) -> dict[str, tuple[Any, Any]]:
    return {
        f"{template.name}/{logical_id}": (
            resource.get("DeletionPolicy"),
            resource.get("UpdateReplacePolicy"),
        )
        for template in synthesis.templates.values()
        for logical_id, resource in template.body["Resources"].items()
    }


def test_data_outlives_its_stack_but_not_a_failed_first_deploy(example: Synthesis) -> None:
    kept = {name for name, found in policies(example).items() if found == ("RetainExceptOnCreate", "Retain")}
    assert kept == KEPT | KEPT_POLICIES


def test_nothing_else_is_left_behind(example: Synthesis) -> None:
    others = {
        found
        for name, found in policies(example).items()
        if name not in KEPT | KEPT_POLICIES and not name.endswith(AT_AMAZON)
    }
    assert others <= {(None, None), ("Delete", "Delete")}


def test_the_emulators_stage_leaves_nothing_behind(local: Synthesis) -> None:
    assert set(policies(local).values()) <= {(None, None), ("Delete", "Delete")}


def test_amazons_side_is_kept_with_the_queue_but_not_what_was_replaced(example: Synthesis) -> None:
    found = {name: policy for name, policy in policies(example).items() if name.endswith(AT_AMAZON)}
    assert set(found.values()) == {("RetainExceptOnCreate", "Delete")}
    assert len(found) == 2


@pytest.fixture
def registry(synthesis: Synthesis) -> Resource:
    return foundation_table(synthesis, "SellerRegistry")


@pytest.fixture
def quota(synthesis: Synthesis) -> Resource:
    return foundation_table(synthesis, "Quota")


@pytest.fixture
def ledger(synthesis: Synthesis) -> Resource:
    return table(synthesis, "Ledger")


@pytest.fixture
def state(synthesis: Synthesis) -> Resource:
    return table(synthesis, "SubscriptionsState")


@pytest.fixture
def arrivals(synthesis: Synthesis) -> Resource:
    return table(synthesis, "Arrivals")


def table(synthesis: Synthesis, name: str) -> Resource:
    tables = synthesis.notifications.of_type("AWS::DynamoDB::Table")
    found: Resource = tables[synthesis.notifications.logical_id("AWS::DynamoDB::Table", name)]["Properties"]
    return found


def foundation_table(synthesis: Synthesis, name: str) -> Resource:
    tables = synthesis.foundation.of_type("AWS::DynamoDB::Table")
    found: Resource = tables[synthesis.foundation.logical_id("AWS::DynamoDB::Table", name)]["Properties"]
    return found


def test_tables_are_paid_per_request_and_recoverable(
    registry: Resource, ledger: Resource, state: Resource, quota: Resource, arrivals: Resource
) -> None:
    for properties in (registry, ledger, state, quota, arrivals):
        assert properties["BillingMode"] == "PAY_PER_REQUEST"
        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert properties["SSESpecification"]["SSEEnabled"] is True
        assert properties["SSESpecification"]["SSEType"] == "KMS"


def test_the_registry_streams_who_changed_and_nothing_of_the_row(registry: Resource) -> None:
    assert registry["KeySchema"] == [{"AttributeName": "sellerId", "KeyType": "HASH"}]
    assert registry["StreamSpecification"] == {"StreamViewType": "KEYS_ONLY"}
    assert "TimeToLiveSpecification" not in registry


def test_the_shared_quota_is_by_bucket_and_forgets_by_time(quota: Resource) -> None:
    assert quota["KeySchema"] == [{"AttributeName": "bucket", "KeyType": "HASH"}]
    assert quota["AttributeDefinitions"] == [{"AttributeName": "bucket", "AttributeType": "S"}]
    assert quota["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}


def test_the_ledger_forgets_by_time_and_finds_what_is_pending(ledger: Resource) -> None:
    assert ledger["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}]
    assert ledger["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}
    (index,) = ledger["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "pending"
    assert index["KeySchema"] == [
        {"AttributeName": "pendingShard", "KeyType": "HASH"},
        {"AttributeName": "leaseUntil", "KeyType": "RANGE"},
    ]
    assert index["Projection"] == {"ProjectionType": "ALL"}
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in ledger["AttributeDefinitions"]}
    assert types == {"pk": "S", "pendingShard": "N", "leaseUntil": "N"}


def test_arrivals_are_by_seller_and_type_and_forget_by_time(arrivals: Resource) -> None:
    assert arrivals["KeySchema"] == [
        {"AttributeName": "sellerId", "KeyType": "HASH"},
        {"AttributeName": "notificationType", "KeyType": "RANGE"},
    ]
    assert arrivals["TimeToLiveSpecification"] == {"AttributeName": "expiresAt", "Enabled": True}


def test_the_secret_is_made_empty(synthesis: Synthesis) -> None:
    secret = synthesis.foundation.only("AWS::SecretsManager::Secret")["Properties"]
    assert set(secret) == {"Description", "KmsKeyId"}


@pytest.fixture(params=["PayloadBucket", "ArchiveBucket"])
def bucket(synthesis: Synthesis, request: pytest.FixtureRequest) -> Resource:
    return _bucket(synthesis, request.param)


def _bucket(synthesis: Synthesis, name: str) -> Resource:
    template = synthesis.notifications
    found: Resource = template.of_type("AWS::S3::Bucket")[template.logical_id("AWS::S3::Bucket", name)]
    properties: Resource = found["Properties"]
    return properties


def test_the_bucket_is_private(bucket: Resource) -> None:
    blocked = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    assert bucket["PublicAccessBlockConfiguration"] == dict.fromkeys(blocked, True)
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_the_bucket_saves_calls_of_the_key(bucket: Resource) -> None:
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["BucketKeyEnabled"] is True
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


def test_payloads_are_gone_for_good_when_their_time_is_over(synthesis: Synthesis) -> None:
    bucket = _bucket(synthesis, "PayloadBucket")
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["Prefix"] == "payloads/"
    assert rule["ExpirationInDays"] == synthesis.settings.retention.payloads_days
    assert "VersioningConfiguration" not in bucket
