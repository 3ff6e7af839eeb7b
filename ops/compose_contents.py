"""What a message holds: its text, its attachments and, of a warranty, its dates.

The steps are as those of compose_steps.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

from ops import compose_files, compose_templates
from ops import message_actions_words as words
from ops.compose_asking import Answer, Asking
from ops.compose_editor import GO_ON, LEAVE, Asked, write
from ops.compose_letter import Letter
from ops.compose_line import NotTakenError, enter
from ops.compose_page import BACK, Page
from sellerbus.messaging.dates import date_time

_TEMPLATES: Final = "c-t"


def text(asking: Asking, page: Page, letter: Letter) -> Answer:
    """Step 4 of the guide."""
    if letter.action is None or letter.action.text is None or letter.actions is None:
        raise ValueError("the message's type takes no text")
    limits = letter.action.text
    rule = limits.description or f"{words.takes_text(limits)}. No HTML, no e-mail addresses."
    language = words.language(letter.actions.locale)
    shown = replace(page, note=f"{language[0].upper()}{language[1:]}.")
    asked = Asked(limits.required, limits.maximum, rule, letter.said_of_text)
    while True:
        left = write(
            asking.terminal,
            shown,
            asked,
            text=letter.text,
            cursor=letter.cursor,
            own_keys={_TEMPLATES: "template"},
        )
        letter = replace(letter, text=left.text, cursor=left.cursor)
        if left.key == LEAVE:
            raise LeavingError(letter)
        if left.key != _TEMPLATES:
            return letter, left.key == GO_ON
        letter, problem = compose_templates.insert(asking, page, letter)
        shown = replace(shown, problem=problem)


class LeavingError(Exception):
    """The person leaves. letter: with what was written."""

    def __init__(self, letter: Letter) -> None:
        self.letter = letter
        super().__init__("the person leaves")


def attachments(asking: Asking, page: Page, letter: Letter) -> Answer:
    """Step 5 of the guide."""
    return compose_files.attach(asking.terminal, page, letter)


def coverage(asking: Asking, page: Page, letter: Letter) -> Answer:
    """The dates of a warranty, which have no step of their own in the guide."""
    rule = "A day, as 2026-01-31, or a time with its offset."
    if not letter.needs_coverage:
        rule = f"{rule} Enter alone: the message has no dates."

    def first_day(given: str) -> str:
        found = day(given, ends=False)
        if letter.needs_coverage and not found:
            raise NotTakenError("Amazon takes no such message for this order without the dates.")
        return found

    start = enter(
        asking.terminal,
        replace(page, question="From when does the warranty cover?"),
        first_day,
        label="start ",
        text=letter.coverage_start or "",
        rule=rule,
    )
    if start is BACK:
        return letter, False
    letter = replace(letter, coverage_start=start or None)
    if not start:
        return replace(letter, coverage_end=None), True

    def after_start(given: str) -> str:
        end = day(given, ends=True)
        if not end or date_time(end) <= date_time(start):
            raise NotTakenError("The coverage must end after its start.")
        return end

    end = enter(
        asking.terminal,
        replace(page, question="Until when does it cover?", note=f"It covers from {start}."),
        after_start,
        label="end ",
        text=letter.coverage_end or "",
        rule="A day, its end, as 2028-01-31, or a time with its offset.",
    )
    if end is BACK:
        return coverage(asking, page, letter)
    return replace(letter, coverage_end=end), True


def day(text: str, *, ends: bool) -> str:
    """Return a day's beginning or end in UTC, or the time that was given; "" for nothing."""
    given = text.strip()
    if not given:
        return ""
    try:
        if len(given) == len("2026-01-31"):
            whole = date.fromisoformat(given)
            return f"{whole.isoformat()}T{'23:59:59' if ends else '00:00:00'}Z"
        date_time(given)
    except ValueError:
        raise NotTakenError("That is no day: write it as 2026-01-31.") from None
    return given
