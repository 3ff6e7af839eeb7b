"""Everything that is checked of a message before Amazon is called to change anything; all findings at once.

    findings = check(request.content, action, "de-DE", attachments)
    has_errors(findings)

Limits are those of the order's own action list, else the model's (see actions.action_of_model). Each rule has
a stable code; docs/events.md lists them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from sellerbus.messaging.actions import OfferedAction
from sellerbus.messaging.attachments import AttachedFile, file_findings
from sellerbus.messaging.catalogue import AttachmentRule
from sellerbus.messaging.content import MessageContent
from sellerbus.messaging.dates import DATE_TIME_FORM, date_time
from sellerbus.messaging.finding import WARNING, Finding
from sellerbus.messaging.language import language_finding
from sellerbus.messaging.text_checks import text_findings

_DATES: Final = ("coverageStartDate", "coverageEndDate")


def check(
    content: MessageContent,
    action: OfferedAction,
    locale: str | None,
    attachments: Sequence[AttachedFile],
) -> list[Finding]:
    """Return the findings, errors first; none if Amazon should take the message as it is.

    content: with its template rendered into its text; a template that stands there without a text is not
    checked. locale: the buyer's, None where it is not known. attachments: the content's, in its order, as
    they were read.
    """
    found = [
        *_text_findings(content, action, locale),
        *_attachment_findings(action, attachments),
        *_coverage_findings(content, action),
    ]
    return sorted(found, key=lambda finding: finding.severity == WARNING)


def not_found(number: int) -> Finding:
    """The finding for an attachment, counted from 0, that is not in the message bucket."""
    text = "there is no such file in the message bucket: upload it, then hand the message over again"
    return Finding("attachment-not-found", f"attachments[{number}]", text)


def other_region(region: str, own: str, countries: Sequence[str]) -> Finding:
    """The finding for a marketplace of a region, where the cell is another's. countries: the cell's."""
    here = f"{own} ({', '.join(countries)})"
    text = (
        f"the marketplace is of region {region}, and what takes requests here calls Amazon for region {here} "
        f"only: hand the message over to the queue or bus of the cell of {region}"
    )
    return Finding("other-region", "marketplaceId", text, limit=f"marketplaces of region {here}")


def _text_findings(content: MessageContent, action: OfferedAction, locale: str | None) -> Iterator[Finding]:
    if action.text is None:
        for name, there in (("text", content.text is not None), ("template", content.template is not None)):
            if there:
                yield Finding("text-not-taken", name, f"messages of type {_name(action)} have no text")
        return
    if content.text is None and content.template is not None:
        return
    text = content.text or ""
    yield from text_findings(text, action.text, action.type.links if action.type else "")
    warning = language_finding(text, locale)
    if warning is not None:
        yield warning


def _attachment_findings(action: OfferedAction, attachments: Sequence[AttachedFile]) -> Iterator[Finding]:
    rule, count = action.attachments, len(attachments)
    if rule is None:
        if attachments:
            text = f"messages of type {_name(action)} have no attachments, {count} are given"
            yield Finding("attachments-not-taken", "attachments", text, limit="none")
        return
    # Without a text, the attachments are the message.
    fewest = max(rule.minimum, 1 if action.text is None else 0)
    limit = _counts(rule, fewest)
    if count < fewest:
        text = f"messages of type {_name(action)} need {limit}, {count or 'none'} given"
        yield Finding("attachments-missing", "attachments", text, limit=limit)
    if rule.maximum is not None and count > rule.maximum:
        text = f"messages of type {_name(action)} take {limit}, {count} are given"
        yield Finding("too-many-attachments", "attachments", text, limit=limit)
    yield from file_findings(attachments)


def _coverage_findings(content: MessageContent, action: OfferedAction) -> Iterator[Finding]:
    given = dict(zip(_DATES, (content.coverage_start_date, content.coverage_end_date), strict=True))
    if action.type is None or not action.type.coverage:
        for name, value in given.items():
            if value is not None:
                text = f"messages of type {_name(action)} have no dates of coverage"
                yield Finding("coverage-not-taken", name, text)
        return
    yield from _missing_dates([name for name in _DATES if given[name] is None], action)
    dates: list[datetime] = []
    for name, value in given.items():
        if value is not None:
            try:
                dates.append(date_time(value))
            except ValueError as error:
                yield Finding("coverage-date-form", name, str(error), limit=DATE_TIME_FORM)
    if len(dates) == len(_DATES) and dates[0] >= dates[1]:
        text = "the coverage must end after its start"
        yield Finding("coverage-order", _DATES[1], text, limit="after coverageStartDate")


def _missing_dates(missing: Sequence[str], action: OfferedAction) -> Iterator[Finding]:
    if not missing:
        return
    if len(missing) == 1 or action.coverage_required:
        for name in missing:
            text = "a warranty's coverage has a start and an end: this date is missing"
            yield Finding("coverage-missing", name, text, limit=DATE_TIME_FORM)
        return
    # The model has both as properties and requires neither.
    text = "the message will not say from when until when the warranty covers: give both dates if it should"
    yield Finding("coverage-missing", _DATES[0], text, WARNING, DATE_TIME_FORM)


def _counts(rule: AttachmentRule, fewest: int) -> str:
    if rule.maximum is None:
        return f"at least {fewest} attachments"
    return f"{fewest} to {rule.maximum} attachments" if fewest else f"at most {rule.maximum} attachments"


def _name(action: OfferedAction) -> str:
    return action.type.name if action.type else action.name
