"""Answers of getMessagingActionsForOrder are read in every form, and what can't be one says where."""

from __future__ import annotations

from typing import Any

import pytest

from sellerbus.messaging.actions import action_of_model, offered, read_actions
from sellerbus.messaging.catalogue import MESSAGE_TYPES, WITHDRAWN, AttachmentRule, TextRule

from .action_lists import FILES, LINK, as_in_the_model, live, names_alone, one, schema, text_field

CUSTOMIZATION = MESSAGE_TYPES["confirmCustomizationDetails"]


def test_a_live_schema_tells_the_limits_under_its_own_names() -> None:
    said = schema(
        title="Confirm customization details",
        description="Ask for details.",
        properties={
            "rawMessageBody": text_field(777, 3, "777 character limit."),
            "attachments": {**FILES, "minItems": 2, "maxItems": 4, "description": "Files."},
        },
        required=["attachments", "rawMessageBody"],
    )
    found = one("confirmCustomizationDetails", said)
    assert found.type is CUSTOMIZATION
    assert (found.title, found.description) == ("Confirm customization details", "Ask for details.")
    assert found.text == TextRule(3, 777, required=True, description="777 character limit.")
    assert found.attachments == AttachmentRule(2, 4, required=True, description="Files.")
    assert found.source == "embedded"
    assert (found.disabled, found.hidden, found.once_per_order) == (False, False, False)


def test_the_models_form_is_read_alike() -> None:
    name, said = "confirmOrderDetails", schema(properties={"rawMessageBody": text_field(1234)})
    (found,) = read_actions(as_in_the_model({name: said}))
    assert found.name == name
    assert found.source == "payload"
    assert found.text is not None
    assert found.text.maximum == 1234


def test_names_alone_get_the_models_limits() -> None:
    warranty, unknown = read_actions(names_alone("warranty", "somethingNew"))
    assert warranty.attachments == AttachmentRule(1, 5, required=True)
    assert (warranty.text, warranty.source, warranty.title) == (None, "model", "Send warranty information")
    assert (unknown.type, unknown.text, unknown.attachments) == (None, None, None)
    assert unknown.title == "somethingNew"
    for each in (warranty, unknown, action_of_model(CUSTOMIZATION)):
        assert (each.disabled, each.hidden, each.once_per_order) == (False, False, False)


def test_a_title_may_stand_outside_the_schema() -> None:
    body = live({"somethingNew": schema(title=None)})
    body["_embedded"]["actions"][0]["title"] = "Something new"
    assert [each.title for each in read_actions(body)] == ["Something new"]


def test_a_schema_without_properties_falls_back_to_the_model() -> None:
    found = one("unexpectedProblem", schema(properties=None, disabled=True, disabledReason="Not shipped."))
    assert found.text == TextRule(1, 2000, required=True)
    assert (found.source, found.disabled, found.disabled_reason) == ("model", True, "Not shipped.")


def test_a_schema_that_names_no_text_has_none_and_missing_limits_are_the_models() -> None:
    bare = one("confirmCustomizationDetails", schema(properties={"attachments": {}}, required=None))
    assert bare.text is None
    assert bare.attachments == AttachmentRule(0, 5, required=False)
    open_text = one("unexpectedProblem", schema(properties={"text": {"minLength": None}}, required=["text"]))
    assert open_text.text == TextRule(1, 2000, required=True)
    stranger = one("somethingNew", schema(properties={"rawMessageBody": {}, "attachments": {}}))
    assert stranger.text == TextRule(0, None, required=True)
    assert stranger.attachments == AttachmentRule(0, None, required=False)


@pytest.mark.parametrize(("written", "read"), [("800", 800), (" 20 ", 20), (800.0, 800), (0, 0), (None, 800)])
def test_counts_may_come_as_texts(written: Any, read: int) -> None:
    found = one("confirmCustomizationDetails", schema(properties={"rawMessageBody": text_field(written)}))
    assert found.text is not None
    assert found.text.maximum == read


@pytest.mark.parametrize(("name", "kind"), [("sendInvoice", "invoice"), ("CreateWarranty", "warranty")])
def test_live_names_are_those_of_the_operations(name: str, kind: str) -> None:
    found = one(name, schema())
    assert found.name == name
    assert found.type is MESSAGE_TYPES[kind]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("updateFeedback", "negativeFeedbackRemoval"),
        ("negativeFeedbackRemoval", "negativeFeedbackRemoval"),
        ("amazonMotors", "amazonMotors"),
    ],
)
def test_what_amazon_withdrew_is_known_as_such(name: str, kind: str) -> None:
    found = one(name, schema(properties={}))
    assert found.type is None
    assert found.withdrawn is WITHDRAWN[kind]


@pytest.mark.parametrize(
    ("description", "once"),
    [
        ("You may only send this once per order.", True),
        ("This can be sent once for each order.", True),
        ("Send it once the order has shipped.", False),
        ("", False),
    ],
)
def test_once_per_order_is_told_by_the_description(description: str, once: bool) -> None:
    assert one("confirmOrderDetails", schema(description=description)).once_per_order is once


