"""Texts that stand ready for a message type, in the buyers' languages, with placeholders. Pure.

    {"messageType": "unexpectedProblem",
     "texts": {"en-US": "Your order {orderId} is late. Follow it at {trackingLink}.", "de-DE": "..."},
     "placeholders": ["trackingLink"]}

{orderId} and {marketplace} (the store's name, such as Amazon.de) are always there; every other placeholder is
declared, and given with the message. {{ and }} stand for braces. What is put in is not expanded again, and
the rendered text is checked as every text is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Final

from sellerbus.aws.json_object import json_object
from sellerbus.messaging.catalogue import MESSAGE_TYPES, MessageType, known_type
from sellerbus.messaging.finding import ERROR, WARNING, Finding, sentences
from sellerbus.messaging.request_fields import Fields, names_told
from sellerbus.messaging.stores import store_name
from sellerbus.messaging.template_names import PLACEHOLDER_NAME, personal
from sellerbus.messaging.text_checks import text_findings

ALWAYS: Final = ("orderId", "marketplace")
FIELDS: Final = ("messageType", "texts", "placeholders")
LARGEST_BYTES: Final = 256 * 1024
LONGEST_TEXT: Final = 20_000
MOST_TEXTS: Final = 100
MOST_PLACEHOLDERS: Final = 50

_PREFIX: Final = "templates/"
_ENDING: Final = ".json"
_LOCALE: Final = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Z]{2}|[0-9]{3}))?", re.ASCII)
_PIECES: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_TRADITIONAL: Final = frozenset({"hant", "tw", "hk", "mo"})


class TemplateError(ValueError):
    """The template, or its use, is wrong. findings: all that is; the error's text tells them."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(sentences(self.findings))


@dataclass(frozen=True)
class Template:
    """texts: by locale ("de-DE", or a language alone). placeholders: those beside ALWAYS."""

    name: str
    message_type: MessageType
    texts: Mapping[str, str] = field(repr=False)
    placeholders: tuple[str, ...] = ()


def template_key(name: str) -> str:
    """Where a template lies in the message bucket."""
    return f"{_PREFIX}{name}{_ENDING}"


def unknown_template(name: str) -> Finding:
    """The finding for a template that is not in the message bucket."""
    text = f"there is no template {name[:64]!r}: `sellerbus messages templates list` shows those there are"
    return Finding("template-unknown", "template.name", text)


def parse(name: str, document: bytes) -> Template:
    """Read a template's object. Raises TemplateError with everything that is wrong with it."""
    found, findings = inspect(name, document)
    errors = [each for each in findings if each.severity == ERROR]
    if found is None or errors:
        raise TemplateError(errors)
    return found


def inspect(name: str, document: bytes) -> tuple[Template | None, tuple[Finding, ...]]:
    """Return the template, None where it is none, and all that is wrong with it or worth a look."""
    faults: list[Finding] = []
    if len(document) > LARGEST_BYTES:
        told = f"the template has more than {LARGEST_BYTES} bytes"
        return None, (Finding("template-form", "template", told, limit=f"{LARGEST_BYTES} bytes"),)
    try:
        said = json_object(document.decode("utf-8-sig"))
    except ValueError as error:
        wrong = "it is not in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        return None, (Finding("template-form", "template", f"the template is no JSON object: {wrong}"),)
    fields = Fields(said, "the template", FIELDS, faults, rule="template-form")
    kind = _kind(fields)
    listed = fields.rows("placeholders")
    placeholders = tuple(_placeholders(fields, listed))
    texts = dict(_texts(fields))
    # A name that is refused is declared all the same.
    declared = {name for name in listed if isinstance(name, str)}
    faults.extend(_text_findings(texts, placeholders, declared, kind))
    return None if kind is None else Template(name, kind, texts, placeholders), tuple(faults)


def render(
    template: Template,
    *,
    message_type: str,
    locale: str | None,
    amazon_order_id: str,
    marketplace_id: str,
    values: Mapping[str, str],
) -> str:
    """Return the text for one buyer. locale: the buyer's, None where it is not known.

    Raises TemplateError, whose findings repeat no value.
    """
    findings = list(_use_findings(template, message_type, values))
    text = _text_for(template, locale)
    if text is None:
        told = ", ".join(sorted(template.texts))
        wanted = f"in the buyer's language, {locale}" if locale else "to choose: the buyer's is not known"
        findings.append(Finding("template-locale", "template", f"there is no text {wanted}", limit=told))
    if findings or text is None:
        raise TemplateError(findings)
    known = {**values, "orderId": amazon_order_id, "marketplace": store_name(marketplace_id)}
    return _filled(text, known)


