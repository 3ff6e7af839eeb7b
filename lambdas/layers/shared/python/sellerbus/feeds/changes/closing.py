"""Closing a group of listing changes: its open changes become a feed, each of them in one feed, once.

    choose     the open changes, oldest first, as far as a feed goes
    write      the feed's document and its manifest; nobody looks at them yet
    begin      one conditional write makes this the group's batch: only if there is none, and was none since
               the choice. Whoever is refused leaves two objects behind that nothing comes of
    hand over  the document is copied into the inbox; its task id makes a repetition the same
    take       the changes are no longer open
    end        the group has no batch any more: what is open now has never been in one

Killed anywhere, the message that asked for the closing comes again, finds the batch and completes it. Several
that close at once do no harm: one of them begins, all complete the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sellerbus.feeds.changes.document import (
    Chosen,
    Entry,
    Limits,
    choose,
    document,
    entries_of,
    manifest,
    task_id_of,
)
from sellerbus.feeds.changes.groups import GroupRow, GroupRows
from sellerbus.feeds.changes.inbox import ChangesInbox
from sellerbus.feeds.changes.pace import Pace
from sellerbus.feeds.changes.promises import CloseRequest, Promises, is_full
from sellerbus.feeds.changes.rows import ChangeRows

CLOSING_SECONDS: Final = 60.0
"""What is left of the function's time when a batch is begun: 25,000 changes are 500 transactions. One that
takes longer is completed by the next delivery of the message.
"""
_EARLY_MS: Final = 1000


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that was handed over."""

    task_id: str
    changes: int


class Closer:
    """remaining_seconds: of the function's time. Its methods raise StoreUnavailableError."""

    def __init__(
        self,
        *,
        groups: GroupRows,
        rows: ChangeRows,
        inbox: ChangesInbox,
        promises: Promises,
        pace: Pace,
        limits: Limits,
        window_seconds: int,
        remaining_seconds: Callable[[], float],
    ) -> None:
        self._groups = groups
        self._rows = rows
        self._inbox = inbox
        self._promises = promises
        self._pace = pace
        self._limits = limits
        self._window_ms = window_seconds * 1000
        self._remaining_seconds = remaining_seconds

    def close(self, request: CloseRequest) -> list[Batch]:
        """Do what the message asks for; return the batches that were handed over on the way.

        When it returns, nothing is open, or another promise is made and its message sent. A group with more
        than one full feed has another message for each: other sellers' groups have their turn in between.
        """
        batches: list[Batch] = []
        entries: dict[str, list[Entry]] = {}
        while True:
            row = self._groups.read(request.group)
            if row.batch is not None:
                batches.append(self._complete(row, row.batch, entries.pop(row.batch, None)))
            elif row.close != request.promise:
                self._promises.ensure(row)
                return batches
            elif batches and (is_full(row, self._limits) or self._remaining_seconds() < CLOSING_SECONDS):
                self._promises.renew(row, self._promises.now_ms)
                return batches
            elif self._is_left(row):
                return batches
            else:
                chosen = choose(self._rows.open_changes(row.group), self._limits)
                if self._is_settled(row, chosen):
                    return batches
                if chosen.changes:
                    self._begin(row, chosen, entries)

    def _is_left(self, row: GroupRow) -> bool:
        """Whether the group is left for later without a look at its changes; the next promise is made."""
        if self._must_be_looked_at(row):
            return False
        if row.close_at > self._promises.now_ms + _EARLY_MS:
            # SQS delays no message for as long as the window is.
            self._promises.send(row)
            return True
        return self._is_held(row)

    def _is_settled(self, row: GroupRow, chosen: Chosen) -> bool:
        """Whether there is nothing to hand over now; the promise is withdrawn, or the next is made."""
        if chosen.oldest is None:
            return self._groups.withdraw(row)
        if chosen.full:
            return False
        due = chosen.oldest + self._window_ms
        if due > self._promises.now_ms + _EARLY_MS:
            self._promises.renew(row, due)
            return True
        # Whether it is held was asked before, unless the counts were wrong.
        return self._must_be_looked_at(row) and self._is_held(row)

    def _must_be_looked_at(self, row: GroupRow) -> bool:
        """Full or empty by the row's counts, which are not exact, and count what doesn't go together too."""
        return is_full(row, self._limits) or row.open_changes <= 0

    def _is_held(self, row: GroupRow) -> bool:
        wait_ms = self._pace.wait_ms(row)
        if not wait_ms:
            return False
        now = self._promises.now_ms
        self._promises.renew(row, now + wait_ms, held_since=row.held_since or now)
        return True

    def _begin(self, row: GroupRow, chosen: Chosen, entries: dict[str, list[Entry]]) -> None:
        task_id = task_id_of(row.group, chosen.changes)
        listed = entries_of(chosen.changes)
        self._inbox.write(task_id, document(row.group, chosen.changes), manifest(listed))
        self._groups.begin_batch(row, task_id, len(listed), chosen.size_bytes)
        entries[task_id] = listed

    def _complete(self, row: GroupRow, task_id: str, listed: list[Entry] | None) -> Batch:
        entries = self._inbox.manifest(task_id) if listed is None else listed
        self._inbox.hand_over(row.group, task_id)
        self._rows.into_feed(row.group, task_id, entries)
        self._groups.end_batch(row, self._promises.now_ms)
        return Batch(task_id, len(entries))
