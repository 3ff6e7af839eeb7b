"""What a cell is doing at this moment: its stacks, queues, tasks and alarms. Nothing is changed.

Source: CloudFormation DescribeStacks, SQS GetQueueAttributes, DynamoDB Scan, CloudWatch DescribeAlarms and
GetMetricData.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from ops.dead_letter_queues import OUTPUT_SUFFIX, Depth, depth_of
from ops.stage import FOUNDATION, NOTIFICATIONS, TASKS, Cell
from sellerbus.feeds import task as feed_task
from sellerbus.messaging import task as message_task
from stacks.settings_names import EXAMPLE_CONSUMER, OPERATIONS, stack_prefix

PARTS: Final = (FOUNDATION, NOTIFICATIONS, TASKS, OPERATIONS, EXAMPLE_CONSUMER)
_QUEUE_SUFFIX: Final = "QueueUrl"
_ON: Final = "ALARM"
_MOST_PAGES: Final = 50
"""Of a table, a megabyte each: beyond, counts are of what was read, and said to be."""
_LOOK_BACK: Final = timedelta(minutes=10)
_FIRST: Final = re.compile(
    r"^(?P<text>.*?)(?: First: `(?P<command>[^`]+)`\.)?(?: (?P<link>docs/\S+))?$", re.DOTALL
)


class CellState:
    """One cell's state. The clients are made here, in one thread: boto3 makes them one at a time only."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self._clients = {
            name: cell.client(name) for name in ("cloudformation", "sqs", "dynamodb", "cloudwatch")
        }
        self.outputs: dict[str, str] = {}

    def stacks(self) -> list[dict[str, Any]]:
        """Return the cell's stacks and keep their outputs for what is asked afterwards."""
        found = []
        for part in PARTS:
            stack = self._stack(part)
            if stack is None:
                continue
            self.outputs |= {row["OutputKey"]: row["OutputValue"] for row in stack.get("Outputs", ())}
            at = stack.get("LastUpdatedTime") or stack.get("CreationTime")
            found.append(
                {
                    "part": part,
                    "name": self.cell.stack_name(part),
                    "status": stack["StackStatus"],
                    "updatedAt": at.isoformat() if isinstance(at, datetime) else None,
                }
            )
        return found

    def queues(self, now: datetime) -> list[dict[str, Any]]:
        """Return each queue with its dead letters, and whether one of the two is gone.

        The oldest message's age, in seconds, is CloudWatch's.
        """
        urls = {
            name.removesuffix(_QUEUE_SUFFIX): url
            for name, url in self.outputs.items()
            if name.endswith(_QUEUE_SUFFIX) and not name.endswith(OUTPUT_SUFFIX)
        }
        dead = {
            name.removesuffix(OUTPUT_SUFFIX): url
            for name, url in self.outputs.items()
            if name.endswith(OUTPUT_SUFFIX)
        }
        ages = self._ages(urls, now)
        rows = []
        for name in sorted({*urls, *dead}):
            depth = self._depth(urls.get(name))
            letters = self._depth(dead.get(name))
            rows.append(
                {
                    "name": _typed(name),
                    "gone": (name in urls and depth is None) or (name in dead and letters is None),
                    "visible": depth.visible if depth else None,
                    "hidden": depth.hidden if depth else None,
                    "oldestSeconds": ages.get(name),
                    "deadLetters": letters.visible + letters.hidden if letters else None,
                }
            )
        return rows

    def _depth(self, url: str | None) -> Depth | None:
        """Return how many messages a queue has; None without a URL, and where somebody has deleted it."""
        sqs = self._clients["sqs"]
        try:
            return depth_of(sqs, url) if url else None
        except sqs.exceptions.QueueDoesNotExist:
            return None

    def feeds(self) -> dict[str, Any]:
        """Return how many feed tasks have not ended, by state, and since when the oldest has not."""
        return self._open("TaskTableName", feed_task.KIND, (feed_task.TaskState.ENDED,))

    def messages(self) -> dict[str, Any]:
        """Return how many message tasks have not ended, by state, and since when the oldest has not."""
        return self._open("MessageTableName", message_task.KIND, tuple(sorted(message_task.ENDED)))

    def alarms(self) -> list[dict[str, Any]]:
        """Return the alarms that are on, those that are composed of others first."""
        prefix = f"{stack_prefix(self.cell.stage_name, self.cell.settings.region)}-"
        request: dict[str, Any] = {
            "AlarmNamePrefix": prefix,
            "StateValue": _ON,
            "AlarmTypes": ["MetricAlarm", "CompositeAlarm"],
        }
        found: list[dict[str, Any]] = []
        while True:
            page = self._clients["cloudwatch"].describe_alarms(**request)
            for kind, composite in (("CompositeAlarms", True), ("MetricAlarms", False)):
                rows = page.get(kind, ())
                # The local emulator looks at the prefix alone.
                found += [_alarm(row, composite=composite) for row in rows if row["StateValue"] == _ON]
            if not page.get("NextToken"):
                return sorted(found, key=lambda row: (not row["composite"], row["since"] or "", row["name"]))
            request["NextToken"] = page["NextToken"]

    def _stack(self, part: str) -> Mapping[str, Any] | None:
        client = self._clients["cloudformation"]
        try:
            stacks = client.describe_stacks(StackName=self.cell.stack_name(part))["Stacks"]
        except client.exceptions.ClientError as error:
            # CloudFormation has no code of its own for a stack that is not there.
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            return None
        return next((row for row in stacks if row["StackStatus"] != "DELETE_COMPLETE"), None)

    def _open(self, output: str, kind: str, ended: tuple[str, ...]) -> dict[str, Any]:
        table = self.outputs.get(output)
        if table is None:
            return {"deployed": False, "open": {}, "oldest": None, "complete": True}
        names = {"#kind": "kind", "#state": "state"}
        values: dict[str, Any] = {":kind": {"S": kind}}
        values |= {f":ended{number}": {"S": state} for number, state in enumerate(ended)}
        request: dict[str, Any] = {
            "TableName": table,
            "ProjectionExpression": "#state, createdAt",
            "FilterExpression": f"#kind = :kind AND NOT #state IN ({', '.join(sorted(values)[:-1])})",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
        counts: Counter[str] = Counter()
        oldest: str | None = None
        for _ in range(_MOST_PAGES):
            page = self._clients["dynamodb"].scan(**request)
            for item in page["Items"]:
                counts[item["state"]["S"]] += 1
                at = item["createdAt"]["S"]
                oldest = at if oldest is None else min(oldest, at)
            if "LastEvaluatedKey" not in page:
                return {"deployed": True, "open": dict(counts), "oldest": oldest, "complete": True}
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        return {"deployed": True, "open": dict(counts), "oldest": oldest, "complete": False}

    def _ages(self, urls: Mapping[str, str], now: datetime) -> dict[str, int]:
        """The ages of the oldest messages, by name; SQS itself tells none, and CloudWatch a minute later."""
        names = sorted(urls)
        if not names:
            return {}
        queries = [
            {
                "Id": f"q{number}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/SQS",
                        "MetricName": "ApproximateAgeOfOldestMessage",
                        "Dimensions": [{"Name": "QueueName", "Value": urls[name].rsplit("/", 1)[1]}],
                    },
                    "Period": 60,
                    "Stat": "Maximum",
                },
            }
            for number, name in enumerate(names)
        ]
        answer = self._clients["cloudwatch"].get_metric_data(
            MetricDataQueries=queries, StartTime=now - _LOOK_BACK, EndTime=now, ScanBy="TimestampDescending"
        )
        return {
            names[int(row["Id"][1:])]: round(row["Values"][0])
            for row in answer.get("MetricDataResults", ())
            if row.get("Values")
        }


def ways(state: CellState, now: datetime) -> dict[str, Callable[[], Any]]:
    """Return how each section of a cell is read, once its stacks are known."""
    return {
        "queues": lambda: state.queues(now),
        "feeds": state.feeds,
        "messages": state.messages,
        "alarms": state.alarms,
    }


def _alarm(row: Mapping[str, Any], *, composite: bool) -> dict[str, Any]:
    told = _FIRST.match(str(row.get("AlarmDescription") or ""))
    since = row.get("StateTransitionedTimestamp") or row.get("StateUpdatedTimestamp")
    return {
        "name": str(row["AlarmName"]),
        "composite": composite,
        "text": told["text"] if told else "",
        "command": told["command"] if told else None,
        "runbook": told["link"] if told else None,
        "since": since.isoformat() if isinstance(since, datetime) else None,
    }


def _typed(name: str) -> str:
    """Return an output's name as dead-letters takes it: MessageTask is message-task."""
    return "-".join(word.lower() for word in re.findall(r"[A-Z][a-z0-9]*", name))
