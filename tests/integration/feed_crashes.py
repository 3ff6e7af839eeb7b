"""Tasks whose functions are killed, each at one call: handed over early, looked at when all have ended.

A function that was killed with a createFeed open leaves the task to its lease, for more than a minute; other
tests run meanwhile.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from local.cast import SELLERS
from local.feed_documents import FLAT_FILE_TYPE
from tests.integration.function_proxy import TASK, Crash, FunctionProxy, function_proxy
from tests.integration.system import System

SLOW_STEP = "SubmitFeed"
"""Some of its crashes hold a lane for more than a minute: its tasks begin first, in lanes of their own."""
STEPS = (SLOW_STEP, "CheckFeed", "TakeFeedTurn", "FollowFeed", "CollectFeedReport")
# Of these tests alone.
FEED_TYPES = (
    "POST_FLAT_FILE_IL_SNAPSHOT_FEED",
    "POST_FLAT_FILE_IL_ALLOCATION_REQUESTS_CONFIRMATION_FEED",
    "POST_EXPECTED_SHIP_DATE_SOD_FLAT_FILE",
    "POST_FLAT_FILE_FULFILLMENT_ORDER_REQUEST_DATA",
    "POST_FLAT_FILE_FULFILLMENT_ORDER_CANCELLATION_REQUEST_DATA",
    "POST_FLAT_FILE_FBA_CREATE_REMOVAL",
)
WITHOUT_A_CRASH = ("crash-none-1", "crash-none-2", "crash-none-3")
"""What Amazon is slow to notify is asked for, with more calls. The fewest of these, every task makes."""
RECORD_SECONDS = 120.0
PAUSE_SECONDS = 1.0
"""Between two tasks: handed over all at once, each of them would need processes of its own at every step."""


@dataclass
class Crashes:
    """The tasks by id, with the step that is killed for each and when; `proxies` by step."""

    system: System
    proxies: dict[str, FunctionProxy] = field(default_factory=dict)
    planned: dict[str, tuple[str, Crash]] = field(default_factory=dict)
    lanes: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Seller and feed type by task id."""
    handing_over: Future[None] = field(default_factory=Future)
    """Until it is done, not all is planned."""

    def give_lanes(self) -> None:
        """One seller's lanes are for the tasks of the slow step, the other's for all else."""
        lanes = {
            slow: itertools.cycle((seller.seller_id, name) for name in FEED_TYPES)
            for slow, seller in zip((True, False), SELLERS, strict=True)
        }
        for task_id, (step, _) in self.planned.items():
            self.lanes[task_id] = next(lanes[step == SLOW_STEP])

    def count_calls(self) -> None:
        """Has some tasks done that nothing happens to."""
        for task_id, feed_type in zip(WITHOUT_A_CRASH, FEED_TYPES, strict=False):
            self.lanes[task_id] = SELLERS[1].seller_id, feed_type
            self.hand_over(task_id)
        self.system.await_tasks(*WITHOUT_A_CRASH, within_seconds=RECORD_SECONDS)

    def plan(self) -> None:
        """A task for each call, whose function is killed before it, or after the last.

        After a call is before the next, to all but the process.
        """
        for step, proxy in self.proxies.items():
            calls = min(len(proxy.calls[task_id]) for task_id in WITHOUT_A_CRASH)
            assert calls, f"{step} made no call that counts"
            for crash in (*(Crash(number, "before") for number in range(calls)), Crash(calls - 1, "after")):
                task_id = f"crash-{step}-{crash.call}-{crash.moment}"
                self.planned[task_id] = (step, crash)
                proxy.plan[task_id] = crash
        self.give_lanes()

    def hand_all_over(self) -> None:
        """Counts the calls, then hands the planned tasks over, one after the other."""
        self.count_calls()
        self.plan()
        for task_id in self.planned:
            self.hand_over(task_id)
            time.sleep(PAUSE_SECONDS)

    def hand_over(self, task_id: str) -> None:
        """Puts one small feed into the inbox, in its lane."""
        seller_id, feed_type = self.lanes[task_id]
        self.system.feeds.put(
            seller_id,
            feed_type,
            f"{task_id}.txt",
            f"order-id\tquantity\n{task_id}\t1\n".encode(),
            content_type=FLAT_FILE_TYPE,
            metadata={"task-id": task_id, "marketplace-ids": "ATVPDKIKX0DER"},
        )

    def feeds(self, task_id: str) -> list[dict[str, Any]]:
        """What Amazon has of a task's seller and type."""
        return self.system.deployment.simulator.feeds(*self.lanes[task_id])


@contextlib.contextmanager
def crashes(system: System) -> Iterator[Crashes]:
    """Hands tasks over while other tests run: one that nothing happens to, then one for every call of it."""
    with contextlib.ExitStack() as stack:
        found = Crashes(system)
        for step in STEPS:
            found.proxies[step] = stack.enter_context(proxied(system, f"Steps{step}"))
        # Left before the proxies are.
        pool = stack.enter_context(ThreadPoolExecutor(1))
        found.handing_over = pool.submit(found.hand_all_over)
        yield found


@contextlib.contextmanager
def proxied(system: System, logical_id_part: str, subject: re.Pattern[str] = TASK) -> Iterator[FunctionProxy]:
    """A function makes its calls through a proxy."""
    functions = system.client("lambda")
    (name,) = system.function_names(logical_id_part)
    before = functions.get_function_configuration(FunctionName=name)["Environment"]
    deployment = system.deployment
    table = system.outputs["TaskTableName"]
    with function_proxy(deployment.emulator, deployment.simulator.url, table, subject) as proxy:
        variables = {**before["Variables"], **proxy.variables}
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        try:
            yield proxy
        finally:
            # At the end of the session the function is gone with its stack.
            with contextlib.suppress(ClientError):
                functions.update_function_configuration(FunctionName=name, Environment=before)
