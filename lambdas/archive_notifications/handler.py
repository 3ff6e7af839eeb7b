"""Published events, from the archive's queue into the archive, a batch to an object."""

import os
from collections.abc import Iterable
from typing import Any

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.runtime import archiving, config
from sellerbus.runtime.archive_config import ArchiveNotificationsConfig
from sellerbus.runtime.observability import LambdaContext, MetricUnit, emitted, logger, metrics

log = logger()


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Write an SQS batch; answers with the messages that SQS shall deliver again.

    What is no event comes again too, until the queue puts it into its dead-letter queue.
    """
    del context
    settings = config.load(ArchiveNotificationsConfig, os.environ)
    bodies = {record["messageId"]: record["body"] for record in event["Records"]}
    try:
        archived = archiving.archive_writer(settings).write(bodies)
    except StoreUnavailableError as error:
        log.warning("a batch is not archived and comes again", reason=str(error), events=len(bodies))
        return _again(bodies)
    for message_id, reason in archived.refused.items():
        log.warning("a message is no event", message_id=message_id, reason=reason)
    if archived.key:
        log.info("events are archived", key=archived.key, events=archived.events)
    with emitted(metrics()) as measured:
        measured.add_metric("EventsArchived", MetricUnit.Count, archived.events)
    return _again(archived.refused)


def _again(message_ids: Iterable[str]) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in message_ids]}
