"""Runs last: taking the deployment away leaves nothing at Amazon and nothing in the account."""

from __future__ import annotations

import json

from local.cast import SELLERS
from tests.integration.system import System, wanted_types

WITHOUT_QUOTA = ("lwa", "uploadDocument", "downloadDocument", "uploadAttachment")
"""Tokens, and the storage behind presigned URLs."""
REQUESTS_PER_LATE_ONE = 500
"""A call that a busy machine brings to Amazon half a second late may draw 429, as docs/reliability.md says.
That there is none without such delays is test_throttle's.
"""
RETIRED_TYPE = "ACCOUNT_STATUS_CHANGED"


def subscribe_to_a_type_that_is_then_retired(system: System) -> None:
    """As after a deploy without the type whose job for the sellers was lost: nobody is told of the type."""
    assert RETIRED_TYPE not in wanted_types(system)
    ssm, sqs = system.client("ssm"), system.client("sqs")
    name = "/sellerbus-local-na/wanted-subscriptions"
    configured = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    wanted = json.loads(configured)
    wanted["subscriptions"].append({"notificationType": RETIRED_TYPE, "payloadVersion": "1.0"})
    ssm.put_parameter(Name=name, Value=json.dumps(wanted), Overwrite=True)
    for seller in SELLERS:
        sqs.send_message(
            QueueUrl=system.outputs["SubscriptionQueueUrl"],
            MessageBody=json.dumps({"sellerId": seller.seller_id}),
        )
    system.wait_for(
        lambda: all(RETIRED_TYPE in system.subscribed_types(seller.seller_id) for seller in SELLERS),
        f"subscriptions to {RETIRED_TYPE}",
    )
    ssm.put_parameter(Name=name, Value=configured, Overwrite=True)


def amazons_refusals(system: System) -> list[dict[str, object]]:
    """The calls of all tests so far that Amazon answered with 429, but for those that a test asked for."""
    return [
        entry
        for entry in system.deployment.simulator.requests()
        if entry["status"] == 429 and not any(order_id in entry["path"] for order_id in system.throttled)
    ]


def test_the_quota_of_amazon_was_kept_in_all_of_this_by_a_table_shared_by_all_functions(
    system: System,
) -> None:
    made = [
        entry for entry in system.deployment.simulator.requests() if entry["operation"] not in WITHOUT_QUOTA
    ]
    assert len(made) > 50, "these are not the requests of the other tests"

    rows = system.client("dynamodb").scan(TableName=system.outputs["QuotaTableName"])["Items"]

    refusals = amazons_refusals(system)
    assert len(refusals) <= len(made) // REQUESTS_PER_LATE_ONE, refusals
    buckets = " ".join(row["bucket"]["S"] for row in rows)
    for operation in {str(entry["operation"]) for entry in made}:
        api, _, name = operation.rpartition("/")
        assert (f"{api} {name}" if api else name) in buckets


def test_destroy_removes_everything_of_revoked_sellers_and_retired_types_too(system: System) -> None:
    refusals = amazons_refusals(system)
    before = system.deployment.simulator.state()
    assert before["destinations"], "there is nothing to remove: did an earlier test take it away?"
    assert before["subscriptions"], "there is nothing to remove: did an earlier test take it away?"
    subscribe_to_a_type_that_is_then_retired(system)
    system.deployment.simulator.revoke(SELLERS[0].seller_id)

    system.deployment.destroy()

    after = system.deployment.simulator.state()
    assert [row["destinationId"] for row in after["destinations"]] == system.foreign
    assert after["subscriptions"] == [
        row for row in before["subscriptions"] if row["destinationId"] in system.foreign
    ]
    assert amazons_refusals(system) == refusals
    stacks = system.client("cloudformation").describe_stacks()["Stacks"]
    assert [stack["StackName"] for stack in stacks if stack["StackName"].startswith("sellerbus-")] == []
