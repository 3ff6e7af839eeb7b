"""The application's client secret: its messages from Amazon, regular looks, and what operators ask.

Invoked by SQS (the application queue), every five minutes by a schedule ({"request": "look"}), and by
`sellerbus secrets` ({"request": "status" | "verify" | "rotate", "again": bool}). No body of a message and
nothing of a secret is logged, told or answered.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

from sellerbus.api.errors import RetryableError, SellingPartnerError, ThrottledError
from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.message_queue import Message, MessageQueue
from sellerbus.rotation.keeping import WAIT_SECONDS, Kept, WaitError
from sellerbus.rotation.looking import Look
from sellerbus.rotation.messages import UnusableMessageError
from sellerbus.rotation.state import Because
from sellerbus.rotation.versions import NoCredentialsError
from sellerbus.runtime import coming_back, config, secret_rotation
from sellerbus.runtime.observability import LambdaContext, MetricUnit, count, emitted, logger, metrics
from sellerbus.runtime.rotation_config import RotateSecretConfig
from sellerbus.runtime.secret_rotation import SecretRotation

MARGIN_SECONDS: Final = 5.0

log = logger()


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers SQS with the messages that come again, an operator with what was asked.

    Source: Lambda developer guide, "Using Lambda with Amazon SQS", ReportBatchItemFailures.
    """
    settings = config.load(RotateSecretConfig, os.environ)
    parts = secret_rotation.secret_rotation(
        settings, lambda: context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
    )
    if "Records" in event:
        failed = [record["messageId"] for record in event["Records"] if not _took(record, settings, parts)]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
    return _answered(event, settings, parts)


def _took(record: dict[str, Any], settings: RotateSecretConfig, parts: SecretRotation) -> bool:
    """Take one message as far as it may be deleted; False where it must come again."""
    message = Message.of_record(record)
    queue = secret_rotation.application_queue(settings)
    is_forwarded = secret_rotation.FORWARDED_FROM in record.get("messageAttributes", {})
    wait = message.retry_seconds
    try:
        kept = parts.keeper.take(message.body, is_forwarded=is_forwarded)
    except UnusableMessageError as error:
        if _is_dead_letter(message, error, queue):
            return True
    except WaitError as error:
        log.warning("a message waits", message_id=message.message_id, reason=str(error))
        wait = WAIT_SECONDS
    except (StoreUnavailableError, SellingPartnerError) as error:
        log.warning("a message comes again", message_id=message.message_id, reason=str(error))
    except Exception as error:  # noqa: BLE001 - its text may hold the secret, and the message must stay
        log.error("a message comes again", message_id=message.message_id, reason=_defect(error))  # noqa: TRY400
    else:
        _tell(kept, message)
        _look_on(parts)
        return True
    coming_back.hide(queue, message, wait, log)
    return False


def _is_dead_letter(message: Message, error: UnusableMessageError, queue: MessageQueue) -> bool:
    """Hand the message to the dead-letter queue, unchanged; False where that failed, and it comes again."""
    log.error(
        "a message of the application queue is a dead letter: a person must look",
        message_id=message.message_id,
        reason=error.reason,
        detail=error.detail,
    )
    try:
        queue.reject(message, error.reason, error.detail)
    except StoreUnavailableError as unavailable:
        log.warning("a dead letter could not be sent", message_id=message.message_id, reason=str(unavailable))
        return False
    count("SecretMessagesRejected", 1)
    return True


def _tell(kept: Kept, message: Message) -> None:
    log.info(
        "a message of the application queue is done with",
        message_id=message.message_id,
        notification_id=kept.notification_id,
        outcome=kept.kind,
        forwarded_to=list(kept.forwarded_to),
    )


def _look_on(parts: SecretRotation) -> None:
    """Try the new secret at once. What fails here is for the next look: the message is safe already."""
    try:
        _report(parts.looker.look())
    except (StoreUnavailableError, SellingPartnerError, NoCredentialsError) as error:
        log.warning("the rotation goes on at the next look", reason=str(error))
    except Exception as error:  # noqa: BLE001 - the message is done with, whatever happens here
        log.error("the rotation goes on at the next look", reason=_defect(error))  # noqa: TRY400


def _answered(event: dict[str, Any], settings: RotateSecretConfig, parts: SecretRotation) -> dict[str, Any]:
    asked = {
        "look": lambda: _report(parts.looker.look()),
        "status": parts.looker.status,
        "verify": parts.looker.verify,
        "rotate": lambda: _rotate(settings, parts, again=event.get("again") is True),
    }
    request: Callable[[], dict[str, Any]] | None = asked.get(str(event.get("request")))
    if request is None:
        raise ValueError(f"request must be one of {', '.join(asked)}")
    try:
        return request()
    except NoCredentialsError as error:
        log.warning("the secret holds no credentials", reason=str(error))
        return {"error": {"kind": "no-credentials", "message": str(error)}}
    except (StoreUnavailableError, SellingPartnerError) as error:
        if event["request"] == "look":
            raise
        log.warning("an operator's request failed", request=event["request"], reason=str(error))
        return {"error": _refusal(error)}


def _refusal(error: StoreUnavailableError | SellingPartnerError) -> dict[str, Any]:
    """What the command line is told; the kinds are those of inspect_amazon."""
    if isinstance(error, ThrottledError):
        return {"kind": "throttled", "message": str(error), "seconds": error.seconds}
    is_temporary = isinstance(error, StoreUnavailableError | RetryableError)
    return {"kind": "retryable" if is_temporary else "permanent", "message": str(error)}


def _rotate(settings: RotateSecretConfig, parts: SecretRotation, *, again: bool) -> dict[str, Any]:
    if not settings.asks:
        return {"error": {"kind": "permanent", "message": "this cell doesn't ask Amazon for new secrets"}}
    asked = parts.asker.ask(Because.OPERATOR, again=again)
    log.info("an operator asked for a new client secret", is_new=asked.is_new, again=again)
    return {"isNew": asked.is_new, **parts.looker.status()}


def _report(look: Look) -> dict[str, Any]:
    for trouble in look.troubles:
        log.error(
            "the rotation of the client secret needs a person",
            problem=trouble.problem,
            of=trouble.of,
            reason=trouble.text,
        )
    if look.is_refused:
        count("ClientSecretRefused", 1)
    with emitted(metrics()) as measured:
        measured.add_metric("SecretRotationsFailed", MetricUnit.Count, len(look.troubles))
    successor = look.rotation.successor
    return {
        "troubles": [trouble.problem for trouble in look.troubles],
        "stage": successor.stage.value if successor else None,
        "isRefused": look.is_refused,
    }


def _defect(error: Exception) -> str:
    return f"defect: {type(error).__name__}"
