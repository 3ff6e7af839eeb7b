"""docs/feeds.md says what the code does: states, outcomes, events, commands, settings."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest
import typer.main
import yaml

from ops.feeds import app
from sellerbus.feeds import feed_events
from sellerbus.feeds.changes import events as changes_events
from sellerbus.feeds.changes.change import Group, RefusedChange
from sellerbus.feeds.changes.results import NOT_DONE, REJECTED, SUCCEEDED, UNKNOWN
from sellerbus.feeds.intake.feed_requested import FeedRequested, feed_requested
from sellerbus.feeds.intake.request import KNOWN, options_of_metadata, options_of_side_file
from sellerbus.feeds.reports.model import ReportMessage
from sellerbus.feeds.task import Outcome, TaskState
from simulator.cli import app as simulator_app
from simulator.operations import PLANS
from stacks.settings_feeds import Feeds, ListingChanges
from tests.unit.ops.feed_stage import ended

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "feeds.md").read_text(encoding="utf-8")
JSON = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]


def rows(title: str) -> list[list[str]]:
    """The cells of the rows of the first table after a text."""
    lines = TEXT[TEXT.index(title) :].splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("| ---"))
    table = []
    for line in lines[first + 1 :]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return table


def test_states_and_outcomes() -> None:
    assert [row[0] for row in rows("| state | the task |")] == list(TaskState)
    assert [row[0] for row in rows("| outcome | means |")] == list(Outcome)
    picture = TEXT[TEXT.index("stateDiagram-v2") :].split("```")[0]
    assert set(re.findall(r"--> ([A-Z]+)", picture)) == set(TaskState)
    assert set(re.findall(r"[A-Z_]{5,}", picture)) <= {*TaskState, *Outcome}


def test_every_event_has_the_documented_fields() -> None:
    told = feed_events.ended(ended("t1", "COMPLETED_WITH_ERRORS"), result_bucket="b")
    assert list(JSON[1]) == [*told.detail, "correlationId", "detectedAt"]
    names = set(
        re.findall(r"`(Feed[A-Za-z]+)`", " ".join(row[0] for row in rows("| `detail-type` | when |")))
    )
    assert names == {
        feed_events.COMPLETED, feed_events.COMPLETED_WITH_ERRORS, feed_events.FATAL, feed_events.CANCELLED,
        feed_events.REFUSED, feed_events.FAILED, feed_events.STUCK, feed_events.UNCERTAIN,
    }  # fmt: skip


def test_every_event_of_a_change_has_the_documented_fields() -> None:
    change = RefusedChange("A1", "c1", "US", "SKU", "why", (), "0" * 64)
    assert list(JSON[2]) == [*changes_events.refused(change).detail, "correlationId", "detectedAt"]
    (line,) = [line for line in TEXT.splitlines() if line.startswith("`outcome`: ")]
    assert set(re.findall(r"\b[A-Z_]{5,}\b", line)) == {SUCCEEDED, REJECTED, NOT_DONE, UNKNOWN}
    assert Group("A1", "US")


def test_a_line_of_the_results() -> None:
    assert list(JSON[0]) == list(ReportMessage(2, "SKU-2", "90057", "ERROR", "…", "item_name").document())


def test_the_commands_and_their_options() -> None:
    group: Any = typer.main.get_command(app)
    table = " ".join(row[0] for row in rows("| `bin/sellerbus feeds"))
    assert set(re.findall(r"`([a-z]+) ", table)) == set(group.commands)
    for row in rows("| `bin/sellerbus feeds"):
        name = row[0].split()[0].strip("`")
        known = {option for each in group.commands[name].params for option in each.opts}
        assert set(re.findall(r"--[a-z-]+", row[0])) <= known
    without_region = [
        name
        for name, command in group.commands.items()
        if not any("--region" in each.opts for each in command.params)
    ]
    assert without_region == ["submit"]


def test_the_settings_and_their_defaults() -> None:
    table = {row[0].strip("`"): row[1] for row in rows("| key | default |")}
    documented = {name for name in table if name.startswith("feeds.")}
    fields = {f"feeds.{name}" for name in Feeds.model_fields if name != "changes"}
    assert documented == fields | {f"feeds.changes.{name}" for name in ListingChanges.model_fields}
    given = Feeds()
    for name in ("settle_seconds", "silence_seconds", "largest_megabytes"):
        assert table[f"feeds.{name}"] == str(getattr(given, name))
    for name in ListingChanges.model_fields:
        assert table[f"feeds.changes.{name}"] == str(getattr(given.changes, name))
    for name, seconds in given.seconds_between.items():
        assert f"`{name}: {seconds}`" in table["feeds.seconds_between"]
    for name in ("wait_for_previous", "other_creators"):
        assert table[f"feeds.{name}"] == f"`{str(getattr(given, name)).lower()}`"


def test_the_examples_are_taken() -> None:
    (metadata,) = re.findall(r"--metadata '(.*?)'", TEXT)
    said = json.loads(metadata)
    assert options_of_metadata(said, "application/json; charset=UTF-8").marketplace_ids == (
        "ATVPDKIKX0DER",
        "A2EUQ1WTGCTBG2",
    )
    (side,) = re.findall(r"echo '(\{.*?\})'", TEXT)
    assert options_of_side_file(side.encode()).task_id == "spring-2027"


def taken_by_the_bus(entry: dict[str, Any]) -> FeedRequested:
    assert {name: value for name, value in entry.items() if name != "Detail"} == {
        "EventBusName": "bus",
        "Source": "sellerbus.feeds",
        "DetailType": "FeedRequested",
    }
    return feed_requested(json.loads(entry["Detail"]))


def test_the_events_entries_are_json_as_a_shell_passes_them() -> None:
    (command,) = re.findall(r"aws events put-events --entries (.*?)\n```", TEXT, re.DOTALL)
    passed = subprocess.run(
        ["/bin/sh", "-c", f"printf %s {command}"],
        capture_output=True,
        text=True,
        check=True,
        env={"EVENT_BUS_NAME": "bus", "INBOX_BUCKET_NAME": "inbox"},
    ).stdout

    (entry,) = json.loads(passed)
    found = taken_by_the_bus(entry)
    assert found.fault is None
    assert found.document is not None
    assert found.document.bucket == "inbox"


class FakeAws:
    """boto3 and its clients at once: keeps what it is called with."""

    def __init__(self) -> None:
        self.objects: list[dict[str, Any]] = []
        self.entries: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []

    def client(self, _: str) -> "FakeAws":
        return self

    def put_object(self, **given: Any) -> None:
        self.objects.append({**given, "Body": given["Body"].read()})

    def send_message(self, **given: Any) -> None:
        self.messages.append(given)

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.entries += Entries
        return {"FailedEntryCount": 0, "Entries": []}


def test_the_python_forms_say_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    aws = FakeAws()
    monkeypatch.setitem(sys.modules, "boto3", cast("ModuleType", aws))
    monkeypatch.setenv("INBOX_BUCKET_NAME", "inbox")
    monkeypatch.setenv("EVENT_BUS_NAME", "bus")
    monkeypatch.setenv("LISTING_CHANGE_QUEUE_URL", "changes")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spring.json").write_bytes(b"{}")
    for block in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL):
        exec(compile(block, "docs/feeds.md", "exec"), {})  # noqa: S102 - the repository's own text

    (put,) = aws.objects
    (metadata,) = re.findall(r"--metadata '(.*?)'", TEXT)
    assert (put["Bucket"], put["Body"], put["Metadata"]) == ("inbox", b"{}", json.loads(metadata))
    assert f'"s3://$INBOX_BUCKET_NAME/{put["Key"]}" \\\n    --content-type "{put["ContentType"]}"' in TEXT
    (entry,) = aws.entries
    found = taken_by_the_bus(entry)
    assert (found.fault, found.options.task_id) == (None, "spring-2027")
    assert found.document is not None
    assert found.document.key == put["Key"]
    (message,) = aws.messages
    (body,) = re.findall(r"--message-body '(.*?)'", TEXT, re.DOTALL)
    assert (message["QueueUrl"], json.loads(message["MessageBody"])) == ("changes", json.loads(body))


def test_the_practice_names_commands_and_seconds_that_are_there() -> None:
    practice = TEXT[TEXT.index("## Practise on your machine") : TEXT.index("## Configuration")]
    simulator: Any = typer.main.get_command(simulator_app)
    commands = simulator.commands["feeds"].commands
    said = re.findall(r"bin/simulator feeds ([a-z]+)([^`\n#]*)", practice)
    assert {name for name, _ in said} == {"next", "list", "release"}
    for name, options in said:
        known = {option for each in commands[name].params for option in each.opts}
        assert set(re.findall(r"--[a-z-]+", options)) <= known
    assert {"fates", "clear"} <= {*commands}
    assert set(re.findall(r"bin/simulator faults add (\S+)", practice)) <= PLANS.keys()
    local = yaml.safe_load((ROOT / "config" / "local.yaml").read_text(encoding="utf-8"))["feeds"]
    seconds = re.findall(r"`([a-z_]+)`, (\d+) here", practice)
    assert seconds == [(name, str(local[name])) for name in ("silence_seconds", "settle_seconds")]


def test_the_example_of_a_listing_change_is_taken() -> None:
    from sellerbus.feeds.changes.change import ListingChange, read_change

    (body,) = re.findall(r"--message-body '(.*?)'", TEXT, re.DOTALL)
    assert isinstance(read_change(body, "m1", 0), ListingChange)


@pytest.mark.parametrize("name", KNOWN)
def test_the_side_files_fields(name: str) -> None:
    assert f"`{name}`" in " ".join(row[1] for row in rows("| metadata | side file |"))
