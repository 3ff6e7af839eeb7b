"""Hands over what the story of messages is about: with `sellerbus`, as events and by the queue."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from local.cast import SELLERS, THIRD_SELLER
from local.commands import Finished
from local.deployment import Deployment
from local.message_documents import EXAMPLE
from local.message_requests import (
    GUIDES,
    GUIDES_ORDER,
    GUIDES_TYPE,
    OTHER_TYPES,
    QUESTION_TYPE,
    REFUSED,
    TEMPLATE,
    TEMPLATE_DOCUMENT,
    TEMPLATE_TYPE,
    TEMPLATES_OF_REFUSED,
    Asked,
)
from local.message_scenes import MessageScenes, Planned
from local.screen import Screen

FIRST, SECOND, THIRD = (seller.seller_id for seller in (*SELLERS, THIRD_SELLER))
US, MX = "ATVPDKIKX0DER", "A1AM78C64UM0Y8"
OPEN_ORDERS: Final = {FIRST: GUIDES_ORDER, SECOND: "902-0000002-0000002", THIRD: "902-0000003-0000003"}
"""Of each seller an order that every type can be sent for."""
MARKETPLACES: Final = {FIRST: US, SECOND: US, THIRD: MX}
SHIPPED_ORDER: Final = "902-0000004-0000004"
"""An order of the second seller that is shipped: too late to ask about it."""
ALL_ACTIONS: Final = (
    *(GUIDES_TYPE, *(asked.message_type for asked in OTHER_TYPES if asked.message_type != "invoice")),
    "sendInvoice",
)
"""As Amazon's list of an order's actions names them."""
LOST_TYPE, LOST_OPERATION = "unexpectedProblem", "messaging/v1/createUnexpectedProblem"
MINUTES: Final = "20"
SAME_TASK, SAME_MESSAGE, LOST, TOO_LATE, WITH_TEMPLATE, GUIDES_NAME = (
    "same-task",
    "same-message",
    "lost-answer",
    "not-allowed",
    "template",
    "guide",
)
ONCE_SENT, ONCE_NOT_SENT = "once-sent", "once-not-sent"
ONCE: Final = {
    ONCE_SENT: Asked("digitalAccessKey", {"text": "Your key is EXAMPLE-KEY-0002."}),
    ONCE_NOT_SENT: Asked("confirmServiceDetails", {"text": "May the technician come on Tuesday at nine?"}),
}
"""Messages that their orders allow once only; their calls are cut, after they were carried out or before."""
ONCE_ORDERS: Final = {ONCE_SENT: "902-0000005-0000005", ONCE_NOT_SENT: "902-0000006-0000006"}
_CUT: Final = {
    ONCE_SENT: ("messaging/v1/createDigitalAccessKey", "after"),
    ONCE_NOT_SENT: ("messaging/v1/createConfirmServiceDetails", "before"),
}
_LOST = Asked(LOST_TYPE, {"text": "The parcel was damaged before it was shipped. May we send it in June?"})
_SAME_TASK = Asked(QUESTION_TYPE, {"text": "Shall we send the cup in the large box or in the small one?"})
_SAME_MESSAGE = Asked(QUESTION_TYPE, {"text": "Shall we put the cup and the plate into one box?"})
_TOO_LATE = Asked(QUESTION_TYPE, {"text": "Would you like the cup in blue?"})
_TEMPLATE = Asked(TEMPLATE_TYPE, {"template": {"name": TEMPLATE, "values": {"minutes": MINUTES}}})


def make_orders(deployment: Deployment) -> None:
    """Customers order from the sellers."""
    simulator = deployment.simulator
    for seller_id, order_id in OPEN_ORDERS.items():
        simulator.add_order(
            seller_id, MARKETPLACES[seller_id], order_id, offered=list(ALL_ACTIONS), locale="en-US"
        )
    for name, order_id in ONCE_ORDERS.items():
        simulator.add_order(THIRD, MX, order_id, offered=list(ALL_ACTIONS), once=[ONCE[name].message_type])
    # Without more, Amazon offers what is fit for an order of its state.
    simulator.add_order(SECOND, US, SHIPPED_ORDER, status="SHIPPED")


def hand_over(scenes: MessageScenes, screen: Screen, pool: ThreadPoolExecutor) -> None:
    """All of the story's messages, and what they need."""
    with screen.step("Messages handed over with `sellerbus`, as events and by their queue") as step:
        make_orders(scenes.deployment)
        # Only the calls of this seller's for this type; the others' go through.
        scenes.deployment.simulator.break_requests(LOST_OPERATION, sellerId=THIRD, cut="after")
        for operation, cut in _CUT.values():
            scenes.deployment.simulator.break_requests(operation, sellerId=THIRD, cut=cut)
        scenes.commands[GUIDES_NAME] = pool.submit(_send_guides, scenes)
        scenes.commands[WITH_TEMPLATE] = pool.submit(_send_with_template, scenes)
        _send(scenes, LOST, _LOST, THIRD)
        for name, asked in ONCE.items():
            _send(scenes, name, asked, THIRD, order_id=ONCE_ORDERS[name])
        for number, asked in enumerate(OTHER_TYPES):
            seller_id = (FIRST, SECOND)[number % 2]
            _send(scenes, f"type-{asked.message_type}", asked, seller_id, as_event=number % 3 == 0)
        same = scenes.plan(SAME_TASK, _planned(_SAME_TASK, THIRD))
        for _ in range(2):
            scenes.tasks.send(same, group=THIRD)
        again = scenes.plan(SAME_MESSAGE, _planned(_SAME_MESSAGE, SECOND))
        # Without an id of its own a task is told from others by what the buyer would get.
        del again["taskId"]
        scenes.same_message_ids = [scenes.tasks.request(again) for _ in range(2)]
        _send(scenes, TOO_LATE, _TOO_LATE, SECOND, order_id=SHIPPED_ORDER)
        for name, template in TEMPLATES_OF_REFUSED.items():
            scenes.tasks.put_template(name, template)
        sellers = list(OPEN_ORDERS)
        for number, (rule, asked) in enumerate(REFUSED.items()):
            _send(scenes, rule, asked, sellers[number % len(sellers)], as_event=number % 2 == 0)
        step.result = f"{len(scenes.planned)} messages of {len(OPEN_ORDERS)} sellers"


