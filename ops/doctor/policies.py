"""Whether a resource policy lets an account of others do something. Pure rules.

It judges what these policies hold: it takes an allowance under a condition for none, because whether a call
of Amazon's meets it can't be seen from here; and a denial for one, unless its condition is that of plain
transport, which Amazon never uses.

Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements".
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

_PLAIN_TRANSPORT: Final = {"Bool": {"aws:securetransport": "false"}}


def faults(policy: str, *, account: str, actions: Sequence[str], resource: str) -> list[str]:
    """Return why `account` can't do each of `actions` on `resource`, a line each; none where it can.

    policy: the JSON text as AWS gives it, "" where there is none.
    """
    if not policy.strip():
        return ["there is no policy at all"]
    statements = list(_statements(policy))
    return [
        line
        for action in actions
        for line in _faults(statements, account=account, action=action, resource=resource)
    ]


def _faults(
    statements: Sequence[Mapping[str, Any]], *, account: str, action: str, resource: str
) -> Iterator[str]:
    about = [
        row
        for row in statements
        if _of(row, account) and _matches(row, "Action", action) and _matches(row, "Resource", resource)
    ]
    allowed = [row for row in about if row.get("Effect") == "Allow"]
    if not any(not row.get("Condition") for row in allowed):
        under = f", only under the condition of statement {_name(allowed[0])}" if allowed else ""
        yield f"it doesn't allow account {account} {action}{under}"
    for row in about:
        if row.get("Effect") == "Deny" and not _plain_transport(row):
            yield f"statement {_name(row)} denies account {account} {action}"


def _statements(policy: str) -> Iterator[Mapping[str, Any]]:
    found = json.loads(policy).get("Statement", [])
    yield from found if isinstance(found, list) else [found]


def _of(statement: Mapping[str, Any], account: str) -> bool:
    if "NotPrincipal" in statement:
        return not _named(statement["NotPrincipal"], account)
    return _named(statement.get("Principal"), account)


def _named(principal: Any, account: str) -> bool:
    if principal == "*":
        return True
    names = _texts(principal.get("AWS")) if isinstance(principal, Mapping) else []
    return any(name in ("*", account) or name.endswith(f":{account}:root") for name in names)


def _matches(statement: Mapping[str, Any], element: str, value: str) -> bool:
    """Whether an element, or its Not form, takes the value; one without the element takes every one."""
    if f"Not{element}" in statement:
        return not _any(_texts(statement[f"Not{element}"]), value)
    return element not in statement or _any(_texts(statement[element]), value)


def _any(patterns: Sequence[str], value: str) -> bool:
    return any(fnmatch.fnmatchcase(value.lower(), pattern.lower()) for pattern in patterns)


def _plain_transport(statement: Mapping[str, Any]) -> bool:
    condition = statement.get("Condition")
    if not isinstance(condition, Mapping):
        return False
    plain = {
        operator: {key.lower(): str(value).lower() for key, value in keys.items()}
        for operator, keys in condition.items()
    }
    return plain == _PLAIN_TRANSPORT


def _name(statement: Mapping[str, Any]) -> str:
    return str(statement.get("Sid") or "without Sid")


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
