"""The deployed functions of messages, killed before and after each of their calls."""

from __future__ import annotations

import hashlib

import pytest

from tests.integration.message_crashes import POST, SENDER, WITHOUT_A_CRASH, MessageCrashes
from tests.integration.messages import Messages
from tests.integration.system import System

LEASE_SECONDS = 150.0


@pytest.fixture(scope="module", autouse=True)
def all_handed_over(message_crashed: MessageCrashes) -> None:
    """Nothing went wrong with that, either."""
    message_crashed.handing_over.result()


def test_a_crash_at_any_call_sends_at_most_once_and_leaves_no_task_hanging(
    system: System, messages: Messages, message_crashed: MessageCrashes
) -> None:
    states = messages.states(*message_crashed.planned, within_seconds=LEASE_SECONDS)

    killed = {
        task_id: (function, proxy.kills[task_id])
        for function, proxy in message_crashed.proxies.items()
        for task_id in proxy.kills
    }
    assert killed == message_crashed.planned, "not every crash happened"
    assert states == {task_id: message_crashed.state_after(task_id) for task_id in message_crashed.planned}
    # Else the crashes would have missed what they are about.
    assert set(states.values()) == {"SENT", "UNCERTAIN"}


def test_a_buyer_got_the_message_once_or_where_that_is_not_known_at_most_once(
    messages: Messages, message_crashed: MessageCrashes
) -> None:
    messages.await_stand(*message_crashed.planned, within_seconds=LEASE_SECONDS)

    got = {
        task_id: len(messages.outbox(message_crashed.requests[task_id]))
        for task_id in message_crashed.planned
    }
    assert got == {
        task_id: int(message_crashed.is_with_the_buyer(task_id)) for task_id in message_crashed.planned
    }
    calls = message_crashed.proxies[SENDER].calls
    assert {task_id: calls[task_id].count(POST) for task_id in message_crashed.requests} == {
        task_id: int(got.get(task_id, 1) == 1 or _died_at_the_post(message_crashed, task_id))
        for task_id in message_crashed.requests
    }


def test_what_a_buyer_got_has_the_attachment_that_was_handed_over(
    messages: Messages, message_crashed: MessageCrashes
) -> None:
    messages.await_stand(*message_crashed.planned, within_seconds=LEASE_SECONDS)

    for task_id, request in message_crashed.requests.items():
        wanted = hashlib.sha256(f"Your name as it will be engraved: {task_id}".encode()).hexdigest()
        for message in messages.outbox(request):
            (attachment,) = message["attachments"]
            assert attachment["sha256"] == wanted, task_id


def test_each_end_is_told_in_one_event(messages: Messages, message_crashed: MessageCrashes) -> None:
    states = messages.states(*message_crashed.planned, WITHOUT_A_CRASH, within_seconds=LEASE_SECONDS)

    kinds = {"SENT": "MessageSent", "UNCERTAIN": "MessageUncertain"}
    messages.await_told({task_id: [kinds[state]] for task_id, state in states.items()})


def _died_at_the_post(message_crashed: MessageCrashes, task_id: str) -> bool:
    """The proxy counts a call that it kept back, too."""
    function, crash = message_crashed.planned.get(task_id, ("", None))
    if function != SENDER or crash is None:
        return False
    calls = message_crashed.proxies[SENDER].calls[WITHOUT_A_CRASH]
    return crash.call == calls.index(POST) and crash.moment == "before"
