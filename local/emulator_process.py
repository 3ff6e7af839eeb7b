"""The emulator's process: ministack, fitted with what it lacks, each part in a module of its own."""

from __future__ import annotations

import importlib
from typing import Any

from local import (
    emulator_alarms,
    emulator_layers,
    emulator_object_events,
    emulator_task_tokens,
    emulator_with_iam,
)
from local.emulator_partner_events import PartnerEvents


def main() -> None:
    """Fits the emulator and runs it in this process."""
    app: Any = importlib.import_module("ministack.app")
    iam_actions = importlib.import_module("ministack.core.iam_actions")
    emulator_with_iam.fit(iam_actions)
    emulator_task_tokens.fit(importlib.import_module("ministack.services.stepfunctions"), iam_actions)
    provisioners: Any = importlib.import_module("ministack.services.cloudformation.provisioners")
    eventbridge: Any = importlib.import_module("ministack.services.eventbridge")
    PartnerEvents(eventbridge).fit(provisioners._RESOURCE_HANDLERS)
    emulator_object_events.fit(importlib.import_module("ministack.services.s3"), eventbridge)
    emulator_alarms.fit(importlib.import_module("ministack.services.cloudwatch"))
    emulator_layers.fit(importlib.import_module("ministack.core.lambda_runtime"))
    # With TLS it would listen on 443 too where it may; nobody here asks for that.
    app._port_is_bindable = lambda *_: False
    app.main()
