"""A world in which the real processing code runs through every interleaving.

Each invocation of the function is a greenlet that hands over at every call to AWS. A schedule says, at
each of these points, who goes on, what breaks, which message is delivered and when time passes. `explore`
runs all schedules within a budget of faults and of free time steps; states that were seen before are not
gone through twice. The world checks the protocol's invariants after every step and at the end.
"""

import itertools
import json
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ReadTimeoutError
from greenlet import getcurrent, greenlet

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.notifications.ledger import Ledger, event_id
from sellerbus.notifications.ordering import OrderingGuard
from sellerbus.notifications.processing import NotificationProcessor
from sellerbus.notifications.publishing import EventBus, PayloadStore
from sellerbus.notifications.queues import DeadLetterQueue, Delivery, NotificationQueue
from tests.fakes import FakeDynamoDb, client_error
from tests.schedules import CrashError, ViolationError

TIMEOUT_MS = 30_000
KILL_LATE_MS = 2_000
MARGIN_MS = 5_000
VISIBILITY_MS = 40_000
MOST_RECEIVES = 4
MOST_RUNNING = 2

GO_ON = "go on"
# What can befall a call: the function dies, or the call fails, before or after it is carried out; the SDK
# repeats it after a lost answer; the bus takes the call and refuses its entries.
FAULTS: dict[str, tuple[str, ...]] = {
    "claim": ("crash before", "crash after", "error before", "error after", "repeated"),
    "guard": ("crash before", "error before", "error after"),
    "publish": ("crash before", "crash after", "error before", "error after", "repeated", "entries refused"),
    "complete": ("crash before", "crash after", "error before", "error after", "repeated"),
    "release": ("crash before", "error before", "error after"),
    "hide": ("crash before", "error before"),
    "reject": ("crash before", "crash after", "error before", "error after"),
}
# Those that fall between the bus's acceptance and the completion: each may cost one more publish.
COSTLY = {
    ("publish", "crash after"),
    ("publish", "error after"),
    ("publish", "repeated"),
    ("complete", "crash before"),
    ("complete", "error before"),
}


class Invocation(greenlet):
    """The thread of one invocation."""

    name = ""
    uuids: Iterator[int]


def reproducible_uuid() -> uuid.UUID:
    """In place of uuid4: the same for the same invocation in whatever schedule, so that states compare."""
    current = getcurrent()
    assert isinstance(current, Invocation)
    return uuid.UUID(hex=f"{reproducible_hex(current.name)}{next(current.uuids):08x}")


def reproducible_hex(name: str) -> str:
    """The first 24 hex digits of an invocation's ids."""
    return f"{zlib.crc32(name.encode()):024x}"


@dataclass
class Message:
    """A message in the queue; `visible_at` in ms."""

    body: str
    visible_at: int = 0
    receives: int = 0
    fate: str | None = None


@dataclass
class Actor:
    """One invocation of the function with the messages it was given."""

    name: str
    deliveries: list[Delivery]
    deadline: int
    thread: Any = None
    waiting_at: str | None = None
    waiting_with: tuple[int, ...] = ()
    history: list[str] = field(default_factory=list)
    published: bool = False


@dataclass(frozen=True)
class Scenario:
    """The messages at the start, how they are batched, and the budgets of a search."""

    bodies: tuple[str, ...]
    batch: int = 1
    faults: int = 1
    time_steps: int = 2
    margin_ms: int = MARGIN_MS
    overlap_forced: bool = False
    fault_kinds: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: FAULTS)


