"""Checks a message before it leaves this machine, with the rules that the stage's functions go by.

What the order itself allows is not known here: its own limits are checked by the stage.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ops.errors import WRONG_INPUT, CommandError
from ops.message_drafts import Draft
from ops.message_handing import Checked, RefusedError
from ops.message_templates import Templates
from ops.stage import Cell, Stage
from sellerbus.api import endpoints
from sellerbus.api.endpoints import UnknownMarketplaceError
from sellerbus.messaging import checks
from sellerbus.messaging.actions import OfferedAction, action_of_model
from sellerbus.messaging.catalogue import MESSAGE_TYPES, WITHDRAWN
from sellerbus.messaging.finding import Finding, has_errors
from sellerbus.messaging.request import MessageRequest, UnusableRequestError

STDIN: Final = "-"
_LONGEST_TEXT_BYTES: Final = 200_000


def cell_of(stage: Stage, marketplace: str, option: str = "--marketplace") -> Cell:
    """Return the cell of a marketplace (id or country code); raises CommandError."""
    try:
        found = endpoints.marketplace(marketplace)
    except UnknownMarketplaceError as error:
        raise CommandError(f"{option}: {error}", WRONG_INPUT) from None
    return stage.cell(found.region)


def checked(draft: Draft, templates: Templates) -> Checked:
    """Check the message by what is known here; raises RefusedError with everything that is wrong with it.

    templates: of the cell, read where the message names one.
    """
    try:
        request = draft.request()
    except UnusableRequestError as error:
        raise RefusedError(error.faults) from None
    findings = found_in(draft, request, templates)
    if has_errors(findings):
        raise RefusedError(findings)
    return Checked(draft, request, tuple(findings), draft.content_hash(request))


def found_in(draft: Draft, request: MessageRequest, templates: Templates) -> list[Finding]:
    """Return what the checks find in a message that can be read."""
    kind = MESSAGE_TYPES.get(request.message_type)
    if kind is None:
        return [Finding("type-withdrawn", "messageType", WITHDRAWN[request.message_type].reason)]
    action = action_of_model(kind)
    return [
        *checks.check(request.content, action, None, draft.files),
        *_in_template(request, action, templates),
    ]


def _in_template(request: MessageRequest, action: OfferedAction, templates: Templates) -> Sequence[Finding]:
    """What is found in the template, rendered in each of its languages: the buyer's is not known here."""
    use = request.content.template
    if use is None or action.text is None:
        return ()
    return templates.findings(request, action)


def options(pairs: Sequence[str], option: str) -> dict[str, str]:
    """Return values that are given as name=value; raises CommandError, which repeats no value."""
    found: dict[str, str] = {}
    for number, pair in enumerate(pairs, 1):
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise CommandError(
                f"{option}, the {number}. of them: write it name=value, such as {option} tracking=1Z999",
                WRONG_INPUT,
            )
        if name.strip() in found:
            raise CommandError(f"{option} {name.strip()} is given twice.", WRONG_INPUT)
        found[name.strip()] = value
    return found


def text(given: str | None, file: Path | None) -> str | None:
    """Return the message's text, from an option, a file or stdin; raises CommandError."""
    if given is not None and file is not None:
        raise CommandError("Give --text or --text-file, not both.", WRONG_INPUT)
    if file is None:
        return given
    name = "The text on stdin" if str(file) == STDIN else f"{file}"
    try:
        raw = sys.stdin.buffer.read() if str(file) == STDIN else file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", WRONG_INPUT) from error
    if len(raw) > _LONGEST_TEXT_BYTES:
        raise CommandError(f"{name} has {len(raw):,} bytes: no message is that long.", WRONG_INPUT)
    try:
        found = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CommandError(f"{name} is not UTF-8.", WRONG_INPUT) from None
    # Editors end a file with a line feed; a file of another system has its own ends of lines.
    return found.replace("\r\n", "\n").rstrip("\n")
