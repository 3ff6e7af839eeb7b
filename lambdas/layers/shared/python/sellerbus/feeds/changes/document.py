"""Which of the open changes go into the next feed, that feed's document, and whose message is whose. Pure.

A feed has one message at most for a SKU: Amazon promises no order within a feed, but feeds of a seller and
type go one after the other. A later change of a SKU stays open for the next feed.

Source: Amazon's schema "Selling Partner Listings Feed (v2)".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sellerbus.feeds.catalogue import FEED_TYPES, JSON_LISTINGS_FEED
from sellerbus.feeds.changes.change import Group
from sellerbus.feeds.listings_header import VERSION
from sellerbus.feeds.listings_message import MOST_MESSAGES

CONTENT_TYPE: Final = FEED_TYPES[JSON_LISTINGS_FEED].format.value
ISSUE_LOCALE: Final = "en_US"

_END: Final = "]}"
# {"messageId":25000,  and a comma before the next.
_ADDED_BYTES: Final = 20
# The header, the brackets around the messages.
_AROUND_BYTES: Final = 150


@dataclass(frozen=True, slots=True)
class OpenChange:
    """A change that waits for its feed. order: 13 digits, see ListingChange."""

    order: str
    change_id: str
    sku: str
    message: str

    @property
    def size_bytes(self) -> int:
        return len(self.message.encode())


@dataclass(frozen=True, slots=True)
class Entry:
    """Which change a message of the feed is."""

    message_id: int
    change_id: str
    sku: str
    order: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a feed of changes becomes. A single change always goes.

    most_changes: more than Amazon takes counts as that.
    """

    most_changes: int
    most_bytes: int

    @property
    def changes(self) -> int:
        return min(self.most_changes, MOST_MESSAGES)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The changes of the next feed in their order. full: no more go into it. size_bytes: the messages' own.

    oldest: when the oldest was handed over, ms since 1970; None where there is no change.
    """

    changes: tuple[OpenChange, ...]
    size_bytes: int
    full: bool
    oldest: int | None


def choose(changes: Iterable[OpenChange], limits: Limits) -> Chosen:
    """Take the first change of each SKU, in order, as far as one feed goes.

    Reads no further than it must: where many changes are of few SKUs, it stops after twice as many as fit, by
    their number or by their size.
    """
    taken: dict[str, OpenChange] = {}
    size_bytes = read_bytes = 0
    document_bytes = _AROUND_BYTES
    full = False
    for read, change in enumerate(changes, 1):
        read_bytes += change.size_bytes
        if change.sku not in taken:
            more = change.size_bytes + _ADDED_BYTES
            if taken and document_bytes + more > limits.most_bytes:
                full = True
                break
            taken[change.sku] = change
            size_bytes += change.size_bytes
            document_bytes += more
            if len(taken) == limits.changes or document_bytes >= limits.most_bytes:
                full = True
                break
        if read >= 2 * limits.changes or read_bytes >= 2 * limits.most_bytes:
            break
    kept = tuple(taken.values())
    return Chosen(kept, size_bytes, full, int(kept[0].order) if kept else None)


def task_id_of(group: Group, changes: Sequence[OpenChange]) -> str:
    """The id of the task with these changes: the same for the same, as a change is in one feed only."""
    text = "\n".join((group.seller_id, group.marketplace_id, *(each.change_id for each in changes)))
    return f"changes-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def entries_of(changes: Iterable[OpenChange]) -> list[Entry]:
    return [Entry(number, each.change_id, each.sku, each.order) for number, each in enumerate(changes, 1)]


def document(group: Group, changes: Sequence[OpenChange]) -> bytes:
    """The feed, its messages numbered from 1 in the order of the changes."""
    header = {"sellerId": group.seller_id, "version": VERSION, "issueLocale": ISSUE_LOCALE}
    messages = (
        f'{{"messageId":{number},{change.message.removeprefix("{")}'
        for number, change in enumerate(changes, 1)
    )
    text = f'{{"header":{json.dumps(header, separators=(",", ":"))},"messages":[{",".join(messages)}{_END}'
    return text.encode()


def manifest(entries: Iterable[Entry]) -> bytes:
    """Which change is which message, as JSON Lines in the messages' order."""
    rows = (
        {"messageId": each.message_id, "changeId": each.change_id, "sku": each.sku, "order": each.order}
        for each in entries
    )
    return "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode()


def read_manifest(content: bytes) -> Iterator[Entry]:
    """Read what `manifest` made. Raises KeyError or ValueError for anything else."""
    for line in content.splitlines():
        row = json.loads(line)
        yield Entry(row["messageId"], row["changeId"], row["sku"], row["order"])
