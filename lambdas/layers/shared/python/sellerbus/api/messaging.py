"""The Messaging API v1 in this project's words: what may be sent for an order, and the sending.

Source: Amazon's model messaging.json. A message type is named by the last part of its operation's path, so
"invoice" for sendInvoice: the action list and the operation ids have other names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypedDict

from sellerbus.api import operations
from sellerbus.api.booking import Booking
from sellerbus.api.caller import Caller, malformed
from sellerbus.api.lwa import SellerGrant
from sellerbus.api.operation import Operation

SENDING: Final[Mapping[str, Operation]] = MappingProxyType(
    {
        row.path.rpartition("/")[2]: row
        for row in operations.OPERATIONS.values()
        if row.path.startswith("/messaging/v1/") and row.method == "POST"
    }
)
"""The operations that send a message, by message type."""


class _Where(TypedDict):
    path: Mapping[str, str]
    query: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class MessageAttachment:
    """An uploaded attachment. file_name: what the buyer sees, with its extension."""

    upload_destination_id: str
    file_name: str = field(repr=False)


def message_body(
    *,
    text: str | None = None,
    attachments: Sequence[MessageAttachment] | None = None,
    coverage_start: str | None = None,
    coverage_end: str | None = None,
) -> dict[str, object]:
    """Return the body of the request that sends a message; what is None is not in it, an empty list is.

    The live schema calls two fields otherwise: `rawMessageBody` is `text`, an attachment's `id` is
    `uploadDestinationId`.
    """
    body: dict[str, object | None] = {
        "text": text,
        "attachments": None if attachments is None else [_listed(each) for each in attachments],
        "coverageStartDate": coverage_start,
        "coverageEndDate": coverage_end,
    }
    return {name: value for name, value in body.items() if value is not None}


def _listed(attachment: MessageAttachment) -> dict[str, str]:
    return {"uploadDestinationId": attachment.upload_destination_id, "fileName": attachment.file_name}


def upload_resource(message_type: str, order_id: str) -> str:
    """Return the resource that an attachment of this message is uploaded for. Raises ValueError.

    With a leading slash, or as any other path, Amazon answers a 403 that looks like missing rights.
    """
    operation = _sending(message_type)
    operation.filled({"amazonOrderId": order_id})
    return operation.path.replace("{amazonOrderId}", order_id).removeprefix("/")


class MessagingApi:
    """One seller's messages. Every method raises what the client raises (sellerbus.api.errors), and
    ValueError for a message type that no operation sends.
    """

    def __init__(self, client: Caller, seller: SellerGrant) -> None:
        self._client = client
        self._seller = seller

    def book_actions(self, most_seconds: float) -> Booking:
        """Reserve the turn of one `actions`, due within `most_seconds`; `actions` spends it.

        Raises ThrottledError: then nothing is reserved.
        """
        return self._book(operations.GET_MESSAGING_ACTIONS_FOR_ORDER, most_seconds)

    def book_sending(self, message_type: str, most_seconds: float) -> Booking:
        """Reserve the turn of one `send` of this type. Raises ThrottledError: then nothing is reserved."""
        return self._book(_sending(message_type), most_seconds)

    def use(self, booking: Booking) -> None:
        """Spend what is left of a booking that an earlier invocation made."""
        self._client.use(booking)

    def actions(self, order_id: str, marketplace_id: str) -> Mapping[str, object]:
        """Return getMessagingActionsForOrder's body as it is, for sellerbus.messaging.actions to read.

        Raises NotFoundError where the seller has no such order in the marketplace.
        """
        return self._client.call(
            operations.GET_MESSAGING_ACTIONS_FOR_ORDER, seller=self._seller, **_of(order_id, marketplace_id)
        ).body

    def locale(self, order_id: str, marketplace_id: str) -> str | None:
        """Return the buyer's language of preference as a tag like "en-US"; None where Amazon tells none."""
        operation = operations.GET_ATTRIBUTES
        answer = self._client.call(operation, seller=self._seller, **_of(order_id, marketplace_id))
        buyer = answer.body.get("buyer")
        if buyer is None:
            return None
        if not isinstance(buyer, Mapping):
            raise malformed(operation, answer, "buyer is no object")
        locale = buyer.get("locale")
        if locale is not None and not isinstance(locale, str):
            raise malformed(operation, answer, "the buyer's locale is no text")
        return locale or None

    def send(self, message_type: str, order_id: str, marketplace_id: str, body: Mapping[str, object]) -> None:
        """Send the message. It has no idempotency key, and is sent once by this call at most.

        body: see `message_body`. Raises OutcomeUnknownError where the message may have been sent.
        """
        operation = _sending(message_type)
        self._client.call(operation, seller=self._seller, body=body, **_of(order_id, marketplace_id))

    def _book(self, operation: Operation, most_seconds: float) -> Booking:
        return self._client.book(operation, seller=self._seller, count=1, most_seconds=most_seconds)


def _sending(message_type: str) -> Operation:
    operation = SENDING.get(message_type)
    if operation is None:
        raise ValueError(f"no operation sends {message_type!r}: it must be one of {', '.join(SENDING)}")
    return operation


def _of(order_id: str, marketplace_id: str) -> _Where:
    return {"path": {"amazonOrderId": order_id}, "query": {"marketplaceIds": [marketplace_id]}}
