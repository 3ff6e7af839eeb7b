"""Custom resource Custom::SpApiDestination: Amazon's destination for the notification queue, or EventBridge.

Properties: Name, SecretSetCommand, and QueueArn, or with Kind "eventBridge" AccountId and Region. Physical
id, and attribute DestinationId: the destination's id. Another queue gives another id, so CloudFormation
deletes the old destination after all else has moved. Of EventBridge also the attribute EventSourceName, the
partner event source's; it is there, and free for a new event bus, when the resource is created.
"""

from __future__ import annotations

import os
from typing import Any

from sellerbus.api.notifications import NotificationsApi
from sellerbus.api.patience import patiently
from sellerbus.notifications import destination
from sellerbus.notifications.destination import EventBridge, Queue, Target
from sellerbus.notifications.event_source import await_event_source
from sellerbus.runtime import bootstrap, config, custom_resource, observability, selling_partner
from sellerbus.runtime.custom_resource import Request, Result

FAILED_CREATE_ID = "destination-not-created"

logger = observability.logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: observability.LambdaContext) -> None:
    custom_resource.answer(
        event, context, work=_work, failed_create_id=FAILED_CREATE_ID, session=bootstrap.http, log=logger
    )


def _work(request: Request) -> Result:
    if request.request_type == "Delete":
        _delete(request)
        return Result(request.physical_id)
    target, name, api = _target(request), request.text("Name"), _api(request)
    found = patiently(
        lambda: destination.ensure(api, target, name=name), remaining_seconds=request.remaining_seconds
    )
    logger.info(
        "The destination is in place", destination_id=found.destination_id, destination_name=found.name
    )
    attributes = {"DestinationId": found.destination_id}
    if found.event_bridge is not None:
        await_event_source(
            bootstrap.aws("events"),
            found,
            found.event_bridge,
            for_new_bus=request.request_type == "Create",
            remaining_seconds=request.remaining_seconds,
        )
        attributes["EventSourceName"] = found.event_bridge.name
    return Result(found.destination_id, attributes)


def _target(request: Request) -> Target:
    if request.properties.get("Kind") == "eventBridge":
        return EventBridge(request.text("AccountId"), request.text("Region"))
    return Queue(request.text("QueueArn"))


def _delete(request: Request) -> None:
    if request.of_failed_create:
        _take_back(request)
        return
    api, target, destination_id = _api(request), _target(request), request.physical_id
    if isinstance(target, Queue):
        patiently(
            lambda: destination.delete(api, destination_id), remaining_seconds=request.remaining_seconds
        )
        stays = None
    else:
        name = request.text("Name")
        stays = patiently(
            lambda: destination.release(api, destination_id, target, name=name),
            remaining_seconds=request.remaining_seconds,
        )
    if stays is None:
        logger.info("The destination is deleted", destination_id=destination_id)
    else:
        logger.warning("The destination stays at Amazon", destination_id=destination_id, reason=stays)


def _take_back(request: Request) -> None:
    """Delete what a Create may have made whose answer was lost. Never raises: the rollback goes on.

    EventBridge's destination stays. It may be another stage's, and it carries nothing; where AWS was slow to
    show its event source, the next deploy needs it to be there.
    """
    try:
        target = _target(request)
        if isinstance(target, EventBridge):
            logger.info("A destination that the failed creation may have made stays", target=str(target))
            return
        api = _api(request)
        deleted = patiently(
            lambda: destination.take_back(api, target), remaining_seconds=request.remaining_seconds
        )
    except Exception as error:  # noqa: BLE001 - said in the docstring
        # Often the very reason why the Create failed, such as credentials that are not set yet.
        logger.warning(
            "It could not be seen whether the failed creation has left a destination at Amazon",
            reason=observability.redact(f"{type(error).__name__}: {error}"),
        )
        return
    logger.info("The failed creation is taken back", queue_arn=target.arn, deleted=list(deleted))


def _api(request: Request) -> NotificationsApi:
    return selling_partner.notifications_api(
        config.load(config.ManageDestinationConfig, os.environ),
        request.remaining_seconds,
        secret_set_command=str(request.properties.get("SecretSetCommand") or ""),
    )
