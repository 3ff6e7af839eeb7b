"""Each kind of processing report, read as one shape."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sellerbus.feeds.reports.model import LONGEST_TEXT, BrokenReportError, Counts, ReportMessage
from sellerbus.feeds.reports.report import Report, json_lines
from tests.unit.feeds.reports import EASY_SHIP, FLAT_FILE, XML, in_pieces, listings, read, read_broken

ISSUE: dict[str, Any] = {
    "messageId": 4,
    "sku": "SKU-4",
    "code": "90220",
    "severity": "ERROR",
    "message": "'[batteries_required]' is required but not supplied.",
    "attributeName": "batteries_required",
}


def test_json_listings() -> None:
    warning = {"severity": "WARNING", "message": "Of the whole feed."}
    report, messages = read(
        listings([ISSUE, ISSUE, warning], errors=2, warnings=1, messagesProcessed=5, messagesAccepted=4,
                 messagesInvalid=1)
    )  # fmt: skip
    assert messages == [
        ReportMessage(4, "SKU-4", "90220", "ERROR", ISSUE["message"], "batteries_required"),
        ReportMessage(4, "SKU-4", "90220", "ERROR", ISSUE["message"], "batteries_required"),
        ReportMessage(None, None, None, "WARNING", "Of the whole feed."),
    ]
    assert report.kind == "json-listings"
    assert report.facts == {"sellerId": "A1", "version": "2.0", "feedId": "50021018827"}
    assert report.totals.told == Counts(
        processed=5, successful=4, with_errors=1, errors=2, warnings=1, with_warnings=None
    )
    assert report.totals.counted == Counts(with_errors=1, with_warnings=0, errors=2, warnings=1)
    assert report.totals.differing == ()


def test_listing_data_is_no_result_and_its_issues_are_not_the_feeds() -> None:
    document = json.loads(listings([ISSUE], errors=1, messagesInvalid=1))
    document["items"] = [{"sku": "SKU-9", "issues": [ISSUE], "attributes": {"issues": [[{"message": "x"}]]}}]
    report, messages = read(json.dumps(document))
    assert [row.sku for row in messages] == ["SKU-4"]
    assert report.totals.differing == ()


def test_a_summary_that_comes_first_and_values_of_another_type() -> None:
    text = (
        '{"summary":{"errors":"3","messagesProcessed":true,"warnings":0},"issues":[{"messageId":"7","sku":5,'
        '"code":90220,"severity":"Strange","message":null,"attributeNames":["a","b"],"hint":{"x":1},"more":1.5}]}'
    )
    report, messages = read(text)
    assert messages == [ReportMessage(7, "5", "90220", "ERROR", "", "a, b", {"more": "1.5"})]
    assert (report.totals.told.errors, report.totals.told.processed) == (3, None)


def test_an_error_list_in_place_of_the_report() -> None:
    report, messages = read('{"errors":[{"code":"InternalFailure","message":"Try again.","details":"D"}]}')
    assert messages == [
        ReportMessage(None, None, "InternalFailure", "ERROR", "Try again.", None, {"details": "D"})
    ]
    assert report.kind == "json"


def test_xml_processing_report() -> None:
    report, messages = read(XML)
    assert messages == [
        ReportMessage(
            3, None, "18028", "ERROR", "The data is <wrong>.", None, {"AmazonOrderID": "203-2465793-0909105"}
        ),
        ReportMessage(5, "SKU-5", "8560", "ERROR", "No such item."),
        ReportMessage(7, None, "8026", "WARNING", "Mind this."),
    ]
    assert report.kind == "xml-processing-report"
    assert report.facts == {
        "root": "AmazonEnvelope",
        "MerchantIdentifier": "A1",
        "DocumentTransactionID": "507268018841",
        "StatusCode": "Complete",
    }
    assert report.totals.told == Counts(processed=14, successful=12, with_errors=2, with_warnings=1)
    assert report.totals.differing == ()


def test_easy_ship_gives_the_reference_of_the_documents() -> None:
    report, messages = read(EASY_SHIP)
    details = {
        "AmazonOrderID": "701-5497852-1014649",
        "DocumentReportReferenceId": "amzn1.easyship.document.1",
    }
    assert messages == [ReportMessage(1, None, None, "INFO", "", None, details)]
    assert (report.kind, report.facts["FeedSubmissionID"]) == ("xml", "378823020417")
    assert report.totals.told == Counts(processed=1, successful=1, with_errors=0)


def test_xml_with_prefixes_and_a_root_that_nobody_knows() -> None:
    _, messages = read(
        '<n:Odd xmlns:n="x"><n:Error><n:Code>C</n:Code><n:Message>M</n:Message></n:Error></n:Odd>'
    )
    assert messages == [ReportMessage(None, None, "C", "ERROR", "M")]
    report, messages = read("<Odd><Warning>only text</Warning><MessagesProcessed>x</MessagesProcessed></Odd>")
    assert messages == [ReportMessage(None, None, None, "WARNING", "only text")]
    assert report.totals.told == Counts()
    assert report.notes == ("the report's number of messages (processed) is no number",)


def test_several_reports_in_one_envelope_add_up() -> None:
    part = "<Message><ProcessingReport><MessagesProcessed>2</MessagesProcessed></ProcessingReport></Message>"
    report, _ = read(f"<AmazonEnvelope>{part}{part}</AmazonEnvelope>")
    assert report.totals.told.processed == 4


def test_flat_file() -> None:
    report, messages = read(FLAT_FILE)
    assert [(row.message_id, row.sku, row.code, row.severity) for row in messages] == [
        (1, "SKU-000001", "8560", "ERROR"),
        (2, "SKU-000002", "6039", "ERROR"),
        (2, "SKU-000002", "8026", "WARNING"),
    ]
    assert messages[0].message == "SKU SKU-000001, Missing Attributes product_type."
    assert report.kind == "flat-file"
    assert report.totals.told == Counts(processed=4, successful=2)
    assert report.totals.counted.with_errors == 2
    assert report.notes == ()


def test_flat_file_of_orders() -> None:
    text = (
        "Feed Processing Summary:\r\n\tNumber of records processed\t\t1\r\n"
        "\tNumber of records with errors\t\t1\r\n\tNumber of records with warnings\t\t0\r\n\r\n"
        "original-record-number\torder-id\torder-item-id\terror-code\terror-type\terror-message\r\n"
        "0\t\t\t90012\tFatal\tThe required order-id field is missing from the file.\r\n"
        "2\t203-1\t41\t90061\tStrange\ta\ttab\r\n"
    )
    report, messages = read(text)
    assert messages == [
        ReportMessage(None, None, "90012", "ERROR", "The required order-id field is missing from the file."),
        ReportMessage(
            2, None, "90061", "ERROR", "a\ttab", None, {"order-id": "203-1", "order-item-id": "41"}
        ),
    ]
    assert report.totals.told == Counts(processed=1, with_errors=1, with_warnings=0)


def test_a_message_of_several_lines_and_a_second_section() -> None:
    text = (
        "record_number\tError Code\tError Message\n"
        "1\t1\tfirst\nsecond\u2028half\n"
        "SKU\tError-Type\tMessage\n"
        "S-1\tWarning\tx"
    )
    _, messages = read(text)
    assert messages == [
        ReportMessage(1, None, "1", "ERROR", "first\nsecond\u2028half"),
        ReportMessage(None, "S-1", None, "WARNING", "x"),
    ]


def test_a_summary_in_another_language_is_kept_as_it_is() -> None:
    text = "Zusammenfassung:\n\tAnzahl der Datensätze\t\t4\n" + FLAT_FILE.split("\n\n")[1]
    report, messages = read(text.encode("cp1252"), "windows-1252")
    assert len(messages) == 3
    assert report.notes == ("Zusammenfassung:", "Anzahl der Datensätze\t\t4")
    assert report.totals.told == Counts()


def test_plain_text() -> None:
    report, messages = read("We had a problem.\n\nTry again.\n")
    assert messages == [
        ReportMessage(None, None, None, "INFO", "We had a problem."),
        ReportMessage(None, None, None, "INFO", "Try again."),
    ]
    assert report.kind == "text"
    report, messages = read("line\n" * 1203, length=100)
    assert len(messages) == 1000
    assert report.notes == ("203 further lines are in the original only",)


@pytest.mark.parametrize("content", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_empty(content: bytes) -> None:
    report, messages = read(content)
    assert (report.kind, messages, report.totals.told) == ("empty", [], Counts())


@pytest.mark.parametrize(
    ("charset", "codec"),
    [("windows-31j", "cp932"), ("UTF-8", "utf-8"), (None, "utf-8-sig"), (None, "utf-16")],
)
@pytest.mark.parametrize("length", [1, 2, 1000])
def test_charsets_across_the_seams_of_pieces(charset: str | None, codec: str, length: int) -> None:
    text = FLAT_FILE.replace("Missing Attributes", "商品名がありません")
    report, messages = read(text.encode(codec), charset, length)
    assert messages[0].message == "SKU SKU-000001, 商品名がありません product_type."
    assert report.notes == ()


def test_what_the_transport_says_of_the_charset_goes_before_the_xml_declaration() -> None:
    text = '<?xml version="1.0" encoding="{}"?><a><Error><Code>é</Code></Error></a>'
    assert read(text.format("UTF-8").encode("cp1252"), "windows-1252")[1][0].code == "é"
    assert read(text.format("windows-1252").encode("cp1252"), None, 1000)[1][0].code == "é"


def test_bytes_of_another_charset_lose_a_letter_and_not_the_report() -> None:
    report, messages = read(
        '{"issues":[{"severity":"ERROR","message":"L\xe9gal"}]}'.encode("cp1252"), "utf-8"
    )
    assert messages[0].message == "L\ufffdgal"
    assert report.notes == ("some characters are not of the report's charset and are shown as \ufffd",)


@pytest.mark.parametrize("charset", ["zlib", "klingon", "idna-what"])
def test_a_charset_that_is_none(charset: str) -> None:
    _, messages, error = read_broken(FLAT_FILE, charset)
    assert messages == []
    assert "could be read only in part, 0 messages" in str(error)


def test_totals_that_differ_are_given_both_ways() -> None:
    report, _ = read(listings([ISSUE], errors=7, messagesInvalid=1, messagesProcessed=9))
    assert report.totals.differing == ("errors",)
    assert report.totals.document() == {
        "processed": 9,
        "successful": 0,
        "withErrors": 1,
        "withWarnings": 0,
        "errors": 7,
        "warnings": 0,
        "differing": {"errors": {"told": 7, "counted": 1}},
    }


def test_a_json_report_cut_short_keeps_what_was_read() -> None:
    content = listings([ISSUE] * 5)
    report, messages, error = read_broken(content[: content.rindex(b"batteries")])
    assert len(messages) == 4
    assert (error.messages_read, error.kind) == (4, "json-listings")
    assert "4 messages: it is not complete" in str(error)
    assert report.totals.counted.errors == 4


def test_an_xml_report_cut_short_keeps_what_was_read() -> None:
    _, messages, error = read_broken(XML[: XML.index("<AdditionalInfo><SKU>")])
    assert [row.message_id for row in messages] == [3]
    assert "not well-formed" in error.detail
    _, messages, _ = read_broken(XML[: XML.index("<AdditionalInfo><SKU>")], length=100_000)
    assert [row.message_id for row in messages] == [3]


def test_faults_do_not_quote_the_report() -> None:
    _, _, error = read_broken('{"issues":[{"message":"buyer Jane Doe","sku":tru')
    assert "Jane" not in str(error)
    _, _, error = read_broken("<a><Jane></Doe></a>")
    assert "Jane" not in str(error)


def test_long_texts_are_cut() -> None:
    long = "x" * (LONGEST_TEXT + 50)
    for content in (
        listings([{**ISSUE, "message": long}]),
        f"<a><Error><Message>{long}</Message></Error></a>",
        f"sku\terror-code\terror-message\nS\t1\t{long}",
    ):
        _, messages = read(content, length=1000)
        assert messages[0].message == "x" * (LONGEST_TEXT - 1) + "…"


def test_json_lines() -> None:
    _, messages = read(XML)
    lines = b"".join(json_lines(messages)).decode().splitlines()
    assert [json.loads(line) for line in lines] == [row.document() for row in messages]
    assert json.loads(lines[2]) == {
        "messageId": 7,
        "sku": None,
        "code": "8026",
        "severity": "WARNING",
        "message": "Mind this.",
        "attribute": None,
    }
    assert list(json_lines([])) == []


def test_json_lines_come_in_pieces_and_before_the_error() -> None:
    many = [ReportMessage(n, None, None, "ERROR", "é" * 100) for n in range(5000)]
    pieces = list(json_lines(many))
    assert len(pieces) > 5
    assert max(map(len, pieces)) < 160_000
    assert b"".join(pieces).count(b"\n") == 5000
    content = listings([ISSUE] * 3)
    stream = json_lines(Report(in_pieces(content[: content.index(b'"summary')], 64)).messages())
    assert next(stream).count(b"\n") == 3
    with pytest.raises(BrokenReportError):
        next(stream)


def test_half_a_surrogate_pair_does_not_break_the_lines() -> None:
    line = b"".join(json_lines([ReportMessage(1, "\ud800", None, "ERROR", "x")]))
    assert json.loads(line)["sku"] == "?"
