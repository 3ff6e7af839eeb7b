"""`sellerbus messages compose`: a message to a buyer, question by question, and followed to the end."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.message_actions_whom import MarketplaceName, SellerName
from ops.message_options import TimeOut
from ops.options import StageName


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
    # What draws takes an eighth of a second to import, which no other command shall wait for.
    from ops import compose_session

    compose_session.run(stage, order, seller, marketplace, days=days, minutes=timeout)
