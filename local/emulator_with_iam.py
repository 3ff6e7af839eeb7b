"""Starts the emulator with what its enforcement of IAM lacks.

In ministack 1.5.33 KMS requests have no condition keys kms:EncryptionContext:* and kms:EncryptionContextKeys,
so that a policy which demands the seller's encryption context, and is right in AWS, denies every call here.

Nothing is allowed here that AWS would deny.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import Any


def kms_condition_keys(body: bytes) -> dict[str, Any]:
    """The condition keys that AWS derives from a KMS request's encryption context, in lower case."""
    try:
        context = json.loads(body).get("EncryptionContext") or {}
    except (ValueError, AttributeError):
        return {}
    keys: dict[str, Any] = {f"kms:encryptioncontext:{name.lower()}": value for name, value in context.items()}
    if context:
        keys["kms:encryptioncontextkeys"] = list(context)
    return keys


def with_kms_keys(original: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """`original` gives the condition keys of a request's tags; the result gives KMS's own as well."""

    def condition_keys(service: str, iam_action: str, body: bytes, params: Any) -> dict[str, Any]:
        found = original(service, iam_action, body, params)
        return {**found, **kms_condition_keys(body)} if service == "kms" else found

    return condition_keys


def main() -> None:
    """Fits the emulator and runs it in this process."""
    app: Any = importlib.import_module("ministack.app")
    iam_actions: Any = importlib.import_module("ministack.core.iam_actions")
    iam_actions.request_tag_context = with_kms_keys(iam_actions.request_tag_context)
    # With TLS it would listen on 443 too where it may; nobody here asks for that.
    app._port_is_bindable = lambda *_: False
    app.main()
