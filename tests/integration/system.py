"""What the integration tests hold in their hands: the deployed system and quick ways to use it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass, field
from typing import Any

from local.deployment import Deployment, Seller
from local.feed_tasks import SOURCE, FeedTasks
from local.queues import (
    Delivery,
    OperationalEvent,
    Received,
    dead_letters,
    drain,
    drain_until,
    queue_depth,
)

AMAZON_ACCOUNT = "437568002678"


@dataclass
class System:
    """A deployment with IAM enforced, two sellers on board, and all that its consumer has received so far.

    `foreign`: ids of destinations that tests have made as another program with the application's credentials.
    `throttled`: ids of orders for which a test has Amazon answer 429 although the quota is kept.
    """

    deployment: Deployment
    received: Received = field(default_factory=Received)
    foreign: list[str] = field(default_factory=list)
    throttled: list[str] = field(default_factory=list)

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs of all stacks by key."""
        return self.deployment.outputs

    def client(self, service: str, *, account: str = "test") -> Any:
        """A boto3 client of the deployment's account, or of another one by its 12 digits."""
        return self.deployment.emulator.client(service, account=account)

    def publish(self, *envelopes: dict[str, Any], copies: int = 1, keep_metadata: bool = False) -> list[str]:
        """Has Amazon send the envelopes to our destination; returns their notificationIds."""
        answers = self.deployment.simulator.publish(
            [
                {
                    "notification": envelope,
                    "copies": copies,
                    "keepMetadata": keep_metadata,
                    "via": "destination",
                    "destinationId": self.outputs["DestinationId"],
                }
                for envelope in envelopes
            ]
        )
        return [str(answer["notificationId"]) for answer in answers]

    def publish_body(self, body: str) -> None:
        """Has Amazon send a raw body to our destination."""
        self.deployment.simulator.publish(
            [{"body": body, "via": "destination", "destinationId": self.outputs["DestinationId"]}]
        )

    def await_deliveries(self, notification_ids: Sequence[str], *, within_seconds: float = 60.0) -> None:
        """Waits until each notification has come at least once; fails naming what is missing."""
        missing = drain_until(
            self.client("sqs"),
            self.outputs["ExampleConsumerQueueUrl"],
            self.received,
            wanted=notification_ids,
            deadline_seconds=within_seconds,
        )
        assert not missing, f"not delivered within {within_seconds:g} seconds: {sorted(missing)}"

    def take(self) -> None:
        """Takes what is there now; the emulator's bus has brought all that was published before."""
        queue = self.outputs["ExampleConsumerQueueUrl"]
        while drain(self.client("sqs"), queue, self.received, wait_seconds=0):
            pass

    def deliveries_of(self, notification_id: str) -> list[Delivery]:
        """What has come of one notification so far, after taking what is there now."""
        self.take()
        return self.received.by_notification.get(notification_id, [])

    def operational(self, kind: str, **detail: Any) -> list[OperationalEvent]:
        """What Sellerbus has told of its own work so far, by detail-type and some values of the detail."""
        self.take()
        return [
            event
            for event in self.received.operational
            if event.kind == kind and detail.items() <= event.detail.items()
        ]

    def await_operational(self, kind: str, **detail: Any) -> OperationalEvent:
        """Waits for such an event."""
        self.wait_for(lambda: bool(self.operational(kind, **detail)), f"{kind} with {detail}")
        return self.operational(kind, **detail)[0]

    @property
    def feeds(self) -> FeedTasks:
        """Hands feeds over, and reads their tasks."""
        return FeedTasks.of(self.deployment)

    def lift_feed_limits(self) -> None:
        """Amazon takes as many feeds as the tests hand over; its own limits are minutes apart."""
        for version in ("2021-06-30", "2020-09-04"):
            for name in ("createFeed", "createFeedDocument", "getFeeds", "getFeedDocument"):
                operation = f"feeds/{version}/{name}"
                self.deployment.simulator.set_rate(operation, per_second=50, burst=500)
        self.deployment.simulator.set_rate("feeds/JSON_LISTINGS_FEED", per_second=50, burst=500)

    def await_tasks(self, *task_ids: str, within_seconds: float = 60.0) -> dict[str, dict[str, Any]]:
        """The rows of tasks that have ended; fails naming those that have not."""
        rows = self.feeds.await_state(task_ids, within_seconds=within_seconds)
        names = ("state", "outcome", "reason", "submission")
        missing = {
            task_id: {name: row[name] for name in names if name in row}
            for task_id, row in rows.items()
            if row.get("state") != "ENDED"
        }
        assert not missing, f"not ended within {within_seconds:g} seconds: {missing}"
        return rows

    def await_ends(self, *task_ids: str) -> dict[str, list[str]]:
        """What was told of each task, by detail-type, once each has something; the same event counts once."""

        def told() -> dict[str, list[str]]:
            kinds = {
                str(event.detail["eventId"]): (str(event.detail["taskId"]), event.kind)
                for event in self.received.operational
                if event.source == SOURCE
                and event.detail.get("taskId") in task_ids
                and event.kind != "FeedRequested"
            }
            return {
                task_id: sorted(kind for found, kind in kinds.values() if found == task_id)
                for task_id in task_ids
            }

        def all_told() -> bool:
            self.take()
            return all(told().values())

        self.wait_for(all_told, f"an event for each of {task_ids}")
        return told()

    def settle(self, *, within_seconds: float = 150.0) -> None:
        """Waits until the notification queue holds nothing, hidden copies included."""
        self.wait_for(
            lambda: queue_depth(self.client("sqs"), self.outputs["NotificationQueueUrl"]) == 0,
            "the notification queue to be empty",
            within_seconds=within_seconds,
        )

    def queue_depth(self, output: str) -> int:
        """How many messages a queue holds, hidden ones included."""
        return queue_depth(self.client("sqs"), self.outputs[output])

    def take_dead_letters(
        self,
        wanted: int,
        *,
        queue: str = "NotificationDeadLetterQueueUrl",
        within_seconds: float = 30.0,
    ) -> list[Any]:
        """Takes what a dead-letter queue holds, the notifications' unless said, waiting for `wanted`."""
        return dead_letters(
            self.client("sqs"),
            self.outputs[queue],
            wanted=wanted,
            deadline_seconds=within_seconds,
        )

    def ledger_row(self, notification_id: str) -> dict[str, Any] | None:
        """The ledger's record of a notification, in DynamoDB's typed form."""
        answer = self.client("dynamodb").get_item(
            TableName=self.outputs["LedgerTableName"], Key={"pk": {"S": notification_id}}, ConsistentRead=True
        )
        row: dict[str, Any] | None = answer.get("Item")
        return row

    def subscribed_types(self, seller_id: str) -> set[str]:
        """The notification types that Amazon has a subscription for, for one seller."""
        return {
            held["notificationType"]
            for held in self.deployment.simulator.state()["subscriptions"]
            if held["sellerId"] == seller_id
        }

    def subscriptions(self, seller_id: str) -> dict[str, dict[str, Any]]:
        """A seller's subscriptions at Amazon by type; fails where a type has several."""
        held = [
            row for row in self.deployment.simulator.state()["subscriptions"] if row["sellerId"] == seller_id
        ]
        by_type = {row["notificationType"]: row for row in held}
        assert len(by_type) == len(held), f"{seller_id} has two subscriptions of one type: {held}"
        return by_type

    def add_seller(self, seller: Seller) -> None:
        """Onboards a seller and waits until a run has ended well with all of the seller's own types."""
        self.deployment.add_seller(seller)
        self.wait_for(
            lambda: (
                self.subscribed_types(seller.seller_id) == set(seller.notification_types)
                and bool(self.seller_state(seller.seller_id).get("finishedAt"))
            ),
            f"the subscriptions of {seller.seller_id}",
            within_seconds=90,
        )

    def seller_row(self, seller_id: str) -> dict[str, Any]:
        """A seller's row of the registry, in DynamoDB's typed form."""
        return self._row(self.outputs["SellerRegistryTableName"], seller_id)

    def seller_state(self, seller_id: str) -> dict[str, Any]:
        """What is remembered of a seller's subscriptions, in DynamoDB's typed form; {} without."""
        return self._row(self.outputs["SubscriptionStateTableName"], seller_id)

    def _row(self, table_name: str, seller_id: str) -> dict[str, Any]:
        answer = self.client("dynamodb").get_item(
            TableName=table_name, Key={"sellerId": {"S": seller_id}}, ConsistentRead=True
        )
        return dict(answer.get("Item", {}))

    def invoke(self, output: str, request: object) -> Any:
        """Invokes a function by the output that names it; fails where the function did."""
        answer = self.client("lambda").invoke(
            FunctionName=self.outputs[output], Payload=json.dumps(request).encode()
        )
        content = json.loads(answer["Payload"].read())
        assert not answer.get("FunctionError"), content
        return content

    def await_quiet_jobs(self) -> None:
        """Waits until no seller is queued or worked on."""
        self.wait_for(
            lambda: queue_depth(self.client("sqs"), self.outputs["SubscriptionQueueUrl"]) == 0,
            "the subscription queue to be empty",
            within_seconds=120,
        )

    def assume_role_of(self, function_name: str, service: str) -> Any:
        """A boto3 client of `service` with the rights of a deployed function, and no others."""
        role = self.client("lambda").get_function_configuration(FunctionName=function_name)["Role"]
        session = self.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return self.deployment.emulator.new_client(
            service,
            account=session["AccessKeyId"],
            secret=session["SecretAccessKey"],
            token=session["SessionToken"],
        )

    def function_names(self, logical_id_part: str) -> list[str]:
        """The names of the deployed functions whose logical id contains this."""
        cloudformation = self.client("cloudformation")
        return [
            resource["PhysicalResourceId"]
            for stack in cloudformation.describe_stacks()["Stacks"]
            for resource in cloudformation.describe_stack_resources(StackName=stack["StackName"])[
                "StackResources"
            ]
            if resource["ResourceType"] == "AWS::Lambda::Function"
            and logical_id_part in resource["LogicalResourceId"]
        ]

    @staticmethod
    def wait_for(
        condition: Callable[[], bool], what: str, *, within_seconds: float = 60.0, found: Sized | None = None
    ) -> None:
        """Polls until `condition` holds; fails saying what didn't come, and how much of it is `found`."""
        deadline = time.monotonic() + within_seconds
        while not condition():
            came = "" if found is None else f", {len(found)} came"
            assert time.monotonic() < deadline, f"waited {within_seconds:g} seconds for {what}{came}"
            time.sleep(0.2)


