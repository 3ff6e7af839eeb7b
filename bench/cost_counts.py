"""What is paid for, counted: from the real code on AWS in memory, and from the templates."""

import contextlib
import io
import itertools
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.processing import NOTIFICATIONS, _CountingAws, _deliveries
from sellerbus.runtime.logs import FunctionLogger
from sellerbus.runtime.notification_metrics import measure
from stacks.feed_task_definition import definition
from tests.unit.messaging.message_scene import Scene

MONTH_SECONDS = 730 * 3600
POLLERS = 5
"""Long polls that Lambda keeps on an idle queue. Source: Lambda developer guide, "Lambda with Amazon SQS"."""
POLL_SECONDS = 20
PLATFORM_LOG_BYTES = 350
"""START, END and REPORT of an invocation, about."""
_FEED = ("CheckFeed", "TakeTurn", "SubmitFeed", "AwaitProcessing", "CollectFeedReport", "TaskEnded")
"""The way of a feed that waits for nothing and comes to its end: tasks, each followed by its choice."""

_BY_CANARY = ("CanariesSent", "CanaryRoundTrips", "CanaryRoundTripTime", "OwnDelay", "ClientSecretDays")
_WELL = {
    # Amazon's delay is not told of the canary.
    "notificationType": ("NotificationsReceived", "NotificationsPublished", "OwnDelay", "AmazonDelay"),
    "operation": ("ApiCalls", "ApiLatency", "QuotaUsed"),
    "service": (
        "FeedsAccepted",
        "FeedsSubmitted",
        "FeedsCompleted",
        "FeedDuration",
        "FeedMessagesAccepted",
        "FeedBytesUploaded",
        "ReportBytesDownloaded",
    ),
    "outcome": ("FeedsEnded",),
}
"""What is written where nothing fails: what is not counted is not written."""

Template = Mapping[str, Any]


class _Aws(_CountingAws):
    """Counts the items of transactions too: each is paid for, twice what a plain write is."""

    def __init__(self) -> None:
        super().__init__()
        self.items: Counter[str] = Counter()

    def transact_write_items(self, **request: Any) -> Any:
        self.items["written"] += len(request["TransactItems"])
        answer = super().transact_write_items(**request)
        for action in request["TransactItems"]:
            key = action["Update"]["Key"]["pk"]["S"]
            # An index entry comes with the claim and goes with the completion.
            self.items["indexed"] += "pendingShard" in str(action["Update"]["UpdateExpression"])
            self.items["over 1 KB"] += len(json.dumps(self.db.items[key])) > 1024
        return answer


def notifications(batch: int) -> Mapping[str, float]:
    """For one notification where so many come at a time. Raises RuntimeError where a count would be wrong."""
    aws = _Aws()
    processor = aws.processor()
    deliveries = _deliveries()
    logged = 0
    for start in range(0, len(deliveries), batch):
        results = processor.process(deliveries[start : start + batch], lambda: 55_000)
        if not all(result.acknowledged for result in results):
            raise RuntimeError("not every notification was published: the counts would mean nothing")
        logged += PLATFORM_LOG_BYTES + _logged(results)
    if aws.items["over 1 KB"]:
        raise RuntimeError("a row of the ledger is larger than 1 KB: its writes cost more than is counted")
    return {
        "calls": sum(aws.calls.values()) / NOTIFICATIONS,
        "invocations": 1 / batch,
        # Amazon's sending, Lambda's receiving and deleting; the queue's owner pays for all.
        "SQS requests": 1 + 2 / batch,
        "DynamoDB writes": (2 * aws.items["written"] + aws.items["indexed"]) / NOTIFICATIONS,
        "EventBridge events": 1.0,
        "Logs": logged / NOTIFICATIONS,
    }


def _logged(results: Sequence[Any]) -> int:
    """The bytes of a batch's metrics, and of its line, which names each event."""
    out = io.StringIO()
    log = FunctionLogger(service="process_notifications", stream=out)
    log.info(
        "batch processed",
        received=len(results),
        stale=0,
        outcomes={"published": len(results)},
        published=["5c2a5d3e-8b0f-5f1c-9a86-1d0e7d0c6b5e" for _ in results],
    )
    os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Sellerbus/production/na")
    os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "process_notifications")
    with contextlib.redirect_stdout(out):
        measure(results)
    return len(out.getvalue().encode())


