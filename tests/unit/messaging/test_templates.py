"""Templates are checked when they are put, rendered in the buyer's language, and expand nothing twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sellerbus.api.endpoints import MARKETPLACES
from sellerbus.messaging.finding import ERROR, WARNING
from sellerbus.messaging.stores import store_name
from sellerbus.messaging.template_names import personal
from sellerbus.messaging.templates import (
    Template,
    TemplateError,
    inspect,
    parse,
    render,
    template_key,
    unknown_template,
)

ORDER = "902-6786204-8179805"
GOOD: dict[str, Any] = {
    "messageType": "createUnexpectedProblem",
    "texts": {
        "en-US": "Order {orderId} from {marketplace} is late: {reason}. {{sorry}}",
        "de-DE": "Bestellung {orderId} verspätet sich: {reason}.",
    },
    "placeholders": ["reason"],
}


def template(**said: Any) -> Template:
    return parse("late", json.dumps({**GOOD, **said}).encode())


def rendered(
    found: Template,
    locale: str | None = "en-US",
    *,
    message_type: str = "unexpectedProblem",
    marketplace_id: str = "ATVPDKIKX0DER",
    **values: str,
) -> str:
    return render(
        found,
        message_type=message_type,
        locale=locale,
        amazon_order_id=ORDER,
        marketplace_id=marketplace_id,
        values=values,
    )


def refused(found: Template, **asked: Any) -> list[tuple[str, str]]:
    with pytest.raises(TemplateError) as caught:
        rendered(found, **asked)
    return [(each.rule, each.field) for each in caught.value.findings]


def told(said: Any) -> list[tuple[str, str, str]]:
    document = said if isinstance(said, bytes) else json.dumps(said).encode()
    return [(each.rule, each.field, each.severity) for each in inspect("late", document)[1]]


def test_a_template_is_read_and_rendered() -> None:
    found = template()
    assert (found.name, found.message_type.name, found.placeholders) == (
        "late",
        "unexpectedProblem",
        ("reason",),
    )
    assert rendered(found, reason="snow") == f"Order {ORDER} from Amazon.com is late: snow. {{sorry}}"
    assert rendered(found, "de-DE", reason="Schnee") == f"Bestellung {ORDER} verspätet sich: Schnee."
    assert template_key("late") == "templates/late.json"


def test_values_are_not_expanded_again() -> None:
    text = rendered(template(), "de-DE", reason="{orderId} {{x}} {reason} }")
    assert text == f"Bestellung {ORDER} verspätet sich: {{orderId}} {{{{x}}}} {{reason}} }}."


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en-US", "US"),
        ("EN_us", "US"),
        ("en-AU", "GB"),
        ("de-AT", "language alone"),
        ("de-CH", "Swiss"),
        ("zh-TW", "traditional"),
        ("zh-HK", "traditional"),
        ("zh-SG", "simplified"),
    ],
)
def test_the_locale_goes_before_its_language(locale: str, text: str) -> None:
    found = template(
        texts={
            "en-US": "US",
            "en-GB": "GB",
            "de-CH": "Swiss",
            "de": "language alone",
            "zh-CN": "simplified",
            "zh-Hant": "traditional",
        },
        placeholders=[],
    )
    assert rendered(found, locale) == text


@pytest.mark.parametrize("locale", ["fr-FR", None, ""])
def test_without_a_text_in_the_buyers_language_nothing_is_rendered(locale: str | None) -> None:
    assert refused(template(), locale=locale, reason="x") == [("template-locale", "template")]


def test_all_that_is_wrong_with_a_use_is_told_at_once_and_no_value() -> None:
    with pytest.raises(TemplateError) as caught:
        rendered(
            template(placeholders=["reason", "day"]), "fr-FR", message_type="invoice", day=" ", other="Jane"
        )
    assert [(each.rule, each.field) for each in caught.value.findings] == [
        ("template-placeholder", "messageType"),
        ("template-placeholder", "template.values.reason"),
        ("template-placeholder", "template.values.day"),
        ("template-placeholder", "template.values"),
        ("template-locale", "template"),
    ]
    assert str(caught.value).startswith("messageType: the template is for messages of type unexpectedProblem")
    assert "Jane" not in str(caught.value)


def test_a_text_in_the_place_of_a_placeholders_name_is_not_repeated() -> None:
    with pytest.raises(TemplateError) as caught:
        rendered(template(), "en-US", reason="x", other="y", **{"Dear Jane": "z"})
    assert "declares no placeholder 'other', 1 more" in str(caught.value)
    assert "Jane" not in repr(caught.value.findings)


def test_what_is_always_there_is_not_to_be_given() -> None:
    assert refused(template(), reason="x", orderId="1") == [("template-placeholder", "template.values")]


@pytest.mark.parametrize(
    ("said", "field", "text"),
    [
        (b"[]", "template", "must be an object"),
        (b"\xff", "template", "not in UTF-8"),
        (b'{"texts": {}, "texts": {}}', "template", "twice"),
        (b" " * 300_000, "template", "more than 262144 bytes"),
        ({**GOOD, "messageType": None}, "messageType", "is missing"),
        ({**GOOD, "messageType": "invoice"}, "messageType", "that has a text"),
        ({**GOOD, "messageType": "updateFeedback"}, "messageType", "that has a text"),
        ({**GOOD, "messageType": "greeting"}, "messageType", "that has a text"),
        ({**GOOD, "title": "x"}, "template", "unknown 'title'"),
        ({**GOOD, "texts": {}, "placeholders": []}, "texts", "1 to 100 texts"),
        ({**GOOD, "texts": [], "placeholders": []}, "texts", "must be an object"),
        ({**GOOD, "texts": {"english": "{reason}"}}, "texts.english", "named by no locale"),
        ({**GOOD, "texts": {"en-US": 3}}, "texts.en-US", "must be a text"),
        ({**GOOD, "texts": {"en-US": " "}}, "texts.en-US", "must be a text"),
        ({**GOOD, "texts": {"en-US": "{reason} {order Id}"}}, "texts.en-US", "brace"),
        ({**GOOD, "texts": {"en-US": "{reason} {"}}, "texts.en-US", "brace"),
        ({**GOOD, "texts": {"en-US": "{reason} }"}}, "texts.en-US", "brace"),
        ({**GOOD, "texts": {"en-US": "{reason} {}"}}, "texts.en-US", "brace"),
        ({**GOOD, "placeholders": "reason"}, "placeholders", "must be a list"),
        ({**GOOD, "placeholders": ["reason", "a b"]}, "placeholders[1]", "such as trackingLink"),
        ({**GOOD, "placeholders": ["reason", 3]}, "placeholders[1]", "such as trackingLink"),
        ({**GOOD, "placeholders": ["reason", "orderId"]}, "placeholders[1]", "always there"),
        ({**GOOD, "placeholders": ["reason", "reason"]}, "placeholders[1]", "declared twice"),
        ({**GOOD, "placeholders": ["reason", "x"] * 26}, "placeholders", "at most 50"),
    ],
)
def test_what_is_no_template_is_refused(said: Any, field: str, text: str) -> None:
    document = said if isinstance(said, bytes) else json.dumps(said).encode()
    with pytest.raises(TemplateError) as caught:
        parse("late", document)
    by_field = {each.field: each for each in caught.value.findings}
    assert len(by_field) == len(caught.value.findings)
    assert text in by_field[field].text
    assert by_field[field].rule == "template-form"


def test_placeholders_are_declared_and_used() -> None:
    said = {**GOOD, "texts": {"en-US": "{orderId} {day}", "de": "{reason}"}}
    assert told(said) == [
        ("template-placeholder", "texts.en-US", ERROR),
        ("template-placeholder", "texts.en-US", WARNING),
    ]


def test_a_placeholder_that_is_refused_is_not_called_undeclared_as_well() -> None:
    said = {**GOOD, "texts": {"en": "{buyerName} {phone}"}, "placeholders": ["buyerName"]}
    _, findings = inspect("late", json.dumps(said).encode())
    assert [(each.field, each.text.partition(",")[0]) for each in findings] == [
        ("placeholders[0]", "buyerName means what is known of the buyer: a buyer's name"),
        ("texts.en", "it uses phone"),
    ]


def test_texts_are_checked_as_all_texts_are() -> None:
    said = {
        "messageType": "digitalAccessKey",
        "texts": {"en": "<b>{orderId}</b> me@shop.example", "de": "x" * 401, "fr": "https://a.example/{key}"},
        "placeholders": ["key"],
    }
    assert [each for each in told(said) if each[0] != "template-placeholder"] == [
        ("html", "texts.en", ERROR),
        ("email-address", "texts.en", ERROR),
        ("text-too-long", "texts.de", ERROR),
        ("link", "texts.fr", WARNING),
    ]


def test_everything_wrong_is_told_at_once() -> None:
    said = {"messageType": "x", "texts": {"e": "y", "de": "{day} <b>"}, "placeholders": ["buyerName"], "z": 1}
    assert [field for _, field, _ in told(said)] == [
        "template",
        "messageType",
        "placeholders[0]",
        "texts.e",
        "texts.de",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "name",
        "Name",
        "firstName",
        "lastname",
        "buyerName",
        "buyer",
        "customername",
        "recipientCity",
        "street",
        "shippingAddress",
        "shippingaddress",
        "phone",
        "PHONE_NUMBER",
        "mobilePhone",
        "eMail",
        "email",
        "emailAddress",
        "zip",
        "postCode",
    ],
)
def test_names_of_buyers_data_are_refused(name: str) -> None:
    assert personal(name)
    found = {
        each.field: each.rule
        for each in inspect("t", json.dumps({**GOOD, "placeholders": ["reason", name]}).encode())[1]
    }
    assert found["placeholders[1]"] == "template-placeholder"


@pytest.mark.parametrize(
    "name",
    [
        "trackingLink",
        "deliveryDate",
        "productName",
        "carrierPhone",
        "returnAddress",
        "accessKey",
        "itemCount",
        "zipperColour",
        "addressedTo",
        "unnamed",
    ],
)
def test_other_names_are_taken(name: str) -> None:
    assert not personal(name)


def test_every_store_has_a_name() -> None:
    names = [store_name(row.marketplace_id) for row in MARKETPLACES]
    assert len(set(names)) == len(names)
    assert {"Amazon.com", "Amazon.co.uk", "Amazon.de", "Amazon.co.jp", "Amazon.com.mx"} <= set(names)


def test_a_template_that_is_not_there_is_a_finding() -> None:
    assert unknown_template("late").rule == "template-unknown"
