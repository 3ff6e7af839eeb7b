"""`sellerbus messages compose`: a message to a buyer, question by question, and followed to the end."""

from __future__ import annotations

from typing import Annotated

import typer

from ops import compose_terminal, console, message_following, message_send
from ops.compose_asking import Asking
from ops.compose_desk import StageDesk
from ops.compose_flow import MARKETPLACE, ORDER, SELLER, Flow
from ops.compose_letter import Letter
from ops.compose_steps import asked_again
from ops.errors import PARTLY, CommandError
from ops.message_actions import checked_order_id
from ops.message_actions_answers import Order
from ops.message_actions_whom import MarketplaceName, SellerName, the_one
from ops.message_handing import RefusedError
from ops.message_options import TimeOut
from ops.message_tasks import words
from ops.options import StageName, opened
from sellerbus.messaging.finding import sentences
from sellerbus.messaging.task import NOT_SENT, MessageState


def compose(
    stage: StageName,
    order: Annotated[
        str | None,
        typer.Argument(
            metavar="ORDER", help="An Amazon order id; without it orders are shown.", show_default=False
        ),
    ] = None,
    seller: SellerName = None,
    marketplace: MarketplaceName = None,
    days: Annotated[
        int, typer.Option(min=1, max=365, help="How far back orders are shown to choose from.")
    ] = 30,
    timeout: TimeOut = 15.0,
) -> None:
    """Write a message to a buyer in the terminal, step by step, and follow it until it is sent.

    Order, message type (those that the order does not allow now are shown with the reason), text with a live
    count against its limit, attachments that are checked as they are added, the whole message once more, and
    a last question: nothing is sent before that is answered with yes. Esc goes back, Ctrl-C leaves. What
    Amazon refuses can be changed and sent again. Nothing of the message is kept on this machine.

    It needs a terminal; NO_COLOR is honoured. In scripts use `send` and `send-many`.

    Exit codes: 0 SENT; 1 REFUSED, NOT_ALLOWED or FAILED; 5 UNCERTAIN, which a person decides, or not ended in
    time; 130 left without sending.
    """
    terminal = compose_terminal.opened(stage)
    target = opened(stage)
    desk = StageDesk(target, days, seller, marketplace)
    flow = Flow(Asking(terminal, desk))
    if order is not None:
        _begin_with(flow, desk, checked_order_id(order))
    _write_and_send(flow, desk, timeout)


def _begin_with(flow: Flow, desk: StageDesk, order_id: str) -> None:
    """Answer the first questions with what was named; raises CommandError where that is not enough."""
    whose = the_one(desk.stage, desk.seller, desk.marketplace)
    where = whose.marketplace_ids[0]
    flow.letter = Letter(
        whom=whose,
        marketplace_id=where,
        order=Order(order_id, None, None, None, None, None),
        actions=desk.actions(whose, where, order_id),
    )
    flow.answered = {SELLER, MARKETPLACE, ORDER}


def _write_and_send(flow: Flow, desk: StageDesk, timeout: float) -> None:
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
            handed = desk.hand_over(letter)
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
            task = message_send.followed(handed.tasks, handed.task, timeout, desk.stage.name)
            message_send.tell_end(handed.tasks, task)
            code = message_following.exit_code(task)
            if not code:
                return
            unsent = CommandError(message_send.unhappy(task, desk.stage.name, timeout), code)
            if task.state not in NOT_SENT:
                raise unsent
            problem = f"It was not sent: {words(task)}"
            if task.state is MessageState.NOT_ALLOWED:
                flow.letter, _ = asked_again(flow.asking, flow.letter)
