"""The Application Management API, and what Amazon sends to the queues of an application's owner.

Source: the model application_2023-11-30.json; the two notifications as Amazon's guide and its sample solution
show them. In the sandbox the operation answers the refusal that the model has as its only example.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from simulator.call import Call
from simulator.deliveries import Sleep
from simulator.errors import ApiError
from simulator.queues import QueueError, Queues
from simulator.world import Application, World

NEW_SECRET = "APPLICATION_OAUTH_CLIENT_NEW_SECRET"
SECRET_EXPIRY = "APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY"
_VERSION = "2023-11-30"
_NOT_ENROLLED = (
    "Application is not enrolled for rotation notification. "
    "Please update application notification preference in Developer console."
)


def not_enrolled() -> ApiError:
    return ApiError(400, "InvalidInput", _NOT_ENROLLED)


class ApplicationsApi:
    def __init__(self, world: World, queues: Queues | None, sleep: Sleep) -> None:
        self._world = world
        self._queues = queues
        self._sleep = sleep
        self._tasks: set[asyncio.Task[None]] = set()

    async def carry_out(self, call: Call) -> None:
        """Makes a new secret and sends it to the owner's queue. Raises ApiError."""
        self.rotate(call.application)

    def rotate(self, application: Application, *, at_the_console: bool = False) -> None:
        """Does what rotateApplicationClientSecret does; in the Developer Console it needs no queue."""
        held = self._world.secrets_of(application)
        if not held.new_secret_queue and not at_the_console:
            raise not_enrolled()
        made, old_ends_at = held.rotate(self._world.mint.randomness, self._world.clock())
        if not held.new_secret_queue:
            return
        timestamp = self._world.mint.timestamp
        payload = {
            "applicationOAuthClientNewSecret": {
                "clientId": application.client_id,
                "newClientSecret": made.value,
                "newClientSecretExpiryTime": timestamp(made.ends_at),
                "oldClientSecretExpiryTime": timestamp(old_ends_at),
            }
        }
        body = self._body(application, NEW_SECRET, payload)
        self._post(held.new_secret_queue, body, held.pace.message_after)

    def announce_expiry(self, application: Application, *, of_previous: bool) -> str:
        """Tells the owner when the newest secret ends, or the one before; returns the notificationId."""
        held = self._world.secrets_of(application)
        secret = held.secrets[-2] if of_previous else held.newest
        payload = {
            "applicationOAuthClientSecretExpiry": {
                "clientId": application.client_id,
                "clientSecretExpiryTime": self._world.mint.timestamp(secret.ends_at),
                "clientSecretExpiryReason": "PERIODIC_ROTATION",
            }
        }
        body = self._body(application, SECRET_EXPIRY, payload)
        self._post(held.expiry_queue, body, 0.0)
        return str(body["notificationMetadata"]["notificationId"])

    def _body(self, application: Application, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        mint = self._world.mint
        return {
            "notificationVersion": "1.0",
            "notificationType": kind,
            "payloadVersion": _VERSION,
            "eventTime": mint.timestamp(),
            "payload": payload,
            "notificationMetadata": {
                "applicationId": application.application_id,
                "subscriptionId": mint.identifier(),
                "publishTime": mint.timestamp(),
                "notificationId": mint.identifier(),
            },
        }

    def _post(self, queue_arn: str, body: dict[str, Any], after_seconds: float) -> None:
        task = asyncio.create_task(self._send(queue_arn, json.dumps(body), after_seconds))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, queue_arn: str, body: str, after_seconds: float) -> None:
        if self._queues is None:
            return
        if after_seconds:
            await self._sleep(after_seconds)
        try:
            await asyncio.to_thread(self._queues.send, queue_arn, [body])
        except QueueError as error:
            # Amazon tells nobody either; whoever runs the simulator is told.
            sys.stderr.write(f"simulator: a message to the application's owner is lost: {error}\n")


class ApplicationsSandbox:
    """Answers what the model's example has."""

    async def carry_out(self, call: Call) -> None:
        del call
        raise not_enrolled()
