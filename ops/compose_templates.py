"""A text that stands ready, put where the cursor is: it can be changed like any other before it is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ops.compose_asking import Asking
from ops.compose_choice import Choice, choose
from ops.compose_letter import Letter, sentence
from ops.compose_line import NotTakenError, enter
from ops.compose_page import BACK, Page
from ops.errors import CommandError
from sellerbus.messaging.templates import Template, TemplateError, render

_SAMPLE: Final = "x"


def insert(asking: Asking, page: Page, letter: Letter) -> tuple[Letter, str]:
    """Return the letter with a template's text in it, or as it was, and why there is none to be had."""
    try:
        found = asking.desk.templates(letter)
    except CommandError as error:
        return letter, f"The templates can't be read: {error}"
    if not found:
        return letter, "The stage has no template for messages of this type: messages templates put adds one."
    template = choose(
        asking.terminal,
        replace(page, question="Which template?", note="Its text can be changed before it is sent."),
        [_choice(letter, row) for row in sorted(found, key=lambda row: row.name)],
    )
    if template is BACK:
        return letter, ""
    values: dict[str, str] = {}
    for name in template.placeholders:
        value = enter(
            asking.terminal,
            replace(page, question=f"What shall stand for {{{name}}}?", note=f"Template {template.name}"),
            _given,
            label=f"{name} ",
        )
        if value is BACK:
            return letter, ""
        values[name] = value
    try:
        return _with(letter, _rendered(letter, template, values)), ""
    except TemplateError as error:
        return letter, " ".join(map(sentence, error.findings))


def _given(text: str) -> str:
    if not text.strip():
        raise NotTakenError("The template needs a text for this place.")
    return text.strip()


def _with(letter: Letter, text: str) -> Letter:
    if not letter.text.strip():
        return replace(letter, text=text, cursor=len(text))
    at = len(letter.text) if letter.cursor is None else letter.cursor
    whole = f"{letter.text[:at]}{text}{letter.text[at:]}"
    return replace(letter, text=whole, cursor=at + len(text))


def _choice(letter: Letter, template: Template) -> Choice:
    try:
        _rendered(letter, template, dict.fromkeys(template.placeholders, _SAMPLE))
        why = None
    except TemplateError as error:
        why = " ".join(map(sentence, error.findings))
    return Choice(template, (template.name, ", ".join(sorted(template.texts))), why)


def _rendered(letter: Letter, template: Template, values: dict[str, str]) -> str:
    if letter.action is None or letter.order is None or letter.marketplace_id is None:
        raise ValueError("order and type must be decided before")
    return render(
        template,
        message_type=letter.action.name,
        locale=letter.actions.locale if letter.actions else None,
        amazon_order_id=letter.order.order_id,
        marketplace_id=letter.marketplace_id,
        values=values,
    )
