"""What the operations remember: whose a thing is, and which things exclude each other."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from simulator.call import Call
from simulator.errors import ApiError
from simulator.notifications import NotificationsApi
from simulator.world import Application
from tests.unit.simulator.amazon import CLIENT_ID, CLIENT_SECRET, QUEUE_ARN, FakeClock, FakeQueues, make_world

OURS = Application(CLIENT_ID, CLIENT_SECRET)
FEED = "FEED_PROCESSING_FINISHED"
THEIRS = Application("amzn1.application-oa2-client.other", "secret")


class Api:
    """The operations as plain function calls that answer with the payload."""

    def __init__(self, queues: FakeQueues | None = None) -> None:
        self.world = make_world(FakeClock(), OURS, THEIRS)
        self._api = NotificationsApi(self.world, queues or FakeQueues())

    def call(
        self,
        operation: str,
        *,
        application: Application = OURS,
        seller_id: str | None = None,
        query: tuple[tuple[str, str], ...] = (),
        body: object = None,
        path: Mapping[str, str] | None = None,
    ) -> Any:
        answer = asyncio.run(
            self._api.carry_out(Call(operation, application, seller_id, path or {}, query, body))
        )
        return answer.get("payload")

    def destination(self, arn: str = QUEUE_ARN, application: Application = OURS) -> str:
        body = {"name": "n", "resourceSpecification": {"sqs": {"arn": arn}}}
        return str(self.call("createDestination", application=application, body=body)["destinationId"])

    def event_bridge(self, account_id: str = "111122223333", region: str = "us-east-1") -> Any:
        resource = {"eventBridge": {"accountId": account_id, "region": region}}
        return self.call("createDestination", body={"name": "n", "resourceSpecification": resource})

    def subscribe(
        self,
        destination_id: str,
        notification_type: str = FEED,
        version: str = "1.0",
        seller_id: str = "SELLER1",
        expression: str | None = None,
        application: Application = OURS,
    ) -> str:
        body: dict[str, object] = {"payloadVersion": version, "destinationId": destination_id}
        if expression:
            body["processingDirective"] = {"filterExpression": expression}
        made = self.call(
            "createSubscription",
            application=application,
            seller_id=seller_id,
            body=body,
            path={"notificationType": notification_type},
        )
        return str(made["subscriptionId"])


def status_of(refused: pytest.ExceptionInfo[ApiError]) -> int:
    return refused.value.status


def test_versions_sellers_and_types_do_not_exclude_each_other() -> None:
    api = Api()
    destination_id = api.destination()
    api.subscribe(destination_id)
    api.subscribe(destination_id, version="2020-09-04")
    api.subscribe(destination_id, seller_id="SELLER2")
    api.subscribe(destination_id, "ORDER_CHANGE")
    with pytest.raises(ApiError) as refused:
        api.subscribe(api.destination(QUEUE_ARN + "2"))
    assert status_of(refused) == 409, "another destination does not make room for a second subscription"


def test_several_filter_expressions_are_allowed_when_they_differ() -> None:
    api = Api()
    destination_id = api.destination()
    api.subscribe(destination_id, expression="a == 1")
    api.subscribe(destination_id, expression="a == 2")
    for expression in ("a == 1", None):
        with pytest.raises(ApiError) as refused:
            api.subscribe(destination_id, expression=expression)
        assert status_of(refused) == 409


def test_the_latest_version_is_returned_where_none_is_asked_for() -> None:
    api = Api()
    destination_id = api.destination()
    new = api.subscribe(destination_id, version="2020-09-04")
    old = api.subscribe(destination_id, version="1.0")

    def get(*query: tuple[str, str]) -> Any:
        found = api.call(
            "getSubscription",
            seller_id="SELLER1",
            query=query,
            path={"notificationType": FEED},
        )
        return found["subscriptionId"]

    assert get() == new
    assert get(("payloadVersion", "1.0")) == old
    with pytest.raises(ApiError) as refused:
        get(("payloadVersion", "2.0"))
    assert status_of(refused) == 404


def test_an_application_sees_nothing_of_another() -> None:
    api = Api()
    destination_id = api.destination()
    subscription_id = api.subscribe(destination_id)
    path = {"notificationType": FEED, "subscriptionId": subscription_id}
    assert api.call("getDestinations", application=THEIRS) == []
    for operation, names in (
        ("getDestination", {"destinationId": destination_id}),
        ("deleteDestination", {"destinationId": destination_id}),
        ("getSubscriptionById", path),
        ("deleteSubscriptionById", path),
    ):
        with pytest.raises(ApiError) as refused:
            api.call(operation, application=THEIRS, path=names)
        assert status_of(refused) == 404
    with pytest.raises(ApiError, match="No destination with id"):
        api.subscribe(destination_id, application=THEIRS)
    theirs = api.destination(application=THEIRS)
    api.subscribe(theirs, application=THEIRS)
    assert len(api.world.subscriptions) == 2


def test_a_deleted_subscription_and_destination_are_gone() -> None:
    api = Api()
    destination_id = api.destination()
    subscription_id = api.subscribe(destination_id)
    api.call(
        "deleteSubscriptionById",
        path={"notificationType": FEED, "subscriptionId": subscription_id},
    )
    api.call("deleteDestination", path={"destinationId": destination_id})
    assert not api.world.subscriptions
    assert not api.world.destinations
    assert api.destination() != destination_id, "a destination made anew has a new id"


def test_event_bridge_types_need_an_event_bridge_destination_and_the_reverse() -> None:
    api = Api()
    made = api.event_bridge()
    assert made["resource"]["eventBridge"]["name"].startswith(
        "aws.partner/sellingpartnerapi.amazon.com/111122223333/"
    )
    api.subscribe(made["destinationId"], "BRANDED_ITEM_CONTENT_CHANGE")
    with pytest.raises(ApiError, match="sqs destinations only"):
        api.subscribe(made["destinationId"], "ORDER_CHANGE")
    with pytest.raises(ApiError, match="eventBridge destinations only"):
        api.subscribe(api.destination(), "LISTINGS_ITEM_STATUS_CHANGE")


def test_one_event_bridge_destination_for_an_account_and_region() -> None:
    api = Api()
    api.event_bridge()
    api.event_bridge(region="eu-west-1")
    api.event_bridge(account_id="444455556666")
    with pytest.raises(ApiError) as refused:
        api.event_bridge()
    assert status_of(refused) == 409


def test_two_requests_for_one_queue_at_the_same_time_make_one_destination() -> None:
    api = Api()

    async def both() -> Sequence[object]:
        body = {"name": "n", "resourceSpecification": {"sqs": {"arn": QUEUE_ARN}}}
        carry_out = NotificationsApi(api.world, FakeQueues()).carry_out
        call = Call("createDestination", OURS, None, {}, (), body)
        return await asyncio.gather(carry_out(call), carry_out(call), return_exceptions=True)

    answers = asyncio.run(both())
    assert sorted(isinstance(answer, ApiError) for answer in answers) == [False, True]
    assert len(api.world.destinations) == 1


def test_without_an_aws_endpoint_no_queue_is_checked() -> None:
    world = make_world(FakeClock(), OURS)
    body = {"name": "n", "resourceSpecification": {"sqs": {"arn": QUEUE_ARN}}}
    call = Call("createDestination", OURS, None, {}, (), body)
    asyncio.run(NotificationsApi(world, None).carry_out(call))
    assert len(world.destinations) == 1
