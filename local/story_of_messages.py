"""The part of the story in which messages are handed over, and what buyers got of them is looked at.

Taken is the example of Amazon's guide to the Messaging API with its order, text and attachment; a message of
every other type; one for each rule, which is refused for it; one whose answer is lost; and what is handed
over twice.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from local.deployment import Deployment
from local.message_requests import GUIDES_TEXT, GUIDES_TYPE, OTHER_TYPES, REFUSED, TEMPLATE_TEXT
from local.message_scenes import ACCEPTER, END_SECONDS, KINDS, SENDER, MessageScenes, await_told
from local.message_tasks import ENDED, rules_of, told
from local.outcome import MessageCounts, Outcome, StoryError
from local.screen import Screen
from local.sending_messages import (
    GUIDES_NAME,
    LOST,
    LOST_OPERATION,
    MINUTES,
    ONCE_NOT_SENT,
    ONCE_SENT,
    OPEN_ORDERS,
    SAME_MESSAGE,
    SAME_TASK,
    SECOND,
    SHIPPED_ORDER,
    THIRD,
    TOO_LATE,
    WITH_TEMPLATE,
    hand_over,
)

_NAMED = 3


def tell_messages(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """The whole part."""
    started = time.monotonic()
    counts = outcome.buyer_messages = MessageCounts()
    scenes = MessageScenes(deployment, outcome, counts)
    with ThreadPoolExecutor(2) as pool:
        hand_over(scenes, screen, pool)
        check_lost_answer(scenes, screen)
        check_types(scenes, screen)
        check_same(scenes, screen)
        check_refused(scenes, screen)
        check_not_allowed(scenes, screen)
        check_guides(scenes, screen)
        check_template(scenes, screen)
        check_once(scenes, screen)
    check_all(scenes, screen)
    counts.seconds = time.monotonic() - started


def check_guides(scenes: MessageScenes, screen: Screen) -> None:
    """The guide's own example reaches its buyer as the guide has it."""
    with screen.step(f"The guide's example, {GUIDES_TYPE} with its text and file, reaches the buyer") as step:
        scenes.commands[GUIDES_NAME].result(END_SECONDS)
        scenes.stands(GUIDES_NAME, "SENT", step)
        message = scenes.received_once(GUIDES_NAME)
        if message["text"] != GUIDES_TEXT:
            raise StoryError("the buyer's text is another than the guide's", SENDER)
        scenes.counts.types_sent += 1
        step.result = f"order {message['amazonOrderId']}, {message['attachments'][0]['fileName']}"


def check_types(scenes: MessageScenes, screen: Screen) -> None:
    """A message of every other type reaches its buyer once, with its files."""
    with screen.step(f"One of each of the other {len(OTHER_TYPES)} types reaches its buyer once") as step:
        names = [f"type-{asked.message_type}" for asked in OTHER_TYPES]
        scenes.all_stand(names, "SENT", step)
        files = sum(len(scenes.received_once(name)["attachments"]) for name in names)
        scenes.counts.types_sent += len(names)
        step.result = f"with {files} files"


def check_refused(scenes: MessageScenes, screen: Screen) -> None:
    """Each is refused for its own rule and no other, and no buyer gets any of them."""
    with screen.step(f"One for each of {len(REFUSED)} rules is refused for it, and no buyer gets it") as step:
        rows = scenes.all_stand(list(REFUSED), "REFUSED", step)
        otherwise = {rule: rules_of(row) for rule, row in rows.items() if rules_of(row) != [rule]}
        if otherwise:
            raise StoryError(f"refused for other rules than theirs: {otherwise}", SENDER)
        got = [rule for rule, asked in REFUSED.items() if "text" in asked.fields and scenes.outbox(rule)]
        if got:
            raise StoryError(f"buyers got what was refused: {got}", SENDER)
        scenes.counts.rules_refused = len(rows)
        step.result = f"{', '.join(list(rows)[:_NAMED])} ..."


def check_not_allowed(scenes: MessageScenes, screen: Screen) -> None:
    """What an order does not take is told in plain words, with what it does take."""
    with screen.step("A question about an order that is shipped is not allowed, and says what is") as step:
        row = scenes.stands(TOO_LATE, "NOT_ALLOWED", step)
        if "warranty" not in row.get("allowed", ()) or not row.get("reason"):
            raise StoryError(f"the task should say why, and what is allowed: {told(row)}", SENDER)
        if scenes.deployment.simulator.outbox(SECOND, SHIPPED_ORDER):
            raise StoryError("the buyer got a message that the order does not take", SENDER)
        step.result = ", ".join(row["allowed"])


