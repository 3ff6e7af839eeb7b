"""`sellerbus messages send-many`: a file of messages, checked whole, sent once, told line by line."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path
from typing import Any

import pytest

from ops import console, message_batch
from sellerbus.messaging.task import MessageState, iso
from tests.unit.ops.aws import DeployedStage, Finished, in_a_terminal, table_width
from tests.unit.ops.message_stage import ORDER, SELLER, STAGE, MessageStage

HEADER = "sellerId,amazonOrderId,marketplace,messageType,text,taskId"
SENT = {"state": MessageState.SENT, "sent_at": "2026-11-04T12:00:00+00:00"}


def order(number: int) -> str:
    return f"902-0000000-{number:07}"


def line(number: int, text: str = "It was packed.", task_id: str = "", seller: str = SELLER) -> str:
    return f"{seller},{order(number)},US,confirmOrderDetails,{text},{task_id}"


@pytest.fixture
def messages(stage: DeployedStage, monkeypatch: pytest.MonkeyPatch) -> MessageStage:
    found = MessageStage(stage)
    found.deploy()
    found.add_seller()
    taking_up(monkeypatch, found, **SENT)
    return found


def taking_up(monkeypatch: pytest.MonkeyPatch, messages: MessageStage, **changes: Any) -> None:
    """Let the stage work whenever the command waits."""

    def wait(seconds: float) -> bool:
        messages.take_up(**changes)
        return False

    monkeypatch.setattr(console, "wait", wait)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "orders.csv"


def send(messages: MessageStage, file: Path, *more: str, piped: str | None = None) -> Finished:
    return messages.stage.run("messages", "send-many", str(file), "--stage", STAGE, *more, piped=piped)


def rows(finished: Finished) -> list[dict[str, Any]]:
    return [json.loads(each) for each in finished.out.splitlines()]


def results(file: Path) -> list[dict[str, str]]:
    with file.with_name("orders.results.csv").open(encoding="utf-8", newline="") as content:
        return list(csv.DictReader(content))


def test_each_line_is_sent_and_told(messages: MessageStage, file: Path) -> None:
    file.write_text("\n".join((HEADER, line(1), line(2, task_id="mine-2"))), encoding="utf-8")
    finished = send(messages, file)
    assert finished.code == 0
    # By several threads, so in any order.
    assert sorted(each["amazonOrderId"] for each in messages.requests) == [order(1), order(2)]
    assert "2 lines: 2 SENT" in finished.out
    told = results(file)
    assert [(row["line"], row["outcome"], row["handedOver"]) for row in told] == [
        ("2", "SENT", "true"),
        ("3", "SENT", "true"),
    ]
    assert told[0]["taskId"].startswith("csv-")
    assert told[1]["taskId"] == "mine-2"
    assert "It was packed" not in finished.out + finished.err + str(told)


def test_running_it_again_sends_nothing_twice(messages: MessageStage, file: Path) -> None:
    file.write_text("\n".join((HEADER, line(1), line(2))), encoding="utf-8")
    send(messages, file)
    file.write_text("\n".join((HEADER, line(1), line(2), line(3))), encoding="utf-8")
    again = send(messages, file, "--json")
    assert again.code == 0
    assert {row["line"]: row["handedOver"] for row in rows(again)} == {2: False, 3: False, 4: True}
    assert len(messages.requests) == 3


def test_an_interrupted_run_goes_on_where_it_stopped(
    messages: MessageStage, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("\n".join((HEADER, line(1), line(2))), encoding="utf-8")

    def interrupt(seconds: float) -> bool:
        messages.take_up()
        raise KeyboardInterrupt

    monkeypatch.setattr(console, "wait", interrupt)
    stopped = send(messages, file)
    assert stopped.code == 130
    assert "goes on by itself" in " ".join(stopped.err.split())
    # The file tells what is known by then.
    assert {row["outcome"] for row in results(file)} == {"HANDED_OVER"}
    for task_id in (row["taskId"] for row in results(file)):
        messages.store().change(messages.store().get(task_id), **SENT)
    assert send(messages, file).code == 0
    assert len(messages.requests) == 2


def test_a_dry_run_changes_nothing(messages: MessageStage, file: Path) -> None:
    file.write_text("\n".join((HEADER, line(1), line(2))), encoding="utf-8")
    finished = send(messages, file, "--dry-run")
    assert finished.code == 0
    assert "2 lines: 2 READY" in finished.out
    assert "2 messages would be handed over" in finished.err
    send(messages, file)
    assert [row["outcome"] for row in rows(send(messages, file, "--dry-run", "--json"))] == ["SENT", "SENT"]
    file.with_name("orders.results.csv").unlink()
    file.write_text("\n".join((HEADER, line(1), line(2, "<b>Hello</b>"))), encoding="utf-8")
    faulty = send(messages, file, "--dry-run", "--json")
    assert faulty.code == 2
    assert {row["line"]: row["outcome"] for row in rows(faulty)} == {2: "SENT", 3: "FAULTY"}
    assert len(messages.requests) == 2
    assert not file.with_name("orders.results.csv").exists()


def test_all_that_is_refused_is_told_and_nothing_is_sent(messages: MessageStage, file: Path) -> None:
    file.write_text(
        "\n".join((HEADER, line(1), line(2, "me@example.com"), line(3, "<i>x</i>"))), encoding="utf-8"
    )
    finished = send(messages, file)
    assert finished.code == 2
    assert "2 lines were refused" in finished.err
    assert "email-address" in finished.out
    assert "html" in finished.out
    assert "me@example.com" not in finished.out + finished.err
    assert messages.requests == []
    others = send(messages, file, "--skip-faulty", "--json")
    assert others.code == 5
    assert {row["line"]: row["outcome"] for row in rows(others)} == {2: "SENT", 3: "FAULTY", 4: "FAULTY"}


def test_the_form_of_the_file_is_checked_whole(messages: MessageStage, file: Path) -> None:
    file.write_text("sellerId,amazonOrderId,marketplace,words\n", encoding="utf-8")
    header = send(messages, file)
    assert header.code == 2
    assert "orders.csv:1: column 4 is none that is known" in header.err
    assert "lacks messageType" in header.err
    file.write_text(f"{HEADER},value:days\na,b\n,{order(1)},US,invoice,,,\n{line(2)},3\n", encoding="utf-8")
    told = send(messages, file).err
    assert "orders.csv:2: has 2 fields, the header has 7" in told
    assert "orders.csv:3: lacks sellerId" in told
    assert "orders.csv:4: has values of a template but names no template" in told
    assert "3 problems" in told
    for content, words in (
        (f"{HEADER}\n", "only a header"),
        ("", "the file is empty"),
        (f"{HEADER},text\n", "twice"),
        (f'{HEADER}\n"open', "quotation mark open"),
    ):
        file.write_text(content, encoding="utf-8")
        finished = send(messages, file)
        assert (finished.code, words in finished.err) == (2, True), words
    file.write_bytes(b"\xff")
    assert "not UTF-8" in send(messages, file).err
    assert send(messages, file.with_name("none.csv")).code == 2


def test_templates_attachments_and_dates(messages: MessageStage, file: Path) -> None:
    messages.template(
        "late",
        {
            "messageType": "unexpectedProblem",
            "texts": {"en-US": "{orderId} comes {days} days late."},
            "placeholders": ["days"],
        },
    )
    (file.parent / "terms.pdf").write_bytes(b"%PDF-1.7\n")
    (file.parent / "more.txt").write_bytes(b"More")
    file.write_text(
        "Seller ID;amazon_order_id;MARKETPLACE;messageType;template;value:days;attachments;coverageStartDate;"
        "coverageEndDate\n"
        f"{SELLER};{order(1)};US;unexpectedProblem;late;3;;;\n"
        f'{SELLER};{order(2)};US;CreateWarranty;;;"terms.pdf; more.txt";2026-11-01T00:00:00Z;'
        "2028-11-01T00:00:00Z\n",
        encoding="utf-8-sig",
    )
    finished = send(messages, file)
    assert finished.code == 0
    first, second = sorted(messages.requests, key=lambda each: str(each["amazonOrderId"]))
    assert first["template"] == {"name": "late", "values": {"days": "3"}}
    assert [each["fileName"] for each in second["attachments"]] == ["terms.pdf", "more.txt"]
    assert second["coverageEndDate"] == "2028-11-01T00:00:00Z"
    assert set(messages.objects().values()) >= {b"%PDF-1.7\n", b"More"}


def test_a_line_that_stands_there_twice_is_one_message(messages: MessageStage, file: Path) -> None:
    file.write_text("\n".join((HEADER, line(1), line(2), line(1))), encoding="utf-8")
    finished = send(messages, file, "--json")
    assert len(messages.requests) == 2
    by_line = {row["line"]: row for row in rows(finished)}
    assert by_line[4]["taskId"] == by_line[2]["taskId"]
    assert by_line[4]["reason"] == "the same message as line 2"


def test_an_id_of_two_messages(messages: MessageStage, file: Path) -> None:
    file.write_text("\n".join((HEADER, line(1, task_id="a"), line(2, task_id="a"))), encoding="utf-8")
    finished = send(messages, file)
    assert (finished.code, "is that of line 2 too" in " ".join(finished.out.split())) == (2, True)
    # And of one that is another message's in the stage already.
    file.write_text("\n".join((HEADER, line(1, task_id="a"))), encoding="utf-8")
    assert send(messages, file).code == 0
    file.write_text("\n".join((HEADER, line(2, task_id="a"), line(3))), encoding="utf-8")
    finished = send(messages, file, "--json")
    assert finished.code == 5
    assert [row["outcome"] for row in sorted(rows(finished), key=lambda row: int(row["line"]))] == [
        "NOT_HANDED_OVER",
        "SENT",
    ]


def test_sellers_that_the_stage_does_not_work_for(messages: MessageStage, file: Path) -> None:
    file.write_text("\n".join((HEADER, line(1), line(2, seller="A9UNKNOWN"))), encoding="utf-8")
    finished = send(messages, file, "--json")
    assert finished.code == 2
    assert [(row["line"], row["outcome"]) for row in rows(finished)] == [(3, "FAULTY")]
    assert "A9UNKNOWN is not in" in rows(finished)[0]["reason"]


def test_files_that_are_missing_or_changed(
    messages: MessageStage, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terms = file.parent / "terms.pdf"
    header = "sellerId,amazonOrderId,marketplace,messageType,attachments\n"
    file.write_text(f"{header}{SELLER},{ORDER},US,legalDisclosure,terms.pdf\n", encoding="utf-8")
    missing = send(messages, file)
    assert (missing.code, "cannot be read" in " ".join(missing.out.split())) == (2, True)
    terms.write_bytes(b"%PDF-1.7\n")
    real = message_batch.look

    def changed(plan: Any, *, retry: bool) -> None:
        terms.write_bytes(b"%PDF-1.7 other\n")
        real(plan, retry=retry)

    monkeypatch.setattr(message_batch, "look", changed)
    finished = send(messages, file, "--json")
    assert finished.code == 1
    assert "was changed while the command ran" in rows(finished)[0]["reason"]
    assert messages.requests == []


def test_what_was_not_sent_for_certain_may_be_tried_once_more(
    messages: MessageStage, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("\n".join((HEADER, line(1))), encoding="utf-8")
    taking_up(monkeypatch, messages, state=MessageState.NOT_ALLOWED, reason="not shipped yet")
    finished = send(messages, file)
    assert (finished.code, "--retry sends" in finished.err) == (5, True)
    first = results(file)[0]["taskId"]
    assert (results(file)[0]["outcome"], results(file)[0]["reason"]) == ("NOT_ALLOWED", "not shipped yet")
    assert send(messages, file).code == 5
    assert len(messages.requests) == 1
    taking_up(monkeypatch, messages, **SENT)
    assert send(messages, file, "--retry").code == 0
    assert results(file)[0]["taskId"] == f"{first}-2"
    assert len(messages.requests) == 2
    # From then on the line is its last try, with --retry or without.
    for more in ((), ("--retry",)):
        again = rows(send(messages, file, "--json", *more))
        assert (again[0]["taskId"], again[0]["outcome"]) == (f"{first}-2", "SENT")
    assert len(messages.requests) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"state": MessageState.UNCERTAIN},
        {"state": MessageState.FAILED, "decision": "give-up"},
        {"state": MessageState.REFUSED, "decision": "send-again"},
    ],
)
def test_what_may_have_been_sent_is_not_tried_once_more(
    messages: MessageStage, file: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    file.write_text("\n".join((HEADER, line(1))), encoding="utf-8")
    taking_up(monkeypatch, messages, **changes)
    assert send(messages, file).code == 5
    finished = send(messages, file, "--retry", "--json")
    assert (finished.code, rows(finished)[0]["outcome"]) == (5, str(changes["state"]))
    assert len(messages.requests) == 1


def test_what_has_not_ended_in_time_is_told_as_it_stands(
    messages: MessageStage, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("\n".join((HEADER, line(1))), encoding="utf-8")
    monkeypatch.setattr(console, "wait", lambda seconds: False)
    nobody = send(messages, file, "--timeout", "1", "--json")
    assert (nobody.code, rows(nobody)[0]["outcome"]) == (5, "NOT_TAKEN_UP")
    assert "goes on where it stopped" in nobody.err
    assert "--retry" not in nobody.err
    taking_up(monkeypatch, messages)
    slow = send(messages, file, "--timeout", "1", "--json")
    assert (slow.code, rows(slow)[0]["outcome"]) == (5, "ACCEPTED")


def test_where_aws_refuses_all_it_stops(messages: MessageStage, file: Path) -> None:
    file.write_text("\n".join((HEADER, *(line(number) for number in range(1, 41)))), encoding="utf-8")
    messages.stage.refusals["sqs", "na"] = ("send_message", "AccessDenied")
    finished = send(messages, file, "--json")
    assert finished.code == 1
    outcomes = [row["outcome"] for row in rows(finished)]
    assert len(outcomes) == 40
    assert outcomes.count("NOT_REACHED") > 0
    assert set(outcomes) == {"NOT_HANDED_OVER", "NOT_REACHED"}
    del messages.stage.refusals["sqs", "na"]
    assert send(messages, file).code == 0
    assert len(messages.requests) == 40


def test_both_regions_of_a_file(messages: MessageStage, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    messages.deploy("eu")
    messages.add_seller(country="DE")

    def wait(seconds: float) -> bool:
        for region in ("na", "eu"):
            messages.take_up(region, **SENT)
        return False

    monkeypatch.setattr(console, "wait", wait)
    file.write_text("\n".join((HEADER, line(1), line(2).replace(",US,", ",DE,"))), encoding="utf-8")
    assert send(messages, file).code == 0
    for region, name in (("na", order(1)), ("eu", order(2))):
        (row,) = results_of(messages, region)
        assert row == name


def results_of(messages: MessageStage, region: str) -> list[str]:
    rows = messages.stage.client("dynamodb", region).scan(TableName="messages")["Items"]
    return [row["amazonOrderId"]["S"] for row in rows if "amazonOrderId" in row]


def test_it_may_be_piped_in_and_the_results_go_where_they_shall(messages: MessageStage, file: Path) -> None:
    piped = send(messages, Path("-"), piped=f"{HEADER}\n{line(1)}\n")
    assert (piped.code, "The results are in" in piped.err) == (0, False)
    named = file.with_name("elsewhere.csv")
    assert send(messages, Path("-"), "--results", str(named), piped=f"{HEADER}\n{line(1)}\n").code == 0
    assert "SENT" in named.read_text(encoding="utf-8")


def test_results_that_cannot_be_written_are_told_before_anything_is_sent(
    messages: MessageStage, file: Path
) -> None:
    file.write_text("\n".join((HEADER, line(1))), encoding="utf-8")
    (file.parent / "folder").mkdir()
    link = file.with_name("link.csv")
    link.symlink_to(file)
    for path, words in (
        ("/no/such/folder/results.csv", "cannot be written"),
        (str(file.parent / "folder"), "cannot be written"),
        (str(file), "is the file with the messages"),
        (str(link), "is the file with the messages"),
    ):
        finished = send(messages, file, "--results", path)
        assert (finished.code, words in " ".join(finished.err.split())) == (2, True), path
    assert messages.requests == []
    assert file.read_text(encoding="utf-8").startswith(HEADER)
    assert not [each for each in file.parent.iterdir() if "part" in each.name or "results" in each.name]


def test_of_many_lines_the_table_shows_those_that_need_a_look(
    messages: MessageStage, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line(number) for number in range(1, 110)]
    file.write_text("\n".join((HEADER, *lines, line(110, "<b>x</b>"))), encoding="utf-8")
    in_a_terminal(monkeypatch, 80)
    finished = send(messages, file, "--dry-run")
    assert "109 other lines are not shown" in finished.out
    assert "html" in finished.out
    assert table_width(finished.out) <= 80


def test_a_spreadsheet_carries_nothing_of_the_results_out(
    messages: MessageStage, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking_up(monkeypatch, messages, state=MessageState.REFUSED, reason='=HYPERLINK("x")')
    file.write_text("\n".join((HEADER, line(1))), encoding="utf-8")
    send(messages, file)
    assert results(file)[0]["reason"] == '\'=HYPERLINK("x")'


def test_what_was_sent_by_hand_is_not_sent_again_from_a_file(messages: MessageStage, file: Path) -> None:
    by_hand = messages.stage.run(
        *("messages", "send", "--stage", STAGE, "--seller", SELLER, "--marketplace", "US", "--json"),
        *("--order", order(1), "--type", "confirmOrderDetails", "--text", "It was packed."),
    )
    task_id = json.loads(by_hand.out)["taskId"]
    messages.store().change(messages.store().get(task_id), **SENT)
    file.write_text("\n".join((HEADER, line(1), line(2), line(1))), encoding="utf-8")
    assert [row["outcome"] for row in rows(send(messages, file, "--dry-run", "--json"))] == [
        "SENT",
        "SENT",
        "READY",
    ]
    finished = send(messages, file, "--json")
    assert finished.code == 0
    by_line = {row["line"]: row for row in rows(finished)}
    assert {number: row["handedOver"] for number, row in by_line.items()} == {2: False, 3: True, 4: False}
    assert by_line[2]["taskId"] == by_line[4]["taskId"] == task_id
    assert by_line[2]["reason"] == "the same message was handed over before, as this task"
    assert len(messages.requests) == 2
    # With an id of its own it is another message, and is sent.
    file.write_text("\n".join((HEADER, line(1, task_id="on-purpose"))), encoding="utf-8")
    assert send(messages, file).code == 0
    assert len(messages.requests) == 3


def test_task_ids_are_shown_whole(messages: MessageStage, file: Path) -> None:
    file.write_text("\n".join((HEADER, line(1), line(2, "<b>Hello</b>"))), encoding="utf-8")
    finished = send(messages, file, "--skip-faulty")
    assert results(file)[0]["taskId"] in finished.out


def test_a_text_is_the_same_whatever_ends_its_lines(messages: MessageStage, file: Path) -> None:
    for ends in ("\n", "\r\n"):
        file.write_bytes(ends.join((HEADER, line(1, f'"It was packed.{ends}Yours"'))).encode())
        assert send(messages, file).code == 0
    (request,) = messages.requests
    assert request["text"] == "It was packed.\nYours"


def test_the_registry_is_found_once_for_all_sellers_of_a_file(messages: MessageStage, file: Path) -> None:
    sellers = [f"A9UNKNOWN{number}" for number in range(20)]
    file.write_text("\n".join((HEADER, *(line(1, seller=each) for each in sellers))), encoding="utf-8")
    before = len(messages.stage.cloudformation.asked)
    assert send(messages, file).code == 2
    assert len(messages.stage.cloudformation.asked) - before < 10


@pytest.mark.parametrize(
    ("changes", "requests"),
    [
        ({}, 1),
        ({"state": MessageState.UNCERTAIN}, 1),
        ({"state": MessageState.SENT, "sent_at": iso(time.time() - 3600)}, 1),
        ({"state": MessageState.SENT, "sent_at": iso(time.time() - 90_000)}, 2),
    ],
)
def test_what_may_still_be_sent_is_not_sent_beside_it_however_old_it_is(
    messages: MessageStage,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    requests: int,
) -> None:
    taking_up(monkeypatch, messages)
    file.write_text("\n".join((HEADER, line(1))), encoding="utf-8")
    by_hand = messages.stage.run(
        *("messages", "send", "--stage", STAGE, "--seller", SELLER, "--marketplace", "US", "--json"),
        *("--order", order(1), "--type", "confirmOrderDetails", "--text", "It was packed."),
    )
    task = messages.store().get(json.loads(by_hand.out)["taskId"])
    messages.grow_old(task, days=2)
    if changes:
        messages.store().change(task, **changes)
    send(messages, file, "--timeout", "0")
    messages.take_up()
    assert len(messages.requests) == requests