@pytest.mark.parametrize(
    ("said", "hidden"),
    [(True, True), ("true", True), ("False", False), ("", False), (None, False), (False, False)],
)
def test_flags_may_be_missing_or_texts(said: Any, hidden: bool) -> None:
    found = one("confirmOrderDetails", schema(**{"x-ui-hidden": said}, disabled=said))
    assert (found.hidden, found.disabled) == (hidden, hidden)


def test_dates_are_asked_for_where_the_schema_has_both() -> None:
    dates = {"coverageStartDate": {"type": "string"}, "coverageEndDate": {"type": "string"}}
    asked = one("warranty", schema(properties={**dates, "attachments": FILES}, required=[*dates]))
    left = one("warranty", schema(properties={**dates, "attachments": FILES}, required=["attachments"]))
    assert (asked.coverage_required, left.coverage_required) == (True, False)


def test_links_and_embedded_actions_are_put_together() -> None:
    body = live({"warranty": schema(properties={"attachments": FILES})})
    body["_links"]["actions"].insert(0, {"href": LINK.format("legalDisclosure")})
    body["_embedded"]["actions"].append(
        {"_links": {"self": {"href": [LINK.format("invoice")]}}, "_embedded": {"schema": schema()}}
    )
    assert [(each.name, each.source) for each in read_actions(body)] == [
        ("legalDisclosure", "model"),
        ("warranty", "embedded"),
        ("invoice", "embedded"),
    ]


def test_nothing_offered_is_an_answer() -> None:
    assert read_actions(live({})) == ()
    assert read_actions({"_links": {"actions": None, "self": {"href": "/"}}, "_embedded": None}) == ()


def broken(path: str, value: Any) -> dict[str, Any]:
    """A live answer, with `value` at a path of names and numbers."""
    body: Any = live({"warranty": schema()})
    *before, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    inner = body
    for step in before:
        inner = inner[step]
    inner[last] = value
    found: dict[str, Any] = body
    return found


SCHEMA = "_embedded/actions/0/_embedded/schema"


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("_links", "no", "_links is no object"),
        ("_links/actions", {"a": 1}, "_links.actions is no list"),
        ("_links/actions/0", 3, "_links.actions[0] is no object"),
        ("_links/actions/0", {"href": "/elsewhere"}, "_links.actions[0] has no name"),
        ("_links/actions/0/name", 3, "_links.actions[0].name is no text"),
        ("_embedded/actions", "x", "_embedded.actions is no list"),
        ("_embedded/actions/0", [], "_embedded.actions[0] is no object"),
        (SCHEMA, "x", "_embedded.actions[0]._embedded.schema is no object"),
        (f"{SCHEMA}/properties", [], "schema.properties is no object"),
        (f"{SCHEMA}/required", "rawMessageBody", "schema.required is no list"),
        (f"{SCHEMA}/required", [1], "schema.required is no list of texts"),
        (f"{SCHEMA}/disabled", "perhaps", "schema.disabled is neither true nor false"),
        (f"{SCHEMA}/disabled", 1, "schema.disabled is neither true nor false"),
        (f"{SCHEMA}/title", {}, "schema.title is no text"),
        (f"{SCHEMA}/properties/rawMessageBody", 1, "properties.rawMessageBody is no object"),
        (f"{SCHEMA}/properties/rawMessageBody/maxLength", "many", "rawMessageBody.maxLength is no count"),
        (f"{SCHEMA}/properties/rawMessageBody/maxLength", -1, "rawMessageBody.maxLength is no count"),
        (f"{SCHEMA}/properties/rawMessageBody/maxLength", True, "rawMessageBody.maxLength is no count"),
        (f"{SCHEMA}/properties/rawMessageBody/minLength", 1.5, "rawMessageBody.minLength is no count"),
    ],
)
def test_what_is_no_answer_says_where(path: str, value: Any, where: str) -> None:
    with pytest.raises(ValueError) as caught:
        read_actions(broken(path, value))
    assert where in str(caught.value)


@pytest.mark.parametrize("body", [None, [], "text", {}, {"errors": [{"code": "InvalidInput"}]}])
def test_what_has_no_actions_at_all_is_refused(body: Any) -> None:
    with pytest.raises(ValueError, match="the answer"):
        read_actions(body)


def test_an_action_is_found_by_any_of_its_types_names() -> None:
    actions = read_actions(
        live({"sendInvoice": schema(disabled=True), "invoice": schema(), "updateFeedback": schema()})
    )
    assert offered(actions, "invoice") is actions[1]
    assert offered(actions[:1], "invoice") is actions[0]
    assert offered(actions, "negativeFeedbackRemoval") is actions[2]
    assert offered(actions, "warranty") is None
    assert offered(actions, "unheardOf") is None


def test_the_model_alone_makes_an_action() -> None:
    found = action_of_model(CUSTOMIZATION)
    assert (found.text, found.attachments) == (CUSTOMIZATION.text, CUSTOMIZATION.attachments)
    assert found.source == "model"
