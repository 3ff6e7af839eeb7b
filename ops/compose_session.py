"""One session of `compose`: from the terminal to what became of the message."""

from __future__ import annotations

from ops import compose_terminal, console, message_following, message_send
from ops.compose_asking import Asking
from ops.compose_desk import StageDesk
from ops.compose_flow import MARKETPLACE, ORDER, SELLER, Flow
from ops.compose_letter import Letter
from ops.compose_steps import asked_again
from ops.errors import PARTLY, CommandError
from ops.message_actions import checked_order_id
from ops.message_actions_answers import Order
from ops.message_actions_whom import the_one
from ops.message_handing import HandedOver, RefusedError, known_seller
from ops.message_tasks import words
from ops.options import opened
from sellerbus.messaging.finding import sentences
from sellerbus.messaging.task import NOT_SENT, MessageState


def run(
    stage: str,
    order: str | None,
    seller: str | None,
    marketplace: str | None,
    *,
    days: int,
    minutes: float,
) -> None:
    """Ask, send and follow; what is None is asked for. minutes: how long the task is followed at the most.

    Raises CommandError where the message was not sent in the end, KeyboardInterrupt where the person left.
    """
    terminal = compose_terminal.opened(stage)
    desk = StageDesk(opened(stage), days, seller, marketplace)
    flow = Flow(Asking(terminal, desk))
    if order is not None:
        _begin_with(flow, desk, checked_order_id(order))
    _write_and_send(flow, desk, minutes)


def _begin_with(flow: Flow, desk: StageDesk, order_id: str) -> None:
    """Answer the first questions with what was named; raises CommandError where that is not enough."""
    whose = the_one(desk.stage, desk.seller, desk.marketplace)
    known_seller(desk.stage, whose.cell, whose.seller_id)
    where = whose.marketplace_ids[0]
    flow.letter = Letter(
        whom=whose,
        marketplace_id=where,
        order=Order(order_id, None, None, None, None, None),
        actions=desk.actions(whose, where, order_id),
    )
    flow.answered = {SELLER, MARKETPLACE, ORDER}


def _write_and_send(flow: Flow, desk: StageDesk, minutes: float) -> None:
    problem, unsent = "", None
    while True:
        try:
            letter = flow.run(problem)
        except KeyboardInterrupt:
            if unsent is None:
                console.say("Nothing was sent.")
                raise
            raise unsent from None
        try:
            handed = _handed_over(desk, letter)
        except RefusedError as error:
            problem = sentences(error.findings)
        except CommandError as error:
            if error.exit_code == PARTLY:
                # It may be on its way: who is asked once more would send it twice.
                raise
            problem = str(error)
        else:
            told = letter.action.title if letter.action else ""
            console.show_line(f"{told}, order {handed.task.amazon_order_id}: task {handed.task.task_id}")
            task = message_send.followed(handed.tasks, handed.task, minutes, desk.stage.name)
            message_send.tell_end(handed.tasks, task)
            code = message_following.exit_code(task)
            if not code:
                return
            unsent = CommandError(message_send.unhappy(task, desk.stage.name, minutes), code)
            if task.state not in NOT_SENT:
                raise unsent
            problem = f"It was not sent: {words(task)}"
            if task.state is MessageState.NOT_ALLOWED:
                flow.letter, _ = asked_again(flow.asking, flow.letter)


def _handed_over(desk: StageDesk, letter: Letter) -> HandedOver:
    try:
        return desk.hand_over(letter)
    except KeyboardInterrupt:
        name = desk.stage.name
        console.say(
            "You stopped while the message was handed over. Whether it was, and what becomes of it: "
            f"bin/sellerbus messages list --stage {name} --seller {letter.draft().seller_id}"
        )
        raise
