"""A world in which the real sending code runs through every interleaving.

Each delivery to send_message, and each decision of a person, is a greenlet that hands over at every call that
changes something, and at every look. A schedule says at each of these points who goes on, what breaks, what
is delivered once more while it runs, when a queue loses a message, and when time passes. Amazon counts each
call on the wire, carries it out now, later or not at all, and lists what the order offers. tests/schedules.py
runs all schedules; the world holds what is guaranteed after every step and at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ReadTimeoutError
from greenlet import getcurrent, greenlet

from sellerbus.api.booking import Booking
from sellerbus.api.errors import (
    OutcomeUnknownError,
    OutOfTimeError,
    PermanentError,
    ThrottledError,
    UnauthorizedError,
)
from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.aws.items import plain_item
from sellerbus.aws.task_table import TaskTable
from sellerbus.messaging.answers import AnswerKeeper
from sellerbus.messaging.attachment_files import AttachmentFiles
from sellerbus.messaging.attempting import Attempts
from sellerbus.messaging.ending import Teller
from sellerbus.messaging.operating import MessageOperator
from sellerbus.messaging.preparing import Preparer
from sellerbus.messaging.sending import MessageSender
from sellerbus.messaging.settling import Settler
from sellerbus.messaging.sweeping import MessageSweeper, OpenTasks
from sellerbus.messaging.task import MessageState, MessageTask, from_item, seconds
from sellerbus.messaging.task_store import MessageStore
from tests.fake_table import FakeTable
from tests.fakes import client_error
from tests.schedules import CrashError, ViolationError
from tests.unit.messaging.message_rows import row
from tests.unit.messaging.message_scene import BUCKET, NOW, offering

TIMEOUT_SECONDS = 120.0
VISIBILITY_SECONDS = 720.0
SETTLE_SECONDS = 300.0
GIVE_UP_SECONDS = 86_400.0
RETRY_SECONDS = 5.0
TYPE = "confirmOrderDetails"
OTHER = "confirmDeliveryDetails"

GO_ON = "go on"
# What can befall a call: the function dies, or the call fails, before or after it is carried out. Of the
# sending also: its answer is lost, while Amazon carries it out at once, later, or not at all; it is refused.
FAULTS: dict[str, tuple[str, ...]] = {
    "write": ("crash before", "crash after", "error before", "error after", "repeated"),
    "tell": ("crash before", "crash after", "error before", "error after"),
    "put": ("crash before", "crash after", "error before"),
    "opened": ("crash before",),
    "actions": ("crash before", "throttled"),
    "send": (
        "crash before",
        "crash after",
        "lost, not done",
        "lost, done",
        "lost, done later",
        "throttled",
        "refused",
        "not allowed",
    ),
}
ENDS = {
    MessageState.SENT: "MessageSent",
    MessageState.REFUSED: "MessageRefused",
    MessageState.NOT_ALLOWED: "MessageNotAllowed",
    MessageState.FAILED: "MessageFailed",
    MessageState.UNCERTAIN: "MessageUncertain",
}


@dataclass(eq=False)
class Delivery:
    """A message of the queue; it is delivered when it is due and nobody has it."""

    task_id: str
    due: float = NOW


@dataclass
class Actor:
    """One invocation. delivery: None for a person's."""

    name: str
    task_id: str
    delivery: Delivery | None
    decision: str
    started: float
    thread: Any = None
    waiting_at: str = ""
    history: list[tuple[str, str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Scenario:
    """The tasks of one order, all of one type, and the budgets of a search.

    once: the type is taken once for an order. copies: how often a task is put on the queue once more. losses:
    how often the queue loses a message. decisions: what persons decide. changes: how often the order's list
    changes by itself. late: the answer may come after the lease, which is short.
    """

    tasks: int = 1
    once: bool = False
    faults: int = 1
    copies: int = 0
    losses: int = 0
    time_steps: int = 1
    decisions: tuple[str, ...] = ()
    changes: int = 0
    late: bool = False
    settle_seconds: float = SETTLE_SECONDS
    fault_kinds: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: FAULTS)


class World:
    """AWS, Amazon and the queue, for one schedule."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.clock = NOW
        self.faults_left = scenario.faults
        self.copies_left = scenario.copies
        self.losses_left = scenario.losses
        self.time_steps_left = scenario.time_steps
        self.decisions_left = list(scenario.decisions)
        self.changes_left = scenario.changes
        self.faults = 0
        self.again = 0
        self.calls: dict[str, int] = {}
        self.sent: list[tuple[str, float]] = []
        self.told: list[tuple[str, str, str]] = []
        self.offered = {TYPE, OTHER}
        self.actors: list[Actor] = []
        self.ended: list[Actor] = []
        self.table = FakeTable()
        self._hub = getcurrent()
        self._names = 0
        self._read: dict[str, tuple[object, MessageTask]] = {}
        self._ids = [f"t{number}" for number in range(1, scenario.tasks + 1)]
        for task_id in self._ids:
            task = row(task_id, message_type=TYPE, content={"text": f"Which colour? {task_id}"})
            self._store(self.table).create(task, same_message_seconds=86_400)
        self.queue = [Delivery(task_id) for task_id in self._ids]

    # The functions.

    def _invoke(self, actor: Actor) -> None:
        wait: float | None = RETRY_SECONDS
        try:
            if actor.delivery is None:
                self._decide(actor)
            else:
                wait = self._send(actor)
        except CrashError:
            wait = VISIBILITY_SECONDS
        except StoreUnavailableError:
            pass
        except Exception as error:
            raise ViolationError(f"{actor.name} raised {error!r}") from error
        if actor.delivery is None:
            return
        if wait is None:
            self.queue.remove(actor.delivery)
        else:
            actor.delivery.due = self.clock + wait

    def _send(self, actor: Actor) -> float | None:
        store = self._store(SimpleNamespace(**self._client()))

        def remaining() -> float:
            left = actor.started + TIMEOUT_SECONDS - self.clock
            return min(left, 60.0) if self.scenario.late else left

        amazon: Any = SimpleNamespace(of_seller=lambda seller_id: self._seller(actor))
        answers = AnswerKeeper(
            store=store, now=self._now, sleep=_no_sleep, settle_seconds=self.scenario.settle_seconds or None
        )
        nothing: Any = SimpleNamespace(rendered=lambda task, content, locale: content)
        sender = MessageSender(
            store=store,
            amazon=amazon,
            attempts=Attempts(
                store=store,
                amazon=amazon,
                preparer=Preparer(
                    files=AttachmentFiles(nothing),
                    bucket=BUCKET,
                    texts=nothing,
                    uploader=nothing,
                    store=store,
                    count=_ignore,
                ),
                answers=answers,
                count=_ignore,
                now=self._now,
                sleep=_no_sleep,
                remaining_seconds=remaining,
            ),
            answers=answers,
            settler=Settler(
                store=store,
                answers=answers,
                longest_seconds=GIVE_UP_SECONDS,
                count=_ignore,
                now=self._now,
            ),
            teller=Teller(store=store, events=self._events(), count=_ignore),
            give_up_seconds=GIVE_UP_SECONDS,
            now=self._now,
            remaining_seconds=remaining,
        )
        return sender.send(actor.task_id).wait_seconds

    def _decide(self, actor: Actor) -> None:
        store = self._store(SimpleNamespace(**self._client()))
        operator = MessageOperator(
            store=store,
            queue=SimpleNamespace(put=self._put),
            teller=Teller(store=store, events=self._events(), count=_ignore),
            now=self._now,
        )
        request = {"request": "settle", "taskId": actor.task_id, "decision": actor.decision}
        if actor.decision == "cancel":
            request = {"request": "cancel", "taskId": actor.task_id}
        operator.answer(request)

    def _now(self) -> float:
        return self.clock

    def _store(self, client: Any) -> MessageStore:
        return MessageStore(TaskTable(client, "messages", sleep=_no_sleep), now=self._now)

    def _events(self) -> Any:
        return SimpleNamespace(publish=self._publish)

    # AWS and Amazon, one call at a time.

    def _call(self, name: str, effect: Callable[[], Any], operation: str = "") -> Any:
        decision = self._handed_over(name)
        if decision == "crash before":
            raise CrashError
        if decision == "error before":
            raise client_error(operation, "InternalServerError")
        answer = effect()
        if decision == "repeated":
            answer = effect()
        if decision == "crash after":
            raise CrashError
        if decision == "error after":
            raise ReadTimeoutError(endpoint_url="https://aws")
        return answer

    def _handed_over(self, name: str) -> str:
        actor = next(each for each in self.actors if each.thread is getcurrent())
        actor.waiting_at = name
        decision = str(self._hub.switch())
        actor.waiting_at = ""
        actor.history.append((name, decision, self.clock - actor.started))
        return decision

    def _client(self) -> dict[str, Any]:
        return {
            "get_item": self.table.get_item,
            "query": self.table.query,
            "transact_write_items": self._transact,
        }

    def _transact(self, **request: Any) -> Any:
        answer = self._call("write", lambda: self.table.transact_write_items(**request), "TransactWriteItems")
        if any("#attempt = :attempt" in _expression(action) for action in request["TransactItems"]):
            # Time may pass between the gate and the call.
            self._call("opened", lambda: None)
        return answer

    def _publish(self, events: list[OperationalEvent]) -> None:
        def effect() -> None:
            for event in events:
                detail = event.detail
                self.told.append((event.detail_type, str(detail["taskId"]), str(detail["eventId"])))

        try:
            self._call("tell", effect, "PutEvents")
        except (ReadTimeoutError, Exception) as error:
            raise StoreUnavailableError("PutEvents", type(error).__name__) from error

    def _put(self, task_id: str, seller_id: str) -> None:
        try:
            self._call("put", lambda: self.queue.append(Delivery(task_id, self.clock)), "SendMessage")
        except Exception as error:
            raise StoreUnavailableError("SendMessage", type(error).__name__) from error

    def _seller(self, actor: Actor) -> Any:
        bookings: list[Booking] = []

        def booked(*_: Any) -> Booking:
            bookings.append(Booking("actions", "S", 1, self.clock, 1.0))
            return bookings[-1]

        def actions(order_id: str, marketplace_id: str) -> Mapping[str, Any]:
            decision = GO_ON if self.scenario.late else self._handed_over("actions")
            if decision == "crash before":
                raise CrashError
            if decision == "throttled":
                raise ThrottledError("actions", 45.0)
            for booking in bookings:
                booking.count = 0
            return {
                "_embedded": {"actions": [offering(name, once=self.scenario.once) for name in self._listed()]}
            }

        def apis(remaining: Callable[[], float]) -> Any:
            return SimpleNamespace(
                book_actions=booked,
                book_sending=booked,
                use=bookings.append,
                actions=actions,
                locale=lambda *_: "en-US",
                send=lambda *given: self._deliver(actor, remaining),
            )

        return SimpleNamespace(messages=apis, uploads=apis, sending=apis)

    def _listed(self) -> list[str]:
        gone = {TYPE} if self.scenario.once and any(at <= self.clock for _, at in self.sent) else set()
        return sorted(self.offered - gone)

    def _deliver(self, actor: Actor, remaining: Callable[[], float]) -> None:
        if remaining() < 0.2:
            raise OutOfTimeError("send", "not called: the time that is left does not cover it")
        self._witness_call(actor)
        if self.scenario.late:
            # Carried out at once; the answer may be long on its way.
            self.calls[actor.task_id] = self.calls.get(actor.task_id, 0) + 1
            if TYPE in self._listed():
                self.sent.append((actor.task_id, self.clock))
            if self._handed_over("send") == "crash after":
                raise CrashError
            return
        decision = self._handed_over("send")
        if decision == "crash before":
            raise CrashError
        self.calls[actor.task_id] = self.calls.get(actor.task_id, 0) + 1
        if decision == "throttled":
            raise ThrottledError("send", 120.0, status=429)
        if decision == "refused":
            raise PermanentError("send", "no", status=400)
        if decision == "not allowed" or TYPE not in self._listed():
            raise UnauthorizedError("send", "Invalid amazonOrderId and template combination.", status=403)
        if decision == "lost, not done":
            raise OutcomeUnknownError("send", "lost", status=503)
        # As late as is promised: the settle time after the call.
        done = self.clock + SETTLE_SECONDS if decision == "lost, done later" else self.clock
        self.sent.append((actor.task_id, done))
        if decision.startswith("lost"):
            raise OutcomeUnknownError("send", "lost")
        if decision == "crash after":
            raise CrashError

    def _witness_call(self, actor: Actor) -> None:
        """The call is about to be made: the gate is written, and no other delivery is at it."""
        task = self.task(actor.task_id)
        if task.state is not MessageState.SENDING:
            raise ViolationError(f"{actor.task_id} is sent while it is {task.state}")
        same = [each for each in self.actors if each.waiting_at == "send" and each.task_id == actor.task_id]
        if same and not self.scenario.late:
            raise ViolationError("two calls at once")

    # The schedule.

    def options(self) -> list[tuple[str, ...]]:
        """What can happen next; the first is what happens when the budgets are spent."""
        options: list[tuple[str, ...]] = [("step", actor.name, GO_ON) for actor in self.actors]
        options += [
            ("begin", str(number))
            for number, each in enumerate(self.queue)
            if self._is_free(each, self.clock)
        ]
        if not options and not self.queue:
            options += [("sweep",)] if self._unfinished() and self._is_swept() else []
        if (not options or self.time_steps_left) and self._next_moment() is not None:
            options.append(("wait",))
        if self.copies_left:
            options += [("copy", task_id) for task_id in self._ids if self._works_on(task_id)]
        if self.decisions_left:
            options += [("decide", task_id) for task_id in self._ids if self._is_asked(task_id)]
        if self.changes_left and self.actors:
            options.append(("change",))
        if self.losses_left:
            busy = [actor.delivery for actor in self.actors]
            options += [("lose", str(number)) for number, each in enumerate(self.queue) if each not in busy]
        if self.faults_left:
            options += [
                ("step", actor.name, fault)
                for actor in self.actors
                for fault in self.scenario.fault_kinds.get(actor.waiting_at, ())
                if not self.scenario.late or actor.waiting_at != "send" or fault == "crash after"
            ]
        return options

    def _is_asked(self, task_id: str) -> bool:
        wanted = "ACCEPTED" if self.decisions_left[0] == "cancel" else "UNCERTAIN"
        return self.task(task_id).state == wanted

    def _works_on(self, task_id: str) -> bool:
        return any(actor.task_id == task_id and actor.delivery is not None for actor in self.actors)

    def _is_free(self, delivery: Delivery, at: float) -> bool:
        return delivery.due <= at and all(actor.delivery is not delivery for actor in self.actors)

    def _is_swept(self) -> bool:
        tasks = [self.task(task_id) for task_id in self._ids]
        return any(task.sweep_at is not None and seconds(task.sweep_at) <= self.clock for task in tasks)

    def _unfinished(self) -> list[MessageTask]:
        tasks = [self.task(task_id) for task_id in self._ids]
        return [task for task in tasks if task.state not in ENDS or task.untold is not None]

    def _next_moment(self) -> float | None:
        # A call that was sent ends by the client's own time limits: time doesn't pass it by.
        waiting = {actor.waiting_at for actor in self.actors}
        if "actions" in waiting or ("send" in waiting and not self.scenario.late):
            return None
        moments = [each.due for each in self.queue]
        moments += [at for _, at in self.sent]
        moments += [actor.started + 20 for actor in self.actors if actor.waiting_at == "opened"]
        for task_id in self._ids:
            task = self.task(task_id)
            moments += [task.settle_at] if task.settle_at is not None else []
            moments += [task.attempt.lease_until] if task.attempt is not None else []
            if not self.queue and not self.actors and task.sweep_at and task in self._unfinished():
                moments.append(seconds(task.sweep_at))
        ends = [actor.started + TIMEOUT_SECONDS for actor in self.actors]
        # Past its end a function is killed, which is a fault; a late one isn't, for the test of the lease.
        if not self.scenario.late:
            moments += [end + 1 for end in ends]
        return min(
            (
                moment
                for moment in moments
                if moment > self.clock
                and (self.scenario.late or sum(end < moment for end in ends) <= self.faults_left)
            ),
            default=None,
        )

    def take(self, option: tuple[str, ...]) -> None:
        """Let one thing happen, and hold what is guaranteed."""
        match option:
            case ("step", name, decision):
                actor = next(each for each in self.actors if each.name == name)
                if decision != GO_ON:
                    self.faults_left -= 1
                    self.faults += 1
                self._resume(actor, decision)
            case ("begin", number):
                delivery = self.queue[int(number)]
                self._begin(delivery.task_id, delivery)
            case ("copy", task_id):
                self.copies_left -= 1
                self.queue.append(Delivery(task_id, self.clock))
                self._begin(task_id, self.queue[-1])
            case ("decide", task_id):
                decision = self.decisions_left.pop(0)
                self.again += decision == "send-again"
                self._begin(task_id, None, decision)
            case ("change",):
                self.changes_left -= 1
                self.offered ^= {OTHER}
            case ("lose", number):
                self.losses_left -= 1
                self.faults += 1
                del self.queue[int(number)]
            case ("sweep",):
                self._sweep()
            case _:
                self._wait()
        self._check_now()

    def _sweep(self) -> None:
        MessageSweeper(
            store=self._store(self.table),
            tasks=OpenTasks(self.table, "messages", "open"),
            queue=SimpleNamespace(
                put=lambda task_id, seller_id: self.queue.append(Delivery(task_id, self.clock))
            ),
            now=self._now,
            remaining_seconds=lambda: 100.0,
        ).sweep()

    def _begin(self, task_id: str, delivery: Delivery | None, decision: str = "") -> None:
        self._names += 1
        actor = Actor(f"a{self._names}", task_id, delivery, decision, self.clock)
        actor.thread = greenlet(lambda: self._invoke(actor))
        self.actors.append(actor)
        self._resume(actor)

    def _resume(self, actor: Actor, *decision: str) -> None:
        actor.thread.switch(*decision)
        if actor.thread.dead:
            self.actors.remove(actor)
            self.ended.append(actor)

    def _wait(self) -> None:
        moment = self._next_moment()
        assert moment is not None
        if self.actors or any(self._is_free(each, self.clock) for each in self.queue):
            self.time_steps_left -= 1
        self.clock = moment
        if self.scenario.late:
            return
        for actor in [each for each in self.actors if each.started + TIMEOUT_SECONDS < self.clock]:
            self.faults_left -= 1
            self.faults += 1
            actor.thread.throw(CrashError())
            self.actors.remove(actor)
            self.ended.append(actor)

    # What is guaranteed.

    def task(self, task_id: str) -> MessageTask:
        """The task's row."""
        item = self.table.rows[(f"message-task/{task_id}", "task")]
        kept = self._read.get(task_id)
        if kept is None or kept[0] is not item:
            kept = self._read[task_id] = (item, from_item(plain_item(item)))
        return kept[1]

    def sendings(self, task_id: str) -> int:
        """How often the buyer gets, or will get, the task's message."""
        return sum(each == task_id for each, _ in self.sent)

    def _check_now(self) -> None:
        decided = bool(self.scenario.decisions)
        for task_id in self._ids:
            task, sendings = self.task(task_id), self.sendings(task_id)
            if sendings > 1 + self.again:
                raise ViolationError(f"the buyer gets the message of {task_id} {sendings} times")
            if task.state is MessageState.SENT and not sendings and not decided:
                raise ViolationError(f"{task_id} is SENT, and the buyer has nothing: {task.notes}")
            if task.is_ended and task.state is not MessageState.SENT and sendings and not decided:
                raise ViolationError(f"{task_id} is {task.state}, and the buyer has it")
            if task.is_ended and task.content is not None:
                raise ViolationError(f"{task_id} has ended with its content")
            if task.state is MessageState.UNCERTAIN and task.content is None:
                raise ViolationError(f"{task_id} is UNCERTAIN without its content")
            shaken = self.faults or self.scenario.late
            if task.state is MessageState.UNCERTAIN and not shaken:
                raise ViolationError(f"{task_id} is UNCERTAIN though nothing failed")
        if self.scenario.once and len(self.sent) > 1:
            raise ViolationError("the order got two messages of a type that it takes once")

    def check_end(self) -> None:
        """Nothing is stuck, and everything is told."""
        for task_id in self._ids:
            task = self.task(task_id)
            told = [(detail_type, event_id) for detail_type, each, event_id in self.told if each == task_id]
            if ENDS[task.state] not in [detail_type for detail_type, _ in told]:
                raise ViolationError(f"{task_id} is {task.state}, and nobody was told")
            once_each = dict(told)
            if len(set(told)) > len(once_each) + self.again + task.attempts:
                raise ViolationError(f"one thing is told with two ids: {told}")
            most = len(set(told)) + self.faults + self.scenario.copies + len(self.scenario.decisions)
            if len(told) > most:
                raise ViolationError(f"told {len(told)} times")
            quiet = not (self.faults or self.scenario.decisions or self.scenario.tasks > 1)
            if quiet and not self.scenario.late and task.state is not MessageState.SENT:
                raise ViolationError(f"{task_id} is {task.state} though nothing failed: {task.reason}")
            if self.calls.get(task_id, 0) > 1 + self.faults + self.again:
                raise ViolationError(f"{self.calls[task_id]} calls, {self.faults} faults")
            if task.state in ENDS and task.untold is not None:
                raise ViolationError(f"{task_id} is still to be told")
        if any(key[0].startswith("once/") and "taskId" in item for key, item in self.table.rows.items()):
            raise ViolationError("a type is still kept from others")

    @property
    def outcome(self) -> str:
        """What the world has come to."""
        tasks = [self.task(task_id) for task_id in self._ids]
        return repr([(str(task.state), self.sendings(task.task_id), task.attempts) for task in tasks])

    @property
    def finished(self) -> bool:
        """Nothing runs, nothing is queued, and every task is at its end or waits for a person."""
        if self.actors or self.queue or self._unfinished():
            return False
        return not self.decisions_left or not any(self._is_asked(task_id) for task_id in self._ids)

    def signature(self) -> str:
        """Everything that decides what can happen from here, with times relative to now."""
        tasks = [self._of_task(self.task(task_id)) for task_id in self._ids]
        actors = [
            (
                actor.task_id,
                actor.decision,
                actor.waiting_at,
                actor.history,
                self.clock - actor.started,
                self.queue.index(actor.delivery) if actor.delivery in self.queue else -1,
            )
            for actor in self.actors
        ]
        queue = [(each.task_id, max(0.0, each.due - self.clock)) for each in self.queue]
        sent = [(task_id, max(0.0, at - self.clock)) for task_id, at in self.sent]
        once = [value for key, value in self.table.rows.items() if key[0].startswith("once/")]
        budgets = (
            self.faults_left,
            self.faults,
            self.copies_left,
            self.losses_left,
            self.time_steps_left,
            self.decisions_left,
            self.changes_left,
            self.again,
        )
        told = sorted(self.told)
        offered, calls = sorted(self.offered), sorted(self.calls.items())
        return repr((tasks, actors, queue, sent, once, budgets, told, offered, calls, self.clock - NOW))

    def _of_task(self, task: MessageTask) -> Any:
        attempt = task.attempt
        return (
            task.state,
            task.version,
            task.untold,
            task.content is None,
            None if attempt is None else (attempt.number, attempt.lease_until - self.clock),
            None if task.settle_at is None else task.settle_at - self.clock,
            task.offered,
            task.decision,
            task.booking is None,
        )


def _expression(action: Mapping[str, Any]) -> str:
    return str(next(iter(action.values())).get("UpdateExpression", ""))


def _ignore(metric: str, value: float) -> None:
    return


def _no_sleep(seconds: float) -> None:
    return