def _planned(asked: Asked, seller_id: str, order_id: str | None = None) -> Planned:
    return Planned(asked, seller_id, MARKETPLACES[seller_id], order_id or OPEN_ORDERS[seller_id])


def _send(
    scenes: MessageScenes,
    name: str,
    asked: Asked,
    seller_id: str,
    *,
    order_id: str | None = None,
    as_event: bool = False,
) -> None:
    request: dict[str, Any] = scenes.plan(name, _planned(asked, seller_id, order_id))
    if as_event:
        scenes.tasks.request(request)
    else:
        scenes.tasks.send(request, group=seller_id)


def _send_guides(scenes: MessageScenes) -> Finished:
    scenes.planned[GUIDES_NAME] = _planned(GUIDES, FIRST)
    return scenes.deployment.commands.sellerbus(
        *("messages", "send", "--stage", scenes.deployment.stage, "--seller", FIRST),
        *("--order", GUIDES_ORDER, "--marketplace", "US", "--type", GUIDES_TYPE),
        *("--text", str(GUIDES.fields["text"]), "--attach", str(EXAMPLE)),
        *("--task-id", scenes.task_id(GUIDES_NAME), "--wait"),
    )


def _send_with_template(scenes: MessageScenes) -> Finished:
    scenes.planned[WITH_TEMPLATE] = _planned(_TEMPLATE, SECOND)
    file = scenes.deployment.folder / f"{TEMPLATE}.json"
    file.write_text(json.dumps(TEMPLATE_DOCUMENT), encoding="utf-8")
    stage = ("--stage", scenes.deployment.stage)
    scenes.deployment.commands.sellerbus("messages", "templates", "put", TEMPLATE, str(file), *stage)
    return scenes.deployment.commands.sellerbus(
        *("messages", "send", *stage, "--seller", SECOND, "--order", OPEN_ORDERS[SECOND]),
        *("--marketplace", "US", "--type", TEMPLATE_TYPE, "--template", TEMPLATE),
        *("--value", f"minutes={MINUTES}", "--task-id", scenes.task_id(WITH_TEMPLATE), "--wait"),
    )
