"""What a message is about: the seller, the order, and the type, of those that the order allows now.

Each step asks one thing and returns the letter with the answer, and whether the person goes on (False: back).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from ops import message_actions_words as words
from ops import times
from ops.compose_asking import Answer, Asking, Desk
from ops.compose_choice import Choice, Pressed, choose
from ops.compose_letter import Letter
from ops.compose_page import BACK, Page
from ops.errors import CommandError
from ops.message_actions import checked_order_id
from ops.message_actions_answers import Action, Order, Orders
from ops.message_actions_whom import Whom, country

_AGAIN: Final = "c-r"


def seller(asking: Asking, page: Page, letter: Letter) -> Answer:
    found = asking.desk.sellers()
    rows = [Choice(row, (row.seller_id, row.cell.region)) for row in found]
    chosen = rows[0].value if len(rows) == 1 else choose(asking.terminal, page, rows)
    if chosen is BACK:
        return letter, False
    whom = asking.desk.whom(chosen)
    return replace(letter, whom=whom, marketplace_id=None, orders=None, order=None), True


def marketplace(asking: Asking, page: Page, letter: Letter) -> Answer:
    ids = letter.whom.marketplace_ids if letter.whom else ()
    rows = [Choice(name, (country(name), name)) for name in ids]
    chosen = ids[0] if len(ids) == 1 else choose(asking.terminal, page, rows, start=letter.marketplace_id)
    if chosen is BACK:
        return letter, False
    return replace(letter, marketplace_id=chosen, orders=None, order=None), True


def order(asking: Asking, page: Page, letter: Letter) -> Answer:
    """Step 1 of the guide; what the order allows (step 2) is asked with it."""
    whom, place = _where(letter)
    fresh, problem = False, page.problem
    while True:
        if letter.orders is None or fresh:
            try:
                letter = replace(letter, orders=asking.desk.orders(whom, place, fresh=fresh))
            except CommandError as error:
                problem = f"The orders can't be listed: {error} An order's id can be typed all the same."
        known = letter.orders.orders if letter.orders else ()
        chosen = choose(
            asking.terminal,
            replace(page, problem=problem, note=_told_of(letter.orders, asking.desk)),
            [_order_choice(row, asking.desk.now()) for row in known],
            start=letter.order,
            typed=partial(_typed_order, known),
            own_keys={_AGAIN: "ask again"},
        )
        if chosen is BACK:
            return letter, False
        fresh, problem = isinstance(chosen, Pressed), ""
        if isinstance(chosen, Order):
            try:
                found = asking.desk.actions(whom, place, chosen.order_id)
            except CommandError as error:
                problem = str(error)
            else:
                return replace(letter, order=chosen, actions=found), True


def kind(asking: Asking, page: Page, letter: Letter) -> Answer:
    """Steps 2 and 3 of the guide: the types by their titles, and those that are not possible now."""
    problem = page.problem
    while True:
        shown = [row for row in letter.actions.actions if not row.hidden] if letter.actions else []
        note = "" if any(row.allowed for row in shown) else "Amazon allows none for this order now."
        chosen = choose(
            asking.terminal,
            replace(page, problem=problem, note=note),
            [_kind_choice(row) for row in shown],
            start=letter.action,
            own_keys={_AGAIN: "ask again"},
        )
        if chosen is BACK:
            return letter, False
        if isinstance(chosen, Action):
            return replace(letter, action=chosen), True
        letter, problem = asked_again(asking, letter)


def asked_again(asking: Asking, letter: Letter) -> tuple[Letter, str]:
    """Return the letter with what the order allows now, and what went wrong with asking."""
    whom, place = _where(letter)
    if letter.order is None:
        return letter, ""
    try:
        found = asking.desk.actions(whom, place, letter.order.order_id)
    except CommandError as error:
        return letter, str(error)
    name = letter.action.name if letter.action else ""
    action = next((row for row in found.actions if row.name == name and row.allowed), letter.action)
    return replace(letter, actions=found, action=action), ""


def _where(letter: Letter) -> tuple[Whom, str]:
    if letter.whom is None or letter.marketplace_id is None:
        raise ValueError("seller and marketplace must be decided before")
    return letter.whom, letter.marketplace_id


def _order_choice(row: Order, now: datetime) -> Choice:
    bought = times.relative(times.moment(row.purchased_at), now) if row.purchased_at else ""
    detail = f"Bought {times.absolute(times.moment(row.purchased_at))}." if row.purchased_at else ""
    return Choice(
        row,
        (row.order_id, words.spoken(row.status), bought, words.fulfilled(row), words.ordered(row)),
        detail=detail,
    )


def _typed_order(known: Sequence[Order], text: str) -> Choice | None:
    try:
        order_id = checked_order_id(text)
    except CommandError:
        return None
    if any(row.order_id == order_id for row in known):
        return None
    return Choice(Order(order_id, None, None, None, None, None), (order_id, "an order that is not listed"))


def _kind_choice(row: Action) -> Choice:
    once = " It can be sent once per order." if row.once_per_order else ""
    return Choice(
        row,
        (row.title, words.takes(row)) if row.allowed else (row.title,),
        words.why_not(row),
        f"{row.description}{once}",
        # The name of the API, of documents and of the other commands; the title is another.
        also=row.name,
    )


def _told_of(orders: Orders | None, desk: Desk) -> str:
    if orders is None:
        return ""
    read = f", read {times.relative(times.moment(orders.read_at), desk.now())}" if orders.read_at else ""
    more = "" if orders.complete else "; there are more: Amazon's quota allowed no further page"
    return f"Orders of the last {desk.days} days{read}{more}. An id that is not listed can be typed."
