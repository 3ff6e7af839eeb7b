"""What buyers were sent: every message that Amazon accepted, with what is attached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from simulator.message_types import MessageType
from simulator.upload_book import UploadDestination


@dataclass(frozen=True)
class Attached:
    """A file as the buyer got it: under the name that the message gave it."""

    file_name: str
    upload_destination_id: str
    size_bytes: int
    sha256: str

    def as_json(self) -> dict[str, object]:
        return {
            "fileName": self.file_name,
            "uploadDestinationId": self.upload_destination_id,
            "sizeBytes": self.size_bytes,
            "sha256": self.sha256,
        }


@dataclass(frozen=True)
class Message:
    message_id: str
    time: str
    seller_id: str
    region: str
    marketplace_id: str
    order_id: str
    kind: MessageType
    recipient: str
    locale: str | None
    text: str | None = None
    attachments: tuple[Attached, ...] = ()
    coverage: tuple[str | None, str | None] = (None, None)

    def as_json(self) -> dict[str, object]:
        return {
            "messageId": self.message_id,
            "time": self.time,
            "sellerId": self.seller_id,
            "region": self.region,
            "marketplaceId": self.marketplace_id,
            "amazonOrderId": self.order_id,
            "messageType": self.kind.segment,
            "to": self.recipient,
            "locale": self.locale,
            "subject": f"{self.kind.title} (order {self.order_id})",
            "text": self.text,
            "attachments": [attached.as_json() for attached in self.attachments],
            "coverageStartDate": self.coverage[0],
            "coverageEndDate": self.coverage[1],
        }

    @property
    def content_key(self) -> tuple[object, ...]:
        """Equal where a buyer would say that the same message came twice."""
        files = tuple((attached.file_name, attached.sha256) for attached in self.attachments)
        about = (self.region, self.seller_id, self.order_id, self.kind.action)
        return (*about, self.text, files, self.coverage)


class Outbox:
    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._sent: dict[tuple[str, str, str], set[str]] = {}

    def __iter__(self) -> Iterator[Message]:
        return iter(self._messages)

    def __len__(self) -> int:
        return len(self._messages)

    def add(self, message: Message) -> None:
        self._messages.append(message)
        about = (message.region, message.seller_id, message.order_id)
        self._sent.setdefault(about, set()).add(message.kind.action)

    def clear(self) -> None:
        """The messages count as sent no longer, for what may be sent once only either."""
        self._messages.clear()
        self._sent.clear()

    def sent(self, region: str, seller_id: str, order_id: str) -> frozenset[str]:
        """The actions of which messages about an order have gone."""
        return frozenset(self._sent.get((region, seller_id, order_id), ()))

    def overview(self, messages: Iterable[Message]) -> list[dict[str, object]]:
        """For the control API, oldest first. `copies` is how many messages are the same to the buyer."""
        copies = Counter(held.content_key for held in self)
        return [{**held.as_json(), "copies": copies[held.content_key]} for held in messages]


def attached(file_name: str, destination: UploadDestination) -> Attached:
    """The file at a destination that has been uploaded to."""
    if destination.content is None:
        raise ValueError(f"nothing was uploaded to {destination.destination_id}")
    return Attached(
        file_name,
        destination.destination_id,
        destination.content.size,
        destination.content.sha256.hex(),
    )
