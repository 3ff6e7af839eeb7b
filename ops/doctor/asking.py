"""Questions to Amazon, through the stage's function inspect_amazon, within the doctor's own time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.amazon import AmazonRefusedError, invoke
from ops.doctor.facts import Facts
from ops.stage import NOTIFICATIONS


def ask(facts: Facts, request: Mapping[str, object]) -> dict[str, Any]:
    """Return the answer. Raises AmazonRefusedError, and CommandError where the function failed."""
    function = facts.output("InspectAmazonFunctionName", NOTIFICATIONS)
    answer = invoke(facts.client("lambda"), function, request)
    error = answer.get("error")
    if isinstance(error, dict):
        raise AmazonRefusedError(
            str(error.get("kind")), str(error.get("message")), float(error.get("seconds") or 0.0)
        )
    return answer
