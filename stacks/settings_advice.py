"""What is said of good settings before a stage is synthesised: a refusal, or a warning that stops nothing."""

import ipaddress
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from stacks.marketplaces import SellingRegion
from stacks.settings_model import Settings, StageSettings

_ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL"
_HOME_OF: Mapping[SellingRegion, str] = MappingProxyType(
    {"na": "us-east-1", "eu": "eu-west-1", "fe": "us-west-2"}
)
"""The AWS region of each SP-API endpoint. Source: developer-docs, "SP-API Endpoints"."""


def redirection(stage: str, settings: StageSettings, environment: Mapping[str, str]) -> str | None:
    """Why this shell must not deploy the stage: its AWS calls would go to an emulator. None where it may."""
    if settings.shared.emulator:
        return None
    for name in sorted(environment):
        if name != _ENDPOINT_VARIABLE and not name.startswith(f"{_ENDPOINT_VARIABLE}_"):
            continue
        if _is_this_machine(environment[name]):
            return (
                f"{name} points at {environment[name]}, but stage {stage} is no emulator's stage: "
                f"open a new shell, or `unset {name}`"
            )
    return None


def warnings(stage: str, settings: StageSettings) -> list[str]:
    """What works and is still worth a word."""
    return [
        f"config/{stage}.yaml: regions.{cell.region}.aws_region = {cell.aws_region!r} isn't next to Amazon's "
        f"endpoint of {cell.region}, which is in {_HOME_OF[cell.region]}: it works, but every call takes "
        "longer"
        for cell in settings.cells
        if _is_far(cell)
    ]


def _is_far(cell: Settings) -> bool:
    return not cell.emulator and cell.aws_region != _HOME_OF[cell.region]


def _is_this_machine(url: str) -> bool:
    host = (urlsplit(url if "//" in url else f"//{url}").hostname or "").rstrip(".")
    if host == "localhost" or host.endswith((".localhost", ".localhost.localstack.cloud")):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
