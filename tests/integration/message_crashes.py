"""Messages whose functions are killed, each at one call: handed over early, looked at when all stand still.

A function that was killed between the gate and what came of the call leaves the task to its lease; other
tests run meanwhile.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.integration.function_proxy import Crash, FunctionProxy, function_proxy
from tests.integration.messages import SECOND, Messages

TASK = re.compile(r"message-task/([A-Za-z0-9_-]+)")
ACCEPTER, SENDER = "AcceptMessages", "SendMessage"
QUEUES = {ACCEPTER: "MessageTaskQueueUrl", SENDER: "MessageSendQueueUrl"}
POST = "POST orders"
"""The call that sends, as the proxy names it."""
WITHOUT_A_CRASH = "message-crash-none"
RECORD_SECONDS = 120.0
PAUSE_SECONDS = 1.0
REDELIVERY_SECONDS = 30
"""After which the message of a killed function is delivered again; in place of many minutes.

Longer than a function takes on a busy machine: two at one message would make calls that nobody planned for.
"""
SENDERS_TIMEOUT_SECONDS = 65
"""Time for a call, and little more, so that a lease ends soon."""


@dataclass
class MessageCrashes:
    """The tasks by id, with the function that is killed for each and when; `proxies` by function."""

    messages: Messages
    proxies: dict[str, FunctionProxy] = field(default_factory=dict)
    planned: dict[str, tuple[str, Crash]] = field(default_factory=dict)
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By task id."""
    handing_over: Future[None] = field(default_factory=Future)
    """Until it is done, not all is planned."""

    def count_calls(self) -> None:
        """Has one message sent that nothing happens to."""
        self.hand_over(WITHOUT_A_CRASH)
        self.messages.await_stand(WITHOUT_A_CRASH, within_seconds=RECORD_SECONDS)
        # What is told is told after the state is written, and written that it was.
        self.messages.told_row(WITHOUT_A_CRASH)
        time.sleep(1)

    def plan(self) -> None:
        """A message for each call, whose function is killed before it, or after the last."""
        for function, proxy in self.proxies.items():
            calls = len(proxy.calls[WITHOUT_A_CRASH])
            assert calls, f"{function} made no call that counts"
            for crash in (*(Crash(number, "before") for number in range(calls)), Crash(calls - 1, "after")):
                task_id = f"message-crash-{function}-{crash.call}-{crash.moment}"
                self.planned[task_id] = (function, crash)
                proxy.plan[task_id] = crash

    def hand_all_over(self) -> None:
        """Counts the calls, then hands the planned messages over, one after the other."""
        self.count_calls()
        self.plan()
        for task_id in self.planned:
            self.hand_over(task_id)
            time.sleep(PAUSE_SECONDS)

    def hand_over(self, task_id: str) -> None:
        """Sends one message, with an attachment, for an order of its own."""
        content = f"Your name as it will be engraved: {task_id}".encode()
        pointer = self.messages.tasks.attach(SECOND, task_id, content)
        request = self.messages.request(
            task_id,
            seller_id=SECOND,
            messageType="confirmCustomizationDetails",
            attachments=[{**pointer, "fileName": "engraving.txt"}],
        )
        self.requests[task_id] = request
        self.messages.tasks.send(request)

    def state_after(self, task_id: str) -> str:
        """UNCERTAIN where the function died between the gate and the writing of what came of the call."""
        function, crash = self.planned[task_id]
        calls = self.proxies[function].calls[WITHOUT_A_CRASH]
        if function != SENDER:
            return "SENT"
        gate = calls.index(POST) - 1
        written = calls.index(POST) + 1
        # Killed after a call is killed before the next, to all but the process.
        is_open = crash.call > gate or (crash.call == gate and crash.moment == "after")
        is_closed = crash.call > written or (crash.call == written and crash.moment == "after")
        return "UNCERTAIN" if is_open and not is_closed else "SENT"

    def is_with_the_buyer(self, task_id: str) -> bool:
        """Whether Amazon was reached before the function died, or is by another."""
        function, crash = self.planned[task_id]
        post = self.proxies[function].calls[WITHOUT_A_CRASH].index(POST) if function == SENDER else -1
        killed_first = (crash.call, crash.moment) <= (post, "before") and self.state_after(task_id) != "SENT"
        return not killed_first


@contextlib.contextmanager
def message_crashes(messages: Messages) -> Iterator[MessageCrashes]:
    """Hands messages over while other tests run: one undisturbed, then one for every call for it."""
    with contextlib.ExitStack() as stack:
        found = MessageCrashes(messages)
        for function in QUEUES:
            found.proxies[function] = stack.enter_context(_proxied(messages, function))
        # Left before the proxies are.
        pool = stack.enter_context(ThreadPoolExecutor(1))
        found.handing_over = pool.submit(found.hand_all_over)
        yield found


@contextlib.contextmanager
def _proxied(messages: Messages, function: str) -> Iterator[FunctionProxy]:
    """A function makes its calls through a proxy, and what it was killed over comes again soon."""
    system = messages.system
    functions, sqs = system.client("lambda"), system.client("sqs")
    (name,) = system.function_names(function)
    configuration = functions.get_function_configuration(FunctionName=name)
    queue = system.outputs[QUEUES[function]]
    visibility = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
    deployment = system.deployment
    table = system.outputs["MessageTableName"]
    with function_proxy(
        deployment.emulator, deployment.simulator.url, table, TASK, queues=function == ACCEPTER
    ) as proxy:
        before = configuration["Environment"]
        variables = {**before["Variables"], **proxy.variables}
        timeout = SENDERS_TIMEOUT_SECONDS if function == SENDER else configuration["Timeout"]
        try:
            functions.update_function_configuration(
                FunctionName=name, Environment={"Variables": variables}, Timeout=timeout
            )
            sqs.set_queue_attributes(
                QueueUrl=queue, Attributes={"VisibilityTimeout": str(REDELIVERY_SECONDS)}
            )
            yield proxy
        finally:
            # At the end of the session both are gone with their stack.
            with contextlib.suppress(ClientError):
                functions.update_function_configuration(
                    FunctionName=name, Environment=before, Timeout=configuration["Timeout"]
                )
                sqs.set_queue_attributes(QueueUrl=queue, Attributes=visibility)
