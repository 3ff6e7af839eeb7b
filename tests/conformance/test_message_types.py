"""The catalogue of message types says what Amazon's model says, and Amazon's own lists are read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sellerbus.api import operations
from sellerbus.messaging.actions import offered, read_actions
from sellerbus.messaging.catalogue import MESSAGE_TYPES, WITHDRAWN, MessageType, message_type
from sellerbus.messaging.checks import check
from sellerbus.messaging.content import MessageContent

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("SP_API_MODELS") or ROOT.parent / "shared" / "sp-api-models") / "messaging"
MODEL = FOLDER / "messaging.json"
LIVE = FOLDER / "getMessagingActionsForOrder.live-example.json"
SEGMENT = "/messages/"

pytestmark = pytest.mark.skipif(
    not (MODEL.is_file() and LIVE.is_file()), reason=f"Amazon's messaging model is not in {FOLDER}"
)


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def operations_of_model() -> dict[str, dict[str, Any]]:
    """The operations that send, by the last segment of their path."""
    return {
        path.partition(SEGMENT)[2]: row["post"]
        for path, row in read(MODEL)["paths"].items()
        if SEGMENT in path
    }


def properties(operation: dict[str, Any]) -> dict[str, Any]:
    """The properties of an operation's request body."""
    body = next(row for row in operation["parameters"] if row.get("in") == "body")
    name = body["schema"]["$ref"].rpartition("/")[2]
    found: dict[str, Any] = read(MODEL)["definitions"][name]["properties"]
    return found


def test_every_type_is_there_and_no_other() -> None:
    assert set(MESSAGE_TYPES) == set(operations_of_model())
    assert not set(WITHDRAWN) & set(operations_of_model())


@pytest.mark.parametrize("kind", MESSAGE_TYPES.values(), ids=lambda kind: kind.name)
def test_a_types_fields_and_limits_are_the_models(kind: MessageType) -> None:
    operation = operations_of_model()[kind.name]
    fields = properties(operation)
    assert kind.operation == operation["operationId"]
    assert message_type(kind.operation) is kind
    assert set(fields) == {
        *(["text"] if kind.text else []),
        *(["attachments"] if kind.attachments else []),
        *(["coverageStartDate", "coverageEndDate"] if kind.coverage else []),
    }
    if kind.text:
        assert (kind.text.minimum, kind.text.maximum) == (
            fields["text"]["minLength"],
            fields["text"]["maxLength"],
        )
        rule = fields["text"]["description"].lower()
        assert kind.links.removeprefix("the ").lower() in rule
        assert "do not include html or email addresses" in rule
    if kind.attachments:
        # In the model, lengths of lists stand where numbers of items are meant.
        said = fields["attachments"]
        assert (kind.attachments.minimum, kind.attachments.maximum) == (
            said.get("minLength", 0),
            said["maxLength"],
        )
    assert all(fields[name]["format"] == "date-time" for name in fields if name.startswith("coverage"))


def test_every_type_has_its_operation_in_the_table() -> None:
    names = {row.name for row in operations.OPERATIONS.values()}
    assert {kind.operation for kind in MESSAGE_TYPES.values()} <= names
    assert not {alias for row in WITHDRAWN.values() for alias in row.aliases} & names


def test_the_sandboxs_list_is_read_and_its_withdrawn_types_are_known() -> None:
    row = read(MODEL)["paths"]["/messaging/v1/orders/{amazonOrderId}"]["get"]["responses"]["200"]
    cases = row["x-amzn-api-sandbox"]["static"]
    answers = [case["response"] for case in cases if "_links" in case["response"]]
    assert answers
    for answer in answers:
        actions = read_actions(answer)
        # The eleventh is GetAttributes, which sends nothing.
        listed = [each["name"] for each in answer["_links"]["actions"]]
        assert [each.name for each in actions] == [name for name in listed if name != "attributes"]
        assert len(actions) == 10
        assert {action.source for action in actions} == {"model"}
        assert all(action.type or action.withdrawn for action in actions)
        assert {each.withdrawn.name for each in actions if each.withdrawn} == set(WITHDRAWN)