class World:
    """AWS, the queue and the running functions, for one schedule."""

    def __init__(self, scenario: Scenario, setup: Callable[["World"], None] | None = None) -> None:
        self.scenario = scenario
        self.clock = 1_000_000
        self.faults_left = scenario.faults
        self.time_steps_left = scenario.time_steps
        self.costly_faults = 0
        self.faults = 0
        self.db = FakeDynamoDb()
        self.published: list[tuple[str, str]] = []
        self.rejected: list[tuple[str, str]] = []
        self.messages = {f"m{index}": Message(body) for index, body in enumerate(scenario.bodies, 1)}
        self.actors: list[Actor] = []
        self.ended: list[Actor] = []
        self.holder: dict[str, tuple[str, int]] = {}
        self.final_rows: dict[str, str] = {}
        self._hub = getcurrent()
        self._actor_numbers = itertools.count(1)
        self.processor = self._processor()
        if setup:
            setup(self)

    def _processor(self) -> NotificationProcessor:
        def now() -> int:
            return self.clock

        def no_sleep(seconds: float) -> None:
            raise ViolationError(f"slept {seconds} s: nothing conflicts in this world")

        # What is only counted decides nothing, so that no schedule needs to break in before it.
        db: Any = SimpleNamespace(transact_write_items=self._transact, batch_get_item=self.db.batch_get_item)
        sqs: Any = SimpleNamespace(
            change_message_visibility_batch=self._change_visibility, send_message_batch=self._send_batch
        )
        bus: Any = SimpleNamespace(put_events=self._put_events)
        s3: Any = SimpleNamespace(put_object=None)
        return NotificationProcessor(
            ledger=Ledger(db, "ledger", completed_retention_seconds=60, now=now, sleep=no_sleep),
            guard=OrderingGuard(db, "ledger", retention_seconds=60, now=now, sleep=no_sleep),
            bus=EventBus(bus, "bus"),
            payloads=PayloadStore(s3, "bucket"),
            queue=NotificationQueue(sqs, "queue"),
            dead_letters=DeadLetterQueue(sqs, "dead-letters"),
            now=now,
            lease_margin_ms=self.scenario.margin_ms,
            publish_budget_ms=1,
            maximum_event_bytes=262_144,
        )

    # The function, as Lambda and its event source mapping run it.

    def _invoke(self, actor: Actor) -> None:
        try:
            results = self.processor.process(actor.deliveries, lambda: actor.deadline - self.clock)
            unfinished = [result for result in results if not result.acknowledged]
            try:
                self.processor.hide(unfinished)
            except StoreUnavailableError:
                actor.history.append("not hidden")
        except CrashError:
            return
        except Exception as error:
            raise ViolationError(f"the function raised {error!r}") from error
        if {r.delivery.message_id for r in results} != {d.message_id for d in actor.deliveries}:
            raise ViolationError("a delivery has no result")
        for result in results:
            if result.acknowledged:
                self._acknowledge(result.delivery)

    def _acknowledge(self, delivery: Delivery) -> None:
        notification = json.loads(delivery.body)
        row = self.db.items.get(f"notification#{notification['NotificationMetadata']['NotificationId']}", {})
        status = row.get("status", {}).get("S")
        rejected = any(body == delivery.body for body, _ in self.rejected)
        if status != "COMPLETE" and not rejected:
            raise ViolationError(f"{delivery.message_id} acknowledged while its row is {status}")
        self.messages[delivery.message_id].fate = "acknowledged"

    # AWS, one call at a time.

    def _call(self, name: str, effect: Callable[[], Any], operation: str) -> Any:
        actor = self._current()
        actor.waiting_at = name
        decision = self._hub.switch()
        actor.waiting_at = None
        actor.history.append(f"{name}: {decision}")
        if decision == "crash before":
            raise CrashError
        if decision == "error before":
            raise client_error(operation, "InternalServerError")
        if decision == "entries refused":
            # The scenarios here never publish more than one entry a call.
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}
        answer = effect()
        if decision == "repeated":
            answer = effect()
        if decision == "crash after":
            raise CrashError
        if decision == "error after":
            raise ReadTimeoutError(endpoint_url="https://aws")
        return answer

    def _current(self) -> Actor:
        return next(actor for actor in self.actors if actor.thread is getcurrent())

    def _transact(self, **request: Any) -> Any:
        updates = [action["Update"] for action in request["TransactItems"]]
        if updates[0]["Key"]["pk"]["S"].startswith("entity#"):
            name = "guard"
        elif ":complete" in updates[0]["ExpressionAttributeValues"]:
            name = "complete"
        elif ":leaseUntil" in updates[0]["ExpressionAttributeValues"]:
            name = "claim"
        else:
            name = "release"

        # The times that the request carries were taken before it waits here.
        times = (":now", ":leaseUntil")
        self._current().waiting_with = tuple(
            int(values[name]["N"])
            for values in (update["ExpressionAttributeValues"] for update in updates)
            for name in times
            if name in values
        )

        def effect() -> Any:
            answer = self.db.transact_write_items(**request)
            self._witness(name, updates)
            return answer

        return self._call(name, effect, "TransactWriteItems")

    def _witness(self, name: str, updates: Sequence[dict[str, Any]]) -> None:
        """Mutual exclusion, seen from outside: who may publish now, whatever the rows say."""
        actor = self._current()
        for update in updates:
            key = update["Key"]["pk"]["S"]
            holder = self.holder.get(key)
            alive = holder is not None and any(a.name == holder[0] for a in self.actors)
            if name == "claim":
                if holder and holder[0] != actor.name and alive and self.clock <= holder[1]:
                    raise ViolationError(f"{actor.name} claimed what {holder[0]} holds and may publish")
                until = actor.deadline + KILL_LATE_MS
                if self.scenario.overlap_forced:
                    until = int(update["ExpressionAttributeValues"][":leaseUntil"]["N"])
                self.holder[key] = (actor.name, until)
            elif name in ("release", "complete") and holder and holder[0] == actor.name:
                del self.holder[key]

    def _put_events(self, **request: Any) -> Any:
        def effect() -> Any:
            for entry in request["Entries"]:
                detail = json.loads(entry["Detail"])
                self.published.append((detail["eventId"], json.dumps(detail["payload"])))
            return {"Entries": [{"EventId": f"bus-{len(self.published)}"} for _ in request["Entries"]]}

        return self._call("publish", effect, "PutEvents")

    def _change_visibility(self, **request: Any) -> Any:
        seconds = [entry["VisibilityTimeout"] for entry in request["Entries"]]
        self._current().history.append(f"to be hidden for {seconds}")

        def effect() -> Any:
            for entry in request["Entries"]:
                message = self.messages[entry["ReceiptHandle"].split("/")[0]]
                message.visible_at = self.clock + entry["VisibilityTimeout"] * 1000
            return {"Successful": request["Entries"]}

        return self._call("hide", effect, "ChangeMessageVisibilityBatch")

    def _send_batch(self, **request: Any) -> Any:
        def effect() -> Any:
            for entry in request["Entries"]:
                reason = entry["MessageAttributes"]["reason"]["StringValue"]
                self.rejected.append((entry["MessageBody"], reason))
            return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}

        return self._call("reject", effect, "SendMessageBatch")

    # The schedule.

    def options(self) -> list[tuple[str, ...]]:
        """What can happen next; the first is what happens when the budgets are spent."""
        options: list[tuple[str, ...]] = [("step", actor.name, GO_ON) for actor in self.actors]
        visible = [n for n, m in self.messages.items() if not m.fate and m.visible_at <= self.clock]
        if len(self.actors) < MOST_RUNNING and visible:
            options.append(("deliver", *visible[: self.scenario.batch]))
            if self.scenario.batch == 1:
                options += [("deliver", name) for name in visible[1:]]
        must_wait = not options
        if (must_wait or self.time_steps_left) and self._next_moment() is not None:
            options.append(("wait",))
        if self.faults_left:
            options += [
                ("step", actor.name, fault)
                for actor in self.actors
                for fault in self.scenario.fault_kinds.get(actor.waiting_at or "", ())
            ]
        return options

    def _next_moment(self) -> int | None:
        moments = [m.visible_at for m in self.messages.values() if not m.fate]
        moments += [
            int(row["leaseUntil"]["N"]) + 1 for row in self.db.items.values() if "pendingShard" in row
        ]
        # Time may pass while a function runs; past its deadline it is killed, which is a fault.
        ends = [actor.deadline for actor in self.actors]
        moments += [*ends, *(end + KILL_LATE_MS for end in ends)]
        return min(
            (
                moment
                for moment in moments
                if moment > self.clock and sum(end < moment for end in ends) <= self.faults_left
            ),
            default=None,
        )

    def take(self, option: tuple[str, ...]) -> None:
        """Let one thing happen, and check the invariants."""
        match option:
            case ("step", name, decision):
                actor = next(a for a in self.actors if a.name == name)
                if decision != GO_ON:
                    self._count_fault(actor.waiting_at or "", decision)
                self._resume(actor, decision)
            case ("deliver", *names):
                self._deliver(names)
            case _:
                self._wait()
        self._check_now()

    def _count_fault(self, call: str, decision: str) -> None:
        self.faults_left -= 1
        self.faults += 1
        self.costly_faults += (call, decision) in COSTLY

    def _deliver(self, names: Sequence[str]) -> None:
        deliveries = []
        for name in names:
            message = self.messages[name]
            if message.receives == MOST_RECEIVES:
                message.fate = "dead"
                continue
            message.receives += 1
            message.visible_at = self.clock + VISIBILITY_MS
            deliveries.append(
                Delivery(name, f"{name}/{message.receives}", message.body, message.receives, sent_at_ms=0)
            )
        if deliveries:
            name = f"f{next(self._actor_numbers)}"
            actor = Actor(name, deliveries, self.clock + TIMEOUT_MS)
            actor.thread = Invocation(lambda: self._invoke(actor))
            actor.thread.name, actor.thread.uuids = name, itertools.count()
            self.actors.append(actor)
            self._resume(actor)

    def _resume(self, actor: Actor, *decision: str) -> None:
        actor.thread.switch(*decision)
        if actor.thread.dead:
            self._end(actor)

    def _wait(self) -> None:
        moment = self._next_moment()
        assert moment is not None
        if self.actors or any(not m.fate and m.visible_at <= self.clock for m in self.messages.values()):
            self.time_steps_left -= 1
        self.clock = moment
        for actor in [a for a in self.actors if a.deadline < self.clock]:
            self.faults_left -= 1
            self.faults += 1
            self.costly_faults += actor.waiting_at == "complete"
            actor.thread.throw(CrashError())
            self._end(actor)

    def _end(self, actor: Actor) -> None:
        self.actors.remove(actor)
        self.ended.append(actor)

    # The invariants.

    def _check_now(self) -> None:
        for key, row in self.db.items.items():
            if not key.startswith("notification#"):
                continue
            if key in self.final_rows and json.dumps(row, sort_keys=True) != self.final_rows[key]:
                raise ViolationError(f"a COMPLETE row was changed: {key}")
            if row["status"]["S"] == "COMPLETE":
                self.final_rows.setdefault(key, json.dumps(row, sort_keys=True))
                identity = event_id(key.removeprefix("notification#"))
                if not any(published == identity for published, _ in self.published):
                    raise ViolationError(f"{key} is COMPLETE and was never published")
        if set(self.final_rows) - set(self.db.items):
            raise ViolationError("a COMPLETE row was deleted")
        contents: dict[str, str] = {}
        for identity, payload in self.published:
            if contents.setdefault(identity, payload) != payload:
                raise ViolationError(f"event {identity} was published with two contents")

    def check_end(self) -> None:
        """No silent loss, no publish too many, nothing stuck."""
        for name, message in self.messages.items():
            notification = json.loads(message.body)
            identity = event_id(notification["NotificationMetadata"]["NotificationId"])
            seen = any(published == identity for published, _ in self.published)
            rejected = any(body == message.body for body, _ in self.rejected)
            if message.fate == "acknowledged" and not (seen or rejected):
                raise ViolationError(f"{name} is lost")
            if message.fate == "dead" and not self.faults:
                raise ViolationError(f"{name} reached the dead-letter queue though nothing failed")
        allowed = 1 + self.costly_faults
        for identity in {identity for identity, _ in self.published}:
            publishes = sum(published == identity for published, _ in self.published)
            if publishes > allowed and not self.scenario.overlap_forced:
                raise ViolationError(f"{publishes} publishes, {allowed} allowed")
        for key, row in self.db.items.items():
            stuck = key.startswith("notification#") and row["status"]["S"] != "COMPLETE"
            if stuck and not any(m.fate == "dead" for m in self.messages.values()):
                raise ViolationError(f"{key} is stuck")

    @property
    def outcome(self) -> str:
        return repr((self.published, self.rejected, self.fates))

    @property
    def fates(self) -> list[str | None]:
        """What became of each message."""
        return [message.fate for message in self.messages.values()]

    @property
    def finished(self) -> bool:
        """Nothing runs and nothing is left in the queue."""
        return not self.actors and all(message.fate for message in self.messages.values())

    def signature(self) -> str:
        """Everything that decides what can happen from here, with times relative to now."""
        running = {actor.name: index for index, actor in enumerate(self.actors)}
        tokens = {
            reproducible_hex(actor.name): index
            for actor, index in zip(self.actors, running.values(), strict=True)
        }
        rows = [
            (
                key,
                row["status"]["S"],
                int(row["leaseUntil"]["N"]) - self.clock,
                row["contentHash"]["S"],
                tokens.get(row["token"]["S"].split("-")[1][:24]),
            )
            if "status" in row
            else (key, row["eventTime"]["N"])
            for key, row in self.db.items.items()
        ]
        holders = [(k, running.get(name), until - self.clock) for k, (name, until) in self.holder.items()]
        return repr(
            (
                self.faults_left,
                self.time_steps_left,
                self.costly_faults,
                self.faults,
                sorted(rows),
                sorted(self.published),
                sorted(self.rejected),
                [
                    message.fate or (max(message.visible_at - self.clock, 0), message.receives)
                    for message in self.messages.values()
                ],
                [
                    (
                        [delivery.message_id for delivery in actor.deliveries],
                        actor.deadline - self.clock,
                        actor.waiting_at,
                        [moment - self.clock for moment in actor.waiting_with],
                        actor.history,
                    )
                    for actor in self.actors
                ],
                sorted(h for h in holders if h[1] is not None),
            )
        )
