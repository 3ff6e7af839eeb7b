"""A world in which the real submission code runs through every interleaving.

Each invocation of take_feed_turn or submit_feed is a greenlet that hands over at every call that changes
something, and at getFeeds. A schedule says at each of these points who goes on, what breaks, whose step is
begun once more while it runs, and when time passes. Amazon counts each createFeed on the wire, carries it out
now or later, and lists its feed late, all within the settle time. tests/schedules.py runs
all schedules; the world holds what is guaranteed after every step and at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ReadTimeoutError
from greenlet import getcurrent, greenlet

from sellerbus.api.answers import Answer
from sellerbus.api.errors import OutcomeUnknownError, OutOfTimeError, PermanentError, ThrottledError
from sellerbus.api.feeds import FeedsApi
from sellerbus.api.lwa import SellerGrant
from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.aws.items import plain_item
from sellerbus.aws.task_table import TaskTable
from sellerbus.feeds.answers import AnswerKeeper
from sellerbus.feeds.giving_up import TaskEnder
from sellerbus.feeds.lanes import Lanes, TurnTaker
from sellerbus.feeds.operating import FeedOperator
from sellerbus.feeds.preparing import Preparer
from sellerbus.feeds.submitting import FeedSubmitter, SubmissionSettings
from sellerbus.feeds.task import FeedTask, TaskState, from_item, iso
from sellerbus.feeds.task_store import TaskStore
from tests.fake_table import FakeTable
from tests.fakes import client_error
from tests.schedules import CrashError, ViolationError
from tests.unit.feeds.tasks import MARKETPLACE, NOW, SELLER, TYPE, task

TIMEOUT_SECONDS = 900.0
SETTLE_SECONDS = 300.0
GAP_SECONDS = 10
RETRY_SECONDS = 2.0

GO_ON = "go on"
WRITE_FAULTS = ("crash before", "crash after", "error before", "error after", "repeated")
# What can befall a call: the function dies, or the call fails, before or after it is carried out. Of
# createFeed also: its answer is lost, while Amazon carries it out at once, later, or not at all; its feed is
# listed late; it is refused.
FAULTS: dict[str, tuple[str, ...]] = {
    "write": WRITE_FAULTS,
    "tell": ("crash before", "crash after", "error before", "error after"),
    "createFeedDocument": ("crash before", "crash after"),
    "upload": ("crash before", "crash after"),
    "opened": ("crash before",),
    "createFeed": (
        "crash before",
        "crash after",
        "lost, not done",
        "lost, done",
        "lost, done later",
        "lost, listed late",
        "throttled",
        "refused",
    ),
    "getFeeds": ("crash before", "throttled"),
}


@dataclass
class Made:
    """A feed at Amazon."""

    feed_id: str
    task_id: str
    created: float
    listed: float


@dataclass
class Execution:
    """A task's execution: its next step, and when that is due; parked where it waits for others."""

    task_id: str
    step: str = "take-turn"
    due: float = NOW
    parked: str = ""


@dataclass
class Actor:
    """One invocation of a step's function."""

    name: str
    execution: Execution
    step: str
    started: float
    thread: Any = None
    waiting_at: str = ""
    history: list[tuple[str, str, float]] = field(default_factory=list)
    counts: bool = True


@dataclass(frozen=True)
class Scenario:
    """The tasks of one lane, and the budgets of a search.

    copies: how often a step is begun once more while it runs. foreign: feeds that others create. cancels: how
    often a person cancels. give_ups: how often the state machine gives a step up, with its function running.
    """

    tasks: int = 1
    faults: int = 1
    copies: int = 0
    time_steps: int = 1
    prepared: bool = True
    settle_seconds: float = SETTLE_SECONDS
    wait_for_previous: bool = False
    foreign: int = 0
    cancels: int = 0
    give_ups: int = 0
    other_creators: bool = False
    fault_kinds: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: FAULTS)


