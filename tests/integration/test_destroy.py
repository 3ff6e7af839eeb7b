"""Runs last: taking the deployment away leaves nothing at Amazon and nothing in the account."""

from __future__ import annotations

import json

import requests

from local.cast import SELLERS
from tests.integration.system import System, wanted_types

RETIRED_TYPE = "ACCOUNT_STATUS_CHANGED"


def subscribe_to_a_type_that_is_then_retired(system: System) -> None:
    """As after a deploy without the type whose job for the sellers was lost: nobody is told of the type."""
    assert RETIRED_TYPE not in wanted_types(system)
    ssm, sqs = system.client("ssm"), system.client("sqs")
    name = "/sellerbus-local/wanted-subscriptions"
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


def revoke(system: System, seller_id: str) -> None:
    """The seller withdraws the authorisation at Amazon; nobody tells us."""
    url = f"{system.deployment.simulator.url}/_simulator/sellers/{seller_id}/revoke"
    with requests.Session() as session:
        # A proxy of the user's environment has no business between two programs on this machine.
        session.trust_env = False
        session.post(url, timeout=10).raise_for_status()


def test_destroy_removes_everything_of_revoked_sellers_and_retired_types_too(system: System) -> None:
    before = system.deployment.simulator.state()
    assert before["destinations"], "there is nothing to remove: did an earlier test take it away?"
    assert before["subscriptions"], "there is nothing to remove: did an earlier test take it away?"
    subscribe_to_a_type_that_is_then_retired(system)
    revoke(system, SELLERS[0].seller_id)

    system.deployment.destroy()

    after = system.deployment.simulator.state()
    assert after["destinations"] == []
    assert after["subscriptions"] == []
    stacks = system.client("cloudformation").describe_stacks()["Stacks"]
    assert [stack["StackName"] for stack in stacks if stack["StackName"].startswith("sellerbus-")] == []
