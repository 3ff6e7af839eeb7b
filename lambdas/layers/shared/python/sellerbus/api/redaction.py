"""Takes secrets out of texts that a person or a log will see."""

from __future__ import annotations

import re

# Tokens (Atza| access, Atzr| refresh, Atc| grantless, Atz.sprdt| restricted data), client secrets, bearer
# headers, the query of a presigned URL (it is a credential), and the form or JSON fields that carry any of
# them.
_PATTERNS = (
    (re.compile(r"At(?:za|zr|c|nr|z\.sprdt)\|[^\s\"'&,;<>}]+"), "[token]"),
    (re.compile(r"amzn1\.oa2-cs\.[^\s\"'&,;<>}]+"), "[secret]"),
    (re.compile(r"(?i)\b(bearer\s+)[^\s\"'&,;<>}]+"), r"\1[token]"),
    (
        re.compile(
            r"(?i)([\"']?(?:client_?secret|refresh_?token|access_?token|restrictedDataToken|x-amz-access-token)[\"']?\s*[=:]\s*)"
            r"(?:\"[^\"]*\"|'[^']*'|[^\s\"'&,;<>}]+)"
        ),
        r"\1[redacted]",
    ),
    (re.compile(r"(https?://[^\s\"'<>?]+)\?[^\s\"'<>]*"), r"\1?[query]"),
)

_CUT = " ... (cut here)"


def redact(text: str) -> str:
    """Return `text` without tokens, client secrets and the queries of URLs."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def shorten(text: str, limit: int) -> str:
    """Return `text` on one line, at most `limit` characters long, saying so when something was cut."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: max(0, limit - len(_CUT))] + _CUT
