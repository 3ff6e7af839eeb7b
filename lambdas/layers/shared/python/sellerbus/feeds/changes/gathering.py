"""Listing changes from their queue into the rows they are gathered from. How nothing is lost, or sent twice:

    check        a change that can't be right is answered with an event, and never gathered
    keep         the change and its message are written, unless its id is known; the same change that was kept
                 before is no other, whichever message brings it
    promise      the group has a message under way that has it looked at (groups.py)
    acknowledge

Killed anywhere before the last step, the message comes again and all is repeated; from the promise on the
change will be in a feed (closing.py). The queue's other messages are those promises.

A change's order is when the queue took it. A message that comes late, or again after a fault, may find that a
later change of its SKU is in a feed already; then it goes into the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.aws.message_queue import Message
from sellerbus.feeds.changes import events as changes_events
from sellerbus.feeds.changes.change import (
    Group,
    ListingChange,
    RefusedChange,
    UnanswerableChangeError,
    read_change,
)
from sellerbus.feeds.changes.closing import CLOSING_SECONDS, Batch
from sellerbus.feeds.changes.document import Limits
from sellerbus.feeds.changes.groups import GroupRows
from sellerbus.feeds.changes.promises import CloseRequest, Promises, close_request
from sellerbus.feeds.changes.rows import ChangeRows, Differs, Kept, Known
from sellerbus.feeds.intake.accept_results import defect


class Closes(Protocol):
    """closing.Closer."""

    def close(self, request: CloseRequest) -> list[Batch]: ...


class Events(Protocol):
    """aws.event_publisher.OperationalEvents."""

    def publish(self, events: Sequence[OperationalEvent]) -> None: ...


class DeadLetters(Protocol):
    """aws.message_queue.MessageQueue."""

    def reject(self, message: Message, reason: str, detail: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it was delivered. sent_at: when the queue first took it, ms since 1970."""

    message: Message
    sent_at: int

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Delivery:
        """Return the delivery of a record in the event that Lambda gets from SQS."""
        message = Message.of_record(record)
        if message.sent_at is None:
            raise KeyError("SentTimestamp")
        return cls(message, round(message.sent_at * 1000))


@dataclass(slots=True)
class Gathered:
    """What a batch of messages came to. failed: messages to come again, and why. errors: unexpected ones."""

    failed: dict[str, str] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)
    kept: int = 0
    copies: int = 0
    refused: list[RefusedChange] = field(default_factory=list)
    rejected: list[tuple[Message, str]] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)

    @property
    def counted(self) -> Mapping[str, int]:
        """The metrics."""
        return {"ListingChangesGathered": self.kept, "ListingChangesFailed": len(self.refused)}


CLOSE_MARGIN_SECONDS: Final = CLOSING_SECONDS
"""What is left of the function's time when a group is looked at. Were it killed within, all messages of its
batch would come again after the queue's visibility time-out only, other sellers' too.
"""

_Outcome = Kept | Known | Differs | StoreUnavailableError


