"""What Amazon allows in a message's text. Pure.

Source: the request schemas of the Messaging API's model ("Only links related to ... are allowed. Do not
include HTML or email addresses."), and the same words in an order's own action list.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from html.entities import html5
from typing import Final

from sellerbus.messaging.catalogue import TextRule
from sellerbus.messaging.finding import ERROR, WARNING, Finding

# A slash stands for a blank in a tag, and word processors write names with a colon.
_TAG: Final = re.compile(
    r"</?[a-z][a-z0-9-]*(?::[a-z][a-z0-9-]*)?(?:[\s/][^<>]*)?>"
    r"|<!(?:--|doctype\b|\[cdata\[)|<\?xml\b"
    r"|<[a-z][a-z0-9]*[\s/]+[a-z-]+\s*=",
    re.IGNORECASE,
)
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)

# One character before the sign is enough: with more, a long text without any sign takes long to search.
_ADDRESS: Final = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~.\"-]@(?:(?:[\w-]{1,63}\.)+(?!\d)[\w-]{2,63}|\[[0-9a-f:.]{3,45}\])", re.IGNORECASE
)
_DISGUISED: Final = re.compile(
    r"\w\s{0,3}[(\[{]\s{0,3}at\s{0,3}[)\]}]\s{0,3}[\w-]{1,63}\s{0,3}(?:\.|[(\[{]\s{0,3}dot\s{0,3}[)\]}])",
    re.IGNORECASE,
)
_LINK: Final = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,15}://\S|\bwww\.[\w-]+\.\w"
    r"|(?<![\w@.-])(?:[\w-]{1,63}\.){1,5}(?:com|net|org|info|biz|shop|store|app|io|eu)(?![\w@-])(?!\.\w)"
    r"|(?<![\w@.-])(?:[\w-]{1,63}\.){1,5}[a-z]{2,18}/\w",
    re.IGNORECASE,
)
# The name of Amazon's own store is no link; what only ends with it is.
_STORE: Final = re.compile(r"(?<![\w.@-])amazon\.(?:com?\.)?[a-z]{2,3}(?!\w)(?!\.\w)(?!/)", re.IGNORECASE)
_NO_LINKS: Final = re.compile(
    r"\b(?:no|without)\s+(?:web\s+)?(?:links|urls)\b|\b(?:links|urls)\s+are\s+not\s+allowed\b"
    r"|\bdo\s+not\s+include\s+(?:any\s+)?(?:links|urls)\b",
    re.IGNORECASE,
)
_OF_LINKS: Final = re.compile(r"\b(?:links?|urls?)\b", re.IGNORECASE)
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+")
# They turn the order of letters around, so that a text reads as another.
_OVERRIDES: Final = frozenset("\u202d\u202e")
# Beside the category Cf: nobody sees them either.
_INVISIBLE: Final = frozenset("\u034f\u115f\u1160\u2800")


def text_findings(text: str, rule: TextRule, links: str) -> Iterator[Finding]:
    """Yield what is wrong with a text, and what to look at again.

    rule: how long it may be; its description may say what Amazon thinks of links. links: what the type's
    links may be about.
    """
    plain = _plain(text)
    if not plain.strip():
        if rule.required or text:
            yield Finding("text-missing", "text", "the message has no text", limit=_lengths(rule))
        return
    yield from _length_findings(text, rule)
    if _TAG.search(text) or any(_is_entity(found[0]) for found in _ENTITY.finditer(text)):
        told = "the text has HTML: Amazon takes plain text only, without tags such as <b> or &nbsp;"
        yield Finding("html", "text", told, limit="plain text")
    if _ADDRESS.search(plain) or _DISGUISED.search(plain):
        told = "the text has an e-mail address: Amazon allows none in messages"
        yield Finding("email-address", "text", told, limit="none")
    if _LINK.search(_STORE.sub(" ", _ADDRESS.sub(" ", plain))):
        yield _link_finding(rule, links)
    if any(_is_control(sign) for sign in text):
        told = "the text has control characters, which no mail can show: copy it anew, as plain text"
        yield Finding("control-characters", "text", told, limit="none but tabs and line breaks")


def _plain(text: str) -> str:
    """The text as it is read: wide letters, as Japanese keyboards write them, make an address all the same,
    and so do letters with something invisible between them.
    """
    return "".join(
        sign
        for sign in unicodedata.normalize("NFKC", text)
        if unicodedata.category(sign) != "Cf" and sign not in _INVISIBLE
    )


def _length_findings(text: str, rule: TextRule) -> Iterator[Finding]:
    # JSON Schema counts characters as RFC 8259 defines them, which are Python's.
    length = len(text)
    if rule.maximum is not None and length > rule.maximum:
        told = f"the text has {length} characters: Amazon takes {rule.maximum} for this type at most"
        yield Finding("text-too-long", "text", told, limit=_lengths(rule))
    if length < rule.minimum:
        told = f"the text has {length} characters: Amazon wants {rule.minimum} for this type at least"
        yield Finding("text-too-short", "text", told, limit=_lengths(rule))


def _link_finding(rule: TextRule, links: str) -> Finding:
    forbidden = _NO_LINKS.search(rule.description)
    if forbidden or not links:
        quoted = f' ("{rule.description.strip()}")' if forbidden else ""
        told = f"the text has a link: Amazon allows none for this type{quoted}"
        return Finding("link", "text", told, ERROR, "none")
    # The order's own words go before the catalogue's, in the limit as in the text.
    own = " ".join(each for each in _SENTENCE.split(rule.description.strip()) if _OF_LINKS.search(each))
    quoted = own or f"Only links related to {links} are allowed."
    told = f'the text has a link: see that it keeps to Amazon\'s rule for this type, "{quoted}"'
    return Finding("link", "text", told, WARNING, own or f"links related to {links}")


def _lengths(rule: TextRule) -> str:
    if rule.maximum is None:
        return f"at least {rule.minimum} characters"
    return f"{rule.minimum} to {rule.maximum} characters"


def _is_entity(found: str) -> bool:
    return found.startswith("&#") or found[1:] in html5


def _is_control(sign: str) -> bool:
    if sign in "\n\r\t":
        return False
    # Cn has the noncharacters, and characters newer than this Python knows: only the former are wrong.
    code = ord(sign)
    return (
        unicodedata.category(sign) in {"Cc", "Cs"}
        or sign in _OVERRIDES
        or code & 0xFFFE == 0xFFFE
        or 0xFDD0 <= code <= 0xFDEF
    )
