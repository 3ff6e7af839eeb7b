"""A submission down to the wire: the real client, transfer, store and steps; below them an Amazon that keeps
feeds and documents, and counts what was sent.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import requests
from requests.adapters import BaseAdapter

from sellerbus.api.client import SellingPartnerClient
from sellerbus.api.feeds import V2020, V2021, FeedsApi
from sellerbus.api.lwa import SellerGrant, TokenCache
from sellerbus.api.pacing import Pace
from sellerbus.api.throttle import LocalThrottle
from sellerbus.aws.task_table import TaskTable
from sellerbus.documents.transfer import DocumentTransfer
from sellerbus.feeds.lanes import Lanes, TurnTaker
from sellerbus.feeds.preparing import Preparer
from sellerbus.feeds.submitting import FeedSubmitter, SubmissionSettings
from sellerbus.feeds.task import FeedTask, TaskState, iso
from sellerbus.feeds.task_store import TaskStore
from tests.fake_table import FakeTable
from tests.unit.api.test_client import Credentials
from tests.unit.api.wire import Wire, reply
from tests.unit.documents.fake_s3 import FakeS3, etag
from tests.unit.documents.wire import Answer as Stored
from tests.unit.documents.wire import Storage
from tests.unit.feeds.tasks import MARKETPLACE, SELLER, TYPE, Clock, task

CONTENT = b'{"header": {}, "messages": []}'
KEY = bytes(range(32))
VECTOR = bytes(range(16))
URL = "https://tortuga-prod-na.s3.amazonaws.com/document?X-Amz-Expires=300&X-Amz-Signature=5ec2e7"

Behaviour = Callable[["Amazon"], requests.Response | Exception]


class KilledError(BaseException):
    """The function's process is gone."""


@dataclass
class Amazon(BaseAdapter):
    """The Feeds API. script: what the next calls of an operation do in place of answering well."""

    clock: Clock
    version: str = V2021
    feeds: list[dict[str, Any]] = field(default_factory=list)
    sent: list[tuple[str, Any]] = field(default_factory=list)
    script: dict[str, list[Behaviour]] = field(default_factory=dict)
    around: Callable[[str, Callable[[], Any]], Any] = lambda name, call: call()
    documents: int = 0

    def send(  # type: ignore[override]
        self, request: requests.PreparedRequest, **_: Any
    ) -> requests.Response:
        name = self._name(str(request.method), str(request.path_url))
        body = json.loads(request.body) if request.body else str(request.path_url)
        answer: Any = self.around(name, lambda: self._answered(name, body))
        if isinstance(answer, Exception):
            raise answer
        answer.request, answer.url = request, str(request.url)
        return answer  # type: ignore[no-any-return]

    def _answered(self, name: str, body: Any) -> requests.Response | Exception:
        self.sent.append((name, body))
        waiting = self.script.get(name)
        if waiting:
            return waiting.pop(0)(self)
        good: dict[str, Behaviour] = {
            "createFeedDocument": lambda _: self._document(),
            "createFeed": Amazon.create,
            "getFeeds": lambda _: self._listed(),
            "getFeed": lambda _: self._feed(body.rpartition("/")[2]),
            "cancelFeed": lambda _: reply(200, b""),
        }
        return good[name](self)

    def _name(self, method: str, path: str) -> str:
        prefix = f"/feeds/{self.version}/"
        assert path.startswith(prefix), path
        rest = path.removeprefix(prefix).partition("?")[0]
        return {
            ("POST", "documents"): "createFeedDocument",
            ("POST", "feeds"): "createFeed",
            ("GET", "feeds"): "getFeeds",
        }.get((method, rest)) or {"GET": "getFeed", "DELETE": "cancelFeed"}[method]

    def _wrapped(self, content: Any) -> Any:
        return {"payload": content} if self.version == V2020 else content

    def _document(self) -> requests.Response:
        self.documents += 1
        content: dict[str, Any] = {"feedDocumentId": f"document-{self.documents}", "url": URL}
        if self.version == V2020:
            content["encryptionDetails"] = {
                "standard": "AES",
                "key": base64.b64encode(KEY).decode(),
                "initializationVector": base64.b64encode(VECTOR).decode(),
            }
        return reply(201, self._wrapped(content))

    def create(self) -> requests.Response:
        """Carry createFeed out."""
        asked = self.sent[-1][1]
        self.feeds.append(
            {
                "feedId": f"feed-{len(self.feeds) + 1}",
                "feedType": asked["feedType"],
                "marketplaceIds": asked["marketplaceIds"],
                "createdTime": iso(self.clock()),
                "processingStatus": "IN_QUEUE",
            }
        )
        return reply(202, self._wrapped({"feedId": self.feeds[-1]["feedId"]}))

    def _listed(self) -> requests.Response:
        if self.version == V2020:
            return reply(200, {"payload": self.feeds})
        return reply(200, {"feeds": self.feeds})

    def _feed(self, feed_id: str) -> requests.Response:
        found = [feed for feed in self.feeds if feed["feedId"] == feed_id]
        return reply(200, self._wrapped(found[0])) if found else reply(404, {"errors": []})

    def close(self) -> None:
        return

    def count(self, name: str) -> int:
        """How often an operation was sent."""
        return sum(each == name for each, _ in self.sent)