class Gatherer:
    """remaining_seconds: of the function's time."""

    def __init__(
        self,
        *,
        rows: ChangeRows,
        groups: GroupRows,
        promises: Promises,
        closer: Closes,
        events: Events,
        dead_letters: DeadLetters,
        limits: Limits,
        window_seconds: int,
        remaining_seconds: Callable[[], float],
    ) -> None:
        self._rows = rows
        self._groups = groups
        self._promises = promises
        self._closer = closer
        self._events = events
        self._dead_letters = dead_letters
        self._limits = limits
        self._window_ms = window_seconds * 1000
        self._remaining_seconds = remaining_seconds

    def gather(self, deliveries: Sequence[Delivery]) -> Gathered:
        """Work on a batch of messages: all but those in `failed` may be acknowledged."""
        done = Gathered()
        closings: list[tuple[Message, CloseRequest]] = []
        changes: list[tuple[Message, ListingChange]] = []
        refusals: list[tuple[Message, RefusedChange]] = []
        for delivery in deliveries:
            message = delivery.message
            try:
                request = close_request(message.body)
                if request is not None:
                    closings.append((message, request))
                    continue
                change = read_change(message.body, message.identity, delivery.sent_at)
            except UnanswerableChangeError as error:
                self._reject(message, error, done)
                continue
            except Exception as error:  # noqa: BLE001 - a defect of ours costs this message, never its batch
                done.failed[message.message_id] = defect(error)
                continue
            if isinstance(change, RefusedChange):
                refusals.append((message, change))
            else:
                changes.append((message, change))
        self._keep(changes, refusals, done)
        self._answer(refusals, done)
        for message, request in closings:
            self._close(message, request, done)
        return done

    def _reject(self, message: Message, error: UnanswerableChangeError, done: Gathered) -> None:
        try:
            self._dead_letters.reject(message, error.reason, str(error))
        except StoreUnavailableError as fault:
            done.failed[message.message_id] = str(fault)
        else:
            done.rejected.append((message, f"{error.reason}: {error}"))

    def _keep(
        self,
        changes: Sequence[tuple[Message, ListingChange]],
        refusals: list[tuple[Message, RefusedChange]],
        done: Gathered,
    ) -> None:
        """Keep the changes; those whose id is another's go to `refusals`."""
        firsts: dict[tuple[str, str], ListingChange] = {}
        for _, change in sorted(changes, key=lambda each: (each[1].order, each[1].change_id)):
            firsts.setdefault((change.group.seller_id, change.change_id), change)
        outcomes = self._written(list(firsts.values()))
        waiting: dict[Group, list[Message]] = {}
        others, failed = len(refusals), len(done.failed)
        new = [change for key, change in firsts.items() if outcomes[key] == Kept(again=False)]
        for message, change in changes:
            key = (change.group.seller_id, change.change_id)
            outcome = outcomes[key]
            if isinstance(outcome, StoreUnavailableError):
                done.failed[message.message_id] = str(outcome)
            elif isinstance(outcome, Differs) or change.content_sha256 != firsts[key].content_sha256:
                refusals.append((message, changes_events.with_a_taken_id(change)))
            elif isinstance(outcome, Kept):
                waiting.setdefault(change.group, []).append(message)
        done.kept += len(new)
        done.copies += len(changes) - len(new) - (len(refusals) - others) - (len(done.failed) - failed)
        self._promise(waiting, new, done)

    def _written(self, changes: Sequence[ListingChange]) -> dict[tuple[str, str], _Outcome]:
        """What became of each change, by seller and id.

        Where the table does not take them together they are written group by group: a flood of one group's
        changes, which it throttles, is not to hold up the others'.
        """
        outcomes: dict[tuple[str, str], _Outcome] = {}
        together = [list(changes)]
        while together:
            part = together.pop()
            keys = [(change.group.seller_id, change.change_id) for change in part]
            try:
                outcomes.update(zip(keys, self._rows.keep(part), strict=True))
            except StoreUnavailableError as fault:
                groups: dict[Group, list[ListingChange]] = {}
                for change in part:
                    groups.setdefault(change.group, []).append(change)
                if len(groups) > 1 and self._remaining_seconds() >= CLOSE_MARGIN_SECONDS:
                    together += groups.values()
                else:
                    outcomes.update(dict.fromkeys(keys, fault))
        return outcomes

    def _promise(
        self, waiting: Mapping[Group, Sequence[Message]], new: Sequence[ListingChange], done: Gathered
    ) -> None:
        counts = Counter(change.group for change in new)
        sizes: Counter[Group] = Counter()
        for change in new:
            sizes[change.group] += change.size_bytes
        for group, messages in waiting.items():
            close_at = self._promises.now_ms + self._window_ms
            try:
                row = self._groups.arrived(group, counts[group], sizes[group], close_at)
                self._promises.hasten(row, self._limits)
            except StoreUnavailableError as fault:
                done.failed |= {message.message_id: str(fault) for message in messages}

    def _answer(self, refusals: Sequence[tuple[Message, RefusedChange]], done: Gathered) -> None:
        if not refusals:
            return
        try:
            self._events.publish([changes_events.refused(change) for _, change in refusals])
        except StoreUnavailableError as fault:
            done.failed |= {message.message_id: str(fault) for message, _ in refusals}
        else:
            done.refused += [change for _, change in refusals]

    def _close(self, message: Message, request: CloseRequest, done: Gathered) -> None:
        if self._remaining_seconds() < CLOSE_MARGIN_SECONDS:
            done.failed[message.message_id] = "no time is left to close another group"
            return
        try:
            done.batches += self._closer.close(request)
        except StoreUnavailableError as fault:
            done.failed[message.message_id] = str(fault)
        except Exception as error:  # noqa: BLE001 - one group's trouble is not to fail the others' messages
            done.failed[message.message_id] = f"{type(error).__name__}: {error}"
            done.errors.append(error)
