"""Messages that have a group of listing changes looked at: sent once for each promise, or once too often.

Source: SQS API, SendMessage (DelaySeconds is at most 900).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sellerbus.aws.errors import aws_call
from sellerbus.feeds.changes.change import Group
from sellerbus.feeds.changes.document import Limits
from sellerbus.feeds.changes.groups import GroupRow, GroupRows

LONGEST_DELAY_SECONDS: Final = 900
OVERDUE_MS: Final = 15 * 60_000
"""A promise this late is taken for lost: its message lies in the dead-letter queue, or was deleted."""

_CLOSE: Final = "closeListingChanges"


class SendClient(Protocol):
    """The part of boto3's SQS client used here."""

    def send_message(self, **request: Any) -> Mapping[str, Any]:
        """SQS API: SendMessage."""
        ...


@dataclass(frozen=True, slots=True)
class CloseRequest:
    """What such a message says: look at the group, if this is still the promise that counts."""

    group: Group
    promise: str


def close_request(body: str) -> CloseRequest | None:
    """Read such a message; None for any other."""
    if _CLOSE not in body[:40]:
        return None
    try:
        found = json.loads(body)[_CLOSE]
        return CloseRequest(Group(str(found["sellerId"]), str(found["marketplaceId"])), str(found["promise"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


class Promises:
    """Sees to it that a group with open changes is looked at. now: seconds since 1970.

    Raises StoreUnavailableError: then nobody may rely on the promise.
    """

    def __init__(
        self, rows: GroupRows, client: SendClient, queue_url: str, *, now: Callable[[], float]
    ) -> None:
        self._rows = rows
        self._client = client
        self._queue_url = queue_url
        self._now = now

    @property
    def now_ms(self) -> int:
        return round(self._now() * 1000)

    def ensure(self, row: GroupRow) -> None:
        """Send the promise's message, unless that was done."""
        if row.close is not None and row.close_sent != row.close:
            self.send(row)

    def hasten(self, row: GroupRow, limits: Limits) -> None:
        """As `ensure`, with the promise for now where the group is full, or where it came to nothing."""
        now = self.now_ms
        # Who held the group looks again soon: until then more of a SKU that waits makes it no fuller.
        early = is_full(row, limits) and not row.held and row.close_at > now
        if early or row.close_at < now - OVERDUE_MS:
            row = self._rows.promise(row, now) or self._rows.read(row.group)
        self.ensure(row)

    def renew(self, row: GroupRow, close_at: int, *, held_since: int | None = None) -> None:
        """Put another promise in place of the row's. Somebody else's, if there is one by now, is as good."""
        self.ensure(self._rows.promise(row, close_at, held_since=held_since) or self._rows.read(row.group))

    def send(self, row: GroupRow) -> None:
        """Send the message, and remember it."""
        delay = math.ceil(max(0, row.close_at - self.now_ms) / 1000)
        body = {
            _CLOSE: {
                "sellerId": row.group.seller_id,
                "marketplaceId": row.group.marketplace_id,
                "promise": row.close,
            }
        }
        with aws_call("SendMessage"):
            self._client.send_message(
                QueueUrl=self._queue_url,
                MessageBody=json.dumps(body, separators=(",", ":")),
                DelaySeconds=min(delay, LONGEST_DELAY_SECONDS),
            )
        self._rows.sent(row)


def is_full(row: GroupRow, limits: Limits) -> bool:
    """Whether the group may have enough for a whole feed, by its counts."""
    return row.open_changes >= limits.changes or row.open_bytes >= limits.most_bytes
