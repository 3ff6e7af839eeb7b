"""What is said of good settings before a stage is synthesised: a refusal, or a warning that stops nothing."""

import ipaddress
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from stacks.marketplaces import SellingRegion
from stacks.settings_model import Settings, StageSettings

_END_OF_FEEDS = "FEED_PROCESSING_FINISHED"
_REMOVED_VERSION = "2020-09-04"
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
    far = [
        f"config/{stage}.yaml: regions.{cell.region}.aws_region = {cell.aws_region!r} isn't next to Amazon's "
        f"endpoint of {cell.region}, which is in {_HOME_OF[cell.region]}: it works, but every call takes "
        "longer"
        for cell in settings.cells
        if _is_far(cell)
    ]
    silent = [
        f"config/{stage}.yaml: {_END_OF_FEEDS} is not among the notifications of region {cell.region}: feeds "
        "are followed by getFeed only, so that each end is noticed later and costs calls"
        for cell in settings.cells
        if _END_OF_FEEDS not in {entry.type for entry in cell.notifications}
    ]
    removed = [
        f"config/{stage}.yaml: feeds_api_version = {_REMOVED_VERSION!r}: Amazon has removed that version, so "
        "that no feed can be submitted; 2021-06-30 is the one it has"
    ]
    speaks_removed = settings.shared.feeds_api_version == _REMOVED_VERSION and not settings.shared.emulator
    return far + silent + (removed if speaks_removed else [])


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