def order_change(order_id: str, *, event_time: str = "2026-03-02T11:45:30.000Z") -> dict[str, Any]:
    """A small ORDER_CHANGE envelope (PascalCase) for one order."""
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "ORDER_CHANGE",
        "PayloadVersion": "1.0",
        "EventTime": event_time,
        "Payload": {
            "OrderChangeNotification": {
                "NotificationLevel": "OrderLevel",
                "SellerId": "A2EW6EXAMPLE11",
                "AmazonOrderId": order_id,
                "OrderChangeType": "OrderStatusChange",
                "Summary": {"MarketplaceId": "ATVPDKIKX0DER", "OrderStatus": "Shipped"},
            }
        },
        "NotificationMetadata": {
            "ApplicationId": "amzn1.sellerapps.app.example",
            "SubscriptionId": "00000000-0000-4000-8000-000000000001",
            "PublishTime": event_time,
            "NotificationId": "00000000-0000-4000-8000-000000000002",
        },
    }


def wanted_types(system: System) -> set[str]:
    """The notification types that the stage wants subscriptions for, from its synthesised template."""
    for file in system.deployment.assembly.glob("*.template.json"):
        template = json.loads(file.read_text(encoding="utf-8"))
        for resource in template["Resources"].values():
            if resource["Type"] == "Custom::SpApiSubscriptions":
                return set(_types_in(resource["Properties"]["Wanted"]))
    raise AssertionError("no template holds Custom::SpApiSubscriptions")


def _types_in(wanted: Any) -> list[str]:
    # The JSON holds a reference to the destination, so it is a Fn::Join of pieces.
    text = (
        wanted
        if isinstance(wanted, str)
        else "".join(piece if isinstance(piece, str) else "reference" for piece in wanted["Fn::Join"][1])
    )
    return [subscription["notificationType"] for subscription in json.loads(text)["subscriptions"]]
