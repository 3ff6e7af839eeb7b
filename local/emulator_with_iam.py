"""Starts the emulator with what its enforcement of IAM lacks.

Two things of AWS are missing in ministack 1.5.33, and policies that allow something in AWS would deny it here:

- KMS requests carry no condition keys kms:EncryptionContext:* and kms:EncryptionContextKeys.
- CloudFormation names a nameless SSM parameter with a leading slash. AWS's names have none, and the CDK
  counts on it when it writes the parameter's ARN into a policy.

Nothing is allowed here that AWS would deny.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from typing import Any

_PARAMETER = "AWS::SSM::Parameter"


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


def with_parameter_name(original: Callable[..., Any]) -> Callable[..., Any]:
    """`original` creates an SSM parameter; the result gives a nameless one a name of AWS's form first."""

    def create(logical_id: str, properties: Mapping[str, Any], stack_name: str) -> Any:
        named = {"Name": f"CFN-{logical_id}-{stack_name}", **properties}
        return original(logical_id, named, stack_name)

    return create


def main() -> None:
    """Fits the emulator and runs it in this process."""
    app: Any = importlib.import_module("ministack.app")
    iam_actions: Any = importlib.import_module("ministack.core.iam_actions")
    provisioners: Any = importlib.import_module("ministack.services.cloudformation.provisioners")
    iam_actions.request_tag_context = with_kms_keys(iam_actions.request_tag_context)
    handlers = provisioners._RESOURCE_HANDLERS[_PARAMETER]
    handlers["create"] = with_parameter_name(handlers["create"])
    # With TLS it would listen on 443 too where it may; nobody here asks for that.
    app._port_is_bindable = lambda *_: False
    app.main()
