"""The dashboard shows every alarm with its threshold, every queue and function, and says what to run."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from ops.cli import app
from stacks.constructs.dashboard_texts import opening
from tests.template.dashboards import Dashboard, levels, shown
from tests.template.synthesis import Synthesis

ROOT = Path(__file__).parents[2]
ID = "PUT-THE-ID-HERE"
MOST_OUTPUTS = 200
"""Of a template. Source: CloudFormation quotas."""


@pytest.fixture
def dashboard(synthesis: Synthesis) -> Dashboard:
    return Dashboard(synthesis)


def test_it_is_one_has_a_plain_name_and_opens_with_the_last_eight_hours(dashboard: Dashboard) -> None:
    assert dashboard.properties["DashboardName"] == dashboard.synthesis.prefix
    assert dashboard.body["start"] == "-PT8H"


def test_the_widgets_fill_24_columns_and_none_covers_another(dashboard: Dashboard) -> None:
    taken: set[tuple[int, int]] = set()
    lines: dict[int, int] = {}
    for widget in dashboard.widgets:
        cells = {
            (column, line)
            for column in range(widget["x"], widget["x"] + widget["width"])
            for line in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken, widget["properties"].get("title")
        taken |= cells
        lines[widget["y"]] = lines.get(widget["y"], 0) + widget["width"]
    assert set(lines.values()) == {24}


def test_each_row_is_opened_by_a_text_over_its_whole_width(dashboard: Dashboard) -> None:
    texts = [each for each in dashboard.widgets if each["type"] == "text"]
    assert {each["width"] for each in texts} == {24}
    headings = [each["properties"]["markdown"].splitlines()[0] for each in texts]
    assert headings[0].startswith("# Sellerbus")
    assert [heading[:4] for heading in headings[1:]] == [f"## {number}" for number in range(1, 8)]
    for text in dashboard.texts()[1:7]:
        assert "**Normal:**" in text
        assert "**Else:**" in text


def test_the_opening_names_the_runbook_and_links_to_it_where_it_is_told_where_people_read_it() -> None:
    names = ("production", "na", "sellerbus-production-na")
    assert "docs/runbook.md" in opening(*names, runbook_url=None)
    url = "https://example.com/runbook"
    assert f"[docs/runbook.md]({url})" in opening(*names, runbook_url=url)


COMMAND = re.compile(r"`bin/sellerbus ([^`]+)`")


def test_what_the_texts_say_to_run_can_be_run(dashboard: Dashboard) -> None:
    commands = [found for text in dashboard.texts() for found in COMMAND.findall(text)]
    assert len(commands) >= 8
    for command in commands:
        found: Any = typer.main.get_command(app)
        words = command.split()
        while hasattr(found, "commands"):
            assert words[0] in found.commands, command
            found = found.commands[words.pop(0)]
        options = {option for each in found.params for option in each.opts}
        assert {word for word in words if word.startswith("--")} <= options, command


def test_every_alarm_has_a_widget_with_its_threshold_drawn_in(dashboard: Dashboard) -> None:
    """Of how long functions take, the share of the time-out is drawn, so the threshold is the setting."""
    share = dashboard.synthesis.settings.alarms.function_duration.percent_of_timeout
    checked = 0
    for name, alarm, looks_at in dashboard.alarms():
        widgets = [each for each in dashboard.with_metrics() if looks_at and looks_at <= shown(each)]
        assert widgets, f"{name} is in no widget"
        level = share if alarm.get("MetricName") == "Duration" else alarm["Threshold"]
        assert any(level in levels(each) for each in widgets), f"the threshold of {name} is drawn nowhere"
        checked += 1
    assert checked > 100


def test_every_alarm_has_its_state_shown(dashboard: Dashboard) -> None:
    lists = [each["properties"]["alarms"] for each in dashboard.widgets if each["type"] == "alarm"]
    assert max(len(each) for each in lists) <= 100
    told = {alarm.removesuffix(".Arn") for each in lists for alarm in each}
    math = {name for name, alarm, _ in dashboard.alarms() if "Metrics" in alarm}
    expected = {name for name, _, _ in dashboard.alarms()}
    if dashboard.synthesis.settings.emulator:
        # They are not deployed there, and a state of what is not there can't be asked for.
        assert math
        expected -= math
        assert not any(alarm.startswith("Operations/Page") for alarm in told)
    else:
        assert {each[:-8] for each in told - expected} == {
            "Operations/PageAlarm",
            "Operations/PageDecideAlarm",
        }
    assert expected <= told


def test_every_queue_and_every_dead_letter_queue_is_drawn(dashboard: Dashboard) -> None:
    drawn = {each for widget in dashboard.with_metrics() for each in shown(widget)}
    queues = [
        name
        for name in dashboard.synthesis.all_of_type("AWS::SQS::Queue")
        if not name.startswith("ExampleConsumer/")
    ]
    assert len(queues) > 15
    for queue in queues:
        metric = "AWS/SQS ApproximateNumberOfMessagesVisible [('QueueName', '"
        assert f"{metric}{queue}.QueueName')]" in drawn, queue


def test_types_and_operations_are_found_and_not_listed(dashboard: Dashboard) -> None:
    """A notification type or an operation that is new shows itself."""
    namespace = f"Sellerbus/{dashboard.synthesis.stage}/{dashboard.synthesis.settings.region}"
    searches = {each for widget in dashboard.with_metrics() for each in shown(widget) if "SEARCH(" in each}
    assert any('notificationType} MetricName="NotificationsReceived"' in each for each in searches)
    assert any('operation} MetricName="ApiCalls"' in each for each in searches)
    assert all(f'"{namespace}"' in each for each in searches)


def test_the_ids_of_expressions_are_unlike_in_a_widget(dashboard: Dashboard) -> None:
    for widget in dashboard.with_metrics():
        ids = [
            metric[-1]["id"]
            for metric in widget["properties"]["metrics"]
            if isinstance(metric[-1], dict) and "id" in metric[-1]
        ]
        assert len(ids) == len(set(ids)), widget["properties"]["title"]
        assert len(widget["properties"]["metrics"]) <= 500


def test_its_own_metrics_are_such_as_are_written(dashboard: Dashboard) -> None:
    documented = set(
        re.findall(r"`([A-Z][A-Za-z]+)`", (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8"))
    )
    drawn = {
        found
        for widget in dashboard.with_metrics()
        for each in shown(widget)
        for found in re.findall(r"^Sellerbus/\S+ (\w+)|MetricName=\"(\w+)\"", each)
    }
    names = {name for pair in drawn for name in pair if name}
    assert len(names) > 25
    assert names - documented == set()


def test_no_function_and_no_alarm_is_held_back_by_the_dashboard(dashboard: Dashboard) -> None:
    """CloudFormation refuses to remove an export that is imported."""
    imported = [each["Fn::ImportValue"] for each in dashboard.references if "Fn::ImportValue" in each]
    led_to = {dashboard.told(dashboard.template, {"Fn::ImportValue": each}) for each in imported}
    functions = dashboard.synthesis.all_of_type("AWS::Lambda::Function")
    alarms = dashboard.synthesis.all_of_type("AWS::CloudWatch::Alarm")
    assert led_to
    assert not {each.partition(".")[0] for each in led_to} & {*functions, *alarms}


def test_there_is_room_for_what_the_stacks_put_out(dashboard: Dashboard) -> None:
    for template in dashboard.synthesis.templates.values():
        assert len(template.body.get("Outputs", {})) <= MOST_OUTPUTS, template.name


def test_the_saved_queries_read_the_logs_of_all_functions(dashboard: Dashboard) -> None:
    synthesis = dashboard.synthesis
    queries = dashboard.template.of_type("AWS::Logs::QueryDefinition").values()
    groups = {
        name
        for name, resource in synthesis.all_of_type("AWS::Logs::LogGroup").items()
        # That of the state machine has its steps, not what functions say.
        if "LogGroupName" not in resource["Properties"] and not name.startswith("ExampleConsumer/")
    }
    names = [query["Properties"]["Name"] for query in queries]
    assert {name.partition("/")[0] for name in names} == {synthesis.prefix}
    for query in queries:
        read = {dashboard.told(dashboard.template, each) for each in query["Properties"]["LogGroupNames"]}
        assert read == groups
        assert len(read) <= 50
    (way,) = [each for each in queries if each["Properties"]["Name"].endswith("/way of one id")]
    # The id is no key of a batch's line, which lists many: the whole line is searched.
    assert f'@message like "{ID}"' in way["Properties"]["QueryString"]


def test_the_evidence_is_the_saved_queries(dashboard: Dashboard) -> None:
    queries = {
        query["Properties"]["Name"].partition("/")[2]: query["Properties"]["QueryString"]
        for query in dashboard.template.of_type("AWS::Logs::QueryDefinition").values()
    }
    widgets = [each["properties"] for each in dashboard.widgets if each["type"] == "log"]
    assert [each["title"] for each in widgets] == [name for name in queries if name != "way of one id"]
    for widget in widgets:
        lines = [line for line in re.split(r"\n?\s*\|\s", widget["query"]) if not line.startswith("SOURCE")]
        assert lines == re.split(r"\n\|\s", queries[widget["title"]])
