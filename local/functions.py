"""Asks deployed functions by hand, as an operator's command or a schedule does."""

from __future__ import annotations

import json
from typing import Any

from local.deployment import Deployment
from local.outcome import StoryError


def invoke(
    deployment: Deployment, output: str, request: dict[str, Any], *, region: str | None = None
) -> dict[str, Any]:
    """Invokes the function that an output names, in the deployment's own cell or in that of a region.

    Raises StoryError, with the function's name, where the function did not do its work.
    """
    outputs = deployment.outputs_of(region) if region else deployment.outputs
    answer = deployment.client("lambda").invoke(
        FunctionName=outputs[output], Payload=json.dumps(request).encode()
    )
    content = json.loads(answer["Payload"].read())
    if answer.get("FunctionError") or not isinstance(content, dict) or "error" in content:
        function = output.removesuffix("FunctionName")
        raise StoryError(f"{function} was asked {request} and answered {content}", function)
    return content
