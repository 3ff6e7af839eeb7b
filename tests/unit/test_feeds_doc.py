"""docs/feeds.md says what the code does: states, outcomes, events, commands, settings."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from ops.feeds import app
from sellerbus.feeds import feed_events
from sellerbus.feeds.changes import events as changes_events
from sellerbus.feeds.changes.change import Group, RefusedChange
from sellerbus.feeds.changes.results import NOT_DONE, REJECTED, SUCCEEDED, UNKNOWN
from sellerbus.feeds.intake.feed_requested import feed_requested
from sellerbus.feeds.intake.request import KNOWN, options_of_metadata, options_of_side_file
from sellerbus.feeds.reports.model import ReportMessage
from sellerbus.feeds.task import Outcome, TaskState
from stacks.settings_feeds import Feeds, ListingChanges
from tests.unit.ops.feed_stage import ended

TEXT = (Path(__file__).parents[2] / "docs" / "feeds.md").read_text(encoding="utf-8")
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
    assert list(JSON[1]) == [*told.detail, "detectedAt"]
    names = set(
        re.findall(r"`(Feed[A-Za-z]+)`", " ".join(row[0] for row in rows("| `detail-type` | when |")))
    )
    assert names == {
        feed_events.COMPLETED, feed_events.COMPLETED_WITH_ERRORS, feed_events.FATAL, feed_events.CANCELLED,
        feed_events.REFUSED, feed_events.FAILED, feed_events.STUCK, feed_events.UNCERTAIN,
    }  # fmt: skip


def test_every_event_of_a_change_has_the_documented_fields() -> None:
    change = RefusedChange("A1", "c1", "US", "SKU", "why", (), "0" * 64)
    assert list(JSON[2]) == [*changes_events.refused(change).detail, "detectedAt"]
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
    (detail,) = re.findall(r'"Detail": "(\{.*?\})"\}\]', TEXT, re.DOTALL)
    found = feed_requested(
        json.loads(detail.replace('\\"', '"').replace("'\"$INBOX_BUCKET_NAME\"'", "inbox"))
    )
    assert found.fault is None
    assert found.document is not None
    assert found.document.bucket == "inbox"


def test_the_example_of_a_listing_change_is_taken() -> None:
    from sellerbus.feeds.changes.change import ListingChange, read_change

    (body,) = re.findall(r"--message-body '(.*?)'", TEXT, re.DOTALL)
    assert isinstance(read_change(body, "m1", 0), ListingChange)


@pytest.mark.parametrize("name", KNOWN)
def test_the_side_files_fields(name: str) -> None:
    assert f"`{name}`" in " ".join(row[1] for row in rows("| metadata | side file |"))
