"""Message tasks down to the wire: the real functions' parts, client and store; below them an Amazon that
keeps what buyers got, counts what was sent, and lists what an order offers.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter

from sellerbus.api.client import SellingPartnerClient
from sellerbus.api.lwa import SellerGrant, TokenCache
from sellerbus.api.messaging import MessagingApi
from sellerbus.api.pacing import Pace
from sellerbus.api.throttle import LocalThrottle
from sellerbus.api.uploads import UploadsApi
from sellerbus.aws.message_queue import Message
from sellerbus.aws.task_table import TaskTable
from sellerbus.documents.destinations import DestinationStorage
from sellerbus.messaging.accept_results import Result
from sellerbus.messaging.accepting import AcceptSettings, MessageAcceptor
from sellerbus.messaging.answers import AnswerKeeper
from sellerbus.messaging.attachment_files import AttachmentFiles
from sellerbus.messaging.attempting import Attempts
from sellerbus.messaging.ending import Teller
from sellerbus.messaging.operating import MessageOperator
from sellerbus.messaging.preparing import Preparer
from sellerbus.messaging.sending import MessageSender, Step
from sellerbus.messaging.settling import Settler
from sellerbus.messaging.steps import EndsError
from sellerbus.messaging.sweeping import MessageSweeper, OpenTasks, Swept
from sellerbus.messaging.task import MessageTask
from sellerbus.messaging.task_store import MessageStore
from sellerbus.messaging.template_texts import TemplateTexts
from sellerbus.messaging.uploading import Uploader
from tests.fake_table import FakeTable
from tests.unit.api.test_client import Credentials
from tests.unit.api.wire import Wire, reply
from tests.unit.documents.fake_s3 import FakeS3
from tests.unit.documents.wire import Answer as Stored
from tests.unit.documents.wire import Storage

NOW = 1_800_000_000.0
SELLER = "A2EW6EXAMPLE11"
US = "ATVPDKIKX0DER"
ORDER = "902-6786204-8179805"
BUCKET = "messages"
TEXT = "Which of the two colours would you like us to send you?"
FUNCTION_SECONDS = 115.0
STORAGE = "https://tortuga-prod-na.s3.amazonaws.com"
ONCE = "This can be sent only once per order."
DAY = 86_400.0

Behaviour = Callable[["Amazon"], requests.Response | Exception]


class KilledError(BaseException):
    """The function's process is gone."""


