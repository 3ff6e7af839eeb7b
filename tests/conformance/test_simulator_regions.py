"""Amazon's regions: what is known at one endpoint is unknown at another's, but for the application."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.unit.simulator.amazon import QUEUE_ARN, Amazon, amazon
from tests.unit.simulator.model import check
from tests.unit.simulator.scene import Scene, destination, set_scene


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def scene(simulated: Amazon) -> Scene:
    """Everything in it is of na: the endpoint without a region."""
    return set_scene(simulated)


def listed(scene: Scene, region: str | None) -> list[str]:
    answer = scene.send("getDestinations", region=region)
    assert answer.status_code == 200
    return [row["destinationId"] for row in answer.json()["payload"]]


def test_the_plain_endpoint_is_that_of_na(scene: Scene) -> None:
    assert listed(scene, None) == listed(scene, "na") == [scene.destination_id]
    assert scene.send("getSubscription", region="na").status_code == 200


@pytest.mark.parametrize("region", ["eu", "fe"])
def test_nothing_of_na_is_known_elsewhere(scene: Scene, region: str) -> None:
    assert listed(scene, region) == []
    for operation in ("getDestination", "deleteDestination", "getSubscriptionById", "deleteSubscriptionById"):
        answer = scene.send(operation, region=region)
        assert answer.status_code == 404, operation
        check(operation, answer)
    assert listed(scene, "na") == [scene.destination_id]


def test_the_same_queue_may_have_a_destination_in_each_region(scene: Scene) -> None:
    made = scene.send("createDestination", body=destination(QUEUE_ARN), region="eu")
    assert made.status_code == 200
    assert scene.send("createDestination", body=destination(QUEUE_ARN), region="eu").status_code == 409
    assert listed(scene, "eu") == [made.json()["payload"]["destinationId"]] != listed(scene, "na")


def refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["details"]


def test_a_destination_of_another_region_is_none(scene: Scene) -> None:
    application = scene.amazon.control("GET", "state")["applications"][0]["applicationId"]
    token = scene.amazon.seller_token("SELLER2", "eu")
    answer = scene.send("createSubscription", token=token, region="eu")
    check("createSubscription", answer)
    assert refusal(answer) == (
        400,
        f"No destination with id {scene.destination_id} for applicationId {application}",
    )


@pytest.mark.parametrize("operation", ["getSubscriptions", "getSubscription", "createSubscription"])
def test_a_sellers_token_of_another_region_is_refused(scene: Scene, operation: str) -> None:
    answer = scene.send(operation, region="eu")
    check(operation, answer)
    assert refusal(answer) == (403, "")


def test_a_seller_id_in_two_regions_is_two_authorisations(scene: Scene) -> None:
    there = scene.amazon.seller_token("SELLER1", "eu")
    assert scene.send("getSubscription", token=there, region="eu").status_code == 404
    control = scene.amazon.session.post(
        f"{scene.amazon.url}/_simulator/sellers/SELLER1/revoke", json={}, timeout=20
    )
    assert (control.status_code, "region" in control.json()["error"]) == (400, True)
    revoked = scene.amazon.control("POST", "sellers/SELLER1/revoke", {"region": "eu"})
    assert revoked == {"sellerId": "SELLER1", "region": "eu", "revoked": True}
    assert scene.send("getSubscription", token=there, region="eu").status_code == 403
    assert scene.send("getSubscription").status_code == 200


def test_the_region_of_a_seller_is_that_of_the_marketplaces(simulated: Amazon) -> None:
    simulated.control("POST", "reset")

    def region(*marketplace_ids: str) -> str:
        seller = {"sellerId": "S", "marketplaceIds": marketplace_ids}
        return str(simulated.control("POST", "sellers", seller)["region"])

    assert [region(), region("A1PA6795UKMFR9"), region("A1VC38T7YXB528")] == ["na", "eu", "fe"]
    assert [row["region"] for row in simulated.control("GET", "state")["sellers"]] == ["na", "eu", "fe"]
    mixed = {"sellerId": "S", "marketplaceIds": ["A1PA6795UKMFR9", "ATVPDKIKX0DER"]}
    answer = simulated.session.post(f"{simulated.url}/_simulator/sellers", json=mixed, timeout=20)
    assert (answer.status_code, "na and eu" in answer.json()["error"]) == (400, True)


def test_each_region_has_its_own_quota(scene: Scene) -> None:
    scene.amazon.control("POST", "rates", {"operation": "getDestinations", "ratePerSecond": 1, "burst": 1})
    statuses = [scene.send("getDestinations", region=region).status_code for region in ("na", None, "eu")]
    assert statuses == [200, 429, 200]


def test_the_sandbox_of_a_region_knows_its_destinations(scene: Scene) -> None:
    assert scene.send("sendTestNotification", region="eu").status_code == 400
    assert scene.send("sendTestNotification", region="na").status_code == 200
    assert len(scene.amazon.queues.sent) == 1


def test_the_journal_says_where_a_request_came(scene: Scene) -> None:
    scene.amazon.control("DELETE", "requests")
    scene.send("getDestinations", region="eu")
    scene.send("getDestinations")
    scene.amazon.grantless_token()
    entries = scene.amazon.control("GET", "requests")
    assert [(entry["region"], entry["path"]) for entry in entries] == [
        ("eu", "/notifications/v1/destinations"),
        ("na", "/notifications/v1/destinations"),
        (None, "/auth/o2/token"),
    ]