def check_same(scenes: MessageScenes, screen: Screen) -> None:
    """What is handed over twice, with the same task id or without any, reaches its buyer once."""
    with screen.step("The same task twice, and the same message twice without an id: once each") as step:
        scenes.stands(SAME_TASK, "SENT", step)
        # Which of the two events is the task is a matter of which came first.
        ids = [f"event-{event_id}" for event_id in scenes.same_message_ids]
        deadline = time.monotonic() + END_SECONDS
        while not (rows := [row for row in map(scenes.tasks.task, ids) if row.get("state") in ENDED]):
            if time.monotonic() > deadline:
                raise StoryError(f"of the tasks {ids} one should have ended", ACCEPTER)
            step.progress("waiting for the one without an id")
            time.sleep(0.25)
        scenes.rows[SAME_MESSAGE] = rows[0]
        for name in (SAME_TASK, SAME_MESSAGE):
            scenes.received_once(name)
        scenes.counts.same_task_in_outbox = len(scenes.outbox(SAME_TASK))
        scenes.counts.same_message_in_outbox = len(scenes.outbox(SAME_MESSAGE))
        step.result = "each is in the outbox once"


def check_template(scenes: MessageScenes, screen: Screen) -> None:
    """A template's text reaches the buyer with its values."""
    with screen.step("One from a template reaches the buyer with the order's id and the value given") as step:
        scenes.commands[WITH_TEMPLATE].result(END_SECONDS)
        scenes.stands(WITH_TEMPLATE, "SENT", step)
        text = TEMPLATE_TEXT.format(orderId=OPEN_ORDERS[SECOND], minutes=MINUTES)
        found = [message for message in scenes.outbox(WITH_TEMPLATE) if message.get("text") == text]
        if len(found) != 1:
            raise StoryError(f"the buyer should have got the template's text once, not {len(found)} times")
        step.result = f"minutes={MINUTES}"


def check_lost_answer(scenes: MessageScenes, screen: Screen) -> None:
    """A message whose answer is lost is never sent again; a person says what became of it."""
    with screen.step("One whose answer is lost is not sent again: uncertain, until a person decides") as step:
        row = scenes.stands(LOST, "UNCERTAIN", step)
        calls = scenes.deployment.simulator.requests(LOST_OPERATION, seller_id=THIRD)
        scenes.counts.lost_answer_calls = len(calls)
        scenes.counts.lost_answer_in_outbox = len(scenes.outbox(LOST))
        if (len(calls), scenes.counts.lost_answer_in_outbox) != (1, 1):
            raise StoryError(
                f"the message should have been sent once and be in the outbox once; it was sent {len(calls)} "
                f"times and is there {scenes.counts.lost_answer_in_outbox} times: {told(row)}",
                SENDER,
            )
        scenes.counts.uncertain += 1
        decision = (scenes.task_id(LOST), "--sent", "--yes", "--stage", scenes.deployment.stage)
        scenes.deployment.commands.sellerbus("messages", "settle", *decision)
        scenes.stands(LOST, "SENT", step)
        scenes.counts.settled_by_person += 1
        step.result = f"{len(calls)} call, in the outbox once; settled by `sellerbus messages settle`"


def check_once(scenes: MessageScenes, screen: Screen) -> None:
    """Where an order allows a type once only, it proves afterwards whether the message was sent."""
    with screen.step(
        "Two that their orders allow once only settle themselves: one sent, one not yet"
    ) as step:
        attempts = {}
        for name, calls in ((ONCE_SENT, 1), (ONCE_NOT_SENT, 2)):
            row = scenes.stands(name, "SENT", step)
            scenes.received_once(name)
            attempts[name] = int(row["attempt"]["number"])
            if attempts[name] != calls:
                raise StoryError(f"{name} should be sent at attempt {calls}: {told(row)}", SENDER)
            scenes.counts.settled_by_itself += 1
        step.result = (
            f"{attempts[ONCE_SENT]} call that was carried out; {attempts[ONCE_NOT_SENT]}, the first not"
        )


def check_all(scenes: MessageScenes, screen: Screen) -> None:
    """Each end was told once on the bus; nothing else came to buyers, and no text is kept."""
    with screen.step("Each end is an event on the bus, once; no text is kept") as step:
        counts = scenes.counts
        wanted = {row["taskId"]: [KINDS[row["state"]]] for row in scenes.rows.values()}
        wanted[scenes.task_id(LOST)].insert(0, KINDS["UNCERTAIN"])
        counts.events = await_told(scenes, wanted, step)
        states = Counter(row["state"] for row in scenes.rows.values())
        counts.sent, counts.refused = states["SENT"], states["REFUSED"]
        counts.not_allowed, counts.failed = states["NOT_ALLOWED"], states["FAILED"]
        outbox = [
            message for seller_id in OPEN_ORDERS for message in scenes.deployment.simulator.outbox(seller_id)
        ]
        counts.in_outbox = len(outbox)
        if len(outbox) != counts.sent:
            raise StoryError(f"{counts.sent} tasks are SENT, and buyers got {len(outbox)} messages", SENDER)
        rows = [row for seller_id in OPEN_ORDERS for row in scenes.tasks.tasks_of(seller_id)]
        kept = [row["taskId"] for row in rows if row.get("content") or _holds_a_text(row, outbox)]
        if kept:
            raise StoryError(f"the texts of {kept} are still in the table", SENDER)
        step.result = f"{counts.events} events, {counts.in_outbox} messages"


def _holds_a_text(row: dict[str, object], outbox: Sequence[dict[str, object]]) -> bool:
    written = json.dumps(row, default=str, ensure_ascii=False)
    return any(str(message["text"]) in written for message in outbox if message.get("text"))
