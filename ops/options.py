"""What the commands share: their common options, and the stage and clients behind them."""

from __future__ import annotations

from typing import Annotated, Any

import boto3
import typer
from botocore.config import Config

from ops import console
from ops.stage import Stage, open_stage

StageName = Annotated[
    str,
    typer.Option(
        "--stage",
        envvar="SELLERBUS_STAGE",
        help="The stage: the name of its file under config/.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
NoInput = Annotated[
    bool,
    typer.Option(
        "--no-input",
        envvar="SELLERBUS_NO_INPUT",
        help="Never ask: what would be asked for and is not given is an error.",
        callback=console.never_ask,
        is_eager=True,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]


_READ_TIMEOUT_SECONDS = 20
# A function answers when it is done: queue_every_seller, the longest, is given five minutes.
_INVOCATION_TIMEOUT_SECONDS = 310


def clients(service: str, region: str) -> Any:
    config = Config(
        connect_timeout=5,
        # `doctor` asks for sixteen sellers at once; boto3 would throw away connections above ten.
        max_pool_connections=16,
        read_timeout=_INVOCATION_TIMEOUT_SECONDS if service == "lambda" else _READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 4},
    )
    return boto3.client(service, region_name=region, config=config)


def opened(name: str) -> Stage:
    """Return the stage with the person's AWS credentials; raises CommandError."""
    return open_stage(name, clients)
