"""What the states of message tasks mean, and what a person can do then. docs/messages.md says more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from ops.message_actions_whom import country
from sellerbus.messaging.catalogue import WITHDRAWN
from sellerbus.messaging.operating import CANCEL, GIVE_UP, SEND_AGAIN
from sellerbus.messaging.task import NOT_SENT, MessageState, MessageTask

STATES: Final[Mapping[MessageState, str]] = {
    MessageState.ACCEPTED: "handed over; the order is looked at, the message checked and its turn awaited",
    MessageState.SENDING: "Amazon is called, or the answer was lost and the order is looked at once more",
    MessageState.SENT: "Amazon has taken it for the buyer",
    MessageState.REFUSED: "it was refused, by the checks made here or by Amazon; nothing was sent",
    MessageState.NOT_ALLOWED: "the order does not allow a message of this type now; nothing was sent",
    MessageState.UNCERTAIN: "Amazon's answer was lost, and nothing proves whether the buyer has the message; "
    "a person decides",
    MessageState.FAILED: "it could not be sent, for the reason told; nothing was sent",
}
CHECK_THE_ORDER: Final = (
    "Amazon does not know the order for this seller and marketplace: check the order id, the marketplace "
    "(the country that the order was placed in) and the seller"
)
_NOT_FOUND: Final = re.compile(r"^\w+: 404\b")
_MAY_HAVE_IT: Final = "the buyer may have it, by a call of which no answer came"


def meaning(task: MessageTask) -> str:
    """Return what the task's state means for this task."""
    if may_have_arrived(task):
        return f"{_ended(task)}; {_MAY_HAVE_IT}"
    if task.state is MessageState.NOT_ALLOWED and task.message_type in WITHDRAWN:
        return "Amazon has withdrawn messages of this type; nothing was sent"
    if task.state is MessageState.FAILED and task.decision == CANCEL:
        return f"{_ended(task)}; nothing was sent"
    if _is_unknown_seller(task):
        return "the stage does not know the seller; nothing was sent"
    return STATES[task.state]


def may_have_arrived(task: MessageTask) -> bool:
    """Whether the buyer may have what did not end SENT: a person decided about a call without an answer."""
    if task.state not in NOT_SENT or not task.attempts:
        return False
    # A task that was to be sent again and was cancelled then has the later decision alone.
    return task.decision in (GIVE_UP, SEND_AGAIN) or (
        task.decision == CANCEL and any("sent again" in note for note in task.notes)
    )


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
    match task.state:
        case MessageState.ACCEPTED:
            resume = (f"resume the seller: {resuming(task.seller_id, stage)}",) if _is_paused(task) else ()
            cancel = _command(f"cancel {task.task_id}", stage)
            return (*resume, f"cancel it, before Amazon is called: {cancel}")
        case MessageState.SENDING:
            return ("nothing yet: what became of it is known within minutes",)
        case MessageState.UNCERTAIN:
            again = " or --send-again" if task.content is not None else ""
            settle = _command(f"settle {task.task_id}", stage)
            return (
                "look at the order's messages in Seller Central: whether the buyer has it",
                f"then decide: {settle} with --sent, --give-up{again}",
            )
        case MessageState.SENT:
            return ()
    return tuple(_after_no_message(task, stage))


def resuming(seller_id: str, stage: str) -> str:
    """Return the command that lets a paused seller go on."""
    return f"bin/sellerbus sellers resume {seller_id} --stage {stage}"


def _after_no_message(task: MessageTask, stage: str) -> Iterator[str]:
    """What can be done about a task that has ended and is not SENT."""
    if may_have_arrived(task):
        yield "look at the order's messages in Seller Central: whether the buyer has it"
        yield (
            "if not, hand it over again, as a new task, with --force: without it the very same message may "
            "count as this one"
        )
        return
    where = country(task.marketplace_id)
    if task.state is MessageState.REFUSED:
        if _NOT_FOUND.match(task.reason or ""):
            yield f"{CHECK_THE_ORDER} ({task.amazon_order_id}, {where}, {task.seller_id})"
        yield "correct what the findings or the reason name, and hand it over again as a new task"
    elif task.state is MessageState.NOT_ALLOWED:
        actions = f"actions {task.amazon_order_id} --seller {task.seller_id} --marketplace {where}"
        yield f"see what the order allows now, and why not the others: {_command(actions, stage)}"
        if task.message_type in WITHDRAWN:
            yield "take another type: Amazon carries messages of this one no more"
        else:
            yield "hand it over again, as a new task, when the order allows it"
    elif task.decision == CANCEL:
        yield "nothing, if it was meant so; to send it after all, hand it over again, as a new task"
    elif _is_unknown_seller(task):
        add = f"bin/sellerbus sellers add {task.seller_id} --stage {stage} --marketplaces {where}"
        yield f"check the seller id; if it is right, add the seller: {add}"
        yield "then hand the message over again, as a new task"
    else:
        yield "read the reason; mend its cause, then hand the message over again, as a new task"


def _ended(task: MessageTask) -> str:
    if task.decision == GIVE_UP:
        return "a person gave it up, without knowing what became of it"
    if task.decision == CANCEL:
        return "a person cancelled it before it was sent"
    return "a person had it sent again, and that time it was not sent"


def _is_paused(task: MessageTask) -> bool:
    return (task.waits or {}).get("reason") == f"seller {task.seller_id} is paused"


def _is_unknown_seller(task: MessageTask) -> bool:
    return (
        task.state is MessageState.FAILED and task.reason == f"seller {task.seller_id} is not in the registry"
    )


def _command(words: str, stage: str) -> str:
    return f"bin/sellerbus messages {words} --stage {stage}"
