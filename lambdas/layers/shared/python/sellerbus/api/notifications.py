"""The Notifications API v1 in this project's words: destinations and subscriptions.

Source: Amazon's model of the Notifications API v1. What an answer lacks that the model requires is an error,
never a guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from sellerbus.api import operations
from sellerbus.api.answers import Answer
from sellerbus.api.booking import Booking
from sellerbus.api.errors import OutcomeUnknownError, RetryableError
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.operation import Operation

PAGE_SIZE: Final = 100
MOST_PAGES: Final = 100


@dataclass(frozen=True)
class EventBridgeResource:
    """name is that of the partner event source which Amazon sends to, in the account and the AWS region."""

    name: str
    account_id: str
    region: str


@dataclass(frozen=True)
class Destination:
    """Either queue_arn or event_bridge is set; neither for a kind that Amazon may add."""

    destination_id: str
    name: str
    queue_arn: str | None = None
    event_bridge: EventBridgeResource | None = None


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

    def book(
        self, operation: Operation, *, seller: SellerGrant | None = None, count: int, most_seconds: float
    ) -> Booking: ...

    def use(self, booking: Booking) -> None: ...


class NotificationsApi:
    """Every method raises what the client raises (sellerbus.api.errors)."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def book_deletions(self, count: int, most_seconds: float) -> Booking:
        """Reserve turns of delete_subscription, which all sellers share."""
        return self._client.book(operations.DELETE_SUBSCRIPTION_BY_ID, count=count, most_seconds=most_seconds)

    def book_listings(self, seller: SellerGrant, count: int, most_seconds: float) -> Booking:
        """Reserve turns of subscriptions(), one a page."""
        return self._client.book(
            operations.GET_SUBSCRIPTIONS, seller=seller, count=count, most_seconds=most_seconds
        )

    def use(self, booking: Booking) -> None:
        """Spend the turns of a booking that an earlier invocation made."""
        self._client.use(booking)

    def destinations(self) -> tuple[Destination, ...]:
        """Return the application's destinations in this region."""
        answer = self._client.call(operations.GET_DESTINATIONS)
        rows = answer.body.get("payload")
        if not isinstance(rows, list):
            raise _malformed(operations.GET_DESTINATIONS, answer, "payload is not a list")
        return tuple(_destination(operations.GET_DESTINATIONS, answer, row) for row in rows)

    def create_destination(self, *, name: str, queue_arn: str) -> Destination:
        """Raises ConflictError where the queue or the name is taken, OutcomeUnknownError."""
        return self._create_destination(name, {"sqs": {"arn": queue_arn}})

    def create_event_bridge_destination(self, *, name: str, account_id: str, region: str) -> Destination:
        """Raises ConflictError where account and AWS region have one, or the name is taken,
        OutcomeUnknownError.
        """
        return self._create_destination(name, {"eventBridge": {"accountId": account_id, "region": region}})

    def _create_destination(self, name: str, resource: Mapping[str, object]) -> Destination:
        body = {"name": name, "resourceSpecification": resource}
        answer = self._client.call(operations.CREATE_DESTINATION, body=body)
        return _destination(operations.CREATE_DESTINATION, answer, answer.body.get("payload"))

    def get_destination(self, destination_id: str) -> Destination:
        """Raises NotFoundError."""
        operation = operations.GET_DESTINATION
        answer = self._client.call(operation, path={"destinationId": destination_id})
        return _destination(operation, answer, answer.body.get("payload"))

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

    def send_test_notification(
        self, *, destination_id: str, notification_type: str, payload_version: str, scenario: str
    ) -> None:
        """Have Amazon's sandbox send a test notification to a destination. Raises OutcomeUnknownError.

        Amazon offers it at the sandbox's endpoint only; production answers 403.
        """
        self._client.call(
            operations.SEND_TEST_NOTIFICATION,
            path={"notificationType": notification_type},
            body={
                "destinationId": destination_id,
                "testNotification": {"payloadVersion": payload_version, "testScenario": scenario},
            },
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
    resource = resource if isinstance(resource, dict) else {}
    if resource.get("sqs") is not None:
        (arn,) = _texts(operation, answer, resource["sqs"], ("arn",))
        return Destination(destination_id, name, queue_arn=arn)
    if resource.get("eventBridge") is not None:
        parts = _texts(operation, answer, resource["eventBridge"], ("name", "accountId", "region"))
        return Destination(destination_id, name, event_bridge=EventBridgeResource(*parts))
    return Destination(destination_id, name)


def _subscription(operation: Operation, answer: Answer, row: object) -> Subscription:
    names = ("subscriptionId", "payloadVersion", "destinationId")
    subscription_id, version, destination_id = _texts(operation, answer, row, names)
    directive = row.get("processingDirective") if isinstance(row, dict) else None
    return Subscription(
        subscription_id, version, destination_id, directive if isinstance(directive, dict) else None
    )
