"""What the regions of a stage demand of each other and of the keys beside them. Pure."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from stacks import marketplaces
from stacks.aws_regions import aws_regions, resembling
from stacks.finding import Finding
from stacks.marked_yaml import Path
from stacks.marketplaces import SellingRegion
from stacks.notification_types import eventbridge_types
from stacks.settings_file import StageFile
from stacks.settings_parts import Parts, RegionParts
from stacks.settings_sections import Notification


def region_findings(parts: Parts) -> Iterator[Finding]:
    """Everything that regions, marketplaces and lists of notifications do wrong together."""
    yield from _lists(parts)
    for region, region_parts in parts.regions.items():
        yield from _aws_region(region, region_parts)
        yield from _endpoints(region, region_parts, parts.values.get("emulator"))
        yield from _marketplaces(region, region_parts.marketplaces)
    for place, notifications, regions in parts.lists():
        for index, notification in notifications.items():
            yield from _filtered(notification, (*place, index), regions)
    yield from _one_eventbridge_destination(parts)


def _lists(parts: Parts) -> Iterator[Finding]:
    place = ("notifications",)
    without = [region for region, found in parts.regions.items() if found.notifications is None]
    allowed = StageFile.model_fields["notifications"].description or ""
    if parts.notifications is None and (without or not parts.regions):
        yield Finding(place, None, "is missing", allowed)
    elif parts.notifications is not None and parts.regions and not without:
        fault = "is for no region: each has a list of its own"
        yield Finding(place, None, fault, "leave the key out, or take a region's own list away")


def _aws_region(region: SellingRegion, parts: RegionParts) -> Iterator[Finding]:
    name: str | None = parts.values.get("aws_region")
    if name is not None and name not in aws_regions():
        alike = resembling(name)
        allowed = f"an AWS region of the partition aws, such as {', '.join(alike) or 'us-east-1'}"
        yield Finding(("regions", region, "aws_region"), name, "is no AWS region that boto3 knows", allowed)


def _endpoints(region: SellingRegion, parts: RegionParts, emulator: bool | None) -> Iterator[Finding]:
    for key in ("endpoint", "lwa_endpoint"):
        path = ("regions", region, key)
        if emulator is None or key not in parts.values:
            continue
        endpoint: str | None = parts.values[key]
        if emulator and endpoint is None:
            yield Finding(
                path, None, "is missing: the emulator's stage must not reach Amazon", "the simulator's URL"
            )
        elif not emulator and endpoint is not None:
            fault = "is only for the local emulator: Amazon's own follows from region and sandbox"
            yield Finding(path, endpoint, fault, "leave the key out")
        elif endpoint is not None and (urlsplit(endpoint).hostname or "").endswith("amazon.com"):
            yield Finding(path, endpoint, "is Amazon's own, and emulator is true", "the simulator's URL")


def _marketplaces(region: SellingRegion, names: Mapping[int, str]) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, name in names.items():
        path: Path = ("regions", region, "marketplaces", index)
        identifier = marketplaces.marketplace_id(name) or name
        if identifier in seen:
            yield Finding(path, name, "is listed twice", "each marketplace once")
        seen.add(identifier)
        found = marketplaces.region_of_marketplace(identifier)
        if found != region:
            allowed = (
                f"marketplaces of {region}: {', '.join(marketplaces.countries(region))}; those of {found} "
                f"stand under regions.{found}"
            )
            yield Finding(path, name, f"is a marketplace of region {found}, not of {region}", allowed)


def _filtered(
    notification: Notification, path: Path, regions: tuple[SellingRegion, ...]
) -> Iterator[Finding]:
    """Each region's cell gets the marketplaces of that region: of each there must be one."""
    directive = notification.processing_directive
    event_filter = directive.event_filter if directive else None
    identifiers = (event_filter and event_filter.marketplace_ids) or ()
    place = (*path, "processing_directive", "eventFilter", "marketplaceIds")
    listed = ", ".join(regions)
    unserved, strange = set(regions), False
    for number, identifier in enumerate(identifiers):
        if marketplaces.marketplace_id(identifier) != identifier:
            # Said where directives are looked at; which region was meant is not known.
            return
        found = marketplaces.region_of_marketplace(identifier)
        unserved.discard(found)
        if regions and found not in regions:
            strange = True
            fault = f"is a marketplace of region {found}, but the entry is for {listed}"
            allowed = "marketplaces of " + " and ".join(
                f"{region}: {', '.join(marketplaces.countries(region))}" for region in regions
            )
            yield Finding((*place, number), identifier, fault, allowed)
    if identifiers and not strange:
        for region in (region for region in regions if region in unserved):
            fault = f"has no marketplace of region {region}, and the entry is for {listed}"
            allowed = f"one or more ids of each, or a list of its own in regions.{region}.notifications"
            yield Finding(place, None, fault, allowed)


def _one_eventbridge_destination(parts: Parts) -> Iterator[Finding]:
    """Amazon has one EventBridge destination per application, AWS account and AWS region."""
    owners: dict[str, SellingRegion] = {}
    for region, region_parts in parts.regions.items():
        aws_region: str | None = region_parts.values.get("aws_region")
        entries = (
            region_parts.notifications if region_parts.notifications is not None else parts.notifications
        )
        types = eventbridge_types(entry.type for entry in (entries or {}).values())
        if aws_region is None or not types:
            continue
        owner = owners.setdefault(aws_region, region)
        if owner != region:
            fault = (
                f"is the AWS region of {owner} too, and both have types of Amazon's EventBridge workflow "
                f"({', '.join(types)}): Amazon has one EventBridge destination per application, AWS account "
                "and AWS region"
            )
            allowed = f"another AWS region, or a list without those types in regions.{region}.notifications"
            yield Finding(("regions", region, "aws_region"), aws_region, fault, allowed)
