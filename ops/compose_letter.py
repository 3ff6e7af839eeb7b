"""What a person has decided of a message so far, and what the checks say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ops.compose_editor import Said
from ops.message_actions_answers import Action, Actions, Limits, Order, Orders
from ops.message_actions_whom import Whom, country
from ops.message_drafts import Draft
from ops.message_files import LocalFile
from sellerbus.messaging.actions import OfferedAction
from sellerbus.messaging.catalogue import AttachmentRule, MessageType, TextRule, known_type
from sellerbus.messaging.checks import check
from sellerbus.messaging.content import MessageContent
from sellerbus.messaging.finding import ERROR, Finding


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message that is being composed. orders, actions: what Amazon told last, None before it was asked.

    cursor: where it was left in the text. force: whether it shall be sent although the same was sent before.
    """

    whom: Whom | None = None
    marketplace_id: str | None = None
    orders: Orders | None = None
    order: Order | None = None
    actions: Actions | None = None
    action: Action | None = None
    text: str = field(default="", repr=False)
    cursor: int | None = None
    files: tuple[LocalFile, ...] = field(default=(), repr=False)
    coverage_start: str | None = None
    coverage_end: str | None = None
    force: bool = False

    @property
    def holds_work(self) -> bool:
        """Whether something would be lost that took the person time."""
        return bool(self.text.strip() or self.files)

    @property
    def takes_text(self) -> bool:
        return self.action is not None and self.action.text is not None

    @property
    def takes_attachments(self) -> bool:
        return self.action is not None and self.action.attachments is not None

    @property
    def takes_coverage(self) -> bool:
        return self.action is not None and self.action.coverage

    @property
    def needs_coverage(self) -> bool:
        return self.takes_coverage and self.action is not None and self.action.coverage_required

    def draft(self) -> Draft:
        """Return the message to be handed over, with what its type takes; all of it must be decided."""
        if self.whom is None or self.marketplace_id is None or self.order is None or self.action is None:
            raise ValueError("seller, marketplace, order and type must be decided")
        return Draft(
            seller_id=self.whom.seller_id,
            marketplace=self.marketplace_id,
            amazon_order_id=self.order.order_id,
            message_type=self.action.name,
            text=self.text if self.takes_text and self.text.strip() else None,
            files=self.files if self.takes_attachments else (),
            coverage_start_date=self.coverage_start if self.takes_coverage else None,
            coverage_end_date=self.coverage_end if self.takes_coverage else None,
            force=self.force,
        )

    def findings(self) -> list[Finding]:
        """Return what the checks say of the whole message, errors first."""
        draft = self.draft()
        return self._checked(draft.text, draft.files, (draft.coverage_start_date, draft.coverage_end_date))

    def said_of_text(self, text: str) -> list[Said]:
        """Return what the checks say of a text for this order and type."""
        found = self._checked(text, ())
        return [Said(sentence(row), row.severity == ERROR) for row in found if row.field == "text"]

    def said_of_files(self, files: Sequence[LocalFile]) -> list[Finding]:
        """Return what the checks say of these attachments, but not that there are too few by now."""
        found = self._checked(None, files)
        return [
            row for row in found if row.field.startswith("attachments") and row.rule != "attachments-missing"
        ]

    def _checked(
        self,
        text: str | None,
        files: Sequence[LocalFile],
        dates: tuple[str | None, str | None] = (None, None),
    ) -> list[Finding]:
        if self.action is None or self.actions is None:
            return []
        content = MessageContent(text=text, coverage_start_date=dates[0], coverage_end_date=dates[1])
        return check(content, offered(self.action), self.actions.locale, files)


def offered(action: Action) -> OfferedAction:
    """Return the action as the checks take it."""
    kind = known_type(action.name)
    return OfferedAction(
        action.name,
        kind if isinstance(kind, MessageType) else None,
        action.title,
        action.description,
        once_per_order=action.once_per_order,
        text=_text_rule(action.text),
        attachments=_attachment_rule(action.attachments),
        source=action.schema,
        coverage_required=action.coverage_required,
    )


def sentence(finding: Finding) -> str:
    """Return what a finding says as a sentence that stands alone."""
    return f"{finding.text[:1].upper()}{finding.text[1:]}."


def size(size_bytes: int) -> str:
    """Return a file's size as a person reads it: in units of 1,000, as Amazon counts its 10 MB."""
    if size_bytes < 1_000:
        return f"{size_bytes} bytes"
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1_000:.1f} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"


def place(letter: Letter) -> str:
    """Return the seller and the marketplace in a few words."""
    where = f", {country(letter.marketplace_id)}" if letter.marketplace_id else ""
    return f"{letter.whom.seller_id}{where}" if letter.whom else ""


def _text_rule(limits: Limits | None) -> TextRule | None:
    if limits is None:
        return None
    return TextRule(limits.minimum or 0, limits.maximum, limits.required, limits.description)


def _attachment_rule(limits: Limits | None) -> AttachmentRule | None:
    if limits is None:
        return None
    return AttachmentRule(limits.minimum or 0, limits.maximum, limits.required, limits.description)
