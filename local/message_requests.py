"""What the story of messages hands over: one of every type, and one that is refused for each rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from local.message_documents import EXAMPLE, MOST_BYTES, docx, gif, large, pdf, png

GUIDES_ORDER: Final = "902-6786204-8179805"
GUIDES_TYPE: Final = "confirmCustomizationDetails"
GUIDES_TEXT: Final = (
    "This is the message from the seller to the buyer that will appear in the email to the buyer."
)
QUESTION_TYPE: Final = "confirmOrderDetails"
"""Takes a text and nothing else."""
TEMPLATE: Final = "where-it-is"
TEMPLATE_TYPE: Final = "confirmDeliveryDetails"
TEMPLATE_TEXT: Final = "When may we deliver order {orderId}? It takes the driver {minutes} minutes."
TEMPLATE_DOCUMENT: Final[Mapping[str, Any]] = {
    "messageType": TEMPLATE_TYPE,
    "texts": {"en": TEMPLATE_TEXT},
    "placeholders": ["minutes"],
}
_GERMAN_ONLY: Final = "german-only"
_WITHOUT_MINUTES: Final = "where-it-is-without-minutes"
TEMPLATES_OF_REFUSED: Final[Mapping[str, Mapping[str, Any]]] = {
    _GERMAN_ONLY: {
        "messageType": QUESTION_TYPE,
        "texts": {"de-DE": "Welche Farbe möchten Sie zu Ihrer Bestellung {orderId} haben?"},
        "placeholders": [],
    },
    _WITHOUT_MINUTES: TEMPLATE_DOCUMENT,
}
"""By name, the templates that those need which are refused for them."""


@dataclass(frozen=True)
class Attached:
    """A file that a message carries; without content it is named and is not there."""

    file_name: str
    content: bytes | None


@dataclass(frozen=True)
class Asked:
    """A message to hand over: its type, the fields of the request beside that, and its attachments."""

    message_type: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    attachments: Sequence[Attached] = ()


_QUESTION: Final = "Which of the two colours would you like us to send you?"
_COVERAGE: Final = {
    "coverageStartDate": "2026-03-01T00:00:00Z",
    "coverageEndDate": "2028-02-29T23:59:59Z",
}


def _pdf(name: str) -> Attached:
    return Attached(f"{name}.pdf", pdf(name))


def _text(text: str) -> Asked:
    return Asked(QUESTION_TYPE, {"text": text})


GUIDES: Final = Asked(GUIDES_TYPE, {"text": GUIDES_TEXT}, (Attached(EXAMPLE.name, EXAMPLE.read_bytes()),))
OTHER_TYPES: Final = (
    Asked("confirmDeliveryDetails", {"text": "At which time of the day may we deliver the table?"}),
    Asked("legalDisclosure", {}, (_pdf("disclosure"),)),
    Asked("confirmOrderDetails", {"text": _QUESTION}),
    Asked("confirmServiceDetails", {"text": "The technician comes on Monday. Is your tap in the kitchen?"}),
    Asked("warranty", _COVERAGE, (Attached("warranty.docx", docx("Two years.")),)),
    Asked(
        "digitalAccessKey",
        {"text": "Your key to the course is in the attached file."},
        (Attached("key.txt", b"EXAMPLE-KEY-0001\n"),),
    ),
    Asked("unexpectedProblem", {"text": "The carrier has lost the parcel. Shall we send another one?"}),
    Asked("invoice", {}, (_pdf("invoice"), Attached("stamp.png", png()))),
)
"""One of each type of the model but the guide's."""

REFUSED: Final[Mapping[str, Asked]] = {
    "text-missing": Asked(QUESTION_TYPE),
    "text-not-taken": Asked("invoice", {"text": _QUESTION}, (_pdf("invoice-with-text"),)),
    "text-too-long": _text("Please tell us the size. " * 81),
    "html": _text("Please <b>tell us</b> which of the two colours you would like."),
    "email-address": _text("Please write to shop@example.com which of the two colours you would like."),
    "control-characters": _text("Please tell us\x07 which of the two colours you would like."),
    "attachments-missing": Asked("invoice"),
    "attachments-not-taken": Asked("confirmDeliveryDetails", {"text": _QUESTION}, (_pdf("route"),)),
    "too-many-attachments": Asked(
        GUIDES_TYPE, {"text": _QUESTION}, [Attached(f"side-{number}.gif", gif()) for number in range(6)]
    ),
    "attachments-too-large": Asked("invoice", {}, (Attached("long.txt", large(MOST_BYTES)),)),
    "empty-attachment": Asked("invoice", {}, (Attached("empty.txt", b""),)),
    "attachment-type-by-name": Asked("invoice", {}, (Attached("table.xlsx", docx("No table.")),)),
    "attachment-type-by-content": Asked("invoice", {}, (Attached("picture.pdf", png()),)),
    "attachment-name": Asked("invoice", {}, (Attached("../invoice.pdf", pdf("outside")),)),
    "attachment-not-found": Asked("invoice", {}, (Attached("forgotten.pdf", None),)),
    "coverage-missing": Asked(
        "warranty", {"coverageStartDate": _COVERAGE["coverageStartDate"]}, (_pdf("warranty-without-end"),)
    ),
    "coverage-not-taken": Asked(QUESTION_TYPE, {"text": _QUESTION, **_COVERAGE}),
    "coverage-date-form": Asked(
        "warranty", {**_COVERAGE, "coverageStartDate": "01.03.2026"}, (_pdf("warranty-form"),)
    ),
    "coverage-order": Asked(
        "warranty", {**_COVERAGE, "coverageEndDate": "2026-02-28T23:59:59Z"}, (_pdf("warranty-order"),)
    ),
    "template-unknown": Asked(QUESTION_TYPE, {"template": {"name": "not-there"}}),
    "template-locale": Asked(QUESTION_TYPE, {"template": {"name": _GERMAN_ONLY}}),
    "template-placeholder": Asked(TEMPLATE_TYPE, {"template": {"name": _WITHOUT_MINUTES}}),
}
"""By the rule's code."""
