"""The destination at Amazon that stands for the notification queue: adopted where it exists, else created.

createDestination has no idempotency key, so a refusal or a lost answer is settled by looking, never by trust.
"""

from __future__ import annotations

import hashlib
from typing import Final, Protocol

from sellerbus.api.errors import (
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    RetryableError,
    SellingPartnerError,
)
from sellerbus.api.notifications import Destination

LONGEST_NAME: Final = 64
_ATTEMPTS: Final = 3


class DestinationApi(Protocol):
    def destinations(self) -> tuple[Destination, ...]: ...

    def create_destination(self, *, name: str, queue_arn: str) -> Destination: ...

    def delete_destination(self, destination_id: str) -> None: ...


def ensure(api: DestinationApi, *, queue_arn: str, name: str) -> Destination:
    """Return the destination of `queue_arn`, existing or new; a second call returns the same.

    Only the queue makes a destination this one: the name is a label, and where another queue's destination
    has it already, the new one gets it with a suffix made of the ARN.
    Raises ConflictError where Amazon refuses both names, and what the API raises.
    """
    label = name[:LONGEST_NAME]
    existing = api.destinations()
    doubt: OutcomeUnknownError | ConflictError | None = None
    for attempt in range(_ATTEMPTS):
        found = _for_queue(existing, queue_arn)
        if found is not None:
            return found
        try:
            return api.create_destination(name=label, queue_arn=queue_arn)
        except OutcomeUnknownError as error:
            doubt = error
        except ConflictError as error:
            doubt = error
            # A conflict that the listing does not explain may be a listing that lags: try the name once more.
            if attempt > 0 or any(destination.name == label for destination in existing):
                label = _suffixed(name, queue_arn)
        existing = api.destinations()
    found = _for_queue(existing, queue_arn)
    if found is not None:
        return found
    raise _not_made(queue_arn, doubt)


def delete(api: DestinationApi, destination_id: str) -> None:
    """Delete the destination; one that is gone already is fine.

    Raises what the API raises: ConflictError or UnauthorizedError, with a hint, while subscriptions use it.
    """
    try:
        api.delete_destination(destination_id)
    except NotFoundError:
        return


def take_back(api: DestinationApi, queue_arn: str) -> tuple[str, ...]:
    """Delete what a failed creation may have left for `queue_arn`, and return the ids.

    A queue's ARN ends in a part of its stack's own id, so no other stack's destination can have it.
    Raises what the API raises.
    """
    left = [row.destination_id for row in api.destinations() if row.queue_arn == queue_arn]
    for destination_id in left:
        delete(api, destination_id)
    return tuple(left)


def _not_made(queue_arn: str, doubt: OutcomeUnknownError | ConflictError | None) -> SellingPartnerError:
    if isinstance(doubt, ConflictError):
        return ConflictError(
            doubt.operation,
            doubt.message,
            status=doubt.status,
            code=doubt.code,
            request_id=doubt.request_id,
            hint=f"Amazon lists no destination for {queue_arn}, nor does it create one. Is it another "
            "application's? Then delete it with that application's credentials, or use another queue.",
        )
    return RetryableError(
        "createDestination",
        f"no destination for {queue_arn} is listed after {_ATTEMPTS} attempts to create it",
        hint="Deploy again: one that was made after all is then adopted.",
    )


def _for_queue(destinations: tuple[Destination, ...], queue_arn: str) -> Destination | None:
    # Amazon allows one per queue; should it list more, every run must choose the same.
    same = [destination for destination in destinations if destination.queue_arn == queue_arn]
    return min(same, key=lambda destination: destination.destination_id, default=None)


def _suffixed(name: str, queue_arn: str) -> str:
    digest = hashlib.sha256(queue_arn.encode()).hexdigest()[:8]
    return f"{name[: LONGEST_NAME - 9]}-{digest}"
