"""Amazon has finished feeds: FEED_PROCESSING_FINISHED from the bus, by way of a queue. Written down, and told
to the task that waits."""

import os
from typing import Any

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.feeds.processed import Report, UnusableNotificationError, finished
from sellerbus.runtime import config, feed_following
from sellerbus.runtime.observability import LambdaContext, logger
from sellerbus.runtime.task_config import NoteFeedProcessedConfig

log = logger()


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Take in an SQS batch; answers with the messages that SQS shall deliver again.

    What is no such notification comes again too, until the queue puts it into its dead-letter queue.
    """
    del context
    settings = config.load(NoteFeedProcessedConfig, os.environ)
    feeds = feed_following.processed_feeds(settings)
    failed: list[dict[str, str]] = []
    for record in event["Records"]:
        message_id = record["messageId"]
        try:
            _tell(feeds.take(finished(record["body"])))
        except UnusableNotificationError as error:
            log.warning("a message is no notification of a feed", message_id=message_id, reason=str(error))
            failed.append({"itemIdentifier": message_id})
        except StoreUnavailableError as error:
            log.warning("a notification comes again", message_id=message_id, reason=str(error))
            failed.append({"itemIdentifier": message_id})
        except Exception:
            # What is wrong with one record is not to hold up the others.
            log.exception("a notification could not be taken in", message_id=message_id)
            failed.append({"itemIdentifier": message_id})
    return {"batchItemFailures": failed}


def _tell(report: Report) -> None:
    told: dict[str, Any] = {
        "feed_id": report.finished.feed_id,
        "processing_status": report.finished.processing_status,
        # The task's; until the feed is a task's, the notification's own.
        "correlation_id": report.task_id or report.finished.event_id,
        "event_id": report.finished.event_id,
        "task_id": report.task_id,
        "noted": report.noted.value,
    }
    if report.differs is None:
        log.info("a feed has ended", **told)
    else:
        log.warning("a feed has ended otherwise than it was told before", before=report.differs, **told)
