"""Settings -> stacks -> templates. Run by the CDK command line, as cdk.json says."""

import os
import sys

import aws_cdk as cdk

from stacks.application import add_stacks
from stacks.settings import STAGE_VARIABLE, SettingsError, load_settings
from stacks.settings_advice import redirection, warnings

ONLY_SYNTH = "sellerbus:only-synth"


def main() -> int:
    """Synthesises the stage that `-c stage=<name>` or SELLERBUS_STAGE chooses."""
    app = cdk.App()
    stage = str(app.node.try_get_context("stage") or os.environ.get(STAGE_VARIABLE, ""))
    try:
        settings = load_settings(stage)
    except SettingsError as error:
        sys.stderr.write(f"The settings cannot be used:\n{error}\n")
        return 1
    # `make synth` deploys nothing: its templates are the same in any shell.
    only_synth = app.node.try_get_context(ONLY_SYNTH) is not None
    if not only_synth and (refusal := redirection(stage, settings, os.environ)):
        sys.stderr.write(f"{refusal}\n")
        return 1
    for warning in warnings(stage, settings):
        sys.stderr.write(f"Warning: {warning}\n")
    add_stacks(app, stage=stage, settings=settings)
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
