"""Answers CloudFormation for a custom resource, whatever happens, so that no stack hangs.

Source: CloudFormation, "Custom resource request and response reference". The work runs in a thread beside the
one that answers: when the time is nearly over, the answer is FAILED and the work is told to stop. A second
delivery of the same event repeats work that must be repeatable, and an answer that CloudFormation ignores.
"""

from __future__ import annotations

import contextvars
import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, cast

from sellerbus.api.redaction import redact, shorten

LONGEST_RESPONSE_BYTES: Final = 4096
LONGEST_REASON: Final = 1500
ANSWER_SECONDS: Final = 14.0
"""Kept for the answer itself: its attempts and their time limits."""

STOP_SECONDS: Final = 3.0
"""How much earlier the work is told that its time is over, so that it can end by itself."""

_ATTEMPTS: Final = 4
_ATTEMPT_TIMEOUT_SECONDS: Final = 2.5

RequestType = Literal["Create", "Update", "Delete"]


class Context(Protocol):
    """The part of the Lambda context that is used."""

    @property
    def aws_request_id(self) -> str: ...

    @property
    def log_group_name(self) -> str: ...

    def get_remaining_time_in_millis(self) -> int: ...


class Session(Protocol):
    """The part of requests.Session that is used."""

    def put(self, url: str, *, data: bytes, headers: Mapping[str, str], timeout: float) -> Any: ...


class Log(Protocol):
    def error(self, msg: object, *, exc_info: Any) -> None: ...


class UnansweredError(Exception):
    """CloudFormation did not take the answer; Lambda delivers the event again."""


@dataclass(frozen=True)
class Request:
    """The event. physical_id is "" for Create. remaining_seconds is the time that the work still has.

    of_failed_create: CloudFormation takes back a Create that was answered with FAILED.
    """

    request_type: RequestType
    physical_id: str
    of_failed_create: bool
    properties: Mapping[str, Any]
    old_properties: Mapping[str, Any]
    remaining_seconds: Callable[[], float] = field(compare=False)

    def text(self, name: str) -> str:
        """Return a property that must be there; raises ValueError naming it."""
        value = self.properties.get(name)
        if not isinstance(value, str) or not value:
            raise ValueError(f"the resource lacks the property {name}")
        return value


@dataclass(frozen=True)
class Result:
    physical_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Work:
    result: Result | None = None
    error: BaseException | None = None


def answer(
    event: Mapping[str, Any],
    context: Context,
    *,
    work: Callable[[Request], Result],
    failed_create_id: str,
    session: Callable[[], Session],
    log: Log,
    sleep: Callable[[float], None] = time.sleep,
    chance: Callable[[], float] = random.random,
) -> None:
    """Run `work` and answer the event's ResponseURL: its result, or FAILED with a reason for an operator.

    failed_create_id: the physical id told when a Create fails; CloudFormation then deletes that id.
    Raises UnansweredError where the answer could not be delivered.
    """
    stop = threading.Event()

    def left() -> float:
        return context.get_remaining_time_in_millis() / 1000 - ANSWER_SECONDS

    def left_for_work() -> float:
        return 0.0 if stop.is_set() else left() - STOP_SECONDS

    physical_id = event.get("PhysicalResourceId") or ""
    failed = physical_id == failed_create_id
    done = _in_time(event, physical_id, work, left, left_for_work, of_failed_create=failed)
    stop.set()
    body = _body(event, context, done, physical_id or failed_create_id, log)
    _deliver(event["ResponseURL"], body, session(), sleep, chance)


def _in_time(
    event: Mapping[str, Any],
    physical_id: str,
    work: Callable[[Request], Result],
    left: Callable[[], float],
    left_for_work: Callable[[], float],
    *,
    of_failed_create: bool,
) -> _Work:
    outcome = _Work()
    finished = threading.Event()

    def run() -> None:
        try:
            kind = event.get("RequestType")
            if kind not in ("Create", "Update", "Delete"):
                raise ValueError(f"RequestType {kind!r} is not known")  # noqa: TRY301 - answered like any fault
            outcome.result = work(
                Request(
                    cast("RequestType", kind),
                    physical_id,
                    of_failed_create,
                    event.get("ResourceProperties") or {},
                    event.get("OldResourceProperties") or {},
                    left_for_work,
                )
            )
        except BaseException as error:  # noqa: BLE001 - every fault is answered; none may leave the stack waiting
            outcome.error = error
        finally:
            finished.set()

    # A daemon: what hangs in it must not keep the answer, nor the process.
    # In a copy of the context: what is logged and called in there belongs to the same request.
    threading.Thread(
        target=contextvars.copy_context().run, args=(run,), name="custom-resource", daemon=True
    ).start()
    if finished.wait(timeout=max(0.0, left())):
        return outcome
    return _Work(
        error=TimeoutError("the function's time was over before the work was done; deploy or delete again")
    )


def _body(event: Mapping[str, Any], context: Context, done: _Work, known_id: str, log: Log) -> dict[str, Any]:
    body: dict[str, Any] = {
        "RequestId": event["RequestId"],
        "StackId": event["StackId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    if done.result is not None:
        success = body | {
            "Status": "SUCCESS",
            "PhysicalResourceId": done.result.physical_id,
            "Data": dict(done.result.attributes),
        }
        if len(json.dumps(success)) <= LONGEST_RESPONSE_BYTES:
            return success
        done = _Work(error=ValueError("the resource's attributes are too long for CloudFormation"))
        known_id = success["PhysicalResourceId"]
    error = done.error or RuntimeError("the work ended without a result")
    log.error(
        f"{event.get('RequestType')} of {event['LogicalResourceId']} failed: {_text(error)}", exc_info=error
    )
    reason = shorten(_text(error), LONGEST_REASON)
    where = f" (request {context.aws_request_id}, log group {context.log_group_name})"
    # The id of a Delete or an Update stays; that of a failed Create tells the Delete that follows.
    failure = body | {"Status": "FAILED", "PhysicalResourceId": known_id, "Reason": reason + where}
    while len(json.dumps(failure)) > LONGEST_RESPONSE_BYTES and reason:
        # Characters outside ASCII take six bytes each.
        reason = shorten(reason, len(reason) // 2) if len(reason) > 40 else ""
        failure["Reason"] = reason + where
    return failure


def _text(error: BaseException) -> str:
    """Our own errors speak for themselves; of foreign ones the kind belongs to what they say."""
    text = redact(str(error)) or "no message"
    ours = type(error).__module__.startswith("sellerbus.") or isinstance(error, ValueError | TimeoutError)
    return text if ours else f"{type(error).__name__}: {text}"


def _deliver(
    url: str,
    body: Mapping[str, Any],
    session: Session,
    sleep: Callable[[float], None],
    chance: Callable[[], float],
) -> None:
    data = json.dumps(body).encode()
    failure = ""
    for attempt in range(_ATTEMPTS):
        if attempt:
            sleep(chance() * 0.4 * 2 ** (attempt - 1))
        try:
            # The URL is signed without a content type: with one, S3 refuses the signature.
            response = session.put(
                url, data=data, headers={"content-type": ""}, timeout=_ATTEMPT_TIMEOUT_SECONDS
            )
        except Exception as error:  # noqa: BLE001 - a fault of any kind is tried again, then raised
            # The exception's own text holds the URL, which is a credential.
            failure = type(error).__name__
            continue
        if 200 <= response.status_code < 300:
            return
        failure = f"status {response.status_code}"
    raise UnansweredError(f"CloudFormation did not take the answer after {_ATTEMPTS} attempts: {failure}")
