"""A message is held against its type's rules: every finding at once, errors first, and none of the text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from sellerbus.messaging.actions import OfferedAction, action_of_model
from sellerbus.messaging.attachments import Attachment
from sellerbus.messaging.catalogue import MESSAGE_TYPES, AttachmentRule, TextRule
from sellerbus.messaging.checks import check, not_found
from sellerbus.messaging.content import MessageContent, TemplateUse
from sellerbus.messaging.finding import ERROR, WARNING, Finding, has_errors, sentences

TXT = Attachment("example.txt", 5, b"Hello")
PDF = Attachment("invoice.pdf", 9, b"%PDF-1.7\n")
START, END = "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"


def action(name: str) -> OfferedAction:
    return action_of_model(MESSAGE_TYPES[name])


def found(
    name: str,
    text: str | None = None,
    *files: Attachment,
    locale: str | None = None,
    start: str | None = None,
    end: str | None = None,
) -> list[tuple[str, str, str]]:
    """The findings by the model's limits, as (rule, field, severity)."""
    content = MessageContent(text=text, coverage_start_date=start, coverage_end_date=end)
    return [(each.rule, each.field, each.severity) for each in check(content, action(name), locale, files)]


@pytest.mark.parametrize(
    ("name", "text", "files", "dates"),
    [
        ("confirmCustomizationDetails", "Which name?", (TXT,), (None, None)),
        ("confirmCustomizationDetails", "Which name?", (), (None, None)),
        ("confirmDeliveryDetails", "When are you at home?", (), (None, None)),
        ("legalDisclosure", None, (PDF,), (None, None)),
        ("confirmOrderDetails", "x" * 2000, (), (None, None)),
        ("confirmServiceDetails", "When may we come?", (), (None, None)),
        ("warranty", None, (PDF,), (START, END)),
        ("digitalAccessKey", "x" * 400, (TXT,), (None, None)),
        ("unexpectedProblem", "It is late.", (), (None, None)),
        ("invoice", None, (PDF,), (None, None)),
    ],
)
def test_messages_as_amazon_wants_them_have_no_findings(
    name: str, text: str | None, files: tuple[Attachment, ...], dates: tuple[str | None, str | None]
) -> None:
    assert found(name, text, *files, start=dates[0], end=dates[1]) == []


@pytest.mark.parametrize(
    ("name", "text", "rules"),
    [
        ("confirmOrderDetails", None, ["text-missing"]),
        ("confirmOrderDetails", "", ["text-missing"]),
        ("confirmOrderDetails", " \n\t", ["text-missing"]),
        ("invoice", "Here it is", ["text-not-taken", "attachments-missing"]),
        ("confirmOrderDetails", "x" * 2001, ["text-too-long"]),
        ("confirmCustomizationDetails", "x" * 801, ["text-too-long"]),
        ("digitalAccessKey", "🔑" * 401, ["text-too-long"]),
        ("digitalAccessKey", "🔑" * 400, []),
    ],
)
def test_texts_are_there_and_fit(name: str, text: str | None, rules: list[str]) -> None:
    assert [rule for rule, _, _ in found(name, text)] == rules


def test_a_schemas_own_limits_go_before_the_models() -> None:
    live = replace(action("confirmOrderDetails"), text=TextRule(5, 10, required=True))
    short, long = (check(MessageContent(text=text), live, None, []) for text in ("four", "eleven long"))
    assert [(each.rule, each.limit) for each in short] == [("text-too-short", "5 to 10 characters")]
    assert [(each.rule, each.limit) for each in long] == [("text-too-long", "5 to 10 characters")]
    assert "11 characters" in long[0].text


def test_a_schema_may_leave_a_text_to_the_sender_and_its_length_open() -> None:
    free = replace(action("digitalAccessKey"), text=TextRule(0, None, required=False))
    assert check(MessageContent(), free, None, []) == []
    assert check(MessageContent(text="x" * 9000), free, None, []) == []


def test_a_template_is_not_checked_before_it_is_rendered() -> None:
    waiting = MessageContent(template=TemplateUse("late"))
    assert check(waiting, action("unexpectedProblem"), "de-DE", []) == []
    assert [each.field for each in check(waiting, action("warranty"), None, [PDF])] == [
        "template",
        "coverageStartDate",
    ]


@pytest.mark.parametrize(
    ("name", "files", "rules"),
    [
        ("confirmOrderDetails", (TXT,), ["attachments-not-taken"]),
        ("invoice", (), ["attachments-missing"]),
        ("legalDisclosure", (), ["attachments-missing"]),
        ("invoice", tuple(replace(PDF, file_name=f"{n}.pdf") for n in range(6)), ["too-many-attachments"]),
        ("invoice", tuple(replace(PDF, file_name=f"{n}.pdf") for n in range(5)), []),
    ],
)
def test_attachments_are_as_many_as_the_type_takes(
    name: str, files: tuple[Attachment, ...], rules: list[str]
) -> None:
    text = "What shall it be?" if MESSAGE_TYPES[name].text else None
    assert [rule for rule, _, _ in found(name, text, *files)] == rules


