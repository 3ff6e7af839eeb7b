"""What the states of message tasks mean, and what a person can do then. docs/messages.md says more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ops.message_actions_whom import country
from sellerbus.messaging.task import MessageState, MessageTask

STATES: Final[Mapping[MessageState, str]] = {
    MessageState.ACCEPTED: "handed over; the order is looked at, the message checked and its turn awaited",
    MessageState.SENDING: "Amazon is called, or the answer was lost and the order is looked at once more",
    MessageState.SENT: "Amazon has taken it for the buyer",
    MessageState.REFUSED: "it was refused, by the checks made here or by Amazon; nothing was sent",
    MessageState.NOT_ALLOWED: "the order does not allow a message of this type now; nothing was sent",
    MessageState.UNCERTAIN: "Amazon's answer was lost, and nothing proves whether the buyer has the message; "
    "a person decides",
    MessageState.FAILED: "it was given up",
}


def waits_for(task: MessageTask) -> str | None:
    """Return what a task waits for; None where it has ended."""
    if task.is_ended:
        return None
    if task.state is MessageState.UNCERTAIN:
        return "for a person's decision"
    told = task.waits or {}
    if told.get("reason"):
        return str(told["reason"])
    if task.state is MessageState.SENDING and task.settle_at is not None:
        return "for the settle time: then the order's actions may prove what became of the message"
    return None


def advice(task: MessageTask, stage: str) -> tuple[str, ...]:
    """Return what a person can do, a sentence or a command each."""

    def command(words: str) -> str:
        return f"bin/sellerbus messages {words} --stage {stage}"

    match task.state:
        case MessageState.ACCEPTED:
            return (f"cancel it, before Amazon is called: {command(f'cancel {task.task_id}')}",)
        case MessageState.SENDING:
            return ("nothing yet: what became of it is known within minutes",)
        case MessageState.UNCERTAIN:
            again = " or --send-again" if task.content is not None else ""
            return (
                "look at the order's messages in Seller Central: whether the buyer has it",
                f"then decide: {command(f'settle {task.task_id}')} with --sent, --give-up{again}",
            )
        case MessageState.REFUSED:
            return ("correct what the findings or the reason name, and hand it over again as a new task",)
        case MessageState.NOT_ALLOWED:
            where = country(task.marketplace_id)
            actions = f"actions {task.amazon_order_id} --seller {task.seller_id} --marketplace {where}"
            return (
                f"see what the order allows now, and why not the others: {command(actions)}",
                "hand it over again, as a new task, when the order allows it",
            )
        case MessageState.FAILED:
            return ("read the reason; mend its cause, then hand the message over again, as a new task",)
    return ()
