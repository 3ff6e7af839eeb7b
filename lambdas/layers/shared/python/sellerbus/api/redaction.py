"""Takes secrets and buyers' data out of what a person or a log will see."""

from __future__ import annotations

import re
import traceback
from collections.abc import Collection, Mapping
from typing import Final

# Tokens (Atza| access, Atzr| refresh, Atc| grantless, Atz.sprdt| restricted data), client secrets, bearer
# headers, the query of a presigned URL (it is a credential), its signature wherever it stands, the form or
# JSON fields that carry any of them, also of JSON within JSON, whose quotes have backslashes; and e-mail
# addresses. What is quoted may have lost its end: texts are cut. What follows the name of the operation
# rotateApplicationClientSecret is its answer.
_NAMES: Final = (
    r"(?<!rotateApplication)client[_-]?secret|refresh[_-]?token|access[_-]?token|restricted_?data_?token|x-amz-access-token"
    r"|security[_-]?token|task[_-]?token|password|secret[_-]?access[_-]?key|secret[_-]?string|oauth[_-]?code"
)
_IS: Final = r"(?:[=:]|%3d|\\+u003d)"
_PATTERNS: Final = (
    # First: another pattern would take the beginning of a URL with it, and leave its signature.
    (
        # Slashes, "?", "=" and "&" may be escaped as JSON has them.
        re.compile(
            r"(?i)(https?:(?:\\*/){2}(?:[^\s\"'<>?\\]|\\+/){1,2048}+)(?:\?|\\+u003f)"
            r"(?:[^\s\"'<>\\]|\\+u00[0-9a-f]{2}|\\+/)*"
        ),
        r"\1?[query]",
    ),
    (re.compile(r"(?i)(https?%3a%2f%2f[^\s\"'<>&\\]{1,2048}?%3f)[^\s\"'<>&\\]*"), r"\1[query]"),
    (re.compile(rf"(?i)((?:signature|x-amz-credential){_IS})[^\s\"'&,;<>}}\\]+"), r"\1[redacted]"),
    (re.compile(r"(?i)at(?:za|zr|c|nr|z\.sprdt)(?:\||%7c)[^\s\"'&,;<>}\\]+"), "[token]"),
    (re.compile(r"(?i)amzn1\.oa2-cs\.[^\s\"'&,;<>}\\]+"), "[secret]"),
    (re.compile(r"(?i)\b(bearer\s+)[^\s\"'&,;<>}\\]+"), r"\1[token]"),
    (
        re.compile(
            rf"(?i)((?:{_NAMES})(?:\\*[\"'])?\s*{_IS}\s*)b?"
            r"(?:(\\+)\"(?:(?!\2\").)*(?:\2\"|\Z)|\"(?:[^\"\\]|\\.)*(?:\"|\\?\Z)"
            r"|'(?:[^'\\]|\\.)*(?:'|\\?\Z)|[^\s\"'&,;<>}\\]+)",
            re.DOTALL,
        ),
        r"\1[redacted]",
    ),
    (
        # Bounded at both ends: an unbounded one takes minutes for a long text without an address.
        re.compile(r"[^\s@<>\"'(),;:=\\]{1,64}(?:@|%40)(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,63}"),
        "[e-mail]",
    ),
)
# Most texts have none of these words, and so nothing that any pattern finds: looking for them costs a tenth.
_MARKS: Final = (
    *("@", "%40", "?", "token", "secret", "password", "bearer", "atza", "atzr", "atz.", "atnr", "atc|"),
    *("atc%7c", "amzn1.oa2-cs.", "signature", "credential", "u003f", "%3f", "oauth"),
)

_CUT = " ... (cut here)"
REMOVED: Final = "[redacted]"
DEEPEST: Final = 12
"""Levels of a document that is logged; our own have three."""

_SECRET_ENDINGS: Final = (
    *("secret", "token", "password", "authorization", "credential", "secretstring", "secretaccesskey"),
    *("signature", "oauthcode"),
)
_PRIVATE_ENDINGS: Final = (
    *("email", "emailaddress", "phone", "phonenumber", "address", "buyername", "firstname", "lastname"),
    *("fullname", "messagebody", "requestbody", "responsebody"),
)
_PRIVATE: Final = frozenset(
    {
        *("buyer", "buyerinfo", "customername", "recipient", "recipientname", "shippinglabel", "postalcode"),
        *("shipto", "shiptoinfo", "cookie", "setcookie"),
        *("addressline1", "addressline2", "addressline3", "giftmessage", "giftmessagetext", "buyertaxinfo"),
        # What carries a notification, a feed or a letter.
        *("payload", "body", "text", "html", "content", "document", "attachment", "attachments"),
    }
)
_NOT_A_LETTER: Final = re.compile(r"[^a-z0-9]")

# Whoever wrote these texts knew that an operator reads them. Of others nobody knows what they repeat.
_SPEAKS_FOR_ITSELF: Final = ("sellerbus.", "botocore.", "boto3.", "handler", "lambdas.")
_REPEATS_ITS_INPUT: Final = frozenset({"ParamValidationError"})
"""Of botocore's: it says the value that was of the wrong kind."""


def redact(text: str) -> str:
    """Return `text` without tokens, client secrets, the queries of URLs and e-mail addresses."""
    lower = text.lower()
    # A loop: every text of every line comes by here, and a generator would cost twice as much.
    for mark in _MARKS:
        if mark in lower:
            break
    else:
        return text
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redacted(value: object, depth: int = 0) -> object:
    """Return a JSON-like value as a log may hold it: texts redacted, what private keys name taken out."""
    match value:
        case str():
            return redact(value)
        case None | bool() | int() | float():
            return value
        case BaseException():
            return spoken(value)
        case bytes() | bytearray() | memoryview():
            return f"[{len(value)} bytes]"
        case _ if depth >= DEEPEST:
            return "[nested too deeply]"
        case Mapping():
            return {
                redact(_text(key)): REMOVED
                if is_private(_text(key)) and not (each is None or isinstance(each, bool))
                else redacted(each, depth + 1)
                for key, each in value.items()
            }
        # Not what can be gone through once: a log is not the one to use it up.
        case Collection():
            return [redacted(each, depth + 1) for each in value]
    return redact(_text(value))


def is_private(key: str) -> bool:
    """Whether the key of a log names a secret, or what a buyer or a seller wrote or is."""
    name = _NOT_A_LETTER.sub("", key.lower())
    return any(
        one in _PRIVATE or one.endswith(_SECRET_ENDINGS) or one.endswith(_PRIVATE_ENDINGS)
        for one in (name, name.removesuffix("s"), name.removesuffix("es"))
    )


def _text(value: object) -> str:
    """The text of a thing, whose own code may fail at it: no line is lost for that."""
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - anybody's code
        return f"[{type(value).__name__} without a text: {type(error).__name__}]"


def spoken(error: BaseException) -> str:
    """Return what may be told of an exception: its kind, and its text or else its place.

    Of our own errors and of AWS's the text, redacted. Any other's may repeat what it failed on.
    """
    kind = type(error)
    if kind.__module__.startswith(_SPEAKS_FOR_ITSELF) and kind.__name__ not in _REPEATS_ITS_INPUT:
        return f"{kind.__name__}: {redact(_text(error))}"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return f"{kind.__name__}{place}"


def shorten(text: str, limit: int) -> str:
    """Return `text` on one line, at most `limit` characters long, saying so when something was cut."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: max(0, limit - len(_CUT))] + _CUT
