"""An alarm of the emulator looks at its own metric, period by period, as AWS's do."""

from __future__ import annotations

import importlib
import time
from typing import Any

import pytest

from local.emulator_alarms import fit, in_periods, state

OVER, UNDER, NONE = 6.0, 5.0, None


def alarm(**changed: Any) -> dict[str, Any]:
    return {
        "AlarmName": "late",
        "Namespace": "AWS/SQS",
        "MetricName": "Age",
        "Dimensions": [{"Name": "QueueName", "Value": "mine"}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "StateValue": "INSUFFICIENT_DATA",
        **changed,
    }


@pytest.mark.parametrize(
    ("values", "treated", "wanted"),
    [
        ((OVER, UNDER, OVER), "notBreaching", "ALARM"),
        ((OVER, UNDER, UNDER), "notBreaching", "OK"),
        ((OVER, NONE, NONE), "notBreaching", "OK"),
        ((NONE, NONE, NONE), "notBreaching", "OK"),
        ((OVER, NONE, UNDER), "breaching", "ALARM"),
        ((NONE, NONE, NONE), "breaching", "ALARM"),
        ((UNDER, UNDER, NONE), "breaching", "OK"),
        ((OVER, OVER, NONE), "ignore", "ALARM"),
        ((UNDER, UNDER, NONE), "ignore", "OK"),
        ((OVER, NONE, NONE), "ignore", None),
        ((NONE, NONE, NONE), "ignore", None),
        ((NONE, NONE, NONE), "missing", "INSUFFICIENT_DATA"),
    ],
)
def test_the_state_is_that_of_m_of_n_with_what_is_missing(
    values: tuple[float | None, ...], treated: str, wanted: str | None
) -> None:
    assert state(alarm(TreatMissingData=treated), values) == wanted


@pytest.mark.parametrize(
    ("comparison", "at_the_limit", "below"),
    [
        ("GreaterThanThreshold", "OK", "OK"),
        ("GreaterThanOrEqualToThreshold", "ALARM", "OK"),
        ("LessThanThreshold", "OK", "ALARM"),
        ("LessThanOrEqualToThreshold", "ALARM", "ALARM"),
    ],
)
def test_each_comparison_has_its_own_side_of_the_limit(
    comparison: str, at_the_limit: str, below: str
) -> None:
    compared = alarm(ComparisonOperator=comparison)
    assert state(compared, (5.0, 5.0, 5.0)) == at_the_limit
    assert state(compared, (4.0, 4.0, 4.0)) == below


def test_without_m_all_periods_have_to_be_over() -> None:
    of_all = alarm()
    del of_all["DatapointsToAlarm"]
    assert state(of_all, (OVER, OVER, UNDER)) == "OK"
    assert state(of_all, (OVER, OVER, OVER)) == "ALARM"


def test_points_lie_in_the_period_in_which_they_were_made() -> None:
    points = [{"Timestamp": 1000.0 - age} for age in (0, 59, 60, 121, 180, -1)]
    found = in_periods(points, now=1000.0, period=60, count=3)
    assert [[1000.0 - point["Timestamp"] for point in part] for part in found] == [[0, 59], [60], [121]]


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The emulator's own module; what it would tell topics is in `told`."""
    module: Any = importlib.import_module("ministack.services.cloudwatch")
    for name in ("_evaluate_alarm", "_evaluate_all_alarms"):
        monkeypatch.setattr(module, name, getattr(module, name))
    told: list[str] = []
    monkeypatch.setattr(
        module, "_dispatch_alarm_actions", lambda alarm, before, after, why: told.append(after)
    )
    monkeypatch.setattr(module, "told", told, raising=False)
    fit(module)
    made = alarm()
    module.cloudformation_put_metric_alarm(made)
    yield module
    module.cloudformation_delete_metric_alarm(made["AlarmName"])
    module._metrics.clear()


def put(cloudwatch: Any, queue: str, *ages: float) -> None:
    for age in ages:
        cloudwatch._store_datum(
            "AWS/SQS", "Age", {"QueueName": queue}, time.time() - age, "Seconds", OVER, None, None, None
        )
    cloudwatch._evaluate_all_alarms()


def test_an_alarm_goes_off_for_its_own_queue_and_is_over_later(cloudwatch: Any) -> None:
    (made,) = cloudwatch._alarms.values()
    assert (made["StateValue"], cloudwatch.told) == ("INSUFFICIENT_DATA", [])
    put(cloudwatch, "another", 10, 70, 130)
    put(cloudwatch, "mine", 10)
    assert made["StateValue"] == "OK"
    put(cloudwatch, "mine", 70)
    assert made["StateValue"] == "ALARM"
    for point in cloudwatch._metrics["AWS/SQS", "Age", "QueueName=mine"]:
        point["Timestamp"] -= 111
    cloudwatch._evaluate_all_alarms()
    assert (made["StateValue"], cloudwatch.told) == ("OK", ["OK", "ALARM", "OK"])
