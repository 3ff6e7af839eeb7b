"""Settles an attempt whose answer was lost, by what the order offers once the settle time is over.

Only a type that Amazon takes once for an order can be settled so, and only where nobody else sends messages
for the seller; no other task of ours is sending this type for the order (task_rows.once_key).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

from sellerbus.messaging.answers import AnswerKeeper, noted, sent_changes, uncertain_changes
from sellerbus.messaging.looking_at_order import Look, offers
from sellerbus.messaging.steps import Count, EndsError, Messages, TryLaterError
from sellerbus.messaging.task import Attempt, MessageTask, Offered, iso
from sellerbus.messaging.task_store import MessageStore

_IS_SENT: Final = (
    "the answer was lost; the order no longer offers this message, which it takes once, and everything else "
    "as before: it was sent"
)
_IS_NOT_SENT: Final = (
    "the answer was lost; the order still offers this message, which it takes once: not sent"
)
_NO_PROOF: Final = "the answer was lost, and what the order offers now is no proof: its actions have changed"


class Verdict(StrEnum):
    """What is proved."""

    SENT = "sent"
    NOT_SENT = "not sent"


def judge(message_type: str, before: Sequence[Offered], now: Sequence[Offered]) -> Verdict | None:
    """What the order's actions prove of a message of a type that is taken once; None for nothing."""
    then, here = _enabled(before), _enabled(now)
    if not then.get(message_type):
        return None
    if here.get(message_type):
        return Verdict.NOT_SENT
    others = [{name: is_on for name, is_on in each.items() if name != message_type} for each in (then, here)]
    # Where nothing else is possible, a list that is empty now may be that of an order that has changed.
    return Verdict.SENT if others[0] == others[1] and any(others[0].values()) else None


class Settler:
    """longest_seconds: how long it is tried to look, before a person is asked. now: seconds since 1970."""

    def __init__(
        self,
        *,
        store: MessageStore,
        answers: AnswerKeeper,
        longest_seconds: float,
        count: Count,
        now: Callable[[], float],
    ) -> None:
        self._store = store
        self._answers = answers
        self._longest = longest_seconds
        self._count = count
        self._now = now

    def settle(self, task: MessageTask, attempt: Attempt, messages: Callable[[], Messages]) -> None:
        """Look, and act on it. task: SENDING since `attempt`, and its settle time is over.

        messages: raises TryLaterError and EndsError where the seller can't be called for. Raises
        TryLaterError, TaskChangedError, StoreUnavailableError.
        """
        try:
            actions = Look(task, messages(), count=self._count, now=self._now).actions()
        except EndsError as ends:
            # The task can't end so: nobody knows whether the message was sent.
            self._not_asked(task, ends.reason)
            return
        except TryLaterError as later:
            if self._now() - (task.settle_at or 0.0) < self._longest:
                raise
            self._not_asked(task, later.reason)
            return
        match judge(task.message_type, task.offered, offers(actions)):
            case Verdict.SENT:
                changes = sent_changes(iso(attempt.started_at))
                self._store.change(task, **changes, notes=noted(task, _IS_SENT))
            case Verdict.NOT_SENT:
                notes = noted(task, _IS_NOT_SENT)
                self._answers.not_sent(task, attempt, notes=notes, waits=None, booking=None)
            case _:
                self._store.change(task, **uncertain_changes(_NO_PROOF), booking=None)
                return
        self._count("MessagesSettled", 1)

    def _not_asked(self, task: MessageTask, why: str) -> None:
        told = f"the answer was lost, and the order's actions can't be asked for: {why}"
        self._store.change(task, **uncertain_changes(told), booking=None)


def _enabled(actions: Sequence[Offered]) -> dict[str, bool]:
    """Whether each action is enabled; one that stands there twice is, if it is so once."""
    found: dict[str, bool] = {}
    for each in actions:
        found[each.name] = found.get(each.name, False) or not each.disabled
    return found
