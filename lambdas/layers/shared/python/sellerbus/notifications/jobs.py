"""The work that lies on the subscription queue: one seller to reconcile per message."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

MOST_PER_CALL: Final = 10
LONGEST_REASON: Final = 1000


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
    attempt: which one this is, counted from 1.
    """

    seller_id: str
    retired_types: tuple[str, ...] = ()
    retired_destination_ids: tuple[str, ...] = ()
    attempt: int = 1

    @property
    def next_attempt(self) -> SellerJob:
        return replace(self, attempt=self.attempt + 1)

    @property
    def afresh(self) -> SellerJob:
        return replace(self, attempt=1)

    def to_text(self) -> str:
        document: dict[str, object] = {"sellerId": self.seller_id}
        if self.retired_types:
            document["retiredTypes"] = list(self.retired_types)
        if self.retired_destination_ids:
            document["retiredDestinationIds"] = list(self.retired_destination_ids)
        if self.attempt > 1:
            document["attempt"] = self.attempt
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
        attempt = document.get("attempt", 1)
        if not isinstance(attempt, int) or attempt < 1:
            raise JobError("attempt is not a number from 1 on")
        return cls(
            seller_id,
            _texts(document, "retiredTypes"),
            _texts(document, "retiredDestinationIds"),
            attempt,
        )


def _texts(document: dict[str, Any], key: str) -> tuple[str, ...]:
    values = document.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise JobError(f"{key} is not a list of texts")
    return tuple(values)


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
        refused: list[SellerJob] = []
        reason = ""
        everything = list(jobs)
        for start in range(0, len(everything), MOST_PER_CALL):
            some = everything[start : start + MOST_PER_CALL]
            entries = [{"Id": str(index), "MessageBody": job.to_text()} for index, job in enumerate(some)]
            answer = self._sqs.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
            for failure in answer.get("Failed", []):
                refused.append(some[int(failure["Id"])])
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
