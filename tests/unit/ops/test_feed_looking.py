"""`sellerbus feeds list|show|errors|report`: what is read, shown and written."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ops import feed_results, feed_tasks, feed_words, times
from sellerbus.feeds.catalogue import FEED_TYPES
from sellerbus.feeds.submission import State, Submission
from sellerbus.feeds.task import FeedTask, Outcome, TaskState, iso
from sellerbus.feeds.task_store import turn_key
from sellerbus.feeds.turns import DOUBT, PAUSE
from tests.unit.feeds.tasks import NOW
from tests.unit.ops.aws import DeployedStage, Finished, in_a_terminal, table_width
from tests.unit.ops.feed_stage import SELLER, STAGE, FeedStage, ended, task

LONGEST_TYPE = max(FEED_TYPES, key=len)
TOTALS = {"processed": 3, "successful": 1, "withErrors": 2, "withWarnings": 1, "errors": 2, "warnings": 1}
ARN = "arn:aws:states:us-east-1:123456789012:execution:FeedTask:t1"


def row(number: int, severity: str = "ERROR", code: str = "90057", **more: Any) -> dict[str, Any]:
    return {
        "messageId": number,
        "sku": f"SKU-{number}",
        "code": code,
        "severity": severity,
        "message": f"The value is wrong, number {number}",
        "attribute": "item_name",
        **more,
    }


ROWS = (row(1), row(2, code="8541"), row(3, "WARNING"))


@pytest.fixture
def feeds(stage: DeployedStage, monkeypatch: pytest.MonkeyPatch) -> FeedStage:
    found = FeedStage(stage)
    found.deploy()
    monkeypatch.setattr(feed_tasks, "now", lambda: times.at(NOW + 3600))
    return found


def run(feeds: FeedStage, command: str, *arguments: str) -> Finished:
    return feeds.stage.run("feeds", command, *arguments, "--stage", STAGE)


def listed(feeds: FeedStage, *arguments: str) -> list[str]:
    finished = run(feeds, "list", *arguments, "--json")
    assert finished.code == 0
    return [each["taskId"] for each in finished.document]


@pytest.fixture
def several(feeds: FeedStage) -> FeedStage:
    feeds.put(task("old", handed_over=NOW - 90_000))
    feeds.put(task("others", seller_id="A9EXAMPLE11", handed_over=NOW - 60))
    feeds.put(ended("bad", "COMPLETED_WITH_ERRORS", totals=TOTALS, handed_over=NOW - 30))
    feeds.put(ended("good", "COMPLETED", handed_over=NOW))
    feeds.put_item(("feed/A2EW6EXAMPLE11/50001", "feed"), {"taskId": "good"})
    return feeds


def test_tasks_are_listed_the_newest_first(several: FeedStage) -> None:
    assert listed(several) == ["good", "bad", "others", "old"]
    assert listed(several, "--seller", SELLER) == ["good", "bad", "old"]
    assert listed(several, "--limit", "2") == ["good", "bad"]
    assert listed(several, "--seller", SELLER, "--limit", "1") == ["good"]


@pytest.mark.parametrize("seller", [(), ("--seller", SELLER)])
def test_tasks_are_chosen(several: FeedStage, seller: tuple[str, ...]) -> None:
    assert listed(several, *seller, "--state", "ended") == ["good", "bad"]
    assert listed(several, *seller, "--outcome", "completed-with-errors") == ["bad"]
    assert "old" not in listed(several, *seller, "--since", "24h")
    assert "bad" in listed(several, *seller, "--since", iso(NOW - 31)[:19])


def test_reading_everything_is_told(several: FeedStage) -> None:
    assert "--seller reads one seller's" in run(several, "list").err
    assert "--seller reads" not in run(several, "list", "--seller", SELLER).err
    assert "there may be more" in run(several, "list", "--limit", "2").err


def test_tasks_of_all_regions_come_together(several: FeedStage) -> None:
    several.deploy("eu")
    several.put(task("european", handed_over=NOW - 45), "eu")
    assert listed(several) == ["good", "bad", "european", "others", "old"]
    assert listed(several, "--region", "eu") == ["european"]


def test_the_list_fits_its_terminal(several: FeedStage, monkeypatch: pytest.MonkeyPatch) -> None:
    several.put(task("cli-20261104-0123456789ab", handed_over=NOW - 10))
    several.put(task(f"inbox-{'0123456789abcdef' * 2}", feed_type=LONGEST_TYPE))
    for columns in (80, 120):
        in_a_terminal(monkeypatch, columns)
        printed = run(several, "list").out
        assert table_width(printed) <= columns
        assert "cli-20261104-0123456789ab" in printed
        assert "inbox-0123456789abcdef0123456789abcdef" in printed


def test_the_list_says_how_many_failed_and_what_its_states_mean(several: FeedStage) -> None:
    finished = run(several, "list")
    assert "COMPLETED_WITH_ERRORS: 2 of 3 failed" in finished.out
    # The same for every list: not a line for each state.
    assert [line for line in finished.err.splitlines() if "feeds show TASK" in line]
    assert len(finished.err.splitlines()) == 2
    assert "This is the newest; there may be more" in run(several, "list", "--limit", "1").err


def test_no_task_at_all(feeds: FeedStage) -> None:
    assert listed(feeds) == []
    assert "There is no such task" in run(feeds, "list").err


def test_a_seller_without_tasks_that_nobody_knows(feeds: FeedStage) -> None:
    for more in ((), ("--json",)):
        finished = run(feeds, "list", "--seller", "A9STRANGER", *more)
        assert (finished.code, "Seller A9STRANGER is not in stage" in finished.err) == (3, True)
    feeds.add_seller("A9STRANGER")
    finished = run(feeds, "list", "--seller", "A9STRANGER")
    assert (finished.code, "There is no such task" in finished.err) == (0, True)
    feeds.stage.refusals["dynamodb", "na"] = ("get_item", "AccessDeniedException")
    finished = run(feeds, "list", "--seller", "A8STRANGER")
    assert (finished.code, "was not looked up" in finished.err) == (0, True)


def test_a_region_that_amazon_does_not_have(feeds: FeedStage) -> None:
    finished = run(feeds, "list", "--region", "xx")
    assert (finished.code, "is no region of Amazon" in finished.err) == (2, True)
    assert "config/" not in finished.err
    assert "config/" in run(feeds, "list", "--region", "fe").err


@pytest.mark.parametrize(
    "arguments",
    [("--state", "DONE"), ("--outcome", "x"), ("--since", "soon"), ("--seller", "x y"), ("--limit", "0")],
)
def test_wrong_choices_are_refused_before_anything_is_called(
    feeds: FeedStage, arguments: tuple[str, ...]
) -> None:
    feeds.stage.cloudformation.fault = "NothingShallBeCalled"
    assert run(feeds, "list", *arguments).code == 2


def test_everything_of_a_task_is_shown(feeds: FeedStage) -> None:
    feeds.put(
        ended(
            "t1", "COMPLETED_WITH_ERRORS", totals=TOTALS, execution_arn=ARN, api_version="2021-06-30",
            feed_options={"a": "b"}, content_bytes=12345, findings={"errors": 0, "warnings": 2},
            results={"bucket": "results-na", "key": "tasks/t1/results.jsonl", "messages": 3},
            notes=("The report says 4 and counts 3.",), submitted_at=iso(NOW + 60),
        )
    )  # fmt: skip
    finished = run(feeds, "show", "t1")
    assert finished.code == 0
    for text in (
        "COMPLETED_WITH_ERRORS", feed_words.OUTCOMES["COMPLETED_WITH_ERRORS"], "a=b", "12,345 bytes", "US",
        "0 errors, 2 warnings", "3 processed, 1 successful, 2 with errors",
        "2027-01-15 08:00:00 UTC, 1 h ago",
        "s3://results-na/tasks/t1/results.jsonl", "The report says 4",
        f"https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/{ARN}",
    ):  # fmt: skip
        assert text in finished.out
    assert f"bin/sellerbus feeds errors t1 --stage {STAGE}" in finished.out
    assert "feeds resubmit t1" in finished.out


def test_a_task_as_json_has_every_documented_name(feeds: FeedStage) -> None:
    feeds.put(task("t1", token="secret-token", token_step="await"))
    finished = run(feeds, "show", "t1", "--json")
    help_text = " ".join(run(feeds, "show", "--help").out.split())
    assert all(f'"{name}"' in help_text for name in finished.document)
    assert "secret-token" not in finished.out + run(feeds, "show", "t1").out


def test_what_a_waiting_task_waits_for(feeds: FeedStage) -> None:
    first = feeds.put(task("first", state="WAITING", handed_over=NOW - 10))
    feeds.put(task("second", state="WAITING"))
    feeds.put_item(turn_key(first), {"nextAt": int(NOW + 3600 + 240)})
    told = run(feeds, "show", "second").out
    assert "2027-01-15 09:04:00 UTC (in 4 min)" in told
    assert "1 feed of this seller and type is in front of it" in told
    assert "in front of it" not in run(feeds, "show", "first").out
    assert PAUSE in run(feeds, "show", "first").out
    feeds.put_item(turn_key(first), {"nextAt": int(NOW + 3600 + 100), "restsFor": DOUBT})
    told = run(feeds, "show", "second").out
    assert PAUSE not in told
    assert DOUBT in told
    assert "is in front of it" in told
    feeds.put_item(turn_key(first), {"holder": "zeroth", "nextAt": int(NOW)})
    assert "which feed task zeroth has now" in run(feeds, "show", "first").out


@pytest.mark.parametrize("state", [each for each in TaskState if each is not TaskState.ENDED])
def test_every_state_says_what_it_waits_for(feeds: FeedStage, state: TaskState) -> None:
    feeds.put(task("t1", state=state))
    finished = run(feeds, "show", "t1", "--json")
    assert finished.document["waitsFor"]
    assert feed_words.STATES[state] in " ".join(run(feeds, "show", "t1").out.split())


def test_the_tasks_own_words_of_its_wait_go_first(feeds: FeedStage) -> None:
    quota = {"reason": "createFeed's quota is spent", "until": int(NOW + 3720)}
    for state in ("SUBMITTING", "WAITING"):
        feeds.put(task("t1", state=state, waits=quota))
        shown = run(feeds, "show", "t1").out
        assert "createFeed's quota is spent; it goes on about 2027-01-15 09:02:00 UTC (in 2 min)" in shown
        assert "for Amazon to take the document" not in shown
        assert f"feeds cancel t1 --stage {STAGE}" in shown
        assert f"{state}: goes on in 2 min" in run(feeds, "list").out
    feeds.put(task("t1", state="SUBMITTING", waits=quota | {"until": int(NOW)}))
    assert "any moment" in run(feeds, "show", "t1", "--json").document["waitsFor"]
    feeds.put(task("t1", state="SUBMITTING", waits={"reason": "somebody"}))
    assert run(feeds, "show", "t1", "--json").document["waitsFor"] == "somebody"
    feeds.put(ended("t1", "CANCELLED", waits=quota))
    assert "quota" not in run(feeds, "show", "t1").out


def test_what_can_be_done_while_createfeed_is_open(feeds: FeedStage) -> None:
    feeds.put(task("t1", state="SUBMITTING", submission=Submission(State.SETTLING, 1, NOW, NOW)))
    shown = run(feeds, "show", "t1").out
    assert "What you can do" in shown
    assert "feeds cancel" not in shown


def test_no_one_is_sent_to_results_that_are_not_there(feeds: FeedStage) -> None:
    for outcome in ("FATAL", "REFUSED"):
        feeds.put(ended("t1", outcome, reason="no"))
        assert "feeds errors" not in run(feeds, "show", "t1").out
        feeds.put(ended("t1", outcome, results={"bucket": "b", "key": "k"}))
        assert "feeds errors t1" in run(feeds, "show", "t1").out


def test_the_row_is_kept_longer_than_what_it_points_to(feeds: FeedStage) -> None:
    place = {"bucket": "results-na", "key": "tasks/t1/report", "bytes": 1, "contentType": "text/plain"}
    until = int(NOW + 100 * 86_400)
    feeds.put(ended("t1", "COMPLETED", report=place, expires_at=until))
    shown = run(feeds, "show", "t1").out
    assert "2027-04-25 08:00:00 UTC; document, report, results and findings 30 days" in shown
    assert "until about 2027-02-14" in shown


def test_every_outcome_has_words() -> None:
    assert set(feed_words.OUTCOMES) == set(Outcome)
    assert set(feed_words.STATES) == set(TaskState)


def test_a_settling_task_says_so(feeds: FeedStage) -> None:
    feeds.put(task("t1", state="SUBMITTING", submission=Submission(State.SETTLING, 1, NOW, NOW)))
    assert "settle time" in run(feeds, "show", "t1", "--json").document["waitsFor"]


def test_a_task_that_is_not_there(feeds: FeedStage) -> None:
    for command in ("show", "errors", "report"):
        finished = run(feeds, command, "nobody")
        assert (finished.code, "There is no feed task nobody" in finished.err) == (3, True)


def test_a_task_id_of_two_regions(feeds: FeedStage) -> None:
    feeds.deploy("eu")
    feeds.put(task("t1"))
    feeds.put(task("t1"), "eu")
    assert run(feeds, "show", "t1").code == 2
    assert run(feeds, "show", "t1", "--region", "eu", "--json").document["region"] == "eu"


def with_results(feeds: FeedStage, *rows: dict[str, Any]) -> FeedTask:
    pointer = feeds.results("t1", *rows)
    return feeds.put(ended("t1", "COMPLETED_WITH_ERRORS", totals=TOTALS, results=pointer))


def test_errors_are_listed_by_sku_and_code(feeds: FeedStage) -> None:
    with_results(feeds, *ROWS)

    def found(*arguments: str) -> list[int]:
        return [
            each["messageId"]
            for each in run(feeds, "errors", "t1", *arguments, "--json").document["messages"]
        ]

    assert found() == [1, 2]
    assert found("--all") == [1, 2, 3]
    assert found("--sku", "SKU-2") == [2]
    assert found("--code", "90057", "--all") == [1, 3]
    assert found("--limit", "1") == [1]
    assert found("--sku", "nobody") == []
    document = run(feeds, "errors", "t1", "--json").document
    assert (document["taskId"], document["outcome"], document["totals"]) == (
        "t1",
        "COMPLETED_WITH_ERRORS",
        TOTALS,
    )


def test_errors_in_each_form(feeds: FeedStage, monkeypatch: pytest.MonkeyPatch) -> None:
    with_results(feeds, *ROWS, row(4, message="=1+1", sku="+SKU", attribute=None))
    lines = run(feeds, "errors", "t1", "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["messageId"] for line in lines] == [1, 2, 4]
    table = list(csv.DictReader(io.StringIO(run(feeds, "errors", "t1", "--format", "csv").out)))
    assert [each["messageId"] for each in table] == ["1", "2", "4"]
    # No spreadsheet shall carry out what stands in a report.
    assert (table[2]["message"], table[2]["sku"], table[2]["attribute"]) == ("'=1+1", "'+SKU", "")
    for columns in (80, 120):
        in_a_terminal(monkeypatch, columns)
        printed = run(feeds, "errors", "t1").out
        assert table_width(printed) <= columns
        assert "2 with errors" in printed


def test_a_table_has_its_end_and_files_have_none(feeds: FeedStage) -> None:
    with_results(feeds, *(row(number) for number in range(1, 251)))
    finished = run(feeds, "errors", "t1")
    assert "These are the first 100" in finished.err
    assert len(run(feeds, "errors", "t1", "--format", "jsonl").out.splitlines()) == 250
    assert len(run(feeds, "errors", "t1", "--format", "jsonl", "--limit", "7").out.splitlines()) == 7


def test_a_refused_task_lists_what_the_checks_found(feeds: FeedStage) -> None:
    finding = {"rule": "sku", "severity": "error", "text": "no SKU", "where": "messages[0]", "messageId": 5}
    feeds.keep("tasks/t1/findings.json", json.dumps({"errors": 1, "findings": [finding]}).encode())
    findings = {"errors": 1, "warnings": 0, "key": "tasks/t1/findings.json"}
    feeds.put(ended("t1", "REFUSED", findings=findings, feed_id=None))
    document = run(feeds, "errors", "t1", "--json").document
    assert document["messages"] == [
        {
            "messageId": 5,
            "sku": None,
            "code": "sku",
            "severity": "ERROR",
            "message": "no SKU",
            "attribute": "messages[0]",
        }
    ]


def test_what_has_no_results(feeds: FeedStage) -> None:
    feeds.put(task("t1", state="PROCESSING"))
    feeds.put(ended("t2", "FATAL", reason="Amazon wrote no report."))
    for command in ("errors", "report"):
        finished = run(feeds, command, "t1")
        assert (finished.code, "yet" in finished.err) == (3, True)
        finished = run(feeds, command, "t2")
        assert (finished.code, "Amazon wrote no report." in finished.err) == (3, True)


def test_results_that_are_not_kept_any_more(feeds: FeedStage) -> None:
    place = {"bucket": "results-na", "key": "tasks/t1/gone", "messages": 1, "bytes": 3}
    feeds.put(ended("t1", "COMPLETED", results=place, report=place))
    for command in ("errors", "report"):
        finished = run(feeds, command, "t1")
        assert (finished.code, "retention.feeds_days" in finished.err) == (3, True)


def test_damaged_results_are_told(feeds: FeedStage) -> None:
    feeds.keep("tasks/t1/results.jsonl", b'{"messageId": 1}\n{"messag')
    feeds.put(ended("t1", "COMPLETED", results={"bucket": "results-na", "key": "tasks/t1/results.jsonl"}))
    finished = run(feeds, "errors", "t1", "--format", "jsonl")
    assert (finished.code, "Line 2" in finished.err) == (1, True)


REPORT = "Größe\r\n".encode("windows-1252") * 3


def with_report(feeds: FeedStage, size: int = len(REPORT)) -> None:
    content_type = "text/plain; charset=windows-1252"
    feeds.keep("tasks/t1/report", REPORT, content_type)
    place = {"bucket": "results-na", "key": "tasks/t1/report", "bytes": size, "contentType": content_type}
    feeds.put(ended("t1", "COMPLETED", report=place))


def test_the_report_is_written_as_it_is(feeds: FeedStage, tmp_path: Path) -> None:
    with_report(feeds)
    file = tmp_path / "report.txt"
    finished = run(feeds, "report", "t1", "--output", str(file), "--json")
    assert finished.code == 0
    assert file.read_bytes() == REPORT
    assert finished.document["bytes"] == len(REPORT)
    again = run(feeds, "report", "t1", "--output", str(file))
    assert (again.code, "is there already" in again.err) == (4, True)


def test_the_report_goes_into_a_pipe_as_it_is(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    feed_results.to_stdout([REPORT], "text/plain; charset=windows-1252")
    assert capsysbinary.readouterr().out == REPORT


def test_the_report_goes_onto_a_terminal_as_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    feed_results.to_stdout([b"Gr\xf6", b"\xdfe\r\n\x1b[31m"], "text/plain; charset=windows-1252")
    assert capsys.readouterr().out == "Größe\n\ufffd[31m"


def test_a_report_that_comes_in_part_is_not_kept(feeds: FeedStage, tmp_path: Path) -> None:
    with_report(feeds, len(REPORT) + 1)
    file = tmp_path / "report.txt"
    finished = run(feeds, "report", "t1", "--output", str(file))
    assert (finished.code, "bytes came" in finished.err) == (1, True)
    assert not file.exists()


def test_a_report_that_cannot_be_written(feeds: FeedStage, tmp_path: Path) -> None:
    with_report(feeds)
    finished = run(feeds, "report", "t1", "--output", str(tmp_path / "no" / "folder"))
    assert (finished.code, "cannot be written" in finished.err) == (2, True)
    assert run(feeds, "report", "t1", "--json").code == 2


def test_no_form_of_errors_rules_a_terminal(feeds: FeedStage, monkeypatch: pytest.MonkeyPatch) -> None:
    with_results(feeds, row(1, message="\x1b[2J\x9b31m価格", sku="A\rB"))
    for form in ("csv", "jsonl"):
        monkeypatch.setattr(feed_results, "on_terminal", lambda out: True)
        shown = run(feeds, "errors", "t1", "--format", form).out
        assert "価格" in shown
        assert not {"\x1b", "\x9b", "\r"} & set(shown)
        monkeypatch.setattr(feed_results, "on_terminal", lambda out: False)
        piped = run(feeds, "errors", "t1", "--format", form).out
        assert "\x9b31m価格" in piped


def test_halves_of_letters_can_be_written(feeds: FeedStage) -> None:
    findings = {
        "errors": 1,
        "findings": [{"rule": "sku", "severity": "error", "text": "no", "sku": "\ud83d"}],
    }
    feeds.keep("tasks/t1/findings.json", json.dumps(findings).encode())
    feeds.put(ended("t1", "REFUSED", findings={"errors": 1, "warnings": 0, "key": "tasks/t1/findings.json"}))
    for form in ("table", "csv", "jsonl"):
        finished = run(feeds, "errors", "t1", "--format", form)
        finished.out.encode()
        assert finished.code == 0


@pytest.mark.parametrize(
    "begin", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_cell_begins_as_a_formula(begin: str) -> None:
    out = io.StringIO()
    feed_results.write_csv([row(1, message=f"{begin}1+1", sku=None)], out)
    (written,) = csv.DictReader(io.StringIO(out.getvalue(), newline=""))
    assert written["message"] == f"'{begin}1+1"


def test_the_rights_that_help_names_are_those_that_are_used(feeds: FeedStage) -> None:
    """Without ListBucket S3 says AccessDenied of what is gone; a query of an index is about the index."""
    told = " ".join(feeds.stage.run("feeds", "--help").out.replace("│", " ").split())
    assert "index bySeller" in told
    assert "s3:ListBucket" in told
    assert "errors, report, resubmit, --wait" in told


def test_wide_spaces_of_a_report_stay(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    feed_results.to_stdout(["価格\u300012\u00a0kg".encode()], "text/plain; charset=utf-8")
    assert capsys.readouterr().out == "価格\u300012\u00a0kg"


def test_a_line_that_ends_between_two_pieces(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    feed_results.to_stdout([b"one\r", b"\ntwo\r", b"three"], "text/plain")
    assert capsys.readouterr().out == "one\ntwo\nthree"


def test_a_piped_table_is_as_wide_as_a_page_or_columns(
    feeds: FeedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "messages[0].attributes.purchasable_offer[0].our_price[0].schedule"
    with_results(feeds, row(1, message="The value is wrong. " * 20, attribute=path))
    monkeypatch.setenv("COLUMNS", "80")
    printed = run(feeds, "errors", "t1").out
    assert table_width(printed) <= 80
    # What has to be broken is broken at its joints.
    cells = [line.split("\u2502")[-2].strip() for line in printed.splitlines() if line.startswith("\u2502")]
    parts = [word for cell in cells for word in cell.split()]
    assert parts[-2:] == ["(messages[0].attributes.purchasable_", "offer[0].our_price[0].schedule)"]
    monkeypatch.delenv("COLUMNS")
    printed = run(feeds, "errors", "t1").out
    assert 100 < table_width(printed) <= 120
    assert f"({path})" in printed
