"""What an order offers now, read from the answer of getMessagingActionsForOrder. Pure.

Three forms of the answer are known: the live one, with each action's JSON schema in `_embedded.schema`; the
model's, with it in `_embedded.schema.payload`; and the static sandbox's, with the names alone. A live schema
calls the text `rawMessageBody`, the operations' bodies call it `text`; an action may be named after its
operation (`sendInvoice`), not after its path. Names that nobody here knows are kept, without a type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sellerbus.messaging.answer_fields import count_of, flag_of, list_in, object_in, text_of, texts_in
from sellerbus.messaging.catalogue import (
    AttachmentRule,
    MessageType,
    TextRule,
    WithdrawnType,
    known_type,
)

EMBEDDED: Final = "embedded"
PAYLOAD: Final = "payload"
MODEL: Final = "model"

# The sandbox lists GetAttributes among the actions: it sends nothing.
_ATTRIBUTES: Final = "attributes"

_ONCE: Final = re.compile(r"\bonce\s+(?:per|for\s+(?:an|each|every|the))\s+order\b", re.IGNORECASE)
_IN_HREF: Final = re.compile(r"/messages/([^/?#\s]+)")


@dataclass(frozen=True)
class OfferedAction:
    """One action. name: as the list has it. type: None where no operation sends it; withdrawn says then
    whether Amazon took it away. hidden: not to be shown to choose from (x-ui-hidden).

    once_per_order: its description says that it can be sent only once for an order. text, attachments: by the
    order's schema, else by the model; None where the action takes none. coverage_required: the schema asks
    for both dates. source: where the rules are from, "embedded", "payload" or "model".
    """

    name: str
    type: MessageType | None
    title: str
    description: str = ""
    disabled: bool = False
    disabled_reason: str | None = None
    hidden: bool = False
    once_per_order: bool = False
    text: TextRule | None = None
    attachments: AttachmentRule | None = None
    source: str = MODEL
    coverage_required: bool = False
    withdrawn: WithdrawnType | None = None


def action_of_model(kind: MessageType) -> OfferedAction:
    """What Amazon's model alone says of a type: for checks that have no order's list at hand."""
    return OfferedAction(kind.name, kind, kind.title, text=kind.text, attachments=kind.attachments)


def read_actions(body: object) -> tuple[OfferedAction, ...]:
    """Return the order's actions in the answer's order; none where it offers none.

    Raises ValueError, which tells where the answer is not what it should be and quotes none of it.
    """
    answer = object_in(body, "the answer")
    links = object_in(answer.get("_links"), "_links")
    embedded = object_in(answer.get("_embedded"), "_embedded")
    if not links and not embedded:
        raise ValueError("the answer has neither _links nor _embedded")
    schemas: dict[str, Mapping[str, Any]] = {}
    names: dict[str, str] = {}
    for number, link in enumerate(list_in(links.get("actions"), "_links.actions")):
        where = f"_links.actions[{number}]"
        name = _name(object_in(link, where), where)
        if name != _ATTRIBUTES:
            names.setdefault(name, "")
    for number, row in enumerate(list_in(embedded.get("actions"), "_embedded.actions")):
        where = f"_embedded.actions[{number}]"
        action = object_in(row, where)
        name = _name(action, where)
        if name not in schemas:
            names[name] = where
            schemas[name] = action
    return tuple(_action(name, schemas.get(name, {}), where) for name, where in names.items())


def offered(actions: tuple[OfferedAction, ...], name: str) -> OfferedAction | None:
    """Return the action that stands for a message type, given by any of its names; None if there is none.

    One that is not disabled goes before one that is.
    """
    wanted = known_type(name)
    found = [
        action
        for action in actions
        if action.name == name or (wanted is not None and wanted in (action.type, action.withdrawn))
    ]
    return min(found, key=lambda action: action.disabled, default=None)


def _action(name: str, action: Mapping[str, Any], where: str) -> OfferedAction:
    schema, source, where = _schema(action, where)
    found = known_type(name)
    kind = found if isinstance(found, MessageType) else None
    withdrawn = found if isinstance(found, WithdrawnType) else None
    title = text_of(schema, "title", where) or text_of(action, "title", where)
    description = text_of(schema, "description", where)
    common = OfferedAction(
        name=name,
        type=kind,
        title=title or (kind.title if kind else name),
        description=description,
        disabled=flag_of(schema, "disabled", where),
        disabled_reason=text_of(schema, "disabledReason", where) or None,
        hidden=flag_of(schema, "x-ui-hidden", where),
        once_per_order=bool(_ONCE.search(description)),
        text=kind.text if kind else None,
        attachments=kind.attachments if kind else None,
        withdrawn=withdrawn,
    )
    if schema.get("properties") is None:
        return common
    return _by_schema(common, schema, source, where)


def _by_schema(common: OfferedAction, schema: Mapping[str, Any], source: str, where: str) -> OfferedAction:
    kind = common.type
    properties = object_in(schema["properties"], f"{where}.properties")
    required = set(texts_in(schema.get("required"), f"{where}.required"))
    text = attachments = None
    for name in ("rawMessageBody", "text"):
        if properties.get(name) is not None:
            place = f"{where}.properties.{name}"
            rules = object_in(properties[name], place)
            model = kind.text if kind else None
            text = TextRule(
                count_of(rules, "minLength", place, model.minimum if model else 0) or 0,
                count_of(rules, "maxLength", place, model.maximum if model else None),
                not required.isdisjoint({"rawMessageBody", "text"}),
                text_of(rules, "description", place),
            )
            break
    if properties.get("attachments") is not None:
        place = f"{where}.properties.attachments"
        rules = object_in(properties["attachments"], place)
        listed = kind.attachments if kind else None
        attachments = AttachmentRule(
            count_of(rules, "minItems", place, listed.minimum if listed else 0) or 0,
            count_of(rules, "maxItems", place, listed.maximum if listed else None),
            "attachments" in required,
            text_of(rules, "description", place),
        )
    return replace(
        common,
        text=text,
        attachments=attachments,
        source=source,
        coverage_required={"coverageStartDate", "coverageEndDate"} <= required,
    )


def _schema(action: Mapping[str, Any], where: str) -> tuple[Mapping[str, Any], str, str]:
    place = f"{where}._embedded"
    embedded = object_in(action.get("_embedded"), place)
    place = f"{place}.schema"
    schema = object_in(embedded.get("schema"), place)
    if schema.get("payload") is not None:
        return object_in(schema["payload"], f"{place}.payload"), PAYLOAD, f"{place}.payload"
    return schema, EMBEDDED, place


def _name(action: Mapping[str, Any], where: str) -> str:
    """The action's name; where a form of the answer leaves it out, the one in its link."""
    own_link = object_in(
        object_in(action.get("_links"), f"{where}._links").get("self"), f"{where}._links.self"
    )
    payload = object_in(action.get("payload"), f"{where}.payload")
    for said in (action, payload, own_link):
        name = text_of(said, "name", where).strip()
        if name:
            return name
    for said in (action, own_link):
        # Some answers have been seen with the href in a list of one.
        for href in _hrefs(said.get("href")):
            segment = _IN_HREF.search(href)
            if segment:
                return segment[1]
    raise ValueError(f"{where} has no name")


def _hrefs(value: object) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str):
            yield each
