"""What may not stand in a text is found, and what only looks like it is left alone."""

from __future__ import annotations

import time

import pytest

from sellerbus.messaging.catalogue import MESSAGE_TYPES, TextRule
from sellerbus.messaging.finding import ERROR, WARNING
from sellerbus.messaging.text_checks import text_findings

RULE = TextRule(1, 2000, required=True)


def rules(text: str) -> list[str]:
    return [each.rule for each in text_findings(text, RULE, "order completion")]


@pytest.mark.parametrize(
    "text",
    [
        "Your order is <b>late</b>.",
        "Line<br>break",
        "Line<br/>break",
        "Line<BR />break",
        "</p>",
        '<a href="/x">here</a>',
        "an unclosed <img src=x",
        "<!-- note -->",
        "<!DOCTYPE html>",
        "Tom &amp; Jerry",
        "5&nbsp;kg",
        "&#8364; 5",
        "&#x20AC; 5",
        "<svg/onload=x>",
        "an unclosed <img/src=x",
        "<o:p></o:p>",
        "<![CDATA[x]]>",
        '<?xml version="1.0"?>',
    ],
)
def test_html_is_found(text: str) -> None:
    assert rules(text) == ["html"]


@pytest.mark.parametrize(
    "text",
    [
        "a < b and c > d",
        "I <3 it",
        "3<5 and 7>5",
        "Tom & Jerry",
        "AT&T; and more",
        "-> next",
        "\uff1c重要\uff1e お知らせ",
        "<<",
        "1 </ 2",
    ],
)
def test_signs_alone_are_no_html(text: str) -> None:
    assert rules(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "write to me@shop.example",
        "ME+orders@Sub.Shop.Example!",
        "<me@shop.example>",
        "mailto:me@shop.example",
        "jörg@müller.example",
        "me\uff20shop.example",
        "me@[192.0.2.1]",
        "me (at) shop.example",
        "me [at] shop [dot] example",
        "me\u200b@shop.example",
        "me@\u2060shop.example",
        "m\u00ade@shop.exam\u00adple",
    ],
)
def test_addresses_are_found(text: str) -> None:
    assert rules(text) == ["email-address"]


@pytest.mark.parametrize(
    "text",
    ["3 @ 5.00 each", "3@5.00", "follow @shop", "meet us (at noon) today", "@", "a@b", "at the shop.Then"],
)
def test_other_uses_of_the_sign_are_no_addresses(text: str) -> None:
    assert rules(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "see https://track.example/1",
        "see HTTP://track.example",
        "www.shop.example",
        "look at shop.com please",
        "my.shop.co/path",
        "ftp://files.example",
        "Amazon.com/gp/help",
        "amazon.com.shop.net",
        "my-amazon.com is ours",
        "pay.amazon.com",
        "www.amazon.com",
        "<https://track.example/1>",
        "sftp://files.example",
        "shop\u200b.com",
    ],
)
def test_links_are_told_of(text: str) -> None:
    assert rules(text) == ["link"]


@pytest.mark.parametrize(
    "text",
    [
        "Thank you for buying at Amazon.com.",
        "Your order at amazon.co.uk and Amazon.de, thank you",
        "It is late.But it comes",
        "Version 1.2.3 of file report.pdf",
        "either/or",
        "10.50/piece",
        "e.g. this",
    ],
)
def test_other_dots_are_no_links(text: str) -> None:
    assert rules(text) == []


def test_a_link_is_a_warning_that_quotes_the_types_rule() -> None:
    for kind in MESSAGE_TYPES.values():
        if kind.text is not None:
            (finding,) = text_findings("see https://a.example/", kind.text, kind.links)
            assert finding.severity == WARNING
            assert f'"Only links related to {kind.links} are allowed."' in finding.text
    described = TextRule(1, 800, required=True, description="800 character limit. Only links about X.")
    (finding,) = text_findings("see https://a.example/", described, "order completion")
    assert '"Only links about X."' in finding.text
    assert (finding.severity, finding.limit) == (WARNING, "Only links about X.")
    assert "order completion" not in finding.text


def test_a_description_that_says_nothing_of_links_is_no_rule_about_them() -> None:
    described = TextRule(1, 800, required=True, description="800 character limit. No HTML.")
    (finding,) = text_findings("see https://a.example/", described, "order completion")
    assert '"Only links related to order completion are allowed."' in finding.text
    assert (finding.severity, finding.limit) == (WARNING, "links related to order completion")


@pytest.mark.parametrize(
    ("description", "links"),
    [
        ("Links are not allowed.", "order completion"),
        ("2000 character limit. No links, no HTML.", "order completion"),
        ("Do not include any links.", "order completion"),
        ("", ""),
    ],
)
def test_a_link_is_an_error_where_none_is_allowed(description: str, links: str) -> None:
    rule = TextRule(1, 2000, required=True, description=description)
    (finding,) = text_findings("see https://a.example/", rule, links)
    assert (finding.rule, finding.severity, finding.limit) == ("link", ERROR, "none")
    assert description in finding.text


@pytest.mark.parametrize(
    "sign", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ufffe", "\U0001ffff", "\ufdd0", "\u202e"]
)
def test_control_characters_are_found(sign: str) -> None:
    assert rules(f"Hello{sign}!") == ["control-characters"]


@pytest.mark.parametrize(
    "text", ["one\ntwo\r\n\tthree", "👩‍👩‍👧 ok", "שלום \u2066abc\u2069", "soft\u00adhyphen"]
)
def test_line_breaks_and_signs_of_scripts_are_text(text: str) -> None:
    assert rules(text) == []


def test_an_empty_text_that_need_not_be_there_is_fine() -> None:
    free = TextRule(0, 100, required=False)
    assert list(text_findings("", free, "x")) == []
    assert [each.rule for each in text_findings("  ", free, "x")] == ["text-missing"]


@pytest.mark.parametrize("text", ["\u200b", "\u2060 \ufeff", "\u00ad", "\u3164", "\u2800\n"])
def test_a_text_of_which_nothing_can_be_seen_is_none(text: str) -> None:
    assert rules(text) == ["text-missing"]


HOSTILE = [
    "a",
    "<a ",
    "<a",
    "</",
    "a@",
    "a.",
    "@a.",
    "www.",
    "a(at)",
    "&a",
    "&#1",
    "x://",
    "a-",
    "\u0301\u0316",
]


@pytest.mark.parametrize("piece", [*HOSTILE, "\ufdfa", "x" * 63 + ".", "amazon.", "{", " ", "a ="])
def test_no_text_takes_long_to_be_checked(piece: str) -> None:
    for text in (piece * (20_000 // len(piece)), f"<a {piece * 5_000}", f"a@{piece * 5_000}"):
        began = time.process_time()
        list(text_findings(text, RULE, "order completion"))
        assert time.process_time() - began < 2