def test_amazons_live_example_is_read() -> None:
    actions = read_actions(read(LIVE))
    feedback, problem, invoice = actions
    assert [each.name for each in actions] == ["updateFeedback", "unexpectedProblem", "sendInvoice"]
    assert {each.source for each in actions} == {"embedded"}
    assert [each.hidden for each in actions] == [True, False, False]
    assert [each.once_per_order for each in actions] == [True, False, False]
    assert feedback.withdrawn is WITHDRAWN["negativeFeedbackRemoval"]
    assert (problem.type, invoice.type) == (MESSAGE_TYPES["unexpectedProblem"], MESSAGE_TYPES["invoice"])
    assert problem.text is not None
    assert (problem.text.minimum, problem.text.maximum, problem.text.required) == (1, 2000, True)
    assert (problem.attachments, invoice.text) == (None, None)
    assert invoice.attachments is not None
    assert (invoice.attachments.minimum, invoice.attachments.maximum) == (1, 5)
    assert "less than 10 MB" in invoice.attachments.description


def test_the_live_rule_on_links_is_quoted() -> None:
    problem = offered(read_actions(read(LIVE)), "unexpectedProblem")
    assert problem is not None
    assert problem.text is not None
    (finding,) = check(MessageContent(text="See https://shop.example/late"), problem, "en-US", [])
    assert (finding.rule, finding.severity) == ("link", "warning")
    (rule,) = [each for each in problem.text.description.split(". ") if "links" in each]
    assert rule in finding.text
    assert rule in str(finding.limit)


def guide_example() -> dict[str, Any]:
    """The list of actions in the guide "Send a message", as the guide writes it: a customisation may be
    asked for with a text and files, details of the order with a text alone.
    """

    def action(name: str, title: str, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
        link = {"href": f"/messaging/v1/orders/902-6786204-8179805{SEGMENT}{name}", "name": name}
        schema = {"type": "object", "name": name, "title": title, "properties": fields, **more}
        return {
            "_links": {"schema": link, "self": link},
            "_embedded": {"schema": {"_links": {"self": link}, "required": list(fields), **schema}},
            "name": name,
            "title": title,
        }

    text = {"type": "string", "minLength": 1, "x-ui-field-type": "text"}
    files = {"type": "array", "maxItems": 5, "items": {"type": "object", "required": []}}
    embedded = [
        action(
            "confirmCustomizationDetails",
            "Confirm customization details",
            {"attachments": files, "rawMessageBody": {**text, "maxLength": 800}},
            **{"x-ui-hidden": None},
        ),
        action("negativeFeedbackRemoval", "Request to update", {}, **{"x-ui-hidden": True}),
        action(
            "confirmOrderDetails", "Confirm order details", {"rawMessageBody": {**text, "maxLength": 2000}}
        ),
    ]
    return {
        "_links": {"self": {"href": "/"}, "actions": [each["_links"]["self"] for each in embedded]},
        "_embedded": {"actions": embedded},
    }


def test_the_guides_example_is_read() -> None:
    customization, feedback, details = read_actions(guide_example())
    assert customization.type is MESSAGE_TYPES["confirmCustomizationDetails"]
    assert customization.title == "Confirm customization details"
    assert not customization.hidden
    assert customization.text is not None
    assert customization.text.maximum == 800
    # The list of files must be there, and may be empty: the guide's schema has no minItems.
    assert customization.attachments is not None
    assert (customization.attachments.required, customization.attachments.minimum) == (True, 0)
    assert feedback.hidden
    assert feedback.withdrawn is not None
    assert details.text is not None
    assert (details.text.maximum, details.attachments) == (2000, None)
