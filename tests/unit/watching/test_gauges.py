"""The client secret's days, who hears the alarms, and that one part that fails hides no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.watching.alarm_topics import topic_gauges
from sellerbus.watching.client_secret import client_secret_gauges
from sellerbus.watching.gauges import Gauge, measure
from tests.fakes import client_error

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


class Secrets:
    """One version a page."""

    def __init__(self, *versions: tuple[str, timedelta]) -> None:
        self._versions = versions

    def list_secret_version_ids(self, **request: Any) -> Mapping[str, Any]:
        assert request["SecretId"] == "the-secret"
        number = int(request.get("NextToken", "0"))
        page = [
            {"VersionStages": [stage], "CreatedDate": NOW - age}
            for stage, age in self._versions[number : number + 1]
        ]
        more = {"NextToken": str(number + 1)} if number + 1 < len(self._versions) else {}
        return {"Versions": page, **more}


def days(*versions: tuple[str, timedelta]) -> list[float]:
    found = client_secret_gauges(Secrets(*versions), "the-secret", NOW.timestamp)
    assert {each.name for each in found} <= {"ClientSecretDays"}
    return [each.value for each in found]


@pytest.mark.parametrize(
    ("age", "left"),
    [
        (timedelta(0), 180),
        (timedelta(seconds=1), 179),
        (timedelta(days=173), 7),
        (timedelta(days=180), 0),
        (timedelta(days=180, seconds=1), -1),
    ],
)
def test_the_secret_in_use_serves_180_days(age: timedelta, left: int) -> None:
    assert days(("AWSPREVIOUS", timedelta(days=170)), ("AWSCURRENT", age)) == [left]


def test_without_a_secret_there_is_no_number() -> None:
    assert days() == []
    assert days(("AWSPENDING", timedelta(days=1))) == []


class Sns:
    """One subscription a page."""

    def __init__(self, **topics: Sequence[str]) -> None:
        self._topics = topics

    def list_subscriptions_by_topic(self, **request: Any) -> Mapping[str, Any]:
        arns = self._topics[request["TopicArn"]]
        number = int(request.get("NextToken", "0"))
        more = {"NextToken": str(number + 1)} if number + 1 < len(arns) else {}
        return {"Subscriptions": [{"SubscriptionArn": arn} for arn in arns[number : number + 1]], **more}


@pytest.mark.parametrize(
    ("arns", "unconfirmed"),
    [
        (["arn:1"], 0),
        (["arn:1", "PendingConfirmation", "PendingConfirmation"], 2),
        (["PendingConfirmation"], 1),
        ([], 1),
    ],
)
def test_who_has_not_confirmed_hears_nothing_and_neither_does_nobody(
    arns: list[str], unconfirmed: int
) -> None:
    assert topic_gauges(Sns(one=arns), ["one"]) == [Gauge("AlarmTopicUnconfirmed", unconfirmed)]


def test_several_topics_are_looked_at() -> None:
    (found,) = topic_gauges(Sns(one=["arn:1"], two=[]), ["one", "two"])
    assert found.value == 1


def test_what_can_not_be_seen_hides_nothing_else_and_is_told() -> None:
    def unavailable() -> list[Gauge]:
        raise StoreUnavailableError("Scan", "ThrottlingException")

    def broken() -> list[Gauge]:
        raise KeyError("a buyer's name")

    measured = measure({"a": unavailable, "b": lambda: [Gauge("B", 1)], "c": broken})
    assert measured.gauges == [Gauge("B", 1)]
    assert measured.failures["a"] == "Scan failed with ThrottlingException"
    assert "KeyError" in measured.failures["c"]
    assert "buyer" not in measured.failures["c"]


def test_aws_errors_are_told_as_such() -> None:
    class Failing:
        def list_secret_version_ids(self, **request: Any) -> Mapping[str, Any]:
            raise client_error("ListSecretVersionIds", "AccessDeniedException")

        def list_subscriptions_by_topic(self, **request: Any) -> Mapping[str, Any]:
            raise client_error("ListSubscriptionsByTopic", "AuthorizationError")

    with pytest.raises(StoreUnavailableError, match="AccessDenied"):
        client_secret_gauges(Failing(), "s", NOW.timestamp)
    with pytest.raises(StoreUnavailableError, match="AuthorizationError"):
        topic_gauges(Failing(), ["t"])
