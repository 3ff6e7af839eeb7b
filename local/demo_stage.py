"""The stage of the demo: config/local.yaml, and a cell in Amazon's region eu beside it.

The Easy Ship example of Amazon's guide is for India, and India's sellers are called at the endpoint of eu.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from local.commands import ROOT, STAGE
from local.deployment import Deployment
from local.emulator import REGION

EUROPE = "eu"
WINDOW_SECONDS = 20
"""For how long listing changes are gathered: on a busy machine handing 500 over took 14 to 16 s."""


def use_demo_stage(deployment: Deployment) -> None:
    """Has the CDK and `sellerbus` read the demo's stage in place of config/local.yaml."""
    folder = deployment.folder / "config"
    write_stage(folder, sp_api=deployment.simulator.endpoint(EUROPE))
    deployment.variables = {**deployment.variables, "SELLERBUS_CONFIG_FOLDER": str(folder)}


def write_stage(folder: Path, *, sp_api: str) -> Path:
    """Writes the stage's file to `folder`, and returns it; `sp_api` is the simulator's endpoint of eu."""
    stage = yaml.safe_load((ROOT / "config" / f"{STAGE}.yaml").read_text(encoding="utf-8"))
    stage["regions"][EUROPE] = {
        "aws_region": REGION,
        "marketplaces": ["IN"],
        "endpoint": sp_api,
        "lwa_endpoint": "env:LWA_ENDPOINT",
        "notifications": [{"type": "FEED_PROCESSING_FINISHED", "payload_version": "2020-09-04"}],
    }
    # All that the story hands over goes into one feed.
    stage["feeds"]["changes"]["window_seconds"] = WINDOW_SECONDS
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{STAGE}.yaml"
    file.write_text(yaml.safe_dump(stage, sort_keys=False), encoding="utf-8")
    return file
