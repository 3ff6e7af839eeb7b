"""A destination at Amazon, for a queue or for EventBridge: adopted where it exists, else created.

createDestination has no idempotency key, so a refusal or a lost answer is settled by looking, never by trust.

A queue's destination is this stack's alone: the ARN ends in part of the stack's own id. Of EventBridge Amazon
allows one destination for each account and AWS region, so it may be another stage's, and the name that it was
created with says whose.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, Protocol

from sellerbus.api.errors import (
    ConflictError,
    NotFoundError,
    OutcomeUnknownError,
    PermanentError,
    RetryableError,
    SellingPartnerError,
    UnauthorizedError,
)
from sellerbus.api.notifications import Destination

LONGEST_NAME: Final = 64
_ATTEMPTS: Final = 3


class DestinationApi(Protocol):
    def destinations(self) -> tuple[Destination, ...]: ...

    def get_destination(self, destination_id: str) -> Destination: ...

    def create_destination(self, *, name: str, queue_arn: str) -> Destination: ...

    def create_event_bridge_destination(self, *, name: str, account_id: str, region: str) -> Destination: ...

    def delete_destination(self, destination_id: str) -> None: ...


@dataclass(frozen=True)
class Queue:
    """What a destination is for: a queue."""

    arn: str

    def __str__(self) -> str:
        return self.arn

    def is_of(self, destination: Destination) -> bool:
        return destination.queue_arn == self.arn

    def create(self, api: DestinationApi, name: str) -> Destination:
        return api.create_destination(name=name, queue_arn=self.arn)


@dataclass(frozen=True)
class EventBridge:
    """What a destination is for: EventBridge in an AWS region of an account."""

    account_id: str
    region: str

    def __str__(self) -> str:
        return f"EventBridge in {self.region} of account {self.account_id}"

    def is_of(self, destination: Destination) -> bool:
        bridge = destination.event_bridge
        return bridge is not None and (bridge.account_id, bridge.region) == (self.account_id, self.region)

    def create(self, api: DestinationApi, name: str) -> Destination:
        return api.create_event_bridge_destination(name=name, account_id=self.account_id, region=self.region)


Target = Queue | EventBridge


def ensure(api: DestinationApi, target: Target, *, name: str) -> Destination:
    """Return the destination of `target`, existing or new; a second call returns the same.

    Only the target makes a destination this one: the name is a label, and where another target's destination
    has it already, the new one gets it with a suffix made of the target.
    Raises ConflictError where Amazon refuses both names, and what the API raises.
    """
    label = name[:LONGEST_NAME]
    existing = api.destinations()
    doubt: OutcomeUnknownError | ConflictError | None = None
    for attempt in range(_ATTEMPTS):
        found = _of_target(existing, target)
        if found is not None:
            return found
        try:
            return target.create(api, label)
        except OutcomeUnknownError as error:
            doubt = error
        except ConflictError as error:
            doubt = error
            # A conflict that the listing does not explain may be a listing that lags: try the name once more.
            if attempt > 0 or any(destination.name == label for destination in existing):
                label = _suffixed(name, target)
        existing = api.destinations()
    found = _of_target(existing, target)
    if found is not None:
        return found
    raise _not_made(target, doubt)


def delete(api: DestinationApi, destination_id: str) -> None:
    """Delete the destination of a queue; one that is gone already is fine.

    Raises what the API raises: ConflictError or UnauthorizedError, with a hint, while subscriptions use it.
    """
    try:
        api.delete_destination(destination_id)
    except NotFoundError:
        return


def release(api: DestinationApi, destination_id: str, target: EventBridge, *, name: str) -> str | None:
    """Delete the destination of EventBridge where it is this stage's; otherwise return why it stays.

    It stays where another name says that somebody else has created it, and while subscriptions use it: those
    that this stage knew are gone by then. Neither is a fault that this stage could mend.
    Raises what the API raises for any other reason.
    """
    try:
        found = api.get_destination(destination_id)
        if found.name not in (name[:LONGEST_NAME], _suffixed(name, target)):
            return f"it was created under the name {found.name}, which is not this stage's"
        api.delete_destination(destination_id)
    except NotFoundError:
        return None
    except (ConflictError, UnauthorizedError) as error:
        if not _is_in_use(error):
            raise
        return "subscriptions use it that this stage has not made or cannot name"
    return None


def take_back(api: DestinationApi, target: Queue) -> tuple[str, ...]:
    """Delete what a failed creation may have left for a queue, and return the ids.

    Raises what the API raises.
    """
    left = [row.destination_id for row in api.destinations() if target.is_of(row)]
    for destination_id in left:
        delete(api, destination_id)
    return tuple(left)


def _is_in_use(error: PermanentError) -> bool:
    return isinstance(error, ConflictError) or "has subscriptions" in error.message.lower()


def _not_made(target: Target, doubt: OutcomeUnknownError | ConflictError | None) -> SellingPartnerError:
    if isinstance(doubt, ConflictError):
        return ConflictError(
            doubt.operation,
            doubt.message,
            status=doubt.status,
            code=doubt.code,
            request_id=doubt.request_id,
            hint=f"Amazon lists no destination for {target}, nor does it create one. Is it another "
            "application's? Then delete it with that application's credentials, or use another target.",
        )
    return RetryableError(
        "createDestination",
        f"no destination for {target} is listed after {_ATTEMPTS} attempts to create it",
        hint="Deploy again: one that was made after all is then adopted.",
    )


def _of_target(destinations: tuple[Destination, ...], target: Target) -> Destination | None:
    # Amazon allows one per target; should it list more, every run must choose the same.
    same = [destination for destination in destinations if target.is_of(destination)]
    return min(same, key=lambda destination: destination.destination_id, default=None)


def _suffixed(name: str, target: Target) -> str:
    digest = hashlib.sha256(str(target).encode()).hexdigest()[:8]
    return f"{name[: LONGEST_NAME - 9]}-{digest}"