def messages() -> Mapping[str, float]:
    """For one message to a buyer, from its task to its end."""
    scene = Scene()
    scene.send(scene.accepted())
    written = sum(
        len(request["TransactItems"])
        for operation, request in scene.table.requests
        if operation == "TransactWriteItems"
    )
    reads = sum(operation == "GetItem" for operation, _ in scene.table.requests)
    return {
        "DynamoDB writes": 2.0 * written,
        # Strongly consistent, of at most 4 KB.
        "DynamoDB reads": float(reads),
        "calls of Amazon": float(len(scene.amazon.sent)),
        # Through two queues, each sent to, received from and deleted from, and once more for its turn.
        "SQS requests": 8.0,
        "SQS messages with a group": 2.0,
        "invocations": 3.0,
        "EventBridge events": 1.0,
    }


def feed_transitions() -> int:
    """State transitions of a feed; raises ValueError where the state machine has no such way any more."""
    states = definition()["States"]
    for here, there in itertools.pairwise(_FEED):
        choice = states[states[here]["Next"]]
        if there not in {each["Next"] for each in choice["Choices"]}:
            raise ValueError(f"No way leads from {here} to {there}: count anew.")
    tasks = len(_FEED) - 1
    return tasks + tasks + 1


def own_metrics(document: str) -> Mapping[str, int]:
    """How many metrics of its own a cell writes, by what makes it write them; document: docs/metrics.md.

    Raises ValueError where the document has a metric no more, or under other dimensions.
    """
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", document, re.MULTILINE))
    for dimension, names in _WELL.items():
        for name in names:
            if f"`{dimension}`" not in rows.get(name, ""):
                raise ValueError(f"docs/metrics.md has no {name} by {dimension}: count anew.")
    always = {name for name, row in rows.items() if "lso 0" in row} | set(_BY_CANARY)
    return {
        "always, the canary's type with it": len(always) + len(_WELL["notificationType"]) - 1,
        "for each notification type that comes": len(_WELL["notificationType"]),
        "for each operation of Amazon's API that is called": len(_WELL["operation"]),
        "for each function that calls Amazon": len(_WELL["operation"]),
        "for feeds that end well": len(_WELL["service"]) + len(_WELL["outcome"]),
    }


def fixed(templates: Iterable[Template]) -> Mapping[str, float]:
    """What a cell costs while nothing happens, for a month, in the units of the prices."""
    resources = [each for template in templates for each in template["Resources"].values()]
    kinds = Counter(each["Type"] for each in resources)
    rules = sum(
        "EventBusName" in each["Properties"] for each in resources if each["Type"] == "AWS::Events::Rule"
    )
    sources = [
        each
        for each in resources
        if each["Type"] == "AWS::Lambda::EventSourceMapping" and "StartingPosition" not in each["Properties"]
    ]
    runs = sum(_runs(each["Properties"]) for each in resources if each["Type"] == "AWS::Events::Rule")
    return {
        "KMS keys": kinds["AWS::KMS::Key"],
        "Secrets": kinds["AWS::SecretsManager::Secret"],
        "Alarm metrics": sum(
            _metrics_of(each["Properties"], rules)
            for each in resources
            if each["Type"] == "AWS::CloudWatch::Alarm"
        ),
        "Composite alarms": kinds["AWS::CloudWatch::CompositeAlarm"],
        "Dashboards": kinds["AWS::CloudWatch::Dashboard"],
        "SQS requests": len(sources) * POLLERS * MONTH_SECONDS / POLL_SECONDS,
        "KMS requests": len(sources) * 3 * MONTH_SECONDS / 3600,
        "Lambda invocations": runs,
        "queues": len(sources),
        "alarms": kinds["AWS::CloudWatch::Alarm"],
    }


def _metrics_of(alarm: Mapping[str, Any], rules: int) -> int:
    """A query is paid for by each metric that it reads: here one of every rule of the bus."""
    if "MetricName" in alarm:
        return 1
    return sum(
        rules if "MetricStat" not in each and "SELECT" in str(each["Expression"]) else "MetricStat" in each
        for each in alarm["Metrics"]
    )


def _runs(rule: Mapping[str, Any]) -> float:
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", str(rule.get("ScheduleExpression", "")))
    if found is None:
        return 0
    return MONTH_SECONDS / (int(found[1]) * {"minute": 60, "hour": 3600, "day": 86_400}[found[2]])
