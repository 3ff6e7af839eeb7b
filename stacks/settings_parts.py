"""What of a stage's file is valid by itself, so that the rules across keys speak in the same run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from stacks.marked_yaml import Path
from stacks.marketplaces import SELLING_REGIONS, SellingRegion, marketplace_id
from stacks.settings_file import Region, StageFile
from stacks.settings_sections import Notification

NotificationList = tuple[Path, Mapping[int, Notification], tuple[SellingRegion, ...]]
"""Where a list of notifications stands, its valid entries by their place, the regions it is for."""


@dataclass(frozen=True)
class RegionParts:
    """One region's valid keys; those that are missing here have their own problem already."""

    values: Mapping[str, Any]
    """aws_region, endpoint and lwa_endpoint."""
    marketplaces: Mapping[int, str]
    """As the file spells them, by their place in the list."""
    notifications: Mapping[int, Notification] | None
    """None where the region has no list of its own."""


@dataclass(frozen=True)
class Parts:
    """The file's valid keys. A key that is missing here has its own problem already."""

    values: Mapping[str, Any]
    regions: Mapping[SellingRegion, RegionParts]
    """In the order na, eu, fe."""
    notifications: Mapping[int, Notification] | None
    """None where the file has no list for all regions."""

    def lists(self) -> Iterator[NotificationList]:
        """Every list of notifications, with the regions that it is for."""
        without = tuple(region for region, parts in self.regions.items() if parts.notifications is None)
        if self.notifications is not None:
            yield ("notifications",), self.notifications, without
        for region, parts in self.regions.items():
            if parts.notifications is not None:
                yield ("regions", region, "notifications"), parts.notifications, (region,)


def valid_parts(data: Mapping[str, Any]) -> Parts:
    """Whatever of the file is valid by itself."""
    regions = data.get("regions")
    found: dict[SellingRegion, RegionParts] = {}
    for region in SELLING_REGIONS:
        part = regions.get(region) if isinstance(regions, dict) else None
        if isinstance(part, dict):
            found[region] = RegionParts(
                values=_values(Region, part, leave=("marketplaces", "notifications")),
                marketplaces={
                    index: item
                    for index, item in enumerate(_items(part.get("marketplaces")))
                    if isinstance(item, str) and marketplace_id(item)
                },
                notifications=_notifications(part),
            )
    return Parts(
        values=_values(StageFile, data, leave=("regions", "notifications")),
        regions=found,
        notifications=_notifications(data),
    )


def _values(
    model: type[StageFile] | type[Region], data: Mapping[str, Any], *, leave: tuple[str, ...]
) -> dict[str, Any]:
    """The valid keys of one mapping, without the lists of which each good item is taken by itself."""
    values: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if name in leave:
            continue
        if name not in data:
            if not field.is_required():
                values[name] = field.get_default(call_default_factory=True)
            continue
        # What a field demands beside its type stands in its metadata.
        valid = _valid(Annotated[field.annotation, *field.metadata, None], data[name])
        if valid is not _INVALID:
            values[name] = valid
    return values


def _notifications(data: Mapping[str, Any]) -> dict[int, Notification] | None:
    if "notifications" not in data:
        return None
    validated = {
        index: _valid(Notification, item) for index, item in enumerate(_items(data["notifications"]))
    }
    return {index: item for index, item in validated.items() if item is not _INVALID}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


_INVALID = object()


def _valid(annotation: Any, value: Any) -> Any:
    try:
        return TypeAdapter(annotation).validate_python(value)
    except ValidationError:
        return _INVALID
