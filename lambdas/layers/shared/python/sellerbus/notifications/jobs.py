"""The work that lies on the subscription queue: one seller to reconcile per message."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from sellerbus.api.booking import Booking

MOST_PER_CALL: Final = 10
LONGEST_REASON: Final = 1000
LONGEST_REQUEST_ID: Final = 64


class JobError(ValueError):
    """The message is no job; the text says what is wrong with it."""


class QueueError(Exception):
    """The subscription queue did not take every job. `refused` are those that it has not got."""

    def __init__(self, refused: Sequence[SellerJob], reason: str) -> None:
        self.refused = tuple(refused)
        super().__init__(f"{len(self.refused)} sellers could not be put on the subscription queue: {reason}")


@dataclass(frozen=True)
class SellerJob:
    """Reconcile `seller_id`.

    retired_types: types that were wanted before, whose subscriptions are to go.
    retired_destination_ids: earlier destinations of this deployment, whose subscriptions are to move.
    attempt: which one this is, counted from 1; waiting for quota is none.
    deletions: how many the job waits to be allowed to do; booked: the turns that it has got for them.
    look_seconds: what looking at everything before them takes. waiting_since: s since 1970.
    request_id: who asked for it and waits for its end; "" where nobody does.
    """

    seller_id: str
    retired_types: tuple[str, ...] = ()
    retired_destination_ids: tuple[str, ...] = ()
    attempt: int = 1
    deletions: int = 0
    booked: Booking | None = None
    look_seconds: float = 0.0
    waiting_since: float | None = None
    request_id: str = ""

    @property
    def next_attempt(self) -> SellerJob:
        return replace(self.ready, attempt=self.attempt + 1)

    @property
    def ready(self) -> SellerJob:
        """The job without turns: it looks before it knows whether it needs any."""
        return replace(self, deletions=0, booked=None, look_seconds=0.0)

    @property
    def afresh(self) -> SellerJob:
        return replace(self.ready, attempt=1, waiting_since=None)

    def waiting(
        self, now: float, *, deletions: int = 0, booked: Booking | None = None, look_seconds: float = 0.0
    ) -> SellerJob:
        return replace(
            self,
            deletions=deletions,
            booked=booked,
            look_seconds=look_seconds,
            waiting_since=now if self.waiting_since is None else self.waiting_since,
        )

    def to_text(self) -> str:
        document: dict[str, object] = {"sellerId": self.seller_id}
        if self.retired_types:
            document["retiredTypes"] = list(self.retired_types)
        if self.retired_destination_ids:
            document["retiredDestinationIds"] = list(self.retired_destination_ids)
        if self.attempt > 1:
            document["attempt"] = self.attempt
        if self.deletions:
            document["deletions"] = self.deletions
            document["lookSeconds"] = round(self.look_seconds, 3)
        if self.booked is not None:
            document["booked"] = self.booked.to_document()
        if self.waiting_since is not None:
            document["waitingSince"] = round(self.waiting_since, 3)
        if self.request_id:
            document["requestId"] = self.request_id
        return json.dumps(document, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> SellerJob:
        """Raises JobError."""
        try:
            document = json.loads(text)
        except ValueError as error:
            raise JobError(f"the message is not JSON: {error}") from error
        seller_id = document.get("sellerId") if isinstance(document, dict) else None
        if not isinstance(seller_id, str) or not seller_id:
            raise JobError("the message has no sellerId")
        since = document.get("waitingSince")
        return cls(
            seller_id,
            _texts(document, "retiredTypes"),
            _texts(document, "retiredDestinationIds"),
            _count(document, "attempt", 1),
            deletions=_count(document, "deletions", 0),
            booked=_booking(document),
            look_seconds=_seconds(document, "lookSeconds"),
            waiting_since=None if since is None else _seconds(document, "waitingSince"),
            request_id=request_id_in(document),
        )


def request_id_in(document: Mapping[str, Any]) -> str:
    """Return the id of the request in a job or an event, "" where there is none. Raises JobError."""
    value = document.get("requestId", "")
    if not isinstance(value, str) or len(value) > LONGEST_REQUEST_ID:
        raise JobError(f"requestId is no text of at most {LONGEST_REQUEST_ID} characters")
    return value


def _texts(document: dict[str, Any], key: str) -> tuple[str, ...]:
    values = document.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise JobError(f"{key} is not a list of texts")
    return tuple(values)


def _count(document: dict[str, Any], key: str, least: int) -> int:
    value = document.get(key, least)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise JobError(f"{key} is not a number from {least} on")
    return value


def _seconds(document: dict[str, Any], key: str) -> float:
    value = document.get(key, 0.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise JobError(f"{key} is not a number of seconds")
    return float(value)


def _booking(document: dict[str, Any]) -> Booking | None:
    value = document.get("booked")
    if value is None:
        return None
    try:
        return Booking.from_document(value if isinstance(value, dict) else {})
    except ValueError as error:
        raise JobError(f"booked: {error}") from error


class Sqs(Protocol):
    """The part of the boto3 client that is used."""

    def send_message(self, **arguments: Any) -> Any: ...

    def send_message_batch(self, **arguments: Any) -> Any: ...


class SubscriptionQueue:
    """Where jobs wait for the function that does them."""

    def __init__(self, sqs: Sqs, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def put(self, jobs: Iterable[SellerJob]) -> None:
        """Send all jobs. Raises QueueError with those that the queue has not taken, the rest being sent."""
        self.put_delayed((job, 0) for job in jobs)

    def put_delayed(self, jobs: Iterable[tuple[SellerJob, int]]) -> None:
        """Send jobs that can be taken so many seconds (at most 900) from now. Raises QueueError as `put`."""
        refused: list[SellerJob] = []
        reason = ""
        waiting = iter(jobs)
        while some := list(itertools.islice(waiting, MOST_PER_CALL)):
            entries = [
                {"Id": str(index), "MessageBody": job.to_text(), "DelaySeconds": seconds}
                for index, (job, seconds) in enumerate(some)
            ]
            answer = self._sqs.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
            for failure in answer.get("Failed", []):
                refused.append(some[int(failure["Id"])][0])
                reason = f"{failure.get('Code')}: {failure.get('Message', '')}"
        if refused:
            raise QueueError(refused, reason)

    def put_later(self, job: SellerJob, seconds: int) -> None:
        """Send a job that can be taken `seconds` (at most 900) from now. Raises what the client raises."""
        self._sqs.send_message(QueueUrl=self._queue_url, MessageBody=job.to_text(), DelaySeconds=seconds)


class DeadJobs:
    """The dead-letter queue of the subscription queue, for jobs that no repeat mends."""

    def __init__(self, sqs: Sqs, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def put(self, text: str, reason: str) -> None:
        """Send a job's text with the reason as an attribute. Raises what the client raises."""
        attribute = {"DataType": "String", "StringValue": reason[:LONGEST_REASON]}
        self._sqs.send_message(
            QueueUrl=self._queue_url, MessageBody=text, MessageAttributes={"reason": attribute}
        )