class Scene:
    """One or more checked tasks of a lane, and everything that submits them."""

    def __init__(self, *tasks: FeedTask, version: str = V2021, **settings: Any) -> None:
        self.clock = Clock()
        self.amazon = Amazon(self.clock, version)
        self.table = FakeTable()
        self.s3 = FakeS3()
        self.storage = Storage([Stored()])
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        self.counted: Counter[str] = Counter()
        self.lwa = Wire([lambda _: reply(200, {"access_token": "token", "expires_in": 3600})])
        self.around: Callable[[str, Callable[[], Any]], Any] = lambda name, call: call()
        self.amazon.around = lambda name, call: self.around(name, call)
        self.function_ends = self.clock() + 900
        self.settings = {"settle_seconds": 300.0, "silence_seconds": 900, "other_creators": False, **settings}
        self.version = version
        self.store = TaskStore(self.task_table(self.table.client), now=self.clock)
        for each in tasks or (checked(),):
            self.hand_over(each)

    def hand_over(self, handed: FeedTask) -> None:
        """Put a task's object into the bucket, and its row into the table."""
        source = handed.source
        self.s3.versions[(source.bucket, source.key, source.version_id)] = CONTENT
        assert self.store.create(handed) is None

    def task_table(self, client: Any) -> TaskTable:
        return TaskTable(client, "tasks", sleep=self.clock.sleep)

    def take_turn(self, task_id: str = "t1", **settings: Any) -> Mapping[str, Any]:
        """take_feed_turn."""
        given = {"seconds_between": {"default": 1200}, "wait_for_previous": True, **settings}
        lanes = Lanes(self._table(), self._store(), now=self.clock, **given)
        return TurnTaker(self._store(), lanes).take(task_id)

    def submit(self, task_id: str = "t1", seconds: float = 900.0) -> Mapping[str, Any]:
        """submit_feed, in an invocation that has `seconds`."""
        self.function_ends = self.clock() + seconds
        return self.submitter().submit(task_id)

    def submitter(self) -> FeedSubmitter:
        def remaining() -> float:
            return self.function_ends - self.clock()

        storage: Any = self.storage
        transfer = DocumentTransfer(s3=self.s3.client, storage=storage.presigned())
        return FeedSubmitter(
            table=self._table(),
            store=self._store(),
            amazon=SimpleNamespace(api=self.api),
            preparer=Preparer(
                SimpleNamespace(
                    upload=lambda *given, **more: self.around(
                        "upload", lambda: transfer.upload(*given, **more)
                    )
                ),
                count=self.count,
                remaining_seconds=remaining,
            ),
            events=SimpleNamespace(publish=self.publish),
            settings=SubmissionSettings(api_version=self.version, **self.settings),
            count=self.count,
            now=self.clock,
            remaining_seconds=remaining,
        )

    def api(self, of: FeedTask, remaining_seconds: Callable[[], float]) -> FeedsApi:
        session = requests.Session()
        session.mount("https://", self.amazon)
        pace = Pace(clock=self.clock, sleep=self.clock.sleep, chance=lambda: 1.0)
        client = SellingPartnerClient(
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
            remaining_seconds=remaining_seconds,
        )
        return FeedsApi(client, SellerGrant(SELLER, lambda: "Atzr|A1", "v1"), str(of.api_version))

    @property
    def throttle(self) -> LocalThrottle:
        if not hasattr(self, "_throttle"):
            self._throttle = LocalThrottle(self.clock)
        return self._throttle

    def publish(self, events: Any) -> None:
        self.around("PutEvents", lambda: self.told.extend((e.detail_type, e.detail) for e in events))

    def count(self, metric: str, value: float) -> None:
        self.counted[metric] += int(value)

    def _table(self) -> TaskTable:
        def transact(**request: Any) -> Any:
            return self.around("write", lambda: self.table.transact_write_items(**request))

        return self.task_table(
            SimpleNamespace(
                get_item=self.table.get_item, query=self.table.query, transact_write_items=transact
            )
        )

    def _store(self) -> TaskStore:
        return TaskStore(self._table(), now=self.clock)

    def task(self, task_id: str = "t1") -> FeedTask:
        """The row."""
        return self.store.get(task_id)

    def turn(self) -> Mapping[str, Any]:
        """The lane's row, as DynamoDB has it."""
        return self.table.rows.get((f"lane/{SELLER}/{TYPE}", "turn"), {})


def checked(task_id: str = "t1", **changes: Any) -> FeedTask:
    """A task that waits for its turn."""
    values: dict[str, Any] = {
        "state": TaskState.WAITING,
        "region": "na",
        "etag": etag(CONTENT),
        "is_gzip": False,
        "content_bytes": len(CONTENT),
        "content_sha256": "0" * 64,
        "marketplace_ids": (MARKETPLACE,),
        **changes,
    }
    return task(task_id, **values)


def in_turn(*tasks: FeedTask, **settings: Any) -> Scene:
    """A scene whose first task has its turn."""
    scene = Scene(*tasks, **settings)
    assert scene.take_turn((tasks[0] if tasks else checked()).task_id) == {"next": "submit"}
    return scene
