"""The part of the control API for what others do to subscriptions behind the application's back."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from simulator.control_route import NotFoundError, client_id, content, route
from simulator.fields import Fields
from simulator.regions import DEFAULT_REGION, REGIONS
from simulator.world import Subscription, World


class BehindTheBack:
    """Changes destinations and subscriptions without a call that the application could see."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        return [
            route("POST", "/destinations", self._add_destination),
            route("DELETE", "/subscriptions/{subscription_id}", self._delete_subscription),
            route("POST", "/subscriptions/{subscription_id}/move", self._move_subscription),
        ]

    async def _add_destination(self, request: Request) -> object:
        """Of a queue that need not exist; it is not looked at."""
        fields = Fields(await content(request))
        name, arn = fields.text("name"), fields.text("queueArn")
        region = fields.choice("region", REGIONS) or DEFAULT_REGION
        application = client_id(self._world, fields.optional_text("clientId"))
        fields.done()
        made = self._world.add_destination(application, name, {"sqs": {"arn": arn}}, region)
        return {**made.as_json(), "region": region}

    async def _delete_subscription(self, request: Request) -> object:
        gone = self._subscription(request)
        del self._world.subscriptions[gone.subscription_id]
        return _shown(gone)

    async def _move_subscription(self, request: Request) -> object:
        """Amazon has no such operation: it is deleted, and made anew with another id."""
        held = self._subscription(request)
        fields = Fields(await content(request))
        destination_id = fields.text("destinationId")
        fields.done()
        if self._world.destination_of(held.client_id, destination_id, held.region) is None:
            raise NotFoundError(
                f"destinationId: no destination {destination_id} of the subscription's application in "
                f"{held.region}"
            )
        del self._world.subscriptions[held.subscription_id]
        return _shown(self._world.add_subscription(held, destination_id))

    def _subscription(self, request: Request) -> Subscription:
        subscription_id = request.path_params["subscription_id"]
        held = self._world.subscriptions.get(subscription_id)
        if held is None:
            raise NotFoundError(f"no subscription {subscription_id}")
        return held


def _shown(subscription: Subscription) -> dict[str, object]:
    return {
        **subscription.as_json(),
        "sellerId": subscription.seller_id,
        "notificationType": subscription.notification_type,
        "region": subscription.region,
    }
