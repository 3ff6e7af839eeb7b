"""docs/cost.md says what is counted in code and templates, at the prices that are entered."""

from collections.abc import Mapping

import pytest

from bench import cost, cost_counts
from bench.prices import ENTERED, PRICES
from tests.template.synthesis import Synthesis


def tables(synthesis: Synthesis) -> dict[str, str]:
    bodies = [each.body for name, each in synthesis.templates.items() if name != "ExampleConsumer"]
    return cost.tables(bodies, canary_minutes=synthesis.settings.canary.minutes)


def test_the_document_has_the_tables_of_today(example: Synthesis) -> None:
    text = cost.DOCUMENT.read_text(encoding="utf-8")
    assert cost.filled(text, tables(example)) == text, "run: make costs"
    assert ENTERED in text


def test_a_table_without_a_place_is_refused(example: Synthesis) -> None:
    text = cost.DOCUMENT.read_text(encoding="utf-8").replace("<!-- feeds -->", "")
    with pytest.raises(ValueError, match="feeds"):
        cost.filled(text, tables(example))


def test_a_notification_is_counted_as_the_protocol_has_it() -> None:
    """Claim, order and completion, two units each; an index entry that comes and goes."""
    alone, in_tens = cost_counts.notifications(1), cost_counts.notifications(10)
    assert alone["DynamoDB writes"] == in_tens["DynamoDB writes"] == 3 * 2 + 2
    assert alone["calls"] == 4
    assert in_tens["calls"] == pytest.approx(0.4)
    assert in_tens["Logs"] < alone["Logs"]


def test_dollars_are_amounts_at_the_prices_entered() -> None:
    assert cost.dollars({"SQS requests": 2_000_000, "KMS keys": 1}) == pytest.approx(0.80 + 1.00)
    assert all(each.usd > 0 and each.per >= 1 for each in PRICES.values())


def test_every_alarm_is_paid_for_by_each_metric_in_it() -> None:
    stat: Mapping[str, object] = {"MetricStat": {}}
    alarms = [
        {"MetricName": "Duration"},
        {"Metrics": [{"Expression": "100 * part / whole"}, stat, stat]},
        {"Metrics": [{"Expression": "SELECT SUM(FailedInvocations) FROM …"}]},
    ]
    resources = {
        str(number): {"Type": "AWS::CloudWatch::Alarm", "Properties": each}
        for number, each in enumerate(alarms)
    }
    rules = {name: {"Type": "AWS::Events::Rule", "Properties": {"EventBusName": "bus"}} for name in "abc"}
    assert cost_counts.fixed([{"Resources": {**resources, **rules}}])["Alarm metrics"] == 1 + 2 + 3
    every_five = {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(5 minutes)"}}
    assert cost_counts.fixed([{"Resources": {"r": every_five}}])["Lambda invocations"] == 730 * 12


def test_a_metric_that_is_documented_otherwise_stops_the_count() -> None:
    text = cost.METRICS.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="QuotaUsed"):
        cost_counts.own_metrics(text.replace("| `QuotaUsed` |", "| `QuotaSpent` |"))