def test_counts_say_what_they_may_be() -> None:
    (many,) = check(MessageContent(text="x"), action("confirmCustomizationDetails"), None, [TXT] * 6)[:1]
    (none,) = check(MessageContent(), action("invoice"), None, [])
    free = replace(action("invoice"), attachments=AttachmentRule(2, None, required=True))
    (one,) = check(MessageContent(), free, None, [PDF])
    assert "none given" in none.text
    assert "1 given" in one.text
    assert [each.limit for each in (many, none, one)] == [
        "at most 5 attachments",
        "1 to 5 attachments",
        "at least 2 attachments",
    ]


@pytest.mark.parametrize(
    ("start", "end", "findings"),
    [
        (START, END, []),
        ("2026-01-01T00:00:00+02:00", "2026-01-01T00:00:00+01:00", []),
        (START, None, [("coverage-missing", "coverageEndDate", ERROR)]),
        (None, END, [("coverage-missing", "coverageStartDate", ERROR)]),
        (None, None, [("coverage-missing", "coverageStartDate", WARNING)]),
        (END, START, [("coverage-order", "coverageEndDate", ERROR)]),
        (START, START, [("coverage-order", "coverageEndDate", ERROR)]),
        ("2026-01-01T01:00:00+01:00", START, [("coverage-order", "coverageEndDate", ERROR)]),
        (
            "2026-01-01",
            "2027-01-01T00:00:00",
            [
                ("coverage-date-form", "coverageStartDate", ERROR),
                ("coverage-date-form", "coverageEndDate", ERROR),
            ],
        ),
    ],
)
def test_a_warrantys_dates_are_points_in_time_in_order(
    start: str | None, end: str | None, findings: list[tuple[str, str, str]]
) -> None:
    assert found("warranty", None, PDF, start=start, end=end) == findings


def test_dates_that_the_order_asks_for_must_be_there() -> None:
    asked = replace(action("warranty"), coverage_required=True)
    assert [(each.field, each.severity) for each in check(MessageContent(), asked, None, [PDF])] == [
        ("coverageStartDate", ERROR),
        ("coverageEndDate", ERROR),
    ]


def test_other_types_have_no_dates() -> None:
    assert found("invoice", None, PDF, start=START, end=END) == [
        ("coverage-not-taken", "coverageStartDate", ERROR),
        ("coverage-not-taken", "coverageEndDate", ERROR),
    ]


def test_all_findings_come_at_once_errors_first() -> None:
    text = (
        "Ihre Bestellung ist nicht da und wir haben sie für Sie <b>gesucht</b>: https://shop.example/a " * 30
    )
    rules = found(
        "unexpectedProblem",
        text + "\x07 me@shop.example",
        Attachment("a.exe", 0, b""),
        locale="en-GB",
        start=END,
    )
    assert [rule for rule, _, severity in rules if severity == ERROR] == [
        "text-too-long",
        "html",
        "email-address",
        "control-characters",
        "attachments-not-taken",
        "coverage-not-taken",
    ]
    assert [rule for rule, _, severity in rules if severity == WARNING] == ["link", "language"]
    assert [severity for _, _, severity in rules] == sorted(severity for _, _, severity in rules)


def test_no_finding_repeats_a_text_or_a_files_name() -> None:
    secret = "Kimberly"
    text = f"<b>{secret}</b> {secret}@shop.example https://{secret}.example/{secret} \x00" + secret * 200
    files = [
        Attachment(f"../{secret}.exe", 6_000_000, secret.encode()),
        Attachment(f"{secret}.png", 6_000_000, b"GIF89a"),
        Attachment(f"{secret}.png", 0, b""),
    ] * 2
    content = MessageContent(text=text, coverage_start_date=secret, coverage_end_date=secret)
    told = [
        each.document() for name in MESSAGE_TYPES for each in check(content, action(name), "de-DE", files)
    ]
    assert len({each["rule"] for each in told}) >= 13
    assert not re.search(secret, str(told), re.IGNORECASE)


def test_a_finding_is_a_document_with_every_name() -> None:
    finding = not_found(2)
    assert finding.document() == {
        "rule": "attachment-not-found",
        "field": "attachments[2]",
        "severity": "error",
        "text": finding.text,
        "limit": None,
    }
    warned = Finding("link", "text", "It has a link.", WARNING, "none")
    assert warned.document()["limit"] == "none"
    assert (has_errors([warned]), has_errors([warned, finding])) == (False, True)
    assert sentences([warned, finding]).startswith("text: It has a link.; attachments[2]: ")


def test_an_unknown_actions_name_stands_for_its_type() -> None:
    stranger = OfferedAction("somethingNew", None, "Something new")
    (finding,) = check(MessageContent(text="x"), stranger, None, [])
    assert (finding.rule, "somethingNew" in finding.text) == ("text-not-taken", True)
