"""Taking three regions away leaves nothing of any."""

from __future__ import annotations

from tests.integration.regions import AWS_REGIONS, Regions


def test_destroy_takes_all_of_them_away(regions: Regions) -> None:
    destroyed = regions.destroyed()

    state = destroyed.simulator.state()
    assert (state["destinations"], state["subscriptions"]) == ([], [])
    for region in AWS_REGIONS.values():
        stacks = destroyed.emulator.new_client("cloudformation", region=region).describe_stacks()["Stacks"]
        assert [stack["StackName"] for stack in stacks if stack["StackName"].startswith("sellerbus-")] == []
