"""`sellerbus messages templates`, and templates where a message names one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops import console
from tests.unit.ops.aws import DeployedStage, Finished
from tests.unit.ops.feed_stage import steps
from tests.unit.ops.message_stage import ORDER, SELLER, STAGE, MessageStage

TEMPLATES = ("messages", "templates")
LATE: dict[str, Any] = {
    "messageType": "unexpectedProblem",
    "texts": {
        "en-US": "Your order {orderId} at {marketplace} comes {days} days late.",
        "de-DE": "Ihre Bestellung {orderId} bei {marketplace} kommt {days} Tage zu spät.",
    },
    "placeholders": ["days"],
}
SEND = (
    "messages", "send", "--stage", STAGE, "--seller", SELLER, "--order", ORDER, "--marketplace", "US",
    "--type", "unexpectedProblem", "--template", "late",
)  # fmt: skip


@pytest.fixture
def messages(stage: DeployedStage, monkeypatch: pytest.MonkeyPatch) -> MessageStage:
    found = MessageStage(stage)
    found.deploy()
    found.add_seller()
    monkeypatch.setattr(console, "wait", steps(found.take_up))
    return found


def rules(finished: Finished) -> list[tuple[str, str]]:
    found = finished.document
    return [(each["rule"], each["severity"]) for each in found["refused"]["findings"]]


def put(messages: MessageStage, tmp_path: Path, document: Any, *more: str, name: str = "late") -> Finished:
    file = tmp_path / "template.json"
    file.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    return messages.stage.run(*TEMPLATES, "put", name, str(file), "--stage", STAGE, *more)


def test_a_template_is_put_shown_listed_and_removed(messages: MessageStage, tmp_path: Path) -> None:
    messages.deploy("eu")
    document = put(messages, tmp_path, LATE, "--json").document
    assert (document["regions"], document["replaced"]) == (["na", "eu"], [])
    again = put(messages, tmp_path, LATE, "--region", "eu")
    assert "replaced in eu" in again.out
    for region in ("na", "eu"):
        assert json.loads(messages.objects(region)["templates/late.json"]) == LATE
    listed = messages.stage.run(*TEMPLATES, "list", "--stage", STAGE, "--json").document
    assert [(row["name"], row["region"], row["messageType"]) for row in listed] == [
        ("late", "na", "unexpectedProblem"),
        ("late", "eu", "unexpectedProblem"),
    ]
    assert "de-DE, en-US" in messages.stage.run(*TEMPLATES, "list", "--stage", STAGE).out
    shown = messages.stage.run(*TEMPLATES, "show", "late", "--stage", STAGE)
    assert "comes {days} days late" in shown.out
    as_json = messages.stage.run(*TEMPLATES, "show", "late", "--stage", STAGE, "--json").document
    assert (as_json["texts"], as_json["placeholders"]) == (LATE["texts"], ["days"])
    remove = (*TEMPLATES, "remove", "late", "--stage", STAGE)
    assert messages.stage.run(*remove).code == 2
    assert messages.stage.run(*remove, "--yes", "--region", "na").code == 0
    assert messages.stage.run(*remove, "--yes", "--json").document == {"name": "late", "removed": ["eu"]}
    assert messages.stage.run(*remove, "--yes").code == 3
    assert messages.stage.run(*TEMPLATES, "show", "late", "--stage", STAGE).code == 3


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"messageType": "invoice"}, "template-form"),
        ({"texts": {"en-US": "Dear {buyerName}"}}, "template-placeholder"),
        ({"placeholders": ["days", "buyerName"]}, "template-placeholder"),
        ({"texts": {"en-US": "It comes {days} days late: mail to me@example.com"}}, "email-address"),
        ({"texts": {"en-US": "It comes {days days late"}}, "template-form"),
    ],
)
def test_a_faulty_template_is_not_put_there(
    messages: MessageStage, tmp_path: Path, change: dict[str, Any], rule: str
) -> None:
    finished = put(messages, tmp_path, LATE | change)
    assert (finished.code, rule in finished.out) == (2, True)
    assert rule in [
        row["rule"] for row in put(messages, tmp_path, LATE | change, "--json").document["findings"]
    ]
    assert messages.objects() == {}


def test_what_is_no_template_and_what_is_no_name(messages: MessageStage, tmp_path: Path) -> None:
    assert "template-form" in put(messages, tmp_path, b"nothing").out
    named = put(messages, tmp_path, LATE, name="../late")
    assert (named.code, "is no name for a template" in named.err) == (2, True)


def test_no_template_yet(messages: MessageStage) -> None:
    finished = messages.stage.run(*TEMPLATES, "list", "--stage", STAGE)
    assert (finished.code, "no template yet" in finished.err) == (0, True)


def test_a_damaged_template_is_told(messages: MessageStage) -> None:
    messages.template("late", b"{}")
    listed = messages.stage.run(*TEMPLATES, "list", "--stage", STAGE)
    assert (listed.code, "damaged" in listed.out) == (5, True)
    shown = messages.stage.run(*TEMPLATES, "show", "late", "--stage", STAGE)
    assert (shown.code, "template-form" in shown.out) == (5, True)


def test_a_message_by_a_template_is_checked_in_each_of_its_languages(messages: MessageStage) -> None:
    messages.template("late", LATE)
    finished = messages.stage.run(*SEND, "--value", "days=3", "--json")
    assert finished.code == 0
    assert messages.requests[0]["template"] == {"name": "late", "values": {"days": "3"}}
    assert "text" not in messages.requests[0]


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ((), "template-placeholder"),
        (("--value", "days=3", "--value", "more=4"), "template-placeholder"),
        (("--value", "days=me@example.com"), "email-address"),
        (("--value", f"days={'x' * 2000}"), "text-too-long"),
        (("--value", "days=3", "--template", "early"), "template-unknown"),
        (("--value", "days=3", "--type", "confirmOrderDetails"), "template-placeholder"),
        (("--value", "days=3", "--text", "A text too"), "request-form"),
    ],
)
def test_a_message_that_its_template_does_not_fit(
    messages: MessageStage, arguments: tuple[str, ...], rule: str
) -> None:
    messages.template("late", LATE)
    finished = messages.stage.run(*SEND, *arguments, "--json")
    assert finished.code == 2
    assert (rule, "error") in rules(finished)
    assert messages.requests == []


def test_a_stage_without_messages_has_no_unknown_template(messages: MessageStage) -> None:
    del messages.stage.cloudformation.stacks[f"sellerbus-{STAGE}-na-tasks"]
    for arguments in ((*SEND, "--value", "days=3"), (*TEMPLATES, "list", "--stage", STAGE)):
        finished = messages.stage.run(*arguments)
        assert (finished.code, "is not deployed" in finished.err) == (3, True)


def test_what_is_wrong_in_one_language_alone_is_a_warning(messages: MessageStage) -> None:
    # 1990 characters in English, 2010 in German.
    texts = {"en-US": "{days} " + "x" * 1900, "de-DE": "{days} " + "x" * 1980}
    messages.template("late", LATE | {"texts": texts})
    finished = messages.stage.run(*SEND, "--value", f"days={'y' * 50}", "--json")
    assert finished.code == 0
    (finding,) = [row for row in finished.document["localFindings"] if row["rule"] == "text-too-long"]
    assert (finding["severity"], finding["field"]) == ("warning", "text (de-DE)")


def test_without_the_right_to_read_it_the_stage_checks_the_template(messages: MessageStage) -> None:
    messages.template("late", LATE)
    messages.stage.refusals["s3", "na"] = ("get_object", "AccessDenied")
    finished = messages.stage.run(*SEND, "--value", "days=3")
    assert (finished.code, "checked by the stage" in " ".join(finished.err.split())) == (0, True)
