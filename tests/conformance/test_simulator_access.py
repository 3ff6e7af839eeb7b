"""Who may call, how often and with what body: the simulator's refusals against Amazon's model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from urllib3.util import SKIP_HEADER

from simulator.gateway import MAXIMUM_BODY_BYTES
from simulator.operations import NOTIFICATIONS, OPERATIONS, Grant
from tests.unit.simulator.amazon import Amazon, amazon
from tests.unit.simulator.model import MODEL_OPERATIONS, RATE_HEADER, check
from tests.unit.simulator.scene import Scene, set_scene


@pytest.fixture(scope="module")
def simulated() -> Iterator[Amazon]:
    with amazon() as running:
        yield running


@pytest.fixture
def scene(simulated: Amazon) -> Scene:
    return set_scene(simulated)


@pytest.mark.parametrize("operation", sorted(MODEL_OPERATIONS))
def test_the_other_grant_is_denied_with_amazons_misleading_text(scene: Scene, operation: str) -> None:
    wrong = scene.seller if OPERATIONS[operation].grant is Grant.GRANTLESS else scene.grantless
    answer = scene.send(operation, token=wrong)
    assert answer.status_code == 403, answer.text
    check(operation, answer)
    assert answer.json()["errors"] == [
        {"code": "Unauthorized", "message": "Access to requested resource is denied.", "details": ""}
    ]


@pytest.mark.parametrize("operation", sorted(MODEL_OPERATIONS))
def test_no_token_an_unknown_one_and_an_expired_one_are_denied(scene: Scene, operation: str) -> None:
    start = scene.amazon.clock.now
    missing = scene.send(operation, without="token")
    unknown = scene.send(operation, token="Atza|nobody")
    scene.amazon.clock.now = start + 3600
    try:
        expired = scene.send(operation)
    finally:
        scene.amazon.clock.now = start
    for answer, words in ((missing, "missing"), (unknown, "malformed or invalid"), (expired, "expired")):
        assert answer.status_code == 403, answer.text
        check(operation, answer)
        assert answer.json()["errors"][0]["code"] == "Unauthorized"
        assert words in answer.json()["errors"][0]["details"]


def test_the_grantless_scope_must_be_that_of_notifications(scene: Scene) -> None:
    other = scene.amazon.token(
        grant_type="client_credentials", scope="sellingpartnerapi::client_credential:rotation"
    )
    answer = scene.send("getDestinations", token=other)
    assert answer.status_code == 403
    check("getDestinations", answer)


def test_a_revoked_seller_is_denied_though_the_token_has_not_expired(scene: Scene) -> None:
    scene.amazon.control("POST", "sellers/SELLER1/revoke")
    answer = scene.send("getSubscription")
    assert answer.status_code == 403
    check("getSubscription", answer)


def test_the_test_notification_exists_in_the_sandbox_only(scene: Scene) -> None:
    answer = scene.send("sendTestNotification", sandbox=False)
    assert answer.status_code == 403
    check("sendTestNotification", answer)


def test_a_request_without_user_agent_is_refused(scene: Scene) -> None:
    headers = {"x-amz-access-token": scene.grantless, "user-agent": SKIP_HEADER}
    answer = scene.amazon.session.get(
        f"{scene.amazon.url}/notifications/v1/destinations", headers=headers, timeout=20
    )
    assert answer.status_code == 400
    check("getDestinations", answer)


@pytest.mark.parametrize("operation", [held.name for held in NOTIFICATIONS if held.has_body])
def test_bodies_of_another_type_and_over_the_limit(scene: Scene, operation: str) -> None:
    typed = scene.send(operation, body=None, data=b"{}", content_type="text/plain")
    assert typed.status_code == 415, typed.text
    check(operation, typed)
    long = scene.send(
        operation, body=None, data=b" " * (MAXIMUM_BODY_BYTES + 1), content_type="application/json"
    )
    assert long.status_code == 413, long.text
    check(operation, long)


@pytest.mark.parametrize("operation", sorted(MODEL_OPERATIONS))
def test_over_the_quota(scene: Scene, operation: str) -> None:
    scene.amazon.control("POST", "rates", {"operation": operation, "ratePerSecond": 0.5, "burst": 1})
    first = scene.send(operation)
    assert first.status_code != 429
    if RATE_HEADER in first.headers:
        assert first.headers[RATE_HEADER] == "0.5"
    second = scene.send(operation)
    assert second.status_code == 429, second.text
    check(operation, second)
    assert second.json()["errors"][0]["code"] == "QuotaExceeded"


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        (operation, int(status))
        for operation, (_, _, said) in sorted(MODEL_OPERATIONS.items())
        for status in said["responses"]
        if status != "200"
    ],
)
def test_every_status_of_the_model_can_be_injected(scene: Scene, operation: str, status: int) -> None:
    scene.amazon.control("POST", "faults", {"operation": operation, "count": 1, "status": status})
    answer = scene.send(operation)
    assert answer.status_code == status
    check(operation, answer)


def test_an_unknown_path_and_method_get_the_misleading_403(scene: Scene) -> None:
    for method, path in (
        ("GET", "/notifications/v2/destinations"),
        ("PUT", "/notifications/v1/destinations"),
    ):
        answer = scene.amazon.call(method, path, scene.grantless)
        assert answer.status_code == 403
        assert answer.json()["errors"][0]["code"] == "Unauthorized"