def _use_findings(template: Template, message_type: str, values: Mapping[str, str]) -> Iterator[Finding]:
    own = template.message_type
    if known_type(message_type) is not own:
        text = f"the template is for messages of type {own.name}, this one is of another"
        yield Finding("template-placeholder", "messageType", text, limit=own.name)
    limit = ", ".join(template.placeholders) or "none"
    for name in template.placeholders:
        if not values.get(name, "").strip():
            text = f"the template needs a value for {{{name}}}"
            yield Finding("template-placeholder", f"template.values.{name}", text, limit=limit)
    unknown = [name for name in values if name not in template.placeholders]
    if unknown:
        text = f"the template declares no placeholder {names_told(unknown)}"
        yield Finding("template-placeholder", "template.values", text, limit=limit)


def _kind(fields: Fields) -> MessageType | None:
    named = fields.text("messageType", needed=True)
    if named is None:
        return None
    found = known_type(named)
    with_text = [kind.name for kind in MESSAGE_TYPES.values() if kind.text is not None]
    if not isinstance(found, MessageType) or found.text is None:
        limit = ", ".join(with_text)
        fields.fault("messageType", f"must be a type of message that has a text: {limit}", limit)
        return None
    return found


def _placeholders(fields: Fields, listed: Sequence[object]) -> Iterator[str]:
    if len(listed) > MOST_PLACEHOLDERS:
        fields.fault("placeholders", f"must be at most {MOST_PLACEHOLDERS}", str(MOST_PLACEHOLDERS))
        return
    seen: set[str] = set()
    for number, name in enumerate(listed):
        where = f"placeholders[{number}]"
        if not isinstance(name, str) or not PLACEHOLDER_NAME.fullmatch(name):
            fields.fault(where, "must be a name such as trackingLink: 1 to 40 letters and digits")
        elif name in ALWAYS or name in seen:
            fields.fault(where, f"{name} is {'always there' if name in ALWAYS else 'declared twice'}")
        elif personal(name):
            fields.fault(
                where,
                f"{name} means what is known of the buyer: a buyer's name, address, phone or e-mail address "
                "has no place in a template",
                rule="template-placeholder",
            )
        else:
            seen.add(name)
            yield name


def _texts(fields: Fields) -> Iterator[tuple[str, str]]:
    said = fields.mapping("texts")
    if said is None:
        return
    if not 1 <= len(said) <= MOST_TEXTS:
        fields.fault("texts", f"must have 1 to {MOST_TEXTS} texts, by locale, such as en-US")
        return
    for locale, text in said.items():
        where = f"texts.{locale[:40]}"
        if not _LOCALE.fullmatch(locale):
            fields.fault(where, "is named by no locale: write it as en-US, or a language alone, as en")
        elif not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT:
            fields.fault(where, f"must be a text of 1 to {LONGEST_TEXT} characters")
        else:
            yield locale, text


def _text_findings(
    texts: Mapping[str, str], placeholders: Sequence[str], declared: Set[str], kind: MessageType | None
) -> Iterator[Finding]:
    """What is wrong with texts, each held against its type as if filled. declared: all names listed."""
    known = {*ALWAYS, *placeholders}
    for locale, text in texts.items():
        where = f"texts.{locale}"
        names = set()
        for piece in _PIECES.finditer(text):
            name = piece[1]
            if name is not None and PLACEHOLDER_NAME.fullmatch(name):
                names.add(name)
            elif piece[0] not in {"{{", "}}"}:
                told = "it has a brace that begins or ends no placeholder: write {{ or }} for a brace itself"
                yield Finding("template-form", where, told)
                break
        undeclared = sorted(names - known - declared)
        if undeclared:
            told = f"it uses {', '.join(undeclared)}, which placeholders does not declare"
            yield Finding("template-placeholder", where, told, limit=", ".join(sorted(known)))
        unused = [name for name in placeholders if name not in names]
        if unused:
            told = f"it does not use {', '.join(unused)}, which placeholders declares"
            yield Finding("template-placeholder", where, told, WARNING)
        if kind is not None and kind.text is not None:
            shortest = _filled(text, dict.fromkeys(known | names, "x"))
            for each in text_findings(shortest, kind.text, kind.links):
                yield Finding(each.rule, where, each.text, each.severity, each.limit)


def _text_for(template: Template, locale: str | None) -> str | None:
    """The text for exactly the locale, else for its language: the one for all countries, or the first."""
    parts = _parts(locale or "")
    exact = [name for name in template.texts if _parts(name) == parts]
    alike = [name for name in template.texts if _written(_parts(name)) == _written(parts)]
    alike.sort(key=lambda name: (len(_parts(name)), name))
    found = next(iter([*exact, *alike]), None)
    return None if found is None else template.texts[found]


def _parts(locale: str) -> list[str]:
    return locale.strip().replace("_", "-").lower().split("-")


def _written(parts: list[str]) -> tuple[str, bool]:
    """Language and script: who reads Chinese in one of its two scripts does not read it in the other."""
    return parts[0], parts[0] == "zh" and not _TRADITIONAL.isdisjoint(parts)


def _filled(text: str, values: Mapping[str, str]) -> str:
    def piece(found: re.Match[str]) -> str:
        name = found[1]
        return values.get(name, found[0]) if name is not None else found[0][0]

    return _PIECES.sub(piece, text)
