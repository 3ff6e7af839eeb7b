"""From a valid file to the settings of its cells."""

from stacks.marketplaces import SELLING_REGIONS, SellingRegion, region_of_marketplace
from stacks.settings_file import Region, StageFile
from stacks.settings_model import Settings, SharedSettings, SpApi, StageSettings
from stacks.settings_sections import Notification


def cells_of(file: StageFile) -> StageSettings:
    """One cell per configured region. The file has passed every rule."""
    return StageSettings(
        tuple(
            _cell(file, region, file.regions[region]) for region in SELLING_REGIONS if region in file.regions
        )
    )


def _cell(file: StageFile, region: SellingRegion, found: Region) -> Settings:
    entries = found.notifications if found.notifications is not None else file.notifications
    return Settings(
        **{name: getattr(file, name) for name in SharedSettings.model_fields},
        region=region,
        aws_region=found.aws_region,
        sp_api=SpApi(
            region=region,
            sandbox=file.sp_api.sandbox,
            endpoint=found.endpoint,
            lwa_endpoint=found.lwa_endpoint,
        ),
        marketplaces=found.marketplaces,
        notifications=tuple(_narrowed(entry, region) for entry in entries or ()),
    )


def _narrowed(notification: Notification, region: SellingRegion) -> Notification:
    """The notification with the marketplaces of one region only: Amazon refuses those of another."""
    directive = notification.processing_directive
    event_filter = directive.event_filter if directive else None
    if directive is None or event_filter is None or event_filter.marketplace_ids is None:
        return notification
    own = tuple(name for name in event_filter.marketplace_ids if region_of_marketplace(name) == region)
    narrowed = directive.model_copy(
        update={"event_filter": event_filter.model_copy(update={"marketplace_ids": own})}
    )
    return notification.model_copy(update={"processing_directive": narrowed})
