"""The Notifications API v1 in this project's words: destinations and subscriptions.

Source: Amazon's model of the Notifications API v1. What an answer lacks that the model requires is an error,
never a guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from sellerbus.api import operations
from sellerbus.api.client import Answer
from sellerbus.api.errors import OutcomeUnknownError, RetryableError
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.operations import Operation

PAGE_SIZE: Final = 100
MOST_PAGES: Final = 100


@dataclass(frozen=True)
class Destination:
    """queue_arn is None for an EventBridge destination."""

    destination_id: str
    name: str
    queue_arn: str | None


@dataclass(frozen=True)
class Subscription:
    """A subscription as Amazon has it; directive is its processingDirective."""

    subscription_id: str
    payload_version: str
    destination_id: str
    directive: Mapping[str, object] | None = None


class Client(Protocol):
    def call(
        self,
        operation: Operation,
        *,
        seller: SellerGrant | None = None,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Answer: ...


class NotificationsApi:
    """Every method raises what the client raises (sellerbus.api.errors)."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def destinations(self) -> tuple[Destination, ...]:
        """Return the application's destinations in this region."""
        answer = self._client.call(operations.GET_DESTINATIONS)
        rows = answer.body.get("payload")
        if not isinstance(rows, list):
            raise _malformed(operations.GET_DESTINATIONS, answer, "payload is not a list")
        return tuple(_destination(operations.GET_DESTINATIONS, answer, row) for row in rows)

    def create_destination(self, *, name: str, queue_arn: str) -> Destination:
        """Raises ConflictError where the queue or the name is taken, OutcomeUnknownError."""
        body = {"name": name, "resourceSpecification": {"sqs": {"arn": queue_arn}}}
        answer = self._client.call(operations.CREATE_DESTINATION, body=body)
        return _destination(operations.CREATE_DESTINATION, answer, answer.body.get("payload"))

    def delete_destination(self, destination_id: str) -> None:
        """Raises NotFoundError, and ConflictError where it is still in use."""
        self._client.call(operations.DELETE_DESTINATION, path={"destinationId": destination_id})

    def subscriptions(self, seller: SellerGrant, notification_type: str) -> tuple[Subscription, ...]:
        """Return all subscriptions to one type of one seller, whatever their destination."""
        return tuple(self._pages(seller, notification_type))

    def _pages(self, seller: SellerGrant, notification_type: str) -> Iterator[Subscription]:
        operation = operations.GET_SUBSCRIPTIONS
        query = {"notificationTypes": notification_type, "pageSize": str(PAGE_SIZE)}
        for _ in range(MOST_PAGES):
            answer = self._client.call(operation, seller=seller, query=query)
            payload = answer.body.get("payload")
            rows = payload.get("subscriptions", []) if isinstance(payload, dict) else None
            if not isinstance(payload, dict) or not isinstance(rows, list):
                raise _malformed(operation, answer, "payload.subscriptions is not a list")
            for row in rows:
                yield _subscription(operation, answer, row)
            token = payload.get("nextToken")
            if not token:
                return
            query = {**query, "nextToken": str(token)}
        raise RetryableError(operation.name, f"the listing did not end after {MOST_PAGES} pages")

    def create_subscription(
        self,
        seller: SellerGrant,
        notification_type: str,
        *,
        payload_version: str,
        destination_id: str,
        directive: Mapping[str, object] | None,
    ) -> Subscription:
        """Raises ConflictError where a subscription is in the way, OutcomeUnknownError."""
        operation = operations.CREATE_SUBSCRIPTION
        body: dict[str, object] = {"payloadVersion": payload_version, "destinationId": destination_id}
        if directive is not None:
            body["processingDirective"] = directive
        answer = self._client.call(
            operation, seller=seller, path={"notificationType": notification_type}, body=body
        )
        return _subscription(operation, answer, answer.body.get("payload"))

    def delete_subscription(self, notification_type: str, subscription_id: str) -> None:
        """Raises NotFoundError."""
        self._client.call(
            operations.DELETE_SUBSCRIPTION_BY_ID,
            path={"notificationType": notification_type, "subscriptionId": subscription_id},
        )


def _malformed(operation: Operation, answer: Answer, what: str) -> RetryableError | OutcomeUnknownError:
    kind = RetryableError if operation.repeatable else OutcomeUnknownError
    return kind(
        operation.name,
        f"the answer is not as Amazon's model says: {what}",
        status=answer.status,
        request_id=answer.request_id,
    )


def _texts(operation: Operation, answer: Answer, row: object, names: tuple[str, ...]) -> list[str]:
    values = [row.get(name) if isinstance(row, dict) else None for name in names]
    if not all(isinstance(value, str) and value for value in values):
        raise _malformed(operation, answer, f"an item lacks one of {', '.join(names)}")
    return [str(value) for value in values]


def _destination(operation: Operation, answer: Answer, row: object) -> Destination:
    destination_id, name = _texts(operation, answer, row, ("destinationId", "name"))
    resource = row.get("resource") if isinstance(row, dict) else None
    queue = resource.get("sqs") if isinstance(resource, dict) else None
    arn = queue.get("arn") if isinstance(queue, dict) else None
    return Destination(destination_id, name, arn if isinstance(arn, str) else None)


def _subscription(operation: Operation, answer: Answer, row: object) -> Subscription:
    names = ("subscriptionId", "payloadVersion", "destinationId")
    subscription_id, version, destination_id = _texts(operation, answer, row, names)
    directive = row.get("processingDirective") if isinstance(row, dict) else None
    return Subscription(
        subscription_id, version, destination_id, directive if isinstance(directive, dict) else None
    )
