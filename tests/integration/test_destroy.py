"""Runs last: taking the deployment away leaves nothing at Amazon and nothing in the account."""

from __future__ import annotations

from tests.integration.system import System


def test_destroy_removes_everything(system: System) -> None:
    before = system.deployment.simulator.state()
    assert before["destinations"], "there is nothing to remove: did an earlier test take it away?"
    assert before["subscriptions"], "there is nothing to remove: did an earlier test take it away?"

    system.deployment.destroy()

    after = system.deployment.simulator.state()
    assert after["destinations"] == []
    assert after["subscriptions"] == []
    stacks = system.client("cloudformation").describe_stacks()["Stacks"]
    assert [stack["StackName"] for stack in stacks if stack["StackName"].startswith("sellerbus-")] == []
