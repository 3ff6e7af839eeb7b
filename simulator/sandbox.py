"""The static sandbox: fixed answers, whatever the state.

Source: the `x-amzn-api-sandbox` cases of the model notifications.json. Amazon's sandbox compares the request
with the parameters of a case and answers 400 "Could not match input arguments" where none fits.
sendTestNotification is dynamic: it sends a notification to a destination that createDestination made outside
the sandbox.
"""

from __future__ import annotations

from simulator import rules
from simulator.call import Call
from simulator.errors import ApiError
from simulator.publisher import Publisher, PublishError
from simulator.world import World

_SUBSCRIPTION = {
    "subscriptionId": "TEST_CASE_200_SUBSCRIPTION_ID",
    "payloadVersion": "1.0",
    "destinationId": "TEST_CASE_200_DESTINATION_ID",
}


def _destination(destination_id: str) -> dict[str, object]:
    return {
        "destinationId": destination_id,
        "resource": {"sqs": {"arn": "arn:aws:sqs:us-east-2:444455556666:queue1"}},
        "name": "SQSDestination",
    }


_LISTING = {
    "subscriptions": [
        {
            "subscriptionId": "7fcacc7e-727b-11e9-8848-1681be663d3e",
            "payloadVersion": "1.0",
            "destinationId": "3acafc7e-121b-1329-8ae8-1571be663aa2",
        }
    ]
}

_ANSWERS: dict[str, dict[str, object]] = {
    "getSubscription": {"payload": _SUBSCRIPTION},
    "createSubscription": {"payload": _SUBSCRIPTION},
    "getSubscriptionById": {"payload": _SUBSCRIPTION},
    "deleteSubscriptionById": {},
    "getDestinations": {"payload": [_destination("TEST_CASE_200")]},
    "createDestination": {"payload": _destination("TEST_CASE_200_DESTINATION_ID")},
    "getDestination": {"payload": _destination("TEST_CASE_200_DESTINATION")},
    "deleteDestination": {},
}


class SandboxApi:
    """Carries out calls in sandbox mode; the counterpart of NotificationsApi."""

    def __init__(self, world: World, publisher: Publisher) -> None:
        self._world = world
        self._publisher = publisher

    async def carry_out(self, call: Call) -> dict[str, object]:
        """Returns the body of the 200, or raises ApiError."""
        if call.operation == "sendTestNotification":
            return await self._send_test_notification(call)
        if call.operation == "getSubscriptions":
            if ("notificationTypes", "ANY_OFFER_CHANGED") not in call.query:
                raise ApiError(400, "InvalidInput", "Could not match input arguments")
            return {"payload": _LISTING}
        return _ANSWERS[call.operation]

    async def _send_test_notification(self, call: Call) -> dict[str, object]:
        """The content of the notification is not documented; ours carries the scenario's name."""
        kind = rules.known_type(self._world.notification_types, call.path["notificationType"])
        request = rules.notification_test_request(call.body, kind)
        destination = self._world.destination_of(
            call.application.client_id, request.destination_id, call.region
        )
        if destination is None:
            raise ApiError(
                400,
                "InvalidInput",
                "InvalidInput",
                "Invalid Input, recheck that the AppId and DestinationId are valid and "
                "DestinationId belongs to the application",
            )
        try:
            await self._publisher.send_test(destination, kind, request.payload_version, request.test_scenario)
        except PublishError as error:
            raise ApiError(400, "InvalidInput", "InvalidInput", str(error)) from error
        return {}