class Clock:
    """A clock that is set by hand; seconds since 1970. Sleeping moves it."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += max(0.0, seconds)


def offering(name: str, *, once: bool = False, **schema: Any) -> dict[str, Any]:
    """An action as live lists have it. schema: what its schema says beside its title."""
    properties = (
        {} if name in ("invoice", "warranty") else {"rawMessageBody": {"minLength": 1, "maxLength": 800}}
    )
    if name in ("invoice", "warranty", "confirmCustomizationDetails"):
        properties["attachments"] = {"minItems": 0, "maxItems": 5}
    told = {"title": name, "description": ONCE if once else "", "properties": properties, **schema}
    return {"name": name, "_embedded": {"schema": told}}


@dataclass
class Amazon(BaseAdapter):
    """The Messaging and Uploads APIs. script: what the next calls do in place of answering well.

    once: types that are gone from the list once they were sent.
    """

    clock: Clock
    actions: dict[str, dict[str, Any]] = field(default_factory=dict)
    locale: str | None = "en-US"
    once: set[str] = field(default_factory=set)
    inbox: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    sent: list[tuple[str, str, Any]] = field(default_factory=list)
    script: dict[str, list[Behaviour]] = field(default_factory=dict)
    around: Callable[[str, Callable[[], Any]], Any] = lambda name, call: call()
    destinations: int = 0

    def offer(self, *names: str, once: bool = False, **schema: Any) -> None:
        for name in names:
            self.actions[name] = offering(name, once=once, **schema)
            if once:
                self.once.add(name)

    def send(  # type: ignore[override]
        self, request: requests.PreparedRequest, **_: Any
    ) -> requests.Response:
        path = urlsplit(str(request.url)).path
        name = self._name(path, str(request.method))
        body = json.loads(request.body) if request.body else parse_qs(urlsplit(str(request.url)).query)
        answer: Any = self.around(name, lambda: self._answered(name, path, body))
        if isinstance(answer, Exception):
            raise answer
        answer.request, answer.url = request, str(request.url)
        return answer  # type: ignore[no-any-return]

    def _name(self, path: str, method: str) -> str:
        if path.startswith("/uploads/"):
            return "destination"
        if method == "GET":
            return "attributes" if path.endswith("/attributes") else "actions"
        return "send"

    def _answered(self, name: str, path: str, body: Any) -> requests.Response | Exception:
        self.sent.append((name, path, body))
        waiting = self.script.get(name)
        if waiting:
            return waiting.pop(0)(self)
        good: dict[str, Behaviour] = {
            "actions": lambda _: reply(200, {"_embedded": {"actions": list(self.actions.values())}}),
            "attributes": lambda _: reply(200, {"buyer": {"locale": self.locale}}),
            "destination": lambda _: self._destination(),
            "send": Amazon.deliver,
        }
        return good[name](self)

    def _destination(self) -> requests.Response:
        self.destinations += 1
        payload = {
            "uploadDestinationId": f"upload-{self.destinations}",
            "url": f"{STORAGE}/{self.destinations}?X-Amz-Signature=5ec2e7",
            "headers": {"x-amz-server-side-encryption": "aws:kms"},
        }
        return reply(201, {"payload": payload})

    def deliver(self) -> requests.Response:
        """Carry the sending out: the buyer gets it."""
        _, path, body = self.sent[-1]
        name = path.rpartition("/")[2]
        self.inbox.append((name, body))
        if name in self.once:
            self.actions.pop(name)
        return reply(201, {})

    def close(self) -> None:
        return

    def count(self, name: str) -> int:
        """How often a call was on the wire."""
        return sum(each == name for each, _, _ in self.sent)


class Scene:
    """Everything of message tasks, with one seller; time moves where somebody sleeps."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.amazon = Amazon(self.clock)
        self.amazon.offer("confirmOrderDetails", "confirmCustomizationDetails", "invoice")
        self.table = FakeTable()
        self.s3 = FakeS3()
        self.storage = Storage([Stored()])
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        self.counted: Counter[str] = Counter()
        self.queued: list[tuple[str, str]] = []
        self.dead: list[tuple[Message, str, str]] = []
        self.lwa = Wire([lambda _: reply(200, {"access_token": "token", "expires_in": 3600})])
        self.around: Callable[[str, Callable[[], Any]], Any] = lambda name, call: call()
        self.amazon.around = lambda name, call: self.around(name, call)
        self.function_ends = self.clock() + FUNCTION_SECONDS
        self.settings = {"settle_seconds": 300.0, "give_up_seconds": DAY, **settings}
        self.throttle = LocalThrottle(self.clock)
        self.seller: Callable[[], None] = lambda: None
        self.store = MessageStore(self.task_table(self.table.client), now=self.clock)
        self.numbers = iter(range(1, 1000))

    # What is handed over.

    def request(self, **more: Any) -> dict[str, Any]:
        """A request that is all right. None takes a field away."""
        asked = {
            "sellerId": SELLER,
            "marketplaceId": US,
            "amazonOrderId": ORDER,
            "messageType": "confirmOrderDetails",
            "text": TEXT,
            **more,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def attach(self, name: str = "example.txt", content: bytes = b"An example.", seller: str = SELLER) -> str:
        """Put an attachment into the bucket; return its key."""
        key = f"attachments/{seller}/{name}"
        self.s3.objects[(BUCKET, key)] = content
        return key

    def message(self, body: Any, *, receive_count: int = 1) -> Message:
        text = body if isinstance(body, str) else json.dumps(body)
        return Message(f"00000000-0000-4000-8000-{next(self.numbers):012d}", "receipt", text, receive_count)

    def accept(self, *bodies: Any) -> list[Result]:
        """accept_messages, with a message for each body; one that is a Message comes again."""
        messages = [each if isinstance(each, Message) else self.message(each) for each in bodies]
        return self.acceptor().accept(messages, lambda: 100_000)

    def accepted(self, **more: Any) -> MessageTask:
        """The row of a task that was handed over."""
        (result,) = self.accept(self.request(**more))
        assert result.task_id is not None, result
        return self.store.get(result.task_id)

    # The functions' parts.

    def acceptor(self) -> MessageAcceptor:
        store = self._store()
        return MessageAcceptor(
            files=AttachmentFiles(self.s3.client),
            store=store,
            queue=self,
            dead_letters=self,
            events=self,
            teller=Teller(store=store, events=self, count=self.count),
            settings=AcceptSettings(BUCKET, DAY, 28, "na", ("US", "CA")),
            count=self.count,
            now=self.clock,
        )

    def send(self, task: MessageTask | str, seconds: float = FUNCTION_SECONDS) -> Step:
        """send_message, in an invocation that has `seconds`."""
        self.function_ends = self.clock() + seconds
        return self.sender().send(task if isinstance(task, str) else task.task_id)

    def sender(self) -> MessageSender:
        store = self._store()
        settle = self.settings["settle_seconds"]
        answers = AnswerKeeper(store=store, now=self.clock, sleep=self.clock.sleep, settle_seconds=settle)
        uploader = Uploader(DestinationStorage(self._storage()), now=self.clock, count=self.count)
        preparer = Preparer(
            files=AttachmentFiles(self.s3.client),
            bucket=BUCKET,
            texts=TemplateTexts(self.s3.client, BUCKET),
            uploader=uploader,
            store=store,
            count=self.count,
        )
        longest = self.settings["give_up_seconds"]
        return MessageSender(
            store=store,
            amazon=self,
            attempts=Attempts(
                store=store,
                amazon=self,
                preparer=preparer,
                answers=answers,
                count=self.count,
                now=self.clock,
                sleep=self.clock.sleep,
                remaining_seconds=self.remaining,
            ),
            answers=answers,
            settler=Settler(
                store=store, answers=answers, longest_seconds=longest, count=self.count, now=self.clock
            ),
            teller=Teller(store=store, events=self, count=self.count),
            give_up_seconds=longest,
            now=self.clock,
            remaining_seconds=self.remaining,
        )

    def operate(
        self, task: MessageTask | str, request: str, decision: str | None = None
    ) -> Mapping[str, Any]:
        """operate_message."""
        store = self._store()
        teller = Teller(store=store, events=self, count=self.count)
        operator = MessageOperator(store=store, queue=self, teller=teller, now=self.clock)
        task_id = task.task_id if isinstance(task, MessageTask) else task
        return operator.answer({"request": request, "taskId": task_id, "decision": decision})

    def sweep(self, seconds: float = 200.0) -> Swept:
        """sweep_messages."""
        self.function_ends = self.clock() + seconds
        return MessageSweeper(
            store=self._store(),
            tasks=OpenTasks(self.table.client, "messages", "open"),
            queue=self,
            now=self.clock,
            remaining_seconds=self.remaining,
        ).sweep()

    # What they work on.

    def of_seller(self, seller_id: str) -> Any:
        assert seller_id == SELLER
        self.seller()
        return SimpleNamespace(
            messages=lambda remaining: MessagingApi(self._client(remaining, 2.0), GRANT),
            uploads=lambda remaining: UploadsApi(self._client(remaining, 2.0), GRANT),
            sending=lambda remaining: MessagingApi(self._client(remaining, 0.25), GRANT),
        )

    def _client(self, remaining: Callable[[], float], most_wait: float) -> SellingPartnerClient:
        session = requests.Session()
        session.mount("https://", self.amazon)
        pace = Pace(clock=self.clock, sleep=self.clock.sleep, chance=lambda: 1.0)
        return SellingPartnerClient(
            endpoint="https://sp.test",
            session=session,
            tokens=TokenCache(
                endpoint="https://lwa.test/token",
                session=self.lwa.session(),
                credentials=Credentials(),
                pace=pace,
            ),
            throttle=self.throttle,
            pace=pace,
            remaining_seconds=remaining,
            most_wait_seconds=most_wait,
        )

    def _storage(self) -> Any:
        stored = self.storage.presigned()
        return SimpleNamespace(
            send=lambda *given, **more: self.around("upload", lambda: stored.send(*given, **more))
        )

    def remaining(self) -> float:
        return self.function_ends - self.clock()

    def put(self, task_id: str, seller_id: str) -> None:
        self.around("put", lambda: self.queued.append((task_id, seller_id)))

    def reject(self, message: Message, reason: str, detail: str) -> None:
        self.around("reject", lambda: self.dead.append((message, reason, detail)))

    def publish(self, events: Any) -> None:
        self.around("PutEvents", lambda: self.told.extend((e.detail_type, e.detail) for e in events))

    def count(self, metric: str, value: float) -> None:
        self.counted[metric] += int(value)

    def task_table(self, client: Any) -> TaskTable:
        return TaskTable(client, "messages", sleep=self.clock.sleep)

    def _store(self) -> MessageStore:
        def transact(**request: Any) -> Any:
            return self.around("write", lambda: self.table.transact_write_items(**request))

        client = SimpleNamespace(
            get_item=self.table.get_item, query=self.table.query, transact_write_items=transact
        )
        return MessageStore(self.task_table(client), now=self.clock)

    # What is seen.

    def task(self, task: MessageTask | str) -> MessageTask:
        """The row, as it is now."""
        return self.store.get(task if isinstance(task, str) else task.task_id)

    def types_told(self) -> list[str]:
        return [detail_type for detail_type, _ in self.told]

    def end(self, state: Any, reason: str) -> None:
        """Let the seller be none that can be called for."""

        def gone() -> None:
            raise EndsError(state, reason)

        self.seller = gone


GRANT = SellerGrant(SELLER, lambda: "Atzr|A1", "v1")
