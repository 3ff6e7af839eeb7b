"""Whether anybody hears the alarms: who subscribes by e-mail must confirm it, and until then hears nothing.

Source: SNS API, ListSubscriptionsByTopic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from sellerbus.aws.errors import aws_call
from sellerbus.watching.gauges import Gauge

PENDING: Final = "PendingConfirmation"
"""In the place of a subscription's ARN."""


class SnsClient(Protocol):
    """The part of boto3's SNS client used here."""

    def list_subscriptions_by_topic(self, **request: Any) -> Mapping[str, Any]: ...


def topic_gauges(client: SnsClient, topic_arns: Sequence[str]) -> list[Gauge]:
    """How many subscriptions wait to be confirmed; a topic that nobody subscribes to counts as one.

    Raises StoreUnavailableError.
    """
    return [Gauge("AlarmTopicUnconfirmed", sum(_unconfirmed(client, arn) for arn in topic_arns))]


def _unconfirmed(client: SnsClient, topic_arn: str) -> int:
    arns = [each["SubscriptionArn"] for each in _subscriptions(client, topic_arn)]
    return arns.count(PENDING) if arns else 1


def _subscriptions(client: SnsClient, topic_arn: str) -> Iterator[Mapping[str, Any]]:
    request = {"TopicArn": topic_arn}
    while True:
        with aws_call("ListSubscriptionsByTopic"):
            page = client.list_subscriptions_by_topic(**request)
        yield from page.get("Subscriptions", [])
        if not page.get("NextToken"):
            return
        request = {**request, "NextToken": page["NextToken"]}