class World:
    """AWS, Amazon and the executions, for one schedule."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.clock = NOW
        self.faults_left = scenario.faults
        self.copies_left = scenario.copies
        self.time_steps_left = scenario.time_steps
        self.foreign_left = scenario.foreign
        self.cancels_left = scenario.cancels
        self.give_ups_left = scenario.give_ups
        self.faults = 0
        self.calls: dict[str, int] = {}
        self.feeds: list[Made] = []
        self.told: list[str] = []
        self.actors: list[Actor] = []
        self.ended: list[Actor] = []
        self.turns: list[tuple[str, float]] = []
        self.table = FakeTable()
        self._hub = getcurrent()
        self._names = 0
        self._read: dict[str, tuple[object, FeedTask]] = {}
        self._tasks = [
            task(
                f"t{number}",
                handed_over=NOW - 100 + number,
                state=TaskState.WAITING,
                region="na",
                etag='"e"',
                is_gzip=False,
                content_bytes=1,
                content_sha256="0" * 64,
                api_version="2021-06-30" if scenario.prepared else None,
                silence_seconds=900,
                document_id="document" if scenario.prepared else None,
            )
            for number in range(1, scenario.tasks + 1)
        ]
        for each in self._tasks:
            self._store(self.table).create(each)
        self.executions = [Execution(each.task_id) for each in self._tasks]

    # The functions.

    def _invoke(self, actor: Actor) -> None:
        try:
            answer = self._answer(actor)
        except CrashError:
            return self._failed(actor)
        except StoreUnavailableError:
            return self._failed(actor)
        except Exception as error:
            raise ViolationError(f"{actor.step} raised {error!r}") from error
        if actor.counts:
            self._go_on(actor.execution, answer)
        return None

    def _answer(self, actor: Actor) -> Mapping[str, object]:
        store = self._store(SimpleNamespace(**self._client()))
        table = TaskTable(SimpleNamespace(**self._client()), "tasks", sleep=_no_sleep)
        events: Any = SimpleNamespace(publish=self._publish)
        if actor.step == "take-turn":
            lanes = Lanes(
                table,
                store,
                seconds_between={"default": GAP_SECONDS},
                wait_for_previous=self.scenario.wait_for_previous,
                now=self._now,
            )
            return TurnTaker(store, lanes).take(actor.execution.task_id)

        def remaining() -> float:
            return actor.started + TIMEOUT_SECONDS - self.clock

        amazon: Any = SimpleNamespace(api=self._api)
        if actor.step == "cancel":
            return FeedOperator(
                store=store,
                amazon=amazon,
                tokens=SimpleNamespace(),
                events=events,
                count=_ignore,
                now=self._now,
                remaining_seconds=remaining,
            ).answer({"request": "cancel", "taskId": actor.execution.task_id})
        if actor.step == "give up":
            answers = AnswerKeeper(
                table=table, store=store, events=events, count=_ignore, now=self._now, settle_seconds=900.0
            )
            ender = TaskEnder(
                store=store,
                answers=answers,
                events=events,
                count=_ignore,
                executions=SimpleNamespace(),
            )
            return ender.give_up(actor.execution.task_id, "Lambda.Unknown", "")
        return FeedSubmitter(
            table=table,
            store=store,
            amazon=amazon,
            preparer=Preparer(
                SimpleNamespace(upload=self._upload), count=_ignore, remaining_seconds=remaining
            ),
            events=events,
            settings=SubmissionSettings(
                "2021-06-30", self.scenario.settle_seconds, 900, self.scenario.other_creators
            ),
            count=_ignore,
            now=self._now,
            remaining_seconds=remaining,
        ).submit(actor.execution.task_id)

    def _failed(self, actor: Actor) -> None:
        if actor.counts:
            actor.execution.due = self.clock + RETRY_SECONDS

    def _go_on(self, execution: Execution, answer: Mapping[str, Any]) -> None:
        following = str(answer["next"])
        if following == "wait":
            execution.due = self.clock + answer["waitSeconds"]
        elif following == "submit":
            execution.step, execution.due = "submit", self.clock
        else:
            execution.parked = following

    def _now(self) -> float:
        return self.clock

    def _store(self, client: Any) -> TaskStore:
        return TaskStore(TaskTable(client, "tasks", sleep=_no_sleep), now=self._now)

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
        actor = self._current()
        actor.waiting_at = name
        decision = str(self._hub.switch())
        actor.waiting_at = ""
        actor.history.append((name, decision, self.clock - actor.started))
        return decision

    def _current(self) -> Actor:
        return next(actor for actor in self.actors if actor.thread is getcurrent())

    def _client(self) -> dict[str, Any]:
        return {
            "get_item": self.table.get_item,
            "query": self.table.query,
            "transact_write_items": self._transact,
        }

    def _transact(self, **request: Any) -> Any:
        answer = self._call("write", lambda: self.table.transact_write_items(**request), "TransactWriteItems")
        if any("openAttempt = :attempt" in _expression(action) for action in request["TransactItems"]):
            # Time may pass between the intent and the call.
            self._call("opened", lambda: None)
        return answer

    def _publish(self, events: list[OperationalEvent]) -> None:
        def effect() -> None:
            self.told += [f"{event.detail_type} {event.detail['taskId']}" for event in events]

        try:
            self._call("tell", effect, "PutEvents")
        except (ReadTimeoutError, Exception) as error:
            raise StoreUnavailableError("PutEvents", type(error).__name__) from error

    def _upload(self, *_: Any, **__: Any) -> int:
        self._call("upload", lambda: None)
        return 1

    def _api(self, of: FeedTask, remaining_seconds: Callable[[], float]) -> FeedsApi:
        client: Any = SimpleNamespace(
            call=lambda operation, **request: self._amazon(of, operation.name, request, remaining_seconds),
            book=lambda *_, **__: None,
        )
        return FeedsApi(client, SellerGrant(SELLER, lambda: ""), "2021-06-30")

    def _amazon(
        self, of: FeedTask, name: str, request: Mapping[str, Any], remaining: Callable[[], float]
    ) -> Answer:
        if remaining() < 0.2:
            raise OutOfTimeError(name, "not called: the time that is left does not cover it")
        if name == "createFeed":
            return self._create(of)
        if name == "getFeeds":
            decision = self._handed_over(name)
            if decision == "crash before":
                raise CrashError
            if decision == "throttled":
                raise ThrottledError(name, 45.0)
            return Answer(200, {"feeds": self._listed(request["query"]["createdSince"])}, "r")
        self._call(name, lambda: None)
        return Answer(201, {"feedDocumentId": "document", "url": "https://example"}, "r")

    def _create(self, of: FeedTask) -> Answer:
        self._witness_call(of)
        decision = self._handed_over("createFeed")
        if decision == "crash before" and self.clock:
            raise CrashError
        self.calls[of.task_id] = self.calls.get(of.task_id, 0) + 1
        if decision == "throttled":
            raise ThrottledError("createFeed", 120.0, status=429)
        if decision == "refused":
            raise PermanentError("createFeed", "no", status=400)
        if decision == "lost, not done":
            raise OutcomeUnknownError("createFeed", "lost", status=503)
        # As late as is promised: the settle time after the call.
        latest = self.clock + SETTLE_SECONDS
        created = latest if decision == "lost, done later" else self.clock
        listed = latest if decision == "lost, listed late" else created
        feed_id = f"f{len(self.feeds) + 1}"
        self.feeds.append(Made(feed_id, of.task_id, created, listed))
        if decision.startswith("lost"):
            raise OutcomeUnknownError("createFeed", "lost")
        if decision == "crash after":
            raise CrashError
        return Answer(202, {"feedId": feed_id}, "r")

    def _witness_call(self, of: FeedTask) -> None:
        """createFeed is about to be sent: the intent is written, and nobody else of the lane is at it."""
        row = self.task(of.task_id)
        given_up = row.state is TaskState.UNCERTAIN and self.scenario.give_ups
        if row.submission.state.value not in {"SUBMITTING", "SETTLING"} and not given_up:
            raise ViolationError(f"{of.task_id} calls createFeed while it is {row.submission.state.value}")
        others = [a for a in self.actors if a.waiting_at == "createFeed"]
        if others:
            raise ViolationError(
                f"two calls of createFeed at once in one lane: {others[0].execution.task_id}"
            )

    def _listed(self, since: str) -> list[dict[str, Any]]:
        return [
            {
                "feedId": feed.feed_id,
                "feedType": TYPE,
                "processingStatus": "IN_QUEUE",
                "createdTime": iso(feed.created),
                "marketplaceIds": [MARKETPLACE],
            }
            for feed in self.feeds
            if feed.listed <= self.clock and iso(feed.created) >= since
        ]

    # The schedule.

    def options(self) -> list[tuple[str, ...]]:
        """What can happen next; the first is what happens when the budgets are spent."""
        options: list[tuple[str, ...]] = [("step", actor.name, GO_ON) for actor in self.actors]
        busy = {id(actor.execution) for actor in self.actors if actor.counts}
        options += [
            ("begin", each.task_id)
            for each in self.executions
            if not each.parked and each.due <= self.clock and id(each) not in busy
        ]
        if (not options or self.time_steps_left) and self._next_moment() is not None:
            options.append(("wait",))
        if self.copies_left:
            options += [
                ("copy", actor.name) for actor in self.actors if actor.counts and actor.step == "submit"
            ]
        if self.foreign_left and self.actors:
            options.append(("foreign",))
        running = [each for each in self.executions if not each.parked]
        if self.cancels_left:
            options += [("cancel", each.task_id) for each in running]
        if self.give_ups_left:
            options += [("give up", each.task_id) for each in running if each.step == "submit"]
        if self.faults_left:
            options += [
                ("step", actor.name, fault)
                for actor in self.actors
                for fault in self.scenario.fault_kinds.get(actor.waiting_at, ())
            ]
        return options

    def _next_moment(self) -> float | None:
        # A call that was sent ends by the client's own time limits: time doesn't pass it by.
        if any(actor.waiting_at in ("createFeed", "getFeeds") for actor in self.actors):
            return None
        moments = [each.due for each in self.executions if not each.parked]
        moments += [feed.listed for feed in self.feeds]
        moments += [actor.started + 30 for actor in self.actors if actor.waiting_at == "opened"]
        for each in self._tasks:
            submission = self.task(each.task_id).submission
            moments += [at for at in (submission.lease_until, submission.settle_until) if at is not None]
        ends = [actor.started + TIMEOUT_SECONDS for actor in self.actors]
        # Past its end a function is killed, which is a fault.
        return min(
            (
                moment
                for moment in [*moments, *(end + 1 for end in ends)]
                if moment > self.clock and sum(end < moment for end in ends) <= self.faults_left
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
            case ("begin", task_id):
                execution = next(each for each in self.executions if each.task_id == task_id)
                self._begin(execution, execution.step)
            case ("cancel", task_id):
                self.cancels_left -= 1
                execution = next(each for each in self.executions if each.task_id == task_id)
                self._begin(execution, "cancel", counts=False)
            case ("give up", task_id):
                self.give_ups_left -= 1
                self.faults += 1
                execution = next(each for each in self.executions if each.task_id == task_id)
                for each in self.actors:
                    each.counts = each.counts and each.execution is not execution
                execution.step = "give up"
                self._begin(execution, "give up")
            case ("copy", name):
                self.copies_left -= 1
                original = next(each for each in self.actors if each.name == name)
                # The state machine has given the first one up, and hears only the second.
                original.counts = False
                self._begin(original.execution, original.step)
            case ("foreign",):
                self.foreign_left -= 1
                self.feeds.append(Made(f"f{len(self.feeds) + 1}", "somebody", self.clock, self.clock))
            case _:
                self._wait()
        self._check_now()

    def _begin(self, execution: Execution, step: str, *, counts: bool = True) -> None:
        self._names += 1
        actor = Actor(f"a{self._names}", execution, step, self.clock, counts=counts)
        actor.thread = greenlet(lambda: self._invoke(actor))
        self.actors.append(actor)
        self._resume(actor)

    def _resume(self, actor: Actor, *decision: str) -> None:
        actor.thread.switch(*decision)
        if actor.thread.dead:
            self._end(actor)

    def _wait(self) -> None:
        moment = self._next_moment()
        assert moment is not None
        if self.actors or any(not e.parked and e.due <= self.clock for e in self.executions):
            self.time_steps_left -= 1
        self.clock = moment
        for actor in [a for a in self.actors if a.started + TIMEOUT_SECONDS < self.clock]:
            self.faults_left -= 1
            self.faults += 1
            actor.thread.throw(CrashError())
            self._end(actor)

    def _end(self, actor: Actor) -> None:
        self.actors.remove(actor)
        self.ended.append(actor)

    # What is guaranteed.

    def task(self, task_id: str) -> FeedTask:
        """The task's row."""
        row = self.table.rows[(f"feed-task/{task_id}", "task")]
        kept = self._read.get(task_id)
        if kept is None or kept[0] is not row:
            kept = self._read[task_id] = (row, from_item(plain_item(row)))
        return kept[1]

    def _check_now(self) -> None:
        rows = [self.task(each.task_id) for each in self._tasks]
        for row in rows:
            made = [feed.feed_id for feed in self.feeds if feed.task_id == row.task_id]
            if len(made) > 1:
                raise ViolationError(f"{len(made)} feeds for {row.task_id}")
            if row.state is TaskState.PROCESSING and made != [row.feed_id]:
                raise ViolationError(f"{row.task_id} follows {row.feed_id}, its feeds are {made}")
            uncertain = row.state is TaskState.UNCERTAIN
            if uncertain and not (self.scenario.foreign or self.scenario.give_ups):
                raise ViolationError(f"{row.task_id} is UNCERTAIN without need: {row.reason}")
            if uncertain and f"FeedUncertain {row.task_id}" not in self.told:
                raise ViolationError(f"{row.task_id} is UNCERTAIN and nobody was told")
        if sum(row.state is TaskState.SUBMITTING for row in rows) > 1:
            raise ViolationError("two tasks have the turn of one lane")
        feed_ids = [row.feed_id for row in rows if row.feed_id]
        if len(feed_ids) != len(set(feed_ids)):
            raise ViolationError("a feed is two tasks'")
        self._check_order(rows)

    def _check_order(self, rows: list[FeedTask]) -> None:
        for row in rows:
            had = row.submission.attempt > 0 or row.state is TaskState.SUBMITTING
            if had and row.task_id not in [task_id for task_id, _ in self.turns]:
                self.turns.append((row.task_id, self.clock))
        if [task_id for task_id, _ in self.turns] != sorted(task_id for task_id, _ in self.turns):
            raise ViolationError(f"out of order: {self.turns}")
        submitted = {row.task_id: row.submitted_at for row in rows if row.submitted_at}
        for (before, _), (after, at) in zip(self.turns, self.turns[1:], strict=False):
            if before in submitted and iso(at - GAP_SECONDS) < str(submitted[before]):
                raise ViolationError(f"{after} had its turn less than {GAP_SECONDS} s after {before}")

    def check_end(self) -> None:
        """Nothing is lost: every task has its feed, has ended, or waits for a person."""
        for each in self._tasks:
            row = self.task(each.task_id)
            execution = next(e for e in self.executions if e.task_id == row.task_id)
            expected = {
                "await": TaskState.PROCESSING,
                "decide": TaskState.UNCERTAIN,
                "ended": TaskState.ENDED,
            }
            if row.state is not expected.get(execution.parked):
                raise ViolationError(f"{row.task_id} is {row.state} and its execution at {execution.parked}")
            quiet = not (self.faults or self.scenario.foreign or self.scenario.cancels)
            if quiet and row.state is not TaskState.PROCESSING:
                raise ViolationError(f"{row.task_id} is {row.state} though nothing failed")
            known = [row.feed_id] if row.feed_id else []
            if row.state is TaskState.ENDED and self.feeds_of(row.task_id) != known:
                raise ViolationError(f"{row.task_id} ended {row.outcome}, and nobody knows of its feed")
            if self.calls.get(row.task_id, 0) > 1 + self.faults:
                raise ViolationError(f"{self.calls[row.task_id]} calls of createFeed, {self.faults} faults")
            turn = self.table.rows.get((f"lane/{SELLER}/{TYPE}", "turn"), {})
            if "openAttempt" in turn:
                raise ViolationError("the lane says that a call is open")

    def feeds_of(self, task_id: str) -> list[str]:
        """The feeds that Amazon made for a task."""
        return [feed.feed_id for feed in self.feeds if feed.task_id == task_id]

    @property
    def outcome(self) -> str:
        """What the world has come to."""
        rows = [self.task(each.task_id) for each in self._tasks]
        return repr(
            [
                (str(row.state), str(row.outcome), len(self.feeds_of(row.task_id)), row.submission.attempt)
                for row in rows
            ]
        )

    @property
    def finished(self) -> bool:
        """Nothing runs, and every execution waits for somebody else or is over."""
        return not self.actors and all(each.parked for each in self.executions)

    def signature(self) -> str:
        """Everything that decides what can happen from here, with times relative to now."""
        rows = [
            (
                each.task_id,
                str(row.state),
                row.version,
                _since(replace(row.submission), self.clock),
                row.document_id,
                row.feed_id,
            )
            for each in self._tasks
            for row in [self.task(each.task_id)]
        ]
        turn = self.table.rows.get((f"lane/{SELLER}/{TYPE}", "turn"), {})
        lane = {
            name: round(float(value["N"]) - self.clock, 3) if name in ("nextAt", "heldSince") else value
            for name, value in sorted(turn.items())
        }
        return repr(
            (
                self.faults_left,
                self.copies_left,
                self.time_steps_left,
                self.foreign_left,
                self.cancels_left,
                self.give_ups_left,
                rows,
                lane,
                sorted(key for key in self.table.rows if key[1].startswith("waiting/")),
                [(f.feed_id, f.task_id, f.created - self.clock, f.listed - self.clock) for f in self.feeds],
                sorted(set(self.told)),
                sorted(self.calls.items()),
                [(e.step, e.parked, round(max(e.due - self.clock, -0.001), 3)) for e in self.executions],
                [
                    (a.execution.task_id, a.step, a.started - self.clock, a.waiting_at, a.history, a.counts)
                    for a in self.actors
                ],
            )
        )


def _since(submission: Any, clock: float) -> tuple[object, ...]:
    return tuple(
        round(value - clock, 3) if isinstance(value, float) else str(value)
        for value in vars(submission).values()
    )


def _expression(action: Mapping[str, Any]) -> str:
    return str(next(iter(action.values())).get("UpdateExpression", ""))


def _ignore(*_: object) -> None:
    return


def _no_sleep(seconds: float) -> None:
    raise ViolationError(f"slept {seconds} s: nothing conflicts in this world")
