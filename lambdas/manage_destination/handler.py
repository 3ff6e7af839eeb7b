"""Custom resource Custom::SpApiDestination: Amazon's destination for the notification queue.

Properties: QueueArn, Name, SecretSetCommand. Physical id, and attribute DestinationId: the
destination's id. Another queue gives another id, so CloudFormation deletes the old destination after all else
has moved.
"""

from __future__ import annotations

import os
from typing import Any

from sellerbus.api.notifications import NotificationsApi
from sellerbus.notifications import destination
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
    if request.request_type == "Delete" and request.of_failed_create:
        _take_back(request)
        return Result(request.physical_id)
    api = _api(request)
    if request.request_type == "Delete":
        destination.delete(api, request.physical_id)
        logger.info("The destination is deleted", destination_id=request.physical_id)
        return Result(request.physical_id)
    found = destination.ensure(api, queue_arn=request.text("QueueArn"), name=request.text("Name"))
    logger.info("The destination is in place", destination_id=found.destination_id)
    return Result(found.destination_id, {"DestinationId": found.destination_id})


def _take_back(request: Request) -> None:
    """Delete what a Create may have made whose answer was lost. Never raises: the rollback goes on."""
    try:
        queue_arn = request.text("QueueArn")
        deleted = destination.take_back(_api(request), queue_arn)
    except Exception as error:  # noqa: BLE001 - said in the docstring
        # Often the very reason why the Create failed, such as credentials that are not set yet.
        logger.warning(
            "It could not be seen whether the failed creation has left a destination at Amazon",
            reason=observability.redact(f"{type(error).__name__}: {error}"),
        )
        return
    logger.info("The failed creation is taken back", queue_arn=queue_arn, deleted=list(deleted))


def _api(request: Request) -> NotificationsApi:
    return selling_partner.notifications_api(
        config.load(config.ManageDestinationConfig, os.environ),
        request.remaining_seconds,
        secret_set_command=str(request.properties.get("SecretSetCommand") or ""),
        most_wait_seconds=selling_partner.DEPLOYMENT_WAIT_SECONDS,
    )
